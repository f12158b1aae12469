"""docs/fixes.md against the code: files, names of columns, JSON."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from forecourt.cli.history import summary_to_json
from forecourt.feeds.fix_table import ALIASES
from forecourt.review.history_files import HISTORY_COLUMNS
from forecourt.review.importing import Imported, ImportNote

DOC = Path(__file__).parents[2] / "docs" / "fixes.md"


def section(heading: str) -> str:
    parts = re.split(r"^#+ (.+)$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def listed(heading: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", section(heading), flags=re.MULTILINE)


def test_columns_of_a_history_file_are_documented() -> None:
    assert listed("History file") == list(HISTORY_COLUMNS)


def test_names_of_columns_are_documented() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .* \| ([^|]*) \|$", section("Tables of other systems"), re.MULTILINE
    )
    documented = {name: re.findall(r"`(\w+)`", others) for name, others in rows}
    assert documented == {
        name: [alias for alias in aliases if alias != name] for name, aliases in ALIASES.items()
    }


def test_summary_of_an_import_is_documented() -> None:
    summary = summary_to_json(Imported(), [])
    assert listed("import-fixes --json") == list(summary)
    text = section("import-fixes --json")
    (row,) = re.findall(r"^\| `notes` .*$", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row)[1:] == [one.name for one in fields(ImportNote)]
    (row,) = re.findall(r"^\| `matched` .*$", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row)[1:] == list(summary["matched"])
