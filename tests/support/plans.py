"""How a database goes about a statement: which tables it would read from end to end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

# Read by a walk over all rows. SQLite names an index that it walks as a whole; that is no search.
_SQLITE = re.compile(r"SCAN (\w+)(?! VIRTUAL)")
_POSTGRES = re.compile(r"Seq Scan on (\w+)")
# A handful of rows, each an act of an admin: whatever shows an answer asks them whose may be shown.
_REGISTRY = frozenset({"models", "promotions", "shadows", "canaries", "retags", "tried"})


@contextmanager
def recording(engine: sa.Engine) -> Iterator[list[tuple[str, object]]]:
    """Yield a list that each statement sent meanwhile is added to, with its parameters."""
    sent: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, *_rest: object
    ) -> None:
        sent.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def find_scans(connection: sa.Connection, statement: str, parameters: object) -> set[str]:
    """Return the tables that a SELECT would read from end to end.

    On PostgreSQL with walks made dear, so that a small table is not walked for being small.
    """
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return set()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        plan = "\n".join(row.detail for row in rows)
        return set(_SQLITE.findall(plan))
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
    return set(_POSTGRES.findall("\n".join(row[0] for row in rows)))


def check_plans(
    engine: sa.Engine, sent: list[tuple[str, object]], *, small: frozenset[str]
) -> None:
    """Assert that no statement reads a table from end to end; `small` and the registry aside."""
    with engine.connect() as connection:
        for statement, parameters in sent:
            scanned = find_scans(connection, statement, parameters) - small - _REGISTRY
            assert not scanned, f"{sorted(scanned)} are read from end to end by\n{statement}"
