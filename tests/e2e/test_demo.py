"""`forecourt demo` from end to end, with the tiny model: what it counts, writes and refuses."""

from __future__ import annotations

import csv
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from forecourt.cli import app
from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.demo.host import DemoHost, Resource
from forecourt.demo.inventory import Inventory

MODIFIED = 1_789_999_200  # Mon, 21 Sep 2026 14:00:00 GMT


@dataclass(frozen=True)
class DemoRun:
    """One finished demo."""

    folder: Path
    report: dict[str, Any]
    sheet: Sheet
    images: list[dict[str, Any]]


class Sheet(HTMLParser):
    """What a person or a screen reader finds in a contact sheet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: list[str] = []
        self.items: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        attributes = dict(attrs)
        if tag == "li":
            self.items.append(attributes["class"] or "")
        if tag == "img":
            self.pictures.append(attributes)
        self.links += [value for name, value in attrs if name in {"src", "href"} and value]


def run_demo(folder: Path, bundle: Path, *options: str) -> Result:
    environment = {"FORECOURT_VISION__BUNDLE": str(bundle), "FORECOURT_VISION__THREADS": "1"}
    arguments = ["demo", "--out", str(folder), *options]
    return CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> DemoRun:
    folder = tmp_path_factory.mktemp("demo") / "out"
    result = run_demo(folder, tiny_bundle, "--json")
    assert result.exit_code == 0, result.output
    sitemap = json.loads((folder / "sitemap.json").read_text("utf-8"))
    return DemoRun(
        folder,
        json.loads(result.stdout),
        Sheet((folder / "contact-sheet.html").read_text("utf-8")),
        [image for vehicle in sitemap["vehicles"] for image in vehicle["images"]],
    )


def served(inventory: Inventory, number: int) -> dict[str, str]:
    """Return path → file of the pictures that a day's scrape names and the host has."""
    day = inventory.day(number, "http://host")
    urls = {url for vehicle in day.scrape["vehicles"] for url in vehicle["images"]}
    paths = {url.removeprefix("http://host") for url in urls}
    return {path: day.files[path] for path in paths if path in day.files}


def test_first_scrape_downloads_every_picture_once(demo: DemoRun) -> None:
    first = demo.report["runs"][0]
    there = served(Inventory(), 0)
    assert first["host"]["bodies"] == len(there)  # a placeholder shared by vehicles counts once
    assert first["images"] == first["done"] > len(there)
    assert first["classified"] == len(there) - 1  # all but the broken file
    assert first["skipped"] == {"not_found": 1, "truncated": 1}


def test_unchanged_scrape_classifies_nothing(demo: DemoRun) -> None:
    first, again = demo.report["runs"][:2]
    assert again["classified"] == 0
    assert sum(again["cached"].values()) == first["images"] - 2
    assert again["skipped"] == first["skipped"]  # tried again, and still not to be had


def test_changed_scrape_downloads_only_what_changed(demo: DemoRun) -> None:
    changed = demo.report["runs"][2]
    host = changed["host"]
    # One replaced, one new; the broken file was never had whole. The rest is the counted sample,
    # which may fall on one of these three.
    assert 3 <= host["bodies"] <= 3 + changed["verified"] < 15
    assert host["bodies"] + host["not_modified"] == len(served(Inventory(), 2))
    assert changed["classified"] == 2
    assert changed["cached"]["recheck_failed"] == 1  # gone from the host: keeps its tags
    assert changed["bodies"] == host["bodies"]


def test_contact_sheet_shows_every_image(demo: DemoRun) -> None:
    assert len(demo.sheet.items) == len(demo.images)
    for image in demo.images:
        name = image["url"].rsplit("/", 1)[-1]
        assert f">{name}</p>" in demo.sheet.text
    tagged = [image for image in demo.images if image["status"] == "tagged"]
    assert len(demo.sheet.pictures) == len(tagged)
    assert all(picture["alt"] for picture in demo.sheet.pictures)


def test_contact_sheet_needs_no_other_file_and_no_script(demo: DemoRun) -> None:
    assert all(link.startswith("data:image/") for link in demo.sheet.links)
    assert "script" not in demo.sheet.tags
    assert "url(" not in demo.sheet.text


def test_skipped_images_are_shown_with_their_reasons(demo: DemoRun) -> None:
    skipped = {image["url"].rsplit("/", 1)[-1]: image["skip_reason"] for image in demo.images}
    assert skipped["lost-photo.jpg"] == "not_found"
    assert skipped["broken-upload.jpg"] == "truncated"
    assert demo.sheet.items.count("skipped") == 2
    for words in ("not found", "truncated"):
        assert f"<strong>Skipped</strong>{words}" in demo.sheet.text


def test_answers_are_the_models_own_and_wrong_ones_are_marked(demo: DemoRun) -> None:
    # The tiny model knows nothing of vehicles: it is often wrong, and the sheet must say so.
    truths = Inventory().truth
    last = served(Inventory(), 2)
    wrong = set()
    for image in demo.images:
        path = "/photos/" + image["url"].rsplit("/", 1)[-1]
        file = last.get(path, path.removeprefix("/photos/"))
        if image["predicted"] is None:
            continue
        truth = truths[file]
        predicted = (image["predicted"]["image_type"], image["predicted"]["color"])
        if predicted != (truth.image_type, truth.color):
            wrong.add(file)
    assert wrong
    assert set(demo.report["answers"]["wrong"]) == wrong
    both = demo.report["answers"]["scores"]["Type and colour"]
    assert both["total"] - both["right"] == len(wrong)
    marked = sum("wrong" in item.split() for item in demo.sheet.items)
    assert marked == demo.sheet.text.count("<b>Wrong:</b>") >= len(wrong)


def test_colors_of_the_scrape_are_shown_and_unmapped_words_are_not(demo: DemoRun) -> None:
    by_name = {image["url"].rsplit("/", 1)[-1]: image for image in demo.images}
    configured = by_name["red-hatchback-trees.jpg"]
    if configured["image_type"]["value"] != "Placeholder":
        assert configured["color"] == {
            "value": "Red", "source": "scrape", "confidence": None, "reason": "scrape_color",
        }  # fmt: skip
    unmapped = by_name["brown-suv-field.jpg"]["color"]
    assert unmapped["reason"] in {"scrape_color_unmapped", "placeholder_has_no_color"}


def test_sitemap_files_agree(demo: DemoRun) -> None:
    with (demo.folder / "sitemap.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_url"] for row in rows] == [image["url"] for image in demo.images]
    assert [row["status"] for row in rows] == [image["status"] for image in demo.images]


def test_people_get_tables_and_are_told_where_to_look(tmp_path: Path, tiny_bundle: Path) -> None:
    folder = tmp_path / "out"
    for _again in range(2):  # the second demo starts afresh in the folder of the first
        result = run_demo(folder, tiny_bundle)
        assert result.exit_code == 0
    lines = result.stdout.splitlines()
    bodies = next(line for line in lines if "Downloaded (host" in line)
    first = len(served(Inventory(), 0))
    assert bodies.split("│")[2].strip() == str(first)
    assert any("Type and colour" in line and " of " in line for line in lines)
    assert (folder / "contact-sheet.html").resolve().as_uri() in result.stdout


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, tiny_bundle: Path) -> None:
    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work")
    with pytest.raises(UsageError, match="--out"):
        run_demo(tmp_path, tiny_bundle)
    assert mine.read_text() == "years of work"
    assert list(tmp_path.iterdir()) == [mine]


# ---- the inventory -------------------------------------------------------------------------------


def test_every_picture_has_a_truth_and_every_truth_a_picture() -> None:
    inventory = Inventory()
    files = set(inventory.day(0, "http://host").files.values())
    on_disk = set(files) | {"white-van-warehouse.jpg", "broken-upload.jpg"}
    assert on_disk - set(inventory.truth) == {"broken-upload.jpg"}
    assert all(inventory.read_picture(name) for name in inventory.truth)


def test_inventory_has_all_types_and_colors() -> None:
    truths = Inventory().truth.values()
    assert {truth.image_type for truth in truths} == set(ImageType)
    assert {truth.color for truth in truths} == {*Color, None}
    assert all((t.color is None) == (t.image_type is ImageType.PLACEHOLDER) for t in truths)


def test_every_url_has_a_picture_but_the_lost_one() -> None:
    inventory = Inventory()
    for number, missing in enumerate(
        [
            {"/photos/lost-photo.jpg"},
            {"/photos/lost-photo.jpg"},
            {"/photos/lost-photo.jpg", "/photos/grey-suv-overcast.jpg"},
        ]
    ):
        day = inventory.day(number, "http://host")
        urls = {url for vehicle in day.scrape["vehicles"] for url in vehicle["images"]}
        paths = {url.removeprefix("http://host") for url in urls}
        assert paths - day.resources.keys() == missing


# ---- the host ------------------------------------------------------------------------------------


@pytest.fixture
def demo_host() -> Iterator[DemoHost]:
    with DemoHost() as host:
        host.serve({"/a.jpg": Resource(b"picture", "image/jpeg", MODIFIED)})
        yield host


def ask(host: DemoHost, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(host.base + path, headers=names)  # noqa: S310  # loopback
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_host_sends_validators_and_counts(demo_host: DemoHost) -> None:
    status, headers, body = ask(demo_host, "/a.jpg")
    assert (status, body, headers["Content-Type"]) == (200, b"picture", "image/jpeg")
    assert headers["Last-Modified"] == "Mon, 21 Sep 2026 14:00:00 GMT"
    status, _headers, _body = ask(demo_host, "/b.jpg")
    assert status == 404
    log = demo_host.take_log()
    assert (log.requests, log.bodies, log.body_bytes, log.errors) == (2, 1, 7, 1)
    assert demo_host.take_log().requests == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": "{etag}"}, 304),
        ({"If_None_Match": 'W/{etag}, "other"'}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_Modified_Since": "Mon, 21 Sep 2026 14:00:00 GMT"}, 304),
        ({"If_Modified_Since": "Mon, 21 Sep 2026 13:59:59 GMT"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        # RFC 9110 section 13.2.2: the date counts for nothing beside a tag.
        (
            {
                "If_None_Match": '"other"',
                "If_Modified_Since": "Mon, 21 Sep 2026 14:00:00 GMT",
            },
            200,
        ),
    ],
)
def test_host_answers_conditional_requests(
    demo_host: DemoHost, headers: dict[str, str], status: int
) -> None:
    etag = ask(demo_host, "/a.jpg")[1]["ETag"]
    sent = {name: value.replace("{etag}", etag) for name, value in headers.items()}
    answered, _headers, body = ask(demo_host, "/a.jpg", **sent)
    assert answered == status
    assert body == (b"" if status == 304 else b"picture")


def test_a_replaced_picture_has_another_tag_and_date(demo_host: DemoHost) -> None:
    before = ask(demo_host, "/a.jpg")[1]
    demo_host.serve({"/a.jpg": Resource(b"another", "image/jpeg", MODIFIED + 1)})
    status, after, body = ask(demo_host, "/a.jpg", If_None_Match=before["ETag"])
    assert (status, body) == (200, b"another")
    assert after["ETag"] != before["ETag"]
    assert after["Last-Modified"] != before["Last-Modified"]
