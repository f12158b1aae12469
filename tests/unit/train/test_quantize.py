from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train.parity import OUTPUTS
from forecourt.train.quantize import Tried, try_int8
from forecourt.train.start import read_network
from forecourt.vision.bundle import load_bundle
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Session
from tests.support.lessons import every_answer

pytestmark = pytest.mark.torch


def test_a_network_in_int8_answers_like_its_original_and_its_cost_is_told() -> None:
    bundle = load_bundle()
    squares = np.random.default_rng(0).integers(0, 256, (8, 256, 256, 3), np.uint8)
    batch = to_input(np.stack([resize_square(one, 225) for one in squares]))
    plain = Session(bundle.model).run(batch)
    truth = every_answer(8)
    truth.image_type[:] = plain["image_type_logits"].argmax(1)
    truth.color[:] = plain["color_logits"].argmax(1)
    tried = try_int8(
        read_network(bundle), bundle.model, squares, truth, threads=1, calibrate_on=squares
    )
    found = Session(tried.model).run(batch)
    assert set(found) == set(OUTPUTS.values())
    assert np.abs(found["image_type_logits"] - plain["image_type_logits"]).max() > 0  # not the same
    agree = [
        (found[name].argmax(1) == plain[name].argmax(1)).mean()
        for name in ("image_type_logits", "color_logits")
    ]
    assert tried.cost == pytest.approx(1 - min(agree))


def test_int8_is_worth_it_below_three_tenths_of_a_point() -> None:
    assert Tried(b"", 0.0029).is_worth_it
    assert not Tried(b"", 0.003).is_worth_it
    assert Tried(b"", -0.01).is_worth_it
