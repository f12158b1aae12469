"""Fixed images with all that a dataset wants to know of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.fixes import Fix
from forecourt.core.kinds import kind_of_body_type
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import VisualKey
from forecourt.store import fixes as stored_fixes
from forecourt.store.schema import fixes, images, predictions, vehicles
from forecourt.store.trials import never_shown

_PAGE = 1_000
_SURE = 0.8  # a model's word on kind and view is taken from this probability on


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedImage:
    """An image that people have fixed.

    Attributes:
        width: Of the original, in pixels, as `height`.
        thumbnail: Its address in the media folder, or None.
        fixes: Of the image, oldest first, reverted ones too.
        seen_type: What the latest model to see it said, or None; so too `seen_color`.
        kind: The vehicle kind that the feed's body type names, else the one that this model is sure
            of, or "". The feed comes first: a model takes kinds that it never saw for cars.
        view: The view that it is sure of, or "".
    """

    id: int
    bytes_key: str
    width: int
    height: int
    thumbnail: str | None
    visual_key: VisualKey | None
    fixes: tuple[Fix, ...]
    seen_type: ImageType | None
    seen_color: Color | None
    kind: str
    view: str


def iter_fixed(connection: sa.Connection) -> Iterator[FixedImage]:
    """Yield every image that was ever fixed, in the order of their ids, a page in memory."""
    after = 0
    while page := _find_page(connection, after):
        yield from _load_page(connection, page)
        after = page[-1]


def _find_page(connection: sa.Connection, after: int) -> list[int]:
    query = sa.select(fixes.c.image_id).where(fixes.c.image_id > after).distinct()
    return list(connection.scalars(query.order_by(fixes.c.image_id).limit(_PAGE)))


def _load_page(connection: sa.Connection, image_ids: list[int]) -> Iterator[FixedImage]:
    of_image: defaultdict[int | None, list[Fix]] = defaultdict(list)
    for fix in stored_fixes.load_of_images(connection, image_ids):
        of_image[fix.image_id].append(fix)
    answers = connection.execute(
        sa.select(
            predictions.c.image_id,
            predictions.c.image_type,
            predictions.c.color,
            predictions.c.answer,
        )
        .where(
            predictions.c.image_id.in_(image_ids),
            predictions.c.model_version.not_in(never_shown()),
        )
        .order_by(predictions.c.created_at)
    )
    said = {row.image_id: row for row in answers}  # the latest wins
    body_types = _load_body_types(connection, [one[-1] for one in of_image.values()])
    for row in connection.execute(
        sa.select(images).where(images.c.id.in_(image_ids)).order_by(images.c.id)
    ):
        answer = said.get(row.id)
        probs = answer.answer if answer else {}
        last = of_image[row.id][-1]
        named = kind_of_body_type(body_types.get((last.advertiser, last.vehicle_id)))
        yield FixedImage(
            id=row.id,
            bytes_key=row.bytes_key,
            width=row.width,
            height=row.height,
            thumbnail=row.thumbnail,
            visual_key=None if row.lab_grid is None else VisualKey(row.pdq or b"", row.lab_grid),
            fixes=tuple(of_image[row.id]),
            seen_type=ImageType(answer.image_type) if answer else None,
            seen_color=Color(answer.color) if answer and answer.color else None,
            kind=named or _sure(probs.get("kind_probs") or {}),
            view=_sure(probs.get("view_probs") or {}),
        )


def _load_body_types(
    connection: sa.Connection, made: Sequence[Fix]
) -> dict[tuple[str, str | None], str | None]:
    """Return what feeds call the vehicles on which fixes were made."""
    wanted = {(fix.advertiser, fix.vehicle_id) for fix in made if fix.vehicle_id is not None}
    columns = (vehicles.c.advertiser, vehicles.c.vehicle_id)
    rows = connection.execute(
        sa.select(*columns, vehicles.c.body_type).where(sa.tuple_(*columns).in_(sorted(wanted)))
    )
    return {(row.advertiser, row.vehicle_id): row.body_type for row in rows}


def _sure(probs: dict[str, float]) -> str:
    return next((name for name, prob in probs.items() if prob >= _SURE), "")
