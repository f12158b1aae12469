"""The alias table: what feeds call the fields of a vehicle, and the words of its condition."""

from __future__ import annotations

import re
from collections.abc import Iterable

from forecourt.feeds.images import is_image_field
from forecourt.feeds.records import Fields
from forecourt.feeds.words import clean_text, is_nothing

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
    "make": ("make", "brand", "brand.name", "manufacturer", "manufacturer.name"),
    "model": ("model", "model.name"),
    "year": ("year", "model_year", "modelyear", "vehiclemodeldate", "modeldate"),
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
# What "type" means is known only by its value: a condition, or a body type.
_AMBIGUOUS = "type"
_KNOWN = frozenset(alias for aliases in ALIASES.values() for alias in aliases) | {_AMBIGUOUS}

_CONDITIONS = {
    "New": "new n newcondition brand_new new_vehicle neu nuevo neuf",
    "Used": "used u pre_owned preowned usedcondition used_vehicle usado gebraucht occasion demo",
    "Certified": (
        "cpo certified c certified_pre_owned certified_preowned certified_used "
        "certified_pre_owned_vehicle"
    ),
}
_CONDITION_OF = {
    word.replace("_", " "): condition for condition, words in _CONDITIONS.items()
    for word in words.split()
}  # fmt: skip
_SCHEMA_ORG = re.compile(r"^https?://(?:www\.)?schema\.org/")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_YES = frozenset({"1", "y", "yes", "true", "t", "x", "certified"})


def recognized_fields(names: Iterable[str]) -> int:
    """Return how many normalised names the alias table or the image fields know."""
    return sum(name in _KNOWN or is_image_field(name) for name in names)


def find(fields: Fields, canonical: str) -> str | None:
    """Return the first value under any alias of a field that says something, or None."""
    for name in ALIASES[canonical]:
        for value in fields.get(name, ()):
            text = clean_text(value)
            if not is_nothing(text):
                return text
    return None


def find_kind(
    fields: Fields,
) -> tuple[str | None, str | None, str | None]:
    """Return title, condition and body type: feeds put the condition under all three names."""
    title, body_type = find(fields, "title"), find(fields, "body_type")
    condition = None
    for name in ALIASES["condition"]:
        condition = condition or read_condition(next(iter(fields.get(name, ())), None))
    if read_condition(title) is not None:  # a known dealer format calls the condition "title"
        condition, title = condition or read_condition(title), None
    kind = clean_text(next(iter(fields.get(_AMBIGUOUS, ())), "")) or None
    if read_condition(kind) is not None:
        condition = condition or read_condition(kind)
    else:
        body_type = body_type or kind
    certified = (find(fields, "certified") or "").lower()
    if certified in _YES and condition != "New":
        condition = "Certified"
    return title, condition, body_type


def read_condition(text: str | None) -> str | None:
    """Return "New", "Used" or "Certified" where a text is a way to write it, else None."""
    word = _SCHEMA_ORG.sub("", clean_text(text or "").lower())
    return _CONDITION_OF.get(_BETWEEN_WORDS.sub(" ", word).strip())
