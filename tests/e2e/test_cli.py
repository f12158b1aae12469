"""The command line as people and programs meet it: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forecourt.core.labels import COLORS, IMAGE_TYPES
from tests.support.command_line import Ended, Run, Start, write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

pytestmark = pytest.mark.usefixtures("command_settings")


# ---- tag -----------------------------------------------------------------------------------------


def test_tag_prints_a_summary_for_people(run: Run, feed: Path) -> None:
    ended = run("tag", feed)
    assert ended.code == 0
    assert "acme: 2 vehicles" in ended.out
    assert "skipped: not_found" in ended.out
    assert ended.err == ""  # no progress bar where there is no terminal


def test_tag_json_is_one_document_and_nothing_else(run: Run, feed: Path) -> None:
    ended = run("tag", feed, "--json")
    assert (ended.code, ended.err) == (0, "")
    summary = ended.json
    assert summary["advertiser"] == "acme"
    assert (summary["vehicles"], summary["images"], summary["done"]) == (2, 3, 3)
    assert (summary["classified"], summary["skipped"]) == (2, {"not_found": 1})
    assert (summary["resumed"], summary["refused_rows"]) == (False, [])


def test_tag_json_lists_refused_rows_and_people_see_them_on_stderr(
    run: Run, host: ImageHost, tmp_path: Path
) -> None:
    url = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    (tmp_path / "feed.csv").write_text(f"stock,images\n,{url}\na,{url}\n")
    ended = run("tag", tmp_path / "feed.csv", "--advertiser", "acme", "--json")
    assert ended.code == 0
    (refused,) = ended.json["refused_rows"]
    assert (refused["line"], refused["row"]) == (2, 1)
    assert refused["reason"] in ended.err
    assert refused["hint"] in ended.err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", "id,image_link\n"),
        ("none.json", "[]"),
        ("none.json", '{"vehicles": []}'),
        ("bad.csv", "id,image_link\n,https://a.example/1.jpg\n"),
    ],
)
def test_a_feed_without_vehicles_leaves_the_sitemap_as_it_was(
    run: Run, feed: Path, tmp_path: Path, name: str, content: str
) -> None:
    run("tag", feed)
    before = run("export", "-a", "acme", "--format", "json").out
    (tmp_path / name).write_text(content)
    ended = run("tag", tmp_path / name, "-a", "acme")
    assert_refused(ended, "The inventory stays as it was")
    assert run("export", "-a", "acme", "--format", "json").out == before


def test_an_inventory_that_really_is_empty_is_said_to_be(
    run: Run, feed: Path, tmp_path: Path
) -> None:
    run("tag", feed)
    (tmp_path / "none.csv").write_text("id,image_link\n")
    ended = run("tag", tmp_path / "none.csv", "-a", "acme", "--allow-empty", "--json")
    assert (ended.code, ended.json["vehicles"]) == (0, 0)
    assert run("export", "-a", "acme", "--format", "json").json["vehicles"] == []


def test_a_feed_without_images_is_warned_of(run: Run, tmp_path: Path) -> None:
    ended = run("tag", write_feed(tmp_path, {"a": []}), "--json")
    (warning,) = ended.json["warnings"]
    assert " ".join(ended.err.split()) == f"Warning: {warning}"
    assert "has an image" in warning


def test_tag_strict_ends_with_1_where_an_image_was_skipped(run: Run, feed: Path) -> None:
    assert run("tag", feed, "--strict").code == 1


def test_tag_strict_ends_with_0_where_none_was(run: Run, host: ImageHost, tmp_path: Path) -> None:
    url = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    assert run("tag", write_feed(tmp_path, {"a": [url]}), "--strict").code == 0


def test_tag_writes_the_sitemap_where_it_is_asked_to(run: Run, feed: Path, tmp_path: Path) -> None:
    assert run("tag", feed, "--out", tmp_path / "new" / "sitemap.json").code == 0
    document = json.loads((tmp_path / "new" / "sitemap.json").read_text())
    first, missing = document["vehicles"][0]["images"]
    assert (first["image_type"]["value"], first["color"]["value"]) == ("Dealer", "Red")
    assert (missing["status"], missing["skip_reason"]) == ("skipped", "not_found")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sitemap.json"]


def test_tag_refuses_an_unknown_ending_before_it_does_anything(
    run: Run, feed: Path, host: ImageHost
) -> None:
    ended = run("tag", feed, "--out", "sitemap.xlsx")
    assert ended.code == 2
    assert "sitemap.xlsx: name the file .json, .csv, .google.tsv or .meta.csv." in ended.err
    assert host.log == []


def test_names_that_look_like_markup_are_shown_as_they_are(
    run: Run, host: ImageHost, tmp_path: Path
) -> None:
    url = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    ended = run("tag", write_feed(tmp_path, {"a": [url]}, advertiser="[/bold] [red]motors[/red]"))
    assert ended.code == 0
    assert "[/bold] [red]motors[/red]: 1 vehicle " in ended.out


# ---- bad usage and bad surroundings: exit code 2, one line, no traceback -------------------------


def assert_refused(ended: Ended, *words: str) -> None:
    assert ended.code == 2, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err


def test_feeds_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "nameless.json").write_text('{"vehicles": [{"id": "a", "images": []}]}')
    assert_refused(run("tag", tmp_path / "missing.json"), "missing.json", "No such file")
    assert_refused(run("tag", tmp_path), "Is a directory")
    assert_refused(run("tag", tmp_path / "noise.bin", "-a", "acme"), "noise.bin is a binary file")
    assert_refused(run("tag", tmp_path / "empty.csv", "-a", "acme"), "empty.csv")
    assert_refused(run("tag", tmp_path / "nameless.json"), "give --advertiser")
    assert_refused(run("tag"), "Missing argument")
    long = run("tag", tmp_path / "nameless.json", "-a", "a" * 201)
    assert_refused(long, "name has 201 characters", "--advertiser")
    assert_refused(run("tag", tmp_path / "missing.json", "--jsno"), "No such option")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_never_ends_is_no_feed(
    start: Start, tmp_path: Path, make: Callable[..., None]
) -> None:
    make(tmp_path / "feed.json")
    process = start("tag", tmp_path / "feed.json", "-a", "acme")
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "is no regular file" in err


def test_an_address_is_no_feed(run: Run) -> None:
    ended = run("tag", "https://ann:secret@a.example//feed.json?key=secret", "-a", "acme")
    assert_refused(ended, "https://a.example//feed.json is an address", "download it first")
    assert "secret" not in ended.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FORECOURT_VISION__BATCH", "0", ["FORECOURT_VISION__BATCH", "greater than or equal"]),
        ("FORECOURT_VISION__BATCH", "many", ["FORECOURT_VISION__BATCH", "integer"]),
        ("FORECOURT_FETCH__ALLOW_NETWORKS", "10.0.0.0/99", ["FORECOURT_FETCH__ALLOW_NETWORKS"]),
        ("FORECOURT_FETCH__TIMEOUT", "3", ["FORECOURT_FETCH__TIMEOUT is no setting"]),
        ("FORECOURT_FETCH", "{", ["fetch"]),
        ("FORECOURT_VISION__BUNDLE", "/nowhere", ["/nowhere is no model bundle"]),
        ("FORECOURT_DATABASE", "oracle://x/y", ["FORECOURT_DATABASE", "use sqlite or postgresql"]),
        ("FORECOURT_DATABASE", "postgresql://u:pw@127.0.0.1:1/x", ["u:***@127.0.0.1:1"]),
        ("FORECOURT_HOME", "/proc/forecourt", ["FORECOURT_HOME", "/proc/forecourt"]),
        ("FORECOURT_HOME", f"{__file__}/home", ["FORECOURT_HOME", "Not a directory"]),
    ],
)
def test_settings_that_make_no_sense(
    run: Run, feed: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert_refused(run("tag", feed), *words)


def test_databases_that_cannot_be_used_say_what_to_do(run: Run, feed: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    database = tmp_path / "home" / "forecourt.db"
    database.write_bytes(b"no database at all" * 400)
    assert_refused(run("tag", feed), "not a database", "put a backup in its place")
    database.unlink()
    database.mkdir()
    ended = run("tag", feed)
    assert_refused(ended, "unable to open", "Let FORECOURT_HOME name a folder that can be written")
    assert ended.err.count("\n") == 1
    database.rmdir()
    run("tag", feed)
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert_refused(run("export", "-a", "acme", "--format", "csv"), "put a backup in its place")


def test_export_of_an_unknown_advertiser_says_who_is_known(run: Run, feed: Path) -> None:
    ended = run("export", "--advertiser", "acne", "--format", "json")
    assert_refused(ended, "no scrape of 'acne'", "none yet")
    run("tag", feed)
    assert_refused(run("export", "-a", "acne", "--format", "csv"), "Known advertisers: acme")


def test_export_to_a_place_that_cannot_be_written(run: Run, feed: Path) -> None:
    run("tag", feed)
    for place in ("/proc/forecourt/sitemap.csv", f"{feed}/sitemap.csv"):
        ended = run("export", "-a", "acme", "--format", "csv", "--out", place)
        assert_refused(ended, f"Cannot write {place}")


# ---- export --------------------------------------------------------------------------------------


def test_export_writes_the_same_to_a_file_and_to_stdout(
    run: Run, feed: Path, tmp_path: Path
) -> None:
    run("tag", feed)
    for form in ("json", "csv"):
        printed = run("export", "-a", "acme", "--format", form)
        assert (printed.code, printed.err) == (0, "")
        target = tmp_path / f"sitemap.{form}"
        silent = run("export", "-a", "acme", "--format", form, "--out", target)
        assert (silent.code, silent.out, silent.err) == (0, "", "")
        assert target.read_bytes().decode() == printed.out


def test_export_can_leave_skipped_images_out(run: Run, feed: Path) -> None:
    run("tag", feed)
    ended = run("export", "-a", "acme", "--format", "json", "--skipped", "omit")
    assert [len(vehicle["images"]) for vehicle in ended.json["vehicles"]] == [1, 1]


def test_failed_export_leaves_the_earlier_file(run: Run, feed: Path, tmp_path: Path) -> None:
    run("tag", feed)
    target = tmp_path / "sitemap.csv"
    target.write_text("earlier")
    assert run("export", "-a", "nobody", "--format", "csv", "--out", target).code == 2
    assert target.read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"feed.json", "home", "sitemap.csv"}


def test_host_can_be_let_prove_itself_again(run: Run, feed: Path) -> None:
    for _scrape in range(2):
        run("tag", feed)
    (record,) = run("hosts", "--json").json
    assert record["hits"] > 0
    again = run("hosts", "--reset", record["host"], "--json")
    assert again.json == [record | {"hits": 0, "proofs": 0, "why": "reset by a person"}]
    unknown = run("hosts", "--reset", "nowhere.example")
    assert unknown.code == 2
    assert "nowhere.example" in unknown.err


def test_hosts_and_migrate(run: Run, feed: Path, host: ImageHost) -> None:
    migrated = run("migrate")
    assert (migrated.code, migrated.out) == (0, "")
    assert run("hosts", "--json").json == []
    for _scrape in range(2):
        run("tag", feed)
    (record,) = run("hosts", "--json").json
    assert record["host"] == f"127.0.0.1:{host.port}"
    assert f"127.0.0.1:{host.port}" in run("hosts").out


# ---- classify ------------------------------------------------------------------------------------

ANSWER_KEYS = {
    "source",
    "status",
    "reason",
    "image_type",
    "image_type_probs",
    "color",
    "color_probs",
    "color_visible",
    "color_second",
    "color_between",
    "view_probs",
    "kind_probs",
    "several_vehicles",
    "review",
    "box",
    "model_version",
}


def test_classify_jsonl_has_a_line_for_every_input(
    run: Run, host: ImageHost, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "blue.jpg").write_bytes(jpeg(PAINTS["Blue"]))
    (folder / "card.jpg").write_bytes(jpeg(MAGENTA))
    (folder / "note.txt").write_text("not a picture")
    url = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    ended = run("classify", folder, url, host.url("/no.jpg"), tmp_path / "none.jpg", "--jsonl")
    assert ended.code == 0
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [(line["status"], line["image_type"], line["color"]) for line in lines] == [
        ("tagged", "Dealer", "Blue"),
        ("tagged", "Placeholder", None),
        ("skipped", None, None),
        ("tagged", "Dealer", "Red"),
        ("skipped", None, None),
        ("skipped", None, None),
    ]
    assert [line["reason"] for line in lines if line["status"] == "skipped"] == [
        "not_an_image",
        "not_found",
        "unreadable_file",
    ]
    assert [line["source"] for line in lines[3:]] == [
        url,
        host.url("/no.jpg"),
        str(tmp_path / "none.jpg"),
    ]
    for line in lines:
        assert set(line) == ANSWER_KEYS
        assert line["model_version"] == "tiny-1"
    tagged = lines[0]
    assert set(tagged["color_probs"]) == set(COLORS)
    assert set(tagged["image_type_probs"]) == set(IMAGE_TYPES)
    assert 0 <= tagged["color_visible"] <= 1
    assert "3 tagged, 3 skipped" in ended.err


def test_classify_for_people(run: Run, tmp_path: Path) -> None:
    (tmp_path / "[bold].jpg").write_bytes(jpeg(PAINTS["Blue"]))
    ended = run("classify", tmp_path / "[bold].jpg", tmp_path / "none.jpg", "--strict")
    assert ended.code == 1
    first, second = ended.out.splitlines()
    assert first.startswith(f"{tmp_path / '[bold].jpg'}: Dealer 1.00, Blue")
    assert second == f"{tmp_path / 'none.jpg'}: skipped (unreadable_file)"


def test_classify_of_an_empty_folder_is_bad_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused(run("classify", tmp_path / "empty"), "no files found")


def test_classify_of_a_file_whose_name_is_no_utf_8(run: Run, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9 \xc3\xa9.jpg"
    Path(os.fsdecode(name)).write_bytes(jpeg(PAINTS["Green"]))
    ended = run("classify", tmp_path, "--jsonl")
    assert ended.code == 0, ended.err
    answer = json.loads(ended.out)
    assert os.fsencode(answer["source"]) == name
    assert answer["color"] == "Green"
    assert run("classify", tmp_path).code == 0


def test_help_needs_none_of_the_heavy_libraries() -> None:
    """They are imported inside the commands: help is quick, and Ctrl-C then is no traceback."""
    script = "import sys, forecourt.cli; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    heavy = {"sqlalchemy", "alembic", "aiohttp", "onnxruntime", "PIL", "numpy", "torch"}
    assert heavy & set(done.stdout.split()) == set()
