"""What runs of training have come to, for whoever looks; needs none of what trains and judges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecourt.core.errors import ForecourtError, NotFoundError
from forecourt.core.runs import GATE_FILE, PAGE_FILE, RUN_FILE, RunRecord
from forecourt.jobs.workspace import Workspace
from forecourt.store.runs import check_run_name, read_run

_MOST = 20


@dataclass(frozen=True, slots=True)
class Decided:
    """What the gate said of a candidate.

    Attributes:
        verdict: `promoted` or `refused`.
        reasons: Why it was refused, in sentences.
    """

    verdict: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, what the gate said of its candidates, and whether there is a report to read."""

    record: RunRecord
    has_report: bool
    decided: Mapping[str, Decided] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runs:
    """The latest runs, the latest first, and what could not be read."""

    summaries: Sequence[RunSummary]
    problems: Sequence[str]


def look_at_runs(workspace: Workspace) -> Runs:
    """Return the runs that last went on; a damaged one is named, and stops nothing."""
    summaries: list[RunSummary] = []
    problems: list[str] = []
    paths = list(_root(workspace).glob(f"*/{RUN_FILE}"))
    for path in sorted(paths, key=_changed_at, reverse=True)[:_MOST]:
        try:
            summaries.append(_summarise(path.parent))
        except ForecourtError as error:
            problems.append(str(error))
    summaries.sort(key=lambda one: (one.record.started_at, one.record.name), reverse=True)
    return Runs(summaries, sorted(problems))


def find_run_of(workspace: Workspace, version: str) -> RunSummary | None:
    """Return the run that a model comes from, if it comes from one that is still there."""
    name, _dot, _number = version.rpartition(".")
    try:
        check_run_name(name)
        run = _summarise(_root(workspace) / name)
    except ForecourtError:
        return None
    return run if any(one.version == version for one in run.record.candidates) else None


def find_report(workspace: Workspace, name: str) -> Path:
    """Return the report of a run.

    Raises:
        NotFoundError: there is no such run, or it was not evaluated.
        UsageError: it cannot be the name of a run.
    """
    check_run_name(name)
    path = _root(workspace) / name / PAGE_FILE
    if not path.is_file():
        raise NotFoundError(f"There is no report of a run {name!r}.")
    return path


def _root(workspace: Workspace) -> Path:
    return workspace.settings.home / "runs"


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it is gone
        return 0.0


def _summarise(folder: Path) -> RunSummary:
    return RunSummary(read_run(folder), (folder / PAGE_FILE).is_file(), _read_decisions(folder))


def _read_decisions(folder: Path) -> dict[str, Decided]:
    """Return what was decided; nothing where no gate was asked, or its file is damaged."""
    try:
        told: Any = json.loads((folder / GATE_FILE).read_text(encoding="utf-8"))
        return {
            str(one["candidate"]): Decided(
                str(one["verdict"]), [str(reason["text"]) for reason in one["reasons"]]
            )
            for one in told["decisions"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
