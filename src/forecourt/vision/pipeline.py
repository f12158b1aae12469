"""Bytes → decisions: decoding on threads, inference in batches, bad images as values."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import structlog

from forecourt.core.errors import ImageSkippedError
from forecourt.core.meter import Meter, NoMeter
from forecourt.core.records import Decision, Prediction, VisualKey
from forecourt.core.settings import VisionSettings
from forecourt.core.skips import SkipReason
from forecourt.vision.bundle import Bundle
from forecourt.vision.decide import decide
from forecourt.vision.decode import ImageInfo, Rgb, decode_image
from forecourt.vision.predict import Predictor
from forecourt.vision.thumbnail import make_thumbnail

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """One image that the model has an answer for.

    `thumbnail` and `visual_key` are None where nobody asked for them.
    """

    info: ImageInfo
    thumbnail: bytes | None
    visual_key: VisualKey | None
    prediction: Prediction
    decision: Decision


@dataclass(frozen=True, slots=True)
class Unseen:
    """One image that has no answer, and why."""

    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True)
class _Ready:
    info: ImageInfo
    thumbnail: bytes | None
    visual_key: VisualKey | None
    square: Rgb


def nothing(_rgb: Rgb) -> None:
    """Make nothing of a picture: for `Pipeline`, where nobody keeps it."""


class Pipeline:
    """Everything between the bytes of an image and its decision. A context manager.

    Args:
        bundle: The model.
        settings: Threads, batch size and pixel limit.
        make_thumbnail: What to call on the decoded pixels, on the decoding threads. A tenth of
            all the work: `nothing` where thumbnails are not kept.
        make_visual_key: Likewise; engines do not know each other, so whoever wants visual keys
            brings `identity.visual`.
        meter: Told of every batch.
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: VisionSettings,
        *,
        make_thumbnail: Callable[[Rgb], bytes | None] = make_thumbnail,
        make_visual_key: Callable[[Rgb], VisualKey | None] = nothing,
        meter: Meter | None = None,
    ) -> None:
        self._thresholds = bundle.manifest.thresholds
        self._settings = settings
        self._make_thumbnail = make_thumbnail
        self._make_visual_key = make_visual_key
        self._meter = meter or NoMeter()
        self._predictor = Predictor(bundle, threads=settings.threads)
        workers = settings.threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the decoding threads back."""
        self._pool.shutdown(cancel_futures=True)

    @property
    def model_version(self) -> str:
        """The bundle's version."""
        return self._predictor.model_version

    def run(self, images: Sequence[bytes]) -> list[Seen | Unseen]:
        """Return an answer or a reason for each image, in order; no image makes it raise."""
        answers: list[Seen | Unseen] = []
        size = self._settings.batch
        chunks = [images[start : start + size] for start in range(0, len(images), size)]
        # The next chunk decodes while this one is in the network.
        pending = [self._pool.submit(self._prepare, data) for data in (chunks[0] if chunks else ())]
        for number, _chunk in enumerate(chunks):
            ready = [future.result() for future in pending]
            following = chunks[number + 1] if number + 1 < len(chunks) else ()
            pending = [self._pool.submit(self._prepare, data) for data in following]
            answers += self._answer(ready)
        return answers

    def _prepare(self, data: bytes) -> _Ready | Unseen:
        try:
            decoded = decode_image(data, max_pixels=self._settings.max_pixels)
            return _Ready(
                info=decoded.info,
                thumbnail=self._make_thumbnail(decoded.rgb),
                visual_key=self._make_visual_key(decoded.rgb),
                square=self._predictor.prepare(decoded.rgb),
            )
        except ImageSkippedError as error:
            return Unseen(error.reason, error.detail)
        except Exception as error:  # noqa: BLE001
            # A defect of ours on one image must not cost the others their answers.
            _log.exception("image.failed", size_bytes=len(data))
            return Unseen(SkipReason.INTERNAL_ERROR, type(error).__name__)

    def _answer(self, ready: Sequence[_Ready | Unseen]) -> list[Seen | Unseen]:
        squares = [one.square for one in ready if isinstance(one, _Ready)]
        started = time.monotonic()
        predictions = iter(self._predictor.predict(squares))
        if squares:
            self._meter.inferred(images=len(squares), seconds=time.monotonic() - started)
        answers: list[Seen | Unseen] = []
        for one in ready:
            if isinstance(one, Unseen):
                answers.append(one)
            else:
                prediction = next(predictions)
                decision = decide(prediction, self._thresholds)
                seen = Seen(one.info, one.thumbnail, one.visual_key, prediction, decision)
                answers.append(seen)
        return answers
