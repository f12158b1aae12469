from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.labels import COLORS, ImageType  # noqa: E402
from forecourt.core.samples import Sample  # noqa: E402
from forecourt.train.gallery import (  # noqa: E402
    DRAWN,
    PAINTED,
    REAL,
    RELIT,
    GalleryConfig,
    Material,
    build_gallery,
    shown_shares,
)
from forecourt.train.pictures.draw import DrawConfig, draw_painted  # noqa: E402
from forecourt.train.targets import PLACEHOLDER, STOCK, UNKNOWN, read_targets  # noqa: E402

pytestmark = pytest.mark.torch

_CONFIG = GalleryConfig(
    views=1,
    most_views=3,
    drawing=DrawConfig(cards=0.5, painted=1.0, relit=2),
    plain_views=1,
    card_views=1,
)


def sample(number: int, image_type: ImageType, color: str | None, *, render: bool) -> Sample:
    return Sample(
        file=f"{number}.jpg",
        split="train",
        image_type=image_type,
        color=None if color is None else COLORS[COLORS.index(color)],
        advertiser=f"a{number % 4}",
        group="",
        kind="" if image_type is ImageType.PLACEHOLDER else "car",
        view="" if image_type is ImageType.PLACEHOLDER else "exterior",
        is_render=render,
    )


@pytest.fixture
def material() -> Material:
    rng = np.random.default_rng(0)
    samples, squares = [], []
    for number in range(24):
        image_type = list(ImageType)[number % 3]
        color = ("Red", "Blue", None)[number % 3] if number < 12 else None
        square = np.full((256, 256, 3), 250 if image_type is ImageType.STOCK else 120, np.uint8)
        square[90:180, 40:220] = (190, 20, 30) if color == "Red" else (30, 40, 180)
        squares.append(square + rng.integers(0, 5, square.shape, np.uint8))
        samples.append(sample(number, image_type, color, render=number in {1, 4}))
    masks = np.zeros((24, 25, 25), np.float16)
    masks[:, 9:18, 4:22] = 1
    truth = read_targets(samples, np.ones(24, np.int64))
    maps = np.where((truth.image_type == PLACEHOLDER)[:, None, None], 0, masks).astype(np.float16)
    folds = np.array([number % 4 for number in range(24)])
    return Material(samples, np.stack(squares), masks, maps, truth, folds)


def run_trunk(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels[:, :1, ::8, ::8], 32, 1)


def test_gallery__knows_what_every_view_shows_and_is_kept(
    material: Material, tmp_path: Path
) -> None:
    gallery = build_gallery(tmp_path / "gallery", material, run_trunk, _CONFIG)
    assert len(gallery.views) == len(gallery.source) == len(gallery.targets.color)
    real = gallery.origin == REAL
    np.testing.assert_array_equal(
        gallery.targets.image_type[real], material.targets.image_type[gallery.source[real]]
    )
    drawn = gallery.origin == DRAWN
    assert (gallery.targets.image_type[drawn] == PLACEHOLDER).any()
    assert (gallery.targets.color[drawn] == UNKNOWN).all()
    painted = gallery.origin == PAINTED
    assert painted.any()
    assert not np.isin(
        gallery.targets.color[painted], [COLORS.index("Red"), COLORS.index("White")]
    ).any()
    relit = gallery.origin == RELIT
    assert relit.any()
    np.testing.assert_array_equal(
        gallery.targets.color[relit], material.targets.color[gallery.source[relit]]
    )
    assert (gallery.targets.image_type[relit] == UNKNOWN).all()
    is_card = drawn & (gallery.targets.image_type == PLACEHOLDER)
    assert (gallery.views.maps[is_card] == 0).all()
    assert np.isnan(gallery.views.maps[drawn & ~is_card]).all()

    def fail(_pixels: np.ndarray) -> np.ndarray:
        raise AssertionError("the gallery was made again")

    again = build_gallery(tmp_path / "gallery", material, fail, _CONFIG)
    np.testing.assert_array_equal(again.views.features, gallery.views.features)


def test_draw_painted__gives_vehicles_that_are_no_cars_copies_of_their_own(
    material: Material,
) -> None:
    vans = {0, 3}  # red ones
    samples = [
        replace(one, kind="van") if number in vans else one
        for number, one in enumerate(material.samples)
    ]
    args = (samples, material.squares, material.masks)
    plain = list(draw_painted(*args, DrawConfig(painted=1.0)))
    more = list(draw_painted(*args, DrawConfig(painted=1.0, painted_others=4)))
    for one, other in zip(plain, more, strict=False):  # what was drawn before is drawn as it was
        assert (one.source, one.color) == (other.source, other.color)
        np.testing.assert_array_equal(one.square, other.square)
    extra = more[len(plain) :]
    assert len(extra) == 8
    assert {one.source for one in extra} == vans
    assert all(one.color != COLORS.index("Red") for one in extra)
    assert len({one.color for one in extra}) == 8  # each colour as often


def test_shown_shares__never_show_what_weighs_nothing(material: Material, tmp_path: Path) -> None:
    gallery = build_gallery(tmp_path / "gallery", material, run_trunk, _CONFIG)
    count = len(material.samples)
    shares = shown_shares(
        gallery, material.samples, _CONFIG, weight=(material.folds != 2).astype(float)
    )
    assert shares.sum() == pytest.approx(1)
    assert (shares[material.folds[gallery.source] == 2] == 0).all()
    everything = shown_shares(gallery, material.samples, _CONFIG, weight=np.ones(count))
    assert (everything[gallery.origin == REAL] > 0).all()
    has_color = gallery.targets.color != UNKNOWN
    assert everything[has_color].sum() == pytest.approx(_CONFIG.color_share)
    assert everything[gallery.origin == DRAWN].sum() == pytest.approx(_CONFIG.drawn_share)
    is_relit = gallery.origin == RELIT
    assert (everything[is_relit] > 0).all()
    plain = shown_shares(
        gallery, material.samples, _CONFIG, weight=np.ones(count), shows_relit=False
    )
    assert (plain[is_relit] == 0).all()
    assert plain[has_color].sum() == pytest.approx(_CONFIG.color_share)


def test_shown_shares__a_game_render_counts_less(material: Material, tmp_path: Path) -> None:
    gallery = build_gallery(tmp_path / "gallery", material, run_trunk, _CONFIG)
    ones = np.ones(len(material.samples))
    shares = shown_shares(gallery, material.samples, _CONFIG, weight=ones)
    is_render = np.array([one.is_render for one in material.samples])[gallery.source]
    touched = (gallery.origin == DRAWN) & (gallery.targets.image_type == STOCK)
    (render,) = np.unique(shares[touched & is_render])
    (other,) = np.unique(shares[touched & ~is_render])
    assert render / other == pytest.approx(_CONFIG.render_weight)


def test_shown_shares__weight_of_some_vehicles_takes_nothing_from_placeholders(
    material: Material, tmp_path: Path
) -> None:
    gallery = build_gallery(tmp_path / "gallery", material, run_trunk, _CONFIG)
    truth, colored = gallery.targets, gallery.targets.color != UNKNOWN
    heavy = np.flatnonzero(material.targets.image_type != PLACEHOLDER)[::3]
    weight = np.full(len(material.samples), 0.5)
    weight[heavy] = 16
    even = shown_shares(gallery, material.samples, _CONFIG, weight=np.ones(len(weight)))
    shares = shown_shares(gallery, material.samples, _CONFIG, weight=weight)
    assert shares.sum() == pytest.approx(1)
    assert shares[colored].sum() == pytest.approx(_CONFIG.color_share)
    for image_type in range(3):
        part = (truth.image_type == image_type) & ~colored
        assert shares[part].sum() == pytest.approx(even[part].sum())
    # Beside others of one colour a picture is shown as much more often as it weighs more.
    ratio = shares / even
    is_heavy = np.isin(gallery.source, heavy)
    red = truth.color == COLORS.index("Red")
    assert ratio[red & is_heavy].mean() / ratio[red & ~is_heavy].mean() == pytest.approx(32)
    heavy_alone = weight * (weight > 1)
    shares = shown_shares(gallery, material.samples, _CONFIG, weight=heavy_alone)
    assert (shares[~is_heavy] == 0).all()
