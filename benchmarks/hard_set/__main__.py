"""Draw a hard set and judge a model on it: `python -m benchmarks.hard_set`.

Pictures are drawn anew from the labelled ones named by FORECOURT_DATA, and kept only with `--out`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.hard_set.dialect import CHOOSING, TEST
from benchmarks.hard_set.draw import SPLIT, draw_set
from forecourt.core.samples import read_manifest
from forecourt.core.settings import Settings
from forecourt.evaluate.judge import judge
from forecourt.evaluate.report import Report, make_report
from forecourt.train.samples import assign_folds
from forecourt.vision.bundle import load_bundle
from forecourt.vision.pipeline import Pipeline, nothing

TYPE, PLACEHOLDER, FAMILY = 0.96, 0.95, 0.85


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hard_set", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("FORECOURT_DATA"))
    parser.add_argument("--out", type=Path, help="keep the pictures here")
    parser.add_argument("--each", type=int, default=36, help="pictures of each family")
    parser.add_argument(
        "--choosing",
        action="store_true",
        help="draw from the first fold of `train`, in another handwriting: what is chosen, is "
        "chosen on this set",
    )
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give --data, or set FORECOURT_DATA")
    split, dialect = ("train", CHOOSING) if arguments.choosing else ("test", TEST)
    samples = [one for one in read_manifest(arguments.data) if one.split == split]
    if arguments.choosing:
        folds = assign_folds(samples, 4)
        samples = [one for one, fold in zip(samples, folds, strict=True) if fold == 0]
    with tempfile.TemporaryDirectory() as folder:
        out = arguments.out or Path(folder)
        count = draw_set(arguments.data, samples, dialect, out, each=arguments.each)
        print(f"{count} pictures drawn from the split {split}")
        report = _judge(out)
    return _print(report)


def _judge(folder: Path) -> Report:
    settings = Settings()
    bundle = load_bundle(settings.vision.bundle)
    with Pipeline(bundle, settings.vision, make_thumbnail=nothing) as pipeline:
        verdicts = list(judge(folder, read_manifest(folder), pipeline))
    return make_report(verdicts, model_version=bundle.version, split=SPLIT)


def _print(report: Report) -> int:
    """Print the figures and return 1 where a bar is missed."""
    placeholder = next(one for one in report.image_type.classes if one.name == "Placeholder")
    bars = [
        ("image type", report.image_type.accuracy.value, TYPE),
        ("placeholder recall", placeholder.recall.value, PLACEHOLDER),
    ]
    families = sorted(report.by_advertiser, key=lambda one: one.image_type.value)
    bars += [(one.name, one.image_type.value, FAMILY) for one in families]
    print(f"model {report.model_version}, {report.pictures} pictures")
    for name, value, bar in bars:
        print(f"{name:32} {value:7.1%}  {'' if value >= bar else f'under {bar:.0%}'}")
    return int(any(value < bar for _name, value, bar in bars))


if __name__ == "__main__":
    sys.exit(main())
