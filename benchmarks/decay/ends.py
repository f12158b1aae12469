"""The network without its backbone: what a month's retraining trains.

The backbone stays as the first model of the year has it, so every view goes through it once. All
that lies behind it (both ends, a third of what training changes) is trained by the product's own
`finetune`, which takes such a network as it takes a whole one.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from forecourt.train.eyes import Answers, Eyes
from forecourt.train.views import Views

_BATCH = 64
_EDGE = 12  # numbers of the border, last of what the type sees
_LAST = 1280  # channels of the backbone's last features: mean and spread lie before the border


class Ends(Eyes):
    """A network that is given what its backbone said (`describe_views`)."""

    def __init__(self, eyes: Eyes) -> None:
        nn.Module.__init__(self)
        self.trunk = nn.Sequential()
        self.blocks = nn.ModuleList()
        self.type_end = copy.deepcopy(eyes.type_end)
        self.paint_end = copy.deepcopy(eyes.paint_end)

    def answer(self, x: Tensor, samples: Tensor, edge: Tensor) -> Answers:
        """Return the answers.

        Args:
            x: Features at stride 16.
            samples: `fine_samples` of the pictures.
            edge: All that the type sees, shape (N, TYPE_FEATURES).
        """
        last = edge[:, -_EDGE - 2 * _LAST : -_EDGE - _LAST]
        image_type, view = self.type_end(edge)
        color, visible, heat, kind, several = self.paint_end(samples, x, last)
        return Answers(image_type, color, visible, heat, kind, view, several)


@torch.no_grad()
def describe_views(folder: Path, eyes: Eyes, parts: list[Views]) -> Views:
    """Return views behind the backbone, computed once and kept in a folder.

    `Views.features` then holds features at stride 16, and `Views.border` all that the type sees.
    """
    names = ("features", "samples", "border", "maps")
    if not folder.is_dir():
        draft = folder.with_name(f"{folder.name}.draft")
        draft.mkdir(parents=True, exist_ok=True)
        found: dict[str, list[NDArray[np.float16]]] = {name: [] for name in names}
        for views in parts:
            for start in range(0, len(views), _BATCH):
                index = np.arange(start, min(start + _BATCH, len(views)))
                features, _samples, edge = views.batch(index)
                middle, pooled = eyes.describe(features)
                told = torch.cat([*pooled, edge], 1)
                found["features"].append(middle.contiguous().numpy().astype(np.float16))
                found["samples"].append(views.samples[index])
                found["border"].append(told.numpy().astype(np.float16))
                found["maps"].append(views.maps[index])
        for name in names:
            np.save(draft / f"{name}.npy", np.concatenate(found[name]))
        draft.rename(folder)
    return Views(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names))
