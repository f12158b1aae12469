"""Views of training pictures, made a few hundred pictures at a time: a kill loses one portion.

A portion is made, kept and counted; when all are there they are joined into one set of files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecourt.train.disk import replace_file
from forecourt.train.gallery import Gallery, GalleryConfig, Material, build_gallery
from forecourt.train.targets import Targets
from forecourt.train.views import RunTrunk, Views, open_views

PICTURES = 256  # of a portion
_TRUTH = "truth.npz"
_VIEWS = "views"


@dataclass(frozen=True, slots=True)
class Portions:
    """How training pictures are read, a portion at a time.

    Attributes:
        count: Of all pictures.
        read: Decodes the pictures of a range and asks the start about them.
    """

    count: int
    read: Callable[[int, int], Material]


def build_portions(
    folder: Path, portions: Portions, run_trunk: RunTrunk, config: GalleryConfig
) -> Gallery:
    """Make the views of all pictures, or take what an earlier run has kept."""
    whole = folder / "gallery"
    if not whole.is_dir():
        parts = folder / "portions"
        starts = range(0, portions.count, PICTURES)
        for start in starts:
            part = parts / str(start)
            if not (part / _TRUTH).is_file():
                _make(part, start, portions, run_trunk, config)
        _join([parts / str(start) for start in starts], whole)
        shutil.rmtree(parts)
    return _open(whole)


def _make(
    part: Path, start: int, portions: Portions, run_trunk: RunTrunk, config: GalleryConfig
) -> None:
    shutil.rmtree(part, ignore_errors=True)
    material = portions.read(start, min(start + PICTURES, portions.count))
    # A portion draws by itself: of one seed all would show the same cards.
    seeded = replace(
        config,
        seed=config.seed + 10 * start,
        drawing=replace(config.drawing, seed=config.drawing.seed + start),
    )
    gallery = build_gallery(part / _VIEWS, material, run_trunk, seeded)
    truth = {one.name: getattr(gallery.targets, one.name) for one in fields(Targets)}
    _save(part / _TRUTH, truth | {"source": gallery.source + start, "origin": gallery.origin})


def _join(parts: list[Path], whole: Path) -> None:
    draft = whole.with_name(f"{whole.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / _VIEWS).mkdir(parents=True)
    for one in fields(Views):
        name = f"{one.name}.f16"
        with (draft / _VIEWS / name).open("wb") as joined:
            for part in parts:
                with (part / _VIEWS / name).open("rb") as file:
                    shutil.copyfileobj(file, joined, 1 << 20)
    read = [_load(part / _TRUTH) for part in parts]
    _save(draft / _TRUTH, {name: np.concatenate([one[name] for one in read]) for name in read[0]})
    draft.rename(whole)


def _open(whole: Path) -> Gallery:
    truth = _load(whole / _TRUTH)
    targets = Targets(**{one.name: truth[one.name] for one in fields(Targets)})
    return Gallery(open_views(whole / _VIEWS), targets, truth["source"], truth["origin"])


def _save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    replace_file(path, write)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path) as arrays:
        return dict(arrays)
