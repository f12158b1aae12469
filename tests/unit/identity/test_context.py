"""When two vehicles are certainly not one: rules V1-V4."""

from __future__ import annotations

import pytest

from forecourt.identity.context import VehicleRef, are_known_to_be_one, are_known_to_differ

LISTED = {"s1", "s2"}


def ref(vehicle_id: str | None, vin: str | None = None, advertiser: str = "acme") -> VehicleRef:
    return VehicleRef(advertiser, vehicle_id, vin)


@pytest.mark.parametrize(
    ("fixed", "shown", "differ"),
    [
        pytest.param(ref("s1", "VIN1"), ref("s2", "VIN1"), False, id="V1 same VIN, new id"),
        pytest.param(ref("s1", "VIN1"), ref("s1", "VIN2"), True, id="V1 stock number used again"),
        pytest.param(
            ref("s1", "VIN1"), ref("s1", "VIN2", "zenith"), True, id="V1 across advertisers"
        ),
        pytest.param(ref("s1"), ref("s1", "VIN2"), False, id="V2 the VIN came later"),
        pytest.param(ref("s1"), ref("s2"), True, id="V3 both ids in the scrape"),
        pytest.param(ref("gone"), ref("s2"), False, id="V4 the id may have changed"),
        pytest.param(ref("s1"), ref("s2", None, "zenith"), False, id="V4 another's ids"),
        pytest.param(ref(None), ref("s2"), False, id="V4 no vehicle known"),
    ],
)
def test_rules(fixed: VehicleRef, shown: VehicleRef, *, differ: bool) -> None:
    assert are_known_to_differ(fixed, shown, listed=LISTED) is differ


@pytest.mark.parametrize(
    ("fixed", "shown", "is_one"),
    [
        pytest.param(ref("s1", "VIN1"), ref("s2", "VIN1", "zenith"), True, id="the same VIN"),
        pytest.param(ref("s1", "VIN1"), ref("s1", "VIN2"), False, id="another VIN"),
        pytest.param(ref("s1"), ref("s1", "VIN2"), True, id="the same id, no VIN to compare"),
        pytest.param(ref("s1"), ref("s1", None, "zenith"), False, id="another's id"),
        pytest.param(ref("gone"), ref("s2"), False, id="may be one, but nobody knows"),
        pytest.param(ref(None), ref(None), False, id="no id"),
    ],
)
def test_known_to_be_one(fixed: VehicleRef, shown: VehicleRef, *, is_one: bool) -> None:
    assert are_known_to_be_one(fixed, shown) is is_one
