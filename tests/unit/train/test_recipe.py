"""The whole recipe on a handful of pictures: it must run, resume and give a bundle that answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.errors import UsageError
from forecourt.core.labels import COLORS
from forecourt.core.settings import VisionSettings
from forecourt.train.eyes import KINDS
from forecourt.train.gallery import GalleryConfig
from forecourt.train.learn import LearnConfig
from forecourt.train.pictures.draw import DrawConfig
from forecourt.train.recipe import Recipe, train_bundle
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline, Seen
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

pytestmark = pytest.mark.torch


@pytest.fixture
def weights() -> Path:
    folder = os.environ.get("FORECOURT_WEIGHTS")
    if not folder:
        pytest.skip("FORECOURT_WEIGHTS is not set: the recipe was NOT tried")
    return Path(folder)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    lines = ["file,split,image_type,color,vehicle_kind,view,advertiser,group"]
    for owner in range(8):
        for place, color in enumerate((COLORS[owner], COLORS[owner + 4])):
            image_type = "Dealer" if place else "Stock"
            (folder / f"{owner}-{place}.jpg").write_bytes(jpeg(PAINTS[color], seed=owner))
            lines.append(f"{owner}-{place}.jpg,train,{image_type},{color},car,exterior,a{owner},")
        (folder / f"{owner}-p.jpg").write_bytes(jpeg(MAGENTA, seed=owner))
        lines.append(f"{owner}-p.jpg,train,Placeholder,,,,a{owner},")
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    return folder


def recipe(tmp_path: Path, data: Path, weights: Path, out: str) -> Recipe:
    return Recipe(
        data=data,
        weights=weights,
        out=tmp_path / out,
        runs=tmp_path / "runs",
        version="test-1",
        held_out=(0,),
        gallery=GalleryConfig(
            views=1, most_views=3, card_views=1, plain_views=1, drawing=DrawConfig(cards=0.5)
        ),
        learn=LearnConfig(steps=4, batch=8),
    )


def test_recipe__gives_a_bundle_that_answers_and_resumes(
    tmp_path: Path, data: Path, weights: Path
) -> None:
    train_bundle(recipe(tmp_path, data, weights, "first"))
    bundle = load_bundle(tmp_path / "first")
    with Pipeline(bundle, VisionSettings(threads=1)) as pipeline:
        (answer,) = pipeline.run([jpeg((200, 20, 20))])
    assert isinstance(answer, Seen)
    assert tuple(answer.prediction.kind_probs) == KINDS
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}

    train_bundle(recipe(tmp_path, data, weights, "second"))
    assert kept == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    first, second = (
        json.loads((tmp_path / name / "bundle.json").read_text()) for name in ("first", "second")
    )
    assert first == second  # the digest of the network included: the recipe is seeded


def test_recipe__missing_weights_are_named_before_anything_is_trained(
    tmp_path: Path, data: Path
) -> None:
    with pytest.raises(UsageError, match="docs/training"):
        train_bundle(recipe(tmp_path, data, tmp_path / "nowhere", "out"))
    assert not (tmp_path / "runs").exists()
