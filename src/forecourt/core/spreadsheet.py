"""Text that a spreadsheet would run as a formula, made harmless and read back. Pure.

People open our CSV files in spreadsheets, and the words in them are other people's.
"""

from __future__ import annotations

import re
from typing import Any

# What a spreadsheet takes for the start of a formula, and the numbers that start alike. Behind
# apostrophes too, so that what is defused can be told from what looked so from the beginning.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def defuse(cell: Any) -> Any:
    """Return a cell with an apostrophe before it where it would run; numbers ("-12") do not."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def undo_defuse(cell: str) -> str:
    """Return a cell as it was before `defuse`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
