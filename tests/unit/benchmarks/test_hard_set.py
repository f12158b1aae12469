"""The hard set follows its labelling rule, and is the same whenever it is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.hard_set import craft, missing, shown
from benchmarks.hard_set.dialect import CHOOSING, TEST
from benchmarks.hard_set.draw import draw_set
from forecourt.core.labels import ImageType
from forecourt.core.samples import Sample, read_manifest
from forecourt.train.pictures import words


def sample(name: str, image_type: ImageType) -> Sample:
    return Sample(
        file=name,
        split="test",
        image_type=image_type,
        color=None,
        advertiser="a",
        group=name,
        kind="car",
        view="exterior",
        is_render=False,
    )


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Path, list[Sample]]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    samples = []
    for number in range(3):
        for image_type, ground in ((ImageType.DEALER, "grey"), (ImageType.STOCK, "white")):
            image = Image.new("RGB", (320, 240), ground)
            ImageDraw.Draw(image).rectangle((60, 90 + number, 260, 190), fill=(160, 20, 30))
            samples.append(sample(f"{image_type}-{number}.png", image_type))
            image.save(folder / samples[-1].file)
    return folder, samples


def test_families_follow_the_rule_and_the_seed(
    labelled: tuple[Path, list[Sample]], tmp_path: Path
) -> None:
    count = draw_set(*labelled, TEST, tmp_path / "first", each=2)
    draw_set(*labelled, TEST, tmp_path / "second", each=2)
    rows = read_manifest(tmp_path / "first")
    assert len(rows) == count == 2 * len({one.advertiser for one in rows})
    by_type = {kind: {r.advertiser for r in rows if r.image_type is kind} for kind in ImageType}
    assert len(by_type[ImageType.PLACEHOLDER]) == len(missing.FAMILIES)
    assert len(by_type[ImageType.DEALER]) == len(shown.DEALER_FAMILIES)
    assert len(by_type[ImageType.STOCK]) == len(shown.STOCK_FAMILIES)
    assert sum(len(families) for families in by_type.values()) >= 12
    for row in rows:
        first, second = (tmp_path / name / row.file for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_no_word_is_shared_with_training_or_between_the_sets() -> None:
    def spoken(dialect: object) -> set[str]:
        names = ("missing", "offers", "sellers", "notes")
        return {text.lower() for name in names for text in getattr(dialect, name)}

    taught = {*words.NO_PHOTO, *words.OFFERS, *words.DEALERS, *words.STOCK_NOTES}
    taught = {text.lower() for text in taught}
    assert not (spoken(TEST) & taught)
    assert not (spoken(CHOOSING) & taught)
    assert not (spoken(TEST) & spoken(CHOOSING))


def test_cut_out__follows_the_shape_on_white() -> None:
    image = Image.new("RGB", (200, 150), "white")
    ImageDraw.Draw(image).ellipse((40, 30, 160, 120), fill=(20, 30, 120))
    cut = craft.cut_out(image)
    assert cut is not None
    share = np.asarray(cut[1]).mean() / 255
    assert share == pytest.approx(np.pi / 4, abs=0.03)
    assert craft.cut_out(Image.new("RGB", (200, 150), "white")) is None
