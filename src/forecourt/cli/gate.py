"""`forecourt models gate`: may a candidate of a run, or any bundle, take the champion's place?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecourt.cli.actor import as_admin
from forecourt.cli.console import out
from forecourt.cli.dataset import open_datasets, print_rows, show_progress
from forecourt.core.audit import AuditAction
from forecourt.core.errors import UsageError
from forecourt.core.gate_rules import Rules

if TYPE_CHECKING:
    from forecourt.core.gate import GateDecision
    from forecourt.jobs.workspace import Workspace
    from forecourt.release import Promoted

_REFUSED = 1
_RULES = Rules()
_MOST = 8  # rows of checks that are shown


def gate(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="An evaluated run, or the folder of a bundle.")
    ],
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="Judge a bundle on this version's test; default: newest."),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Promote the best candidate that passes.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who promotes: a name.")] = "",
    note: Annotated[str, typer.Option("--note", help="Why, for the history.")] = "",
    floor: Annotated[
        float, typer.Option("--placeholder-recall", min=0, max=1, help="Its floor.")
    ] = _RULES.placeholder_recall,
    least: Annotated[
        int, typer.Option("--least", min=6, help="Pictures that a slice needs to be guarded.")
    ] = _RULES.least,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decide on the candidates of a run, or on a bundle; exit code 1 where none passes."""
    if promote and not by.strip():
        raise UsageError("Say who promotes: --by NAME.")
    rules = Rules(placeholder_recall=floor, least=least)
    with open_datasets() as workspace:
        folder = _find_bundle(run)
        if dataset is not None and folder is None:
            raise UsageError(f"{run} is no bundle: a run is judged on its own dataset version.")
        decisions, passed = _decide(workspace, run, folder, dataset, rules)
        done = _promote(workspace, run, folder, passed, by, note) if promote and passed else None
    if as_json:
        typer.echo(json.dumps(_to_json(decisions, passed, done), ensure_ascii=False))
    else:
        for one in decisions:
            _show(one)
        _say_what_next(run, passed, done)
    if passed is None:
        raise typer.Exit(_REFUSED)


def _find_bundle(name: str) -> Path | None:
    """Return the folder of a bundle that is meant, or None: a run is."""
    folder = Path(name)
    looks_like_one = folder.is_dir() and (folder / "bundle.json").is_file()
    return folder if looks_like_one or folder.name != name else None


def _decide(
    workspace: Workspace, run: str, folder: Path | None, dataset: str | None, rules: Rules
) -> tuple[list[GateDecision], GateDecision | None]:
    from forecourt.core.gate import Verdict
    from forecourt.jobs.evaluation import gate_bundle, gate_run

    if folder is None:
        return gate_run(workspace, run, rules)
    with show_progress("Judging") as tell:
        decision = gate_bundle(workspace, folder, dataset, rules, on_progress=tell)
    return [decision], decision if decision.verdict is Verdict.PROMOTED else None


def _promote(
    workspace: Workspace, run: str, folder: Path | None, passed: GateDecision, by: str, note: str
) -> Promoted:
    from forecourt import release
    from forecourt.access import audit
    from forecourt.jobs.evaluation import find_candidate
    from forecourt.store.engine import writing

    home, at = workspace.settings.home, datetime.now(UTC)
    folder = folder or find_candidate(workspace, run, passed.candidate)
    with writing(workspace.engine) as connection:
        release.register(connection, home, folder, by=by, at=at)
        audit(connection, as_admin(by), AuditAction.MODEL_REGISTER, at=at, target=passed.candidate)
        done = release.promote(
            connection, home, passed.candidate, by=by, note=note, at=at, reason=passed.explain()
        )
        audit(connection, as_admin(by), AuditAction.MODEL_PROMOTE, at=at, target=passed.candidate)
    return done


def _show(decision: GateDecision) -> None:
    out.print(
        f"{decision.candidate}: {decision.verdict}", highlight=False, markup=False, style="bold"
    )
    for reason in decision.reasons:
        out.print(f"  {reason.rule} {reason.text}", highlight=False, markup=False)
    worst = sorted(decision.checks, key=lambda one: one.paired.gap.value)[:_MOST]
    rows = [
        (
            one.slice,
            one.question,
            one.paired.n,
            one.paired.champion_right,
            one.paired.candidate_right,
            f"{100 * one.paired.gap.low:+.1f} to {100 * one.paired.gap.high:+.1f}",
        )
        for one in worst
    ]
    headings = ("slice", "question", "pictures", "champion", "candidate", "95 % interval, points")
    print_rows("", headings, rows)
    if decision.unguarded:
        told = ", ".join(decision.unguarded)
        out.print(f"Too few pictures to guard: {told}", highlight=False, markup=False)


def _say_what_next(run: str, passed: GateDecision | None, done: Promoted | None) -> None:
    if done is not None:
        text = f"{done.promotion.model_version} is the champion; before it was {done.replaced}."
    elif passed is not None:
        text = f"To let {passed.candidate} answer: forecourt models gate {run} --promote --by NAME"
    else:
        text = "No candidate passes; the champion stays."
    out.print(text, highlight=False, markup=False)


def _to_json(
    decisions: list[GateDecision], passed: GateDecision | None, done: Promoted | None
) -> dict[str, Any]:
    from forecourt import release

    return {
        "passed": passed.candidate if passed else None,
        "decisions": [one.to_json() for one in decisions],
        "promotion": release.promotion_to_json(done.promotion) if done else None,
    }
