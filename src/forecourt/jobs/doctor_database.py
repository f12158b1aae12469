"""What the doctor looks at in a database that can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from forecourt.core.errors import ForecourtError
from forecourt.core.findings import Finding, Level
from forecourt.core.logs import redacted
from forecourt.core.trials import Retag
from forecourt.jobs.queue_health import QueueHealth, is_procrastinate_installed, read_queue
from forecourt.store import health
from forecourt.store import retags as stored_retags
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.health import Schema
from forecourt.store.scrapes import Scrape

_OLDEST_POSTGRESQL = (13,)  # Procrastinate's own limit
_LONG = timedelta(hours=1)
_CLOCK_OFF = timedelta(seconds=5)
_CLOCK_WRONG = timedelta(minutes=1)


def check_database(engine: sa.Engine) -> Iterator[Finding]:
    """Look at the database, its schema, its clock, and at the work that waits in it."""
    try:
        with reading(engine) as connection:
            yield _judge_engine(connection)
            schema = health.read_schema(connection)
            yield judge_schema(schema)
            now = datetime.now(UTC)
            yield judge_clock(
                now,
                health.read_clock(connection),
                health.find_newest_time(connection) if schema.is_current else None,
            )
            if schema.is_current:
                unfinished = stored_scrapes.list_unfinished(connection)
                yield judge_scrapes(unfinished, now)
                yield judge_retags(stored_retags.list_unfinished(connection))
                yield judge_webhooks(*health.find_failing_webhooks(connection))
                if connection.dialect.name == "postgresql":
                    yield from _check_queue(connection, waits=bool(unfinished))
        yield _check_lock(engine)
    except ForecourtError as error:
        mend = "docs/operations.md says how to restore a backup."
        yield Finding("database", Level.FAILED, redacted(str(error)), mend)


def judge_schema(schema: Schema) -> Finding:
    """Say whether this release can use the database as it is."""
    if schema.is_current:
        return Finding("schema", Level.OK, f"{schema.current}, as this release has it")
    if schema.current is None:
        return Finding("schema", Level.WARNING, "the database is empty", "Run `forecourt migrate`.")
    if schema.is_known:
        found = f"{schema.current}; this release has {schema.head}"
        mend = "Back the database up, then run `forecourt migrate`; any other command does so too."
        return Finding("schema", Level.WARNING, found, mend)
    found = f"{schema.current} was made by a later release"
    return Finding("schema", Level.FAILED, found, "Upgrade Forecourt, or restore a backup.")


def judge_clock(now: datetime, theirs: datetime | None, newest: datetime | None) -> Finding:
    """Compare this machine's clock with the database's, and with the times that stand in it."""
    mend = "Let all machines take their time from the same source (NTP)."
    if theirs is not None and abs(theirs - now) > _CLOCK_OFF:
        seconds = (now - theirs).total_seconds()
        word = "ahead of" if seconds > 0 else "behind"
        found = f"this machine is {abs(seconds):.0f} s {word} the database"
        is_wrong = abs(theirs - now) > _CLOCK_WRONG
        return Finding("clock", Level.FAILED if is_wrong else Level.WARNING, found, mend)
    if newest is not None and newest - now > _CLOCK_OFF:
        found = f"the latest scrape came in at {newest:%Y-%m-%d %H:%M:%S} UTC, which is to come"
        return Finding("clock", Level.WARNING, found, mend)
    return Finding("clock", Level.OK, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def judge_scrapes(unfinished: list[Scrape], now: datetime) -> Finding:
    """Say what waits to be tagged, for how long, and what breaks off."""
    if not unfinished:
        return Finding("scrapes", Level.OK, "none is unfinished")
    oldest = min(unfinished, key=lambda one: one.received_at)
    age = now - oldest.received_at
    found = f"{len(unfinished)} unfinished, the oldest ({oldest.id}) for {_spell(age)}"
    broken = [one for one in unfinished if one.failures]
    if broken:
        one = max(broken, key=lambda scrape: scrape.failures)
        found += f"; {one.id} has broken off {one.failures} times: {redacted(one.last_error or '')}"
        return Finding("scrapes", Level.WARNING, found, "See the log for its traceback.")
    if age > _LONG:
        mend = (
            "On SQLite start `forecourt serve`, on PostgreSQL `forecourt worker`; more of them "
            "where those are busy."
        )
        return Finding("scrapes", Level.WARNING, found, mend)
    return Finding("scrapes", Level.OK, found)


def judge_retags(unfinished: list[Retag]) -> Finding:
    """Say which stored images are still to be answered anew, and what breaks off."""
    if not unfinished:
        return Finding("retags", Level.OK, "none is unfinished")
    found = f"{len(unfinished)} unfinished"
    broken = max(unfinished, key=lambda one: one.failures)
    if not broken.failures:
        return Finding("retags", Level.OK, found)
    told = redacted(broken.last_error or "")
    found += f"; {broken.id} has broken off {broken.failures} times: {told}"
    mend = f"Mend that, or: forecourt models cancel-retag {broken.id} --by NAME"
    return Finding("retags", Level.WARNING, found, mend)


def judge_webhooks(failing: list[int], disabled: list[int]) -> Finding:
    """Say which webhooks do not get through."""
    if not failing and not disabled:
        return Finding("webhooks", Level.OK, "none fails")
    told = [
        f"{word}: {', '.join(map(str, ids))}"
        for word, ids in (("failing", failing), ("disabled for failing", disabled))
        if ids
    ]
    mend = "See what their receivers answered (docs/webhooks.md)."
    return Finding("webhooks", Level.WARNING, "; ".join(told), mend)


def judge_queue(queue: QueueHealth, *, waits: bool) -> Iterator[Finding]:
    """Say whether the queue's tables are there, and whether anybody works.

    Args:
        queue: What its tables say.
        waits: Whether a scrape is unfinished.
    """
    start = "`forecourt serve` and `forecourt worker` make them when they start."
    if not queue.is_installed:
        level = Level.FAILED if waits else Level.WARNING
        yield Finding("queue", level, "the tables of the queue are not there yet", start)
        return
    if queue.missing:
        found = f"the queue's tables have not seen {', '.join(queue.missing)}"
        yield Finding("queue", Level.WARNING, found, f"Restart: {start}")
    else:
        yield Finding("queue", Level.OK, f"installed, {queue.waiting} jobs are due")
    found = f"{queue.lively} give signs of life (three a process), {queue.silent} do not"
    if not queue.lively:
        level = Level.FAILED if waits else Level.WARNING
        yield Finding("workers", level, found, "Start `forecourt worker`.")
    elif queue.stalled:
        mend = "Another worker takes them up within half a minute; look again then."
        found += f"; {queue.stalled} jobs are held by nobody"
        yield Finding("workers", Level.WARNING, found, mend)
    else:
        yield Finding("workers", Level.OK, found)


def _judge_engine(connection: sa.Connection) -> Finding:
    version = ".".join(map(str, health.read_version(connection)))
    if connection.dialect.name == "postgresql":
        if health.read_version(connection) < _OLDEST_POSTGRESQL:
            mend = "Upgrade its server to 13 or later."
            return Finding("database", Level.FAILED, f"PostgreSQL {version} is too old", mend)
        return Finding("database", Level.OK, f"PostgreSQL {version}")
    damage = health.find_damage(connection)
    if damage is not None:
        mend = "Put a backup in its place (docs/operations.md)."
        return Finding("database", Level.FAILED, f"the file is damaged: {damage}", mend)
    mode = health.read_journal_mode(connection)
    if mode != "wal":
        mend = "Move the home folder to a local disk: its file system cannot share memory."
        found = f"SQLite {version}, journal {mode} instead of wal"
        return Finding("database", Level.WARNING, found, mend)
    return Finding("database", Level.OK, f"SQLite {version}, whole, journal {mode}")


def _check_lock(engine: sa.Engine) -> Finding:
    """Look whether a transaction that writes can begin."""
    try:
        with writing(engine) as connection:
            connection.execute(sa.text("SELECT 1"))
    except ForecourtError as error:
        if "locked" in str(error):
            mend = "Look again; where it stays so, end the process that holds it."
            return Finding("writing", Level.WARNING, "another process is writing", mend)
        mend = "Give the database's file and its folder to the account that runs Forecourt."
        return Finding("writing", Level.FAILED, redacted(str(error)), mend)
    return Finding("writing", Level.OK, "a transaction can begin")


def _check_queue(connection: sa.Connection, *, waits: bool) -> Iterator[Finding]:
    if not is_procrastinate_installed():
        mend = 'Install the extra: pip install "forecourt[postgres]".'
        yield Finding("queue", Level.FAILED, "Procrastinate is not installed", mend)
        return
    yield from judge_queue(read_queue(connection), waits=waits)


def _spell(age: timedelta) -> str:
    minutes, seconds = divmod(max(int(age.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
