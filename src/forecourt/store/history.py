"""The history of fixes as a stream of events, in the order in which they were done."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import FixField
from forecourt.core.history import FixedBy, HistoryEvent
from forecourt.core.records import ImageKey, KeySource, Role
from forecourt.store.fixes import holds_for
from forecourt.store.schema import acts, fix_states, fixes, images

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event of the history.

    Attributes:
        image_key: The bytes of the image; None where it was never seen.
        of: The fix that is reverted or restored; None for a fix.
    """

    event: HistoryEvent
    act_id: int
    fix_id: int
    at: datetime
    by: str
    role: Role
    source: str
    note: str
    advertiser: str
    everywhere: bool
    vehicle_id: str | None
    vin: str | None
    url: str
    image_key: ImageKey | None
    field: FixField
    value_from: str | None
    value: str | None
    model_version: str | None
    of: FixedBy | None


def iter_events(
    connection: sa.Connection,
    *,
    advertiser: str | None = None,
    url_key: str | None = None,
    image_ids: Collection[int] = (),
    until: datetime | None = None,
) -> Iterator[StoredEvent]:
    """Yield what was done to fixes, act by act.

    Args:
        connection: A connection; it must stay open while events are taken.
        advertiser: Only of fixes made in this advertiser's sitemap, or for everyone.
        url_key: Only of fixes made under this URL, or of `image_ids`.
        image_ids: See `url_key`.
        until: Only what was done until then.
    """
    where: list[sa.ColumnElement[bool]] = []
    if advertiser is not None:
        where.append(holds_for(advertiser))
    if url_key is not None:
        where.append(sa.or_(fixes.c.url_key == url_key, fixes.c.image_id.in_(image_ids)))
    if until is not None:
        where.append(acts.c.at <= until)
    made = _stream(connection, _select_fixes(where), fixes.c.act_id, fixes.c.id)
    turned = _stream(connection, _select_states(where), fix_states.c.act_id, fix_states.c.id)
    # An act holds fixes, or turns them; either way its own come in their order.
    return heapq.merge(
        map(_read_fix, made), map(_read_state, turned), key=lambda event: event.act_id
    )


_COLUMNS = (
    fixes.c.id.label("fix_id"),
    fixes.c.advertiser,
    fixes.c.everywhere,
    fixes.c.vehicle_id,
    fixes.c.vin,
    fixes.c.url,
    fixes.c.field,
    fixes.c.value_from,
    fixes.c.value,
    fixes.c.model_version,
    images.c.bytes_key,
    acts.c.id.label("act_id"),
    acts.c.at,
    acts.c.by,
    acts.c.role,
    acts.c.source,
    acts.c.note,
)


def _select_fixes(where: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    return (
        sa.select(*_COLUMNS)
        .join_from(fixes, acts, acts.c.id == fixes.c.act_id)
        .join(images, images.c.id == fixes.c.image_id, isouter=True)
        .where(*where)
    )


def _select_states(where: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    made = acts.alias("made")
    return (
        sa.select(
            *_COLUMNS,
            fix_states.c.is_live,
            made.c.at.label("fixed_at"),
            made.c.by.label("fixed_by"),
            made.c.role.label("fixed_role"),
        )
        .join_from(fix_states, acts, acts.c.id == fix_states.c.act_id)
        .join(fixes, fixes.c.id == fix_states.c.fix_id)
        .join(made, made.c.id == fixes.c.act_id)
        .join(images, images.c.id == fixes.c.image_id, isouter=True)
        .where(*where)
    )


def _stream(
    connection: sa.Connection, query: sa.Select[Any], *order: sa.Column[int]
) -> sa.CursorResult[Any]:
    """Walk an index from end to end; paging would start a large act anew for every page."""
    return connection.execute(query.order_by(*order).execution_options(yield_per=_PAGE))


def _read_fix(row: sa.Row[Any]) -> StoredEvent:
    return _read(row, HistoryEvent.FIX, None)


def _read_state(row: sa.Row[Any]) -> StoredEvent:
    made = FixedBy(by=row.fixed_by, role=Role(row.fixed_role), at=row.fixed_at)
    return _read(row, HistoryEvent.RESTORE if row.is_live else HistoryEvent.REVERT, made)


def _read(row: sa.Row[Any], event: HistoryEvent, of: FixedBy | None) -> StoredEvent:
    return StoredEvent(
        event=event,
        act_id=row.act_id,
        fix_id=row.fix_id,
        at=row.at,
        by=row.by,
        role=Role(row.role),
        source=row.source,
        note=row.note,
        advertiser=row.advertiser,
        everywhere=row.everywhere,
        vehicle_id=row.vehicle_id,
        vin=row.vin,
        url=row.url,
        image_key=ImageKey(KeySource.BYTES, row.bytes_key) if row.bytes_key else None,
        field=FixField(row.field),
        value_from=row.value_from,
        value=row.value,
        model_version=row.model_version,
        of=of,
    )
