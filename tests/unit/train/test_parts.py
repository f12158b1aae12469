from __future__ import annotations

import numpy as np
import pytest

from forecourt.core.labels import Color, ImageType
from forecourt.core.samples import Sample
from forecourt.train import calibrate
from forecourt.train.pictures.cards import FAMILIES, placeholder
from forecourt.train.pictures.marks import mark_photo
from forecourt.train.pictures.recolor import PAINTS, recolor, to_hsv, to_rgb
from forecourt.train.pictures.shade import relight
from forecourt.train.pictures.stock import compose_stock, cut_out
from forecourt.train.samples import assign_folds


def sample(advertiser: str, image_type: ImageType, number: int) -> Sample:
    return Sample(
        file=f"{advertiser}-{number}.jpg",
        split="train",
        image_type=image_type,
        color=None,
        advertiser=advertiser,
        group="",
        kind="car",
        view="exterior",
        is_render=False,
    )


@pytest.fixture(scope="module")
def vehicles() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (90, 120, 3), np.uint8) for _ in range(6)]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_placeholder__same_seed_draws_the_same_picture(
    family: str, vehicles: list[np.ndarray]
) -> None:
    first, again, other = (
        placeholder(np.random.default_rng(seed), vehicles, family) for seed in (5, 5, 6)
    )
    assert first.dtype == np.uint8
    assert first.ndim == 3
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()


def test_mark_photo__changes_the_picture_and_leaves_the_original(
    vehicles: list[np.ndarray],
) -> None:
    before = vehicles[0].copy()
    marked = mark_photo(np.random.default_rng(1), vehicles[0])
    assert marked.shape != before.shape or (marked != before).any()
    np.testing.assert_array_equal(vehicles[0], before)


def test_compose_stock__stands_on_white() -> None:
    cutout = np.full((90, 120, 3), 255, np.uint8)
    cutout[30:70, 20:100] = (200, 0, 0)
    for seed in range(20):
        composed = compose_stock(np.random.default_rng(seed), cutout)
        assert np.median(composed[:4].mean(2)) > 215


def test_cut_out__finds_what_stands_on_white_and_refuses_photos() -> None:
    picture = np.full((120, 160, 3), 255, np.uint8)
    picture[40:90, 30:130] = (30, 60, 200)
    picture[55:65, 60:100] = 255  # a white door is no ground: it does not reach the edge
    cut = cut_out(picture)
    assert cut is not None
    assert abs(cut[0].width - 100) <= 4
    assert abs(cut[0].height - 50) <= 4
    assert np.asarray(cut[1]).mean() > 250
    noise = np.random.default_rng(0).integers(0, 200, (120, 160, 3), np.uint8)
    assert cut_out(noise) is None


def test_recolor__paints_the_vehicle_and_nothing_else() -> None:
    square = np.full((100, 100, 3), (120, 130, 120), np.uint8)
    square[30:70, 20:80] = (200, 30, 30)
    square[40:50, 30:70] = (20, 20, 20)  # windows
    vehicle = np.zeros((25, 25), np.float16)
    vehicle[7:18, 5:20] = 1
    for color, (hues, _saturations, _values) in PAINTS.items():
        painted = recolor(np.random.default_rng(2), square, vehicle, color)
        assert painted is not None
        hue = float(to_hsv(painted[60:61, 50:51])[0, 0, 0])
        assert hues[0] - 3 <= hue <= hues[1] + 3, color
        np.testing.assert_array_equal(painted[45, 50], square[45, 50])
        np.testing.assert_array_equal(painted[:20], square[:20])
    assert recolor(np.random.default_rng(2), square[:, ::-1] * 0 + 90, vehicle, Color.BROWN) is None


def test_relight__darkens_the_vehicle_more_than_the_scene_and_keeps_its_own_contrasts() -> None:
    square = np.full((100, 100, 3), 150, np.uint8)
    square[30:70, 20:80] = 225  # paint
    square[60:70, 30:40] = 25  # a tyre
    vehicle = np.zeros((25, 25), np.float16)
    vehicle[7:18, 5:20] = 1
    ratios = []
    for seed in range(60):
        relit = relight(np.random.default_rng(seed), square, vehicle, Color.WHITE).astype(float)
        paint, scene = relit[45:50, 45:55].mean(), relit[:8].mean()
        assert relit[63:67, 33:37].mean() < paint - 30
        ratios.append(paint / 225 / (scene / 150))
    assert min(ratios) < 0.5
    assert max(ratios) > 1
    assert np.mean(np.array(ratios) < 0.97) > 0.6


def test_hsv__comes_back_as_it_went() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    np.testing.assert_allclose(to_rgb(to_hsv(rgb)), rgb, atol=0.01)


def test_assign_folds__never_divides_an_advertiser_and_shares_classes_out() -> None:
    samples = [
        sample(f"advertiser-{owner}", image_type, number)
        for owner in range(12)
        for image_type in ImageType
        for number in range(3)
    ]
    folds = assign_folds(samples, 4)
    by_advertiser = {one.advertiser: set() for one in samples}
    for one, fold in zip(samples, folds, strict=True):
        by_advertiser[one.advertiser].add(int(fold))
    assert all(len(found) == 1 for found in by_advertiser.values())
    for image_type in ImageType:
        members = [
            fold for one, fold in zip(samples, folds, strict=True) if one.image_type is image_type
        ]
        assert np.bincount(members, minlength=4).tolist() == [9, 9, 9, 9]


def test_assign_folds__does_not_depend_on_the_order_of_the_manifest() -> None:
    samples = [sample(f"a{n % 7}", list(ImageType)[n % 3], n) for n in range(60)]
    one_way = {s.file: f for s, f in zip(samples, assign_folds(samples, 3), strict=True)}
    samples.reverse()
    other_way = {s.file: f for s, f in zip(samples, assign_folds(samples, 3), strict=True)}
    assert one_way == other_way


def test_fit_temperature__cools_an_overconfident_model() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 4000)
    logits = rng.normal(0, 1, (4000, 3)).astype(np.float32)
    logits[np.arange(4000), labels] += 1.5
    fitted = calibrate.fit_temperature(logits, labels)
    overconfident = calibrate.fit_temperature(logits * 3, labels)
    assert overconfident == pytest.approx(3 * fitted, rel=0.06)


def test_placeholder_floor__is_lowered_for_recall_only_as_far_as_accuracy_allows() -> None:
    placeholder_index = list(ImageType).index(ImageType.PLACEHOLDER)
    labels = np.array([placeholder_index] * 10 + [0] * 90)
    probs = np.zeros((100, 3))
    probs[:10, placeholder_index] = 0.3  # placeholders that the plain maximum would leak
    probs[10:, placeholder_index] = 0.1
    probs[:, 0] = 1 - probs[:, placeholder_index]
    assert calibrate.placeholder_floor(probs, labels, cost=0.0) == 0.3
    probs[10:, placeholder_index] = 0.35  # now every lower floor would cost dealer photos
    probs[10:, 0] = 0.65
    assert calibrate.placeholder_floor(probs, labels, cost=0.0) > 0.35


def test_review_threshold__marks_the_share_asked_for() -> None:
    confidence = np.linspace(0, 1, 1001)
    threshold = calibrate.review_threshold(confidence, 0.05)
    assert (confidence < threshold).mean() == pytest.approx(0.05, abs=0.002)
