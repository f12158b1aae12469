from __future__ import annotations

from pathlib import Path

import pytest

from forecourt.core.errors import UsageError
from forecourt.core.samples import find_labelled, read_manifest

_HEADER = "file,split,image_type,color,vehicle_kind,view,advertiser,group,notes\n"


def write(folder: Path, text: str) -> Path:
    (folder / "data.csv").write_text(text, encoding="utf-8")
    return folder


def test_read_manifest__every_column(tmp_path: Path) -> None:
    rows = (
        "a.jpg,train,Dealer,Grey,car,exterior,acme,g1,\n"
        "b.jpg,train,Stock,,truck,exterior,acme,,game render\n"
        "c.jpg,test,Dealer,,car,interior,other,g2,\n"
    )
    first, second, third = read_manifest(write(tmp_path, _HEADER + rows))
    assert (first.color, first.group, first.shows_paint) == ("Grey", "g1", True)
    assert (second.color, second.group, second.is_render) == (None, "b.jpg", True)
    assert second.shows_paint  # nobody said which, but a truck from outside has a paint
    assert not third.shows_paint


def test_read_manifest__missing_file_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"data\.csv"):
        read_manifest(tmp_path)
    with pytest.raises(UsageError, match="lacks the columns color, group"):
        read_manifest(write(tmp_path, "file,split,image_type,advertiser\n"))


def test_read_manifest__unknown_label_says_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'Silver' is not one of: Black, Blue"):
        read_manifest(write(tmp_path, _HEADER + "a.jpg,train,Dealer,Silver,,,acme,,\n"))


def test_find_labelled__a_short_manifest_under_any_name(tmp_path: Path) -> None:
    manifest = tmp_path / "mine.csv"
    manifest.write_text("file,image_type\nsub/a.jpg,stock\n")
    folder, (sample,) = find_labelled(manifest)
    assert folder == tmp_path
    assert (sample.file, sample.image_type, sample.color) == ("sub/a.jpg", "Stock", None)


def test_find_labelled__folders_named_by_type_and_colour(tmp_path: Path) -> None:
    for name in ("Dealer/Red/1.jpg", "Dealer/2.jpg", "Placeholder/3.png", "notes/4.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    folder, samples = find_labelled(tmp_path)
    assert folder == tmp_path
    assert [(one.file, one.image_type, one.color) for one in samples] == [
        ("Dealer/2.jpg", "Dealer", None),
        ("Dealer/Red/1.jpg", "Dealer", "Red"),
        ("Placeholder/3.png", "Placeholder", None),
    ]


def test_find_labelled__a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cars").mkdir()
    with pytest.raises(UsageError, match="no folder named Dealer"):
        find_labelled(tmp_path)
