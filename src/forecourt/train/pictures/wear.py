"""What the web does to pictures: they are scaled and compressed; drawn edges are too clean."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from forecourt.vision.decode import Rgb


def wear(rng: np.random.Generator, image: Image.Image) -> Rgb:
    """Scale and JPEG-compress a drawn picture, most of the time."""
    if rng.random() < 0.35:
        small = max(0.25, rng.uniform(0.25, 1.0))
        image = image.resize(
            (max(24, int(image.width * small)), max(24, int(image.height * small)))
        )
    rgb = np.asarray(image.convert("RGB"))
    if rng.random() < 0.7:
        buffer = io.BytesIO()
        Image.fromarray(rgb).save(buffer, "JPEG", quality=int(rng.integers(25, 92)))
        rgb = np.asarray(Image.open(buffer).convert("RGB"))
    return rgb


def press(rng: np.random.Generator, picture: Rgb) -> Rgb:
    """Scale a picture down to a thumbnail and compress it hard; often only one of the two."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    mode = rng.random()
    if mode < 0.75:
        share = rng.uniform(70, 180) / max(image.size)
        size = (max(16, int(image.width * share)), max(16, int(image.height * share)))
        image = image.resize(size, Image.Resampling.BILINEAR)
    if mode > 0.25:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(15, 60)))
        image = Image.open(buffer)
    return np.asarray(image.convert("RGB"))
