"""Raw rows → vehicles, by one table of aliases for every format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds.images import clean_url, is_image_field, read_images
from forecourt.feeds.records import BrokenRow, RawRow

# Canonical field → names in feeds, best first (normalised: lower case, "_" for the rest).
ALIASES: dict[str, tuple[str, ...]] = {
    "id": (
        "stock", "stock_number", "stocknumber", "stock_no", "stockno", "stock_id", "vehicle_id",
        "vehicleid", "id", "offer_id", "unit_id", "listing_id",
    ),
    "vin": (
        "vin", "vehicleidentificationnumber", "vehicle_identification_number", "vin_number", "hin",
    ),
    "title": ("title", "name", "vehicle_title", "headline"),
    "make": ("make", "brand", "manufacturer"),
    "model": ("model",),
    "year": ("year", "model_year", "modelyear", "vehiclemodeldate"),
    "trim": ("trim", "series", "vehicleconfiguration"),
    "condition": (
        "state_of_vehicle", "new_used", "newused", "condition", "itemcondition",
        "vehicle_condition", "stock_type", "inventory_type",
    ),
    "certified": ("certified", "certified_pre_owned", "certifiedpreowned", "is_certified", "cpo"),
    "body_type": (
        "body_type", "bodytype", "body_style", "bodystyle", "body", "vehicle_type", "vehicletype",
    ),
    "color": (
        "exterior_color", "exteriorcolor", "exterior_colour", "exteriorcolour", "ext_color",
        "extcolor", "exterior", "color", "colour",
    ),
    "url": (
        "link", "url", "vdp_url", "vdpurl", "vdp", "vehicle_dealer_website_vdp_url", "detail_url",
        "vehicle_url", "link_template",
    ),
}  # fmt: skip

_CONDITIONS = {
    "new": "New", "n": "New", "newcondition": "New", "https://schema.org/newcondition": "New",
    "neu": "New", "nuevo": "New", "neuf": "New",
    "used": "Used", "u": "Used", "preowned": "Used", "pre-owned": "Used", "pre owned": "Used",
    "usedcondition": "Used", "https://schema.org/usedcondition": "Used", "usado": "Used",
    "gebraucht": "Used", "occasion": "Used", "demo": "Used",
    "cpo": "Certified", "certified": "Certified", "certified pre-owned": "Certified",
    "certified preowned": "Certified", "certified used": "Certified", "c": "Certified",
}  # fmt: skip
_YES = frozenset({"1", "y", "yes", "true", "t", "x", "certified"})
_VIN = re.compile(r"[A-Z0-9]{5,17}")  # 17 since 1981; hulls and older frames have fewer
_LONGEST_ID = 400
_MARKUP = re.compile(r"\s+")


def recognized_fields(names: Iterable[str]) -> int:
    """Return how many normalised names the alias table or the image fields know."""
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    return sum(name in known or is_image_field(name) for name in names)


def make_vehicles(rows: Iterable[RawRow | BrokenRow]) -> Iterator[Vehicle | RefusedRow]:
    """Yield a vehicle for each usable row, and what was wrong with the others.

    A row is refused where it has no id of any kind, or one that came before. A bad image URL costs
    only itself: it is reported, and the vehicle stands without it.
    """
    seen: set[int] = set()
    for row in rows:
        if isinstance(row, BrokenRow):
            yield RefusedRow(line=row.line, row=row.row, field="", reason=row.reason, hint=row.hint)
            continue
        vehicle_id, vin = _read_id(row.fields)
        if vehicle_id is None:
            yield _refuse(
                row, "id", "no stock number, id or VIN", "Give every vehicle an id that stays."
            )
            continue
        # Eight bytes a vehicle instead of its id: 200,000 ids must not fill the memory.
        digest = int.from_bytes(hashlib.blake2b(vehicle_id.encode(), digest_size=8).digest())
        if digest in seen:
            yield _refuse(
                row, "id", f"{vehicle_id!r} came before", "Give every vehicle an id of its own."
            )
            continue
        seen.add(digest)
        images = []
        for text, url in read_images(row.fields):
            if url is None:
                yield _refuse(
                    row,
                    "image",
                    f"{text[:200]!r} is no absolute http(s) URL",
                    "Write image URLs in full; the vehicle is kept without this one.",
                )
            else:
                images.append(url)
        yield _make_vehicle(vehicle_id, vin, row.fields, tuple(images))


def _refuse(row: RawRow, field: str, reason: str, hint: str) -> RefusedRow:
    return RefusedRow(line=row.line, row=row.row, field=field, reason=reason, hint=hint)


def _read_id(fields: Mapping[str, tuple[str, ...]]) -> tuple[str | None, str | None]:
    text = (_first(fields, "vin") or "").upper().replace(" ", "").replace("-", "")
    # "N/A", "TBD" or "0" is no VIN; a wrong one would keep fixes from the right vehicle.
    vin = text if _VIN.fullmatch(text) and any(char.isdigit() for char in text) else None
    vehicle_id = _first(fields, "id") or vin
    return (vehicle_id[:_LONGEST_ID] if vehicle_id else None), vin


def _make_vehicle(
    vehicle_id: str, vin: str | None, fields: Mapping[str, tuple[str, ...]], images: tuple[str, ...]
) -> Vehicle:
    title, condition, body_type = _read_kind(fields)
    if title is None:
        parts = (_first(fields, name) for name in ("year", "make", "model", "trim"))
        title = " ".join(part for part in parts if part) or None
    url = _first(fields, "url")
    return Vehicle(
        id=vehicle_id,
        vin=vin,
        title=title,
        condition=condition,
        body_type=body_type,
        color=_first(fields, "color"),
        url=clean_url(url) if url else None,
        images=images,
    )


def _read_kind(fields: Mapping[str, tuple[str, ...]]) -> tuple[str | None, str | None, str | None]:
    """Return title, condition and body type: feeds put the condition under all three names."""
    title, body_type = _first(fields, "title"), _first(fields, "body_type")
    condition = None
    for name in ALIASES["condition"]:
        condition = condition or _condition(next(iter(fields.get(name, ())), None))
    if _condition(title) is not None:  # a known dealer format calls the condition "title"
        condition, title = condition or _condition(title), None
    kind = next(iter(fields.get("type", ())), None)
    if _condition(kind) is not None:
        condition = condition or _condition(kind)
    else:
        body_type = body_type or kind
    certified = (_first(fields, "certified") or "").lower()
    if certified in _YES and condition != "New":
        condition = "Certified"
    return title, condition, body_type


def _condition(text: str | None) -> str | None:
    return _CONDITIONS.get(_MARKUP.sub(" ", text.strip().lower())) if text else None


def _first(fields: Mapping[str, tuple[str, ...]], canonical: str) -> str | None:
    for name in ALIASES[canonical]:
        for value in fields.get(name, ()):
            text = value.strip()
            if text:
                return text
    return None
