"""Field names: one spelling for all ways to write them, and what they say of the format."""

from __future__ import annotations

import pytest

from forecourt.feeds.records import FeedFormat, Names, normalize_name, recognize


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VIN", "vin"),
        ("Stock #", "stock_number"),
        ("Stock No.", "stock_number"),
        ("Stk #", "stock_number"),
        ("Stock Nr", "stock_number"),
        ("STOCKNO", "stock_number"),
        ("Unit #", "unit_number"),
        ("Ext Colour", "exterior_color"),
        ("Ext. Color", "exterior_color"),
        ("Ext.Colour", "exterior_color"),
        ("ExtColour", "exterior_color"),
        ("Exterior Color Name", "exterior_color_name"),
        ("Ext", "ext"),  # of a telephone
        ("Colour Name", "color_name"),
        ("ImageLinks", "image_links"),
        ("Picture URL", "picture_url"),
        ("Main Photo", "main_photo"),
        ("Photo URL(s)", "photo_urls"),
        ("Images[]", "images"),
        ("Photo #1", "photo_1"),
        ("vehicleIdentificationNumber", "vehicle_identification_number"),
        ("brand.name", "brand.name"),
        ("State  of  Vehicle", "state_of_vehicle"),
        ("New / Used", "new_used"),
        ("certified_pre-owned", "certified_pre_owned"),
        ("\ufeff Image  Urls\r\n", "image_urls"),
        ("g:image_link", "image_link"),
        ("image[0].url", "image[0].url"),
        # a colon inside parentheses ends no name space
        ("vehicle_fulfillment(option:store_code)", "vehicle_fulfillment_option_store_code"),
        ("#", ""),
        ("価格", ""),
    ],
)
def test_normalize_name(name: str, expected: str) -> None:
    assert normalize_name(name) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("id vin vehicle_fulfillment(option:store_code)", FeedFormat.GOOGLE_VEHICLE_ADS),
        ("id vin store_code brand color", FeedFormat.GOOGLE_VEHICLE_ADS),
        ("id vin store_code make exterior_color", FeedFormat.GOOGLE_VEHICLE_LISTINGS),
        ("id make vehicle_msrp", FeedFormat.GOOGLE_VEHICLE_LISTINGS),
        ("vehicle_id make image", FeedFormat.META),
        ("vehicle_id image[0].url", FeedFormat.META),
        ("stock vin make type", FeedFormat.DEALER),
        ("stock vin vehicle_type", FeedFormat.DEALER),
    ],
)
def test_recognize(names: str, expected: FeedFormat) -> None:
    assert recognize(frozenset(map(normalize_name, names.split()))) is expected


def test_names__are_shown_as_the_feed_spells_them() -> None:
    names = Names()
    assert names.normalize("Stock #") == "stock_number"
    assert names.spell("stock_number") == "Stock #"
    assert names.spell("id") == "id"


def test_names__a_feed_with_ever_new_ones_is_not_remembered_whole() -> None:
    names = Names()
    for number in range(20_000):
        assert names.normalize(f"Field {number}") == f"field_{number}"
    assert len(names._normalized) == len(names._spelled) == 10_000
