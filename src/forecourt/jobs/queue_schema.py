"""The queue's own tables: Procrastinate's schema, and the changes that its releases bring."""

from __future__ import annotations

from importlib import resources

import sqlalchemy as sa

from forecourt.core.errors import StoreError
from forecourt.jobs.queue_health import list_changes
from forecourt.store.engine import writing

_LOCK = 0x51554555  # an advisory lock of PostgreSQL; the number only has to be ours


def install_queue(engine: sa.Engine) -> None:
    """Bring the queue's tables to the installed release of Procrastinate. Safe to repeat.

    Procrastinate ships its schema and one SQL file a change, and leaves it to its users to apply
    them. Which ones were applied is kept in `queue_migrations`.

    Raises:
        StoreError: the tables are there, but nobody kept which changes they have seen.
    """
    changes = list_changes()
    with writing(engine) as connection:
        # A server and its workers start together, on an empty database too.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        connection.execute(
            sa.text("CREATE TABLE IF NOT EXISTS queue_migrations (name text PRIMARY KEY)")
        )
        applied = set(connection.scalars(sa.text("SELECT name FROM queue_migrations")))
        is_there = (
            connection.scalar(sa.text("SELECT to_regclass('procrastinate_jobs')")) is not None
        )
        if is_there and not applied:
            raise StoreError(
                "The database holds a queue of Procrastinate that Forecourt has not made. Give "
                "Forecourt a database, or a schema, of its own."
            )
        if not is_there:
            _run(connection, resources.files("procrastinate.sql") / "schema.sql")
        for name in changes:
            if name not in applied:
                if is_there:
                    _run(connection, resources.files("procrastinate.sql.migrations") / name)
                connection.execute(
                    sa.text("INSERT INTO queue_migrations (name) VALUES (:name)"), {"name": name}
                )


def _run(connection: sa.Connection, script: resources.abc.Traversable) -> None:
    # Past SQLAlchemy: the files hold several statements, and percent signs that are no parameters.
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  # the connection is open
    driver.execute(script.read_text(encoding="utf-8"))
