"""Fixes, their reverts and their history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError, UsageError
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
from forecourt.core.resolve import Resolved, resolve
from forecourt.identity.urls import make_url_key
from forecourt.store import carries as stored_carries
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images
from forecourt.store import inventory
from forecourt.store.evidence import load_evidence
from forecourt.store.inventory import LocatedImage


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an act did."""

    act_id: int
    fixes: tuple[Fix, ...]


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
    """Fix one or many images of an advertiser's sitemap in one act.

    Args:
        connection: A writing connection; the caller commits.
        act: Who fixes, when, where and why.
        advertiser: In whose sitemap the images stand.
        urls: Of the images; the same picture under several URLs is fixed once.
        change: What they are.
        model_version: The champion, whose answer the person saw.
        everywhere: For every advertiser that shows the images; staff only.

    Raises:
        NotFoundError: a URL is not in the advertiser's latest sitemap; nothing is fixed then.
        UsageError: the actor may not do this.
    """
    check_may_fix(act.actor, advertiser, everywhere=everywhere)
    images = locate(connection, advertiser, urls)
    entries = [(one.image, one.scrape_color) for one in images]
    shown = [
        resolve(evidence)
        for evidence in load_evidence(connection, advertiser, entries, model_version=model_version)
    ]
    act_id = stored_fixes.add_act(connection, act, ActKind.FIX)
    stored_fixes.add_fixes(
        connection,
        act_id,
        [
            {
                "advertiser": advertiser,
                "everywhere": everywhere,
                "image_id": one.image.image_id,
                "url": one.image.url,
                "url_key": one.image.url_key,
                "vehicle_id": one.vehicle_id,
                "vin": one.vin,
                "field": field,
                "value_from": value_from,
                "value": value,
                "model_version": model_version if one.image.image_id is not None else None,
            }
            for one, resolved in zip(images, shown, strict=True)
            for field, value_from, value in _fields(change, resolved)
        ],
    )
    return _done(connection, act_id)


def revert(
    connection: sa.Connection,
    act: NewAct,
    *,
    act_id: int | None = None,
    fix_id: int | None = None,
) -> Done:
    """Undo a whole act, or one fix. What was reverted comes back by reverting the revert.

    Raises:
        NotFoundError: there is no such act or fix.
        UsageError: not exactly one of the two is given, there is nothing left to undo, or the
            actor may not do this.
    """
    if (act_id is None) == (fix_id is None):
        raise UsageError("Say what to revert: one act, or one fix.")
    carried: list[tuple[int, bool]] = []
    if act_id is not None:
        wanted = [(one, not live) for one, live in stored_fixes.load_act_states(connection, act_id)]
        states = stored_carries.load_act_states(connection, act_id)
        carried = [(one, not live) for one, live in states]
    else:
        wanted = [(int(fix_id or 0), False)]
    turned = _turnable_fixes(connection, act.actor, wanted)
    turned_carries = _turnable_carries(connection, act.actor, carried)
    if turned is None and turned_carries is None:
        raise NotFoundError(f"There is no {f'act {act_id}' if act_id else f'fix {fix_id}'}.")
    if not turned and not turned_carries:
        raise UsageError("There is nothing left to revert: that was undone before.")
    new_act = stored_fixes.add_act(connection, act, ActKind.REVERT)
    stored_fixes.set_live(connection, new_act, turned or [])
    stored_carries.set_live(connection, new_act, turned_carries or [])
    return _done(connection, new_act)


def _turnable_fixes(
    connection: sa.Connection, actor: Actor, wanted: Sequence[tuple[int, bool]]
) -> list[tuple[int, bool]] | None:
    """Return those (fix, is live) that would change something; None if there are no such fixes."""
    fixes = {
        fix.id: fix for fix in stored_fixes.load_by_ids(connection, [one for one, _ in wanted])
    }
    if not fixes:
        return None
    for fix in fixes.values():
        check_may_revert(actor, fix)
    return [(one, live) for one, live in wanted if fixes[one].is_live is not live]


def _turnable_carries(
    connection: sa.Connection, actor: Actor, wanted: Sequence[tuple[int, bool]]
) -> list[tuple[int, bool]] | None:
    """Return those (carry, is live) that would change something; None if there are none."""
    found = {
        carry.id: carry
        for carry in stored_carries.load_by_ids(connection, [one for one, _ in wanted])
    }
    if not found:
        return None
    for carry in found.values():
        check_may_fix(actor, carry.advertiser, everywhere=False)
    return [(one, live) for one, live in wanted if found[one].is_live is not live]


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


def locate(connection: sa.Connection, advertiser: str, urls: Sequence[str]) -> list[LocatedImage]:
    """Return images of an advertiser's latest sitemap, each picture once.

    Raises:
        NotFoundError: a URL is not in it.
    """
    scrape = inventory.find_latest(connection, advertiser)
    if scrape is None:
        raise NotFoundError(f"There is no scrape of {advertiser!r}.")
    keys = {make_url_key(url): url for url in urls}
    found = inventory.locate_images(connection, scrape.id, list(keys))
    missing = [url for key, url in keys.items() if key not in {one.image.url_key for one in found}]
    if missing:
        raise NotFoundError(
            f"{missing[0]} is not in the sitemap of {advertiser!r}. Take the URL from "
            f"`forecourt export --advertiser {advertiser} --format csv`."
        )
    # One picture may stand in several places; a fix is of the picture.
    unique = {(one.image.image_id or one.image.url_key): one for one in reversed(found)}
    return list(reversed(unique.values()))


def _fields(change: Change, shown: Resolved) -> list[tuple[FixField, str | None, str | None]]:
    fields: list[tuple[FixField, str | None, str | None]] = []
    if change.image_type is not None:
        fields.append((FixField.IMAGE_TYPE, shown.image_type.value, change.image_type))
    if change.sets_color:
        fields.append((FixField.COLOR, shown.color.value, change.color))
    return fields


def _done(connection: sa.Connection, act_id: int) -> Done:
    touched = [one for one, _live in stored_fixes.load_act_states(connection, act_id)]
    return Done(act_id=act_id, fixes=tuple(stored_fixes.load_by_ids(connection, touched)))
