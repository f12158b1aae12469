"""What is asked of each picture, as arrays; what nobody knows stays out of the loss."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecourt.core.labels import COLORS, IMAGE_TYPES, ImageType
from forecourt.core.samples import Sample
from forecourt.train.eyes import KINDS, VIEWS

UNKNOWN = -1  # of classes; of yes-or-no questions NaN
PLACEHOLDER = IMAGE_TYPES.index(ImageType.PLACEHOLDER)
STOCK = IMAGE_TYPES.index(ImageType.STOCK)
DEALER = IMAGE_TYPES.index(ImageType.DEALER)


@dataclass(frozen=True, slots=True)
class Targets:
    """Truth of N pictures: class indices (UNKNOWN), and 1, 0 or NaN for yes, no, not known."""

    image_type: NDArray[np.int64]
    color: NDArray[np.int64]
    visible: NDArray[np.float32]
    kind: NDArray[np.int64]
    view: NDArray[np.int64]
    several: NDArray[np.float32]

    def take(self, index: NDArray[np.int64]) -> Self:
        """Return the truth of the pictures at `index`."""
        return type(self)(*(getattr(self, one.name)[index] for one in fields(self)))

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Return the truth of all parts, in their order."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def read_targets(samples: list[Sample], competing: NDArray[np.int64]) -> Targets:
    """Return the truth of labelled pictures.

    Args:
        samples: Their labels.
        competing: How many vehicles compete in each, as a teacher sees it.
    """
    image_type = np.array([IMAGE_TYPES.index(one.image_type) for one in samples])
    is_outside = np.array([one.view == "exterior" for one in samples])
    has_color = np.array([one.color is not None for one in samples])
    shows_paint = np.array([one.shows_paint for one in samples])
    visible = np.where(has_color, 1.0, np.where(shows_paint, np.nan, 0.0))
    several = np.where(is_outside, competing > 1, np.nan)
    return Targets(
        image_type=image_type,
        color=np.array([COLORS.index(s.color) if s.color else UNKNOWN for s in samples]),
        visible=visible.astype(np.float32),
        kind=np.array([KINDS.index(s.kind) if s.kind in KINDS else UNKNOWN for s in samples]),
        view=np.array([VIEWS.index(s.view) if s.view in VIEWS else UNKNOWN for s in samples]),
        several=several.astype(np.float32),
    )


def drawn_targets(image_type: NDArray[np.int64]) -> Targets:
    """Return the truth of drawn pictures: their type, and that placeholders show no paint."""
    unknown = np.full(len(image_type), UNKNOWN)
    nobody = np.full(len(image_type), np.nan, np.float32)
    visible = np.where(image_type == PLACEHOLDER, 0, np.nan).astype(np.float32)
    return Targets(image_type, unknown, visible, unknown, unknown, nobody)
