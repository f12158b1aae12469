"""The folders of runs of training: names, and the record of each (`run.json`)."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import ValidationError

from forecourt.core.errors import NotFoundError, StoreError, UsageError
from forecourt.core.runs import FORMAT, RUN_FILE, CandidateRecord, RunRecord

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")  # a candidate's version adds to it
_CANDIDATES = "candidates"


def check_run_name(name: str) -> None:
    """Refuse a name that cannot be a run's.

    Raises:
        UsageError: it has other signs than letters, digits and `._+-`, or more than 80.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a run: use up to 80 letters, digits and . _ + -")


def list_runs(root: Path) -> list[RunRecord]:
    """Return all runs below a folder, the earliest first."""
    folders = [one.parent for one in root.glob(f"*/{RUN_FILE}")]
    return sorted((read_run(one) for one in folders), key=lambda one: (one.started_at, one.name))


def read_run(folder: Path) -> RunRecord:
    """Return the record of a run.

    Raises:
        NotFoundError: there is none.
        StoreError: the file is damaged, or of another release.
    """
    path = folder / RUN_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no run {folder.name!r} in {folder.parent}; `forecourt train` makes one."
        ) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}.") from error
    try:
        record = RunRecord.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(f"{path} is no record of a run: {error.errors()[0]['msg']}.") from error
    if record.format != FORMAT:
        raise StoreError(f"{path} has the format {record.format}; this release reads {FORMAT}.")
    return record


def bundle_folder(folder: Path, candidate: CandidateRecord) -> Path:
    """Return the bundle of a candidate of a run."""
    return folder / _CANDIDATES / str(candidate.number)
