"""What the network sees of a few drawn pictures, pinned.

A change of decoder, scale rule, resampling or colour handling moves these pixels, and with them
every answer of every model trained before. Where such a change is meant, train again and then run

    python -m tests.golden.preprocessing

which writes `preprocessing.npz` anew; say in the commit what moved the pixels.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forecourt.vision.decode import decode_image
from forecourt.vision.preprocess import resize_square
from tests.support.pictures import encode

PINNED = Path(__file__).with_name("preprocessing.npz")
SIDE = 48


def draw(width: int, height: int) -> Image.Image:
    """Slopes, hard edges, fine bars and a disc: what differs most between decoders and resizers."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.empty((height, width, 3))
    pixels[..., 0] = 255 * x / width
    pixels[..., 1] = 255 * y / height
    pixels[..., 2] = 127 + 127 * np.sin(x / 9) * np.cos(y / 13)
    pixels[height // 8 : height // 4] = 235  # a banner, with bars as fine as small print
    pixels[height // 8 : height // 4, :: max(3, width // 150)] = (20, 20, 160)
    disc = (x - 0.6 * width) ** 2 + (y - 0.6 * height) ** 2 < (0.2 * min(width, height)) ** 2
    pixels[disc] = (200, 20, 30)
    return Image.fromarray(pixels.round().astype(np.uint8))


@cache
def files() -> dict[str, bytes]:
    """Return the pictures as files, by name."""
    lying = Image.Exif()
    lying[0x0112] = 6
    cut_out = draw(300, 200).convert("RGBA")
    cut_out.putalpha(Image.radial_gradient("L").resize((300, 200)))
    return {
        "jpeg_large": encode(draw(1600, 1200), "JPEG", quality=90),
        "jpeg_middle": encode(draw(800, 600), "JPEG", quality=85),
        "jpeg_small": encode(draw(240, 180), "JPEG", quality=80),
        "jpeg_portrait_exif": encode(draw(1200, 900), "JPEG", quality=90, exif=lying),
        "jpeg_progressive_444": encode(
            draw(1024, 683), "JPEG", quality=90, progressive=True, subsampling=0
        ),
        "jpeg_panorama": encode(draw(2400, 300), "JPEG", quality=90),
        "jpeg_grey": encode(draw(640, 480).convert("L"), "JPEG", quality=90),
        "jpeg_cmyk": encode(draw(400, 300).convert("CMYK"), "JPEG", quality=90),
        "png_transparent": encode(cut_out, "PNG"),
        "png_palette": encode(draw(640, 480).quantize(64), "PNG"),
    }


@cache
def prepare() -> dict[str, NDArray[np.uint8]]:
    """Return what the network sees of each file: shape (48, 48, 3)."""
    return {name: resize_square(decode_image(data).rgb, SIDE) for name, data in files().items()}


def main(path: Path = PINNED) -> None:
    """Write the pinned arrays."""
    np.savez_compressed(path, **prepare())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PINNED)
