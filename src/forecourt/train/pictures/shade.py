"""Vehicles in another light than the scene around them.

Telephones expose for a bright sky, and the side that is shown lies in the shade: white paint is
then darker than the road, and grey as dark as black. What tells them are tyres, glass and plastic,
which darken with the paint. So the whole vehicle is relit and the scene is not; the label stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from forecourt.core.labels import Color
from forecourt.vision.decode import Rgb

# How much of its light a vehicle keeps at least: below, people would say another colour.
_DARKEST: dict[Color, float] = {
    Color.WHITE: 0.32,
    Color.YELLOW: 0.4,
    Color.ORANGE: 0.45,
    Color.RED: 0.42,
    Color.PINK: 0.5,
    Color.GREY: 0.45,
    Color.GREEN: 0.5,
    Color.BLUE: 0.5,
    Color.PURPLE: 0.55,
    Color.BROWN: 0.6,
    Color.BURGUNDY: 0.65,
    Color.BLACK: 0.6,
}
_BRIGHTEST = 1.5  # in glaring light; the scene then is not
_MIRRORS = (Color.BLACK, Color.GREY)  # paint in which the sky is seen most


def relight(
    rng: np.random.Generator, square: Rgb, vehicle: NDArray[np.floating], color: Color
) -> Rgb:
    """Return a photo whose vehicle has another light than the rest.

    Args:
        rng: Source of randomness.
        square: Shape (S, S, 3).
        vehicle: Share of vehicle in each cell of a grid, 0-1.
        color: Of its paint.
    """
    size = square.shape[1::-1]
    grid = Image.fromarray((vehicle.astype(np.float32).clip(0, 1) * 255).astype(np.uint8))
    mask = grid.resize(size, Image.Resampling.BICUBIC).point(lambda v: min(255, v * 2))
    soft = mask.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
    inside = np.asarray(soft, np.float32) / 255
    light = (square.astype(np.float32) / 255) ** 2.2
    if rng.random() < 0.8:
        gain = np.exp(rng.uniform(np.log(_DARKEST[color]), 0)) ** 2.2
        tint = np.exp(rng.uniform(0, 0.14) * np.array([-1.0, -0.1, 1.0]))  # shade is blue
    else:
        gain = rng.uniform(1, _BRIGHTEST) ** 2.2
        tint = np.exp(rng.uniform(-0.05, 0.05, 3))
    lit = light * gain * tint
    if color in _MIRRORS and rng.random() < 0.5:
        height = np.linspace(1, 0.2, size[1])[:, None, None]
        sky = np.array([0.35, 0.6, 1.0]) * rng.uniform(0, 0.05)
        lit = lit + sky * height
    mixed = light + (lit - light) * inside[..., None]
    scene = rng.uniform(0.85, 1.25) ** 2.2 if rng.random() < 0.5 else 1.0
    mixed = mixed * (scene + (1 - scene) * inside[..., None])
    return np.asarray((mixed.clip(0, 1) ** (1 / 2.2) * 255).round(), np.uint8)
