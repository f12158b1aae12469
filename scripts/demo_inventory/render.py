"""Renders vehicles by marching rays through distance fields. NumPy only, a few seconds a picture.

python scripts/demo_inventory/render.py --body suv --paint 200,20,30 --scene lot --out suv.png
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from shapes import BODIES, Array, Body, polygon, vehicle

_STEPS = 90
_FAR = 40.0
_SKY, _GROUND, _PAINT, _WHEEL = range(4)


@dataclass(frozen=True)
class View:
    """One picture to render. Angles are degrees; paint is sRGB 0-255.

    Attributes:
        scene: "studio" (pure white with a soft shadow) or "lot" (asphalt, sky, buildings).
        azimuth: 0 shows the left side, 90 the front.
    """

    body: str
    paint: tuple[int, int, int]
    scene: str = "studio"
    azimuth: float = 40.0
    height: float = 1.6
    distance: float = 7.5
    width: int = 640
    aspect: float = 0.75
    seed: int = 0


def render(view: View) -> Image.Image:
    """Return the picture, with 2x2 samples a pixel."""
    rng = np.random.default_rng(view.seed)
    body = BODIES[view.body]
    width, height = view.width, int(view.width * view.aspect)
    eye, rays = _camera(view, body, width * 3 // 2, height * 3 // 2)
    color = _shade(view, body, eye, rays, rng)
    pixels = color.reshape(height * 3 // 2, width * 3 // 2, 3)
    image = Image.fromarray((np.clip(pixels, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8))
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    return image if view.scene == "studio" else _as_photo(image, rng)


def _camera(view: View, body: Body, width: int, height: int) -> tuple[Array, Array]:
    azimuth = np.radians(view.azimuth)
    length = max(abs(x) for x, _y in body.lower)
    distance = view.distance * (length / 2.3) ** 0.8
    eye = np.array([np.sin(azimuth) * distance, view.height, np.cos(azimuth) * distance])
    top = max(y for _x, y in (*body.lower, *body.cabin))
    target = np.array([0.0, top * 0.45, 0.0])
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    xs = (np.arange(width) + 0.5) / width * 2 - 1
    ys = 1 - (np.arange(height) + 0.5) / height * 2
    focal = 1.75
    grid_x, grid_y = np.meshgrid(xs, ys * height / width)
    rays = forward * focal + grid_x[..., None] * right + grid_y[..., None] * up
    rays = rays.reshape(-1, 3)
    return eye, rays / np.linalg.norm(rays, axis=1, keepdims=True)


def _distance(p: Array, body: Body) -> Array:
    paint, wheels = vehicle(p, body)
    return np.minimum(np.minimum(paint, wheels), p[:, 1])


def _march(eye: Array, rays: Array, body: Body) -> Array:
    """Return how far each ray goes until it hits; `_FAR` where it does not."""
    travelled = np.zeros(len(rays))
    active = np.arange(len(rays))
    for _step in range(_STEPS):
        p = eye + rays[active] * travelled[active, None]
        step = _distance(p, body)
        travelled[active] += step * 0.9
        active = active[(step > 1.5e-3) & (travelled[active] < _FAR)]
        if not len(active):
            break
    return np.minimum(travelled, _FAR)


def _normal(p: Array, body: Body) -> Array:
    normal = np.empty_like(p)
    for axis in range(3):
        offset = np.zeros(3)
        offset[axis] = 2e-3
        normal[:, axis] = _distance(p + offset, body) - _distance(p - offset, body)
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)


def _shade(view: View, body: Body, eye: Array, rays: Array, rng: np.random.Generator) -> Array:
    far = _march(eye, rays, body)
    p = eye + rays * far[:, None]
    color = _background(view, rays, rng)
    hit = far < _FAR * 0.99
    paint, wheels = vehicle(p[hit], body)
    nearest = np.argmin(np.stack([np.full(hit.sum(), np.inf), p[hit][:, 1], paint, wheels]), axis=0)
    kind = np.zeros(len(rays), int)
    kind[hit] = nearest
    on_ground, on_vehicle = kind == _GROUND, kind >= _PAINT
    color[on_ground] = _ground(view, body, p[on_ground], rng, color[on_ground])
    color[on_vehicle] = _vehicle_color(
        view, body, p[on_vehicle], rays[on_vehicle], kind[on_vehicle]
    )
    return color


def _background(view: View, rays: Array, rng: np.random.Generator) -> Array:
    if view.scene == "studio":
        return np.ones((len(rays), 3))
    return _environment(rays, rng.uniform(0, 6.28), rng.uniform(0.7, 1.1))


def _environment(rays: Array, turn: float, light: float) -> Array:
    """Return a sky with clouds above a row of buildings and trees."""
    up = rays[:, 1]
    around = np.arctan2(rays[:, 0], rays[:, 2]) + turn
    blend = np.clip(up * 2.2, 0, 1)[:, None]
    sky = np.array([0.78, 0.84, 0.92]) * (1 - blend) + np.array([0.25, 0.45, 0.8]) * blend
    cloud = np.sin(around * 5 + up * 17) + np.sin(around * 11 - up * 23) + np.sin(around * 3.1)
    sky += np.clip(cloud - 0.8, 0, 1)[:, None] * 0.25
    block = np.floor(around * 5)
    noise = np.abs(np.sin(block * 12.9898) * 43758.5453) % 1
    roof = 0.03 + 0.09 * noise
    tree = noise < 0.35
    edge = np.where(tree, roof + 0.015 * np.sin(around * 90) + 0.01 * np.sin(around * 233), roof)
    wall = np.stack([0.35 + 0.3 * noise, 0.33 + 0.25 * noise, 0.3 + 0.2 * noise], 1)
    wall *= 0.75 + 0.25 * ((np.floor(around * 60) + np.floor(up * 90)) % 2)[:, None]
    green = np.stack([0.1 + 0.08 * noise, 0.2 + 0.1 * noise, 0.07 + 0.03 * noise], 1)
    green *= (0.8 + 0.3 * np.sin(around * 130) * np.sin(up * 300))[:, None]
    low = np.where(tree[:, None], green, wall)
    return np.where((up < edge)[:, None], low, sky) * light


def _ground(view: View, body: Body, p: Array, rng: np.random.Generator, behind: Array) -> Array:
    shadow = _shadow(p, body)[:, None]
    if view.scene == "studio":
        return 1 - 0.62 * shadow
    grain = rng.normal(0, 0.02, (len(p), 1))
    patches = 0.03 * np.sin(p[:, 0] * 0.9) * np.sin(p[:, 2] * 0.7 + 1)
    asphalt = np.array([0.19, 0.19, 0.2]) + grain + patches[:, None]
    line = (np.abs((p[:, 0] + 4.1) % 8.2 - 0.06) < 0.06) & (np.abs(p[:, 2]) < 6)
    asphalt = np.where(line[:, None], 0.72 + grain, asphalt)
    lit = asphalt * (1 - 0.75 * shadow) * 1.15
    haze = np.clip((np.linalg.norm(p, axis=1) - 12) / 28, 0, 1)[:, None]
    return lit * (1 - haze) + (0.55 * np.array([0.7, 0.74, 0.78]) + 0 * behind) * haze


def _shadow(p: Array, body: Body) -> Array:
    """Return how much of the sky the vehicle takes from points on the ground, 0-1."""
    dark = np.zeros(len(p))
    for height, weight in ((0.12, 0.4), (0.35, 0.35), (0.8, 0.25)):
        above = p + np.array([0.12 * height, height, 0.1 * height])
        near = _distance(above, body)
        dark += weight * np.clip(1 - near / (height * 0.95), 0, 1)
    return dark


def _vehicle_color(view: View, body: Body, p: Array, rays: Array, kind: Array) -> Array:
    normal = _normal(p, body)
    base, gloss = _materials(view, body, p, normal, kind)
    sun = np.array([0.35, 0.8, 0.48])
    sun /= np.linalg.norm(sun)
    facing = np.clip(normal @ sun, 0, 1)[:, None]
    sky = (0.55 + 0.45 * normal[:, 1:2]) * (0.75 if view.scene == "lot" else 0.95)
    bounce = 0.16 * np.clip(-normal[:, 1:2] + 0.4, 0, 1)
    shade = np.clip(_distance(p + normal * 0.18, body) / 0.18, 0, 1)[:, None]
    lit = base * (0.62 * sky + 0.62 * facing + bounce) * (0.35 + 0.65 * shade)
    mirrored = rays - 2 * np.sum(rays * normal, axis=1, keepdims=True) * normal
    if view.scene == "lot":
        around = _environment(mirrored, 1.0, 0.9)
        around = np.where(mirrored[:, 1:2] < 0, 0.17, around)
    else:  # a light tent: bright above, dark floor line, bright panels at the sides
        panel = (np.abs(np.sin(np.arctan2(mirrored[:, 0], mirrored[:, 2]) * 1.5)) > 0.55) & (
            mirrored[:, 1] > 0.12
        )
        around = np.where(panel[:, None], 1.0, 0.35 + 0.45 * np.clip(mirrored[:, 1:2], 0, 1))
    fresnel = 0.04 + 0.96 * (1 - np.clip(-np.sum(rays * normal, axis=1), 0, 1)) ** 5
    strength = (gloss * np.minimum(fresnel + 0.03, 0.7))[:, None]
    spark = np.clip(mirrored @ sun, 0, 1) ** 180
    return lit * (1 - strength) + around * strength + (gloss * spark * 0.9)[:, None]


def _materials(view: View, body: Body, p: Array, normal: Array, kind: Array) -> tuple[Array, Array]:
    """Return base colour and gloss of every point: paint, glass, lights, trim, tyre, rim."""
    paint = (np.array(view.paint) / 255.0) ** 2.2
    base = np.broadcast_to(paint, p.shape).copy()
    gloss = np.ones(len(p))

    def put(where: Array, color: tuple[float, float, float], shine: float) -> None:
        base[where] = color
        gloss[where] = shine

    half = body.width / 2
    x, y, z = p.T
    on_side = np.abs(normal[:, 2]) > 0.6
    front, back = max(c[0] for c in body.lower), min(c[0] for c in body.lower)
    put((y < body.radius * 1.02) & (kind == _PAINT), (0.02, 0.02, 0.02), 0.3)
    for pane in body.glass:
        put(on_side & (polygon(x, y, pane) < 0), (0.012, 0.015, 0.018), 2.2)
    if body.cabin and body.has_face:
        sloped = (np.abs(normal[:, 0]) > 0.4) & (y > body.belt + 0.06)
        top = max(c[1] for c in body.cabin)
        inner = np.abs(z) < half - 0.2 - body.pinch * np.maximum(y - body.belt, 0)
        low_top = 1.9 if view.body == "rv" else top - 0.1
        put(sloped & inner & (y < low_top) & (normal[:, 0] > 0), (0.012, 0.015, 0.018), 2.2)
        if view.body not in {"van", "rv"}:
            put(sloped & inner & (y < top - 0.1) & (normal[:, 0] < 0), (0.012, 0.015, 0.018), 2.2)
    if body.has_face:
        nose, tail = (
            (normal[:, 0] > 0.5) & (x > front - 0.5),
            (normal[:, 0] < -0.5) & (x < back + 0.4),
        )
        line = body.belt - 0.27
        put(
            nose & (np.abs(z) < half * 0.5) & (np.abs(y - line + 0.06) < 0.09),
            (0.02, 0.02, 0.022),
            1.2,
        )
        put(nose & (np.abs(z) < half * 0.75) & (np.abs(y - 0.42) < 0.05), (0.02, 0.02, 0.02), 0.5)
        put(
            (x > front - 0.42)
            & (np.abs(y - line - 0.02) < 0.075)
            & (np.abs(z) > half * 0.58)
            & (normal[:, 0] > 0.15),
            (0.85, 0.88, 0.9),
            2.0,
        )
        put(
            (x < back + 0.35)
            & (np.abs(y - line - 0.08) < 0.085)
            & (np.abs(z) > half * 0.6)
            & (normal[:, 0] < -0.1),
            (0.45, 0.01, 0.01),
            1.5,
        )
        put(
            (nose | tail) & (np.abs(z) < 0.25) & (np.abs(y - 0.56) < 0.055), (0.75, 0.75, 0.72), 0.5
        )
        seams = [pane[0][0] - 0.04 for pane in body.glass if pane[0][1] < body.belt + 0.2]
        seams += [body.glass[-1][-1][0] - 0.15] if view.body not in {"rv"} else []
        for seam in seams:
            put(
                on_side & (np.abs(x - seam) < 0.008) & (y > body.radius + 0.05) & (y < body.belt),
                tuple(paint * 0.25),
                0.5,
            )
        for seam in seams[:2]:
            put(
                on_side & (np.abs(x - seam - 0.2) < 0.09) & (np.abs(y - body.belt + 0.1) < 0.016),
                tuple(paint * 0.5),
                1.0,
            )
    wheel = kind == _WHEEL
    put(wheel, (0.018, 0.018, 0.018), 0.25)
    for axle in body.wheels:
        dx, dy = x - axle, y - body.radius
        r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
        rim = wheel & (r < body.radius * 0.68)
        spoke = np.cos(angle * 5) > 0.1
        put(
            rim & (spoke | (r > body.radius * 0.6) | (r < body.radius * 0.2)),
            (0.45, 0.46, 0.48),
            1.8,
        )
        put(
            rim & ~spoke & (r < body.radius * 0.6) & (r > body.radius * 0.2),
            (0.03, 0.03, 0.03),
            0.3,
        )
    return base, gloss


def _as_photo(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return what a hand-held camera makes of a scene: soft, noisy, not quite white-balanced."""
    soft = image.filter(ImageFilter.GaussianBlur(0.6))
    pixels = np.asarray(soft).astype(np.float32)
    pixels *= rng.uniform(0.96, 1.04, 3).astype(np.float32)
    pixels += rng.normal(0, 3.0, pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--body", choices=sorted(BODIES), default="sedan")
    parser.add_argument("--paint", default="180,20,30", help="sRGB, e.g. 180,20,30")
    parser.add_argument("--scene", choices=["studio", "lot"], default="studio")
    parser.add_argument("--azimuth", type=float, default=40.0)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    red, green, blue = (int(part) for part in given.paint.split(","))
    view = View(
        body=given.body,
        paint=(red, green, blue),
        scene=given.scene,
        azimuth=given.azimuth,
        width=given.width,
        seed=given.seed,
    )
    render(view).save(given.out)


if __name__ == "__main__":
    main()
