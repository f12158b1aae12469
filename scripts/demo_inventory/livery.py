"""What is on a body besides paint, drawn flat: windows, lamps, grille, door gaps, number plate.

Three drawings a vehicle (side, front, rear) are projected onto its body by the renderer. A drawing
says for every point whether it is something else than paint, in what colour, how rough, and whether
it is under clear coat or glass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from bodies import Body
from fields import Array, outline_distance

_STEP = 0.003
_MARGIN = 0.12

Ink = tuple[float, float, float]

GLASS: Ink = (0.010, 0.013, 0.015)
PLASTIC: Ink = (0.022, 0.022, 0.023)
GAP: Ink = (0.004, 0.004, 0.004)
LAMP: Ink = (0.78, 0.80, 0.82)
CHROME: Ink = (0.55, 0.56, 0.58)
RED_LENS: Ink = (0.36, 0.006, 0.008)
AMBER: Ink = (0.75, 0.22, 0.02)
PLATE: Ink = (0.72, 0.72, 0.68)


@dataclass
class Drawing:
    """One drawing in metres: `u` along the picture, `z` up.

    Attributes:
        color: Linear RGB and "is not paint", shape (rows, columns, 4), first row lowest.
        surface: Roughness, coat and metallic, shape (rows, columns, 3).
    """

    u0: float
    u1: float
    z1: float
    color: Array = field(init=False)
    surface: Array = field(init=False)

    def __post_init__(self) -> None:
        columns, rows = int((self.u1 - self.u0) / _STEP), int(self.z1 / _STEP)
        self.color = np.zeros((rows, columns, 4), np.float32)
        self.surface = np.zeros((rows, columns, 3), np.float32)
        self.u = self.u0 + (np.arange(columns)[None, :] + 0.5) * _STEP
        self.z = (np.arange(rows)[:, None] + 0.5) * _STEP

    def put(
        self, where: Array, ink: Ink, *, rough: float, coat: float = 0.0, metal: float = 0.0
    ) -> None:
        """Cover the points of a mask, shape (rows, columns) or broadcastable to it."""
        where = np.broadcast_to(where, self.color.shape[:2])
        self.color[where] = (*ink, 1.0)
        self.surface[where] = (rough, coat, metal)

    def box(self, u: float, z: float, half_u: float, half_z: float, corner: float = 0.02) -> Array:
        """Return the distance to a rectangle with round corners; both signs of `u` are drawn."""
        du = np.abs(np.abs(self.u) - abs(u)) - half_u + corner
        dz = np.abs(self.z - z) - half_z + corner
        outside = np.hypot(np.maximum(du, 0), np.maximum(dz, 0))
        return np.minimum(np.maximum(du, dz), 0) + outside - corner


def draw_side(body: Body) -> Drawing:
    """Return what shows from the left and the right."""
    art = Drawing(body.rear - _MARGIN, body.front + _MARGIN, body.top + _MARGIN)
    if body.stripe:
        ink, low, high = body.stripe
        art.put((art.z > low) & (art.z < high), ink, rough=0.3, coat=1.0)
    _draw_sill(art, body)
    for u, z, half_u, half_z in body.hatches:
        _draw_hatch(art, u, z, half_u, half_z)
    for seam in body.seams:
        gap = np.abs(art.u - seam - 0.04 * (art.z - body.belt)) < 0.006
        art.put(gap & (art.z > body.sill) & (art.z < body.belt + 0.02), GAP, rough=0.6)
    for seam in body.seams[:-1] if len(body.seams) > 1 else ():
        grip = _at(art, seam + 0.15, body.belt - 0.12, 0.10, 0.017) < 0
        art.put(grip, PLASTIC, rough=0.35, coat=0.6)
    if body.cabin:
        _draw_side_windows(art, body)
    if body.has_face:
        _draw_wrapped_lamps(art, body)
    return art


def _draw_hatch(art: Drawing, u: float, z: float, half_u: float, half_z: float) -> None:
    hatch = _at(art, u, z, half_u, half_z)
    if half_z < half_u:  # a window
        art.put(hatch < 0.035, GAP, rough=0.4, coat=0.4)
        art.put(hatch < 0, GLASS, rough=0.03, coat=1.0)
        return
    art.put(np.abs(hatch) < 0.009, GAP, rough=0.5)
    art.put(_at(art, u + half_u - 0.07, z - 0.1, 0.02, 0.06) < 0, CHROME, rough=0.2, metal=1.0)


def _draw_sill(art: Drawing, body: Body) -> None:
    art.put(art.z < body.sill, PLASTIC, rough=0.55)
    if body.cladding:
        for axle in body.axles:
            r = np.hypot(art.u - axle, art.z - body.radius)
            art.put(r < body.radius + 0.14, PLASTIC, rough=0.6)


def _draw_side_windows(art: Drawing, body: Body) -> None:
    inside = outline_distance(body.cabin, art.u, art.z)
    height = art.z - body.belt
    for rear, front in body.windows:
        pane = np.maximum(rear + 0.05 * height - art.u, art.u - front)
        pane = np.maximum(np.maximum(pane, inside + 0.075), -height)
        pane = np.maximum(pane, art.z - body.screen - 0.06)
        art.put(pane < 0.035, GAP, rough=0.25, coat=0.7)
        art.put(pane < 0.0, GLASS, rough=0.02, coat=1.0)
    art.put((np.abs(height + 0.012) < 0.010) & (inside < -0.05), PLASTIC, rough=0.3, coat=0.5)


def _draw_wrapped_lamps(art: Drawing, body: Body) -> None:
    z, half = body.lamps
    lean = (art.u - body.front) * 0.10
    lamp = np.maximum(np.abs(art.z - z + lean) - half, body.front - 0.42 - art.u)
    _draw_lamp(art, lamp, art.u)
    z, half = body.tail_lamps
    lens = np.maximum(np.abs(art.z - z) - half, art.u - body.rear - 0.20)
    art.put(lens < 0.008, GAP, rough=0.4)
    art.put(lens < 0, RED_LENS, rough=0.08, coat=1.0)
    marker = _at(art, body.front - 0.42, z * 0.62, 0.05, 0.018) < 0
    art.put(marker, AMBER, rough=0.1, coat=1.0)


def _draw_lamp(art: Drawing, lamp: Array, along: Array) -> None:
    art.put(lamp < 0.010, GAP, rough=0.3, coat=0.8)
    art.put(lamp < 0.0, (0.16, 0.17, 0.18), rough=0.06, coat=1.0, metal=0.3)
    cells = np.cos(along * 46) > -0.2
    art.put((lamp < -0.016) & cells, LAMP, rough=0.05, coat=1.0, metal=0.4)


def draw_front(body: Body) -> Drawing:
    """Return what shows from ahead: windscreen, lamps, grille, air intake, plate."""
    half = body.width / 2
    art = Drawing(-half - _MARGIN, half + _MARGIN, body.top + _MARGIN)
    _draw_screen(art, body)
    if not body.has_face:
        return art
    z, lamp_half = body.lamps
    art.put(art.z < body.sill + 0.02, PLASTIC, rough=0.5)
    u = np.abs(art.u)
    bonnet = np.abs(art.z - z - lamp_half - 0.07 - 0.05 * (u / half) ** 2) < 0.007
    art.put(bonnet & (u < half * 0.84), GAP, rough=0.5)
    _draw_grille(art, z - 0.06, half * 0.46, lamp_half + 0.045)
    lean = (u - half) * 0.10
    lamp = np.maximum(np.abs(art.z - z - lean) - lamp_half, half * 0.52 - u)
    _draw_lamp(art, lamp, art.u)
    low = (body.sill + z) / 2 - 0.06
    intake = art.box(0, low, half * 0.62, 0.055, 0.04)
    art.put(intake < 0, GAP, rough=0.7)
    art.put((intake < 0) & (np.cos(art.z * 260) > 0.55), PLASTIC, rough=0.4)
    fog = art.box(half * 0.78, low, 0.075, 0.05, 0.03)
    art.put(fog < 0.012, GAP, rough=0.5)
    art.put(fog < -0.018, LAMP, rough=0.1, coat=1.0, metal=0.5)
    _draw_plate(art, low + 0.075)
    return art


def _draw_grille(art: Drawing, z: float, half_u: float, half_z: float) -> None:
    grille = art.box(0, z, half_u, half_z, 0.05)
    art.put(grille < 0.014, CHROME, rough=0.15, coat=0.4, metal=1.0)
    art.put(grille < 0, GAP, rough=0.5)
    art.put((grille < -0.006) & (np.cos(art.z * 210) > 0.2), PLASTIC, rough=0.25, coat=0.5)
    emblem = np.hypot(art.u / 1.5, art.z - z)
    art.put(emblem < 0.048, CHROME, rough=0.12, metal=1.0)
    art.put(emblem < 0.034, PLASTIC, rough=0.2, coat=1.0)


def _draw_plate(art: Drawing, z: float) -> None:
    art.put(art.box(0, z, 0.27, 0.062, 0.012) < 0, GAP, rough=0.5)
    art.put(art.box(0, z, 0.26, 0.054, 0.01) < 0, PLATE, rough=0.4)
    signs = (np.mod(art.u + 0.02, 0.058) < 0.034) & (np.abs(art.u) < 0.2)
    art.put(signs & (np.abs(art.z - z) < 0.03), (0.03, 0.03, 0.06), rough=0.5)


def _draw_screen(art: Drawing, body: Body) -> None:
    if not body.cabin:
        return
    lean = 0.045 + body.lean * np.maximum(art.z - body.belt, 0)
    pane = np.abs(art.u) - (body.width / 2 - lean - 0.085)
    pane = np.maximum(pane, np.maximum(body.belt + 0.005 - art.z, art.z - body.screen))
    art.put(pane < 0.02, GAP, rough=0.25, coat=0.8)
    art.put(pane < 0, GLASS, rough=0.02, coat=1.0)


def draw_rear(body: Body) -> Drawing:
    """Return what shows from behind: window, lamps, boot gap, plate."""
    half = body.width / 2
    art = Drawing(-half - _MARGIN, half + _MARGIN, body.top + _MARGIN)
    if body.has_rear_window:
        _draw_screen(art, body)
    z, lens_half = body.tail_lamps
    inner = half * (0.5 if lens_half < 0.11 else 0.76)
    if body.has_face:
        art.put(art.z < body.sill + 0.06, PLASTIC, rough=0.5)
        gap = np.abs(art.box(0, body.belt - 0.16, inner + 0.04, 0.24, 0.08)) < 0.006
        art.put(gap & (art.z < body.belt), GAP, rough=0.5)
        _draw_plate(art, z - 0.16 if lens_half < 0.11 else z - 0.12)
    else:
        door = np.minimum(np.abs(art.u), np.abs(art.box(0, 1.4, half - 0.1, 0.82, 0.03)))
        art.put((door < 0.009) & (art.z < 2.2) & (art.z > 0.55), GAP, rough=0.5)
    lens = np.maximum(np.abs(art.z - z) - lens_half, inner - np.abs(art.u))
    art.put(lens < 0.010, GAP, rough=0.4)
    art.put(lens < 0, RED_LENS, rough=0.08, coat=1.0)
    white = np.maximum(lens, np.abs(art.z - z + lens_half * 0.4) - 0.022)
    art.put(white < -0.012, LAMP, rough=0.1, coat=1.0)
    return art


def _at(art: Drawing, u: float, z: float, half_u: float, half_z: float) -> Array:
    """Return the distance to a small upright box."""
    return np.maximum(np.abs(art.u - u) - half_u, np.abs(art.z - z) - half_z)
