"""Stored images are answered anew, behind all other work and through kills."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from forecourt import release
from forecourt.core.errors import ForecourtError
from forecourt.core.logs import redacted
from forecourt.core.trials import Retag, RetagStatus
from forecourt.jobs.background import run_behind_others
from forecourt.jobs.engines import Engines
from forecourt.jobs.runner import pause_s
from forecourt.jobs.workspace import Workspace
from forecourt.store import retags as stored_retags
from forecourt.store.claims import Claims
from forecourt.store.engine import reading, writing
from forecourt.vision.bundle import Bundle
from forecourt.vision.pipeline import Pipeline, nothing

_log = structlog.get_logger(__name__)
_SWEEP_S = 5.0


def run_retag(
    workspace: Workspace,
    retag_id: int,
    *,
    threads: int,
    is_stopping: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Retag], None] = lambda _retag: None,
) -> Retag:
    """Carry out what is left of a re-tag, by one model, and return how it stands.

    Safe to repeat after any interruption: what was answered is kept with every portion.

    Args:
        workspace: Where the images are.
        retag_id: Which one.
        threads: For decoding and inference; 0: all cores.
        is_stopping: Whether to end after the present portion; what is left waits for another run.
        on_progress: Called after every portion.

    Raises:
        NotFoundError: there is none of that number.
        BundleError: the model is gone or damaged.
    """
    with reading(workspace.engine) as connection:  # counting takes long, and holds up no writer
        images = release.count_images(connection, release.find_retag(connection, retag_id))
    with writing(workspace.engine) as connection:
        retag = release.begin_retag(connection, retag_id, images=images, at=_now())
    if not retag.is_unfinished:
        return retag
    on_progress(retag)
    vision = workspace.settings.vision.model_copy(update={"threads": threads})
    bundle = _load(workspace, retag.model_version)
    with Pipeline(bundle, vision, make_thumbnail=nothing) as pipeline:
        with reading(workspace.engine) as connection:
            owners = release.list_owners(connection, retag)
        for advertiser in owners:
            with reading(workspace.engine) as connection:
                left = release.list_left(connection, retag, advertiser)
            for image_ids in release.split(left):
                if is_stopping():
                    return retag
                with reading(workspace.engine) as connection:
                    portion = release.read_portion(connection, retag, advertiser, image_ids)
                answers = release.answer_portion(portion, workspace.media, pipeline)
                with writing(workspace.engine) as connection:
                    further = release.keep_portion(connection, retag, portion, answers, at=_now())
                if further is None:  # cancelled, or taken over
                    return _find(workspace, retag_id)
                retag = further
                on_progress(retag)
    with writing(workspace.engine) as connection:
        stored_retags.finish(connection, retag_id, at=_now())
    return _find(workspace, retag_id)


def attempt_retag(
    workspace: Workspace, claims: Claims, retag_id: int, *, is_stopping: Callable[[], bool]
) -> RetagStatus | None:
    """Carry out a re-tag in the background; where that breaks off, keep why with it.

    Returns:
        How it stands then; None: somebody else is at it.
    """
    name = claim_of(retag_id)
    if not claims.take([name]):
        return None
    log = _log.bind(retag_id=retag_id)
    log.info("retag.started")
    try:
        retag = run_behind_others(
            lambda: run_retag(workspace, retag_id, threads=1, is_stopping=is_stopping)
        )
    except Exception as error:
        log.exception("retag.broke_off")
        text = redacted(f"{type(error).__name__}: {error}")
        with writing(workspace.engine) as connection:
            stored_retags.note_failure(connection, retag_id, text)
        raise
    finally:
        claims.release([name])
    log.info("retag.ended", status=str(retag.status), answered=retag.answered)
    return retag.status


def claim_of(retag_id: int) -> str:
    """Return the claim of whoever carries out a re-tag."""
    return f"retag:{retag_id}"


class EmbeddedRetagger:
    """Carries out re-tags in this process, on SQLite: one thread, one at a time."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="retagging")

    def start(self) -> None:
        """Begin to look for what there is to do."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin to end."""
        self._is_stopping.set()

    def stop(self) -> None:
        """End after the portion at hand."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        pause = 0.0
        while not self._is_stopping.wait(pause):
            pause = self._carry_out()

    def _carry_out(self) -> float:
        """Work on whatever is unfinished; return how long to wait before the next look."""
        workspace = self._engines.workspace
        pause = _SWEEP_S
        try:
            with reading(workspace.engine) as connection:
                unfinished = stored_retags.list_unfinished(connection)
        except ForecourtError as error:
            _log.error("retags.not_read", error=str(error))
            return pause
        for one in unfinished:
            try:
                attempt_retag(
                    workspace, self._engines.claims, one.id, is_stopping=self._is_stopping.is_set
                )
            except Exception as error:  # noqa: BLE001  # `attempt_retag` has logged it, and keeps it
                pause = max(pause, pause_s(one.failures + 1, error))
        return pause


def _load(workspace: Workspace, version: str) -> Bundle:
    """Load the model of a re-tag; one that a setting pins need not be registered."""
    if version == workspace.champion.version:
        return workspace.champion
    with reading(workspace.engine) as connection:
        return release.load_version(connection, workspace.settings.home, version)


def _find(workspace: Workspace, retag_id: int) -> Retag:
    with reading(workspace.engine) as connection:
        return release.find_retag(connection, retag_id)


def _now() -> datetime:
    return datetime.now(UTC)
