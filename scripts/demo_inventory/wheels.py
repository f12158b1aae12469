"""Wheels: tyre and rim as distance fields; the rim's designs are repeated spokes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from fields import Array, Mesh, mesh_field

_STEP = 0.009
_HALF_WIDTH = 0.112


@dataclass(frozen=True)
class Design:
    """Spokes: how many, half width at hub and rim (metres), share of the tyre that is rim."""

    spokes: int
    at_hub: float
    at_rim: float
    rim: float = 0.70
    is_bright: bool = True


DESIGNS = {
    "five": Design(5, 0.055, 0.030),
    "six": Design(6, 0.050, 0.040),
    "seven": Design(7, 0.035, 0.022),
    "ten": Design(10, 0.018, 0.013, rim=0.74),
    "steel": Design(12, 0.075, 0.055, rim=0.62),
}


@cache
def tyre_mesh(radius: float, rim: float) -> Mesh:
    """Return a tyre around the y axis, its middle at the origin."""

    def field(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, z)
        outer, inner = r - radius + 0.035, rim * radius + 0.035 - r
        across = np.abs(y) - _HALF_WIDTH + 0.035
        edge = np.maximum(outer, inner)
        rounded = np.hypot(np.maximum(edge, 0), np.maximum(across, 0)) - 0.035
        return np.minimum(np.maximum(edge, across), 0) + rounded

    reach = radius + 0.02
    return mesh_field(field, (-reach, -0.14, -reach), (reach, 0.14, reach), _STEP * 1.4)


@cache
def rim_mesh(radius: float, name: str) -> Mesh:
    """Return a rim around the y axis; its outside shows to +y."""
    design = DESIGNS[name]
    edge = design.rim * radius

    def field(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, z)
        barrel = np.maximum(np.abs(r - edge + 0.004) - 0.016, np.abs(y) - 0.1)
        turn = 2 * np.pi / design.spokes
        angle = np.mod(np.arctan2(z, x) + turn / 2, turn) - turn / 2
        half = design.at_hub + (design.at_rim - design.at_hub) * r / edge
        face = 0.062 + 0.028 * (r / edge) ** 2
        spoke = np.maximum.reduce(
            np.broadcast_arrays(
                np.abs(r * np.sin(angle)) - half, np.abs(y - face) - 0.018, r - edge
            )
        )
        hub = np.maximum(r - 0.065, np.abs(y - 0.075) - 0.03)
        return np.minimum(np.minimum(barrel, spoke), hub)

    reach = edge + 0.04
    return mesh_field(field, (-reach, -0.13, -reach), (reach, 0.13, reach), _STEP)
