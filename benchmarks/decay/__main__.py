"""Replay a year of new advertisers, kinds and fixes: `python -m benchmarks.decay`.

Three ways to keep the model: none, the classic loop, and this product's. Everything is drawn from
the `train` rows of FORECOURT_DATA; the test pictures take no part. The networks' ends are trained
on what a frozen backbone says, which is computed once and kept; `--whole` trains as the product
does, backbone included, and takes hours.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from benchmarks.decay import chart
from benchmarks.decay.calendar import YEAR, Role
from benchmarks.decay.measure import COLOR, QUESTIONS, TYPE, Asked, find_bars, gather, share
from benchmarks.decay.seeds import open_pool, replay_seed
from benchmarks.decay.year import Answers


def main() -> int:
    arguments = _parse()
    arguments.kept.mkdir(parents=True, exist_ok=True)
    pool = open_pool(arguments, print)
    judges = [one for one in pool.dated if one.role in {Role.JUDGES, Role.STRANGE}]
    del pool  # what takes long is kept now; every year has its own process, and opens it
    years: list[Answers] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, mp_context=spawn, max_tasks_per_child=1) as some:
        told = some.map(replay_seed, repeat(arguments), arguments.seeds)
        for seed, year in zip(arguments.seeds, told, strict=True):
            print(f"\nthe year, seed {seed}")
            _print_bars({one: gather(judges, [year], one) for one in QUESTIONS})
            years.append(year)
    asked = {question: gather(judges, years, question) for question in QUESTIONS}
    strange = {question: gather(judges, years, question, strange=True) for question in QUESTIONS}
    _print(asked, strange, YEAR.months)
    panels = [
        chart.Panel(
            f"{question}: right on new advertisers",
            {
                way: [share(one, month, way) for month in range(YEAR.months + 1)]
                for way in one.right
            },
        )
        for question, one in asked.items()
    ]
    if arguments.figure:
        arguments.figure.write_text(chart.draw(panels), encoding="utf-8")
    print(f"\nthe mean of {len(years)} years")
    return int(not _print_bars(asked))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decay", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("FORECOURT_DATA"))
    parser.add_argument("--weights", type=Path, default=os.environ.get("FORECOURT_WEIGHTS"))
    parser.add_argument(
        "--kept",
        type=Path,
        default=Path(tempfile.gettempdir()) / "forecourt-decay",
        help="folder for what takes long and is computed once, some 5 GB",
    )
    parser.add_argument("--figure", type=Path, help="draw the year into this SVG")
    parser.add_argument("--rate", type=float, default=0.6, help="share of mistakes that are fixed")
    parser.add_argument("--wrong", type=float, default=0.05, help="wrong fixes for a right one")
    parser.add_argument("--every", type=int, default=3, help="months between two trainings")
    parser.add_argument("--candidates", type=int, default=4, help="of a training")
    parser.add_argument("--epochs", type=int, help="default: as the product's search space")
    parser.add_argument("--steps", type=int, help="of an epoch; default: likewise")
    parser.add_argument("--first-steps", type=int, default=400, help="of the first model")
    parser.add_argument("--each", type=int, default=36, help="hard pictures of a family")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[3, 4, 6, 7], help="the year is replayed with each"
    )
    parser.add_argument("--processes", type=int, default=1, help="years at a time")
    parser.add_argument("--threads", type=int, default=1, help="of each")
    parser.add_argument("--whole", action="store_true", help="train the backbone too: hours")
    arguments = parser.parse_args()
    if arguments.data is None or arguments.weights is None:
        parser.error("give --data and --weights, or set FORECOURT_DATA and FORECOURT_WEIGHTS")
    return arguments


def _print(asked: dict[str, Asked], strange: dict[str, Asked], months: int) -> None:
    ways = list(asked[TYPE].right)
    head = "".join(f"{f'{question}: {way}':>22}" for question in QUESTIONS for way in ways)
    print(f"\nmonth{head}")
    for month in range(1, months + 1):
        cells = [share(asked[question], month, way) for question in QUESTIONS for way in ways]
        print(f"{month:5}" + "".join(f"{f'{one.value:.1%} of {one.n}':>22}" for one in cells))
    print("\nat the end, with 95 % intervals")
    for name, one, among in (
        ("new advertisers, type on hard pictures", asked[TYPE], None),
        ("  cars", asked[TYPE], asked[TYPE].is_car),
        ("  other vehicles", asked[TYPE], asked[TYPE].is_other),
        ("new advertisers, colour", asked[COLOR], None),
        ("  cars", asked[COLOR], asked[COLOR].is_car),
        ("  other vehicles", asked[COLOR], asked[COLOR].is_other),
        ("sources that never arrived, type", strange[TYPE], None),
        ("sources that never arrived, colour", strange[COLOR], None),
    ):
        for way in ways:
            told = share(one, months, way, among)
            print(
                f"{name:40} {way:8} {told.value:6.1%} ({told.low:.1%}-{told.high:.1%}) of {told.n}"
            )


def _print_bars(asked: dict[str, Asked]) -> bool:
    """Print the bars; return whether all are reached."""
    bars = find_bars(asked, YEAR.months)
    for bar in bars:
        print(
            f"{'reached' if bar.is_reached else 'MISSED ':8} {bar.name}: {bar.measured}", flush=True
        )
    return all(bar.is_reached for bar in bars)


if __name__ == "__main__":
    sys.exit(main())
