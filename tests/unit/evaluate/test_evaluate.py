from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecourt.cli import app
from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.samples import Sample, read_manifest
from forecourt.core.settings import VisionSettings
from forecourt.evaluate.card import render_figures, update_card
from forecourt.evaluate.judge import Verdict, judge
from forecourt.evaluate.report import Report, make_report
from forecourt.vision.bundle import FIGURES_BEGIN, FIGURES_END, load_bundle
from forecourt.vision.pipeline import Pipeline
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

# What the tiny model says is known, so the labels below make known mistakes: one type, one colour.
_ROWS = [
    ("red.jpg", "Red", "Dealer", "Red", "car", "exterior", "acme"),
    ("blue.jpg", "Blue", "Dealer", "Blue", "car", "exterior", "acme"),
    ("blue2.jpg", "Blue", "Dealer", "Black", "boat", "exterior", "zenith"),
    ("white.jpg", "White", "Stock", "White", "car", "exterior", "zenith"),
    ("card.jpg", MAGENTA, "Placeholder", "", "", "", "zenith"),
    ("leak.jpg", "Red", "Placeholder", "", "", "", "zenith"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = ["file,split,image_type,color,vehicle_kind,view,advertiser,group"]
    for seed, (file, paint, image_type, color, kind, view, advertiser) in enumerate(_ROWS):
        rgb = PAINTS[paint] if isinstance(paint, str) else paint
        (tmp_path / file).write_bytes(jpeg(rgb, seed=seed))
        lines.append(f"{file},test,{image_type},{color},{kind},{view},{advertiser},")
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def pipeline(tiny_bundle: Path) -> Iterator[Pipeline]:
    with Pipeline(load_bundle(tiny_bundle), VisionSettings(threads=1)) as opened:
        yield opened


def report_of(folder: Path, pipeline: Pipeline) -> Report:
    verdicts = list(judge(folder, read_manifest(folder), pipeline))
    return make_report(verdicts, model_version="tiny-1", split="test")


def test_report__counts_what_the_model_got_right(folder: Path, pipeline: Pipeline) -> None:
    report = report_of(folder, pipeline)
    assert (report.image_type.accuracy.right, report.image_type.accuracy.n) == (5, 6)
    assert (report.color.decided.right, report.color.decided.n) == (3, 4)
    placeholder = report.image_type.classes[2]
    assert (placeholder.name, placeholder.recall.right, placeholder.recall.n) == (
        "Placeholder",
        1,
        2,
    )
    # The leaked placeholder shows a colour; the other one shows none.
    assert (report.color.none.right, report.color.none.n) == (1, 2)


def test_report__slices_show_what_the_average_hides(folder: Path, pipeline: Pipeline) -> None:
    by_advertiser = {one.name: one for one in report_of(folder, pipeline).by_advertiser}
    assert by_advertiser["acme"].image_type.value == 1
    assert by_advertiser["zenith"].image_type.value == 0.75
    assert by_advertiser["zenith"].color.value == 0.5


def test_report__compares_cars_with_the_rest_and_leaves_placeholders_out(
    folder: Path, pipeline: Pipeline
) -> None:
    gaps = report_of(folder, pipeline).cars_and_others
    assert gaps.image_type.value == 0  # all vehicles have the right type
    assert gaps.color.value == 1  # three cars of three, no boat of one
    assert gaps.color.low < 1


def test_report__the_surest_are_those_with_the_highest_confidence() -> None:
    def verdict(number: int) -> Verdict:
        sample = Sample(
            file=f"{number}.jpg",
            split="test",
            image_type=ImageType.DEALER,
            color=Color.RED,
            advertiser="a",
            group="",
            kind="car",
            view="exterior",
            is_render=False,
        )
        is_doubtful = number < 2  # of forty: the least sure five per cent, and they are wrong
        return Verdict(
            sample=sample,
            image_type=ImageType.STOCK if is_doubtful else ImageType.DEALER,
            type_confidence=0.4 if is_doubtful else 0.9,
            color=Color.RED,
            ranked_colors=(Color.BLUE, Color.RED) if is_doubtful else (Color.RED, Color.BLUE),
            color_confidence=0.3 if is_doubtful else 0.8,
            review=False,
        )

    review = make_report([verdict(n) for n in range(40)], model_version="m", split="test").review
    assert (review.type_surest.right, review.type_surest.n) == (38, 38)
    assert (review.color_surest.right, review.color_surest.n) == (38, 38)


def test_report__is_valid_json_even_where_a_slice_is_empty(
    folder: Path, pipeline: Pipeline
) -> None:
    report = report_of(folder, pipeline).to_json()
    none = next(one for one in report["by_kind"] if one["name"] == "(none)")
    assert none["color"] == {"right": 0, "n": 0, "value": None, "low": None, "high": None}
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_judge__missing_picture_stops_the_evaluation(folder: Path, pipeline: Pipeline) -> None:
    (folder / "red.jpg").unlink()
    with pytest.raises(UsageError, match=r"red\.jpg"):
        report_of(folder, pipeline)


def test_judge__broken_picture_stops_the_evaluation(folder: Path, pipeline: Pipeline) -> None:
    (folder / "red.jpg").write_bytes(b"<html>")
    with pytest.raises(UsageError, match=r"red\.jpg has no answer"):
        report_of(folder, pipeline)


def test_card__figures_replace_the_old_ones_and_nothing_else(
    folder: Path, pipeline: Pipeline, tmp_path: Path
) -> None:
    report = report_of(folder, pipeline).to_json()
    card = tmp_path / "CARD.md"
    card.write_text(f"# Before\n\n{FIGURES_BEGIN}\nold\n{FIGURES_END}\n\nAfter\n")
    update_card(card, report)
    update_card(card, report)
    text = card.read_text()
    assert (
        text == f"# Before\n\n{FIGURES_BEGIN}\n\n{render_figures(report)}\n{FIGURES_END}\n\nAfter\n"
    )
    assert "| image type | 5 / 6 | 83.3 % |" in text
    assert "| zenith | 3 / 4 | 75.0 % |" in text


def test_card__without_marks_is_left_alone(tmp_path: Path) -> None:
    card = tmp_path / "CARD.md"
    card.write_text("# Mine\n")
    with pytest.raises(UsageError, match="no place for figures"):
        update_card(card, {"image_type": {}})
    assert card.read_text() == "# Mine\n"


def test_command__prints_a_report(
    folder: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(tiny_bundle))
    result = CliRunner().invoke(app, ["evaluate", "--data", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["image_type"]["accuracy"]["right"] == 5


def test_command__takes_a_manifest_and_a_bundle(folder: Path, tiny_bundle: Path) -> None:
    manifest = str(folder / "data.csv")
    result = CliRunner().invoke(app, ["evaluate", manifest, "--bundle", str(tiny_bundle), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["model_version"], report["image_type"]["accuracy"]["right"]) == ("tiny-1", 5)


def test_command__unknown_split_is_named(folder: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--data", str(folder), "--split", "nope"])
    assert isinstance(result.exception, UsageError)
    assert "'nope'" in str(result.exception)


def test_command__looks_for_the_card_before_the_pictures(folder: Path, tmp_path: Path) -> None:
    (folder / "red.jpg").unlink()  # which would end the work, once it is begun
    for option in (["--card", str(tmp_path / "no.md")], ["--out", str(tmp_path / "no" / "r.json")]):
        result = CliRunner().invoke(app, ["evaluate", "--data", str(folder), *option])
        assert isinstance(result.exception, UsageError)
        assert str(tmp_path / "no") in str(result.exception)
