"""The labelled pictures that hard ones are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.hard_set import craft
from forecourt.core.labels import ImageType
from forecourt.core.samples import Sample


class Pictures:
    """Exterior photos and stock pictures of one split, drawn at random."""

    def __init__(self, folder: Path, samples: list[Sample]) -> None:
        self._folder = folder
        shown = [one for one in samples if one.view == "exterior" and not one.is_render]
        self.photos = [one for one in shown if one.image_type is ImageType.DEALER]
        self.stocks = [one for one in shown if one.image_type is ImageType.STOCK]

    def open(self, sample: Sample) -> Image.Image:
        """Return the pixels of one of them."""
        return Image.open(self._folder / sample.file).convert("RGB")

    def photo(self, rng: np.random.Generator) -> Image.Image:
        """Return a photo of a vehicle from outside."""
        return self.open(self.photos[int(rng.integers(len(self.photos)))])

    def stock(self, rng: np.random.Generator) -> Image.Image:
        """Return a stock picture."""
        return self.open(self.stocks[int(rng.integers(len(self.stocks)))])

    def cut_out(self, rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
        """Return a stock vehicle and its mask."""
        while True:
            cut = craft.cut_out(self.stock(rng))
            if cut is not None:
                return cut
