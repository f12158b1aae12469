"""Replay a year of new advertisers, kinds and fixes: `python -m benchmarks.decay`.

Three ways to keep the model: none, the classic loop, and this product's. Everything is drawn from
the `train` rows of FORECOURT_DATA; the test pictures take no part. The networks' ends are trained
on what a frozen backbone says, which is computed once and kept; `--whole` trains as the product
does, backbone included, and takes hours.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.decay import chart
from benchmarks.decay.calendar import YEAR, Role
from benchmarks.decay.measure import COLOR, QUESTIONS, TYPE, Asked, count, find_bars, gather
from benchmarks.decay.people import People
from benchmarks.decay.pool import build_pool
from benchmarks.decay.teach import Schooling
from benchmarks.decay.ways import Classic, Nothing, Ours, Way
from benchmarks.decay.year import replay
from forecourt.train.learn import LearnConfig
from forecourt.train.space import Space, read_space


def main() -> int:
    arguments = _parse()
    torch.set_num_threads(arguments.threads)
    started = time.monotonic()

    def say(told: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {told}", flush=True)

    arguments.kept.mkdir(parents=True, exist_ok=True)
    pool = build_pool(
        arguments.data,
        arguments.weights,
        arguments.kept,
        YEAR,
        learn=LearnConfig(steps=arguments.first_steps, batch=48),
        each=arguments.each,
        is_whole=arguments.whole,
        say=say,
    )
    schooling = Schooling(
        space=_space(arguments.epochs, arguments.steps, is_whole=arguments.whole),
        candidates=arguments.candidates,
        seed=arguments.seed,
    )
    people = People(rate=arguments.rate, wrong=arguments.wrong, seed=arguments.seed)
    ways: list[Way] = [
        Nothing(pool),
        Classic(pool, schooling),
        Ours(pool, schooling, people),
    ]
    told = replay(pool, ways, people, YEAR.months, every=arguments.every, say=say)
    judges = [one for one in pool.dated if one.role in {Role.JUDGES, Role.STRANGE}]
    asked = {question: gather(judges, told, question) for question in QUESTIONS}
    strange = {question: gather(judges, told, question, strange=True) for question in QUESTIONS}
    _print(asked, strange, YEAR.months)
    panels = [
        chart.Panel(
            f"{question}: right on new advertisers",
            {
                way: [count(one.at(way, month)) for month in range(YEAR.months + 1)]
                for way in one.right
            },
        )
        for question, one in asked.items()
    ]
    if arguments.figure:
        arguments.figure.write_text(chart.draw(panels), encoding="utf-8")
    bars = find_bars(asked, YEAR.months)
    for bar in bars:
        print(f"{'reached' if bar.is_reached else 'MISSED ':8} {bar.name}: {bar.measured}")
    return int(not all(bar.is_reached for bar in bars))


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
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="train the backbone too: hours")
    arguments = parser.parse_args()
    if arguments.data is None or arguments.weights is None:
        parser.error("give --data and --weights, or set FORECOURT_DATA and FORECOURT_WEIGHTS")
    return arguments


def _space(epochs: int | None, steps: int | None, *, is_whole: bool) -> Space:
    """Return the product's search space; no candidate ends early.

    Ends alone bear higher rates than ends whose backbone moves with them.
    """
    told = read_space()
    wanted = epochs or told.training.epochs
    training = told.training.model_copy(
        update={"epochs": wanted, "steps": steps or told.training.steps, "patience": wanted}
    )
    rates = told.search.rate_heads
    if not is_whole:
        rates = rates.model_copy(update={"low": 6e-4, "high": 4e-3, "first": 2e-3})
    search = told.search.model_copy(update={"rate_heads": rates})
    return told.model_copy(update={"training": training, "search": search})


def _print(asked: dict[str, Asked], strange: dict[str, Asked], months: int) -> None:
    ways = list(asked[TYPE].right)
    head = "".join(f"{f'{question}: {way}':>22}" for question in QUESTIONS for way in ways)
    print(f"\nmonth{head}")
    for month in range(1, months + 1):
        cells = [count(asked[question].at(way, month)) for question in QUESTIONS for way in ways]
        print(f"{month:5}" + "".join(f"{f'{one.value:.1%} of {one.n}':>22}" for one in cells))
    print("\nat the end, with 95 % intervals")
    for name, one in (
        ("new advertisers, type on hard pictures", asked[TYPE]),
        ("new advertisers, colour", asked[COLOR]),
        ("sources that never arrived, type", strange[TYPE]),
        ("sources that never arrived, colour", strange[COLOR]),
    ):
        for way in ways:
            told = count(one.at(way, months))
            print(
                f"{name:40} {way:8} {told.value:6.1%} ({told.low:.1%}-{told.high:.1%}) "
                f"{told.right} of {told.n}"
            )


if __name__ == "__main__":
    sys.exit(main())
