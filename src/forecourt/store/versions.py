"""Dataset versions on disk: one folder each, written whole or not at all, never changed.

    datasets/<name>/
        version.json       name, parent, what it was made from, counts, SHA-256 of the manifest
        manifest.parquet   one row for each picture: the columns of `core.dataset.Item`
        left_out.csv       what was offered and left out, with the reason
        DATASET_CARD.md    for people
        images/ab/<sha256>.jpg   the pictures, named by the SHA-256 of the file

To read one: `read_version(folder)`. Its `items` hold labels, trust, split and weight;
`path_of(item)` is the picture. Items are in the order of their keys, so that the same pictures make
the same file.

Pictures of a parent and of the media folder are hard links, where the disk can: a version costs
little more than what is new in it. Its files are never written to, so a link is as good as a copy.
What a version says of itself is read by anybody; its rows need the extra `train` (pyarrow).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from forecourt.core.dataset import Item, LeftOut, Omission, Recipe, Split, Summary
from forecourt.core.errors import NotFoundError, StoreError, UsageError
from forecourt.core.spreadsheet import defuse, undo_defuse
from forecourt.store.manifest import read_manifest, write_manifest

FORMAT = 1
SUMMARY_FILE = "version.json"
MANIFEST_FILE = "manifest.parquet"
LEFT_OUT_FILE = "left_out.csv"
CARD_FILE = "DATASET_CARD.md"
IMAGES = "images"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version that was read. `items` are in the order of their keys."""

    folder: Path
    summary: Summary
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """The version's name."""
        return self.summary.name

    def path_of(self, item: Item) -> Path:
        """Return the picture's file."""
        return self.folder / item.image

    def of_split(self, split: Split) -> list[Item]:
        """Return the items of one split."""
        return [item for item in self.items if item.split is split]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What a version is written from.

    Attributes:
        files: Where each picture lies now, by `Item.image`.
        owned: Of these, files that nobody writes to: they are linked. Others are copied.
    """

    name: str
    created_at: datetime
    items: Sequence[Item]
    files: Mapping[str, Path]
    owned: frozenset[str]
    recipe: Recipe
    omissions: Sequence[Omission]
    counts: Mapping[str, Any]


def check_name(root: Path, name: str) -> None:
    """Refuse a name that cannot be a version's, or is one's already.

    Raises:
        UsageError: it has other signs than letters, digits and `._+-`, or is taken.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a version: use up to 100 letters, digits and . _ + -"
        )
    if (root / name).exists():
        raise UsageError(f"There is a version {name} already, and versions never change.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that lies beside its place, whole, and is not seen yet."""

    folder: Path
    version: DatasetVersion

    def publish(self) -> DatasetVersion:
        """Move the version to its place.

        Raises:
            UsageError: another of that name was there first.
        """
        place = self.version.folder
        check_name(place.parent, place.name)
        self.folder.rename(place)
        return self.version


@contextmanager
def drafting(root: Path, new: NewVersion, *, card: str) -> Iterator[Draft]:
    """Write a version beside its place; what is not published in the block is removed.

    Raises:
        UsageError: the name will not do.
        StoreError: the folder cannot be written, or a picture is not there.
    """
    check_name(root, new.name)
    folder = root / f".draft-{new.name}"
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
        try:
            version = _write_draft(folder, root / new.name, new, card)
        except OSError as error:
            raise StoreError(
                f"Cannot write the version {new.name} to {root}: {error.strerror}: "
                f"{error.filename}."
            ) from error
        yield Draft(folder, version)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_draft(folder: Path, place: Path, new: NewVersion, card: str) -> DatasetVersion:
    folder.mkdir(parents=True)
    items = sorted(new.items, key=lambda item: item.key)
    size = 0
    for item in items:
        size += _place(new.files[item.image], folder / item.image, link=item.image in new.owned)
    write_manifest(folder / MANIFEST_FILE, items)
    summary = Summary(
        name=new.name,
        created_at=new.created_at,
        manifest_sha256=_digest(folder / MANIFEST_FILE),
        images=len(items),
        size_bytes=size,
        recipe=new.recipe,
        left_out=_count_reasons(new.omissions),
        counts=new.counts,
    )
    _write_omissions(folder / LEFT_OUT_FILE, new.omissions)
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    text = json.dumps({"format": FORMAT, **asdict(summary)}, indent=1, default=_to_json)
    (folder / SUMMARY_FILE).write_text(text + "\n", encoding="utf-8")
    return DatasetVersion(place, summary, tuple(items))


def read_version(folder: Path, *, verify: bool = False) -> DatasetVersion:
    """Read a dataset version.

    Args:
        folder: The version's own folder.
        verify: Also read every picture and compare its SHA-256.

    Raises:
        UsageError: there is no version, or it is of a format that this release cannot read.
        StoreError: a file is not what was written.
    """
    summary = read_summary(folder)
    path = folder / MANIFEST_FILE
    if not path.is_file() or _digest(path) != summary.manifest_sha256:
        raise StoreError(f"{path} is not the manifest that {SUMMARY_FILE} describes.")
    items = read_manifest(path)
    if verify:
        for item in items:
            image = folder / item.image
            if not image.is_file() or _digest(image) != item.sha256:
                raise StoreError(f"{image} is not the picture that the manifest describes.")
    return DatasetVersion(folder, summary, items)


def read_summary(folder: Path) -> Summary:
    """Read what a version says of itself, without its rows.

    Raises:
        UsageError: there is no version, or it is of a format that this release cannot read.
    """
    try:
        given = json.loads((folder / SUMMARY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder} is no dataset version: {SUMMARY_FILE} cannot be read. `forecourt dataset "
            "list` names those that there are."
        ) from error
    if given.pop("format", None) != FORMAT:
        raise UsageError(
            f"{folder} is of a format that this release cannot read (it reads {FORMAT})."
        )
    recipe = given.pop("recipe")
    for name in ("since", "fixes_until"):
        recipe[name] = recipe[name] and datetime.fromisoformat(recipe[name])
    recipe["shares"] = {Split(name): share for name, share in recipe["shares"].items()}
    recipe["imported"] = tuple(recipe["imported"])
    given["created_at"] = datetime.fromisoformat(given["created_at"])
    return Summary(**given, recipe=Recipe(**recipe))


def datasets_folder(home: Path) -> Path:
    """Return the folder of all dataset versions below `FORECOURT_HOME`."""
    return home / "datasets"


def find_folder(root: Path, name: str) -> Path:
    """Return the folder of a version.

    Raises:
        NotFoundError: there is none of that name.
    """
    if not _NAME.fullmatch(name) or not (root / name / SUMMARY_FILE).is_file():
        raise NotFoundError(
            f"There is no dataset version {name!r} here. `forecourt dataset list` names those "
            "that there are, on the machine that builds them."
        )
    return root / name


def list_versions(root: Path) -> list[Summary]:
    """Return the versions of a folder, oldest first."""
    folders = [path.parent for path in root.glob(f"[!.]*/{SUMMARY_FILE}")]
    return sorted(map(read_summary, folders), key=lambda one: (one.created_at, one.name))


def read_omissions(folder: Path) -> list[Omission]:
    """Return what a version left out."""
    with (folder / LEFT_OUT_FILE).open(newline="", encoding="utf-8") as file:
        return [
            Omission(
                key=row["key"],
                url=undo_defuse(row["url"]),
                reason=LeftOut(row["reason"]),
                detail=undo_defuse(row["detail"]),
            )
            for row in csv.DictReader(file)
        ]


def address(sha256: str, suffix: str) -> str:
    """Return where a version keeps a file: a path below its folder."""
    return f"{IMAGES}/{sha256[:2]}/{sha256}{suffix}"


def _place(source: Path, target: Path, *, link: bool) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    is_linked = False
    if link:
        with suppress(OSError):  # another disk, or one that has no links
            os.link(source, target)
            is_linked = True
    if not is_linked:
        shutil.copyfile(source, target)
    return target.stat().st_size


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _count_reasons(omissions: Iterable[Omission]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in omissions:
        counts[one.reason] = counts.get(one.reason, 0) + 1
    return dict(sorted(counts.items()))


def _write_omissions(path: Path, omissions: Sequence[Omission]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([one.name for one in fields(Omission)])
        writer.writerows(
            [one.key, defuse(one.url), one.reason, defuse(one.detail)] for one in omissions
        )


def _to_json(value: object) -> str:
    assert isinstance(value, datetime)  # noqa: S101  # nothing else is in a summary
    return value.isoformat()
