"""`forecourt evaluate --run` and `forecourt models gate`, on a run whose candidates are known."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecourt.core.labels import COLORS
from forecourt.core.runs import CandidateRecord, Outcome, Precision, RunRecord
from tests.support.command_line import Run, write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS, write_tiny_bundle

pytestmark = pytest.mark.usefixtures("command_settings")

_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_MARKUP = "a<b>&co"


@pytest.fixture
def home(run: Run, tmp_path: Path) -> Path:
    """Three test pictures of every colour, twelve placeholders, of two advertisers."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    rows = ["file,image_type,color,advertiser,vehicle_kind,split"]
    for index in range(36):
        color = COLORS[index % 12]
        (folder / f"{index}.jpg").write_bytes(jpeg(PAINTS[color], seed=index))
        image_type = "Stock" if color == "White" else "Dealer"
        # One label is wrong, and all models will say so.
        told = "Black" if index == 9 else color
        rows.append(f"{index}.jpg,{image_type},{told},{_MARKUP},car,test")
    for index in range(36, 48):
        (folder / f"{index}.jpg").write_bytes(jpeg(MAGENTA, seed=index))
        rows.append(f"{index}.jpg,Placeholder,,zenith,,test")
    (folder / "48.jpg").write_bytes(jpeg(PAINTS["Red"], seed=48))
    rows.append("48.jpg,Dealer,Red,trainer,car,train")
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    ended = run("dataset", "import", folder, "--as", "v1", "--least-side", "32", "--json")
    assert ended.code == 0, ended.err
    home = tmp_path / "home"
    write_run(home, ended.json["manifest_sha256"], {1: 0, 2: 1})
    return home


def write_run(home: Path, manifest: str, shifts: dict[int, int]) -> None:
    """Write the run r: candidates that name another colour, as far away as `shifts` says."""
    record = RunRecord(
        name="r", dataset="v1", dataset_sha256=manifest, start="tiny-1", start_sha256="0" * 64,
        wanted=len(shifts), seed=7, space={}, started_at=_NOW, finished_at=_NOW,
    )  # fmt: skip
    for number, shift in shifts.items():
        folder = home / "runs" / "r" / "candidates" / str(number)
        write_tiny_bundle(folder, version=f"r.{number}", shift=shift)
        (folder / "MODEL_CARD.md").write_text(
            "# Tiny\n\n<!-- figures: written by `forecourt evaluate --card` -->\n"
            "<!-- end of figures -->\n"
        )
        outcome = Outcome(
            best_epoch=1, score=0.5 + number / 10, placeholders=1.0, precision=Precision.FLOAT16,
            parity=0.0, int8_cost=None, size_bytes=1, finished_at=_NOW,
        )  # fmt: skip
        record = record.put(
            CandidateRecord(number=number, version=f"r.{number}", numbers={}, outcome=outcome)
        )
    (home / "runs" / "r" / "run.json").write_text(record.model_dump_json())


def test_a_worse_candidate_is_refused_with_its_slices_and_another_is_promoted(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run("evaluate", "--run", "r")
    assert ended.code == 0, ended.err
    assert "Run r: 48 pictures" in ended.out

    ended = run("models", "gate", "r", "--json")
    assert ended.code == 0, ended.err
    best, other = ended.json["decisions"]
    # Candidate 2 was chosen first by its score, and every colour of it is wrong.
    assert (best["candidate"], best["verdict"]) == ("r.2", "refused")
    assert {"all", "kind=car", "type=Dealer"} <= {one["slice"] for one in best["reasons"]}
    assert all(one["rule"] == "G3" for one in best["reasons"])
    assert (other["candidate"], other["verdict"]) == ("r.1", "promoted")
    assert ended.json["passed"] == "r.1"
    assert ended.json["promotion"] is None
    kept = json.loads((home / "runs" / "r" / "gate.json").read_text())
    assert kept["decisions"] == ended.json["decisions"]

    shown = run("models", "gate", "r")
    assert "r.2: refused" in shown.out
    assert "G3 all: color right on" in shown.out
    ended = run("models", "gate", "r", "--promote", "--by", "ann", "--json")
    assert ended.json["promotion"]["model_version"] == "r.1"
    assert "passed the gate against tiny-1" in ended.json["promotion"]["reason"]
    (last,) = [one for one in run("models", "history", "--json").json if one["kind"] == "promote"]
    assert last["reason"] == ended.json["promotion"]["reason"]
    assert "image type" in run("models", "card", "r.1").out

    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")  # it was pinned; now r.1 is the champion
    ended = run("models", "gate", "r")
    assert ended.code == 2
    assert "was evaluated against tiny-1, and the champion is r.1 now" in ended.err
    run("evaluate", "--run", "r")
    ended = run("models", "gate", "r", "--json")
    assert [one["candidate"] for one in ended.json["decisions"]] == ["r.2"]


def test_the_report_is_one_file_with_its_pictures_and_no_script(run: Run, home: Path) -> None:
    run("evaluate", "--run", "r")
    page = (home / "runs" / "r" / "report.html").read_text()
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert page.count("data:image/jpeg;base64,") == 24  # the surest wrong colours of r.2
    assert _MARKUP not in page
    assert "a&lt;b&gt;&amp;co" in page
    assert "Candidates and champion on the same pictures" in page
    document = json.loads((home / "runs" / "r" / "evaluation.json").read_text())
    assert [one["version"] for one in document["models"]] == ["tiny-1", "r.1", "r.2"]
    assert len(document["pictures"]) == 48
    assert all(len(one["answers"]) == 48 for one in document["models"])


def test_a_run_that_cannot_be_judged_says_what_to_do(run: Run, home: Path) -> None:
    ended = run("models", "gate", "r")
    assert ended.code == 2
    assert "forecourt evaluate --run r" in ended.err
    assert "There is no run 'gone'" in run("evaluate", "--run", "gone").err
    assert "--run and --advertiser go with --json" in run("evaluate", home, "--run", "r").err
    assert "Say who promotes" in run("models", "gate", "r", "--promote").err
    path = home / "runs" / "r" / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"dataset_sha256": "1" * 64}))
    assert "is not the one that the run r was trained on" in run("evaluate", "--run", "r").err
    path.write_text(json.dumps(record | {"candidates": []}))
    assert "No candidate of the run r is finished" in run("evaluate", "--run", "r").err
    path.write_text("{")
    assert "is no record of a run" in run("evaluate", "--run", "r").err


def test_where_none_passes_the_exit_code_says_so(run: Run, home: Path) -> None:
    manifest = json.loads((home / "runs" / "r" / "run.json").read_text())["dataset_sha256"]
    write_run(home, manifest, {1: 3, 2: 1})
    run("evaluate", "--run", "r")
    ended = run("models", "gate", "r", "--promote", "--by", "ann")
    assert ended.code == 1
    assert "No candidate passes; the champion stays." in ended.out
    assert run("models", "history", "--json").json == []


def test_an_advertisers_own_sitemap_is_a_test_set(
    run: Run, host: ImageHost, tmp_path: Path
) -> None:
    urls = [
        host.put(f"/{name}.jpg", jpeg(PAINTS[name], seed=place))
        for place, name in enumerate(("Red", "Blue", "Green"))
    ]
    run("tag", write_feed(tmp_path, {"v1": urls, "v2": [urls[1]]}))
    run("fix", "-a", "acme", "--url", urls[0], "--type", "Stock", "--color", "Red", "--by", "ada")
    ended = run("evaluate", "--advertiser", "acme", "--json")
    assert ended.code == 0, ended.err
    fixed, shown = ended.json
    assert [one["image_type"] for one in fixed["pictures"]] == ["Stock"]
    assert [one["answers"][0]["image_type"] for one in fixed["models"]] == ["Dealer"]
    assert len(shown["pictures"]) == 2  # each once, though two vehicles show one
    assert shown["models"][0]["report"]["image_type"]["accuracy"]["value"] == 1
    assert "acme: fixed: 1 pictures" in run("evaluate", "--advertiser", "acme").out
    assert "There is no scrape of 'gone'" in run("evaluate", "--advertiser", "gone").err


def test_the_plan_names_what_a_model_would_change_and_leaves_fixes(
    run: Run, host: ImageHost, tmp_path: Path
) -> None:
    urls = [
        host.put(f"/{name}.jpg", jpeg(PAINTS[name], seed=place))
        for place, name in enumerate(("Red", "Blue", "Green"))
    ]
    run("tag", write_feed(tmp_path, {"v1": urls}))
    run("fix", "-a", "acme", "--url", urls[0], "--color", "Red", "--by", "ada")
    other = write_tiny_bundle(tmp_path / "other", version="tiny-2", shift=1)
    run("models", "add", other, "--by", "ann")
    before = run("export", "-a", "acme", "--format", "json").out
    table = tmp_path / "changes.csv"
    ended = run("models", "plan", "tiny-2", "--nice", "0", "--out", table, "--json")
    assert ended.code == 0, ended.err
    assert (ended.json["images"], ended.json["changes"]) == (3, 2)
    assert ended.json["by_advertiser"] == {"acme": 2}
    assert set(ended.json["by_change"]) == {
        "Dealer, Blue → Dealer, Brown",
        "Dealer, Green → Dealer, Grey",
    }
    rows = table.read_text().splitlines()
    assert rows[0] == "advertiser,url,type_before,type_after,color_before,color_after"
    assert {row.split(",")[1] for row in rows[1:]} == set(urls[1:])
    assert "would change 2 images of 3" in run("models", "plan", "tiny-2", "--nice", "0").out
    assert run("export", "-a", "acme", "--format", "json").out == before
    assert "There is no model 'gone'" in run("models", "plan", "gone", "--nice", "0").err


def test_a_bundle_that_is_not_registered_is_judged_on_the_newest_test_version(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write_tiny_bundle(tmp_path / "good", version="brought-1")
    bad = write_tiny_bundle(tmp_path / "bad", version="brought-2", shift=1)
    before = sorted(path.name for path in good.iterdir())
    refused = run("models", "gate", bad, "--json")
    assert refused.code == 1, refused.err
    (decision,) = refused.json["decisions"]
    assert {"all", "kind=car"} <= {one["slice"] for one in decision["reasons"]}
    assert (refused.json["passed"], refused.json["promotion"]) == (None, None)
    ended = run("models", "gate", good, "--dataset", "v1", "--promote", "--by", "ann", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["promotion"]["model_version"] == "brought-1"
    assert sorted(path.name for path in good.iterdir()) == before, "nothing is written to it"
    assert (home / "models" / "brought-1" / "model.onnx").is_file()
    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")
    for options, code, told in (
        ([good], 2, "is the champion's version"),
        ([bad, "--dataset", "nope"], 2, "nope"),
        ([tmp_path / "nowhere"], 2, "nowhere"),
        (["r", "--dataset", "v1"], 2, "a run is judged on its own dataset version"),
    ):
        wrong = run("models", "gate", *options)
        assert wrong.code == code
        assert told in wrong.err
