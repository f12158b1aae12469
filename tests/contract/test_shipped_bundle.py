"""What the package promises about the model that it ships."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path

import pytest

from forecourt.core.samples import read_manifest
from forecourt.core.settings import VisionSettings
from forecourt.evaluate.card import render_figures
from forecourt.evaluate.judge import judge
from forecourt.evaluate.report import make_report
from forecourt.vision.bundle import FIGURES_BEGIN, FIGURES_END, load_bundle
from forecourt.vision.pipeline import Pipeline

_FOLDER = Path(str(files("forecourt") / "models" / "default"))


def test_bundle__is_whole_and_within_its_budget() -> None:
    bundle = load_bundle()
    assert bundle.folder == _FOLDER
    assert sum(path.stat().st_size for path in _FOLDER.iterdir()) <= 12_000_000


def test_card__shows_the_figures_of_the_stored_evaluation_of_this_very_model() -> None:
    report = json.loads((_FOLDER / "evaluation.json").read_text())
    card = (_FOLDER / "MODEL_CARD.md").read_text()
    figures = card.partition(FIGURES_BEGIN)[2].partition(FIGURES_END)[0]
    assert report["model_version"] == load_bundle().version
    assert figures.strip() == render_figures(report).strip()


@pytest.mark.data
def test_evaluation__comes_out_again_on_the_test_pictures() -> None:
    """And with it the bars that this model was released under."""
    data = os.environ.get("FORECOURT_DATA")
    if not data:
        pytest.skip("FORECOURT_DATA is not set: the shipped model was NOT judged")
    samples = [one for one in read_manifest(Path(data)) if one.split == "test"]
    with Pipeline(load_bundle(), VisionSettings()) as pipeline:
        report = make_report(
            list(judge(Path(data), samples, pipeline)),
            model_version=pipeline.model_version,
            split="test",
        )
    stored = json.loads((_FOLDER / "evaluation.json").read_text())
    # Another CPU may round one doubtful picture to the other side.
    for found, kept in (
        (report.image_type.accuracy.right, stored["image_type"]["accuracy"]["right"]),
        (report.color.top1.right, stored["color"]["top1"]["right"]),
    ):
        assert abs(found - kept) <= 2
    placeholder = report.image_type.classes[-1]
    assert placeholder.name == "Placeholder"
    assert report.image_type.accuracy.value >= 0.99
    assert placeholder.recall.value >= 0.965
    assert report.color.top1.value >= 0.86
