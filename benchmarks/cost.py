"""From JPEG bytes to a tag: what one picture costs, against the plain way with the same network.

The plain way: Pillow decodes the whole JPEG, PyTorch runs eagerly, one picture after the other.
Ours: scaled decoding and the shipped bundle in batches, as `forecourt classify` works; and once
more with thumbnails and visual keys, as `forecourt tag` makes them. One thread each, the same
640x480 JPEGs, in turns; what counts is CPU time of the process. The weights of PyTorch's network
are random (speed does not depend on them), and it has no normalisation layers any more, which is in
its favour.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.rerun import make_images
from forecourt.core.settings import Settings
from forecourt.identity.visual import make_visual_key
from forecourt.train.backbone import build_backbone
from forecourt.train.export import make_plain
from forecourt.train.eyes import INPUT_SIZE, Eyes
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline, nothing

BAR = 5.0


def plain_way() -> Callable[[list[bytes]], None]:
    """Return a function that answers pictures one by one in PyTorch."""
    torch.set_num_threads(1)
    eyes = Eyes(build_backbone()).eval()
    make_plain(eyes)

    def run(images: list[bytes]) -> None:
        with torch.no_grad():
            for data in images:
                image = Image.open(io.BytesIO(data)).convert("RGB")
                square = image.resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR)
                pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None]
                answers = eyes(pixels.float() / 127.5 - 1)
                answers.image_type.softmax(1).argmax(1).item()
                answers.color.softmax(1).argmax(1).item()

    return run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = make_images(Path(folder), arguments.images)
        images = [(Path(folder) / Path(name).name).read_bytes() for name in names]
    settings = Settings()
    vision = settings.vision.model_copy(update={"threads": 1})
    bundle = load_bundle(settings.vision.bundle)
    naive = plain_way()
    with (
        Pipeline(bundle, vision, make_thumbnail=nothing) as pipeline,
        Pipeline(bundle, vision, make_visual_key=make_visual_key) as tagging,
    ):
        ways: dict[str, Callable[[list[bytes]], object]] = {
            "plain": naive,
            "ours": pipeline.run,
            "tagging": tagging.run,
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for run in ways.values():
            run(images[:8])  # nothing of the first call counts
        for _round in range(arguments.rounds):
            for name, run in ways.items():
                start = time.process_time()
                run(images)
                seconds[name].append(time.process_time() - start)
    rates = {name: [len(images) / one for one in taken] for name, taken in seconds.items()}
    for name, values in rates.items():
        middle = statistics.median(values)
        print(f"{name:7} {middle:6.1f} images a CPU second ({min(values):.1f}-{max(values):.1f})")
    ratio = statistics.median(rates["ours"]) / statistics.median(rates["plain"])
    print(f"model {bundle.version}: {ratio:.1f} times as many (bar: {BAR:.0f})")
    return int(ratio < BAR)


if __name__ == "__main__":
    sys.exit(main())
