from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.labels import ImageType
from forecourt.core.samples import Sample
from forecourt.train import shards
from forecourt.train.gallery import GalleryConfig, Material
from forecourt.train.pictures.draw import DrawConfig
from forecourt.train.shards import Portions, build_portions
from forecourt.train.targets import read_targets

pytestmark = pytest.mark.torch

CONFIG = GalleryConfig(
    plain_views=1,
    card_views=1,
    drawing=DrawConfig(cards=0, touched=0, painted=0, worn_stock=0, sketches=0),
)


class KilledError(Exception):
    """The process died here."""


def read(begin: int, end: int) -> Material:
    samples = [
        Sample(
            file=f"{index}.jpg", split="train", image_type=ImageType.DEALER, color=None,
            advertiser="acme", group="", kind="", view="", is_render=False,
        )
        for index in range(begin, end)
    ]  # fmt: skip
    count = end - begin
    squares = np.random.default_rng(begin).integers(0, 256, (count, 256, 256, 3), np.uint8)
    maps = np.zeros((count, 25, 25), np.float16)
    targets = read_targets(samples, np.ones(count, np.int64))
    return Material(samples, squares, maps, maps, targets, np.zeros(count, np.int64))


def run_trunk(batch: np.ndarray) -> np.ndarray:
    return np.zeros((len(batch), 32, 29, 29), np.float32)


def test_a_kill_loses_one_portion_and_the_whole_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "PICTURES", 3)
    whole = build_portions(tmp_path / "whole", Portions(7, read), run_trunk, CONFIG)
    begun: list[int] = []

    def die_at_the_second(begin: int, end: int) -> Material:
        begun.append(begin)
        if begun == [0, 3]:
            raise KilledError
        return read(begin, end)

    portions = Portions(7, die_at_the_second)
    with pytest.raises(KilledError):
        build_portions(tmp_path / "killed", portions, run_trunk, CONFIG)
    resumed = build_portions(tmp_path / "killed", portions, run_trunk, CONFIG)
    assert begun == [0, 3, 3, 6]
    assert set(resumed.source.tolist()) == set(range(7))
    assert np.array_equal(resumed.source, whole.source)
    assert np.array_equal(resumed.views.samples, whole.views.samples)
    assert np.array_equal(resumed.targets.visible, whole.targets.visible, equal_nan=True)
    assert [one.name for one in (tmp_path / "killed").iterdir()] == ["gallery"]
    build_portions(tmp_path / "killed", portions, run_trunk, CONFIG)
    assert begun == [0, 3, 3, 6]
