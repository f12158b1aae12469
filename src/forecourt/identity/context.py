"""Which vehicle a picture belongs to: the last word where pictures look alike. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VehicleRef:
    """One vehicle as an advertiser's inventory names it."""

    advertiser: str
    vehicle_id: str | None
    vin: str | None


def are_known_to_be_one(fixed: VehicleRef, shown: VehicleRef) -> bool:
    """Whether two vehicles are certainly one: the same VIN, or else the same id."""
    if fixed.vin and shown.vin:
        return fixed.vin == shown.vin
    is_same_id = fixed.vehicle_id is not None and fixed.vehicle_id == shown.vehicle_id
    return is_same_id and fixed.advertiser == shown.advertiser


def are_known_to_differ(fixed: VehicleRef, shown: VehicleRef, *, listed: Container[str]) -> bool:
    """Whether two vehicles are certainly not one.

    The first that applies:

        V1  both have a VIN: they differ if these do
        V2  the same advertiser, the same id: one vehicle
        V3  the same advertiser, and both ids stand in the scrape: two vehicles
        V4  nobody knows: the id may have changed between scrapes, and other advertisers' ids say
            nothing

    Args:
        fixed: The vehicle on which a fix was made.
        shown: A vehicle of the scrape.
        listed: Ids of the scrape's vehicles.
    """
    if fixed.vin and shown.vin:
        return fixed.vin != shown.vin
    if fixed.advertiser != shown.advertiser or fixed.vehicle_id is None:
        return False
    return fixed.vehicle_id != shown.vehicle_id and fixed.vehicle_id in listed
