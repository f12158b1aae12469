"""Labelled pictures of others: read in every format, written and read again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forecourt.core.dataset import Item, LeftOut, Omission, Recipe, Split
from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.dataset.compose import Knowledge, compose
from forecourt.dataset.formats.read import Format, read_offers
from forecourt.dataset.formats.write import export
from forecourt.dataset.offers import Offer
from forecourt.dataset.sift import Picture, sift
from forecourt.store.versions import DatasetVersion, NewVersion, drafting
from tests.support.pictures import encode, paint
from tests.support.tiny_bundle import MAGENTA, PAINTS

AT = datetime(2026, 11, 24, tzinfo=UTC)


def draw(path: Path, rgb: tuple[int, int, int], *, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(paint(rgb, size=(96, 72), seed=seed), "PNG"))
    return path


def labels(offers: Iterable[Offer]) -> list[tuple[str, str, str | None]]:
    return sorted(
        (one.url, one.label.image_type.value, one.label.color and one.label.color.value)
        for one in offers
    )


def version_of(source: Path, root: Path) -> DatasetVersion:
    """Import a folder without a store."""
    _format, offers = read_offers(source, at=AT)
    pictures = [one for one in sift(offers, least_side=16) if isinstance(one, Picture)]
    items = compose("v1", [], pictures, Knowledge()).items
    new = NewVersion(
        name="v1",
        created_at=AT,
        items=items,
        files={one.image: one.offer.file for one in pictures},
        owned=frozenset(),
        recipe=Recipe(),
        omissions=(),
        counts={},
    )
    with drafting(root, new, card="") as draft:
        return draft.publish()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A folder with a table that says all that can be said."""
    folder = tmp_path / "given"
    draw(folder / "a.png", PAINTS["Red"])
    draw(folder / "b.png", PAINTS["White"])
    draw(folder / "c.png", MAGENTA)
    draw(folder / "d.png", PAINTS["Green"])
    (folder / "data.csv").write_text(
        "file,image_type,color,split,advertiser,group,vehicle_kind,view,label_quality,notes,paint\n"
        "a.png,Dealer,Red,train,acme,g1,Car,exterior,eye,,\n"
        "b.png,stock,,test,=zenith,,truck,,source,game render,\n"
        "c.png,Placeholder,N/A,train,acme,,none,,,,\n"
        "d.png,Dealer,,train,acme,,car,exterior,,,no\n",
        encoding="utf-8",
    )
    return folder


def test_a_table_is_read_with_all_it_says(table: Path) -> None:
    found, offers = read_offers(table, at=AT)
    red, cut_out, card, bare = offers
    assert found is Format.CSV
    assert (red.label.image_type, red.label.color, red.label.paint) == (
        ImageType.DEALER, Color.RED, True,
    )  # fmt: skip
    assert (red.label.type_trust, red.kind, red.group, red.split) == (1.0, "car", "g1", Split.TRAIN)
    assert (cut_out.label.type_trust, cut_out.label.paint, cut_out.split) == (0.8, None, Split.TEST)
    assert (card.label.paint, card.kind) == (False, "")
    assert (bare.label.paint, bare.label.color_trust) == (False, 0.9)


@pytest.mark.parametrize("to", [one for one in Format if one is not Format.FOLDERS])
def test_what_is_exported_is_imported_as_it_was(table: Path, tmp_path: Path, to: Format) -> None:
    version = version_of(table, tmp_path / "one")
    export(version, version.items, tmp_path / "out", to)
    source = tmp_path / "out"
    if to in {Format.COCO, Format.LABEL_STUDIO}:
        (source,) = source.glob("*.json")
    assert read_offers(source, at=AT)[0] is to
    again = version_of(source, tmp_path / "two")
    assert [comparable(one) for one in again.items] == [comparable(one) for one in version.items]


def comparable(item: Item) -> Item:
    return replace(item, url="")


def test_folders_by_class_are_read_back_with_type_colour_and_split(
    table: Path, tmp_path: Path
) -> None:
    version = version_of(table, tmp_path / "one")
    export(version, version.items, tmp_path / "out", Format.FOLDERS)
    found, offers = read_offers(tmp_path / "out", at=AT)
    assert found is Format.FOLDERS
    assert sorted((one.label.image_type, one.label.color or "", one.split) for one in offers) == [
        ("Dealer", "", "train"),
        ("Dealer", "Red", "train"),
        ("Placeholder", "", "train"),
        ("Stock", "", "test"),
    ]


def test_export_does_not_write_over_anything(table: Path, tmp_path: Path) -> None:
    version = version_of(table, tmp_path / "one")
    with pytest.raises(UsageError, match="is there already"):
        export(version, version.items, table, Format.CSV)
    assert sorted(path.name for path in table.iterdir()) == [
        "a.png", "b.png", "c.png", "d.png", "data.csv",
    ]  # fmt: skip


def test_cells_that_would_run_in_a_spreadsheet_do_not(table: Path, tmp_path: Path) -> None:
    version = version_of(table, tmp_path / "one")
    export(version, version.items, tmp_path / "out", Format.CSV)
    assert "'=zenith" in (tmp_path / "out" / "data.csv").read_text()


def test_class_folders_without_more_are_enough(tmp_path: Path) -> None:
    draw(tmp_path / "Dealer" / "red" / "1.png", PAINTS["Red"])
    draw(tmp_path / "Dealer" / "sold" / "2.png", PAINTS["Red"])
    draw(tmp_path / "placeholder" / "3.png", MAGENTA)
    draw(tmp_path / "other" / "4.png", MAGENTA)
    found, offers = read_offers(tmp_path, at=AT)
    assert found is Format.FOLDERS
    assert labels(offers) == [
        ("Dealer/red/1.png", "Dealer", "Red"),
        ("Dealer/sold/2.png", "Dealer", None),
        ("placeholder/3.png", "Placeholder", None),
    ]


COCO: dict[str, Any] = {
    "images": [{"id": 7, "file_name": "a.png"}, {"id": 8, "file_name": "b.png"}],
    "categories": [
        {"id": 1, "name": "Dealer"},
        {"id": 2, "name": "stock"},
        {"id": 3, "name": "Gray"},
        {"id": 4, "name": "car"},
    ],
    "annotations": [
        {"image_id": 7, "category_id": 1},
        {"image_id": 7, "category_id": 3},
        {"image_id": 7, "category_id": 4},
        {"image_id": 8, "category_id": 4},
    ],
}


def test_coco_of_others_is_read_where_its_categories_are_ours(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(COCO))
    _format, offers = read_offers(tmp_path / "c.json", at=AT)
    assert labels(offers) == [("a.png", "Dealer", "Grey")]


def test_a_picture_with_two_types_is_left_out(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", PAINTS["Red"])
    draw(tmp_path / "b.png", PAINTS["Blue"])
    tasks = [task("a.png", ["Dealer"], ["Stock"]), task("b.png", ["Dealer", "Blue"])]
    (tmp_path / "t.json").write_text(json.dumps(tasks))
    _format, offers = read_offers(tmp_path / "t.json", at=AT)
    pictures = [one for one in sift(offers, least_side=16) if isinstance(one, Picture)]
    composed = compose("v1", [], pictures, Knowledge())
    assert [one.url for one in composed.items] == ["b.png"]
    assert LeftOut.LABELS_DIFFER in {one.reason for one in composed.omissions}


def task(image: str, *annotations: list[str], cancelled: bool = False) -> dict[str, Any]:
    """A task as Label Studio exports it; each annotator gives a list of choices."""
    return {
        "data": {"image": image},
        "annotations": [
            {
                "was_cancelled": cancelled,
                "result": [
                    {"from_name": "x", "type": "choices", "value": {"choices": [one]}}
                    for one in choices
                ],
            }
            for choices in annotations
        ],
    }


def test_label_studio_of_others_is_read(tmp_path: Path) -> None:
    tasks = [
        task("/data/local-files/?d=pics/a.png", ["Dealer", "none"], ["dealer", "none"]),
        task("b.png"),
        task("c.png", ["Stock"], cancelled=True),
        task("d.png", ["Blurred"]),
    ]
    (tmp_path / "t.json").write_text(json.dumps(tasks))
    _format, (offer,) = read_offers(tmp_path / "t.json", at=AT)
    assert offer.file == tmp_path / "pics" / "a.png"
    assert (offer.label.image_type, offer.label.paint) == (ImageType.DEALER, False)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "file,color\n", "lacks the columns image_type"),
        ("a.csv", "file,image_type\n", "has no labelled pictures"),
        ("a.csv", "file,image_type\nx.jpg,Photo\n", r"a\.csv, line 2: 'Photo' is not one of"),
        ("a.csv", "file,image_type,color\nx.jpg,Stock,Teal\n", "line 2: 'Teal' is not one of"),
        ("a.csv", "file,image_type,split\nx.jpg,Stock,maybe\n", "'maybe' is no split"),
        ("a.csv", "file,image_type,paint\nx.jpg,Stock,maybe\n", "paint is 'maybe'"),
        ("a.csv", "file,image_type,type_trust\nx.jpg,Stock,7\n", "type_trust is 7"),
        ("a.csv", "file,image_type,type_trust\nx.jpg,Stock,much\n", "line 2: could not convert"),
        ("a.csv", "file,image_type\n../x.jpg,Stock\n", "is no path below"),
        ("a.csv", "file,image_type\n/etc/x.jpg,Stock\n", "is no path below"),
        ("a.csv", "file,image_type\n..\\x.jpg,Stock\n", "is no path below"),
        ("a.json", "{", "is no JSON"),
        ("a.json", "{}", "neither COCO nor a list"),
        ("a.json", '[{"annotations": []}]', "task 1, is not laid out"),
        ("a.json", '{"images": [{}], "annotations": [], "categories": []}', "not laid out as COCO"),
        ("a.txt", "", "is none of: a folder"),
        ("metadata.jsonl", '{"image_type": "Stock"}\n', "line 1: no JSON object with a file_name"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    source = tmp_path if name.endswith(".jsonl") else tmp_path / name
    with pytest.raises(UsageError, match=message):
        read_offers(source, at=AT)


def test_a_folder_without_labels_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder named Dealer"):
        read_offers(tmp_path, at=AT)


def test_what_cannot_be_used_has_a_reason(tmp_path: Path) -> None:
    folder = tmp_path / "Dealer"
    draw(folder / "good.png", PAINTS["Red"])
    (folder / "small.png").write_bytes(encode(paint(PAINTS["Red"], size=(90, 40)), "PNG"))
    (folder / "dot.png").write_bytes(encode(paint(PAINTS["Red"], size=(1, 1)), "PNG"))
    (folder / "text.jpg").write_text("not a picture")
    _format, offers = read_offers(tmp_path, at=AT)
    gone = replace(offers[0], file=tmp_path / "gone.png", url="gone")
    found = {
        (one.url if isinstance(one, Omission) else one.offer.url): one
        for one in sift([*offers, gone])
    }
    reasons = {
        name: one.reason if isinstance(one, Omission) else None for name, one in found.items()
    }
    assert reasons == {
        "Dealer/good.png": None,
        "Dealer/small.png": LeftOut.TOO_SMALL,
        "Dealer/dot.png": LeftOut.TOO_SMALL,
        "Dealer/text.jpg": LeftOut.UNDECODABLE,
        "gone": LeftOut.NO_PICTURE,
    }
