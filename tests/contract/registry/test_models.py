"""Models in the registry: added, listed, copied, refused, and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from forecourt import release
from forecourt.core.errors import BundleError, NotFoundError, UsageError
from forecourt.core.looks import looks_to_json, summarize
from forecourt.store.engine import reading, writing
from tests.support.registry import NOW, Desk

Ship = Callable[[str], Path]


def test_models_are_listed_with_what_became_of_them(desk: Desk) -> None:
    desk.add("a", "b")
    shipped = desk.listed()["shipped-1"]
    assert (shipped.is_champion, shipped.is_shipped, shipped.registered) == (True, True, None)
    desk.promote("a", note="first")
    found = desk.listed()
    assert {one.version for one in found.values() if one.is_champion} == {"a"}
    assert found["b"].promotion is None
    assert found["a"].promotion is not None
    assert found["a"].promotion.note == "first"
    assert found["a"].registered is not None
    assert (found["a"].registered.registered_at, found["a"].registered.registered_by) == (
        NOW,
        "ann",
    )
    assert found["shipped-1"].is_shipped
    assert found["shipped-1"].registered is not None


def test_copy_is_independent_of_the_folder_it_came_from(desk: Desk) -> None:
    folder = desk.bundle("a")
    (folder / "notes.txt").write_text("not part of a bundle")
    looks = summarize(bytes(192) * 200)
    assert looks is not None
    (folder / "looks.json").write_text(looks_to_json(looks))
    desk.add_folder(folder)
    (folder / "model.onnx").unlink()
    desk.promote("a")
    assert desk.load() == "a"
    names = {path.name for path in (desk.home / "models" / "a").iterdir()}
    assert names == {"model.onnx", "bundle.json", "MODEL_CARD.md", "looks.json"}


def test_same_bundle_twice_is_one_model(desk: Desk) -> None:
    desk.add_folder(desk.bundle("a"), by="ann")
    before = (desk.home / "models" / "a" / "model.onnx").stat().st_ino
    desk.add_folder(desk.bundle("a"), by="bob")
    assert (desk.home / "models" / "a" / "model.onnx").stat().st_ino == before
    registered = desk.listed()["a"].registered
    assert registered is not None
    assert registered.registered_by == "ann"


@pytest.mark.parametrize("version", ["a", "A", "shipped-1", "Shipped-1"])
def test_other_content_under_a_version_that_is_taken_is_refused(desk: Desk, version: str) -> None:
    desk.add("a")
    taken = "a" if version in "aA" else "shipped-1"
    with pytest.raises(UsageError, match=f"Another model has version {taken} already"):
        desk.add_folder(desk.bundle(version, floor=0.4))
    desk.promote("a")
    assert desk.load() == "a"
    assert set(desk.listed()) == {"a", "shipped-1"}


def test_base_of_a_model_is_what_it_was_trained_from_or_itself(desk: Desk) -> None:
    for version, base in zip("abcdef", (None, "a", "b", "shipped-1", "gone", "a"), strict=True):
        folder = desk.bundle(version)
        manifest = json.loads((folder / "bundle.json").read_text())
        if base is not None:
            sha256 = "0" * 64 if version == "f" else manifest["sha256"]
            manifest["base"] = {"version": base, "sha256": sha256}
        (folder / "bundle.json").write_text(json.dumps(manifest))
        desk.add_folder(folder)
    with reading(desk.engine) as connection:
        model = {one: release.load_model(connection, desk.home, one) for one in "abcdef"}

        def base_of(version: str) -> str:
            return release.load_base(connection, desk.home, model[version]).version

        # One step back and no further: whoever said --start meant it.
        assert [base_of(one) for one in "abcd"] == ["a", "a", "b", "shipped-1"]
        with pytest.raises(UsageError, match=r"e was trained from gone, .* say --start FOLDER"):
            base_of("e")
        with pytest.raises(UsageError, match="f was trained from a, but another model has that"):
            base_of("f")


def test_bundle_that_cannot_answer_is_refused(desk: Desk) -> None:
    folder = desk.bundle("a")
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(manifest | {"kinds": ["car"]}))
    with pytest.raises(BundleError, match="lacks the output kind_logits"):
        desk.add_folder(folder)
    assert not (desk.home / "models").exists()


def test_a_release_may_ship_a_version_that_somebody_took_before(desk: Desk, ship: Ship) -> None:
    """Under that version the shipped model's answers are kept by now: theirs needs another."""
    desk.add_folder(desk.bundle("2026.12", floor=0.4))
    desk.add("b")
    ship("2026.12")
    assert desk.load() == "2026.12"
    with pytest.raises(UsageError, match=r"that of the model which this release ships.*another"):
        desk.promote("2026.12")
    desk.promote("b")
    assert desk.load() == "b"
    with pytest.raises(UsageError, match="nothing to roll back to"):
        desk.rollback()


def test_cards_are_read_from_the_model_itself(desk: Desk) -> None:
    folder = desk.bundle("a")
    (folder / "MODEL_CARD.md").write_text("# Mine\n")
    desk.add_folder(folder)
    (folder / "MODEL_CARD.md").unlink()
    desk.add_folder(desk.bundle("b"))
    (desk.home / "models" / "b" / "MODEL_CARD.md").unlink()
    with reading(desk.engine) as connection:
        assert release.read_card(connection, desk.home, "a") == "# Mine\n"
        assert release.read_card(connection, desk.home, "shipped-1") == "# Tiny\n"
        for version, message in (("b", "Model b has no card"), ("c", "no model 'c'")):
            with pytest.raises(NotFoundError, match=message):
                release.read_card(connection, desk.home, version)


def test_models_are_listed_latest_first(desk: Desk) -> None:
    for number, version in enumerate("bca"):
        with writing(desk.engine) as connection:
            at = NOW + timedelta(minutes=number)
            folder = desk.bundle(version)
            release.register(connection, desk.home, folder, by="ann", at=at)
    assert list(desk.listed()) == ["a", "c", "b", "shipped-1"]
