"""Raw rows → vehicles, and what was wrong with the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds.aliases import find, find_kind
from forecourt.feeds.images import read_images
from forecourt.feeds.records import BrokenRow, Fields, RawRow
from forecourt.feeds.seen import SeenIds
from forecourt.feeds.urls import clean_url, explain
from forecourt.feeds.vocabulary import ALIASES

_VIN = re.compile(r"[A-Z0-9]{5,17}")  # 17 since 1981; hulls and older frames have fewer
_LONGEST_ID = 400
_LONGEST_BODY_TYPE = 200
_STORE_CODE = "{store_code}"  # in the link templates of Google's vehicle ads


def make_vehicles(rows: Iterable[RawRow | BrokenRow]) -> Iterator[Vehicle | RefusedRow]:
    """Yield a vehicle for each usable row, and what was wrong with the others.

    A row is refused where it has no id of any kind, or one that came before. A bad image URL costs
    only itself: it is reported ahead of the vehicle, which stands without it.
    """
    seen = SeenIds()
    for row in rows:
        if isinstance(row, BrokenRow):
            yield RefusedRow(line=row.line, row=row.row, field="", reason=row.reason, hint=row.hint)
            continue
        vin = _read_vin(row.fields)
        vehicle_id = find(row.fields, "id") or vin
        problem = _find_problem(vehicle_id, row, seen)
        if problem is not None or vehicle_id is None:
            yield _refuse(row, _id_field(row.fields), *(problem or ("", "")))
            continue
        images = []
        for name, text, url in read_images(row.fields):
            if url is None:
                reason, hint = explain(text)
                yield _refuse(row, name, reason, f"{hint} The vehicle is kept without this one.")
            else:
                images.append(url)
        yield _make_vehicle(vehicle_id, vin, row.fields, tuple(images))


def _find_problem(vehicle_id: str | None, row: RawRow, seen: SeenIds) -> tuple[str, str] | None:
    if vehicle_id is None:
        return "no stock number, id or VIN", "Give every vehicle an id that stays."
    if len(vehicle_id) > _LONGEST_ID:
        reason = f"the id has {len(vehicle_id):,} characters, more than {_LONGEST_ID}"
        return reason, "Give every vehicle a short id; look for a quote that is never closed."
    first = seen.add(vehicle_id, row.row)
    if first is not None:
        reason = f"{vehicle_id!r} is also the id of vehicle {first} of this feed"
        return reason, "Give every vehicle an id of its own; the first one was taken."
    return None


def _refuse(row: RawRow, field: str, reason: str, hint: str) -> RefusedRow:
    spelled = row.names.spell(field)
    return RefusedRow(line=row.line, row=row.row, field=spelled, reason=reason, hint=hint)


def _id_field(fields: Fields) -> str:
    """Return the field that the id was read from, or should have been."""
    return next((name for name in (*ALIASES["id"], *ALIASES["vin"]) if name in fields), "id")


def _read_vin(fields: Fields) -> str | None:
    text = (find(fields, "vin") or "").upper().replace(" ", "").replace("-", "")
    # "TBD1" or "0" is no VIN; a wrong one would keep fixes from the right vehicle.
    return text if _VIN.fullmatch(text) and any(char.isdigit() for char in text) else None


def _make_vehicle(
    vehicle_id: str, vin: str | None, fields: Fields, images: tuple[str, ...]
) -> Vehicle:
    title, condition, body_type = find_kind(fields)
    if title is None:
        parts = (find(fields, name) for name in ("year", "make", "model", "trim"))
        title = " ".join(part for part in parts if part) or None
    return Vehicle(
        id=vehicle_id,
        vin=vin,
        title=title,
        condition=condition,
        body_type=body_type[:_LONGEST_BODY_TYPE] if body_type else None,
        color=find(fields, "color"),
        url=_read_page(fields),
        images=images,
    )


def _read_page(fields: Fields) -> str | None:
    url = find(fields, "url") or ""
    if _STORE_CODE in url:
        url = url.replace(_STORE_CODE, next(iter(fields.get("store_code", ())), ""))
    return clean_url(url)
