"""Datasets as this API tells them: versions, their pictures, what people decide."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from forecourt.core.dataset import ItemSource, Opinion, Split, Verdict
from forecourt.core.labels import Color, ImageType
from forecourt.web.api.fields import ColorWord, Note, to_color

MOST_PICTURES = 1_000
_LARGEST = 2**53 - 1  # what JSON is sure of
_KEY = "1f0c9a3e" * 8

PictureKey = Annotated[
    str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the original file.")
]
DecisionId = Annotated[int, Field(ge=1, le=_LARGEST)]

_OF_SPLIT: dict[str, JsonValue] = {
    "images": 900,
    "advertisers": 31,
    "image_type": {"Dealer": 700, "Stock": 120, "Placeholder": 80},
    "color": {"Black": 210, "White": 190},
    "no_paint": 140,
    "kind": {"car": 640, "rv": 90},
    "source": {"import": 800, "fix": 100},
    "other_vehicles_shown": 0.4,
}
VERSION_EXAMPLE: dict[str, JsonValue] = {
    "name": "2026.12",
    "created_at": "2026-12-01T08:00:00Z",
    "parent": "2026.11",
    "imported": [],
    "fixes_until": "2026-12-01T08:00:00Z",
    "images": 1200,
    "size_bytes": 48000000,
    "manifest_sha256": "5b1f0a5c" * 8,
    "counts": {"train": _OF_SPLIT, "validation": _OF_SPLIT, "test": _OF_SPLIT},
    "left_out": {"duplicate": 4},
}
DECISION_EXAMPLE: dict[str, JsonValue] = {
    "id": 17,
    "key": _KEY,
    "version": "2026.12",
    "verdict": "relabel",
    "image_type": "Stock",
    "color": None,
    "by": "Ada",
    "at": "2026-12-01T09:30:00Z",
    "note": "",
    "undone_by": None,
    "undone_at": None,
}
_ITEM_EXAMPLE: dict[str, JsonValue] = {
    "key": _KEY,
    "is_thumbnail": True,
    "image_type": "Dealer",
    "type_trust": 0.9,
    "color": "Red",
    "paint": True,
    "color_trust": 0.9,
    "kind": "car",
    "view": "exterior",
    "advertiser": "acme",
    "group": "acme/stock-1",
    "vehicle": "stock-1",
    "source": "fix",
    "added_in": "2026.12",
    "split": "train",
    "url": "https://img.example.com/stock-1/1.jpg",
    "notes": "",
    "doubt": {"likely_type": "Stock", "likely_color": None, "score": -0.83, "is_issue": True},
    "decision": DECISION_EXAMPLE,
}


class SplitCountsOut(BaseModel):
    """Pictures of one split, counted."""

    images: int
    advertisers: int
    image_type: dict[str, int]
    color: dict[str, int]
    no_paint: int = Field(description="On which surely no paint of one main vehicle is seen.")
    kind: dict[str, int]
    source: dict[str, int] = Field(description="`parent`: they came with the version before.")
    other_vehicles_shown: float = Field(description="Share, by weight, that are no cars.")


class DatasetOut(BaseModel):
    """A dataset version, as its card counts it."""

    model_config = ConfigDict(json_schema_extra={"examples": [VERSION_EXAMPLE]})

    name: str
    created_at: datetime
    parent: str | None = Field(description="The version that it goes on from.")
    imported: list[str]
    fixes_until: datetime | None = Field(description="Null: fixes took no part.")
    images: int
    size_bytes: int
    manifest_sha256: str = Field(description="Stands for the whole version.")
    counts: dict[Split, SplitCountsOut]
    left_out: dict[str, int] = Field(description="What was offered and is not in, by reason.")


class DatasetsOut(BaseModel):
    """All versions that this server has, the newest first; they are few, so there are no pages."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [VERSION_EXAMPLE], "warnings": []}]}
    )

    items: list[DatasetOut]
    warnings: list[str] = Field(description="Why there are none here, if there are none.")


class ShortageOut(BaseModel):
    """What a version has too little of."""

    split: Split
    slice: str
    images: int
    wanted: int
    advice: str


class ReviewOut(BaseModel):
    """How far a version has been looked through."""

    ranked_at: datetime | None = Field(
        description="When its labels were ranked; null: never. `forecourt dataset rank` does it."
    )
    model_version: str | None = Field(description="Which champion was asked.")
    doubtful: int = Field(description="Pictures with a label that is likely wrong.")
    decided: int = Field(description="Of these, pictures on which a decision stands.")


class DatasetDetailOut(DatasetOut):
    """A dataset version, what to collect next, and how far it was looked through."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **VERSION_EXAMPLE,
                    "collect": [
                        {
                            "split": "train",
                            "slice": "color=Pink",
                            "images": 3,
                            "wanted": 100,
                            "advice": "collect 97 more, of several advertisers",
                        }
                    ],
                    "review": {
                        "ranked_at": "2026-12-01T08:10:00Z",
                        "model_version": "2026.11.2",
                        "doubtful": 61,
                        "decided": 12,
                    },
                }
            ]
        }
    )

    collect: list[ShortageOut] = Field(description="The greatest want first.")
    review: ReviewOut


class DoubtOut(BaseModel):
    """Why a label is likely wrong."""

    likely_type: ImageType | None = Field(description="What it would be; null: not doubted.")
    likely_color: Color | None
    score: float = Field(description="-1 to 0; the lower, the more doubtful.")
    is_issue: bool = Field(description="Confident learning counts it as an error.")


class DecisionOut(BaseModel):
    """What a person decided on a picture."""

    model_config = ConfigDict(json_schema_extra={"examples": [DECISION_EXAMPLE]})

    id: int
    key: str = Field(description="Of the picture.")
    version: str = Field(description="That was looked through.")
    verdict: Verdict
    image_type: ImageType | None = Field(description="The right one; null: it stays.")
    color: ColorWord | None = Field(description="Likewise; `none`: no paint is seen.")
    by: str
    at: datetime
    note: str
    undone_by: str | None = Field(description="Who took it back; null: it stands.")
    undone_at: datetime | None


class DatasetItemOut(BaseModel):
    """A picture of a version; docs/dataset.md tells its columns."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM_EXAMPLE]})

    key: str
    is_thumbnail: bool
    image_type: ImageType
    type_trust: float
    color: Color | None
    paint: bool | None
    color_trust: float
    kind: str
    view: str
    advertiser: str
    group: str
    vehicle: str | None
    source: ItemSource
    added_in: str
    split: Split
    url: str
    notes: str
    doubt: DoubtOut | None = Field(description="Null: its labels are not doubted.")
    decision: DecisionOut | None = Field(description="The latest that stands.")


class DecisionIn(BaseModel):
    """One opinion on some pictures."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"keys": [_KEY], "verdict": "keep"},
                {"keys": [_KEY], "verdict": "relabel", "image_type": "Stock", "color": "none"},
            ]
        },
    )

    keys: list[PictureKey] = Field(min_length=1, max_length=MOST_PICTURES)
    verdict: Verdict
    image_type: ImageType | None = Field(None, description="With `relabel`: the right type.")
    color: ColorWord | None = Field(
        None, description="With `relabel`: the right colour; `none`: no paint is seen."
    )
    note: Note = ""

    def to_opinion(self) -> Opinion:
        """Return what the stage is told."""
        return Opinion(
            verdict=self.verdict,
            image_type=self.image_type,
            color=None if self.color is None else to_color(self.color),
            sets_color=self.color is not None,
            note=self.note.strip(),
        )


class DecisionUndoIn(BaseModel):
    """Decisions to be taken back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [17]}]})

    ids: list[DecisionId] = Field(min_length=1, max_length=MOST_PICTURES)


class DecisionsOut(BaseModel):
    """Decisions that were made just now, or that stand again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [DECISION_EXAMPLE]}]})

    items: list[DecisionOut]
