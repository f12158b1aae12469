"""`python -m forecourt.train`: labelled pictures and starting weights → a model bundle.

Everything is seeded. Intermediate results are kept in the runs folder, so that an interrupted run
goes on where it stopped; delete the folder to start over.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from forecourt.core.errors import ForecourtError
from forecourt.train.gallery import GalleryConfig
from forecourt.train.pictures.draw import DrawConfig
from forecourt.train.recipe import Recipe, train_bundle


def main() -> int:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m forecourt.train", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("FORECOURT_DATA"),
        help="folder with data.csv and pictures (default: FORECOURT_DATA)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        default=os.environ.get("FORECOURT_WEIGHTS"),
        help="folder of the starting weights (default: FORECOURT_WEIGHTS)",
    )
    parser.add_argument("--out", type=Path, required=True, help="bundle folder to write")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="intermediate results")
    parser.add_argument(
        "--relit",
        type=int,
        default=0,
        help="copies of every photo with its vehicle in another light (default: 0, as shipped)",
    )
    parser.add_argument("--version", required=True, help="model version, e.g. 2026.11.1")
    arguments = parser.parse_args()
    if arguments.data is None or arguments.weights is None:
        parser.error("give --data and --weights, or set FORECOURT_DATA and FORECOURT_WEIGHTS")
    recipe = Recipe(
        data=arguments.data,
        weights=arguments.weights,
        out=arguments.out,
        runs=arguments.runs,
        version=arguments.version,
        gallery=GalleryConfig(drawing=DrawConfig(relit=arguments.relit)),
    )
    try:
        train_bundle(recipe)
    except ForecourtError as error:
        print(f"forecourt: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
