"""Fixes, their reverts and their history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.conflicts import check_may_rule
from forecourt.core.errors import NotFoundError, StateError, UsageError
from forecourt.core.fixes import (
    ActKind,
    Actor,
    Fix,
    FixField,
    NewAct,
    check_may_fix,
    check_may_revert,
)
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.core.resolve import Resolved
from forecourt.core.selection import Selection
from forecourt.identity.urls import make_url_key
from forecourt.review.selection import Selected, iter_selected
from forecourt.store import carries as stored_carries
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images
from forecourt.store import undo

_SHOWN = 1_000  # fixes of an act that come with it
_EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person says an image is. At least one of the two is given.

    Attributes:
        image_type: None: left as it is.
        color: The colour, or None for no colour; counts only with `sets_color`.
    """

    image_type: ImageType | None = None
    color: Color | None = None
    sets_color: bool = False

    def __post_init__(self) -> None:
        if self.image_type is None and not self.sets_color:
            raise UsageError("Say what to fix: the image type, the colour, or both.")
        if self.image_type is ImageType.PLACEHOLDER and self.color is not None:
            raise UsageError("A Placeholder has no colour: fix the type alone, or the colour too.")

    @property
    def fields(self) -> int:
        """How many fixes it makes of one image."""
        return (self.image_type is not None) + self.sets_color


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an act did.

    Attributes:
        count: How many fixes it made, or put in or out of force.
        fixes: The first thousand of them; `iter_act` has all.
    """

    act_id: int
    count: int
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a selection holds: how many images, and the first ten of them."""

    images: int
    examples: tuple[Selected, ...]


def fix_images(
    connection: sa.Connection,
    act: NewAct,
    *,
    advertiser: str,
    urls: Sequence[str],
    change: Change,
    model_version: str,
    everywhere: bool = False,
) -> Done:
    """Fix images by their URLs, in one act; see `fix_selection`."""
    if not urls:
        raise UsageError("Say which images to fix: give their URLs.")
    return fix_selection(
        connection,
        act,
        advertiser=advertiser,
        selection=Selection(urls=tuple(urls)),
        change=change,
        model_version=model_version,
        everywhere=everywhere,
    )


def fix_selection(
    connection: sa.Connection,
    act: NewAct,
    *,
    advertiser: str,
    selection: Selection,
    change: Change,
    model_version: str,
    everywhere: bool = False,
    at_most: int | None = None,
) -> Done:
    """Fix one or many images of an advertiser's sitemap in one act: all of them, or none.

    Args:
        connection: A writing connection; the caller commits.
        act: Who fixes, when, where and why.
        advertiser: In whose sitemap the images stand.
        selection: Which; the same picture in several places is fixed once.
        change: What they are.
        model_version: The champion, whose answer the person saw.
        everywhere: For every advertiser that shows the images; staff only.
        at_most: How many images somebody agreed to; None: nobody was asked.

    Raises:
        NotFoundError: a URL or vehicle is not in the advertiser's latest sitemap, or nothing fits.
        StateError: more images fit than were agreed to.
        ForbiddenError: the actor may not do this.
    """
    check_may_fix(act.actor, advertiser, everywhere=everywhere)
    with connection.begin_nested():  # what fails on a later page leaves nothing of earlier ones
        act_id = stored_fixes.add_act(connection, act, ActKind.FIX)
        images = 0
        for page in iter_selected(connection, advertiser, selection, model_version=model_version):
            rows = [
                row
                for one in page
                for row in _rows(
                    one, change, advertiser, everywhere=everywhere, model_version=model_version
                )
            ]
            stored_fixes.add_fixes(connection, act_id, rows)
            images += len(page)
        if at_most is not None and images > at_most:
            raise StateError(
                f"Meanwhile {images:,} images fit, not {at_most:,}. Nothing is fixed; try again."
            )
        if not images:
            raise NotFoundError(f"Nothing in the sitemap of {advertiser!r} fits; nothing is fixed.")
    return load_done(connection, act_id)


def preview(
    connection: sa.Connection, advertiser: str, selection: Selection, *, model_version: str
) -> Preview:
    """Return what `fix_selection` would fix now. Writes nothing.

    Raises:
        NotFoundError: the advertiser has no scrape, or a URL or vehicle does not stand in it.
    """
    images = 0
    examples: list[Selected] = []
    for page in iter_selected(connection, advertiser, selection, model_version=model_version):
        images += len(page)
        examples += page[: _EXAMPLES - len(examples)]
    return Preview(images=images, examples=tuple(examples))


def revert(
    connection: sa.Connection,
    act: NewAct,
    *,
    act_id: int | None = None,
    fix_id: int | None = None,
) -> Done:
    """Undo a whole act, or one fix. What was reverted comes back by reverting the revert.

    Raises:
        NotFoundError: there is no such act or fix; to an advertiser, none of another's.
        StateError: there is nothing left to undo.
        ForbiddenError: the actor may not do this.
        UsageError: not exactly one of the two is given.
    """
    if (act_id is None) == (fix_id is None):
        raise UsageError("Say what to revert: one act, or one fix.")
    if act_id is None:
        return _revert_fix(connection, act, fix_id or 0)
    if not undo.has_act(connection, act_id):
        raise NotFoundError(f"There is no act {act_id}.")
    _check_may_revert_act(connection, act.actor, act_id)
    with connection.begin_nested():
        new_act = stored_fixes.add_act(connection, act, ActKind.REVERT)
        if not undo.turn_back(connection, act_id, by_act=new_act):
            raise StateError("There is nothing left to revert: that was undone before.")
    return load_done(connection, new_act)


def history(
    connection: sa.Connection,
    *,
    advertiser: str,
    url: str | None = None,
    until: datetime | None = None,
) -> Iterator[Fix]:
    """Yield the fixes that an advertiser's sitemap ever showed, oldest first.

    Args:
        connection: A connection; it must stay open while fixes are taken.
        advertiser: Whose.
        url: Only those of this image, also where they were made under another URL, or on the same
            picture encoded otherwise and carried here.
        until: Only what was done until then, and live as it was then.
    """
    if url is None:
        return stored_fixes.iter_history(connection, advertiser=advertiser, until=until)
    url_key = make_url_key(url)
    image_id = stored_images.find_by_url(connection, url_key)
    image_ids = set() if image_id is None else {image_id}
    carried = stored_carries.load_carries(connection, advertiser, image_ids, until=until)
    return stored_fixes.iter_history(
        connection,
        advertiser=advertiser,
        url_key=url_key,
        image_ids=image_ids | {carry.from_image_id for carry in carried},
        until=until,
    )


def load_done(connection: sa.Connection, act_id: int) -> Done:
    """Return what an act did."""
    first = next(undo.iter_fix_ids(connection, act_id, page=_SHOWN), [])
    return Done(
        act_id=act_id,
        count=undo.count_fixes(connection, act_id),
        fixes=tuple(stored_fixes.load_by_ids(connection, first)),
    )


def iter_act(connection: sa.Connection, act_id: int) -> Iterator[Fix]:
    """Yield the fixes that an act made, or put in or out of force, oldest first."""
    for ids in undo.iter_fix_ids(connection, act_id, page=_SHOWN):
        yield from stored_fixes.load_by_ids(connection, ids)


def _revert_fix(connection: sa.Connection, act: NewAct, fix_id: int) -> Done:
    fixes = stored_fixes.load_by_ids(connection, [fix_id])
    if not fixes or _is_hidden(act.actor, fixes[0].advertiser):
        raise NotFoundError(f"There is no fix {fix_id}.")
    check_may_revert(act.actor, fixes[0])
    if not fixes[0].is_live:
        raise StateError("There is nothing left to revert: that was undone before.")
    act_id = stored_fixes.add_act(connection, act, ActKind.REVERT)
    stored_fixes.set_live(connection, act_id, [(fix_id, False)])
    return load_done(connection, act_id)


def _check_may_revert_act(connection: sa.Connection, actor: Actor, act_id: int) -> None:
    if actor.role is not Role.ADVERTISER:
        return
    if not undo.concerns(connection, act_id, actor.advertiser or ""):
        raise NotFoundError(f"There is no act {act_id}.")
    if undo.rules(connection, act_id):
        check_may_rule(actor)
    advertiser = actor.advertiser or ""
    foreign = undo.find_fix_of_others(connection, act_id, advertiser)
    for fix in stored_fixes.load_by_ids(connection, [foreign] if foreign else []):
        check_may_revert(actor, fix)
    other = undo.find_carry_of_others(connection, act_id, advertiser)
    if other is not None:
        check_may_fix(actor, other, everywhere=False)


def _is_hidden(actor: Actor, advertiser: str) -> bool:
    """Whether an actor is not told what was done in an advertiser's sitemap."""
    return actor.role is Role.ADVERTISER and actor.advertiser != advertiser


def _rows(
    one: Selected, change: Change, advertiser: str, *, everywhere: bool, model_version: str
) -> Iterator[dict[str, Any]]:
    for field, value_from, value in _fields(change, one.resolved):
        yield {
            "advertiser": advertiser,
            "everywhere": everywhere,
            "image_id": one.image.image_id,
            "url": one.image.url,
            "url_key": one.image.url_key,
            "vehicle_id": one.vehicle.id,
            "vin": one.vehicle.vin,
            "field": field,
            "value_from": value_from,
            "value": value,
            "model_version": model_version if one.image.image_id is not None else None,
        }


def _fields(change: Change, shown: Resolved) -> list[tuple[FixField, str | None, str | None]]:
    fields: list[tuple[FixField, str | None, str | None]] = []
    if change.image_type is not None:
        fields.append((FixField.IMAGE_TYPE, shown.image_type.value, change.image_type))
    if change.sets_color:
        fields.append((FixField.COLOR, shown.color.value, change.color))
    return fields
