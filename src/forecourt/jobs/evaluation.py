"""Jobs on runs: champion and candidates are judged on one test set, and the gate decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from forecourt import release
from forecourt.core.dataset import Item, Split, is_held_at_random
from forecourt.core.errors import NotFoundError, StateError, StoreError, UsageError
from forecourt.core.evaluation import EVALUATION_FILE, Evaluation
from forecourt.core.gate import GateDecision, Verdict
from forecourt.core.gate_rules import Rules
from forecourt.core.runs import GATE_FILE, PAGE_FILE, RunRecord
from forecourt.core.samples import Sample
from forecourt.evaluate.card import update_card
from forecourt.evaluate.current import find_current
from forecourt.evaluate.models import TestSet, judge_models
from forecourt.evaluate.page import render_page
from forecourt.jobs.datasets import newest_version, open_version
from forecourt.jobs.training import open_run
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading
from forecourt.store.runs import bundle_folder
from forecourt.store.versions import DatasetVersion
from forecourt.vision.bundle import CARD_FILE, Bundle, load_bundle


def evaluate_run(
    workspace: Workspace,
    name: str,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Path, Evaluation]:
    """Judge the champion and all candidates of a run on the test split of its dataset version.

    Returns:
        The run's folder, which now holds `evaluation.json` and `report.html`, and the evaluation.

    Raises:
        UsageError: there is no such run, none of its candidates is finished, or the version has no
            test pictures or is not the one that was trained on.
    """
    folder, record = open_run(workspace, name)
    bundles = _but_champion(workspace, load_candidates(folder, record))
    test = _test_set(open_version(workspace, record.dataset), record)
    evaluation = judge_models(
        test,
        [workspace.champion, *bundles],
        workspace.settings.vision,
        on_progress=on_progress,
    )
    best = record.best()
    judged = [one.version for one in bundles]
    shown = best.version if best and best.version in judged else workspace.champion.version
    _replace(folder / EVALUATION_FILE, evaluation.model_dump_json(indent=1) + "\n")
    _replace(folder / PAGE_FILE, render_page(evaluation, test.folder, shown=shown))
    reports = {one.version: one.report for one in evaluation.models}
    for bundle in bundles:
        report = reports[bundle.version] | {"split": "test"}
        text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
        _replace(bundle.folder / EVALUATION_FILE, text + "\n")
        update_card(bundle.folder / CARD_FILE, report)
    return folder, evaluation


def evaluate_current(
    workspace: Workspace,
    advertiser: str,
    run: str | None,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Evaluation]:
    """Judge models on what an advertiser's sitemap shows now.

    Args:
        workspace: Where the sitemap, the thumbnails and the champion are.
        advertiser: Whose.
        run: The candidates of this run are judged too; None: the champion alone.
        on_progress: Called with the numbers done and in all, of each set.

    Returns:
        An evaluation on what people fixed, and one on the rest; a set without pictures is left out.

    Raises:
        UsageError: there is no such advertiser or run, or nothing to judge on.
    """
    candidates = load_candidates(*open_run(workspace, run)) if run else []
    candidates = _but_champion(workspace, candidates)
    with reading(workspace.engine) as connection:
        sets = find_current(
            connection,
            workspace.media,
            advertiser,
            model_version=workspace.version_for(advertiser),
        )
    return [
        judge_models(
            one,
            [workspace.champion, *candidates],
            workspace.settings.vision,
            on_progress=on_progress,
        )
        for one in (sets.fixed, sets.shown)
        if one.samples
    ]


def gate_run(
    workspace: Workspace, name: str, rules: Rules
) -> tuple[list[GateDecision], GateDecision | None]:
    """Decide on every candidate of an evaluated run.

    Returns:
        Decisions, the best candidate's by its score on the validation split first, and the first
        of them that passes, if any. Test pictures guard; they do not choose.

    Raises:
        UsageError: there is no such run, it was not evaluated, or against another champion.
    """
    folder, record = open_run(workspace, name)
    evaluation = read_evaluation(folder)
    if evaluation.champion != workspace.champion.version:
        raise StateError(
            f"The run {name} was evaluated against {evaluation.champion}, and the champion is "
            f"{workspace.champion.version} now. Evaluate it again: forecourt evaluate --run {name}"
        )
    champion = evaluation.model_report(evaluation.champion)
    judged = {one.version for one in evaluation.models} - {evaluation.champion}
    ranked = [one for one in record.ranked() if one.version in judged]
    decisions = [
        release.decide(champion, evaluation.model_report(one.version), rules) for one in ranked
    ]
    _replace(
        folder / GATE_FILE,
        json.dumps(
            {"rules": asdict(rules), "decisions": [one.to_json() for one in decisions]}, indent=1
        )
        + "\n",
    )
    passed = (one for one in decisions if one.verdict is Verdict.PROMOTED)
    return decisions, next(passed, None)


def gate_bundle(
    workspace: Workspace,
    folder: Path,
    dataset: str | None,
    rules: Rules,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> GateDecision:
    """Judge a bundle and the champion on the test split of a dataset version, and decide.

    Args:
        workspace: Where versions and the champion are.
        folder: A bundle; it need not be registered, and nothing is written to it.
        dataset: Name of the version; None: the newest.
        rules: Of the gate.
        on_progress: Called with the numbers done and in all.

    Raises:
        BundleError: the folder is no bundle that this release can use.
        UsageError: there is no such version, or it has no test pictures.
        StateError: the bundle is the champion.
    """
    bundle = load_bundle(folder)
    if bundle.version == workspace.champion.version:
        raise StateError(f"{bundle.version} is the champion's version: there is nothing to decide.")
    name = dataset or newest_version(workspace)
    if name is None:
        raise UsageError(
            "There is no dataset version to judge on; build one with test pictures: `forecourt "
            "dataset build NAME --test 0.15` (docs/dataset.md)."
        )
    version = open_version(workspace, name)
    test = _to_test_set(version, f"Bundle {bundle.version}", [])
    evaluation = judge_models(
        test, [workspace.champion, bundle], workspace.settings.vision, on_progress=on_progress
    )
    champion = evaluation.model_report(evaluation.champion)
    return release.decide(champion, evaluation.model_report(bundle.version), rules)


def find_candidate(workspace: Workspace, name: str, version: str) -> Path:
    """Return the bundle of a candidate of a run."""
    folder, record = open_run(workspace, name)
    (found,) = (one for one in record.candidates if one.version == version)
    return bundle_folder(folder, found)


def load_candidates(folder: Path, record: RunRecord) -> list[Bundle]:
    """Load the bundles of a run.

    Raises:
        StateError: none is finished.
        BundleError: one is damaged.
    """
    done = [one for one in record.candidates if one.outcome is not None]
    if not done:
        raise StateError(
            f"No candidate of the run {record.name} is finished. Go on with it: forecourt train "
            f"--dataset {record.dataset} --run {record.name} --candidates {record.wanted}"
        )
    return [load_bundle(bundle_folder(folder, one)) for one in done]


def read_evaluation(folder: Path) -> Evaluation:
    """Read the evaluation of a run.

    Raises:
        NotFoundError: it was not evaluated yet.
        StoreError: the file is damaged, or of another release.
    """
    path = folder / EVALUATION_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(
            f"The run {folder.name} was not evaluated yet: forecourt evaluate --run {folder.name}"
        ) from error
    try:
        return Evaluation.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(
            f"{path} is no evaluation of this release: {error.errors()[0]['msg']}. Evaluate the "
            f"run again: forecourt evaluate --run {folder.name}"
        ) from error


def _but_champion(workspace: Workspace, bundles: list[Bundle]) -> list[Bundle]:
    """Leave out a candidate that was promoted since: it is judged as the champion."""
    return [one for one in bundles if one.version != workspace.champion.version]


def _test_set(version: DatasetVersion, record: RunRecord) -> TestSet:
    if version.summary.manifest_sha256 != record.dataset_sha256:
        raise UsageError(
            f"The dataset version {version.name} is not the one that the run {record.name} was "
            "trained on: its manifest differs. Bring that one back."
        )
    held = [one for one in version.of_split(Split.TRAIN) if is_held_at_random(one)]
    return _to_test_set(version, f"Run {record.name}", held)


def _to_test_set(version: DatasetVersion, name: str, held: Sequence[Item]) -> TestSet:
    items = version.of_split(Split.TEST)
    if not items:
        raise UsageError(
            f"{version.name} has no test pictures. Build a version that has: `forecourt dataset "
            "build NAME --test 0.15` (docs/dataset.md)."
        )
    return TestSet(
        name=name,
        source=f"the test split of the dataset version {version.name}",
        manifest_sha256=version.summary.manifest_sha256,
        folder=version.folder,
        keys=[one.key for one in items],
        samples=_samples(items),
        seen=_samples(held),
    )


def _samples(items: Sequence[Item]) -> list[Sample]:
    return [one.to_sample() for one in items]


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
