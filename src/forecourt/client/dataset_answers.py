"""What the API answers on dataset versions."""

from __future__ import annotations

from typing import Literal, TypedDict

from forecourt.client.answers import Color, ImageType

Split = Literal["train", "validation", "test"]
Verdict = Literal["keep", "drop", "relabel"]


class SplitCounts(TypedDict):
    """Pictures of one split, counted."""

    images: int
    advertisers: int
    image_type: dict[str, int]
    color: dict[str, int]
    no_paint: int
    kind: dict[str, int]
    source: dict[str, int]
    other_vehicles_shown: float


class Dataset(TypedDict):
    """A dataset version, as its card counts it."""

    name: str
    created_at: str
    parent: str | None
    imported: list[str]
    fixes_until: str | None
    images: int
    size_bytes: int
    manifest_sha256: str
    counts: dict[Split, SplitCounts]
    left_out: dict[str, int]


class Datasets(TypedDict):
    """All versions that the server has; `warnings` say why there are none, if there are none."""

    items: list[Dataset]
    warnings: list[str]


class Shortage(TypedDict):
    """What a version has too little of."""

    split: Split
    slice: str
    images: int
    wanted: int
    advice: str


class DatasetReview(TypedDict):
    """How far a version has been looked through."""

    ranked_at: str | None
    model_version: str | None
    doubtful: int
    decided: int


class DatasetDetail(Dataset):
    """A version, what to collect next, and how far it was looked through."""

    collect: list[Shortage]
    review: DatasetReview


class LabelDoubt(TypedDict):
    """Why a label is likely wrong."""

    likely_type: ImageType | None
    likely_color: Color | None
    score: float
    is_issue: bool


class Decision(TypedDict):
    """What a person decided on a picture."""

    id: int
    key: str
    version: str
    verdict: Verdict
    image_type: ImageType | None
    color: Color | Literal["none"] | None
    by: str
    at: str
    note: str
    undone_by: str | None
    undone_at: str | None


class Decisions(TypedDict):
    """Decisions that were made, or that stand again."""

    items: list[Decision]


class DatasetItem(TypedDict):
    """A picture of a version."""

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
    source: Literal["import", "fix", "decision"]
    added_in: str
    split: Split
    url: str
    notes: str
    doubt: LabelDoubt | None
    decision: Decision | None
