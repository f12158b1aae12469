"""Vehicles without a swept body: a motorcycle, and a boat on its trailer, of simple solids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from fields import Array, Field, capsule, ellipsoid, mesh_field, smooth_min
from parts import Rgb, add_box, add_mesh, surface
from wheels import DESIGNS, rim_mesh, tyre_mesh

_STEP = 0.011


def add_craft(kind: str, paint: Rgb) -> tuple[float, float]:
    """Put one into the scene; return its length and height in metres."""
    return CRAFT[kind](paint)


def _add_field(
    field: Field,
    low: tuple[float, ...],
    high: tuple[float, ...],
    material: Any,
    step: float = _STEP,
) -> None:
    add_mesh("part", mesh_field(field, low, high, step), material)


def _add_wheel(x: float, y: float, radius: float, design: str, rim: Any, width: float) -> None:
    rubber = surface((0.016, 0.016, 0.017), rough=0.75)
    for mesh, material in (
        (tyre_mesh(radius, DESIGNS[design].rim), rubber),
        (rim_mesh(radius, design), rim),
    ):
        made = add_mesh("wheel", mesh, material, at=(x, y, radius))
        made.scale = (1, width, 1)


# ---- motorcycle ----------------------------------------------------------------------------------

_FRONT, _REAR = 0.72, -0.70
_TYRE = 0.31


def _add_motorcycle(paint: Rgb) -> tuple[float, float]:
    low, high = (-1.15, -0.5, 0.05), (1.15, 0.5, 1.3)
    lacquer = surface(paint, rough=0.3, coat=1.0)
    black = surface((0.018, 0.018, 0.019), rough=0.45)
    leather = surface((0.02, 0.02, 0.02), rough=0.7)
    steel = surface((0.45, 0.46, 0.48), rough=0.22, metal=1.0)
    alloy = surface((0.10, 0.10, 0.105), rough=0.35, metal=0.9)
    for field, material in (
        (_tank_and_fairing, lacquer),
        (_frame, black),
        (_seat, leather),
        (_engine, alloy),
        (_fork_and_exhaust, steel),
    ):
        _add_field(field, low, high, material)
    for x, width in ((_FRONT, 0.5), (_REAR, 0.72)):
        _add_wheel(x, 0.0, _TYRE, "seven", alloy, width)
        for side in (-1, 1):
            disc = mesh_field(_brake_disc, (-0.16, -0.03, -0.16), (0.16, 0.03, 0.16), 0.006)
            add_mesh("disc", disc, steel, at=(x, side * 0.07, _TYRE))
    lamp = surface((0.8, 0.82, 0.84), rough=0.05, coat=1.0, metal=0.4)
    _add_field(_headlamp, (0.5, -0.2, 0.7), (0.85, 0.2, 1.1), lamp)
    add_box((0.03, 0.10, 0.06), (-0.97, 0, 0.74), surface((0.4, 0.01, 0.01), rough=0.1, coat=1.0))
    return 1.75, 1.12


def _brake_disc(x: Array, y: Array, z: Array) -> Array:
    return np.maximum(np.abs(np.hypot(x, z) - 0.11) - 0.03, np.abs(y) - 0.006)


def _headlamp(x: Array, y: Array, z: Array) -> Array:
    return np.maximum(ellipsoid((x, y, z), (0.66, 0, 0.92), (0.09, 0.10, 0.10)), 0.67 - x)


def _tank_and_fairing(x: Array, y: Array, z: Array) -> Array:
    p = (x, y, z)
    tank = ellipsoid(p, (0.16, 0, 0.86), (0.36, 0.16, 0.155))
    tank = np.maximum(tank, -ellipsoid(p, (-0.12, 0, 1.02), (0.28, 0.4, 0.16)))
    tail = capsule(p, (-0.35, 0, 0.80), (-0.88, 0, 0.90), 0.075)
    cowl = np.maximum(ellipsoid(p, (0.56, 0, 0.95), (0.18, 0.13, 0.14)), x - 0.67)
    side = ellipsoid(p, (0.36, 0, 0.60), (0.22, 0.15, 0.17))
    above_tyre = np.abs(np.hypot(x - _FRONT, z - _TYRE) - _TYRE - 0.035)
    sheet = np.hypot(above_tyre, np.maximum(np.abs(y) - 0.05, 0)) - 0.014
    mudguard = np.maximum(sheet, _TYRE + 0.15 - z)
    return np.minimum(
        smooth_min(smooth_min(tank, side, 0.05), smooth_min(tail, cowl, 0.03), 0.05), mudguard
    )


def _frame(x: Array, y: Array, z: Array) -> Array:
    p = (x, np.abs(y), z)
    parts = [
        capsule(p, (-0.70, 0.10, 0.31), (-0.12, 0.10, 0.42), 0.032),
        capsule(p, (0.46, 0.05, 0.86), (-0.15, 0.12, 0.55), 0.032),
        capsule(p, (-0.15, 0.12, 0.75), (-0.15, 0.12, 0.32), 0.030),
        capsule(p, (-0.15, 0.08, 0.65), (-0.80, 0.06, 0.82), 0.022),
        capsule(p, (0.46, 0.03, 0.98), (0.34, 0.36, 1.03), 0.014),
        capsule(p, (0.34, 0.27, 1.03), (0.32, 0.38, 1.03), 0.022),
        capsule(p, (0.44, 0.22, 1.02), (0.42, 0.27, 1.14), 0.008),
        ellipsoid(p, (0.41, 0.29, 1.16), (0.02, 0.07, 0.04)),
        capsule(p, (-0.85, 0.0, 0.80), (-1.02, 0.0, 0.56), 0.016),
        capsule(p, (0.02, 0.0, 0.33), (-0.02, 0.30, 0.31), 0.014),
    ]
    return np.minimum.reduce(np.broadcast_arrays(*parts))


def _seat(x: Array, y: Array, z: Array) -> Array:
    p = (x, y, z)
    front = ellipsoid(p, (-0.26, 0, 0.82), (0.24, 0.14, 0.055))
    return smooth_min(front, ellipsoid(p, (-0.60, 0, 0.90), (0.22, 0.11, 0.05)), 0.04)


def _engine(x: Array, y: Array, z: Array) -> Array:
    p = (x, y, z)
    case = ellipsoid(p, (0.05, 0, 0.40), (0.26, 0.19, 0.16))
    ribs = 0.012 * np.cos(z * 190)
    cylinder = capsule(p, (0.14, 0, 0.48), (0.24, 0, 0.68), 0.12) + ribs
    cover = ellipsoid(p, (0.0, 0, 0.38), (0.12, 0.225, 0.12))
    return np.minimum(smooth_min(case, cylinder, 0.03), cover)


def _fork_and_exhaust(x: Array, y: Array, z: Array) -> Array:
    p = (x, np.abs(y), z)
    fork = capsule(p, (_FRONT, 0.10, _TYRE), (0.47, 0.09, 0.96), 0.024)
    one_side = (x, y, z)
    pipe = capsule(one_side, (0.30, -0.10, 0.50), (0.28, -0.12, 0.22), 0.026)
    pipe = np.minimum(pipe, capsule(one_side, (0.28, -0.12, 0.22), (-0.25, -0.16, 0.24), 0.028))
    silencer = capsule(one_side, (-0.30, -0.18, 0.27), (-0.82, -0.21, 0.46), 0.055)
    return np.minimum.reduce(np.broadcast_arrays(fork, pipe, silencer))


# ---- boat ----------------------------------------------------------------------------------------


def _add_boat(paint: Rgb) -> tuple[float, float]:
    low, high = (-2.9, -1.25, 0.3), (2.9, 1.25, 2.5)
    gelcoat = surface(paint, rough=0.25, coat=1.0)
    stripe = surface((0.7, 0.7, 0.68), rough=0.25, coat=1.0)
    glass = surface((0.012, 0.016, 0.018), rough=0.03, coat=1.0)
    steel = surface((0.42, 0.43, 0.44), rough=0.4, metal=0.9)
    black = surface((0.02, 0.02, 0.02), rough=0.4, coat=0.3)
    _add_field(_hull, low, high, gelcoat, 0.024)
    _add_field(
        lambda x, y, z: np.maximum(_hull(x, y, z) - 0.012, np.abs(z - 1.32) - 0.06),
        low,
        high,
        stripe,
        0.02,
    )
    _add_field(_windshield, low, high, glass, 0.02)
    _add_field(_motor, (-3.3, -0.4, 0.2), (-2.3, 0.4, 2.0), black, 0.018)
    for side in (-1, 1):
        add_box((5.2, 0.08, 0.1), (0.0, side * 0.62, 0.46), steel)
        add_box((0.06, 0.1, 0.35), (0.4, side * 0.62, 0.62), steel)
        add_box((0.06, 0.1, 0.35), (-1.9, side * 0.62, 0.62), steel)
        _add_wheel(-0.6, side * 1.02, 0.30, "steel", steel, 0.9 * side)
        add_box((0.9, 0.22, 0.03), (-0.6, side * 1.02, 0.66), black)
        add_box((0.02, 0.2, 0.1), (-2.62, side * 0.9, 0.5), surface((0.4, 0.01, 0.01), rough=0.2))
    add_box((0.08, 2.0, 0.1), (-0.6, 0, 0.42), steel)
    add_box((0.08, 1.9, 0.1), (-2.6, 0, 0.46), steel)
    add_box((1.3, 0.1, 0.1), (3.2, 0, 0.44), steel)
    add_box((0.07, 0.07, 0.45), (3.7, 0, 0.23), steel)
    return 6.2, 2.1


def _half_beam(x: Array) -> Array:
    return 1.08 * np.sqrt(np.clip(1 - np.clip((x + 0.6) / 3.35, 0, 1) ** 2.4, 0, 1))


def _hull(x: Array, y: Array, z: Array) -> Array:
    keel = 0.62 + 0.62 * np.clip((x - 0.6) / 2.2, 0, 1) ** 2
    deck = 1.55 + 0.16 * np.clip((x + 0.5) / 3.2, 0, 1) ** 1.5
    flare = np.clip((z - keel) / (deck - keel), 0, 1) ** 0.42
    outside = np.abs(y) - _half_beam(x) * flare
    solid = np.maximum.reduce(np.broadcast_arrays(outside * 0.7, z - deck, keel - z, -2.55 - x))
    well = np.maximum.reduce(np.broadcast_arrays(np.abs(y) - 0.82, x - 0.35, -2.3 - x, 1.05 - z))
    return np.maximum(solid, -well)


def _windshield(x: Array, y: Array, z: Array) -> Array:
    bow = x - 0.62 + 0.45 * (y / 0.9) ** 2 + (z - 1.6) * 0.8
    shell = np.abs(bow) - 0.02
    return np.maximum.reduce(np.broadcast_arrays(shell, np.abs(y) - 0.88, z - 2.02, 1.5 - z))


def _motor(x: Array, y: Array, z: Array) -> Array:
    p = (x, y, z)
    head = ellipsoid(p, (-2.78, 0, 1.55), (0.26, 0.2, 0.3))
    leg = capsule(p, (-2.78, 0, 1.3), (-2.80, 0, 0.72), 0.09)
    foot = ellipsoid(p, (-2.82, 0, 0.58), (0.24, 0.07, 0.08))
    return smooth_min(smooth_min(head, leg, 0.08), foot, 0.05)


CRAFT: dict[str, Callable[[Rgb], tuple[float, float]]] = {
    "motorcycle": _add_motorcycle,
    "boat": _add_boat,
}
