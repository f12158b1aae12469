"""`forecourt dataset`, as people type it: from an import and fixes to a reviewed version."""

from __future__ import annotations

import csv
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from forecourt.cli import dataset
from tests.support.command_line import Run, write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import patchwork

pytestmark = pytest.mark.usefixtures("command_settings")

_TYPES = ("Dealer", "Stock", "Placeholder")


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Thirty pictures of three advertisers with a table, one of them too small to use."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    rows = ["file,image_type,color,advertiser,vehicle_kind,split"]
    for number in range(30):
        (folder / f"{number}.jpg").write_bytes(patchwork(number))
        split = "test" if number % 3 == 2 else "train"
        color = ("Red", "Blue", "")[number // 3 % 3]
        rows.append(f"{number}.jpg,{_TYPES[number // 10]},{color},a{number % 3},car,{split}")
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def imported(run: Run, labelled: Path) -> Path:
    """The version v1, and its folder."""
    ended = run("dataset", "import", labelled, "--as", "v1", "--json")
    assert ended.code == 0, ended.err
    return labelled.parent / "home" / "datasets" / "v1"


def test_an_import_becomes_a_version_with_a_card(run: Run, imported: Path) -> None:
    (listed,) = run("dataset", "list", "--json").json
    assert (listed["name"], listed["images"]) == ("v1", 30)
    told = run("dataset", "stats", "v1", "--verify", "--json").json
    assert told["counts"]["test"]["images"] == 10
    assert told["counts"]["test"]["advertisers"] == 1
    assert any(one["slice"] == "color=Pink" for one in told["collect"])
    card = (imported / "DATASET_CARD.md").read_text()
    assert "- Imported: labelled." in card
    assert "0 of 30 are thumbnails" in card
    shown = run("dataset", "stats", "v1").out
    assert "Placeholder" in shown
    assert "To collect next" in shown
    assert "v1" in run("dataset", "list").out


def test_a_picture_for_testing_stays_there_whoever_brings_it(
    run: Run, imported: Path, labelled: Path
) -> None:
    table = labelled / "again.csv"
    table.write_text("file,image_type,advertiser,split\n2.jpg,Dealer,other,train\n")
    ended = run("dataset", "import", table, "--as", "v2")
    assert ended.code == 2
    assert "No picture is left for v2: other_side" in ended.err
    assert not (imported.parent / "v2").exists()


def test_fixes_come_in_with_the_next_build(
    run: Run, imported: Path, host: ImageHost, tmp_path: Path
) -> None:
    urls = [host.put(f"/{number}.jpg", patchwork(100 + number)) for number in range(3)]
    run("tag", write_feed(tmp_path, {"v1": urls}))
    run("fix", "-a", "acme", "--url", urls[0], "--type", "Stock", "--by", "ada")
    ended = run("dataset", "build", "v2", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["recipe"]["parent"] == imported.name
    assert ended.json["images"] == 31
    explained = run("dataset", "analyze", "v2", "--advertiser", "acme", "--json").json
    (mistake,) = explained["mistakes"]
    assert (mistake["name"], mistake["right"]) == (urls[0], "Stock")
    assert len(mistake["nearest"]) == 10
    table = tmp_path / "misleading.csv"
    run("dataset", "analyze", "v2", "-a", "acme", "--out", table)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert 0 < len(rows) == len(explained["misleading"])
    run("dataset", "drop", "v2", "--from", table, "--by", "ada")
    assert run("dataset", "build", "v3", "--json").json["left_out"] == {"dropped": len(rows)}


def test_doubtful_labels_are_looked_through_in_sittings(
    run: Run, imported: Path, tmp_path: Path
) -> None:
    ranked = run("dataset", "rank", imported.name)
    assert ranked.code == 0, ranked.err
    kept = json.loads((imported.parent / ".rankings" / "v1.json").read_text())
    assert f"{len({key for key, *_ in kept['suspects']})} doubtful pictures of 30" in ranked.out
    ended = run("dataset", "review-export", imported.name, "--out", tmp_path / "one")
    assert ended.code == 0, ended.err
    table = tmp_path / "one" / "review.csv"
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 3, "the pictures are noise: a model must doubt some labels"
    assert all((tmp_path / "one" / row["picture"]).is_file() for row in rows)
    assert rows[0]["picture"] in (tmp_path / "one" / "review.html").read_text()
    rows[0]["verdict"], rows[1]["verdict"] = "Drop", "relabel"
    rows[1]["new_type"] = "Placeholder"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert "2 decisions kept" in run("dataset", "review-import", "v1", table, "--by", "ada").out
    run("dataset", "review-export", "v1", "--out", tmp_path / "two")
    with (tmp_path / "two" / "review.csv").open(newline="") as file:
        left = [row["key"] for row in csv.DictReader(file)]
    assert left == [row["key"] for row in rows[2:]]
    told = run("dataset", "build", "v2", "--json").json
    assert (told["images"], told["left_out"]) == (29, {"dropped": 1})
    out = tmp_path / "exported"
    assert run("dataset", "export", "v2", "--format", "csv", "--out", out).code == 0
    with (out / "data.csv").open(newline="") as file:
        types = {Path(row["file"]).stem: row["image_type"] for row in csv.DictReader(file)}
    assert types[rows[1]["key"]] == "Placeholder"
    assert rows[0]["key"] not in types


def test_a_verdict_that_is_none_keeps_nothing_of_the_table(
    run: Run, imported: Path, tmp_path: Path
) -> None:
    keys = [path.stem for path in sorted(imported.rglob("images/*/*.jpg"))]
    for rows, message in (
        (f"{keys[0]},keep\n{keys[1]},maybe\n", "line 3: 'maybe' is no verdict"),
        (f"{keys[0]},keep\n{keys[1]},relabel\n", "line 3: Say the new label"),
        (f"{keys[0]},keep\n{'0' * 64},drop\n", "line 3: v1 has no picture"),
    ):
        table = tmp_path / "table.csv"
        table.write_text("key,verdict\n" + rows)
        ended = run("dataset", "review-import", "v1", table, "--by", "ada")
        assert ended.code == 2
        assert message in ended.err
    assert run("dataset", "build", "v2", "--json").json["counts"]["train"]["source"] == {
        "parent": 20
    }


def test_decisions_by_what_pictures_have_in_common(run: Run, imported: Path) -> None:
    many = run(
        "dataset", "drop", imported.name, "--advertiser", "a0", "--kind", "car", "--by", "ada"
    )
    assert many.code == 0
    assert "7 decisions kept" in many.out
    more = run("dataset", "keep", "v1", "--kind", "car", "--by", "ada")
    assert more.code == 2
    assert "This is 20 pictures. Say --yes" in more.err
    assert run("dataset", "keep", "v1", "--kind", "car", "--by", "ada", "--yes").code == 0
    assert run("dataset", "build", "v2", "--json").json["images"] == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "nowhere", "--as", "x"], "nowhere does not exist"),
        (["import", ".", "--as", "../x"], "cannot name a version"),
        (["build", "v1"], "There is a version v1 already"),
        (["build", "x", "--since", "soon"], "write a date"),
        (["build", "x", "--parent", "v9"], "is no dataset version"),
        (["build", "x", "--parent", "v1", "--no-parent"], "not both"),
        (["build", "x", "--test", "0.6", "--validation", "0.5"], "too little for training"),
        (["stats", ".."], "There is no dataset version"),
        (["analyze", "v1"], "no such mistakes"),
        (["analyze", "v1", "--slice", "size=big"], "is no slice"),
        (["analyze", "v1", "--slice", "kind=car", "--act", "1"], "not both"),
        (["drop", "v1", "--by", "ada"], "Say which pictures"),
        (["drop", "v1", "--by", " ", "--of-type", "Stock"], "Say who decides"),
        (["relabel", "v1", "--by", "ada", "--of-type", "Stock"], "Say the new label"),
        (["relabel", "v1", "--by", "ada", "--type", "Photo"], "'Photo' is not one of"),
        (["review-import", "v1", "nowhere", "--by", "ada"], "nowhere does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    run: Run, imported: Path, arguments: list[str], message: str
) -> None:
    ended = run("dataset", *arguments)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert message in ended.err
    assert json.loads(run("dataset", "list", "--json").out)[0]["name"] == imported.name


@pytest.mark.usefixtures("command_settings", "imported")
def test_since_the_release_is_since_the_promotion(
    run: Run, host: ImageHost, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [host.put(f"/{number}.jpg", patchwork(200 + number)) for number in range(2)]
    run("tag", write_feed(tmp_path, {"v1": urls}))
    run("fix", "-a", "acme", "--url", urls[0], "--type", "Stock", "--by", "ada")
    # Before any promotion, the champion's own date counts: the day before these tests were written.
    since = ["--since", "release", "--json"]
    assert run("dataset", "build", "all", "--no-parent", *since).json["images"] == 1
    assert run("models", "add", tiny_bundle, "--by", "ada").code == 0
    assert run("models", "promote", "tiny-1", "--by", "ada").code == 0
    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")
    run("fix", "-a", "acme", "--url", urls[1], "--type", "Stock", "--by", "ada")
    run("dataset", "build", "new", "--no-parent", *since)
    out = tmp_path / "exported"
    run("dataset", "export", "new", "--format", "csv", "--out", out)
    with (out / "data.csv").open(newline="") as file:
        assert [row["url"] for row in csv.DictReader(file)] == urls[1:]


@pytest.mark.usefixtures("command_settings", "imported")
@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("pyarrow", ["list"]),
        ("cleanlab", ["review-export", "v1", "--out", "review"]),
        ("cleanlab", ["analyze", "v1"]),
    ],
)
def test_a_missing_package_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, package: str, arguments: list[str]
) -> None:
    monkeypatch.setattr(
        dataset, "find_spec", lambda name: None if name == package else find_spec(name)
    )
    ended = run("dataset", *arguments)
    assert ended.code == 2
    assert f"This needs {package}: pip install 'forecourt[train,curate]'" in ended.err
