"""The registry on both databases: what is registered, who is the champion, what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecourt import release
from forecourt.core.errors import BundleError, NotFoundError, StoreError, UsageError
from forecourt.core.promotions import PromotionKind
from forecourt.core.settings import Settings, VisionSettings
from forecourt.store.engine import reading, writing
from forecourt.store.schema import models, promotions
from tests.support.tiny_bundle import write_tiny_bundle

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
Ship = Callable[[str], Path]


@pytest.fixture(autouse=True)
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Let the installed release be one with a tiny model."""

    def install(version: str) -> Path:
        folder = write_tiny_bundle(tmp_path / "package" / version, version=version)
        for module in ("vision.bundle", "release.models", "release.promotions"):
            monkeypatch.setattr(f"forecourt.{module}.shipped_folder", lambda: folder)
        return folder

    install("shipped-1")
    return install


class Desk:
    """Somebody at work on a registry."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.home = folder / "home"
        self._folder = folder

    def bundle(self, version: str, *, floor: float = 0.5) -> Path:
        folder = write_tiny_bundle(self._folder / f"{version}-{floor}", version=version)
        path = folder / "bundle.json"
        manifest = json.loads(path.read_text())
        manifest["thresholds"]["placeholder_floor"] = floor
        path.write_text(json.dumps(manifest))
        return folder

    def add(self, *versions: str) -> None:
        for version in versions:
            self.add_folder(self.bundle(version))

    def add_folder(self, folder: Path, by: str = "ann") -> None:
        with writing(self.engine) as connection:
            release.register(connection, self.home, folder, by=by, at=NOW)

    def promote(self, version: str, **given: str) -> release.Promoted:
        words = {"by": "ann", "note": ""} | given
        with writing(self.engine) as connection:
            return release.promote(connection, self.home, version, at=NOW, **words)

    def rollback(self) -> release.Promoted:
        with writing(self.engine) as connection:
            return release.rollback(connection, self.home, by="ann", note="", at=NOW)

    @property
    def champion(self) -> release.Champion:
        with reading(self.engine) as connection:
            return release.champion(connection)

    def load(self, bundle: Path | None = None) -> str:
        """Load what answers; return its version."""
        given = Settings(home=self.home, vision=VisionSettings(bundle=bundle))
        with reading(self.engine) as connection:
            return release.load_champion(connection, given).version

    def listed(self) -> dict[str, release.ListedModel]:
        with reading(self.engine) as connection:
            return {one.version: one for one in release.list_models(connection)}

    def history(self) -> list[tuple[str, str]]:
        with reading(self.engine) as connection:
            return [(one.kind, one.model_version) for one in release.list_promotions(connection)]

    @property
    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.home / "models").iterdir())


@pytest.fixture
def desk(engine: sa.Engine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)


# ---- the champion --------------------------------------------------------------------------------


def test_shipped_model_is_the_champion_before_any_promotion(desk: Desk, ship: Ship) -> None:
    desk.add("a")
    assert desk.champion == release.Champion("shipped-1", promotion_id=None, folder=None)
    assert desk.load() == "shipped-1"
    assert desk.folders == ["a"]  # no copy of it
    ship("shipped-2")
    assert desk.load() == "shipped-2"


def test_promoted_model_answers_and_the_promotion_can_be_announced(desk: Desk) -> None:
    desk.add("a")
    done = desk.promote("a", by=" ann\n", note="better\non vans", reason="passed the gate")
    assert done.replaced == "shipped-1"
    one = done.promotion
    assert (one.kind, one.model_version, one.at) == (PromotionKind.PROMOTE, "a", NOW)
    assert (one.by, one.note, one.reason) == ("ann", "better on vans", "passed the gate")
    assert desk.champion == release.Champion("a", promotion_id=one.id, folder="a")
    assert desk.load() == "a"


def test_rollbacks_walk_back_to_the_shipped_model_and_then_say_so(desk: Desk) -> None:
    desk.add("a", "b")
    desk.promote("a")
    desk.promote("b")
    done = desk.rollback()
    assert (done.promotion.kind, done.replaced) == (PromotionKind.ROLLBACK, "b")
    assert done.promotion.reason == "back from b"
    assert desk.load() == "a"
    desk.rollback()
    assert desk.load() == "shipped-1"
    with pytest.raises(UsageError, match=r"no model was the champion before shipped-1\. Promote"):
        desk.rollback()
    assert [kind for kind, _ in desk.history()] == ["default", *["promote"] * 2, *["rollback"] * 2]


def test_nothing_to_roll_back_to_before_the_first_promotion(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r"no model was the champion before shipped-1"):
        desk.rollback()
    assert desk.history() == []


def test_rollback_finds_the_earlier_releases_model_after_an_upgrade(desk: Desk, ship: Ship) -> None:
    desk.add("a")
    desk.promote("a")
    ship("shipped-2")
    assert desk.rollback().promotion.model_version == "shipped-1"
    assert desk.load() == "shipped-1"
    desk.promote("shipped-2")
    assert desk.load() == "shipped-2"


def test_promoting_the_shipped_model_holds_it_over_an_upgrade(desk: Desk, ship: Ship) -> None:
    desk.promote("shipped-1")
    ship("shipped-2")
    assert desk.load() == "shipped-1"
    assert desk.history() == [("promote", "shipped-1")]


@pytest.mark.parametrize(
    ("version", "given", "error", "message"),
    [
        ("nope", {}, NotFoundError, "no model 'nope'; `forecourt models list`"),
        ("a", {"by": " \x00 "}, UsageError, "Say who does it"),
        ("a", {"by": "x" * 201}, UsageError, "has 201 characters; at most 200"),
    ],
)
def test_promotion_that_cannot_be_changes_nothing(
    desk: Desk, version: str, given: dict[str, str], error: type[Exception], message: str
) -> None:
    desk.add("a")
    with pytest.raises(error, match=message):
        desk.promote(version, **given)
    assert desk.history() == []
    assert set(desk.listed()) == {"a", "shipped-1"}
    assert desk.folders == ["a"]


def test_champion_is_not_promoted_again(desk: Desk) -> None:
    desk.add("a")
    desk.promote("a")
    before = desk.history()
    with pytest.raises(UsageError, match="a is the champion already"):
        desk.promote("a")
    assert desk.history() == before


def test_pinned_bundle_goes_before_the_registry(desk: Desk) -> None:
    desk.add("a", "b")
    desk.promote("a")
    pin = desk.bundle("pinned")
    assert desk.load(pin) == "pinned"
    warning = release.explain_pin(Settings(vision=VisionSettings(bundle=pin)))
    assert warning is not None
    assert f"pins the model in {pin}" in warning
    assert release.explain_pin(Settings()) is None


def test_concurrent_promotions_end_in_one_order(desk: Desk) -> None:
    """Each says what it replaced: together that is one chain, which the history tells alike."""
    versions = [f"m{number}" for number in range(6)]
    desk.add(*versions)
    done: list[release.Promoted] = []
    start = threading.Barrier(len(versions))

    def work(version: str) -> None:
        start.wait()
        done.append(desk.promote(version))

    threads = [threading.Thread(target=work, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = sorted(done, key=lambda one: one.promotion.id)
    order = [one.promotion.model_version for one in chain]
    assert [one.replaced for one in chain] == ["shipped-1", *order[:-1]]
    expected = [("default", "shipped-1"), *(("promote", version) for version in order)]
    assert desk.history() == expected
    assert sorted(order) == versions
    assert desk.champion.version == order[-1]


ACTS = st.lists(st.sampled_from(["shipped-1", "a", "b", "rollback", "rollback"]), max_size=12)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_any_sequence_gives_the_champion_that_a_list_says(desk: Desk, acts: list[str]) -> None:
    """A promotion is laid on top of a pile, a rollback takes the top away; the last one stays."""
    with writing(desk.engine) as connection:
        connection.execute(sa.delete(promotions))
        connection.execute(sa.delete(models))
    desk.add("a", "b")
    pile, is_fresh = ["shipped-1"], True
    for act in acts:
        refused = len(pile) < 2 if act == "rollback" else act == pile[-1] and not is_fresh
        if refused:
            with pytest.raises(UsageError):
                desk.rollback() if act == "rollback" else desk.promote(act)
        else:
            before = pile[-1]
            done = desk.rollback() if act == "rollback" else desk.promote(act)
            if act == "rollback":
                pile.pop()
            elif act != pile[-1]:
                pile.append(act)
            is_fresh = False
            assert (done.replaced, done.promotion.model_version) == (before, pile[-1])
        assert desk.champion.version == desk.load() == pile[-1]
        assert [one.version for one in desk.listed().values() if one.is_champion] == pile[-1:]


# ---- models --------------------------------------------------------------------------------------


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
    desk.add_folder(folder)
    (folder / "model.onnx").unlink()
    desk.promote("a")
    assert desk.load() == "a"
    names = {path.name for path in (desk.home / "models" / "a").iterdir()}
    assert names == {"model.onnx", "bundle.json", "MODEL_CARD.md"}


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


# ---- damage --------------------------------------------------------------------------------------


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
