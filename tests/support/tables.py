"""All that a database holds, as text."""

from __future__ import annotations

import sqlalchemy as sa

from forecourt.store.engine import reading
from forecourt.store.schema import metadata


def dump_tables(engine: sa.Engine) -> str:
    """Return every value of every row: what is not in there is not kept."""
    with reading(engine) as connection:
        return "\n".join(
            repr(tuple(row))
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
        )
