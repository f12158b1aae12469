"""Thumbnails: small enough to keep for every image, large enough to tag again and to look at."""

from __future__ import annotations

import numpy as np
import simplejpeg
from PIL import Image

from forecourt.vision.decode import Rgb

LONGEST_SIDE = 320
_QUALITY = 85


def make_thumbnail(rgb: Rgb, *, longest_side: int = LONGEST_SIDE) -> bytes:
    """Return a JPEG, its longer side at most so many pixels; a smaller picture keeps its size."""
    height, width = rgb.shape[:2]
    scale = longest_side / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        rgb = np.asarray(image)
    data: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=_QUALITY)
    return data
