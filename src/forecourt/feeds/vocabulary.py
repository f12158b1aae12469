"""What feeds call the fields of a vehicle: each name in one spelling, and how to find others."""

from __future__ import annotations

# Field → its names in feeds, best first.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": (
        "stock", "stock_number", "stock_id", "vehicle_id", "id", "offer_id", "unit_id",
        "unit_number", "listing_id",
    ),
    "vin": ("vin", "vehicle_identification_number", "vin_number", "hin"),
    "title": ("title", "name", "vehicle_title", "headline"),
    "make": ("make", "brand", "brand.name", "manufacturer", "manufacturer.name"),
    "model": ("model", "model.name"),
    "year": ("year", "model_year", "vehicle_model_date", "model_date"),
    "trim": ("trim", "series", "vehicle_configuration"),
    "condition": (
        "state_of_vehicle", "new_used", "condition", "item_condition", "vehicle_condition",
        "stock_type", "inventory_type",
    ),
    "certified": ("certified", "certified_pre_owned", "is_certified", "cpo"),
    "body_type": ("body_type", "body_style", "body", "vehicle_type"),
    "color": (
        "exterior_color", "exterior_color_name", "exterior_color_description", "exterior", "color",
        "color_name", "color_description", "vehicle_color", "exterior_color_generic",
    ),
    "url": (
        "link", "url", "vdp_url", "vdp", "vehicle_dealer_website_vdp_url", "detail_url",
        "vehicle_url", "link_template",
    ),
}  # fmt: skip
# What "type" means is known only by its value: a condition, or a body type.
AMBIGUOUS = "type"

# Names of image fields: those of one main image, and those of lists.
FIRST_IMAGES = (
    "image_link", "image_url", "image", "image.url", "main_image", "main_image_url", "main_photo",
    "main_photo_url", "main_picture", "primary_image", "primary_photo", "photo",
)  # fmt: skip
MORE_IMAGES = (
    "photo_url", "photo_link", "picture_url", "picture_link", "additional_image_link",
    "additional_image_links", "additional_image_url", "additional_image_urls", "additional_images",
    "additional_photos", "images", "image_links", "image_urls", "image_list", "photo_links",
    "photo_urls", "photo_list", "photo_url_list", "photos", "pictures", "picture_links",
    "picture_urls", "gallery", "enclosure",
)  # fmt: skip

# How people shorten the words of these names.
ABBREVIATIONS = (
    ("exterior", "ext"), ("number", "no"), ("number", "nr"), ("number", "num"), ("number", "nbr"),
    ("picture", "pic"), ("stock", "stk"), ("vehicle", "veh"),
)  # fmt: skip
_TOO_SHORT = frozenset({"ext"})  # alone it is the extension of a telephone


def find_name(squashed: str) -> str | None:
    """Return the known name that reads like this without "_", or None: "extcolor", "stkno"."""
    return _NAMES.get(squashed)


def _make_names() -> dict[str, str]:
    aliases = [name for names in ALIASES.values() for name in names]
    found: dict[str, str] = {}
    for name in (*aliases, AMBIGUOUS, *FIRST_IMAGES, *MORE_IMAGES):
        forms = [name.replace("_", "")]
        for word, short in ABBREVIATIONS:
            forms += [form.replace(word, short) for form in forms if word in form]
        for form in forms:
            if form not in _TOO_SHORT:
                found.setdefault(form, name)
    return found


_NAMES = _make_names()
