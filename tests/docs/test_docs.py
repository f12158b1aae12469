"""The documents against the code: lists, links, commands, settings."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer.main
from typer.testing import CliRunner

from forecourt.cli import app
from forecourt.core.labels import COLORS, Color, ImageType
from forecourt.core.promotions import PromotionKind
from forecourt.core.records import Decision, KeySource, Prediction, Role, Source, Vehicle
from forecourt.core.resolve import Evidence, FixedValue, Status, resolve
from forecourt.core.samples import _COLUMNS, read_manifest
from forecourt.core.settings import (
    AccessSettings,
    FetchSettings,
    ServeSettings,
    Settings,
    VisionSettings,
)
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
from tests.support.entries import CARD, PHOTO, STOCK, car
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

ROOT = Path(__file__).parents[2]
API = ROOT / "docs" / "api.md"
TRAINING = ROOT / "docs" / "training.md"
DECISIONS = ROOT / "docs" / "decisions"


def markdown_files() -> list[Path]:
    folders = ("docs", "src", "tests", "benchmarks", "scripts")
    nested = (path for folder in folders for path in (ROOT / folder).rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *nested])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def section(path: Path, heading: str) -> str:
    """The text under a heading, up to the next one."""
    parts = re.split(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return sections[heading]


def listed(path: Path, heading: str) -> list[str]:
    """The first column of the table under a heading."""
    return re.findall(r"^\| `([^`]+)` \|", section(path, heading), flags=re.MULTILINE)


def blocks(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


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


# ---- commands and settings -----------------------------------------------------------------------


def shell_lines() -> Iterator[tuple[str, list[str]]]:
    """Every command line of every shell block, without prompts, comments and assignments."""
    for path in markdown_files():
        for block in blocks(path, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = line.partition(" #")[0].split()
                while words and re.fullmatch(r"[A-Z_]+=\S+|\$|export", words[0]):
                    words = words[1:]
                if words:
                    yield f"{name_of(path)}: {line}", words


def test_documented_commands_and_options_exist() -> None:
    group: Any = typer.main.get_command(app)
    seen = set()
    for where, words in shell_lines():
        if words[0] != "forecourt":
            continue
        names = [word for word in words[1:] if not word.startswith("-")]
        assert names[0] in group.commands, where
        command = group.commands[names[0]]
        seen.add(names[0])
        if inner := getattr(command, "commands", None):
            assert names[1] in inner, where
            command = inner[names[1]]
            seen.add(f"{names[0]} {names[1]}")
        options = {name for one in command.params for name in one.opts}
        general = {"--help", *(name for one in group.params for name in one.opts)}
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= options | general, where
    every = set(group.commands)
    for name, command in group.commands.items():
        every |= {f"{name} {inner}" for inner in getattr(command, "commands", ())}
    assert every == seen, "every command stands in some shell block"


def test_documented_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    asked = {word for _where, words in shell_lines() if words[0] == "make" for word in words[1:]}
    assert {"demo", "test"} <= asked <= targets


def test_documented_training_options_exist() -> None:
    source = (ROOT / "src/forecourt/train/__main__.py").read_text(encoding="utf-8")
    given = {
        word
        for _where, words in shell_lines()
        if words[1:3] == ["-m", "forecourt.train"]
        for word in words[3:]
        if word.startswith("--")
    }
    constants = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)}
    assert given
    assert given <= constants


def test_variables_in_documents_are_settings() -> None:
    known = {"FORECOURT_DATA", "FORECOURT_WEIGHTS", "FORECOURT_FETCH", "FORECOURT_VISION"}
    known |= {f"FORECOURT_ACCESS__{name.upper()}" for name in AccessSettings.model_fields}
    known |= {f"FORECOURT_SERVE__{name.upper()}" for name in ServeSettings.model_fields}
    known |= {f"FORECOURT_{name.upper()}" for name in Settings.model_fields}
    known |= {f"FORECOURT_FETCH__{name.upper()}" for name in FetchSettings.model_fields}
    known |= {f"FORECOURT_VISION__{name.upper()}" for name in VisionSettings.model_fields}
    known |= {f"FORECOURT_SERVE__{name.upper()}" for name in ServeSettings.model_fields}
    for path in markdown_files():
        used = set(re.findall(r"FORECOURT_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
        assert used <= known, name_of(path)


# ---- links, decisions, words ---------------------------------------------------------------------


def prose(path: Path) -> str:
    """The text without its blocks of code."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def links(path: Path) -> Iterator[str]:
    text = re.sub(r"`[^`\n]*`", "", prose(path))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(path: Path) -> set[str]:
    """The anchors that a forge gives to headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("path", markdown_files(), ids=name_of)
def test_relative_links_lead_somewhere(path: Path) -> None:
    relative = [link for link in links(path) if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not leads_somewhere(path, link)] == []


def leads_somewhere(path: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    found = path.parent / unquote(target) if target else path
    return found.exists() and (not anchor or anchor in anchors(found))


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    written = {}
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        written[path.name] = title
        assert title.startswith(f"{path.name[:4]} ")
    rows = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|", index, re.MULTILINE)
    assert {name: f"{number} {title}" for number, name, title in rows} == written
    assert [name[:4] for name in written] == [f"{n + 1:04}" for n in range(len(written))]


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("[0-9]*.md")), ids=name_of)
def test_decision_has_its_four_parts(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    folders = ("docs", "src", "benchmarks", "scripts", "tests")
    ends = {".md", ".py", ".json", ".toml", ".csv", ".html"}
    nested = (path for one in folders for path in (ROOT / one).rglob("*") if path.suffix in ends)
    forbidden = re.compile(r"/(?:work|root|tmp/runs)\b")
    top = [ROOT / name for name in ("NOTICE", "Makefile", "pyproject.toml", "constraints.txt")]
    for path in (*ROOT.glob("*.md"), *top, *nested):
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{name_of(path)}: {found}"
