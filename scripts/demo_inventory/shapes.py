"""Vehicles as signed distance fields: side profiles drawn as polygons, swept across the width.

Lengths are metres; x runs to the front, y up, z to the left. A distance field gives every point its
distance to the surface, so rounded, blended bodies cost no triangles. Formulas of the primitives:
Inigo Quilez, "Distance functions", https://iquilezles.org/articles/distfunctions/ (MIT).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Body:
    """One kind of vehicle.

    Attributes:
        lower: Side profile of the body below the glass line.
        cabin: Side profile of what stands above; empty for none.
        glass: Side windows, as polygons within the cabin.
        wheels: x of the axles.
        pinch: How much the cabin leans inwards per metre of height.
    """

    lower: Polygon
    cabin: Polygon
    glass: tuple[Polygon, ...]
    wheels: tuple[float, ...]
    width: float = 1.8
    radius: float = 0.33
    pinch: float = 0.22
    rounding: float = 0.09
    belt: float = 0.95
    has_face: bool = True


BODIES: dict[str, Body] = {
    "sedan": Body(
        lower=(
            (-2.25, 0.32),
            (-2.3, 0.7),
            (-2.2, 0.98),
            (-1.5, 1.0),
            (1.0, 0.98),
            (1.9, 0.86),
            (2.25, 0.7),
            (2.3, 0.4),
            (2.2, 0.25),
            (-2.1, 0.25),
        ),
        cabin=((-1.75, 0.9), (-0.95, 1.4), (0.1, 1.43), (1.1, 0.92)),
        glass=(
            ((-1.3, 1.0), (-0.88, 1.33), (-0.42, 1.36), (-0.42, 1.0)),
            ((-0.34, 1.0), (-0.34, 1.36), (0.08, 1.36), (0.78, 1.0)),
        ),
        wheels=(-1.38, 1.42),
    ),
    "hatchback": Body(
        lower=(
            (-1.9, 0.32),
            (-1.95, 0.75),
            (-1.9, 1.02),
            (-1.2, 1.02),
            (0.9, 0.99),
            (1.65, 0.86),
            (1.95, 0.7),
            (2.0, 0.4),
            (1.9, 0.25),
            (-1.8, 0.25),
        ),
        cabin=((-1.88, 0.9), (-1.5, 1.42), (-0.2, 1.5), (1.05, 0.93)),
        glass=(
            ((-1.6, 1.05), (-1.32, 1.38), (-0.6, 1.42), (-0.6, 1.05)),
            ((-0.52, 1.05), (-0.52, 1.42), (-0.15, 1.42), (0.7, 1.05)),
        ),
        wheels=(-1.22, 1.25),
    ),
    "suv": Body(
        lower=(
            (-2.3, 0.42),
            (-2.33, 0.9),
            (-2.28, 1.12),
            (-1.5, 1.12),
            (1.1, 1.1),
            (2.0, 1.02),
            (2.3, 0.9),
            (2.33, 0.5),
            (2.2, 0.35),
            (-2.2, 0.35),
        ),
        cabin=((-2.25, 1.0), (-1.95, 1.66), (0.2, 1.72), (1.15, 1.02)),
        glass=(
            ((-2.0, 1.16), (-1.8, 1.58), (-1.2, 1.62), (-1.2, 1.16)),
            ((-1.12, 1.16), (-1.12, 1.62), (-0.4, 1.63), (-0.4, 1.16)),
            ((-0.32, 1.16), (-0.32, 1.63), (0.18, 1.63), (0.85, 1.16)),
        ),
        wheels=(-1.42, 1.42),
        width=1.92,
        radius=0.38,
        belt=1.1,
    ),
    "truck": Body(
        lower=(
            (-2.85, 0.5),
            (-2.88, 1.12),
            (-0.95, 1.12),
            (1.5, 1.12),
            (2.45, 1.08),
            (2.7, 0.95),
            (2.72, 0.5),
            (2.55, 0.4),
            (-2.75, 0.4),
        ),
        cabin=((-0.92, 1.0), (-0.86, 1.76), (0.6, 1.78), (1.4, 1.05)),
        glass=(
            ((-0.75, 1.18), (-0.72, 1.68), (-0.05, 1.7), (-0.05, 1.18)),
            ((0.03, 1.18), (0.03, 1.7), (0.55, 1.7), (1.1, 1.18)),
        ),
        wheels=(-1.75, 1.7),
        width=1.98,
        radius=0.4,
        pinch=0.16,
        belt=1.1,
    ),
    "van": Body(
        lower=(
            (-2.5, 0.35),
            (-2.52, 1.1),
            (1.2, 1.1),
            (2.2, 1.0),
            (2.5, 0.8),
            (2.52, 0.45),
            (2.4, 0.28),
            (-2.4, 0.28),
        ),
        cabin=((-2.5, 0.9), (-2.42, 1.9), (0.95, 1.93), (1.95, 1.05)),
        glass=(((0.3, 1.2), (0.3, 1.75), (0.9, 1.75), (1.55, 1.2)),),
        wheels=(-1.6, 1.65),
        width=1.95,
        pinch=0.08,
        belt=1.15,
    ),
    "rv": Body(
        lower=(
            (-3.4, 0.45),
            (-3.42, 1.3),
            (1.4, 1.3),
            (2.5, 1.05),
            (2.85, 0.85),
            (2.87, 0.5),
            (2.7, 0.38),
            (-3.3, 0.38),
        ),
        cabin=((-3.42, 1.0), (-3.4, 2.75), (1.9, 2.8), (2.05, 2.3), (1.5, 1.9), (2.3, 1.1)),
        glass=(
            ((1.0, 1.25), (1.0, 1.75), (1.35, 1.75), (1.9, 1.25)),
            ((-2.6, 1.7), (-2.6, 2.2), (-1.7, 2.2), (-1.7, 1.7)),
            ((-0.7, 1.7), (-0.7, 2.2), (0.1, 2.2), (0.1, 1.7)),
        ),
        wheels=(-1.9, 1.9),
        width=2.1,
        radius=0.38,
        pinch=0.02,
        belt=1.2,
    ),
    "trailer": Body(
        lower=((-1.8, 0.5), (-1.8, 2.1), (1.5, 2.1), (1.8, 1.6), (1.8, 0.5)),
        cabin=(),
        glass=(),
        wheels=(-0.45, 0.35),
        width=1.9,
        radius=0.31,
        rounding=0.06,
        has_face=False,
    ),
}


def polygon(x: Array, y: Array, corners: Polygon) -> Array:
    """Return the signed distance to a polygon in the plane, negative inside."""
    distance = np.full(x.shape, np.inf)
    sign = np.ones(x.shape)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        ex, ey = x1 - x0, y1 - y0
        wx, wy = x - x0, y - y0
        along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
        distance = np.minimum(distance, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
        above, below = y >= y0, y < y1
        left = ex * wy > ey * wx
        flips = (above & below & left) | (~above & ~below & ~left)
        sign = np.where(flips, -sign, sign)
    return sign * np.sqrt(distance)


def sweep(p: Array, corners: Polygon, half_width: Array | float, rounding: float) -> Array:
    """Return the distance to a side profile swept across the width, with rounded edges."""
    side = polygon(p[:, 0], p[:, 1], corners) + rounding
    across = np.abs(p[:, 2]) - half_width + rounding
    outside = np.hypot(np.maximum(side, 0), np.maximum(across, 0))
    return np.minimum(np.maximum(side, across), 0) + outside - rounding


def smooth_min(a: Array, b: Array, k: float) -> Array:
    """Return the union of two distances, blended over `k` metres."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def cylinder(p: Array, x: float, y: float, z: float, radius: float, half_width: float) -> Array:
    """Return the distance to a disc that stands across the vehicle (a wheel)."""
    ring = np.hypot(p[:, 0] - x, p[:, 1] - y) - radius + 0.03
    across = np.abs(np.abs(p[:, 2]) - z) - half_width + 0.03
    outside = np.hypot(np.maximum(ring, 0), np.maximum(across, 0))
    return np.minimum(np.maximum(ring, across), 0) + outside - 0.03


def vehicle(p: Array, body: Body) -> tuple[Array, Array]:
    """Return the distances to the painted body and to the wheels of a vehicle."""
    half = body.width / 2
    # Sides bulge a little, and the nose and tail are narrower than the middle.
    length = max(abs(x) for x, _y in body.lower)
    taper = half - 0.1 * (p[:, 0] / length) ** 4 - 0.05 * np.abs(p[:, 1] - 0.7)
    paint = sweep(p, body.lower, taper, body.rounding)
    if body.cabin:
        lean = half - 0.06 - body.pinch * np.maximum(p[:, 1] - body.belt, 0)
        paint = smooth_min(paint, sweep(p, body.cabin, lean, 0.07), 0.06)
    wheels = np.full(len(p), np.inf)
    for axle in body.wheels:
        arch = np.hypot(p[:, 0] - axle, p[:, 1] - body.radius) - body.radius - 0.07
        well = np.maximum(arch, half - 0.32 - np.abs(p[:, 2]))
        paint = np.maximum(paint, -well)
        wheels = np.minimum(wheels, cylinder(p, axle, body.radius, half - 0.12, body.radius, 0.11))
    return paint, wheels
