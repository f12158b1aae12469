"""Feeds for ads: which images are sent, which vehicles are left out, and what the labels say."""

from __future__ import annotations

import csv
import gc
import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from forecourt.core.errors import UsageError
from forecourt.core.exports import (
    AdKey,
    AdOptions,
    ExportFormat,
    Imageless,
    LeftOut,
    Placeholders,
    Written,
)
from forecourt.core.records import Vehicle
from forecourt.sitemap import SitemapVehicle, find_writer
from tests.support.entries import CARD, INTERIOR, PHOTO, STOCK, UNSEEN, Shown, car, entry

GOOGLE, META = ExportFormat.GOOGLE, ExportFormat.META
AD_FEEDS = (GOOGLE, META)
both = pytest.mark.parametrize("form", AD_FEEDS)

Rows = list[dict[str, str]]


def write(
    form: ExportFormat, entries: Iterable[SitemapVehicle], options: AdOptions | None = None
) -> tuple[Rows, Written]:
    stream = io.StringIO(newline="")
    written = find_writer(form, options)(stream, "acme", entries)
    stream.seek(0)
    separator = "\t" if form is GOOGLE else ","
    return list(csv.DictReader(stream, delimiter=separator)), written


def key_of(row: dict[str, str]) -> str:
    return next(iter(row.values()))


def urls_of(row: dict[str, str]) -> list[str]:
    """The images of a row, by their numbers in the feed."""
    if "image" in row:
        return [one["url"] for one in json.loads(row["image"] or "[]")]
    more = row["additional_image_link"]
    return [url for url in (row["image_link"], *(more.split(",") if more else ())) if url]


def positions(row: dict[str, str]) -> list[int]:
    return [int(Path(url).stem) for url in urls_of(row)]


# ---- images --------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ((PHOTO, INTERIOR, PHOTO), [0, 1, 2]),  # E1
        ((STOCK, PHOTO, STOCK, PHOTO), [1, 3, 0, 2]),  # E1, E2
        ((CARD, STOCK, UNSEEN, PHOTO, CARD), [3, 1]),  # E3
        ((CARD, STOCK), [1]),
    ],
)
def test_photos_then_stock_and_no_placeholder(
    form: ExportFormat, shown: tuple[Shown, ...], sent: list[int]
) -> None:
    (row,), written = write(form, [car(*shown)])
    assert positions(row) == sent
    assert written == Written(vehicles=1, images=len(sent))


@both
def test_placeholders_can_be_kept_behind_all_others(form: ExportFormat) -> None:
    options = AdOptions(placeholders=Placeholders.LAST)
    (row,), _written = write(form, [car(CARD, STOCK, UNSEEN, PHOTO, CARD)], options)
    assert positions(row) == [3, 1, 0, 2, 4]


@both
@pytest.mark.parametrize("placeholders", list(Placeholders))
@pytest.mark.parametrize("shown", [(CARD,), (UNSEEN, CARD), ()])
def test_placeholder_is_never_the_main_image(
    form: ExportFormat, placeholders: Placeholders, shown: tuple[Shown, ...]
) -> None:
    entries = [car(*shown), car(PHOTO, name="b")]
    rows, written = write(form, entries, AdOptions(placeholders=placeholders))
    assert [key_of(row) for row in rows] == ["b"]
    assert written == Written(vehicles=1, images=1, left_out={LeftOut.NO_IMAGE: 1})

    keep = AdOptions(placeholders=placeholders, imageless=Imageless.KEEP)
    (row, _other), written = write(form, entries, keep)
    assert (key_of(row), urls_of(row)) == ("a", [])
    assert row["custom_label_2"] == "Placeholder"
    assert written == Written(vehicles=2, images=1)


@pytest.mark.parametrize(("form", "most"), [(GOOGLE, 11), (META, 20)])
def test_more_images_than_the_network_takes_are_cut_off(form: ExportFormat, most: int) -> None:
    (row,), written = write(form, [car(*[STOCK] * 5, *[PHOTO] * 30)])
    assert positions(row) == list(range(5, 5 + most))
    assert written.images == most


def test_image_whose_url_google_does_not_take_is_passed_over() -> None:
    long = "https://cdn.example/" + "," * 700  # 2,000 characters are exceeded once encoded
    vehicle = Vehicle(id="a", images=(long, "https://cdn.example/1.jpg"))
    (row,), _written = write(GOOGLE, [entry(vehicle, (PHOTO, STOCK))])
    assert (positions(row), row["custom_label_2"]) == ([1], "Stock")
    (row,), _written = write(META, [entry(vehicle, (PHOTO, STOCK))])
    assert urls_of(row)[0] == long


# ---- labels, tags, colours -----------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("shown", "labels"),
    [
        ((CARD, STOCK, PHOTO), ("Dealer", "Red", "photos 1 to 4")),
        ((INTERIOR, STOCK), ("Dealer", "Blue", "photos 1 to 4")),
        ((STOCK,), ("Stock", "Blue", "no photos")),
        ((INTERIOR,) * 5, ("Dealer", "none", "photos 5 to 9")),
        ((PHOTO,) * 9, ("Dealer", "Red", "photos 5 to 9")),
        ((PHOTO,) * 25, ("Dealer", "Red", "photos 10 or more")),
        ((CARD,), ("Placeholder", "none", "no photos")),
    ],
)
def test_labels(form: ExportFormat, shown: tuple[Shown, ...], labels: tuple[str, ...]) -> None:
    (row,), _written = write(form, [car(*shown)], AdOptions(imageless=Imageless.KEEP))
    assert tuple(row[f"custom_label_{number}"] for number in (2, 3, 4)) == labels


def test_image_tags_of_meta_say_type_and_color() -> None:
    (row,), _written = write(META, [car(STOCK, INTERIOR)])
    assert [one["tag"] for one in json.loads(row["image"])] == [["Dealer"], ["Stock", "Blue"]]


@pytest.mark.parametrize(
    ("given", "google", "meta"),
    [
        ("Brilliant Red Metallic", "Brilliant Red Metallic", "Brilliant Red Metallic"),
        (None, "", ""),
        ("N/A", "", ""),
        ("=cmd|' /C calc'!A0", "", ""),  # would run in a spreadsheet
        ("@Red", "", ""),
        ("x" * 40 + " / " + "y" * 40, "x" * 40 + " / " + "y" * 40, "x" * 40 + " / " + "y" * 40),
        ("x" * 41, "", "x" * 41),  # more than Google takes of one colour
        ("x/" * 51, "", "x/" * 51),
    ],
)
def test_color_is_in_the_advertisers_words_or_not_there(
    given: str | None, google: str, meta: str
) -> None:
    vehicle = Vehicle(id="a", color=given, images=("https://cdn.example/1.jpg",))
    (row,), _written = write(GOOGLE, [entry(vehicle, (PHOTO,))])
    assert (row["color"], row["custom_label_3"]) == (google, "Red")
    (row,), _written = write(META, [entry(vehicle, (PHOTO,))])
    assert (row["exterior_color"], row["custom_label_3"]) == (meta, "Red")


# ---- ids -----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "name", ["=1+1", "@a", "+A1", "-A1", "'=1", "a\tb", "a\nb", "a ", "n/a", "x" * 101]
)
def test_vehicle_whose_id_is_not_safe_is_left_out(form: ExportFormat, name: str) -> None:
    rows, written = write(form, [car(PHOTO, name=name), car(PHOTO, name="-12")])
    assert [key_of(row) for row in rows] == ["-12"]  # a number is none that runs
    assert written.left_out == {LeftOut.UNSAFE_ID: 1}


def test_length_of_ids_is_that_of_the_network() -> None:
    entries = [car(PHOTO, name="x" * 50), car(PHOTO, name="y" * 51)]
    assert write(GOOGLE, entries)[1].left_out == {LeftOut.UNSAFE_ID: 1}
    assert write(META, entries)[1].left_out == {}


@both
def test_vehicles_can_go_by_their_vin(form: ExportFormat) -> None:
    one, other = "1FTFW1E50MFA00001", "1FTFW1E50MFA00002"
    entries = [
        car(PHOTO, name="a", vin=one),
        car(PHOTO, name="b"),
        car(PHOTO, name="c", vin=one),
        car(PHOTO, name="d", vin=other),
        car(CARD, name="e", vin="1FTFW1E50MFA00003"),
    ]
    rows, written = write(form, entries, AdOptions(key=AdKey.VIN))
    assert [key_of(row) for row in rows] == [one, other]
    assert written.left_out == {
        LeftOut.NO_VIN: 1,
        LeftOut.REPEATED_VIN: 1,
        LeftOut.NO_IMAGE: 1,
    }


# ---- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(ExportFormat))
def test_every_format_has_a_writer_that_counts(form: ExportFormat) -> None:
    stream = io.StringIO()
    written = find_writer(form)(stream, "acme", [car(PHOTO, CARD), car(PHOTO, name="b")])
    assert written.vehicles == 2
    assert written.images == (2 if form.is_ad_feed else 3)
    assert "https://cdn.example/b/0.jpg" in stream.getvalue()


@both
def test_inventory_without_vehicles_is_a_header(form: ExportFormat) -> None:
    stream = io.StringIO()
    assert find_writer(form)(stream, "acme", []) == Written(vehicles=0, images=0)
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("form", [ExportFormat.JSON, ExportFormat.CSV])
def test_options_of_ads_are_refused_where_they_say_nothing(form: ExportFormat) -> None:
    assert find_writer(form, AdOptions())
    with pytest.raises(UsageError, match=f"for google and meta: {form} is the whole sitemap"):
        find_writer(form, AdOptions(placeholders=Placeholders.LAST))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.json", ExportFormat.JSON),
        ("A.CSV", ExportFormat.CSV),
        ("google.csv", ExportFormat.CSV),
        ("acme.google.tsv", GOOGLE),
        ("acme.Meta.csv", META),
    ],
)
def test_name_of_a_file_asks_for_its_format(name: str, form: ExportFormat) -> None:
    assert ExportFormat.of(Path(name)) is form


@pytest.mark.parametrize("name", ["a.tsv", "a.xml", "csv", "a", "json"])
def test_name_that_says_no_format(name: str) -> None:
    with pytest.raises(UsageError, match=r"name the file \.json, \.csv, \.google\.tsv or \.meta"):
        ExportFormat.of(Path(name))


class Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


@both
def test_memory_does_not_grow_with_the_inventory(form: ExportFormat) -> None:
    def held_at_the_end(count: int) -> int:
        held = []

        def many() -> Iterator[SitemapVehicle]:
            for number in range(count):
                yield car(PHOTO, CARD, name=f"v{number}")
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

        tracemalloc.start()
        find_writer(form)(Nowhere(), "acme", many())  # type: ignore[arg-type]
        tracemalloc.stop()
        return held[0]

    held_at_the_end(10)
    assert held_at_the_end(2_000) < held_at_the_end(200) + 1_800 * 5  # bytes: less than their ids
