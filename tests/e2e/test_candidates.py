"""`forecourt train`, as people type it: candidates from a version, whatever kills the process."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train import space as search_space
from forecourt.vision.bundle import load_bundle, shipped_folder
from tests.support.command_line import Ended, Run, Start
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("command_settings")]

_QUICK = {
    "epochs = 8": "epochs = 2",
    "steps = 60": "steps = 1",
    "batch = 48": "batch = 4",
    "views = 3": "views = 1",
    "most_views = 6": "most_views = 3",
    "card_views = 2": "card_views = 1",
    "touched = 1": "touched = 0",
    "placeholder_recall = 0.95": "placeholder_recall = 0.0",  # so that there is a blend
}


@pytest.fixture
def dataset(run: Run, tmp_path: Path) -> str:
    """Eighteen pictures of three advertisers, one on each side of the split."""
    folder = tmp_path / "labelled"
    folder.mkdir()
    rows = ["file,image_type,color,advertiser,vehicle_kind,split"]
    for owner, split in enumerate(("train", "validation", "test")):
        for place, (image_type, color) in enumerate(
            (("Dealer", "Red"), ("Dealer", "Blue"), ("Stock", "White"), ("Placeholder", ""))
        ):
            name = f"{owner}-{place}.jpg"
            paint = PAINTS[color] if color else MAGENTA
            (folder / name).write_bytes(jpeg(paint, seed=10 * owner + place))
            rows.append(f"{name},{image_type},{color},a{owner},car,{split}")
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    ended = run("dataset", "import", folder, "--as", "v1", "--least-side", "32", "--json")
    assert ended.code == 0, ended.err
    return "v1"


@pytest.fixture
def order(tmp_path: Path) -> list[str]:
    """The command but for the dataset: two candidates of two tiny epochs each."""
    text = Path(search_space.__file__).with_name("search_space.toml").read_text(encoding="utf-8")
    for old, new in _QUICK.items():
        assert old in text
        text = text.replace(old, new, 1)
    space = tmp_path / "space.toml"
    space.write_text(text)
    return [
        "train", "--candidates", "2", "--space", str(space), "--start", str(shipped_folder()),
        "--threads", "1", "--nice", "0", "--no-int8", "--json",
    ]  # fmt: skip


def record_of(home: Path, name: str) -> dict[str, Any]:
    path = home / "runs" / name / "run.json"
    return json.loads(path.read_text()) if path.is_file() else {"candidates": []}


def test_killed_anywhere_it_goes_on_and_loses_an_epoch_at_most(
    run: Run, start: Start, dataset: str, order: list[str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    process = start(*order, "--dataset", dataset)
    deadline = time.monotonic() + 300
    while not any(one["epochs"] for one in record_of(home, "v1-1")["candidates"]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = record_of(home, "v1-1")["candidates"]
    whole = [one for one in killed if one["outcome"]]
    for folder in (home / "runs" / "v1-1" / "candidates").glob("[0-9]*"):
        load_bundle(folder)  # whatever is seen is whole

    ended = run(*order, "--dataset", dataset)
    assert ended.code == 0, ended.err
    finished = ended.json
    assert finished["name"] == "v1-1"  # the same run went on
    assert finished["started_at"] == record_of(home, "v1-1")["started_at"]
    for one in whole:
        assert one in finished["candidates"]
    for one, before in zip(finished["candidates"], killed, strict=False):
        assert one["epochs"][: len(before["epochs"])] == before["epochs"]
        assert one["numbers"] == before["numbers"]
    folder = home / "runs" / "v1-1"
    assert {path.name for path in folder.iterdir()} == {"run.json", "study.db", "candidates"}
    for one in finished["candidates"]:
        bundle = load_bundle(folder / "candidates" / str(one["number"]))
        assert bundle.version == one["version"]
        assert bundle.manifest.base is not None
        assert bundle.manifest.base.sha256 == load_bundle(shipped_folder()).manifest.sha256
        card = (bundle.folder / "MODEL_CARD.md").read_text()
        assert finished["dataset_sha256"] in card
    first, second, blended = finished["candidates"]
    assert first["numbers"] != second["numbers"]
    assert (blended["blend_of"], blended["numbers"]) == ([1, 2], {})
    for number, shown in ((1, 4), (3, 8)):  # the blend's were trained with validation pictures too
        bundle = load_bundle(folder / "candidates" / str(number))
        assert bundle.manifest.trained_on.startswith(f"{shown} pictures of {shown // 4} adv")
    check_refusals(run, order, dataset)


def check_refusals(run: Run, order: list[str], dataset: str) -> None:
    """A finished run is not done again, and its name does not stand for another order."""
    for again in (
        run(*order, "--dataset", dataset),
        run(*order, "--dataset", dataset, "--run", "v1-1"),
    ):
        assert again.code == 0, again.err
        assert again.json["name"] == "v1-1"
        assert again.json["finished_at"]
    for asked in (("--seed", "8"), ("--int8",)):
        other = run(*order, "--dataset", dataset, "--run", "v1-1", *asked)
        assert other.code == 2
        assert "The run v1-1 was asked for something else" in other.err


def refused(ended: Ended) -> str:
    assert ended.code == 2
    return ended.err


def test_what_cannot_be_trained_is_refused_with_what_to_do(
    run: Run, dataset: str, order: list[str], tmp_path: Path
) -> None:
    assert "gone" in refused(run(*order, "--dataset", "gone"))
    assert "cannot name a run" in refused(run(*order, "--dataset", dataset, "--run", "a b"))
    champion = [one for one in order if one not in {"--start", str(shipped_folder())}]
    told = refused(run(*champion, "--dataset", dataset))
    assert "tiny-1" in told
    assert "--start FOLDER" in told
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "1.jpg").write_bytes(jpeg(PAINTS["Green"], seed=99))
    (tmp_path / "one" / "data.csv").write_text(
        "file,image_type,advertiser,split\n1.jpg,Dealer,b,train\n"
    )
    run("dataset", "import", tmp_path / "one", "--as", "v2", "--least-side", "32")
    told = refused(run(*order, "--dataset", "v2"))
    assert "no pictures for validation" in told
    # The champion cannot be trained on; what it says that it was trained from can.
    shipped = load_bundle(shipped_folder())
    path = Path(os.environ["FORECOURT_VISION__BUNDLE"]) / "bundle.json"
    for version, what in ((shipped.version, "no pictures for validation"), ("gone", "gone, which")):
        base = {"version": version, "sha256": shipped.manifest.sha256}
        path.write_text(json.dumps(json.loads(path.read_text()) | {"base": base}))
        assert what in refused(run(*champion, "--dataset", "v2"))
