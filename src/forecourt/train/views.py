"""Pictures behind the frozen trunk: what everything else is trained on.

The first blocks stay as ImageNet left them, so every view of a picture goes through them once. What
comes out lies in files that are mapped into memory, because it is larger than many memories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from forecourt.train.augment import coarsen, light, warp
from forecourt.train.eyes import FINE, GRID, INPUT_SIZE, border, fine_samples
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square

RunTrunk = Callable[[NDArray[np.float32]], NDArray[np.float32]]
BATCH = 64
_SHAPES = {
    "features": (32, 29, 29),
    "samples": (3, FINE, FINE),
    "border": (12,),
    "maps": (GRID, GRID),
}


@dataclass(frozen=True, slots=True)
class Views:
    """N views of pictures, behind the trunk.

    Attributes:
        features: What the trunk says, shape (N, 32, 29, 29).
        samples: `eyes.fine_samples`, shape (N, 3, FINE, FINE), -1 to 1.
        border: `eyes.border`, shape (N, 12).
        maps: Share of vehicle in each cell, as the teachers see it, shape (N, GRID, GRID); NaN: not
            known.
    """

    features: NDArray[np.float16]
    samples: NDArray[np.float16]
    border: NDArray[np.float16]
    maps: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, index: NDArray[np.int64]) -> Views:
        """Return the views at `index`, in memory."""
        return Views(*(getattr(self, one.name)[index] for one in fields(self)))

    def batch(self, index: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `Eyes.answer` takes: features, samples and border."""
        features = torch.from_numpy(self.features[index]).float()
        return (
            features.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(self.samples[index]).float(),
            torch.from_numpy(self.border[index]).float(),
        )


@dataclass(frozen=True, slots=True)
class Pictures:
    """A batch of pictures before augmentation.

    Attributes:
        squares: Shape (n, S, S, 3).
        maps: Share of vehicle as the teachers see it, shape (n, g, g).
        geometry: How far the geometry of each may be changed, shape (n,): 0 not, 1 as photos' is.
        light: The same of the light.
    """

    squares: Rgb
    maps: NDArray[np.float16]
    geometry: NDArray[np.float32]
    light: NDArray[np.float32]


def augment(pictures: Pictures, run_trunk: RunTrunk, generator: torch.Generator) -> Views:
    """Change pictures at random and run them through the trunk."""
    pixels, warped = warp(
        to_pixels(pictures.squares),
        torch.from_numpy(pictures.maps.astype(np.float32))[:, None],
        INPUT_SIZE,
        generator,
        strength=torch.from_numpy(pictures.geometry),
    )
    pixels = light(pixels, generator, strength=torch.from_numpy(pictures.light))
    return _behind_trunk(coarsen(pixels, generator), warped, run_trunk)


def show_plain(squares: Rgb, run_trunk: RunTrunk) -> Iterator[Views]:
    """Run pictures as serving sees them through the trunk; their maps are empty."""
    for start in range(0, len(squares), BATCH):
        part = squares[start : start + BATCH]
        small = np.stack([resize_square(one, INPUT_SIZE) for one in part])
        yield _behind_trunk(to_pixels(small), torch.zeros(len(part), 1, GRID, GRID), run_trunk)


def store_views(folder: Path, batches: Iterable[Views]) -> None:
    """Append views to the files of a folder."""
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / f"{name}.f16").open("wb")) for name in _SHAPES}
        for views in batches:
            for one in fields(views):
                files[one.name].write(getattr(views, one.name).tobytes())


def open_views(folder: Path) -> Views:
    """Return the views of a folder, mapped into memory."""
    return Views(
        **{
            name: np.memmap(folder / f"{name}.f16", np.float16, "r").reshape(-1, *shape)
            for name, shape in _SHAPES.items()
        }
    )


def to_pixels(squares: Rgb) -> Tensor:
    """Return squares (N, S, S, 3) as (N, 3, S, S) float32 in -1 to 1."""
    return torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 127.5 - 1


def _behind_trunk(pixels: Tensor, maps: Tensor, run_trunk: RunTrunk) -> Views:
    pixels = pixels.contiguous()
    cells = functional.interpolate(maps, size=(GRID, GRID), mode="area")[:, 0]
    return Views(
        run_trunk(pixels.numpy()).astype(np.float16),
        fine_samples(pixels).numpy().astype(np.float16),
        border(pixels).numpy().astype(np.float16),
        cells.numpy().astype(np.float16),
    )
