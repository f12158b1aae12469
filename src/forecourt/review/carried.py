"""Refusing what travelled: a fix was carried to an image that is another picture after all."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from forecourt.core.errors import StateError
from forecourt.core.fixes import ActKind, NewAct, check_may_fix
from forecourt.review.fixing import Done
from forecourt.review.selection import iter_located
from forecourt.store import carries as stored_carries
from forecourt.store import fixes as stored_fixes
from forecourt.store import scrapes as stored_scrapes


def refuse_carried(
    connection: sa.Connection, act: NewAct, *, advertiser: str, urls: Sequence[str]
) -> Done:
    """Put out of force, in one act, all that was carried to images of an advertiser's sitemap.

    The pictures that the fixes were made on keep them, and so do other advertisers. What was
    refused is not carried again; reverting the act lets it hold again.

    Args:
        connection: A writing connection; the caller commits.
        act: Who refuses, when, where and why.
        advertiser: In whose sitemap the images stand.
        urls: Of the images.

    Returns:
        The act, with the fixes that hold for these images no more.

    Raises:
        NotFoundError: a URL is not in the advertiser's latest sitemap; nothing is refused then.
        StateError: nothing was carried to these images.
        ForbiddenError: the actor may not do this.
    """
    check_may_fix(act.actor, advertiser, everywhere=False)
    scrape = stored_scrapes.get_latest(connection, advertiser)
    image_ids = {
        one.image.image_id
        for found in iter_located(connection, scrape, urls)
        for one in found
        if one.image.image_id is not None
    }
    live = [
        carry
        for carry in stored_carries.load_carries(connection, advertiser, image_ids)
        if carry.is_live
    ]
    if not live:
        raise StateError(
            "No fix was carried to these images. `forecourt export` says in `carried_from` where "
            "one was; a fix of the image itself is undone with `forecourt revert`."
        )
    act_id = stored_fixes.add_act(connection, act, ActKind.REFUSE)
    stored_carries.set_live(connection, act_id, [(carry.id, False) for carry in live])
    sources = {carry.from_image_id for carry in live}
    held = stored_fixes.load_for_images(connection, advertiser, image_ids=sources, url_keys=())
    return Done(act_id=act_id, count=len(held), fixes=tuple(held))
