"""Bytes → decisions: every image has an outcome of its own, whatever its neighbours are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forecourt.core.labels import Color, ImageType
from forecourt.core.settings import VisionSettings
from forecourt.core.skips import SkipReason
from forecourt.vision import pipeline as pipeline_module
from forecourt.vision.bundle import load_bundle
from forecourt.vision.decode import Decoded, decode_image
from forecourt.vision.pipeline import Pipeline, Seen, Unseen, nothing
from tests.support.pictures import encode, jpeg, paint
from tests.support.tiny_bundle import MAGENTA, PAINTS


@pytest.fixture
def pipeline(tiny_bundle: Path) -> Iterator[Pipeline]:
    settings = VisionSettings(bundle=tiny_bundle, threads=2, batch=4, max_pixels=20_000)
    with Pipeline(load_bundle(tiny_bundle), settings) as opened:
        yield opened


def test_one_bad_image_never_costs_the_others(pipeline: Pipeline) -> None:
    red = jpeg(PAINTS["Red"])
    answers = pipeline.run(
        [red, b"", red, b"<html>", red[:90], red, encode(paint((0, 0, 0), size=(200, 200))), red]
    )
    assert [answer.reason if isinstance(answer, Unseen) else None for answer in answers] == [
        None,
        SkipReason.EMPTY,
        None,
        SkipReason.NOT_AN_IMAGE,
        SkipReason.UNDECODABLE,
        None,
        SkipReason.TOO_MANY_PIXELS,
        None,
    ]
    assert all(a.decision.color is Color.RED for a in answers if isinstance(a, Seen))


def test_batches_of_nothing_but_bad_images(pipeline: Pipeline) -> None:
    assert pipeline.run([]) == []
    answers = pipeline.run([b"x"] * 9)
    assert [type(answer) for answer in answers] == [Unseen] * 9


def test_answers_come_in_the_order_of_the_images(pipeline: Pipeline) -> None:
    names = [*PAINTS] * 3
    answers = pipeline.run([jpeg(PAINTS[name], seed=n) for n, name in enumerate(names)])
    assert [a.decision.color for a in answers if isinstance(a, Seen)] == names


def test_an_image_is_answered_alike_alone_and_in_a_batch(pipeline: Pipeline) -> None:
    images = [jpeg((20 * n, 255 - 20 * n, 90), seed=n) for n in range(10)]
    together = pipeline.run(images)
    for image, in_batch in zip(images, together, strict=True):
        (alone,) = pipeline.run([image])
        assert isinstance(alone, Seen)
        assert isinstance(in_batch, Seen)
        assert alone.info == in_batch.info
        assert alone.thumbnail == in_batch.thumbnail
        for label, prob in alone.prediction.color_probs.items():
            assert in_batch.prediction.color_probs[label] == pytest.approx(prob, abs=1e-5)
        for kind, prob in alone.prediction.image_type_probs.items():
            assert in_batch.prediction.image_type_probs[kind] == pytest.approx(prob, abs=1e-5)


def test_a_defect_of_ours_on_one_image_is_a_reason_too(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flawed(data: bytes, *, max_pixels: int) -> Decoded:
        if data == b"trigger":
            raise ZeroDivisionError
        return decode_image(data, max_pixels=max_pixels)

    monkeypatch.setattr(pipeline_module, "decode_image", flawed)
    good, bad = pipeline.run([jpeg(MAGENTA), b"trigger"])
    assert isinstance(good, Seen)
    assert good.decision.image_type is ImageType.PLACEHOLDER
    assert bad == Unseen(SkipReason.INTERNAL_ERROR, "ZeroDivisionError")
    captured = capsys.readouterr()
    assert "ZeroDivisionError" in captured.out + captured.err  # logged, with its traceback


def test_a_thumbnail_can_be_tagged_again(pipeline: Pipeline) -> None:
    """A new model sees thumbnails instead of asking the advertiser's CDN again."""
    (first,) = pipeline.run([encode(paint(PAINTS["Green"], size=(160, 120)), "PNG")])
    assert isinstance(first, Seen)
    assert first.thumbnail is not None
    (again,) = pipeline.run([first.thumbnail])
    assert isinstance(again, Seen)
    assert again.decision.color is Color.GREEN


def test_no_thumbnail_is_made_for_those_who_keep_none(tiny_bundle: Path) -> None:
    with Pipeline(load_bundle(tiny_bundle), VisionSettings(), make_thumbnail=nothing) as pipeline:
        (seen,) = pipeline.run([jpeg(PAINTS["Green"])])
    assert isinstance(seen, Seen)
    assert (seen.thumbnail, seen.decision.color) == (None, Color.GREEN)
