"""Mistakes that were found, kept in view: pictures that a model once got wrong, drawn anew.

`data.csv` says what each shows. Those that the shipped model still gets wrong stand in KNOWN, with
the reason; when one comes out right, its test fails until the line is taken away.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from forecourt.core.samples import Sample, find_labelled
from forecourt.core.settings import VisionSettings
from forecourt.evaluate.judge import Verdict, judge
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline

FOLDER, SAMPLES = find_labelled(Path(__file__).with_name("data.csv"))

KNOWN_TYPE: dict[str, str] = {
    "pale-stock-1.jpg": "thin words across a stock picture that is hardly paled: taken for Stock",
}
KNOWN_COLOR: dict[str, str] = {}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    with Pipeline(load_bundle(), VisionSettings(threads=1)) as pipeline:
        return {one.sample.file: one for one in judge(FOLDER, SAMPLES, pipeline)}


def cases(known: dict[str, str], samples: list[Sample]) -> list[object]:
    return [
        pytest.param(
            sample,
            id=sample.file,
            marks=pytest.mark.xfail(reason=known[sample.file], strict=True)
            if sample.file in known
            else (),
        )
        for sample in samples
    ]


@pytest.mark.parametrize("sample", cases(KNOWN_TYPE, SAMPLES))
def test_type(sample: Sample, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[sample.file].image_type is sample.image_type


@pytest.mark.parametrize("sample", cases(KNOWN_COLOR, [one for one in SAMPLES if one.color]))
def test_color(sample: Sample, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[sample.file].ranked_colors[0] is sample.color


def test_every_known_mistake_is_a_picture_here() -> None:
    assert {*KNOWN_TYPE, *KNOWN_COLOR} <= {one.file for one in SAMPLES}
