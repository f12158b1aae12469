"""The only branch on the dialect: INSERT ... ON CONFLICT, for which each has its own class.

Rows are written in the order of their keys: two transactions that write the same rows then wait for
one another, where in crossing orders PostgreSQL would break one of them off as a deadlock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
) -> None:
    """Insert `rows`, leaving those whose `key` is already there as they are."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing(index_elements=list(key))
        connection.execute(statement, _in_order(rows, key))


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    keep: Sequence[str] = (),
    keep_if_same: Mapping[str, str] | None = None,
) -> None:
    """Insert `rows`; where `key` is already there, overwrite the other columns that are given.

    Args:
        rows: All with the same columns.
        key: Columns of the unique constraint.
        keep: Given columns that an existing row keeps as they are.
        keep_if_same: Column that is not given → given column; an existing row keeps the former
            where the latter stays the same, and else loses it (NULL).
    """
    if not rows:
        return
    statement = _insert(connection, table)
    values: dict[str, Any] = {
        name: statement.excluded[name] for name in rows[0] if name not in key and name not in keep
    }
    for column, witness in (keep_if_same or {}).items():
        is_same = table.c[witness] == statement.excluded[witness]
        values[column] = sa.case((is_same, table.c[column]), else_=None)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=values),
        _in_order(rows, key),
    )


def _in_order(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: [row[name] for name in key])


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
