"""What the API answers with, typed: the JSON as it is, so that a newer server's members are there.

Times are text (ISO 8601, with a zone), confidences numbers from 0 to 1. docs/api.md tells what the
members mean; a test compares them with the server's.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

ImageType = Literal["Dealer", "Stock", "Placeholder"]
Color = Literal[
    "Black", "Blue", "Brown", "Burgundy", "Green", "Grey",
    "Orange", "Pink", "Purple", "Red", "White", "Yellow",
]  # fmt: skip
Status = Literal["tagged", "skipped"]
Role = Literal["admin", "staff", "advertiser"]

# "from" is a word of Python, so these two are written in the other form.
_FixChange = TypedDict("_FixChange", {"from": str | None, "to": str | None})
_Mistake = TypedDict("_Mistake", {"from": str | None, "to": str | None})


class Advertiser(TypedDict):
    """Somebody whose inventory is here."""

    name: str


class RefusedRow(TypedDict):
    """A row of a feed that could not be used."""

    line: int | None
    row: int
    field: str
    reason: str
    hint: str


class Scrape(TypedDict):
    """One delivery of an inventory, and how far it is: `done` of `images`."""

    id: int
    advertiser: str
    status: Literal["accepted", "running", "finished", "cancelled"]
    feed_name: str
    feed_format: str
    scraped_at: str | None
    received_at: str
    started_at: str | None
    finished_at: str | None
    vehicles: int
    images: int
    done: int
    refused: int
    priority: int
    tally: dict[str, Any] | None
    failures: int
    last_error: str | None


class Accepted(Scrape):
    """A scrape that will be tagged, whatever happens from now on."""

    resumed: bool
    warnings: list[str]
    refused_rows: list[RefusedRow]


class Tag(TypedDict):
    """A shown value, and why it is that."""

    value: str | None
    source: Literal["fix", "scrape", "model", "default"]
    confidence: float | None
    reason: str


class Predicted(TypedDict):
    """What the model said, whatever is shown."""

    image_type: ImageType
    color: Color | None
    model_version: str


class Image(TypedDict):
    """An image in a sitemap."""

    url: str
    position: int
    status: Status
    skip_reason: str | None
    image_key: str | None
    key_source: str | None
    image_type: Tag
    color: Tag
    carried_from: str | None
    review: bool
    predicted: Predicted | None


class ResultLine(Image):
    """An image of a scrape, and of which vehicle it is."""

    vehicle_id: str


class Vehicle(TypedDict):
    """A vehicle in a sitemap; `color` is the advertiser's own wording."""

    id: str
    vin: str | None
    title: str | None
    condition: Literal["New", "Used", "Certified"] | None
    body_type: str | None
    color: str | None
    url: str | None
    images: list[Image]


class Sitemap(TypedDict):
    """An advertiser's vehicles with their tags."""

    advertiser: str
    vehicles: list[Vehicle]


class Classified(TypedDict):
    """A picture that was asked about."""

    source: str
    cached: bool
    status: Status
    reason: str
    image_type: ImageType | None
    image_type_probs: dict[str, float] | None
    color: Color | None
    color_probs: dict[str, float] | None
    color_visible: float | None
    color_second: Color | None
    color_between: bool | None
    view_probs: dict[str, float] | None
    kind_probs: dict[str, float] | None
    several_vehicles: float | None
    review: bool
    box: list[float] | None
    model_version: str


class Classification(TypedDict):
    """Pictures in the order given, all by one model."""

    model_version: str
    results: list[Classified]


class Fix(_FixChange):
    """One field of one image, changed by one person."""

    kind: Literal["fix"]
    id: int
    act_id: int
    at: str
    by: str
    role: Role
    source: str
    note: str
    advertiser: str
    everywhere: bool
    vehicle_id: str | None
    vin: str | None
    url: str
    field: Literal["image_type", "color"]
    model_version: str | None
    live: bool


class Ruling(TypedDict):
    """What staff made of a disagreement."""

    kind: Literal["ruling"]
    id: int
    act_id: int
    at: str
    by: str
    role: Role
    source: str
    note: str
    image_id: int
    field: Literal["image_type", "color"]
    ruling: Literal["keep_both", "everyone", "ambiguous"]
    positions: list[int]
    live: bool


class Unshown(TypedDict):
    """A fix that is kept, while the sitemap goes on showing something else."""

    fix_id: int
    url: str
    field: Literal["image_type", "color"]
    shown: str | None
    reason: str


class Act(TypedDict):
    """What somebody did in one go."""

    act_id: int
    count: int
    fixes: list[Fix]
    unshown: list[Unshown]


class Match(TypedDict):
    """An image that a selection holds, and what is shown of it."""

    vehicle_id: str
    url: str
    image_type: ImageType
    color: Color | None


class Preview(TypedDict):
    """What a bulk fix would fix."""

    images: int
    examples: list[Match]


class Conflict(TypedDict):
    """Parties that say different things of one field of an image."""

    image_id: int
    field: Literal["image_type", "color"]
    status: Literal["open", "keep_both", "everyone", "ambiguous"]
    version: str
    positions: list[Fix]
    history: list[Fix]
    rulings: list[Ruling]


class OddityExample(TypedDict):
    """An image on which an oddity shows."""

    advertiser: str
    vehicle_id: str | None
    url: str
    image_id: int | None
    fix_id: int | None


class Oddity(TypedDict):
    """A known weird result."""

    kind: str
    advertiser: str | None
    host: str | None
    count: int
    of: int | None
    seen: str
    why: str
    advice: str
    examples: list[OddityExample]


class Misclassified(_Mistake):
    """One way in which the model was wrong, and how often."""

    group: str | None
    field: Literal["image_type", "color"]
    wrong: int
    images: int | None
    share: float | None


class MisclassifiedList(TypedDict):
    """The most frequent ones; `wrong` and `kinds` count all."""

    wrong: int
    kinds: int
    items: list[Misclassified]


class QueueReason(TypedDict):
    """Why an image is in the review queue."""

    reason: str
    text: str


class Waiting(TypedDict):
    """An image of the review queue, and what is shown of it."""

    id: int
    advertiser: str
    image_id: int
    url: str
    vehicle_id: str
    vin: str | None
    title: str | None
    scrape_color: str | None
    image_type: Tag
    color: Tag
    predicted: Predicted
    thumbnail: str | None
    width: int
    height: int
    reasons: list[QueueReason]


class DoneToday(TypedDict):
    """Acts of fixing and confirming since midnight UTC; `team` is None for advertisers."""

    you: int
    team: int | None


class Queue(TypedDict):
    """A page of the review queue; `next_cursor` is None where it ends."""

    items: list[Waiting]
    next_cursor: str | None
    done_today: DoneToday


class Host(TypedDict):
    """How far a host's headers are trusted."""

    host: str
    state: Literal["unproven", "trusted", "bytes_only"]
    why: str
    hits: int
    proofs: int
    lies: int
    churns: int
    changes: int
    md5_etags: int
    other_etags: int


class Promotion(TypedDict):
    """A model became the champion."""

    id: int
    kind: Literal["default", "promote", "rollback"]
    model_version: str
    at: str
    by: str
    note: str
    reason: str


class Promoted(Promotion):
    """A promotion or rollback that was made just now."""

    replaced: str
    retag_id: int | None
    serving: str
    warnings: list[str]


class Model(TypedDict):
    """A model, and what became of it."""

    version: str
    champion: bool
    shipped: bool
    sha256: str
    registered_at: str | None
    registered_by: str | None
    promotion: Promotion | None


class Models(TypedDict):
    """All models, the latest first, and the version that the server answers with."""

    items: list[Model]
    serving: str
    warnings: list[str]
