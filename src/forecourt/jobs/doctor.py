"""The doctor: looks at an installation, and says what is wrong and how to mend it.

It changes nothing: no schema is brought up to date, no folder and no database is made. What cannot
be looked at because of an earlier trouble is left out, so that each trouble is told once.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.errors import BundleError, ForecourtError, SettingsError, StoreError
from forecourt.core.findings import Finding, Level
from forecourt.core.logs import redacted
from forecourt.core.settings import Settings
from forecourt.fetch.client import Fetcher
from forecourt.jobs import doctor_database as database
from forecourt.jobs.doctor_egress import check_egress
from forecourt.release import explain_pin, load_champion
from forecourt.store import health
from forecourt.store.engine import create_engine, reading
from forecourt.store.media import MediaFolder, address_of
from forecourt.vision.bundle import Bundle, load_bundle, shipped_folder
from forecourt.vision.drawn import draw_vehicle
from forecourt.vision.pipeline import Pipeline, Unseen

_WAIT_S = 5
_SAMPLE = 50  # thumbnails
_LITTLE_ROOM = 2**30
_NO_ROOM = 64 * 2**20
_GIB = 2**30


def examine(settings: Settings, *, egress: str | None = None) -> Iterator[Finding]:
    """Look at everything, one finding a check, as they come.

    Args:
        settings: All of them; they are sound, or they would not be here.
        egress: A URL to ask for, as an image of a feed would be; None: no request is made.
    """
    yield describe_settings(settings)
    yield from check_home(settings.home)
    with _open(settings) as (engine, trouble):
        if engine is None:
            yield trouble
        else:
            yield from database.check_database(engine)
            yield from check_media(engine, settings.home / "media")
        yield check_model(settings, engine, is_new=trouble.level is Level.WARNING)
    yield from check_egress(settings.fetch, egress, open_fetcher=Fetcher)


def read_settings(read: Callable[[], Settings] = Settings) -> Settings | Finding:
    """Return the settings, or what is wrong with them."""
    try:
        return read()
    except SettingsError as error:
        mend = "docs/settings.md lists every setting; nothing else was looked at."
        return Finding("settings", Level.FAILED, str(error), mend)


def describe_settings(settings: Settings) -> Finding:
    """Tell which home folder and database are meant; passwords are left out."""
    try:
        url = sa.make_url(settings.database_url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        url = "an unreadable database URL"
    return Finding("settings", Level.OK, f"home {settings.home}, database {url}")


def check_home(home: Path) -> Iterator[Finding]:
    """Look whether the home folder can be written, and for room on its disk."""
    folder = home
    try:
        while not folder.exists() and folder.parent != folder:
            folder = folder.parent  # the first command makes what is missing
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
        room = shutil.disk_usage(folder)
    except OSError as error:
        mend = (
            "Let FORECOURT_HOME name a folder that this account can write, and make room on its "
            "disk."
        )
        reason = f"{folder} cannot be written: {error.strerror}"
        yield Finding("home", Level.FAILED, reason, mend)
        return
    if folder == home:
        yield Finding("home", Level.OK, f"{home} can be written")
    else:
        yield Finding(
            "home",
            Level.WARNING,
            f"{home} is not there yet",
            "The first command that keeps something makes it. Is FORECOURT_HOME the right folder?",
        )
    yield judge_room(free=room.free, total=room.total)


def judge_room(*, free: int, total: int) -> Finding:
    """Say whether a disk has room; both in bytes."""
    found = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB are free"
    mend = "Make room on the disk of the home folder; a full one stops all tagging."
    if free < _NO_ROOM:
        return Finding("disk", Level.FAILED, found, mend)
    if free < _LITTLE_ROOM:
        return Finding("disk", Level.WARNING, found, mend)
    return Finding("disk", Level.OK, found)


def check_media(engine: sa.Engine, folder: Path) -> Iterator[Finding]:
    """Look whether thumbnails can be kept, and at a sample of those that are."""
    try:
        if folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        found = f"{folder} cannot be written: {error.strerror}"
        mend = "Give the folder to the account that runs Forecourt; then run this again."
        yield Finding("media", Level.FAILED, found, mend)
        return
    try:
        with reading(engine) as connection:
            if not health.read_schema(connection).is_current:
                return
            addresses = health.sample_thumbnails(connection, _SAMPLE)
    except ForecourtError:
        return  # told of already
    yield judge_thumbnails(MediaFolder(folder), addresses)


def judge_thumbnails(media: MediaFolder, addresses: list[str]) -> Finding:
    """Say whether thumbnails are there, and are what their addresses say."""
    missing, altered = 0, []
    for address in addresses:
        try:
            data = media.get(address)
        except OSError as error:
            found = f"thumbnail {address} cannot be read: {error.strerror}"
            mend = "See to the disk, and to whose files these are."
            return Finding("media", Level.FAILED, found, mend)
        if data is None:
            missing += 1
        elif address_of(data) != address:
            altered.append(address)
    looked = f"of {len(addresses)} thumbnails looked at"
    if altered:
        found = f"{len(altered)} {looked} are damaged, {altered[0]} among them"
        mend = "Remove those files, or restore `media/`: a missing one is made again when needed."
        return Finding("media", Level.FAILED, found, mend)
    if missing:
        mend = (
            "Restore `media/`, or share one folder between all machines. Without them no answer is "
            "lost; a new model downloads those images again."
        )
        return Finding("media", Level.WARNING, f"{missing} {looked} are missing", mend)
    return Finding("media", Level.OK, f"all {looked} are there and whole")


def check_model(settings: Settings, engine: sa.Engine | None, *, is_new: bool = False) -> Finding:
    """Let the champion answer a drawn picture.

    Args:
        settings: They may pin a model.
        engine: None: it cannot be asked which model is the champion.
        is_new: There is no database yet, so the champion is the shipped model.
    """
    try:
        bundle, doubt = _load(settings, engine, is_new=is_new)
        started = time.monotonic()
        with Pipeline(bundle, settings.vision) as pipeline:
            (answer,) = pipeline.run([draw_vehicle()])
        milliseconds = 1000 * (time.monotonic() - started)
    except BundleError as error:
        mend = "Add the same bundle again (`forecourt models add`), or promote another model."
        return Finding("model", Level.FAILED, redacted(str(error)), mend)
    except StoreError:
        mend = "Mend the database first: it says which model is the champion."
        return Finding("model", Level.WARNING, "not looked at", mend)
    if isinstance(answer, Unseen):
        found = f"{bundle.version} has no answer for a drawn picture: {answer.reason}"
        return Finding("model", Level.FAILED, found, "Report this with the log of --verbose.")
    shares = list(answer.prediction.image_type_probs.values())
    if not math.isclose(sum(shares), 1.0, abs_tol=1e-3):
        found = f"{bundle.version} answers with probabilities that add up to {sum(shares):.3f}"
        mend = (
            "The network or ONNX Runtime is broken: install both again, or promote another model."
        )
        return Finding("model", Level.FAILED, found, mend)
    found = (
        f"{bundle.version} answers: {answer.decision.image_type}, loaded and asked in "
        f"{milliseconds:.0f} ms"
    )
    return Finding("model", Level.WARNING if doubt else Level.OK, found, doubt)


def _load(settings: Settings, engine: sa.Engine | None, *, is_new: bool) -> tuple[Bundle, str]:
    """Return the model that would answer, and what is doubtful about it."""
    pin = explain_pin(settings) or ""
    if settings.vision.bundle is not None:
        return load_bundle(settings.vision.bundle), pin
    if is_new:
        return load_bundle(shipped_folder()), ""
    if engine is None:
        raise StoreError("There is no database to ask.")
    with reading(engine) as connection:
        schema = health.read_schema(connection)
        if schema.current is None:
            return load_bundle(shipped_folder()), ""
        if not schema.is_current:
            raise StoreError("The database is of another release.")
        return load_champion(connection, settings), ""


@contextmanager
def _open(settings: Settings) -> Iterator[tuple[sa.Engine | None, Finding]]:
    """Open the database where it is there; a look must not make one."""
    trouble = _find_trouble(settings)
    if trouble is not None:
        yield None, trouble
        return
    try:
        engine = create_engine(settings.database_url, wait_s=_WAIT_S)
        with reading(engine) as connection:
            connection.execute(sa.text("SELECT 1"))
    except ForecourtError as error:
        yield (
            None,
            Finding(
                "database",
                Level.FAILED,
                redacted(str(error)),
                "docs/operations.md says how to restore a backup.",
            ),
        )
        return
    try:
        yield engine, Finding("database", Level.OK, "reachable")
    finally:
        engine.dispose()


def _find_trouble(settings: Settings) -> Finding | None:
    try:
        url = sa.make_url(settings.database_url)
    except sa.exc.ArgumentError as error:
        mend = (
            "FORECOURT_DATABASE is written sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
        )
        return Finding("database", Level.FAILED, f"no database URL: {error}", mend)
    if url.get_backend_name() == "postgresql" and find_spec("psycopg") is None:
        mend = 'Install the extra: pip install "forecourt[postgres]".'
        return Finding("database", Level.FAILED, "the driver for PostgreSQL is missing", mend)
    if url.get_backend_name() == "sqlite" and url.database and not os.access(url.database, os.F_OK):
        mend = "`forecourt migrate` makes it, and so does the first command that keeps something."
        return Finding("database", Level.WARNING, f"{url.database} is not there yet", mend)
    return None
