"""What models say of one test set, as it is kept (`evaluation.json`): figures, and every answer.

The answers stay with the figures, so that whoever compares two models can do so picture by picture.
Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from forecourt.core.gate import Answer, ModelReport, TestPicture
from forecourt.core.labels import Color, ImageType

FORMAT = 1
EVALUATION_FILE = "evaluation.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgedPicture(_Record):
    """A picture of the test set. `image`: path below the folder that pictures come from."""

    key: str
    image: str
    image_type: ImageType
    color: Color | None
    kind: str
    advertiser: str
    is_hard: bool = False


class JudgedAnswer(_Record):
    """What a model decides on a picture; confidences are probabilities, 0-1."""

    image_type: ImageType
    color: Color | None
    type_confidence: float
    color_confidence: float
    review: bool


class JudgedModel(_Record):
    """A model on the test set.

    Attributes:
        report: Figures as `evaluate.report` makes them.
        seen: Figures on pictures of advertisers that training saw, which were themselves held out
            at random; None where there are none.
        cpu_ms: Processor time for a picture, decoding and all, in milliseconds.
        answers: One for each picture, in their order.
    """

    version: str
    report: dict[str, Any]
    seen: dict[str, Any] | None
    cpu_ms: float
    answers: tuple[JudgedAnswer, ...]


class Evaluation(_Record):
    """Champion and candidates on the same test set.

    Attributes:
        name: Of the run, or of the test set.
        source: Where the pictures are from, with the digest of the manifest, if there is one.
        champion: The champion's version; the first of `models`.
    """

    format: int = FORMAT
    name: str
    source: str
    manifest_sha256: str | None
    made_at: datetime
    champion: str
    pictures: tuple[JudgedPicture, ...]
    models: tuple[JudgedModel, ...]

    @model_validator(mode="after")
    def _has_an_answer_for_each(self) -> Evaluation:
        if any(len(one.answers) != len(self.pictures) for one in self.models):
            raise ValueError("every model needs one answer for each picture")
        return self

    def model_report(self, version: str) -> ModelReport:
        """Return a model's answers, as the gate takes them.

        Raises:
            KeyError: no model of this version was judged.
        """
        found = {one.version: one for one in self.models}[version]
        return ModelReport(
            model_version=version,
            pictures=[
                TestPicture(
                    key=one.key,
                    image_type=one.image_type,
                    color=one.color,
                    kind=one.kind,
                    advertiser=one.advertiser,
                    is_hard=one.is_hard,
                )
                for one in self.pictures
            ],
            answers=[Answer(image_type=one.image_type, color=one.color) for one in found.answers],
        )
