"""The whole recipe on a handful of pictures: it must run, resume and give a bundle that answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.errors import UsageError  # noqa: E402
from forecourt.core.labels import COLORS, IMAGE_TYPES  # noqa: E402
from forecourt.core.settings import VisionSettings  # noqa: E402
from forecourt.train.eyes import KINDS  # noqa: E402
from forecourt.train.gallery import (  # noqa: E402
    REAL,
    RELIT,
    Gallery,
    GalleryConfig,
    Material,
)
from forecourt.train.learn import LearnConfig  # noqa: E402
from forecourt.train.pictures.draw import DrawConfig  # noqa: E402
from forecourt.train.recipe import Recipe, train, train_bundle  # noqa: E402
from forecourt.vision.bundle import load_bundle  # noqa: E402
from forecourt.vision.pipeline import Pipeline, Seen  # noqa: E402
from tests.support.dataset_pictures import item  # noqa: E402
from tests.support.lessons import every_answer, noisy_views  # noqa: E402
from tests.support.pictures import jpeg  # noqa: E402
from tests.support.tiny_bundle import MAGENTA, PAINTS  # noqa: E402

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
        settled_on=64,
        threads=1,
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


def test_train__with_relit_photos_is_the_mean_of_two_networks(
    tmp_path: Path, data: Path, weights: Path
) -> None:
    asked, count = recipe(tmp_path, data, weights, "out"), 12
    asked.runs.mkdir()
    truth = every_answer(count)
    source, origin = np.arange(count), np.array([REAL, RELIT] * (count // 2))
    samples = [item(f"p{n}", IMAGE_TYPES[n % 3]).to_sample() for n in range(count)]
    no_pictures, no_maps = np.empty((0, 8, 8, 3), np.uint8), np.empty((count, 0, 0), np.float16)
    material = Material(samples, no_pictures, no_maps, no_maps, truth, source * 0)
    gallery = Gallery(noisy_views(count), truth, source, origin)
    mean = train(asked, material, gallery, held=None).state_dict()
    first, second = (
        torch.load(asked.runs / f"{name}-final.pt", weights_only=True) for name in ("first", "eyes")
    )
    name = "type_end.image_type.bias"
    assert not torch.equal(first[name], second[name])
    torch.testing.assert_close(mean[name], (first[name] + second[name]) / 2)


def test_recipe__missing_weights_are_named_before_anything_is_trained(
    tmp_path: Path, data: Path
) -> None:
    with pytest.raises(UsageError, match="docs/training"):
        train_bundle(recipe(tmp_path, data, tmp_path / "nowhere", "out"))
    assert not (tmp_path / "runs").exists()
