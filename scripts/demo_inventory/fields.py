"""Bodies as signed distance fields, and meshes made of them.

A distance field gives every point its distance to the surface, negative inside; unions of two can
be blended, so rounded bodies need no modelling by hand. Formulas of the primitives: Inigo Quilez,
"Distance functions", https://iquilezles.org/articles/distfunctions/ (MIT).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from bodies import BODIES, Body, Outline
from scipy.ndimage import map_coordinates
from skimage.measure import marching_cubes

Array = np.ndarray
Field = Callable[[Array, Array, Array], Array]

_TABLE_STEP = 0.01


@dataclass(frozen=True)
class Mesh:
    """Vertices (N, 3) in metres and triangles (M, 3)."""

    vertices: Array
    faces: Array


def mesh_field(field: Field, low: tuple[float, ...], high: tuple[float, ...], step: float) -> Mesh:
    """Return the surface where `field` is zero, within a box."""
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    values = np.broadcast_to(field(x, y, z), tuple(len(axis) for axis in axes))
    vertices, faces, _normals, _values = marching_cubes(values, 0.0, spacing=(step,) * 3)
    return Mesh(vertices + np.array(low), faces[:, ::-1])


@cache
def vehicle_mesh(kind: str, step: float = 0.022) -> Mesh:
    """Return the body of a vehicle, without wheels; a cut at a grid plane closes nothing."""
    body = BODIES[kind]
    half = body.width / 2 + 0.3
    low, high = (body.rear - 0.2, -half, -0.05), (body.front + 0.2, half, body.top + 0.2)
    step = max(step, (body.front - body.rear) / 260)
    return mesh_field(lambda x, y, z: body_field(body, x, y, z), low, high, step)


def body_field(body: Body, x: Array, y: Array, z: Array) -> Array:
    """Return the distance to the painted body."""
    side = np.abs(y) / (body.width / 2)
    bowed = x + body.nose * side**3 * _ramp(x, 0.2, body.front)
    bowed = bowed - body.tail * side**3 * _ramp(-x, 0.2, -body.rear)
    shoulder = body.belt - 0.16
    bulge = 0.09 * ((z - shoulder) / 0.6) ** 2 + 0.02 * _ramp(z, shoulder - 0.03, shoulder + 0.03)
    if not body.has_face:
        bulge = np.zeros_like(z)
    solid = _sweep(body.lower, bowed, z + 0.045 * side**2, np.abs(y) - body.width / 2 + bulge, 0.1)
    if body.cabin:
        inset = 0.045 + body.lean * np.maximum(z - body.belt, 0)
        curved = x + 0.16 * side**2 * _ramp(x, 0.0, 0.8) - 0.12 * side**2 * _ramp(-x, 0.6, 1.6)
        cabin = _sweep(
            body.cabin, curved, z + 0.05 * side**2, np.abs(y) - body.width / 2 + inset, 0.09
        )
        solid = smooth_min(solid, cabin, 0.05)
    for axle in body.axles:
        solid = _with_arch(body, solid, axle, x, y, z, bulge)
    if body.bed:
        solid = np.maximum(solid, -_bed(body, x, y, z))
    return solid


def _with_arch(
    body: Body, solid: Array, axle: float, x: Array, y: Array, z: Array, bulge: Array
) -> Array:
    """Cut a wheel well, and put a lip around it."""
    r = np.hypot(x - axle, z - body.radius)
    if body.has_face:
        across = np.abs(y) - body.width / 2 + bulge + 0.03
        lip = np.hypot(r - body.radius - 0.085, np.maximum(across, -0.08)) - 0.035
        solid = smooth_min(solid, np.maximum(lip, 0.16 - z), 0.06)
    well = np.maximum(r - body.radius - 0.055, body.width / 2 - 0.34 - np.abs(y))
    return np.maximum(solid, -well)


def _bed(body: Body, x: Array, y: Array, z: Array) -> Array:
    rear, front, floor = body.bed or (0, 0, 0)
    return np.maximum.reduce(
        np.broadcast_arrays(rear - x, x - front, floor - z, np.abs(y) - body.width / 2 + 0.16)
    )


def _ramp(value: Array, start: float, end: float) -> Array:
    """Return 0 before `start`, 1 behind `end`, smooth between."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def _sweep(outline: Outline, x: Array, z: Array, across: Array, rounding: float) -> Array:
    """Return the distance to a side outline swept across, with rounded edges."""
    side = outline_distance(outline, x, z) + rounding
    across = across + rounding
    outside = np.hypot(np.maximum(side, 0), np.maximum(across, 0))
    return np.minimum(np.maximum(side, across), 0) + outside - rounding


def smooth_min(a: Array, b: Array, k: float) -> Array:
    """Return the union of two distances, blended over `k` metres."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def capsule(
    p: tuple[Array, Array, Array], a: tuple[float, ...], b: tuple[float, ...], radius: float
) -> Array:
    """Return the distance to a rod with round ends."""
    d = np.subtract(b, a)
    w = [axis - start for axis, start in zip(p, a, strict=True)]
    along = np.clip(sum(wi * di for wi, di in zip(w, d, strict=True)) / (d @ d), 0, 1)
    return np.sqrt(sum((wi - along * di) ** 2 for wi, di in zip(w, d, strict=True))) - radius


def ellipsoid(
    p: tuple[Array, Array, Array], center: tuple[float, ...], radii: tuple[float, ...]
) -> Array:
    """Return about the distance to an ellipsoid."""
    scaled = [(axis - c) / r for axis, c, r in zip(p, center, radii, strict=True)]
    return (np.sqrt(sum(s * s for s in scaled)) - 1) * min(radii)


def outline_distance(outline: Outline, x: Array, z: Array) -> Array:
    """Return the signed distance to an outline with rounded corners, looked up in a table."""
    table, x0, z0 = _distance_table(outline)
    x, z = np.broadcast_arrays(x, z)
    where = np.stack([(x - x0) / _TABLE_STEP, (z - z0) / _TABLE_STEP])
    return map_coordinates(table, where.astype(np.float32), order=1, mode="nearest")


@cache
def _distance_table(outline: Outline) -> tuple[Array, float, float]:
    corners = _rounded(np.array(outline))
    x0, z0 = corners.min(0) - 0.9
    x1, z1 = corners.max(0) + 0.9
    x, z = np.meshgrid(
        np.arange(x0, x1, _TABLE_STEP), np.arange(z0, z1, _TABLE_STEP), indexing="ij"
    )
    return polygon_distance(corners, x, z).astype(np.float32), x0, z0


def _rounded(corners: Array) -> Array:
    """Cut the corners three times (Chaikin 1974); short edges stay nearly sharp."""
    for _round in range(3):
        following = np.roll(corners, -1, axis=0)
        corners = np.stack(
            [0.8 * corners + 0.2 * following, 0.2 * corners + 0.8 * following], 1
        ).reshape(-1, 2)
    return corners


def polygon_distance(corners: Array, x: Array, y: Array) -> Array:
    """Return the signed distance to a closed polygon, negative inside."""
    distance = np.full(x.shape, np.inf)
    sign = np.ones(x.shape)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        ex, ey = x1 - x0, y1 - y0
        wx, wy = x - x0, y - y0
        along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
        distance = np.minimum(distance, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
        above, below = y >= y0, y < y1
        left = ex * wy > ey * wx
        flips = (above & below & left) | (~above & ~below & ~left)
        sign = np.where(flips, -sign, sign)
    return sign * np.sqrt(distance)
