"""Makes every picture of the demo's inventory, and truth.json.

    python -m venv render-env
    render-env/bin/pip install bpy==5.0.1 scikit-image scipy "pillow>=11.3"
    render-env/bin/python scripts/demo_inventory/build.py

A picture takes about 30 s on two cores. Pictures that exist are kept; `--again` makes them anew,
`--only NAME` some of them, `--draft FOLDER` small and noisy ones to look at. The path tracer's seed
is fixed, so the same versions give the same pictures up to the last bits of floating point.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bodies import BODIES
from camera import aim, as_photo, new_scene, on_white, take, without_haze
from cards import CARDS, draw_card
from craft import add_craft
from parts import add_vehicle, linear
from PIL import Image
from scenery import PLACES, build_place, build_studio
from shots import PAINTS, SHOTS, Shot

_INVENTORY = Path(__file__).parents[2] / "src/forecourt/demo/inventory"
_OPTIONS = {
    ".jpg": {"quality": 84, "optimize": True},
    ".png": {"optimize": True},
    ".webp": {"quality": 82, "method": 6},
    ".avif": {"quality": 68},
}
_EXIF_ORIENTATION = 0x0112
_LYING_RIGHT = 6  # upright again after a quarter turn clockwise


@dataclass(frozen=True)
class Quality:
    """Samples a pixel, and a factor on the size."""

    samples: int = 10
    scale: float = 1.0


def render(shot: Shot, quality: Quality) -> Image.Image:
    """Return the picture that a shot describes."""
    rng = np.random.default_rng(zlib.crc32(shot.name.encode()))
    size = (int(shot.size[0] * quality.scale), int(shot.size[1] * quality.scale))
    scene = new_scene(samples=quality.samples, size=size, is_cutout=shot.place is None)
    paint, metallic = PAINTS[shot.paint]
    if shot.kind in BODIES:
        body = BODIES[shot.kind]
        add_vehicle(shot.kind, linear(paint), metallic=metallic)
        length, top = body.front - body.rear, body.top
    else:
        length, top = add_craft(shot.kind, linear(paint))
    azimuth = np.radians(shot.azimuth)
    distance = (length * 0.9 + 1.4 + top) * shot.lens / 50 * 1.12 * shot.room
    if shot.place is None:
        build_studio()
        distance *= 0.94
    else:
        build_place(PLACES[shot.place], away=azimuth + np.pi, rng=rng)
    eye = (distance * np.cos(azimuth), distance * np.sin(azimuth), shot.eye)
    aim(scene, eye=eye, target=(0.0, 0.0, top * 0.5), lens=shot.lens)
    if shot.place is None:
        image = take(scene, exposure=0.0)
        return without_haze(image) if shot.clear else on_white(image)
    return as_photo(take(scene, exposure=1.8, contrast="AgX - Punchy"), rng)


def save(image: Image.Image, path: Path, *, is_turned: bool = False) -> None:
    """Write a picture in the format that its name asks for."""
    options = dict(_OPTIONS[path.suffix])
    if is_turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = _LYING_RIGHT
        options["exif"] = exif
    image.save(path, **options)


def write_truth(folder: Path) -> None:
    """Write what each picture shows."""
    truth = {
        shot.name: {
            "image_type": shot.image_type,
            "color": shot.color,
            "about": f"{shot.paint.lower()} {shot.kind}, {shot.place or 'cut-out'}",
        }
        for shot in SHOTS
    }
    for name, card in CARDS.items():
        truth[name] = {"image_type": "Placeholder", "color": None, "about": card.about}
    text = json.dumps(dict(sorted(truth.items())), ensure_ascii=False, indent=1)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def write_broken(folder: Path) -> None:
    """Write a JPEG that breaks off, as a broken upload leaves it."""
    source = folder / "blue-sedan-rear.jpg"
    if source.exists():
        whole = source.read_bytes()
        (folder / "broken-upload.jpg").write_bytes(whole[: len(whole) // 3])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="Parts of names.")
    parser.add_argument("--again", action="store_true", help="Make pictures that exist anew.")
    parser.add_argument("--draft", type=Path, help="Small, quick pictures, in this folder.")
    given = parser.parse_args()
    folder = given.draft or _INVENTORY
    quality = Quality(samples=12, scale=0.5) if given.draft else Quality()
    folder.mkdir(parents=True, exist_ok=True)
    for name in CARDS:
        save(draw_card(name), folder / name)
    for shot in SHOTS:
        path = folder / shot.name
        is_wanted = not given.only or any(part in shot.name for part in given.only)
        if not is_wanted or (path.exists() and not given.again):
            continue
        started = time.monotonic()
        save(render(shot, quality), path, is_turned=shot.turned)
        print(
            f"{shot.name}: {path.stat().st_size:,} bytes, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    write_broken(folder)
    write_truth(folder)


if __name__ == "__main__":
    main()
