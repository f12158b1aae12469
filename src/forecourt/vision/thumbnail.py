"""Thumbnails: small enough to keep for every image, large enough to tag again and to look at."""

from __future__ import annotations

import numpy as np
import simplejpeg
from PIL import Image

from forecourt.vision.decode import Rgb

LONGEST_SIDE = 320
_QUALITY = 85


def make_thumbnail(rgb: Rgb) -> bytes:
    """Return a JPEG whose longer side is at most 320 pixels; a smaller picture keeps its size."""
    height, width = rgb.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        rgb = np.asarray(image)
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=_QUALITY)
    return data
