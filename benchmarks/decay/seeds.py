"""One replay of the year, from the command's arguments: each seed has a process of its own."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from benchmarks.decay.calendar import YEAR
from benchmarks.decay.people import People
from benchmarks.decay.pool import Pool, build_pool
from benchmarks.decay.teach import Schooling
from benchmarks.decay.ways import Classic, Nothing, Ours, Way
from benchmarks.decay.year import Answers, replay
from forecourt.train.learn import LearnConfig
from forecourt.train.space import Space, read_space


def open_pool(arguments: argparse.Namespace, say: Callable[[str], None]) -> Pool:
    """Draw, decode and look at all pictures, or take what was kept."""
    torch.set_num_threads(arguments.threads)
    return build_pool(
        arguments.data,
        arguments.weights,
        arguments.kept,
        YEAR,
        learn=LearnConfig(steps=arguments.first_steps, batch=48),
        each=arguments.each,
        is_whole=arguments.whole,
        say=say,
    )


def replay_seed(arguments: argparse.Namespace, seed: int) -> Answers:
    """Replay the year once, in a process of its own."""
    started = time.monotonic()

    def say(told: str) -> None:
        print(f"seed {seed} {time.monotonic() - started:6.0f} s  {told}", flush=True)

    pool = open_pool(arguments, say)
    schooling = Schooling(
        space=_space(arguments.epochs, arguments.steps, is_whole=arguments.whole),
        candidates=arguments.candidates,
        seed=seed,
    )
    people = People(rate=arguments.rate, wrong=arguments.wrong, seed=seed)
    ways: list[Way] = [Nothing(pool), Classic(pool, schooling), Ours(pool, schooling, people)]
    return replay(pool, ways, people, YEAR.months, every=arguments.every, say=say)


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
