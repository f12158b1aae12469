"""Several writers at once, and what a power cut or a second process must not break."""

from __future__ import annotations

import hashlib
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.core.errors import StoreError
from forecourt.core.records import ImageKey, KeySource
from forecourt.store import engine as engine_module
from forecourt.store import images as stored
from forecourt.store.engine import create_engine, migrate, reading, writing
from forecourt.store.images import NewImage
from forecourt.store.media import MediaFolder
from forecourt.store.schema import image_aliases, images

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def new_image(number: int) -> NewImage:
    return NewImage(
        bytes_key=f"key-{number:04}",
        format="JPEG",
        width=64,
        height=48,
        size_bytes=1,
        thumbnail="",
        created_at=NOW,
    )


def run_together(*works: Callable[[], None]) -> None:
    problems: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again below
            problems.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def test_writers_in_crossing_orders_do_not_deadlock(engine: sa.Engine) -> None:
    def work(*, is_reversed: bool) -> Callable[[], None]:
        def write() -> None:
            for start in range(0, 3_000, 300):
                batch = [new_image(start + n) for n in range(300)]
                with writing(engine) as connection:
                    stored.add_images(connection, batch[::-1] if is_reversed else batch)

        return write

    run_together(work(is_reversed=False), work(is_reversed=True))
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(images)) == 3_000


def test_writers_of_the_same_images_agree_on_their_ids(engine: sa.Engine) -> None:
    """Each reads and then writes in one transaction, and they overlap in every batch."""
    found: list[dict[str, int]] = []

    def work(shift: int) -> Callable[[], None]:
        def write() -> None:
            for start in range(0, 200, 20):
                batch = [new_image((start + shift + n) % 200) for n in range(20)]
                with writing(engine) as connection:
                    connection.scalar(sa.select(sa.func.count()).select_from(images))
                    ids = stored.add_images(connection, batch)
                    keys = {ImageKey(KeySource.ETAG, key): number for key, number in ids.items()}
                    stored.add_aliases(connection, keys, at=NOW)
                found.append(ids)

        return write

    run_together(*(work(shift) for shift in (0, 5, 10, 15)))
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(images)) == 200
        assert connection.scalar(sa.select(sa.func.count()).select_from(image_aliases)) == 400
        numbers = {row.bytes_key: row.id for row in connection.execute(sa.select(images))}
    assert all(numbers[key] == number for ids in found for key, number in ids.items())


@pytest.fixture
def sqlite(tmp_path: Path) -> sa.Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine)
    return engine


def test_sqlite_is_set_up_for_readers_beside_a_writer(sqlite: sa.Engine) -> None:
    with reading(sqlite) as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        ]
    assert values == ["wal", 1, 300_000, 2]


def test_sqlite_readers_do_not_wait_for_a_writer(sqlite: sa.Engine) -> None:
    with writing(sqlite) as writer:
        stored.add_images(writer, [new_image(1)])
        with reading(sqlite) as reader:
            assert reader.scalar(sa.select(sa.func.count()).select_from(images)) == 0


def test_sqlite_writer_waits_for_its_turn_and_then_gives_up_in_words(
    sqlite: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_BUSY_TIMEOUT_S", 0.1)
    impatient = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with (
        writing(sqlite),
        pytest.raises(StoreError, match=r"store\.db cannot be used: database is locked"),
        writing(impatient),
    ):
        pass


# ---- thumbnails ----------------------------------------------------------------------------------


@pytest.fixture
def media(tmp_path: Path) -> MediaFolder:
    return MediaFolder(tmp_path / "media")


def test_thumbnails_are_addressed_by_their_content(media: MediaFolder, tmp_path: Path) -> None:
    address = media.put(b"one picture")
    assert address == hashlib.sha256(b"one picture").hexdigest()
    assert media.get(address) == b"one picture"
    path = media.path(address)
    assert path == tmp_path / "media" / address[:2] / address[2:4] / f"{address}.jpg"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_second_put_writes_nothing(media: MediaFolder) -> None:
    path = media.path(media.put(b"x"))
    assert path is not None
    before = path.stat()
    media.put(b"x")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_is_not_there_is_none(media: MediaFolder) -> None:
    assert media.get("0" * 64) is None
    assert media.path("0" * 64) is None


@pytest.mark.parametrize("address", ["", "abc", "../" * 21 + "x", "/" * 64, "0" * 63 + "."])
def test_what_is_no_address_reaches_no_file(media: MediaFolder, address: str) -> None:
    with pytest.raises(ValueError, match="is no media address"):
        media.get(address)


def test_writers_of_the_same_thumbnails_do_not_meet(media: MediaFolder, tmp_path: Path) -> None:
    contents = [f"picture {n}".encode() * 500 for n in range(60)]

    def work() -> None:
        for content in contents:
            address = media.put(content)
            assert media.get(address) == content

    run_together(*[work] * 4)
    files = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert len(files) == 60  # and no draft is left


def test_interrupted_write_leaves_no_half_file(
    media: MediaFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            media.put(b"x")
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []
    assert media.get(media.put(b"x")) == b"x"


def test_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file stands where the folder should be")
    with pytest.raises(StoreError, match="Cannot keep a thumbnail in"):
        MediaFolder(tmp_path / "media").put(b"x")
