"""Where people disagree on an image."""

from __future__ import annotations

import sqlalchemy as sa

from forecourt.core.fixes import Conflict, find_conflicts
from forecourt.store import fixes as stored_fixes


def list_conflicts(connection: sa.Connection) -> list[Conflict]:
    """Return where an advertiser and another, or staff, disagree on an image."""
    return find_conflicts(stored_fixes.load_disputed(connection))
