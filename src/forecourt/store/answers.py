"""What is known of URLs, and what a model has said of their images: for those who only ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Box, Prediction, Validators
from forecourt.store.chunks import chunks
from forecourt.store.images import StoredAnswer, read_decision
from forecourt.store.schema import UtcDateTime, hosts, predictions, urls


@dataclass(frozen=True, slots=True)
class KnownUrl:
    """A URL under which an image was seen.

    Attributes:
        is_fresh: Its host is trusted, and its last answer still holds.
    """

    image_id: int
    is_fresh: bool


def find_known(
    connection: sa.Connection, url_keys: Collection[str], *, now: datetime, trusted_state: str
) -> dict[str, KnownUrl]:
    """Return what is known of URLs; those under which nothing was seen are left out."""
    found: dict[str, KnownUrl] = {}
    for chunk in chunks(url_keys):
        rows = connection.execute(_KNOWN, {"keys": chunk, "now": now, "trusted": trusted_state})
        found.update({row[0]: KnownUrl(row[1], bool(row[2])) for row in rows})
    return found


def load_validators(connection: sa.Connection, url_keys: Collection[str]) -> dict[str, Validators]:
    """Return what servers last said of URLs."""
    found: dict[str, Validators] = {}
    for chunk in chunks(url_keys):
        rows = connection.execute(
            sa.select(urls.c.url_key, urls.c.etag, urls.c.last_modified).where(
                urls.c.url_key.in_(chunk)
            )
        )
        found.update({row[0]: Validators(etag=row[1], last_modified=row[2]) for row in rows})
    return found


def load_answers(
    connection: sa.Connection, image_ids: Collection[int], model_version: str
) -> dict[int, StoredAnswer]:
    """Return what a model has said of images; those that it has not seen are left out."""
    found: dict[int, StoredAnswer] = {}
    for chunk in chunks(image_ids):
        rows = connection.execute(
            sa.select(predictions).where(
                predictions.c.image_id.in_(chunk), predictions.c.model_version == model_version
            )
        )
        for row in rows:
            prediction = read_prediction(row.answer, model_version)
            found[row.image_id] = StoredAnswer(prediction, read_decision(row))
    return found


# Compared in the database: a hundred times read here would cost more than the look-up.
_KNOWN = (
    sa.select(
        urls.c.url_key,
        urls.c.image_id,
        sa.and_(
            urls.c.fresh_until > sa.bindparam("now", type_=UtcDateTime),
            hosts.c.state == sa.bindparam("trusted"),
        ),
    )
    .join_from(urls, hosts, hosts.c.host == urls.c.host, isouter=True)
    .where(urls.c.url_key.in_(sa.bindparam("keys", expanding=True)), urls.c.image_id.is_not(None))
)


def read_prediction(answer: Mapping[str, Any], model_version: str) -> Prediction:
    """Return the prediction that the column `answer` of `predictions` holds."""
    box = answer["box"]
    return Prediction(
        model_version=model_version,
        image_type_probs={
            ImageType(name): prob for name, prob in answer["image_type_probs"].items()
        },
        color_probs={Color(name): prob for name, prob in answer["color_probs"].items()},
        color_visible=answer["color_visible"],
        box=None if box is None else Box(*box),
        several_vehicles=answer["several_vehicles"],
        kind_probs=answer["kind_probs"],
        view_probs=answer["view_probs"],
    )
