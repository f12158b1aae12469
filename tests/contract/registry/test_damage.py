"""Models that are damaged, in the way, or cannot be kept: each is said, and none answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecourt.core.errors import BundleError, StoreError, UsageError
from tests.support.registry import Desk
from tests.support.tiny_bundle import write_tiny_bundle


def lose(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()
    path.rmdir()


def flip(path: Path) -> None:
    data = bytearray((path / "model.onnx").read_bytes())
    data[100] ^= 1
    (path / "model.onnx").write_bytes(data)


def retune(path: Path) -> None:
    manifest = json.loads((path / "bundle.json").read_text())
    manifest["thresholds"]["placeholder_floor"] = 0.1
    (path / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("damage", [lose, flip, retune])
def test_damaged_champion_is_named_and_no_other_model_answers(
    desk: Desk, damage: Callable[[Path], None]
) -> None:
    desk.add("a", "b")
    desk.promote("a")
    damage(desk.home / "models" / "a")
    with pytest.raises(BundleError, match=r"Model a cannot be used\..*forecourt models add FOLDER"):
        desk.load()
    desk.promote("b")  # the way out needs no champion that loads
    assert desk.load() == "b"
    with pytest.raises(BundleError, match="Model a cannot be used"):
        desk.promote("a")
    with pytest.raises(BundleError, match="Model a cannot be used"):
        desk.rollback()
    assert desk.load() == "b"


@pytest.mark.parametrize("damage", [lose, flip])
def test_adding_the_same_bundle_again_mends_it(desk: Desk, damage: Callable[[Path], None]) -> None:
    desk.add("a")
    desk.promote("a")
    damage(desk.home / "models" / "a")
    desk.add("a")
    assert desk.load() == "a"
    assert desk.folders == ["a", "shipped-1"]


def test_whole_folder_that_this_database_does_not_know_is_left_alone(desk: Desk) -> None:
    """Another database may use it: two may share a home folder."""
    stranger = write_tiny_bundle(desk.home / "models" / "a", version="a")
    retune(stranger)
    before = (stranger / "bundle.json").read_bytes()
    with pytest.raises(UsageError, match="holds another model under this version"):
        desk.add("a")
    assert (stranger / "bundle.json").read_bytes() == before
    assert set(desk.listed()) == {"shipped-1"}


def test_bundle_that_changes_while_it_is_read_is_not_registered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = desk.bundle("a")

    def copy_changed(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes().replace(b"0.5", b"0.6"))

    monkeypatch.setattr("shutil.copyfile", copy_changed)
    with pytest.raises(BundleError, match="was changed while it was read"):
        desk.add_folder(folder)
    assert desk.folders == []
    assert set(desk.listed()) == {"shipped-1"}


def test_home_that_cannot_be_written_is_an_error_in_words(desk: Desk) -> None:
    desk.home.write_text("a file stands where the folder should be")
    with pytest.raises(StoreError, match=r"Cannot keep the model in .* Let FORECOURT_HOME"):
        desk.add("a")
