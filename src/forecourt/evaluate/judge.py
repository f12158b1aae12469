"""Labelled pictures through the very pipeline that serves, one verdict each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.samples import Sample
from forecourt.vision.pipeline import Pipeline, Seen

_CHUNK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the model says of one labelled picture.

    Attributes:
        color: As decided: None for a Placeholder and where no paint is seen.
        ranked_colors: All twelve, the most probable first, whatever was decided.
        color_confidence: Probability of the first of them.
    """

    sample: Sample
    image_type: ImageType
    type_confidence: float
    color: Color | None
    ranked_colors: tuple[Color, ...]
    color_confidence: float
    review: bool


def judge(folder: Path, samples: Sequence[Sample], pipeline: Pipeline) -> Iterator[Verdict]:
    """Yield a verdict for each sample, in order, a bounded number in memory.

    Raises:
        UsageError: a picture of the manifest is missing or cannot be decoded: figures over the
            rest would not be those of the manifest.
    """
    for start in range(0, len(samples), _CHUNK):
        chunk = samples[start : start + _CHUNK]
        for sample, outcome in zip(
            chunk, pipeline.run([_read(folder / one.file) for one in chunk]), strict=True
        ):
            if not isinstance(outcome, Seen):
                raise UsageError(
                    f"{folder / sample.file} has no answer ({outcome.reason}). Mend the file or "
                    "take its row out of data.csv."
                )
            yield _verdict(sample, outcome)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}, a picture of data.csv: {error.strerror}.") from error


def _verdict(sample: Sample, seen: Seen) -> Verdict:
    probs, decision = seen.prediction.color_probs, seen.decision
    ranked = tuple(sorted(probs, key=lambda color: -probs[color]))
    return Verdict(
        sample=sample,
        image_type=decision.image_type,
        type_confidence=decision.image_type_confidence,
        color=decision.color,
        ranked_colors=ranked,
        color_confidence=probs[ranked[0]],
        review=decision.review,
    )
