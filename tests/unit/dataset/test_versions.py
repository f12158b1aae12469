"""Versions on disk: whole or not at all, never changed, checked when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecourt.core.dataset import Item, ItemSource, LeftOut, Omission, Recipe, Split
from forecourt.core.errors import StoreError, UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import VisualKey
from forecourt.store.versions import (
    DatasetVersion,
    NewVersion,
    drafting,
    list_versions,
    read_omissions,
    read_version,
)
from tests.support.dataset_pictures import item

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def new_version(
    folder: Path, name: str = "v1", *, items: Sequence[Item] = (), owned: bool = False
) -> NewVersion:
    """Of files with a few bytes; what they show does not matter here."""
    folder.mkdir(exist_ok=True)
    files, placed = {}, []
    for one in items or [item("a"), item("b")]:
        path = folder / f"{one.url}.bin"
        path.write_bytes(one.url.encode())
        digest = hashlib.sha256(one.url.encode()).hexdigest()
        placed.append(replace(one, sha256=digest, image=f"images/{digest[:2]}/{digest}.jpg"))
        files[placed[-1].image] = path
    return NewVersion(
        name=name,
        created_at=AT,
        items=placed,
        files=files,
        owned=frozenset(files) if owned else frozenset(),
        recipe=Recipe(
            parent="v0",
            parent_sha256="0" * 64,
            since=AT,
            fixes_until=AT,
            imported=("data.csv",),
            least_side=64,
            shares={Split.TRAIN: 0.9, Split.TEST: 0.1},
        ),
        omissions=[
            Omission(key="k", url="=cmd()", reason=LeftOut.TOO_SMALL, detail="3x3"),
            Omission(key="", url="b", reason=LeftOut.TOO_SMALL),
        ],
        counts={"train": {"images": 2}},
    )


def write_version(root: Path, new: NewVersion, *, card: str) -> DatasetVersion:
    with drafting(root, new, card=card) as draft:
        return draft.publish()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    odd = item(
        "b",
        ImageType.STOCK,
        color=Color.RED,
        paint=True,
        type_trust=0.7,
        color_trust=0.9,
        visual_key=VisualKey(pdq=b"", grid=bytes(192)),
        vehicle="stock-1",
        source=ItemSource.FIX,
        split=Split.TEST,
        weight=1.5,
        notes="game render",
    )
    new = new_version(tmp_path / "files", items=[odd, item("a", paint=False)])
    written = write_version(tmp_path / "datasets", new, card="# Card\n")
    found = read_version(tmp_path / "datasets" / "v1", verify=True)
    assert found == written
    assert sorted(found.items, key=lambda one: one.url)[1] == new.items[0]
    assert found.summary.recipe == new.recipe
    assert found.summary.left_out == {"too_small": 2}
    assert (found.summary.images, found.summary.size_bytes) == (2, 2)
    assert read_omissions(found.folder) == list(new.omissions)
    assert (found.folder / "DATASET_CARD.md").read_text() == "# Card\n"
    assert [found.path_of(one).read_bytes() for one in found.of_split(Split.TEST)] == [b"b"]
    sample = odd.to_sample()
    assert (sample.kind, sample.color, sample.is_render) == ("car", Color.RED, True)


def test_the_same_pictures_make_the_same_manifest(tmp_path: Path) -> None:
    digests = set()
    for name, order in (("one", [item("a"), item("b")]), ("two", [item("b"), item("a")])):
        new = new_version(tmp_path / "files", name, items=order)
        digests.add(write_version(tmp_path / name, new, card="").summary.manifest_sha256)
    assert len(digests) == 1


def test_a_version_is_never_written_over(tmp_path: Path) -> None:
    write_version(tmp_path, new_version(tmp_path / "files"), card="first")
    with pytest.raises(UsageError, match="versions never change"):
        write_version(tmp_path, new_version(tmp_path / "files"), card="second")
    assert (tmp_path / "v1" / "DATASET_CARD.md").read_text() == "first"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 101, "a b"])
def test_a_name_that_is_no_folders_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a version"):
        write_version(tmp_path, new_version(tmp_path / "files", name), card="")


def test_of_two_that_are_drafted_under_one_name_the_first_stays(tmp_path: Path) -> None:
    with drafting(tmp_path, new_version(tmp_path / "files"), card="first") as draft:
        (tmp_path / "v1").mkdir()  # another process was faster
        with pytest.raises(UsageError, match="There is a version v1 already"):
            draft.publish()
    assert [path.name for path in tmp_path.iterdir() if path.name != "files"] == ["v1"]


def test_what_is_not_published_is_never_seen(tmp_path: Path) -> None:
    root = tmp_path / "datasets"
    with drafting(root, new_version(tmp_path / "files"), card=""):
        assert list_versions(root) == []
    assert list(root.iterdir()) == []


def test_what_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    new = new_version(tmp_path / "files")
    (tmp_path / "files" / "b.bin").unlink()
    with pytest.raises(StoreError, match=r"Cannot write the version v1.*b\.bin"):
        write_version(tmp_path / "datasets", new, card="")
    assert list((tmp_path / "datasets").iterdir()) == []


def test_what_a_killed_run_left_is_no_version_and_in_nobodys_way(tmp_path: Path) -> None:
    draft = tmp_path / "datasets" / ".draft-v1"
    draft.mkdir(parents=True)
    (draft / "version.json").write_text("{")
    assert list_versions(tmp_path / "datasets") == []
    write_version(tmp_path / "datasets", new_version(tmp_path / "files"), card="")
    assert [one.name for one in list_versions(tmp_path / "datasets")] == ["v1"]
    assert not draft.exists()


def test_files_of_our_own_are_linked_and_those_of_others_copied(tmp_path: Path) -> None:
    for name, owned in (("own", True), ("others", False)):
        new = new_version(tmp_path / "files", name, owned=owned)
        version = write_version(tmp_path / "datasets", new, card="")
        source = next(iter(new.files.values()))
        kept = version.folder / next(iter(new.files))
        assert source.samefile(kept) is owned


def test_a_changed_manifest_is_found(tmp_path: Path) -> None:
    version = write_version(tmp_path, new_version(tmp_path / "files"), card="")
    with (version.folder / "manifest.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(StoreError, match="is not the manifest"):
        read_version(version.folder)


def test_a_changed_picture_is_found_when_asked_for(tmp_path: Path) -> None:
    version = write_version(tmp_path, new_version(tmp_path / "files"), card="")
    version.path_of(version.items[0]).write_bytes(b"other")
    read_version(version.folder)
    with pytest.raises(StoreError, match="is not the picture"):
        read_version(version.folder, verify=True)


def test_a_folder_that_is_no_version_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no dataset version"):
        read_version(tmp_path)


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    version = write_version(tmp_path, new_version(tmp_path / "files"), card="")
    path = version.folder / "version.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(UsageError, match="cannot read \\(it reads 1"):
        read_version(version.folder)
