"""How often a model says something else of a thumbnail than of the original it was made from.

A re-tag, and tagging after a promotion, look at thumbnails of 320 pixels. Both answers are compared
with each other, and with the label: what is lost is what re-tagging costs.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from forecourt.core.labels import ImageType
from forecourt.core.metrics import share
from forecourt.core.samples import read_manifest
from forecourt.core.settings import Settings
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline, Seen

_TOGETHER = 64
BAR = 0.02  # of answers may differ in the type


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.thumbnails", description=__doc__)
    parser.add_argument("--images", type=int, default=10_000, help="at most; default: all of test")
    arguments = parser.parse_args()
    folder = Path(os.environ["FORECOURT_DATA"])
    samples = [one for one in read_manifest(folder) if one.split == "test"][: arguments.images]
    settings = Settings()
    pairs: list[tuple[Seen, Seen]] = []
    with Pipeline(load_bundle(settings.vision.bundle), settings.vision) as pipeline:
        for start in range(0, len(samples), _TOGETHER):
            part = samples[start : start + _TOGETHER]
            seen = _look(pipeline, [(folder / one.file).read_bytes() for one in part])
            again = _look(pipeline, [one.thumbnail or b"" for one in seen])
            pairs += zip(seen, again, strict=True)
    reduced = sum(max(one.info.width, one.info.height) > 320 for one, _ in pairs)
    print(f"{len(pairs)} pictures, {reduced} of them larger than a thumbnail")
    types = [one.decision.image_type != other.decision.image_type for one, other in pairs]
    colors = [one.decision.color != other.decision.color for one, other in pairs]
    either = [one or other for one, other in zip(types, colors, strict=True)]
    for name, differ in (("type", types), ("colour", colors), ("either", either)):
        of_all = share(sum(differ), len(differ))
        print(
            f"{name}: {sum(differ)} differ, {of_all.value:.1%} ({of_all.low:.1%}-{of_all.high:.1%})"
        )
    for name, whose in (("originals", 0), ("thumbnails", 1)):
        right = sum(
            pair[whose].decision.image_type == sample.image_type
            for pair, sample in zip(pairs, samples, strict=True)
        )
        colored = [
            pair[whose].decision.color == sample.color
            for pair, sample in zip(pairs, samples, strict=True)
            if sample.color is not None and sample.image_type is not ImageType.PLACEHOLDER
        ]
        print(
            f"{name}: type right {right / len(pairs):.1%}, "
            f"colour right {sum(colored) / len(colored):.1%} of {len(colored)}"
        )
    return int(sum(types) > BAR * len(types))


def _look(pipeline: Pipeline, pictures: list[bytes]) -> list[Seen]:
    seen = [one for one in pipeline.run(pictures) if isinstance(one, Seen)]
    if len(seen) != len(pictures):
        raise SystemExit("A picture has no answer.")
    return seen


if __name__ == "__main__":
    sys.exit(main())
