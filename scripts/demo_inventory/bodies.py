"""What each kind of vehicle looks like from the side, and how that drawing becomes a solid.

Lengths are metres; x runs to the front, y to the left, z up. The ground is z = 0 and the middle of
the wheelbase is near x = 0. No brand's car was copied: the outlines were drawn freely.
"""

from __future__ import annotations

from dataclasses import dataclass

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Body:
    """One kind of vehicle with a swept body.

    Attributes:
        lower: Side outline of the body below the windows; corners are rounded off.
        cabin: Side outline of what stands above; empty for none.
        axles: x of the wheels' axes.
        belt: Lower edge of the windows.
        windows: x from and to of each side window; the cabin's outline bounds it above.
        lean: How far the cabin's sides lean inwards per metre of height.
        nose: How far the corners of the front lie behind its middle.
        tail: How far the corners of the rear lie before its middle.
        sill: Below this height the body is bare black plastic.
        seams: x of the door gaps.
        lamps: Height and half height of the headlamps.
        tail_lamps: Height and half height of the tail lamps.
        screen: Height of the upper edge of windscreen and rear window.
        has_rear_window: Vans have none.
        has_face: Lamps, grille and number plate; a trailer's front has none.
        cladding: Wheel arches are edged with black plastic.
        hatches: Middle, height and half sizes of windows and doors in a flat side.
        stripe: A band of this colour (linear) and these heights runs along the side.
        bed: x from, x to and height of the floor of an open load bed.
        wheel: Name of the wheel design (`wheels.DESIGNS`).
    """

    lower: Outline
    cabin: Outline
    axles: tuple[float, ...]
    width: float
    radius: float
    belt: float
    windows: tuple[tuple[float, float], ...] = ()
    lean: float = 0.3
    nose: float = 0.3
    tail: float = 0.16
    sill: float = 0.26
    seams: tuple[float, ...] = ()
    lamps: tuple[float, float] = (0.70, 0.06)
    tail_lamps: tuple[float, float] = (0.88, 0.09)
    screen: float = 1.36
    has_rear_window: bool = True
    has_face: bool = True
    cladding: bool = False
    hatches: tuple[tuple[float, float, float, float], ...] = ()
    stripe: tuple[tuple[float, float, float], float, float] | None = None
    bed: tuple[float, float, float] | None = None
    wheel: str = "five"

    @property
    def front(self) -> float:
        """Foremost x."""
        return max(x for x, _z in self.lower)

    @property
    def rear(self) -> float:
        """Rearmost x."""
        return min(x for x, _z in self.lower)

    @property
    def top(self) -> float:
        """Greatest height."""
        return max(z for _x, z in (*self.lower, *self.cabin))


BODIES: dict[str, Body] = {
    "sedan": Body(
        lower=(
            (-2.20, 0.24), (-2.36, 0.42), (-2.38, 0.80), (-2.34, 1.03), (-1.80, 1.06),
            (0.60, 0.99), (1.10, 0.98), (1.75, 0.90), (2.20, 0.77), (2.40, 0.60), (2.42, 0.36),
            (2.28, 0.20), (1.20, 0.17), (-1.20, 0.17),
        ),
        cabin=(
            (-2.15, 0.80), (-1.95, 1.08), (-1.35, 1.28), (-0.75, 1.43), (-0.10, 1.475),
            (0.35, 1.42), (0.75, 1.22), (1.30, 0.93), (1.35, 0.80),
        ),
        axles=(-1.40, 1.42), width=1.84, radius=0.335, belt=0.99,
        windows=((-1.62, -0.40), (-0.32, 0.92)), seams=(-1.14, -0.36, 0.78), screen=1.36,
    ),
    "hatchback": Body(
        lower=(
            (-1.85, 0.26), (-1.98, 0.44), (-2.02, 0.80), (-1.98, 1.04), (-1.70, 1.08),
            (0.60, 1.00), (1.00, 1.00), (1.50, 0.92), (1.85, 0.80), (2.02, 0.62), (2.04, 0.38),
            (1.90, 0.22), (1.10, 0.18), (-1.10, 0.18),
        ),
        cabin=(
            (-1.98, 0.85), (-1.96, 1.05), (-1.68, 1.36), (-1.50, 1.46), (-0.55, 1.52),
            (0.10, 1.48), (0.55, 1.28), (1.12, 0.95), (1.15, 0.80),
        ),
        axles=(-1.24, 1.26), width=1.77, radius=0.32, belt=1.00,
        windows=((-1.58, -0.52), (-0.44, 0.80)), seams=(-1.06, -0.48, 0.64), screen=1.40,
        tail_lamps=(0.98, 0.14), wheel="seven",
    ),
    "suv": Body(
        lower=(
            (-2.15, 0.36), (-2.30, 0.50), (-2.34, 0.92), (-2.28, 1.16), (-1.90, 1.20),
            (0.70, 1.13), (1.20, 1.12), (1.80, 1.06), (2.20, 0.95), (2.34, 0.76), (2.36, 0.48),
            (2.22, 0.32), (1.20, 0.26), (-1.20, 0.26),
        ),
        cabin=(
            (-2.26, 0.95), (-2.24, 1.20), (-2.02, 1.52), (-1.85, 1.66), (-0.70, 1.73),
            (0.10, 1.70), (0.55, 1.50), (1.20, 1.08), (1.22, 0.90),
        ),
        axles=(-1.40, 1.42), width=1.90, radius=0.37, belt=1.13,
        windows=((-1.98, -1.36), (-1.28, -0.42), (-0.34, 0.86)), seams=(-1.16, -0.38, 0.76),
        lamps=(0.90, 0.065), tail_lamps=(1.06, 0.13), screen=1.60, sill=0.44, cladding=True,
        lean=0.26, wheel="five",
    ),
    "coupe": Body(
        lower=(
            (-2.05, 0.22), (-2.22, 0.40), (-2.25, 0.74), (-2.22, 0.96), (-1.70, 0.99),
            (0.30, 0.90), (0.90, 0.90), (1.65, 0.82), (2.12, 0.68), (2.30, 0.52), (2.30, 0.30),
            (2.18, 0.17), (1.20, 0.14), (-1.20, 0.14),
        ),
        cabin=(
            (-2.05, 0.72), (-1.92, 0.98), (-1.20, 1.19), (-0.60, 1.29), (-0.15, 1.31),
            (0.20, 1.25), (0.60, 1.07), (1.15, 0.84), (1.18, 0.72),
        ),
        axles=(-1.32, 1.34), width=1.88, radius=0.34, belt=0.91,
        windows=((-1.25, -0.72), (-0.64, 0.78)), seams=(-0.68, 0.66), lamps=(0.62, 0.05),
        tail_lamps=(0.80, 0.06), screen=1.21, nose=0.42, wheel="ten",
    ),
    "pickup": Body(
        lower=(
            (-2.78, 0.52), (-2.88, 0.62), (-2.90, 1.00), (-2.86, 1.17), (-2.40, 1.19),
            (0.80, 1.16), (1.40, 1.16), (2.10, 1.11), (2.50, 1.02), (2.68, 0.84), (2.70, 0.52),
            (2.56, 0.40), (1.20, 0.36), (-1.50, 0.40),
        ),
        cabin=(
            (-1.00, 0.90), (-1.00, 1.20), (-0.93, 1.60), (-0.80, 1.76), (-0.10, 1.83),
            (0.55, 1.80), (0.90, 1.55), (1.45, 1.10), (1.48, 0.90),
        ),
        axles=(-1.78, 1.75), width=1.98, radius=0.40, belt=1.18,
        windows=((-0.84, 0.05), (0.13, 1.12)), seams=(-0.94, 0.09, 1.05), lamps=(0.92, 0.09),
        tail_lamps=(0.98, 0.15), screen=1.70, sill=0.5, lean=0.2, nose=0.2, tail=0.06,
        bed=(-2.78, -1.12, 0.72), wheel="six",
    ),
    "van": Body(
        lower=(
            (-2.58, 0.34), (-2.66, 0.46), (-2.68, 1.00), (-2.66, 1.18), (-2.30, 1.20),
            (1.10, 1.20), (1.80, 1.14), (2.25, 1.00), (2.56, 0.80), (2.62, 0.48), (2.48, 0.28),
            (1.20, 0.24), (-1.20, 0.24),
        ),
        cabin=(
            (-2.66, 0.95), (-2.66, 1.30), (-2.60, 2.10), (-2.45, 2.26), (-0.50, 2.32),
            (0.60, 2.28), (0.98, 2.10), (1.95, 1.12), (1.98, 0.95),
        ),
        axles=(-1.62, 1.66), width=2.00, radius=0.35, belt=1.24, windows=((0.34, 1.52),),
        seams=(-1.02, 0.28, 1.36), lamps=(0.86, 0.09), tail_lamps=(1.06, 0.2), screen=1.98,
        has_rear_window=False, lean=0.1, tail=0.05, nose=0.26, sill=0.4, wheel="steel",
    ),
    "minivan": Body(
        lower=(
            (-2.40, 0.30), (-2.50, 0.44), (-2.54, 0.90), (-2.50, 1.12), (-2.10, 1.15),
            (0.90, 1.08), (1.50, 1.05), (2.05, 0.94), (2.40, 0.78), (2.52, 0.58), (2.52, 0.34),
            (2.38, 0.22), (1.20, 0.18), (-1.20, 0.18),
        ),
        cabin=(
            (-2.50, 0.95), (-2.48, 1.15), (-2.26, 1.52), (-2.05, 1.70), (-0.80, 1.77),
            (0.20, 1.74), (0.75, 1.54), (1.72, 1.02), (1.75, 0.88),
        ),
        axles=(-1.50, 1.52), width=1.96, radius=0.345, belt=1.06,
        windows=((-2.20, -1.42), (-1.34, -0.16), (-0.08, 1.28)), seams=(-1.38, -0.12, 1.08),
        lamps=(0.74, 0.07), tail_lamps=(1.08, 0.2), screen=1.62, lean=0.24, wheel="ten",
    ),
    "bus": Body(
        lower=(
            (-5.40, 0.36), (-5.50, 0.50), (-5.50, 1.30), (-5.30, 1.40), (5.30, 1.40),
            (5.48, 1.30), (5.50, 0.48), (5.38, 0.34), (1.20, 0.32), (-1.20, 0.32),
        ),
        cabin=(
            (-5.50, 1.00), (-5.50, 1.40), (-5.44, 2.90), (-5.30, 3.05), (0.0, 3.10),
            (5.20, 3.05), (5.36, 2.90), (5.48, 1.40), (5.50, 1.00),
        ),
        axles=(-2.90, 3.00), width=2.5, radius=0.5, belt=1.45,
        windows=(
            (-4.95, -3.55), (-3.47, -2.07), (-1.99, -0.59), (-0.51, 0.89), (0.97, 2.37),
            (2.45, 3.75), (3.95, 5.05),
        ),
        seams=(3.85, 5.15), lamps=(0.74, 0.1), tail_lamps=(1.0, 0.22), screen=2.62, lean=0.03,
        nose=0.22, tail=0.08, wheel="steel",
    ),
    "rv": Body(
        lower=(
            (-3.30, 0.44), (-3.40, 0.56), (-3.40, 1.30), (-3.20, 1.40), (1.30, 1.36),
            (2.00, 1.24), (2.50, 1.06), (2.78, 0.84), (2.82, 0.50), (2.66, 0.34), (1.20, 0.30),
            (-1.20, 0.34),
        ),
        cabin=(
            (-3.40, 1.00), (-3.40, 1.40), (-3.38, 2.72), (-3.20, 2.90), (1.70, 2.92),
            (2.05, 2.62), (1.95, 2.16), (1.62, 2.02), (2.20, 1.26), (2.22, 1.05),
        ),
        axles=(-1.95, 1.92), width=2.15, radius=0.37, belt=1.34,
        windows=((0.85, 1.86),), seams=(0.72, 1.72), lamps=(0.88, 0.09), tail_lamps=(1.0, 0.18),
        hatches=((-2.55, 1.85, 0.42, 0.26), (-1.35, 1.85, 0.36, 0.26), (-0.25, 1.55, 0.32, 0.95)),
        stripe=((0.10, 0.16, 0.24), 1.02, 1.16),
        screen=1.98, has_rear_window=False, lean=0.02, tail=0.05, nose=0.28, sill=0.46,
        wheel="steel",
    ),
    "trailer": Body(
        lower=(
            (-1.95, 0.50), (-1.98, 0.60), (-1.98, 2.20), (-1.90, 2.30), (1.45, 2.30),
            (1.70, 2.10), (1.86, 0.62), (1.84, 0.50),
        ),
        cabin=(), axles=(-0.52, 0.30), width=1.95, radius=0.33, belt=1.3, nose=0.3, tail=0.02,
        hatches=((0.95, 1.35, 0.34, 0.8),), tail_lamps=(0.75, 0.1), has_face=False,
        sill=0.6, wheel="steel",
    ),
}  # fmt: skip
