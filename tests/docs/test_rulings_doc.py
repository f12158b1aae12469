"""docs/fixes.md against what the commands print."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import typer.main

from forecourt.cli import app
from forecourt.core.conflicts import Conflict, ConflictStatus, Ruled, Ruling
from forecourt.core.fixes import ActSource, Fix, FixField
from forecourt.core.records import Role
from forecourt.review.forms import conflict_to_json, fix_to_json, ruling_to_json

DOCUMENT = Path(__file__).parents[2] / "docs" / "fixes.md"
AT = datetime(2026, 11, 24, tzinfo=UTC)
FIX = Fix(
    id=1, act_id=1, at=AT, by="Ada", role=Role.STAFF, source=ActSource.CLI, note="",
    advertiser="acme", everywhere=False, image_id=7, url="u", url_key="u", vehicle_id=None,
    field=FixField.COLOR, value_from=None, value="Blue", model_version=None, is_live=True,
)  # fmt: skip
RULED = Ruled(
    id=1, act_id=2, at=AT, by="Ada", role=Role.STAFF, source=ActSource.CLI, note="", image_id=7,
    field=FixField.COLOR, ruling=Ruling.KEEP_BOTH, positions=(1,), is_live=True,
)  # fmt: skip


def listed(heading: str) -> list[str]:
    """The first column of the table under a heading."""
    text = DOCUMENT.read_text(encoding="utf-8")
    part = re.split(r"^#+ ", text.partition(f"## {heading}\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(.+?)` \|", part, re.MULTILINE)


def test_fields_of_fixes_and_rulings_are_documented() -> None:
    assert listed("A fix") == list(fix_to_json(FIX))
    assert listed("A ruling") == list(ruling_to_json(RULED))


def test_fields_of_conflicts_are_documented() -> None:
    conflict = Conflict(
        image_id=7, field=FixField.COLOR, status=ConflictStatus.OPEN, positions=(FIX,), history=()
    )
    assert listed("A conflict") == list(conflict_to_json(conflict))


def test_rulings_are_documented() -> None:
    assert listed("Disagreement") == [ruling.value for ruling in Ruling]


def test_every_way_to_select_is_documented() -> None:
    group = typer.main.get_command(app)
    params = group.commands["fix"].params  # type: ignore[attr-defined]
    selecting = {
        one.opts[0] for one in params if (getattr(one, "help", "") or "").startswith("Sel")
    }
    assert {row.split()[0].rstrip("`,") for row in listed("Many at once")} == selecting
