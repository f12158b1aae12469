"""`forecourt models`: as a person types it, and killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forecourt.vision.bundle import load_bundle
from tests.support.command_line import Run
from tests.support.tiny_bundle import write_tiny_bundle

pytestmark = pytest.mark.usefixtures("command_settings")

SHIPPED = load_bundle().version


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write bundles; no model is pinned, as `command_settings` else does."""
    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")
    return lambda version: write_tiny_bundle(tmp_path / version, version=version)


def exported(run: Run) -> list[dict[str, object]]:
    (vehicle, *_) = run("export", "--advertiser", "acme", "--format", "json").json["vehicles"]
    (image, *_) = vehicle["images"]
    found = image["predicted"]
    return [found["model_version"], image["image_type"]["reason"]]


def test_what_is_shown_follows_the_champion(
    run: Run, bundle: Callable[[str], Path], feed: Path
) -> None:
    assert run("models", "add", bundle("tiny-1"), "--by", "ann").code == 0
    assert run("models", "promote", "tiny-1", "--by", "ann").code == 0
    run("tag", feed)
    assert exported(run) == ["tiny-1", "most_probable"]
    run("models", "add", bundle("tiny-2"), "--by", "ann")
    assert exported(run) == ["tiny-1", "most_probable"]
    done = run("models", "promote", "tiny-2", "--by", "ann", "--note", "newer", "--json").json
    assert (done["kind"], done["replaced"], done["note"]) == ("promote", "tiny-1", "newer")
    assert exported(run) == ["tiny-1", "stale_model"]
    run("tag", feed)
    assert exported(run) == ["tiny-2", "most_probable"]
    done = run("models", "rollback", "--by", "ann", "--json").json
    assert (done["kind"], done["reason"]) == ("rollback", "back from tiny-2")
    assert exported(run) == ["tiny-1", "most_probable"]
    run("models", "rollback", "--by", "bob")
    newest, *_, first = run("audit", "--json").json["entries"]
    assert [newest["action"], newest["by"], newest["target"]] == ["model.rollback", "bob", SHIPPED]
    assert [first["action"], first["target"]] == ["model.register", "tiny-1"]
    over = run("models", "rollback", "--by", "ann")
    assert over.code == 2
    assert f"no model was the champion before {SHIPPED}" in over.err


def test_models_are_told_in_words(run: Run, bundle: Callable[[str], Path]) -> None:
    added = run("models", "add", bundle("tiny-1"), "--by", "ann")
    assert "forecourt models promote tiny-1 --by NAME" in added.out
    assert "To undo this: forecourt models rollback" in (
        run("models", "promote", "tiny-1", "--by", "ann", "--note", "[bold]first[/]").out
    )
    listed = run("models", "list").out
    assert "champion" in listed
    assert "[bold]first[/]" in listed
    undone = run("models", "rollback", "--by", "bob").out
    assert f"{SHIPPED} is the champion" in undone
    assert "To undo this: forecourt models promote tiny-1" in undone
    history = run("models", "history").out
    assert [kind in history for kind in ("default", "promote", "rollback")] == [True] * 3
    assert "back from tiny-1" in history
    assert run("models", "card", "tiny-1").out == "# Tiny\n"


def test_bad_requests_end_in_one_line(run: Run, tmp_path: Path) -> None:
    for arguments, message in (
        (("promote", "nope", "--by", "ann"), "There is no model 'nope'"),
        (("card", "nope"), "There is no model 'nope'"),
        (("add", tmp_path, "--by", "ann"), "is no model bundle"),
        (("promote", SHIPPED, "--by", " "), "Say who does it"),
        (("promote", SHIPPED), "Missing option '--by'"),
    ):
        ended = run("models", *arguments)
        assert ended.code == 2, arguments
        assert message in ended.err


def test_promotion_warns_where_a_model_is_pinned(
    run: Run, bundle: Callable[[str], Path], tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("models", "add", bundle("tiny-2"), "--by", "ann")
    assert run("models", "promote", "tiny-2", "--by", "ann").err == ""
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(tiny_bundle))
    ended = run("models", "promote", SHIPPED, "--by", "ann", "--json")
    assert (ended.code, ended.json["model_version"]) == (0, SHIPPED)
    assert f"Warning: FORECOURT_VISION__BUNDLE pins the model in {tiny_bundle}" in ended.err


def test_registry_works_while_the_champion_cannot_be_loaded(
    run: Run, bundle: Callable[[str], Path], tmp_path: Path
) -> None:
    run("models", "add", bundle("tiny-1"), "--by", "ann")
    run("models", "promote", "tiny-1", "--by", "ann")
    (tmp_path / "home" / "models" / "tiny-1" / "model.onnx").unlink()
    ended = run("conflicts")
    assert ended.code == 2
    assert "Model tiny-1 cannot be used" in ended.err
    assert run("models", "add", tmp_path / "tiny-1", "--by", "ann").code == 0
    assert run("conflicts").code == 0


# Kills the process with SIGKILL at one point of `models add`; nothing can be tidied up then.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from forecourt import cli
from forecourt.store import registry

point, folder = sys.argv[1:]
sys.argv = ["forecourt", "models", "add", folder, "--by", "ann"]

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def write_half(source, target):
    data = Path(source).read_bytes()
    Path(target).write_bytes(data[: len(data) // 2])
    die()

def rename_and_die(self, target, rename=Path.rename):
    rename(self, target)
    die()

if point == "half a file":
    shutil.copyfile = write_half
elif point == "before it is in place":
    Path.rename = die
elif point == "before the row":
    registry.add_model = die
elif point == "in place":
    Path.rename = rename_and_die
elif point == "before the commit":
    from sqlalchemy.engine import Connection
    Connection._commit_impl = die
cli.main()
"""


@pytest.mark.parametrize(
    "point",
    ["half a file", "before it is in place", "in place", "before the row", "before the commit"],
)
def test_killed_addition_leaves_nothing_that_can_be_seen(
    run: Run, bundle: Callable[[str], Path], tmp_path: Path, point: str
) -> None:
    folder = bundle("tiny-1")
    run("migrate")  # so that what is killed is the addition, not the migration
    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED, point, str(folder)],
        env={**os.environ},
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert [one["version"] for one in run("models", "list", "--json").json] == [SHIPPED]
    refused = run("models", "promote", "tiny-1", "--by", "ann")
    assert "There is no model 'tiny-1'" in refused.err
    added = run("models", "add", folder, "--by", "ann", "--json")
    assert added.code == 0, added.err
    assert json.loads(added.out)["version"] == "tiny-1"
    assert [path.name for path in (tmp_path / "home" / "models").iterdir()] == ["tiny-1"]
    assert run("models", "promote", "tiny-1", "--by", "ann").code == 0
