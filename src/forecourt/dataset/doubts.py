"""Labels that are likely wrong: what a ranking says of them, and how a ranking is kept.

Ranking a version asks the champion about every picture and takes minutes, so it is done where
datasets are built; servers read what was found. A ranking is kept beside the versions, one file for
each, and can be deleted at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecourt.core.dataset import Item
from forecourt.core.errors import StoreError
from forecourt.core.fixes import FixField
from forecourt.store.versions import DatasetVersion

FOLDER = ".rankings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A label that is likely wrong.

    Attributes:
        given: The label.
        likely: What it would be.
        score: Probability of the label less that of the most probable other class, -1 to 1; low is
            suspect.
        is_issue: Whether confident learning counts it as an error, beyond ranking it.
    """

    item: Item
    field: FixField
    given: str
    likely: str
    score: float
    is_issue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A picture whose label is doubtful, and what it would be; worst first by `score`.

    Attributes:
        likely_type: "" where the type is not doubted; so too `likely_color`.
        is_issue: Whether confident learning counts one of its labels as an error.
    """

    item: Item
    likely_type: str
    likely_color: str
    score: float
    is_issue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The doubtful labels of a version, as one model sees them.

    Attributes:
        model_version: Whose features were compared.
        suspects: The most suspect first.
    """

    model_version: str
    made_at: datetime
    suspects: tuple[Suspect, ...]


def find_doubts(
    suspects: Iterable[Suspect], decided: Collection[str] = (), *, limit: int | None = None
) -> list[Doubt]:
    """Return the most doubtful pictures of one or more rankings that nobody has decided on."""
    of_key: dict[str, Doubt] = {}
    for one in suspects:
        if one.item.key in decided or one.score >= 0:
            continue
        before = of_key.get(one.item.key)
        is_type = one.field is FixField.IMAGE_TYPE
        of_key[one.item.key] = Doubt(
            item=one.item,
            likely_type=one.likely if is_type else before.likely_type if before else "",
            likely_color=one.likely if not is_type else before.likely_color if before else "",
            score=min(one.score, before.score if before else one.score),
            is_issue=one.is_issue or (before is not None and before.is_issue),
        )
    return sorted(of_key.values(), key=lambda one: (one.score, one.item.key))[:limit]


def ranking_path(version: DatasetVersion) -> Path:
    """Return where the ranking of a version is kept."""
    return version.folder.parent / FOLDER / f"{version.name}.json"


def keep_ranking(version: DatasetVersion, ranking: Ranking) -> None:
    """Keep what is doubtful of a ranking, in the place of an earlier one.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = ranking_path(version)
    told = {
        "manifest_sha256": version.summary.manifest_sha256,
        "model_version": ranking.model_version,
        "made_at": ranking.made_at.isoformat(),
        "suspects": [
            [one.item.key, one.field, one.likely, round(one.score, 4), one.is_issue]
            for one in ranking.suspects
            if one.score < 0
        ],
    }
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(told), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror}.") from error


def load_ranking(version: DatasetVersion) -> Ranking | None:
    """Return the ranking of a version; None where there is none, or only another version's.

    A file that cannot be read counts as none: it can be made anew.
    """
    try:
        told = json.loads(ranking_path(version).read_text(encoding="utf-8"))
        if told["manifest_sha256"] != version.summary.manifest_sha256:
            return None
        items = {item.key: item for item in version.items}
        suspects = tuple(
            _read_suspect(items[key], FixField(field), likely, score, is_issue=is_issue)
            for key, field, likely, score, is_issue in told["suspects"]
        )
        made_at = datetime.fromisoformat(told["made_at"])
        return Ranking(model_version=told["model_version"], made_at=made_at, suspects=suspects)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_suspect(
    item: Item, field: FixField, likely: str, score: float, *, is_issue: bool
) -> Suspect:
    given = item.image_type if field is FixField.IMAGE_TYPE else item.color
    return Suspect(
        item=item,
        field=field,
        given=str(given),
        likely=likely,
        score=score,
        is_issue=is_issue,
    )
