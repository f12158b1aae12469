"""RGB → model input. Training and serving resize with this module and no other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forecourt.vision.decode import Rgb


def resize_square(rgb: Rgb, size: int) -> Rgb:
    """Squash a picture to a square, antialiased.

    The whole picture is seen, whatever its shape: a banner at an edge is often what makes it a
    placeholder. Bilinear with a support that grows with the scale (Pillow), so that fine text
    turns grey instead of into moiré.

    Args:
        rgb: Shape (H, W, 3).
        size: Side of the result, in pixels.

    Returns:
        Shape (size, size, 3), uint8.
    """
    if rgb.shape[:2] == (size, size):
        return rgb
    image = Image.fromarray(rgb).resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(image)


def to_input(squares: Rgb) -> NDArray[np.float32]:
    """Turn a batch of squares into what the network takes.

    Args:
        squares: Shape (N, S, S, 3).

    Returns:
        Shape (N, 3, S, S), float32, x / 127.5 - 1.
    """
    planes = squares.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(planes, dtype=np.float32) * np.float32(1 / 127.5) - np.float32(1)
