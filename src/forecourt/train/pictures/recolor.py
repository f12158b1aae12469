"""Photos painted anew: colours that are rare on the road are rare in training pictures too.

Only the hue, and how deep and how light it is, are moved, and only where the vehicle's own paint
is; windows, tyres, reflections and the scene stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from forecourt.core.labels import Color
from forecourt.vision.decode import Rgb

Hsv = NDArray[np.float32]  # (H, W, 3): hue 0-360, saturation and value 0-1

# Where the paint goes: ranges of hue, saturation and value of its median pixel.
PAINTS: dict[Color, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    Color.PURPLE: ((268, 296), (0.4, 0.8), (0.25, 0.65)),
    Color.BURGUNDY: ((342, 356), (0.6, 0.9), (0.22, 0.42)),
    Color.BROWN: ((16, 30), (0.4, 0.7), (0.22, 0.45)),
    Color.ORANGE: ((18, 32), (0.8, 1.0), (0.75, 0.98)),
    Color.GREEN: ((85, 160), (0.4, 0.9), (0.25, 0.7)),
    # Not rare, but where these meet, labels are least sure; of painted ones they are exact.
    Color.BLUE: ((215, 235), (0.5, 0.8), (0.14, 0.3)),
    Color.GREY: ((0, 360), (0.0, 0.05), (0.32, 0.62)),
    Color.BLACK: ((0, 360), (0.0, 0.1), (0.03, 0.09)),
}
# Only paint with a hue of its own can be told from the rest of the picture.
SOURCES = (Color.RED, Color.BLUE, Color.GREEN, Color.ORANGE, Color.YELLOW, Color.PURPLE)
_NEAR, _FAR = 18.0, 42.0  # degrees from the paint's hue: paint surely, surely not
_LEAST_SHARE = 0.2  # of the vehicle that must be of its paint's hue


def recolor(
    rng: np.random.Generator, square: Rgb, vehicle: NDArray[np.floating], color: Color
) -> Rgb | None:
    """Return the picture with its vehicle in another colour; None where its paint is not found.

    Args:
        rng: Source of randomness.
        square: Shape (S, S, 3).
        vehicle: Share of vehicle in each cell of a grid, 0-1.
        color: One of `PAINTS`.
    """
    hsv = to_hsv(square)
    grown = Image.fromarray((vehicle.astype(np.float32) * 255).astype(np.uint8))
    inside = np.asarray(grown.resize(square.shape[1::-1], Image.Resampling.BILINEAR)) / 255
    hue = _main_hue(hsv, inside > 0.5)
    if hue is None:
        return None
    far = np.abs((hsv[..., 0] - hue + 180) % 360 - 180)
    is_paint = ((_FAR - far) / (_FAR - _NEAR)).clip(0, 1) * ((hsv[..., 1] - 0.12) / 0.2).clip(0, 1)
    is_paint *= ((inside - 0.15) / 0.3).clip(0, 1)
    sure = is_paint > 0.5
    if sure.sum() < _LEAST_SHARE * (inside > 0.5).sum():
        return None
    hues, saturations, values = PAINTS[color]
    moved = np.empty_like(hsv)
    moved[..., 0] = rng.uniform(*hues) + ((hsv[..., 0] - hue + 180) % 360 - 180) * 0.4
    for channel, wanted in ((1, saturations), (2, values)):
        scale = rng.uniform(*wanted) / max(float(np.median(hsv[..., channel][sure])), 0.05)
        moved[..., channel] = (hsv[..., channel] * scale).clip(0, 1)
    soft = Image.fromarray((is_paint * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
    weight = np.asarray(soft, np.float32)[..., None] / 255
    return (square * (1 - weight) + to_rgb(moved) * weight).round().astype(np.uint8)


def _main_hue(hsv: Hsv, inside: NDArray[np.bool_]) -> float | None:
    """Return the most frequent hue of the vehicle, weighted by how deep it is."""
    weight = hsv[..., 1][inside] * (hsv[..., 1][inside] > 0.2)
    if weight.sum() < 100:
        return None
    counts, _edges = np.histogram(hsv[..., 0][inside], 36, (0, 360), weights=weight)
    smooth = counts + np.roll(counts, 1) + np.roll(counts, -1)
    return float(np.argmax(smooth) * 10 + 5)


def to_hsv(rgb: Rgb) -> Hsv:
    """Return hue (0-360), saturation and value (0-1)."""
    x = rgb.astype(np.float32) / 255
    high, low = x.max(2), x.min(2)
    span = np.maximum(high - low, 1e-6)
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    hue = np.select(
        [high == r, high == g], [(g - b) / span % 6, (b - r) / span + 2], (r - g) / span + 4
    )
    return np.stack([hue * 60, (high - low) / np.maximum(high, 1e-6), high], 2).astype(np.float32)


def to_rgb(hsv: Hsv) -> NDArray[np.float32]:
    """Return 0-255, shape (H, W, 3)."""
    hue, saturation, value = hsv[..., 0] / 60, hsv[..., 1], hsv[..., 2]
    channels = []
    for shift in (5, 3, 1):
        k = (shift + hue) % 6
        channels.append(value * (1 - saturation * np.minimum(k, 4 - k).clip(0, 1)))
    return (np.stack(channels, 2) * 255).astype(np.float32)
