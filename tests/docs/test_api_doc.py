"""docs/api.md against the code: closed lists, and the fields of what is read and printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from forecourt.cli import app
from forecourt.core.labels import COLORS, Color, ImageType
from forecourt.core.promotions import PromotionKind
from forecourt.core.records import Decision, KeySource, Prediction, Role, Source, Vehicle
from forecourt.core.resolve import Evidence, FixedValue, Status, resolve
from forecourt.core.samples import _COLUMNS, read_manifest
from forecourt.core.skips import SkipReason
from forecourt.evaluate.report import make_report
from forecourt.feeds.read import read_feed
from forecourt.feeds.write import GOOGLE, LABELS, META, ListingFormat
from forecourt.identity.hosts import HostRecord, HostState
from forecourt.sitemap import (
    CSV_COLUMNS,
    SitemapImage,
    SitemapVehicle,
    image_to_json,
    vehicle_to_json,
)
from forecourt.sitemap.ads import choose_images, label
from forecourt.vision.bundle import Thresholds
from forecourt.vision.decide import decide
from tests.support.documents import (
    API,
    ROOT,
    blocks,
    listed,
    section,
)
from tests.support.entries import CARD, PHOTO, STOCK, car
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

TRAINING = ROOT / "docs" / "training.md"


# ---- closed lists --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "members"),
    [
        ("Sources", Source),
        ("Skip reasons", SkipReason),
        ("Key sources", KeySource),
        ("Host states", HostState),
        ("Promotion kinds", PromotionKind),
    ],
)
def test_closed_list_is_documented_in_its_order(heading: str, members: type[Any]) -> None:
    assert listed(API, heading) == [member.value for member in members]


def test_labels_are_documented() -> None:
    words = re.findall(r"`([A-Z][a-z]+)`", section(API, "Labels"))
    assert set(words) == {member.value for member in (*ImageType, *Color)}


def test_reasons_are_documented() -> None:
    """Every reason that the rules can give, found by giving them every kind of evidence."""
    decisions = list(_decisions())
    given = {one.image_type_reason for one in decisions} | {one.color_reason for one in decisions}
    for evidence in _all_evidence(decisions):
        resolved = resolve(evidence)
        for tag in (resolved.image_type, resolved.color):
            given.update(part for part in tag.reason.split("; ") if not part.startswith("fixed by"))
    assert set(listed(API, "Reasons")) == given - set(SkipReason)


def test_status_values_are_documented() -> None:
    (row,) = re.findall(r"^\| `status` .*$", section(API, "Image in a sitemap"), re.MULTILINE)
    assert all(f"`{status.value}`" in row for status in Status)


def _decisions() -> Iterator[Decision]:
    thresholds = Thresholds(
        placeholder_floor=0.3, paint_visible=0.5, review_type=0.6, review_color=0.4
    )
    for placeholder, visible in product((0.1, 0.4, 0.9), (0.1, 0.9)):
        yield decide(_prediction(placeholder=placeholder, visible=visible), thresholds)


def _prediction(*, placeholder: float, visible: float) -> Prediction:
    rest = 1 - placeholder
    return Prediction(
        model_version="v1",
        image_type_probs={
            ImageType.DEALER: rest * 0.9,
            ImageType.STOCK: rest * 0.1,
            ImageType.PLACEHOLDER: placeholder,
        },
        color_probs={color: 0.9 if color is Color.RED else 0.1 / 11 for color in COLORS},
        color_visible=visible,
    )


def _all_evidence(decisions: list[Decision]) -> Iterator[Evidence]:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    type_fix = FixedValue(value=ImageType.STOCK, role=Role.STAFF, by="ann", at=at)
    color_fix: FixedValue[Color | None] = FixedValue(
        value=Color.RED, role=Role.STAFF, by="ann", at=at
    )
    for decision, is_stale, skip_reason, words, types, colors in product(
        (None, *decisions),
        (False, True),
        (None, SkipReason.TIMEOUT),
        (None, "Red", "Champagne"),
        ((), (type_fix,)),
        ((), (color_fix,)),
    ):
        yield Evidence(
            decision=decision,
            is_stale=is_stale and decision is not None,
            skip_reason=skip_reason,
            scrape_color=words,
            type_fixes=types,
            color_fixes=colors,
        )


# ---- shapes --------------------------------------------------------------------------------------


@pytest.fixture
def vehicle() -> SitemapVehicle:
    decision = next(_decisions())
    image = SitemapImage(
        position=0,
        url="https://img.example.com/1.jpg",
        image_key="bytes:0",
        key_source="bytes",
        resolved=resolve(Evidence(decision=decision)),
        predicted=decision,
    )
    return SitemapVehicle(vehicle=Vehicle(id="1"), images=(image,))


def test_sitemap_json_fields_are_documented(vehicle: SitemapVehicle) -> None:
    image = image_to_json(vehicle.images[0])
    assert listed(API, "Vehicle in a sitemap") == list(vehicle_to_json(vehicle))
    assert listed(API, "Image in a sitemap") == list(image)
    assert listed(API, "Tag") == list(image["image_type"]) == list(image["color"])
    assert listed(API, "Predicted") == list(image["predicted"])


def test_sitemap_csv_columns_are_documented() -> None:
    assert listed(API, "Sitemap CSV") == list(CSV_COLUMNS)


@pytest.mark.parametrize(("heading", "form"), [("Google", GOOGLE), ("Meta", META)])
def test_columns_for_ads_are_documented(heading: str, form: ListingFormat) -> None:
    assert listed(API, f"Sitemap for {heading}") == list(form.columns)


def test_labels_for_ads_are_documented() -> None:
    assert listed(API, "Labels for ads") == list(LABELS)
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.*) \|$", section(API, "Labels for ads"), re.MULTILINE)
    )
    vehicles = [car(), car(CARD), car(STOCK), car(PHOTO), car(*[PHOTO] * 5), car(*[PHOTO] * 10)]
    given = zip(*(label(choose_images(one.images)) for one in vehicles), strict=True)
    for name, values in zip(LABELS, given, strict=True):
        documented = set(re.findall(r"`([^`]+)`", rows[name]))
        assert documented == set(values) - {color.value for color in Color}, name


def test_sitemap_examples_have_the_shape_of_the_code(vehicle: SitemapVehicle) -> None:
    expected = image_to_json(vehicle.images[0])
    (document,) = (json.loads(block) for block in blocks(API, "json") if '"skip_reason"' in block)
    assert list(document["vehicles"][0]) == list(vehicle_to_json(vehicle))
    (shown,) = (json.loads(block) for block in blocks(ROOT / "README.md", "json"))
    for image in (*document["vehicles"][0]["images"], shown):
        assert list(image) == list(expected)
        assert list(image["image_type"]) == list(expected["image_type"])


def test_scrape_example_is_read_as_documented(tmp_path: Path) -> None:
    (example,) = (block for block in blocks(API, "json") if '"scraped_at"' in block)
    path = tmp_path / "scrape.json"
    path.write_text(example, encoding="utf-8")
    given = json.loads(example)
    assert listed(API, "Scrape JSON") == list(given)
    assert listed(API, "Vehicle in a scrape") == list(given["vehicles"][0])
    with read_feed(path) as feed:
        (read,) = feed
        assert feed.advertiser == given["advertiser"]
        assert feed.scraped_at == datetime.fromisoformat(given["scraped_at"])
    assert isinstance(read, Vehicle)
    for name, value in given["vehicles"][0].items():
        assert getattr(read, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_bundle: Path) -> Iterator[Any]:
    monkeypatch.setenv("FORECOURT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(tiny_bundle))

    def run(*arguments: object) -> Any:
        result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


def test_classify_fields_are_documented(invoke: Any, tmp_path: Path) -> None:
    picture = tmp_path / "red.jpg"
    picture.write_bytes(jpeg(PAINTS["Red"]))
    for source in (picture, tmp_path / "missing.jpg"):
        assert listed(API, "classify --jsonl") == list(invoke("classify", source, "--jsonl"))


def test_tag_fields_are_documented(invoke: Any, tmp_path: Path) -> None:
    feed = tmp_path / "scrape.json"
    feed.write_text('{"vehicles": [{"id": "1", "images": []}, {"images": []}]}')
    summary = invoke("tag", feed, "--advertiser", "acme", "--json")
    assert listed(API, "tag --json") == list(summary)
    assert listed(API, "Cached") == list(summary["cached"])
    (row,) = re.findall(r"^\| `refused_rows` .*$", section(API, "tag --json"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row)[1:] == list(summary["refused_rows"][0])


def test_model_fields_are_documented(
    invoke: Any, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")
    added = invoke("models", "add", tiny_bundle, "--by", "ann", "--json")
    done = invoke("models", "promote", "tiny-1", "--by", "ann", "--json")
    shipped, model = invoke("models", "list", "--json")
    assert listed(API, "models list --json") == list(added) == list(model) == list(shipped)
    assert listed(API, "Promotion") == list(model["promotion"]) == list(done)[:-1]
    assert f"`{list(done)[-1]}`" in section(API, "Promotion")
    assert list(invoke("models", "history", "--json")[-1]) == list(model["promotion"])


def test_host_fields_are_documented() -> None:
    assert set(listed(API, "hosts --json")) == {one.name for one in fields(HostRecord)}


def test_evaluation_fields_are_documented() -> None:
    report = make_report([], model_version="v1", split="test").to_json()
    assert listed(API, "evaluate --json") == list(report)
    assert re.findall(r"`(\w+)`", section(API, "evaluate --json"))[:5] == list(
        report["image_type"]["accuracy"]
    )


def test_manifest_columns_are_documented(tmp_path: Path) -> None:
    columns = listed(TRAINING, "The data folder")
    assert columns[: len(_COLUMNS)] == list(_COLUMNS)
    given = {"file": "a.jpg", "image_type": "Stock", "vehicle_kind": "van", "view": "detail"}
    given["notes"] = "game render"
    row = {name: given.get(name, "") for name in columns}
    (tmp_path / "data.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    (sample,) = read_manifest(tmp_path)
    assert (sample.kind, sample.view, sample.is_render) == ("van", "detail", True)
