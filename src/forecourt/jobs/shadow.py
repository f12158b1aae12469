"""A challenger in the shadow: it answers what scrapes bring, behind everything else.

Nothing waits for it. Pictures are left for it on a pile of bounded size; what finds no room there
is not compared, and whatever it breaks off with is logged and forgotten.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256

import sqlalchemy as sa
import structlog

from forecourt.core.errors import ForecourtError
from forecourt.core.settings import VisionSettings
from forecourt.core.trials import ShadowStep
from forecourt.jobs.background import give_way
from forecourt.store import images as stored_images
from forecourt.store.engine import reading, writing
from forecourt.store.images import StoredAnswer
from forecourt.vision.bundle import Bundle
from forecourt.vision.pipeline import Pipeline, Seen, nothing

_log = structlog.get_logger(__name__)
_MOST_BYTES = 64 * 2**20
_MOST_PICTURES = 2_000
_PATIENCE_S = 10.0  # with what is on the pile when the process ends


class Shadow:
    """Shows a challenger what the champion was shown; safe to use from several threads.

    Args:
        engine: Where its answers go.
        vision: How pictures are decoded.
        load: Reads the bundle of a version.
    """

    def __init__(
        self, engine: sa.Engine, vision: VisionSettings, load: Callable[[str], Bundle]
    ) -> None:
        self._engine = engine
        self._vision = vision.model_copy(update={"threads": 1})
        self._load = load
        self._changed = threading.Condition()
        self._pile: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._passed_over = 0
        self._challenger: ShadowStep | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)

    @property
    def challenger(self) -> str | None:
        """The version of the model in the shadow, if there is one."""
        return self._challenger.model_version if self._challenger else None

    def follow(self, challenger: ShadowStep | None) -> None:
        """Let this challenger be in the shadow from now on; None: nobody."""
        with self._changed:
            if challenger == self._challenger:
                return
            self._challenger = challenger
            self._clear()
            if challenger is not None and self._thread.ident is None:
                self._thread.start()
            self._changed.notify_all()
        _log.info("shadow.set", challenger=self.challenger)

    def offer(self, pictures: Mapping[int, bytes]) -> None:
        """Leave what was classified just now, by image; never waits, and never fails."""
        with self._changed:
            challenger = self._challenger
            if challenger is None or self._is_closing:
                return
            for image_id, data in pictures.items():
                if not is_drawn(image_id, challenger):
                    continue
                if self._bytes + len(data) > _MOST_BYTES or len(self._pile) >= _MOST_PICTURES:
                    self._passed_over += 1
                    continue
                self._pile.append((image_id, data))
                self._bytes += len(data)
            self._changed.notify_all()

    def close(self) -> None:
        """End; what is on the pile is still answered, unless that takes long."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE_S)
            with self._changed:
                self._clear()
            self._thread.join()

    def _work(self) -> None:
        give_way()
        while (challenger := self._wait_for_pictures(None)) is not None:
            try:
                bundle = self._load(challenger.model_version)
                with Pipeline(bundle, self._vision, make_thumbnail=nothing) as pipeline:
                    self._answer(challenger, pipeline)
            except ForecourtError as error:
                _log.error("shadow.broke_off", challenger=self.challenger, error=str(error))
                self._drop(challenger)
            except Exception:  # noqa: BLE001  # whatever it is, no scrape is to notice
                _log.exception("shadow.broke_off", challenger=self.challenger)
                self._drop(challenger)

    def _answer(self, challenger: ShadowStep, pipeline: Pipeline) -> None:
        """Answer what comes, until another challenger is in the shadow or the process ends."""
        while self._wait_for_pictures(challenger) is not None:
            pictures = self._take()
            with reading(self._engine) as connection:
                unanswered = stored_images.find_unanswered(
                    connection, pictures, challenger.model_version
                )
            shown = {key: data for key, data in pictures.items() if key in unanswered}
            outcomes = pipeline.run(list(shown.values()))
            answers = {
                image_id: StoredAnswer(one.prediction, one.decision)
                for image_id, one in zip(shown, outcomes, strict=True)
                if isinstance(one, Seen)
            }
            with writing(self._engine) as connection:
                stored_images.add_answers(connection, answers, at=datetime.now(UTC))

    def _wait_for_pictures(self, present: ShadowStep | None) -> ShadowStep | None:
        """Return the challenger when there are pictures for it; None: it is over.

        Args:
            present: Return None too where another one is in the shadow; None: any will do.
        """
        with self._changed:
            while True:
                if present is not None and self._challenger != present:
                    return None
                if self._pile and self._challenger is not None:
                    return self._challenger
                if self._is_closing:
                    return None
                self._changed.wait()

    def _take(self) -> dict[int, bytes]:
        with self._changed:
            count = min(self._vision.batch, len(self._pile))
            taken = dict(self._pile.popleft() for _ in range(count))
            self._bytes = sum(len(data) for _image_id, data in self._pile)
            passed_over, self._passed_over = self._passed_over, 0
        if passed_over:
            _log.warning("shadow.passed_over", images=passed_over)
        return taken

    def _drop(self, challenger: ShadowStep) -> None:
        """Forget what lies there for a challenger that fails: it would fail again."""
        with self._changed:
            if self._challenger == challenger:
                self._clear()

    def _clear(self) -> None:
        self._pile.clear()
        self._bytes = 0


def is_drawn(image_id: int, challenger: ShadowStep) -> bool:
    """Whether an image is in a challenger's share: by a hash, so every process draws the same."""
    digest = sha256(f"{challenger.model_version}:{image_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") < challenger.share * 2**32
