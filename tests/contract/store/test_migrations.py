"""The schema that migrations make is the one that the code works with, on both dialects."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from forecourt.core.errors import SettingsError, StoreError
from forecourt.store.engine import create_engine, migrate, reading, writing
from forecourt.store.schema import metadata


def differences(engine: sa.Engine) -> list[object]:
    options = {"compare_type": True, "target_metadata": metadata}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


def test_migrations_from_empty_equal_the_metadata(engine: sa.Engine) -> None:
    assert differences(engine) == []


def test_the_comparison_can_fail(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_urls_host"))
        connection.execute(sa.text("ALTER TABLE hosts ADD COLUMN extra INTEGER"))
    kinds = {difference[0] for difference in differences(engine)}
    assert kinds == {"add_index", "remove_column"}


def test_migrating_again_changes_nothing(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO advertisers (id, created_at) VALUES ('acme', '2026-11-23 06:00:00')"
            )
        )
    migrate(engine)
    with reading(engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM advertisers")) == 1


def test_database_of_a_later_release_is_refused(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="schema 9999, which this release does not know"):
        migrate(engine)


def test_failed_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE predictions (id INTEGER)"))  # in the way
    with pytest.raises(StoreError, match="predictions already exists"):
        migrate(engine)
    assert sa.inspect(engine).get_table_names() == ["predictions"]
    with writing(engine) as connection:
        connection.execute(sa.text("DROP TABLE predictions"))
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


MIGRATE = """
import sys
from forecourt.store.engine import create_engine, migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(create_engine(sys.argv[1]))
"""


def migrate_from_processes(url: str, count: int) -> list[str]:
    """Let processes migrate one database at the same moment; return what they complained of."""
    running = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=180)[1] for process in running]


def test_processes_that_start_together_migrate_once__sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'store.db'}"
    assert migrate_from_processes(url, 4) == [""] * 4
    assert differences(create_engine(url)) == []


def test_first_open_waits_for_one_who_writes_in_the_old_journal_mode(tmp_path: Path) -> None:
    # SQLite's busy timeout does not cover this: the switch to WAL fails at once.
    path = tmp_path / "store.db"
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("CREATE TABLE halfway (id INTEGER)")
    with pytest.raises(StoreError, match="Another command is writing"):
        migrate(create_engine(f"sqlite:///{path}", wait_s=0))
    commit = threading.Timer(0.2, writer.execute, ["COMMIT"])
    commit.start()
    engine = create_engine(f"sqlite:///{path}")
    migrate(engine)
    commit.join()
    assert sa.inspect(engine).has_table("halfway")
    writer.close()
    engine.dispose()


def test_processes_that_start_together_migrate_once__postgresql(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    assert migrate_from_processes(postgres_url, 4) == [""] * 4
    assert differences(engine) == []
    engine.dispose()


# ---- databases that cannot be used ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://localhost/x", "names 'mysql'; use sqlite or postgresql"),
        ("not a url", "is not a database URL"),
    ],
)
def test_url_of_another_database_is_refused(url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        create_engine(url)


def test_folder_that_cannot_be_made_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Let FORECOURT_HOME name a folder"):
        create_engine(f"sqlite:///{tmp_path / 'file' / 'home' / 'store.db'}")


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("a shopping list, and a long one at that" * 100)
    with pytest.raises(StoreError, match=r"store\.db cannot be used: file is not a database"):
        migrate(create_engine(f"sqlite:///{tmp_path / 'store.db'}"))


def test_server_that_is_not_there_is_reported_without_its_password() -> None:
    engine = create_engine("postgresql://someone:secret@127.0.0.1:1/forecourt")
    with pytest.raises(StoreError, match=r"someone:\*\*\*@127\.0\.0\.1") as caught:
        migrate(engine)
    assert "secret" not in str(caught.value)
