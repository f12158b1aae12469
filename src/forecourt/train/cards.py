"""What a candidate's bundle says of itself: manifest and card."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from forecourt.core.dataset import Item, Split
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.runs import CandidateRecord, EpochRecord, Outcome, RunRecord
from forecourt.store.versions import DatasetVersion
from forecourt.train.eyes import INPUT_SIZE, KINDS, VIEWS
from forecourt.train.held_out import Numbers
from forecourt.vision.bundle import FIGURES_BEGIN, FIGURES_END, FORMAT


def trained_on(candidate: CandidateRecord, dataset: DatasetVersion) -> list[Item]:
    """Return the pictures that a candidate was shown: the blend's members saw two splits."""
    items = dataset.of_split(Split.TRAIN)
    return items + dataset.of_split(Split.VALIDATION) if candidate.blend_of else items


def bundle_manifest(
    run: RunRecord, candidate: CandidateRecord, dataset: DatasetVersion, numbers: Numbers
) -> dict[str, Any]:
    """Return the manifest of a candidate, but for the digest of its network."""
    items = trained_on(candidate, dataset)
    advertisers = len({one.advertiser for one in items})
    return {
        "format": FORMAT,
        "version": candidate.version,
        "input_size": INPUT_SIZE,
        "image_types": list(IMAGE_TYPES),
        "colors": list(COLORS),
        "kinds": list(KINDS),
        "views": list(VIEWS),
        "temperatures": numbers.temperatures,
        "thresholds": numbers.thresholds,
        "created": datetime.now(UTC).date().isoformat(),
        "trained_on": f"{len(items)} pictures of {advertisers} advertisers ({dataset.name})",
        "base": {"version": run.start, "sha256": run.start_sha256},
    }


def write_card(
    run: RunRecord, candidate: CandidateRecord, outcome: Outcome, dataset: DatasetVersion
) -> str:
    """Return the card of a candidate, in Markdown, with a place for the figures of a test."""
    held = dataset.of_split(Split.VALIDATION)
    epochs = f"{len(candidate.epochs)}, {outcome.best_epoch}"
    cost = outcome.int8_cost
    lines = [
        f"# Model card: {candidate.version}",
        "",
        _origin(run, candidate),
        "",
        "| number | value |",
        "|---|---|",
        *(f"| `{name}` | {value:.4g} |" for name, value in candidate.numbers.items()),
        *([] if candidate.blend_of else [f"| epochs, best of them | {epochs} |"]),
        "",
        _chosen_by(len(held), candidate, candidate.epochs[outcome.best_epoch - 1]),
        "",
        f"Weights: {outcome.precision}. "
        + ("int8 was not tried." if cost is None else f"int8 costs {100 * cost:.2f} points."),
        "",
        FIGURES_BEGIN,
        FIGURES_END,
    ]
    return "\n".join(lines) + "\n"


def _origin(run: RunRecord, candidate: CandidateRecord) -> str:
    name = f"Candidate {candidate.number} of {run.wanted}"
    if candidate.blend_of:
        members = ", ".join(map(str, candidate.blend_of))
        name = (
            f"The mean of the weights of candidates {members}, each trained once more, with the "
            "validation pictures too,"
        )
    return (
        f"{name} of the run {run.name}. Trained on the "
        f"dataset version {run.dataset} (SHA-256 of its manifest: {run.dataset_sha256}), from the "
        f"weights of {run.start} (SHA-256 of its network: {run.start_sha256}), with seed "
        f"{run.seed}."
    )


def _chosen_by(pictures: int, candidate: CandidateRecord, best: EpochRecord) -> str:
    before = ", before its members were trained on them" if candidate.blend_of else ""
    return (
        f"On the {pictures} validation pictures, which it was chosen by and its thresholds come "
        f"from{before}: macro accuracy of the type {_percent(best.image_type)}, of the most "
        f"probable colour {_percent(best.color)}, placeholders found "
        f"{_percent(best.placeholders)}. "
        "Figures on test pictures follow below, once it was evaluated."
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
