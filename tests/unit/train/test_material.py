from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.labels import IMAGE_TYPES, Color, ImageType
from forecourt.train.finetune import Exam
from forecourt.train.gallery import REAL, Gallery, GalleryConfig
from forecourt.train.material import Prepared, draw_shares, mend_maps
from tests.support.dataset_pictures import item
from tests.support.lessons import every_answer, noisy_views

pytestmark = pytest.mark.torch
COUNT = 24


@pytest.fixture
def prepared() -> Prepared:
    """Two dozen pictures, the last eight of them for validation; the first is held at random."""
    truth = every_answer(COUNT)
    samples = [
        item(f"p{place}", IMAGE_TYPES[image_type]).to_sample()
        for place, image_type in enumerate(truth.image_type)
    ]
    gallery = Gallery(noisy_views(COUNT), truth, np.arange(COUNT), np.full(COUNT, REAL))
    no_pictures = np.empty((0, 8, 8, 3), np.uint8)
    return Prepared(
        gallery=gallery,
        samples=samples,
        is_validation=np.arange(COUNT) >= 16,
        weight=np.r_[0.0, np.ones(COUNT - 1)],
        exam=Exam(noisy_views(1), every_answer(1)),
        is_render=np.zeros(1, bool),
        validation=[],
        squares=no_pictures,
        typical=no_pictures,
    )


@pytest.mark.parametrize("shows_validation", [False, True])
def test_validation_pictures_are_shown_in_the_last_training_alone(
    prepared: Prepared, *, shows_validation: bool
) -> None:
    shares = draw_shares(prepared, GalleryConfig(), shows_validation=shows_validation)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == 0  # held at random: never
    assert (shares[1:16] > 0).all()
    assert (shares[16:] > 0).all() == shows_validation
    assert shows_validation or shares[16:].sum() == 0


@pytest.mark.parametrize(
    ("image_type", "color", "is_cut"),
    [
        (ImageType.STOCK, Color.BLACK, True),
        (ImageType.STOCK, Color.WHITE, False),  # what is white may be paint
        (ImageType.STOCK, None, False),
        (ImageType.DEALER, Color.BLACK, False),
    ],
)
def test_the_white_ground_of_a_cut_out_is_no_vehicle(
    image_type: ImageType, color: Color | None, *, is_cut: bool
) -> None:
    square = np.full((256, 256, 3), 255, np.uint8)
    square[100:180, 60:200] = 20
    maps = np.full((1, 25, 25), 0.6, np.float16)
    mend_maps(maps, [replace(item("p", image_type), color=color).to_sample()], square[None])
    assert maps[0, 14, 12] == np.float16(0.6)  # no more than the model said
    assert (maps[0, 2, 2] == 0) == is_cut


def test_there_is_no_vehicle_on_a_placeholder() -> None:
    maps = np.ones((1, 25, 25), np.float16)
    squares = np.zeros((1, 256, 256, 3), np.uint8)
    mend_maps(maps, [item("p", ImageType.PLACEHOLDER).to_sample()], squares)
    assert (maps == 0).all()
