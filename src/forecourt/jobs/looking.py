"""Dataset versions as a server looks through them: opened once, and kept while they are in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from forecourt.core.dataset import Item, Summary
from forecourt.core.errors import NotFoundError
from forecourt.dataset.doubts import Doubt, Ranking, find_doubts, load_ranking, ranking_path
from forecourt.store.versions import (
    CARD_FILE,
    DatasetVersion,
    datasets_folder,
    find_folder,
    read_summary,
    read_version,
)

_KEPT = 2  # versions; one of fifty thousand pictures takes some hundred megabytes


@dataclass(frozen=True, slots=True)
class OpenVersion:
    """A version that is looked through.

    Attributes:
        of_key: Its pictures by their keys.
        ranking: What is doubtful; None: nobody has ranked its labels.
        doubts: Of the ranking, the worst first, by key.
    """

    version: DatasetVersion
    of_key: Mapping[str, Item]
    ranking: Ranking | None
    doubts: Mapping[str, Doubt]

    def get(self, key: str) -> Item:
        """Return a picture.

        Raises:
            NotFoundError: the version has none of that key.
        """
        item = self.of_key.get(key)
        if item is None:
            raise NotFoundError(f"Version {self.version.name} has no picture {key}.")
        return item


def find_summary(home: Path, name: str) -> Summary:
    """Return what a version says of itself.

    Raises:
        NotFoundError: there is none of that name below `home`.
        UsageError: it is of a format that this release cannot read.
    """
    return read_summary(find_folder(datasets_folder(home), name))


def read_card(home: Path, name: str) -> str:
    """Return the card of a version, in Markdown.

    Raises:
        NotFoundError: there is no such version, or it has no card.
    """
    try:
        return (find_folder(datasets_folder(home), name) / CARD_FILE).read_text(encoding="utf-8")
    except OSError as error:
        raise NotFoundError(f"Version {name} has no card.") from error


def open_for_looking(home: Path, name: str) -> OpenVersion:
    """Open a version with what is doubtful in it. The last two that were opened are kept.

    Raises:
        NotFoundError: there is none of that name below `home`.
        StateError: pyarrow is not installed.
        StoreError: it is not what was written.
    """
    folder = find_folder(datasets_folder(home), name)
    version, of_key = _open(folder, read_summary(folder).manifest_sha256)
    path = ranking_path(version)
    ranking, doubts = _rank(folder, version.summary.manifest_sha256, _changed_at(path))
    return OpenVersion(version, of_key, ranking, doubts)


# Versions never change, so what was read stays true. The digest tells one from another that was
# given the same name after the first had been deleted.
@lru_cache(maxsize=_KEPT)
def _open(folder: Path, _manifest_sha256: str) -> tuple[DatasetVersion, Mapping[str, Item]]:
    version = read_version(folder)
    return version, {item.key: item for item in version.items}


@lru_cache(maxsize=_KEPT)
def _rank(
    folder: Path, manifest_sha256: str, changed_at: int | None
) -> tuple[Ranking | None, Mapping[str, Doubt]]:
    version, _of_key = _open(folder, manifest_sha256)
    ranking = None if changed_at is None else load_ranking(version)
    doubts = find_doubts(ranking.suspects) if ranking else ()
    return ranking, {one.item.key: one for one in doubts}


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
