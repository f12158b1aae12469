"""The models at work, and how others take their places while they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    """Lends the pipelines of the champion and of canaries; safe to use from several threads.

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
        self._canaries: dict[str, _Served] = {}  # by advertiser; replaced as a whole

    @property
    def bundle(self) -> Bundle:
        """The champion's bundle."""
        return self._served.bundle

    @property
    def canaries(self) -> dict[str, str]:
        """Which advertisers another model than the champion answers, and which."""
        return {name: one.bundle.version for name, one in self._canaries.items()}

    def version_for(self, advertiser: str) -> str:
        """Return the version of the model that answers an advertiser now."""
        return self._canaries.get(advertiser, self._served).bundle.version

    @contextmanager
    def pipeline(self, advertiser: str | None = None) -> Iterator[Pipeline]:
        """Lend the pipeline that answers an advertiser: the champion's, but for canaries."""
        with self._lock:
            served = self._served
            if advertiser is not None:
                served = self._canaries.get(advertiser, served)
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
            self._retire([before])
        _log.info("model.swapped", before=before.bundle.version, champion=bundle.version)
        return True

    def set_canaries(self, wanted: Mapping[str, str], load: Callable[[str], Bundle]) -> None:
        """Let models answer advertisers in the champion's place, and no others.

        One that cannot be loaded answers nobody: its advertisers keep the model that they have.

        Args:
            wanted: Version of the model, by advertiser.
            load: Reads the bundle of a version.
        """
        with self._swapping:
            before = self._canaries
            if not before and not wanted:
                return
            known = {one.bundle.version: one for one in before.values()}
            for version in sorted(set(wanted.values()) - known.keys()):
                try:
                    bundle = load(version)
                    known[version] = _Served(bundle, self._open_pipeline(bundle))
                except ForecourtError as error:
                    _log.error("canary.not_loaded", model_version=version, error=str(error))
            following: dict[str, _Served] = {}
            for advertiser, version in wanted.items():
                served = known.get(version, before.get(advertiser))
                if served is not None:
                    following[advertiser] = served
            with self._lock:
                self._canaries = following
            at_work = {id(one) for one in following.values()}
            self._retire(one for one in before.values() if id(one) not in at_work)
            if following != before:
                _log.info("canaries.set", canaries=self.canaries)

    def close(self) -> None:
        """Close all pipelines; nobody may be using them."""
        for one in {id(one): one for one in (self._served, *self._canaries.values())}.values():
            one.pipeline.close()

    def _retire(self, served: Iterable[_Served]) -> None:
        """Close models that were replaced, now or when their last user is done."""
        for one in {id(one): one for one in served}.values():
            with self._lock:
                one.is_retired = True
                is_over = not one.users
            if is_over:
                one.pipeline.close()
