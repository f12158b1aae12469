"""The champion at work, and how another takes its place while it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from forecourt.core.errors import ForecourtError
from forecourt.vision.bundle import Bundle
from forecourt.vision.pipeline import Pipeline

_log = structlog.get_logger(__name__)


class _Served:
    """A loaded model, and how many are using it just now."""

    def __init__(self, bundle: Bundle, pipeline: Pipeline) -> None:
        self.bundle = bundle
        self.pipeline = pipeline
        self.users = 0
        self.is_retired = False


class Models:
    """Lends the champion's pipeline; safe to use from several threads.

    Whoever has borrowed a pipeline keeps it to the end of what they do, so nothing that is answered
    together is answered by two models. A model that was replaced is closed by its last user.

    Args:
        bundle: The champion now.
        open_pipeline: Loads a bundle's network.
    """

    def __init__(self, bundle: Bundle, open_pipeline: Callable[[Bundle], Pipeline]) -> None:
        self._open_pipeline = open_pipeline
        self._lock = threading.Lock()
        self._swapping = threading.Lock()
        self._served = _Served(bundle, open_pipeline(bundle))

    @property
    def bundle(self) -> Bundle:
        """The champion's bundle."""
        return self._served.bundle

    @contextmanager
    def pipeline(self) -> Iterator[Pipeline]:
        """Lend the champion's pipeline."""
        with self._lock:
            served = self._served
            served.users += 1
        try:
            yield served.pipeline
        finally:
            with self._lock:
                served.users -= 1
                is_over = served.is_retired and not served.users
            if is_over:
                served.pipeline.close()

    def swap(self, load: Callable[[], Bundle]) -> bool:
        """Put another champion in place; requests meanwhile go on with the present one.

        Args:
            load: Reads the new champion's bundle.

        Returns:
            Whether it is in place. A bundle that cannot be loaded changes nothing, and is logged.
        """
        with self._swapping:  # loading takes a while, and nobody waits for it but other swaps
            try:
                bundle = load()
                if bundle.version == self.bundle.version:
                    return True
                following = _Served(bundle, self._open_pipeline(bundle))
            except ForecourtError as error:
                _log.error("model.not_swapped", champion=self.bundle.version, error=str(error))
                return False
            with self._lock:
                before, self._served = self._served, following
                before.is_retired = True
                is_over = not before.users
            if is_over:
                before.pipeline.close()
        _log.info("model.swapped", before=before.bundle.version, champion=bundle.version)
        return True

    def close(self) -> None:
        """Close the champion's pipeline; nobody may be using it."""
        self._served.pipeline.close()
