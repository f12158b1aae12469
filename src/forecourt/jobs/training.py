"""Jobs on candidates: a run of training is begun or gone on with, in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecourt.core.errors import UsageError
from forecourt.core.runs import RunRecord
from forecourt.jobs.datasets import open_version
from forecourt.jobs.locks import only_training
from forecourt.jobs.workspace import Workspace
from forecourt.release import load_base
from forecourt.store.engine import reading
from forecourt.store.runs import check_run_name, list_runs, read_run
from forecourt.store.versions import DatasetVersion
from forecourt.train.candidates import Plan, train_candidates
from forecourt.train.space import read_space
from forecourt.vision.bundle import Bundle, load_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOrder:
    """What is asked for.

    Attributes:
        dataset: Name of the dataset version.
        candidates: How many.
        run: Name of the run; "": the one of the same order, or else a new one.
        space: File of the search space; None: the one that is shipped.
        start: Bundle whose weights training starts from; None: the one that the champion was
            trained from, or the champion if it does not say.
        threads: 0: all cores.
        niceness: Added to the priority of this process, 0 to 19; the server goes first.
        tries_int8: Whether int8 is tried.
    """

    dataset: str
    candidates: int
    run: str = ""
    space: Path | None = None
    start: Path | None = None
    seed: int = 7
    threads: int = 0
    niceness: int = 15
    tries_int8: bool = True


def runs_root(workspace: Workspace) -> Path:
    """Return the folder of all runs."""
    return workspace.settings.home / "runs"


def open_run(workspace: Workspace, name: str) -> tuple[Path, RunRecord]:
    """Return the folder and the record of a run.

    Raises:
        UsageError: there is none of that name.
        StoreError: its record is damaged.
    """
    check_run_name(name)
    folder = runs_root(workspace) / name
    return folder, read_run(folder)


def train(
    workspace: Workspace,
    order: TrainOrder,
    *,
    on_record: Callable[[RunRecord], None] = lambda _record: None,
) -> RunRecord:
    """Train candidates, or those that an interrupted run of the same order still lacks.

    Raises:
        UsageError: the order makes no sense, another process trains in this home, or what the
            champion was trained from is not registered.
        BundleError: the network to start from is none that this release trains, or is gone.
    """
    space = read_space(order.space)
    version = open_version(workspace, order.dataset)
    start = load_bundle(order.start) if order.start else _load_base(workspace)
    threads = order.threads or os.cpu_count() or 1
    wanted = _plan_record(order, version, start, space.model_dump(mode="json"))
    with only_training(workspace):
        record = _find(workspace, wanted)
        lower_priority(order.niceness)
        return train_candidates(
            runs_root(workspace) / record.name,
            record,
            version,
            start,
            Plan(space=space, threads=threads),
            on_record=on_record,
        )


def _load_base(workspace: Workspace) -> Bundle:
    with reading(workspace.engine) as connection:
        return load_base(connection, workspace.settings.home, workspace.champion)


def lower_priority(niceness: int) -> None:
    """Let everything else on this machine go first."""
    if sys.platform != "win32":
        with suppress(OSError):
            os.nice(niceness)


def _plan_record(
    order: TrainOrder, version: DatasetVersion, start: Bundle, space: dict[str, object]
) -> RunRecord:
    return RunRecord(
        name=order.run,
        dataset=version.name,
        dataset_sha256=version.summary.manifest_sha256,
        start=start.version,
        start_sha256=start.manifest.sha256,
        wanted=order.candidates,
        seed=order.seed,
        space=space,
        tries_int8=order.tries_int8,
        started_at=datetime.now(UTC),
    )


def _find(workspace: Workspace, wanted: RunRecord) -> RunRecord:
    """Return the run to carry out: one that is there, or a new one."""
    runs = list_runs(runs_root(workspace))
    if wanted.name:
        check_run_name(wanted.name)
        known = next((one for one in runs if one.name == wanted.name), None)
        if known is None:
            return wanted
        if not _is_same(known, wanted):
            raise UsageError(
                f"The run {known.name} was asked for something else (dataset {known.dataset}, "
                f"{known.wanted} candidates from {known.start}, seed {known.seed}, its own search "
                f"space, {'with' if known.tries_int8 else 'without'} int8). "
                "Ask for the same again, or give this run another name: --run NAME."
            )
        return known
    for one in reversed(runs):
        if _is_same(one, wanted):  # whole or not: the same steps would make the same networks
            return one
    taken = {one.name for one in runs}
    number = 1
    while (name := f"{wanted.dataset}-{number}") in taken:
        number += 1
    check_run_name(name)
    return wanted.model_copy(update={"name": name})


def _is_same(one: RunRecord, other: RunRecord) -> bool:
    fields = ("dataset_sha256", "start_sha256", "wanted", "seed", "space", "tries_int8")
    return all(getattr(one, field) == getattr(other, field) for field in fields)
