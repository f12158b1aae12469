"""Where vehicles stand: sky, sun, asphalt, buildings and trees, or a white studio."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import bpy
import numpy as np
from fields import Array, Mesh
from parts import Nodes, Rgb, add_box, add_mesh, add_object, add_vehicle, linear, surface

_NEIGHBOURS: tuple[tuple[str, tuple[int, int, int]], ...] = (
    ("sedan", (150, 153, 158)),
    ("suv", (24, 25, 27)),
    ("hatchback", (225, 226, 226)),
    ("minivan", (96, 100, 106)),
)


@dataclass(frozen=True)
class Place:
    """An outdoor scene.

    Attributes:
        sun: Direction in degrees round the vehicle (0: from its front) and above the horizon.
        sunlight: Strength; low under clouds.
        clouds: Share of the sky, 0-1.
        ground: "asphalt", "concrete", "gravel" or "grass".
        behind: What stands behind the vehicle: "showroom", "warehouse", "trees", "row", "street".
    """

    sun: tuple[float, float]
    sunlight: float
    clouds: float
    ground: str
    behind: str


PLACES: dict[str, Place] = {
    "showroom": Place((35, 48), 4.8, 0.35, "asphalt", "showroom"),
    "row": Place((-50, 40), 4.4, 0.45, "asphalt", "row"),
    "trees": Place((60, 35), 4.6, 0.3, "asphalt", "trees"),
    "overcast": Place((20, 60), 0.7, 0.95, "asphalt", "trees"),
    "warehouse": Place((-30, 55), 4.3, 0.4, "concrete", "warehouse"),
    "street": Place((80, 30), 4.1, 0.25, "asphalt", "street"),
    "gravel": Place((-70, 42), 4.6, 0.3, "gravel", "trees"),
    "field": Place((50, 50), 4.1, 0.5, "grass", "trees"),
    "evening": Place((100, 14), 3.5, 0.4, "concrete", "row"),
}


def build_place(place: Place, *, away: float, rng: np.random.Generator) -> None:
    """Build a scene around the origin.

    Args:
        place: What to build.
        away: Direction from the vehicle away from the camera, radians: where the background goes.
        rng: Varies everything that two photos of one lot do not share.
    """
    _add_sky(place, away, rng)
    _add_ground(place, rng)
    _BACKGROUNDS[place.behind](away, rng)
    _add_trees(away, rng, distance=(34, 60), count=24)
    if place.ground == "asphalt":
        _add_stripes(rng)


def build_studio() -> None:
    """Build a light tent: bright panels to be mirrored in the paint, and a floor for the shadow."""
    world = _new_world()
    nodes = Nodes(world)
    ray = nodes.add("ShaderNodeTexCoord").outputs["Generated"]
    height = nodes.add("ShaderNodeSeparateXYZ", Vector=ray).outputs[2]
    up = nodes.math("MAXIMUM", height, 0.0)
    glow = nodes.math("ADD", nodes.math("MULTIPLY", nodes.math("POWER", up, 0.8), 0.6), 0.10)
    sky = nodes.add("ShaderNodeBackground", Color=(1, 1, 1, 1), Strength=glow)
    nodes.add("ShaderNodeOutputWorld", Surface=sky.outputs[0])
    for (x, y, z), strength, is_mirrored in (
        ((0.0, 0.0, 6.0), 300.0, True),
        ((6.0, -5.5, 3.5), 150.0, False),
        ((5.5, 6.5, 3.5), 190.0, False),
        ((-7.0, 0.0, 3.5), 120.0, False),
    ):
        light = bpy.data.lights.new("panel", "AREA")
        light.shape, light.size, light.size_y = "RECTANGLE", 5.0, 2.4
        light.energy = strength
        panel = add_object("panel", light, (x, y, z))
        panel.rotation_euler = (
            np.arctan2(np.hypot(x, y), z - 0.8),
            0,
            np.arctan2(y, x) + np.pi / 2,
        )
        panel.visible_glossy = is_mirrored
    floor = _plane(60, surface((0.8, 0.8, 0.8), rough=0.6))
    floor.is_shadow_catcher = True


# ---- sky and ground ------------------------------------------------------------------------------


def _new_world() -> Any:
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    return world


def _add_sky(place: Place, away: float, rng: np.random.Generator) -> None:
    nodes = Nodes(_new_world())
    ray = nodes.add("ShaderNodeTexCoord").outputs["Generated"]
    height = nodes.add("ShaderNodeSeparateXYZ", Vector=ray).outputs[2]
    up = nodes.math("POWER", nodes.math("MAXIMUM", height, 0.0), 0.55)
    haze, zenith = (0.66, 0.76, 0.90, 1), (0.10, 0.24, 0.62, 1)
    if place.sun[1] < 20:
        haze, zenith = (0.95, 0.72, 0.52, 1), (0.20, 0.30, 0.55, 1)
    blue = nodes.mix(up, haze, zenith)
    # Clouds lie on a flat ceiling: the ray is divided by its height.
    ceiling = nodes.math("ADD", nodes.math("MAXIMUM", height, 0.0), 0.12)
    spread = nodes.add("ShaderNodeVectorMath", settings={"operation": "DIVIDE"}, _0=ray)
    nodes.set(
        spread.inputs[1], nodes.add("ShaderNodeCombineXYZ", X=ceiling, Y=ceiling, Z=1.0).outputs[0]
    )
    shift = rng.uniform(0, 40, 3)
    moved = nodes.add("ShaderNodeVectorMath", _0=spread.outputs[0], _1=tuple(shift)).outputs[0]
    noise = nodes.noise(0.9, 9.0, Vector=moved)
    edge = 0.68 - 0.34 * place.clouds
    cover = nodes.math("DIVIDE", nodes.math("SUBTRACT", noise, edge), 0.14)
    cover = nodes.math("MAXIMUM", 0.0, nodes.math("MINIMUM", 1.0, cover))
    white = (0.62, 0.64, 0.68, 1) if place.clouds > 0.8 else (0.98, 0.97, 0.95, 1)
    sky = nodes.mix(cover, blue, white)
    sky = nodes.mix(nodes.math("LESS_THAN", height, 0.0), sky, (0.16, 0.16, 0.16, 1))
    glow = nodes.add(
        "ShaderNodeBackground", Color=sky, Strength=1.25 if place.clouds > 0.8 else 0.6
    )
    nodes.add("ShaderNodeOutputWorld", Surface=glow.outputs[0])
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy = place.sunlight
    lamp.angle = np.radians(0.6 if place.sunlight > 1 else 25)
    lamp.color = (1.0, 0.62, 0.36) if place.sun[1] < 20 else (1.0, 0.93, 0.84)
    sun = add_object("sun", lamp)
    # Relative to the camera, so that the side that is photographed is mostly lit.
    around = away + np.pi + np.radians(place.sun[0] + rng.uniform(-12, 12))
    sun.rotation_euler = (np.radians(90 - place.sun[1]), 0, around + np.pi / 2)


def _plane(size: float, material: Any) -> Any:
    half = size / 2
    corners = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]])
    return add_mesh("ground", Mesh(corners, np.array([[0, 1, 2, 3]])), material, is_smooth=False)


_GROUNDS: dict[str, tuple[Rgb, Rgb, float]] = {
    "asphalt": ((0.055, 0.055, 0.058), (0.115, 0.113, 0.110), 1.0),
    "concrete": ((0.22, 0.21, 0.20), (0.36, 0.35, 0.33), 0.5),
    "gravel": ((0.16, 0.14, 0.12), (0.42, 0.39, 0.35), 2.5),
    "grass": ((0.030, 0.062, 0.016), (0.085, 0.140, 0.035), 2.5),
}


def _add_ground(place: Place, rng: np.random.Generator) -> None:
    dark, light, roughness = _GROUNDS[place.ground]
    material = bpy.data.materials.new("ground")
    nodes = Nodes(material)
    where = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    moved = nodes.add("ShaderNodeVectorMath", _0=where, _1=tuple(rng.uniform(0, 50, 3))).outputs[0]
    fine = nodes.noise(70.0, 3.0, Vector=moved)
    coarse = nodes.noise(0.5, 6.0, Vector=moved)
    stains = nodes.noise(2.2, 5.0, Vector=moved)
    mixed = nodes.math(
        "ADD", nodes.math("MULTIPLY", fine, 0.8), nodes.math("MULTIPLY", coarse, 0.9)
    )
    mixed = nodes.math("MULTIPLY", nodes.math("SUBTRACT", mixed, 0.45), 1.4)
    color = nodes.mix(mixed, (*dark, 1), (*light, 1))
    spots = nodes.math("MULTIPLY", nodes.math("GREATER_THAN", stains, 0.64), 0.35)
    color = nodes.mix(spots, color, (*(0.5 * c for c in dark), 1))
    bump = nodes.add("ShaderNodeBump", Strength=0.35 * roughness, Distance=0.02, Height=fine)
    shader = nodes.add("ShaderNodeBsdfPrincipled", Base_Color=color, Roughness=0.85)
    nodes.set(shader.inputs["Normal"], bump.outputs[0])
    nodes.add("ShaderNodeOutputMaterial", Surface=shader.outputs[0])
    _plane(240, material)


def _add_stripes(rng: np.random.Generator) -> None:
    """Add worn parking lines beside the vehicle."""
    paint = bpy.data.materials.new("stripe")
    nodes = Nodes(paint)
    worn = nodes.noise(9.0, 8.0, Vector=nodes.add("ShaderNodeTexCoord").outputs["Object"])
    color = nodes.mix(
        nodes.math("GREATER_THAN", worn, 0.56), (0.55, 0.55, 0.52, 1), (0.12, 0.12, 0.12, 1)
    )
    shader = nodes.add("ShaderNodeBsdfPrincipled", Base_Color=color, Roughness=0.8)
    nodes.add("ShaderNodeOutputMaterial", Surface=shader.outputs[0])
    shift = rng.uniform(-0.2, 0.2)
    for lane in range(-5, 6):
        add_box((5.4, 0.11, 0.004), (0.2, 1.5 + shift + lane * 3.0, 0.002), paint)


# ---- backgrounds ---------------------------------------------------------------------------------


def _put(away: float, forward: float, aside: float) -> tuple[float, float, float]:
    """Return the point so far behind the vehicle and to the right of the view."""
    return (
        forward * np.cos(away) + aside * np.sin(away),
        forward * np.sin(away) - aside * np.cos(away),
        0.0,
    )


def _showroom(away: float, rng: np.random.Generator) -> None:
    """A glass front under a white fascia with a coloured band."""
    far, width, height = rng.uniform(22, 28), 46.0, 6.2
    turn = away - np.pi / 2 + rng.uniform(-0.15, 0.15)
    shift = rng.uniform(-6, 6)

    def block(
        size: tuple[float, float, float], aside: float, z: float, near: float, what: Any
    ) -> None:
        x, y, _z = _put(away, far - near, aside + shift)
        add_box(size, (x, y, z), what, turn)

    wall = surface((0.62, 0.62, 0.60), rough=0.6)
    band = surface(linear(tuple(int(c) for c in rng.integers(30, 140, 3))), rough=0.4)
    block(
        (width, 8, height), 0, height / 2, -4.2, surface((0.05, 0.06, 0.07), rough=0.05, coat=1.0)
    )
    block((width + 1.6, 1.4, 1.5), 0, height - 0.3, 0.6, wall)
    block((width + 1.7, 1.5, 0.28), 0, height - 0.75, 0.65, band)
    frame = surface((0.35, 0.36, 0.37), rough=0.4, metal=0.6)
    for aside in np.arange(-width / 2, width / 2 + 0.1, 2.3):
        block((0.12, 0.2, height - 1), float(aside), (height - 1) / 2, 0.1, frame)
    block((width, 0.2, 0.1), 0, 2.7, 0.1, frame)
    block((width, 0.6, 0.35), 0, 0.17, 0.2, wall)


def _warehouse(away: float, rng: np.random.Generator) -> None:
    """A brick wall with roller doors."""
    material = bpy.data.materials.new("brick")
    nodes = Nodes(material)
    where = nodes.add("ShaderNodeTexCoord").outputs["Object"]
    parts = nodes.add("ShaderNodeSeparateXYZ", Vector=where).outputs
    flat = nodes.add("ShaderNodeCombineXYZ", X=parts[0], Y=parts[2]).outputs[0]
    bricks = nodes.add(
        "ShaderNodeTexBrick", Vector=flat, Scale=2.2, Color1=(0.26, 0.12, 0.08, 1),
        Color2=(0.36, 0.18, 0.12, 1), Mortar=(0.42, 0.40, 0.37, 1), Mortar_Size=0.012,
    )  # fmt: skip
    dirt = nodes.noise(0.6, 8.0, Vector=where)
    color = nodes.mix(nodes.math("MULTIPLY", dirt, 0.5), bricks.outputs[0], (0.2, 0.18, 0.16, 1))
    shader = nodes.add("ShaderNodeBsdfPrincipled", Base_Color=color, Roughness=0.85)
    nodes.add("ShaderNodeOutputMaterial", Surface=shader.outputs[0])
    far, turn = rng.uniform(9, 12), away - np.pi / 2 + rng.uniform(-0.1, 0.1)
    door = surface((0.42, 0.44, 0.46), rough=0.45, metal=0.3)
    x, y, _z = _put(away, far + 4, 0)
    add_box((60, 8, 7), (x, y, 3.5), material, turn)
    for aside in np.arange(-24, 25, 8) + rng.uniform(-2, 2):
        for slat in range(14):
            x, y, _z = _put(away, far - 0.02 - 0.03 * (slat % 2), float(aside))
            add_box((4, 0.1, 0.27), (x, y, 0.14 + slat * 0.27), door, turn)


def _row(away: float, rng: np.random.Generator) -> None:
    """A row of other vehicles, and the showroom behind them."""
    facing = away + np.pi + rng.uniform(0.5, 0.9) * rng.choice([-1, 1])
    for place in range(-3, 4):
        if rng.random() < 0.15:
            continue
        kind, paint = _NEIGHBOURS[int(rng.integers(len(_NEIGHBOURS)))]
        x, y, _z = _put(away, 8.2 + rng.uniform(-0.2, 0.4), place * 3.1 + rng.uniform(-0.2, 0.2))
        add_vehicle(kind, linear(paint), metallic=0.3, at=(x, y), turn=facing)
    _showroom(away, rng)


def _street(away: float, rng: np.random.Generator) -> None:
    """Kerb, pavement and house fronts with windows."""
    turn = away - np.pi / 2
    x, y, _z = _put(away, 6.5, 0)
    add_box((120, 4, 0.14), (x, y, 0.07), surface((0.34, 0.33, 0.32), rough=0.9), turn)
    glass = surface((0.03, 0.04, 0.05), rough=0.08, coat=1.0)
    trim = surface((0.6, 0.59, 0.56), rough=0.7)
    for house in range(-4, 5):
        tone = rng.uniform(0.25, 0.6) * np.array(
            [1, rng.uniform(0.85, 0.96), rng.uniform(0.7, 0.9)]
        )
        height = rng.uniform(8, 13)
        x, y, _z = _put(away, 12.5, house * 9.0)
        add_box((8.9, 8, height), (x, y, height / 2), surface(tuple(tone), rough=0.9), turn)
        for column in (-3, -1, 1, 3):
            for z in np.arange(1.7, height - 1.2, 3.1):
                x, y, _z = _put(away, 8.5, house * 9.0 + column)
                add_box((1.24, 0.1, 1.84), (x, y, float(z)), trim, turn)
                add_box((1.0, 0.16, 1.6), (x, y, float(z)), glass, turn)


def _trees_only(away: float, rng: np.random.Generator) -> None:
    x, y, _z = _put(away, 20, 0)
    lawn = surface((0.06, 0.10, 0.03), rough=0.95)
    add_box((140, 18, 0.1), (x, y, 0.03), lawn, away - np.pi / 2)
    _add_trees(away, rng, distance=(18, 32), count=11)
    _add_hedge(away, rng)


_BACKGROUNDS = {
    "showroom": _showroom,
    "warehouse": _warehouse,
    "row": _row,
    "street": _street,
    "trees": _trees_only,
}


# ---- plants --------------------------------------------------------------------------------------


def _leaves(points: Array, size: float, rng: np.random.Generator) -> Mesh:
    """Return a small square of any direction at every point."""
    count = len(points)
    a = rng.normal(size=(count, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b = np.cross(a, rng.normal(size=(count, 3)))
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    reach = size * rng.uniform(0.6, 1.3, (count, 1))
    corners = np.stack(
        [points + reach * (s * a + t * b) for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))], 1
    )
    return Mesh(corners.reshape(-1, 3), np.arange(count * 4).reshape(-1, 4))


@cache
def _leaf_points(seed: int) -> Array:
    """Return where a tree of about 7 m has its leaves: on the shells of some balls."""
    rng = np.random.default_rng(seed)
    clumps = np.clip(rng.normal(0, 1, (18, 3)), -1.3, 1.3) * [1.4, 1.4, 1.1] + [0, 0, 4.8]
    points = []
    for clump in clumps:
        out = rng.normal(size=(420, 3))
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        points.append(clump + out * rng.uniform(0.6, 1.0, (420, 1)) * rng.uniform(0.8, 1.4))
    return np.concatenate(points)


def _leaf_material(rng: np.random.Generator) -> Any:
    tone = np.array([0.075, 0.140, 0.032]) * rng.uniform(0.7, 1.5) * rng.uniform(0.85, 1.15, 3)
    return surface(tuple(tone), rough=0.7)


def _add_trees(
    away: float, rng: np.random.Generator, *, distance: tuple[float, float], count: int
) -> None:
    bark = surface((0.09, 0.065, 0.045), rough=0.9)
    kinds = []
    for seed in rng.integers(0, 6, 3):
        tree = add_mesh(
            "leaves",
            _leaves(_leaf_points(int(seed)), 0.13, rng),
            _leaf_material(rng),
            is_smooth=False,
        )
        tree.location = (0, 0, -100)
        kinds.append(tree)
    spread = distance[1] * 1.1
    for index in range(count):
        aside = (index + rng.uniform(0.1, 0.9)) / count * 2 * spread - spread
        x, y, _z = _put(away, rng.uniform(*distance), float(aside))
        size = rng.uniform(0.7, 1.35)
        one = add_object("tree", kinds[index % 3].data, (x, y, 0), rng.uniform(0, 6.28))
        one.scale = (size, size, size * rng.uniform(0.85, 1.2))
        add_box((0.24, 0.24, 4 * size), (x, y, 2 * size), bark)


def _add_hedge(away: float, rng: np.random.Generator) -> None:
    points = rng.uniform(-0.5, 0.5, (16_000, 3)) * [50, 1.1, 1.1] + [0, 0, 0.6]
    points[:, 2] += 0.12 * np.sin(points[:, 0] * 2.1) * np.sin(points[:, 0] * 0.7)
    hedge = add_mesh("hedge", _leaves(points, 0.05, rng), _leaf_material(rng), is_smooth=False)
    hedge.location = _put(away, 11.5, 0)
    hedge.rotation_euler = (0, 0, away - np.pi / 2)
