"""Draw the pictures of `tests/missed`: one or more for every family of mistakes that was found.

    python scripts/missed_cases.py

Nobody's pictures are in them: they are made of the demo's rendered inventory, with the pieces of
`benchmarks.hard_set`. Run it from the root of the repository; the same versions of Pillow and NumPy
draw the same files.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.hard_set import craft, missing, shown
from benchmarks.hard_set.dialect import TEST
from benchmarks.hard_set.pictures import Pictures
from forecourt.core.labels import parse_color, parse_image_type
from forecourt.core.samples import Sample

_ROOT = Path(__file__).parents[1]
_INVENTORY = _ROOT / "src/forecourt/demo/inventory"
_OUT = _ROOT / "tests/missed"

Draw = Callable[[np.random.Generator], Image.Image]


def _samples() -> list[Sample]:
    truth = json.loads((_INVENTORY / "truth.json").read_text(encoding="utf-8"))
    return [
        Sample(
            file=name,
            split="",
            image_type=parse_image_type(one["image_type"]),
            color=parse_color(one["color"]),
            advertiser="demo",
            group=name,
            kind="",
            view="exterior",
            is_render=False,
        )
        for name, one in truth.items()
        if name.endswith(".jpg") and one["image_type"] != "Placeholder"
    ]


def _open(name: str) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(_INVENTORY / name)).convert("RGB")


def _dark_blue(_rng: np.random.Generator) -> Image.Image:
    """Blue paint so deep that it is nearly black."""
    pixels = np.asarray(_open("blue-sedan-stock.jpg"), np.float64)
    is_blue = np.clip((pixels[..., 2] - pixels[..., 0] - 18) / 30, 0, 1)[..., None]
    return Image.fromarray((pixels * (1 - 0.62 * is_blue)).astype(np.uint8))


def _checkerboard(_rng: np.random.Generator) -> Image.Image:
    """A stock picture whose transparency was saved as the chequers of an editor."""
    cut = craft.cut_out(_open("white-suv-stock.jpg"))
    if cut is None:
        raise SystemExit("the demo's stock picture cannot be cut out any more")
    size = (480, 340)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    tone = np.where((x // 12 + y // 12) % 2, 255, 204).astype(np.uint8)
    image = Image.fromarray(np.repeat(tone[..., None], 3, 2))
    body, mask = (ImageOps.contain(one, (420, 280)) for one in cut)
    image.paste(body, ((size[0] - body.width) // 2, (size[1] - body.height) // 2), mask)
    return image


def _tight(_rng: np.random.Generator) -> Image.Image:
    """A motorhome cut so closely that there is more wall than vehicle."""
    image = _open("white-camper-gravel.jpg")
    w, h = image.size
    return image.crop((int(w * 0.3), int(h * 0.3), int(w * 0.72), int(h * 0.62)))


def _dusk(_rng: np.random.Generator) -> Image.Image:
    """White paint in the evening: as dark as grey paint by day."""
    warm = np.asarray(_open("white-suv-row.jpg"), np.float64) * (0.5, 0.44, 0.4)
    return ImageEnhance.Contrast(Image.fromarray(warm.astype(np.uint8))).enhance(0.8)


def _cases(pictures: Pictures) -> dict[str, tuple[str, str, Draw]]:
    """Return name → (type, colour, how it is drawn)."""
    families = {
        "covered": missing.covered,
        "teaser": missing.teaser,
        "mascot": missing.drawing,
        "panel": missing.panel_over_photo,
        "pale-stock": missing.card_over_stock,
        "collage": missing.collage,
        "text": missing.text_over_photo,
        "advertisement": missing.advertisement,
    }
    cases: dict[str, tuple[str, str, Draw]] = {}
    for name, family in families.items():
        for number in (1, 2):

            def draw(rng: np.random.Generator, family: missing.Family = family) -> Image.Image:
                return family(rng, pictures, TEST)

            cases[f"{name}-{number}"] = ("Placeholder", "", draw)
    photo = _open("red-hatchback-trees.jpg")
    stock = _open("green-pickup-stock.jpg")
    return cases | {
        "framed-photo": ("Dealer", "Red", lambda rng: shown.framed(rng, photo, TEST)),
        "bannered-photo": ("Dealer", "Red", lambda rng: shown.bannered(rng, photo, TEST)),
        "annotated-stock": ("Stock", "Green", lambda rng: shown.annotated(rng, stock, TEST)),
        "coarse-stock": ("Stock", "Green", lambda rng: shown.coarse(rng, stock, TEST)),
        "chequered-stock": ("Stock", "White", _checkerboard),
        "tight-motorhome": ("Dealer", "White", _tight),
        "dark-blue": ("Stock", "Blue", _dark_blue),
        "white-at-dusk": ("Dealer", "White", _dusk),
        "purple": ("Dealer", "Purple", lambda _rng: _open("purple-coupe-row.jpg")),
        "boat": ("Dealer", "Blue", lambda _rng: _open("blue-boat-gravel.jpg")),
    }


def main() -> None:
    pictures = Pictures(_INVENTORY, _samples())
    rows = []
    for number, (name, (image_type, color, draw)) in enumerate(_cases(pictures).items()):
        image = ImageOps.contain(draw(np.random.default_rng([7, number])), (400, 400))
        image.convert("RGB").save(_OUT / f"{name}.jpg", quality=82)
        rows.append((f"{name}.jpg", image_type, color))
    with (_OUT / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "image_type", "color"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
