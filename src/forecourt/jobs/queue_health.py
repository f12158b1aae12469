"""How the queue on PostgreSQL does, from its own tables; nothing of it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec

import sqlalchemy as sa

LIVELY_S = 20  # a worker gives a sign of life every three seconds


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """What the tables of the queue say.

    Attributes:
        is_installed: Whether they are there.
        missing: Changes of the installed release of Procrastinate that they have not seen.
        lively: Workers that gave a sign of life lately. A process counts three times:
            for scrapes, for re-tags, and for upkeep.
        silent: Workers that ended without saying so.
        waiting: Jobs for scrapes that nobody has taken, and that are due.
        stalled: Jobs that a silent worker holds, or none.
    """

    is_installed: bool
    missing: tuple[str, ...] = ()
    lively: int = 0
    silent: int = 0
    waiting: int = 0
    stalled: int = 0


def is_procrastinate_installed() -> bool:
    """Whether the extra `postgres` is installed."""
    return find_spec("procrastinate") is not None


def list_changes() -> list[str]:
    """Return the names of the changes that the installed release of Procrastinate knows."""
    folder = resources.files("procrastinate.sql.migrations")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def read_queue(connection: sa.Connection) -> QueueHealth:
    """Return how the queue does. Procrastinate must be installed."""
    there = sa.text(
        "SELECT to_regclass('procrastinate_jobs') IS NOT NULL"
        " AND to_regclass('queue_migrations') IS NOT NULL"
    )
    if not connection.scalar(there):
        return QueueHealth(is_installed=False)
    applied = set(connection.scalars(sa.text("SELECT name FROM queue_migrations")))
    lively, silent = connection.execute(
        sa.text(
            "SELECT count(*) FILTER (WHERE is_lively), count(*) FILTER (WHERE NOT is_lively) FROM ("
            " SELECT last_heartbeat > now() - make_interval(secs => :lively) AS is_lively"
            " FROM procrastinate_workers) AS workers"
        ),
        {"lively": LIVELY_S},
    ).one()
    waiting = connection.scalar(
        sa.text(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            " AND queue_name = 'scrapes' AND (scheduled_at IS NULL OR scheduled_at <= now())"
        )
    )
    stalled = connection.scalar(
        sa.text(
            "SELECT count(*) FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS"
            " worker ON worker.id = job.worker_id WHERE job.status = 'doing' AND (worker.id IS NULL"
            " OR worker.last_heartbeat <= now() - make_interval(secs => :lively))"
        ),
        {"lively": LIVELY_S},
    )
    return QueueHealth(
        is_installed=True,
        missing=tuple(name for name in list_changes() if name not in applied),
        lively=lively,
        silent=silent,
        waiting=waiting or 0,
        stalled=stalled or 0,
    )
