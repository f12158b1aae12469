"""Stored images: their keys, what URLs show them, and what each model said of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Decision, ImageKey, KeySource, Prediction, Validators, VisualKey
from forecourt.core.skips import SkipReason
from forecourt.store.chunks import chunks
from forecourt.store.schema import image_aliases, images, predictions, urls
from forecourt.store.trials import never_shown
from forecourt.store.upsert import insert_new, upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """An image that was decoded.

    Attributes:
        thumbnail: Its address in the media folder; None where none is kept.
        visual_key: None where none was made.
    """

    bytes_key: str
    format: str
    width: int
    height: int
    size_bytes: int
    thumbnail: str | None
    created_at: datetime
    visual_key: VisualKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlState:
    """What came of asking for one URL.

    Attributes:
        image_id: The image it shows, or showed when it last could be had; None if never.
        key: The strongest header key, or None where headers are worth nothing.
        is_verified: Whether the bytes were read, rather than the headers believed.
    """

    url_key: str
    url: str
    host: str
    image_id: int | None
    validators: Validators
    key: ImageKey | None
    skip_reason: SkipReason | None
    checked_at: datetime
    fresh_until: datetime
    scrape_id: int
    is_verified: bool


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What one model said of one image."""

    prediction: Prediction
    decision: Decision


def find_by_keys(connection: sa.Connection, keys: Collection[ImageKey]) -> dict[ImageKey, int]:
    """Return the image id of each key that is known."""
    found: dict[ImageKey, int] = {}
    for source in KeySource:
        values = [key.value for key in keys if key.source is source]
        if values:
            rows = connection.execute(
                sa.select(image_aliases.c.value, image_aliases.c.image_id).where(
                    image_aliases.c.kind == source, image_aliases.c.value.in_(values)
                )
            )
            found.update({ImageKey(source, value): image_id for value, image_id in rows})
    return found


def find_by_url(connection: sa.Connection, url_key: str) -> int | None:
    """Return the image last seen under a URL, or None."""
    return connection.scalar(sa.select(urls.c.image_id).where(urls.c.url_key == url_key))


def add_images(connection: sa.Connection, new: Sequence[NewImage]) -> dict[str, int]:
    """Store images and their bytes keys; return the id of each `bytes_key`, old or new."""
    if not new:
        return {}
    insert_new(
        connection,
        images,
        [
            {
                "bytes_key": one.bytes_key,
                "format": one.format,
                "width": one.width,
                "height": one.height,
                "size_bytes": one.size_bytes,
                "thumbnail": one.thumbnail,
                **visual_columns(one.visual_key),
                "created_at": one.created_at,
            }
            for one in new
        ],
        key=("bytes_key",),
    )
    rows = connection.execute(
        sa.select(images.c.bytes_key, images.c.id).where(
            images.c.bytes_key.in_([one.bytes_key for one in new])
        )
    )
    ids: dict[str, int] = {row[0]: row[1] for row in rows}
    add_aliases(
        connection,
        {ImageKey(KeySource.BYTES, bytes_key): image_id for bytes_key, image_id in ids.items()},
        at=new[0].created_at,
    )
    return ids


def visual_columns(key: VisualKey | None) -> dict[str, bytes | None]:
    """Return a visual key as columns of `images`."""
    return {"pdq": key.pdq if key else None, "lab_grid": key.grid if key else None}


def add_aliases(
    connection: sa.Connection, aliases: Mapping[ImageKey, int], *, at: datetime
) -> None:
    """Let keys name images. A key that already names one is moved: the latest bytes count."""
    rows = [
        {"kind": key.source, "value": key.value, "image_id": image_id, "created_at": at}
        for key, image_id in aliases.items()
    ]
    upsert(connection, image_aliases, rows, key=("kind", "value"), keep=("created_at",))


def save_urls(connection: sa.Connection, states: Sequence[UrlState]) -> None:
    """Keep what came of asking for URLs."""
    upsert(
        connection,
        urls,
        [
            {
                "url_key": state.url_key,
                "url": state.url,
                "host": state.host,
                "image_id": state.image_id,
                "etag": state.validators.etag,
                "last_modified": state.validators.last_modified,
                "key_source": state.key.source if state.key else None,
                "key_value": state.key.value if state.key else None,
                "skip_reason": state.skip_reason,
                "checked_at": state.checked_at,
                "fresh_until": state.fresh_until,
                "checked_scrape_id": state.scrape_id,
                "is_verified": state.is_verified,
            }
            for state in states
        ],
        key=("url_key",),
    )


def add_answers(
    connection: sa.Connection, answers: Mapping[int, StoredAnswer], *, at: datetime
) -> None:
    """Store what a model said of images. An answer of the same model version is never rewritten."""
    insert_new(
        connection,
        predictions,
        [
            {
                "image_id": image_id,
                "model_version": answer.decision.model_version,
                "image_type": answer.decision.image_type,
                "image_type_confidence": answer.decision.image_type_confidence,
                "image_type_reason": answer.decision.image_type_reason,
                "color": answer.decision.color,
                "color_confidence": answer.decision.color_confidence,
                "color_reason": answer.decision.color_reason,
                "review": answer.decision.review,
                "review_reasons": list(answer.decision.review_reasons),
                "answer": _dump_prediction(answer.prediction),
                "created_at": at,
            }
            for image_id, answer in answers.items()
        ],
        key=("image_id", "model_version"),
    )


def find_unanswered(
    connection: sa.Connection, image_ids: Collection[int], model_version: str
) -> dict[int, str | None]:
    """Return the thumbnail address of each image that `model_version` has said nothing of."""
    has_answer = sa.exists().where(
        predictions.c.image_id == images.c.id, predictions.c.model_version == model_version
    )
    rows = connection.execute(
        sa.select(images.c.id, images.c.thumbnail).where(images.c.id.in_(image_ids), ~has_answer)
    )
    return {row[0]: row[1] for row in rows}


def load_thumbnails(connection: sa.Connection, image_ids: Collection[int]) -> dict[int, str]:
    """Return the thumbnail address of each image."""
    found: dict[int, str] = {}
    for part in chunks(image_ids):
        query = sa.select(images.c.id, images.c.thumbnail).where(images.c.id.in_(part))
        found |= {row.id: row.thumbnail for row in connection.execute(query)}
    return found


def load_decisions(
    connection: sa.Connection, image_ids: Collection[int], model_version: str
) -> dict[int, Decision]:
    """Return for each image the decision of `model_version`, or else the latest other model's.

    Answers that are for comparison only (`trials.never_shown`) are none of those.
    """
    decisions: dict[int, Decision] = {}
    for chunk in chunks(image_ids):
        rows = connection.execute(
            sa.select(*_DECISION)
            .where(predictions.c.image_id.in_(chunk), is_shown(model_version))
            # Ascending, so that what comes later in the dict wins: the champion's own last of all.
            .order_by(predictions.c.model_version == model_version, predictions.c.created_at)
        )
        decisions.update({row.image_id: read_decision(row) for row in rows})
    return decisions


# Without the raw answer: it is most of a row, and takes longest to read.
_DECISION = tuple(one for one in predictions.c if one.name != "answer")


def is_shown(model_version: str) -> sa.ColumnElement[bool]:
    """Whether an answer may be shown where `model_version` is the model that answers."""
    return sa.or_(
        predictions.c.model_version == model_version,
        predictions.c.model_version.not_in(never_shown()),
    )


def read_decision(row: sa.Row[Any]) -> Decision:
    """Return the decision that a row of `predictions` holds."""
    return Decision(
        model_version=row.model_version,
        image_type=ImageType(row.image_type),
        image_type_confidence=row.image_type_confidence,
        image_type_reason=row.image_type_reason,
        color=Color(row.color) if row.color else None,
        color_confidence=row.color_confidence,
        color_reason=row.color_reason,
        review=row.review,
        review_reasons=tuple(row.review_reasons),
    )


def _dump_prediction(prediction: Prediction) -> dict[str, Any]:
    box = prediction.box
    return {
        "image_type_probs": _rounded(prediction.image_type_probs),
        "color_probs": _rounded(prediction.color_probs),
        "color_visible": round(prediction.color_visible, 4),
        "box": [round(edge, 4) for edge in (box.x0, box.y0, box.x1, box.y1)] if box else None,
        "several_vehicles": prediction.several_vehicles,
        "kind_probs": _rounded(prediction.kind_probs),
        "view_probs": _rounded(prediction.view_probs),
    }


def _rounded(probs: Mapping[Any, float]) -> dict[str, float]:
    return {str(name): round(prob, 4) for name, prob in probs.items()}
