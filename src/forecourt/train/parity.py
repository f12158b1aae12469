"""Whether an exported network answers as the trained one does."""

from __future__ import annotations

import numpy as np
import torch

from forecourt.train.eyes import INPUT_SIZE, Answers, Eyes
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Session

_LARGEST = 2e-2  # of a logit; half-precision weights move them by about 1e-3
OUTPUTS = {
    "image_type": "image_type_logits",
    "color": "color_logits",
    "color_visible": "color_visible_logit",
    "heat": "heat",
    "kind": "kind_logits",
    "view": "view_logits",
    "several": "several_logit",
}


def check_parity(eyes: Eyes, model: bytes, squares: Rgb) -> float:
    """Compare the answers of both for some pictures, shape (N, S, S, 3).

    Returns:
        The largest difference of any answer, over the largest answer of its kind or 1.

    Raises:
        RuntimeError: they differ by more than half-precision weights explain.
    """
    batch = to_input(np.stack([resize_square(square, INPUT_SIZE) for square in squares]))
    with torch.no_grad():
        expected = eyes.eval()(torch.from_numpy(batch))
    found = Session(model).run(batch)
    worst = 0.0
    for name, value in zip(Answers._fields, expected, strict=True):
        wanted = value.numpy()
        scale = max(1.0, float(np.abs(wanted).max()))
        differs = float(np.abs(found[OUTPUTS[name]] - wanted).max()) / scale
        if not differs <= _LARGEST:  # NaN too
            raise RuntimeError(
                f"The exported network differs from the trained one by {differs:.4f} in {name}."
            )
        worst = max(worst, differs)
    return worst
