"""The history a page at a time, the latest entry first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.conflicts import Ruled
from forecourt.core.fixes import Fix
from forecourt.identity.urls import make_url_key
from forecourt.store import carries as stored_carries
from forecourt.store import conflicts as stored_conflicts
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands in the history: in the order in which acts came into the store.

    A ruling comes before the fix that it made. Imported entries are older than their places say.
    """

    act_id: int
    is_fix: bool
    id: int

    @classmethod
    def of(cls, entry: Fix | Ruled) -> Place:
        """Return the place of an entry."""
        return cls(entry.act_id, isinstance(entry, Fix), entry.id)


def list_history(
    connection: sa.Connection,
    *,
    advertiser: str,
    url: str | None = None,
    until: datetime | None = None,
    before: Place | None = None,
    limit: int,
    own_only: bool = False,
) -> list[Fix | Ruled]:
    """Return entries of the history of an advertiser's sitemap, the latest first.

    Args:
        connection: A connection.
        advertiser: Whose.
        url: Only those of this image, also where its fixes were made under another URL, or on the
            same picture encoded otherwise and carried here.
        until: Only what was done until then, and live as it was then.
        before: Where the page before ended; None: the first page.
        limit: Entries at most.
        own_only: Only fixes that were made in this very sitemap: rulings, and fixes for everyone
            that were made elsewhere, tell of other advertisers.
    """
    url_key, image_id = None, None
    image_ids: Collection[int] = ()
    if url is not None:
        url_key = make_url_key(url)
        image_id = stored_images.find_by_url(connection, url_key)
        found = set() if image_id is None else {image_id}
        carried = stored_carries.load_carries(connection, advertiser, found, until=until)
        image_ids = found | {carry.from_image_id for carry in carried}
    entries: list[Fix | Ruled] = [
        *stored_fixes.list_history(
            connection,
            advertiser=advertiser,
            own_only=own_only,
            url_key=url_key,
            image_ids=image_ids,
            until=until,
            before=(before.act_id, before.id if before.is_fix else 0) if before else None,
            limit=limit,
        )
    ]
    if not own_only and (url is None or image_id is not None):
        entries += stored_conflicts.load_rulings(
            connection,
            advertiser=advertiser,
            image_id=image_id,
            until=until,
            before_act=before.act_id + before.is_fix if before else None,
            limit=limit,
        )
    return sorted(entries, key=Place.of, reverse=True)[:limit]
