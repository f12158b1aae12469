"""Where people disagree on an image, and what staff make of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from forecourt.core.conflicts import (
    Conflict,
    ConflictStatus,
    Ruled,
    Ruling,
    check_may_rule,
    disagree,
)
from forecourt.core.errors import NotFoundError, StateError, UsageError
from forecourt.core.fixes import ActKind, Fix, FixField, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.identity.urls import make_url_key
from forecourt.review.fixing import Done, load_done
from forecourt.store import conflicts as stored_conflicts
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images


def list_conflicts(
    connection: sa.Connection,
    *,
    with_ruled: bool = False,
    after: tuple[int, FixField] | None = None,
    limit: int | None = None,
) -> list[Conflict]:
    """Return where an advertiser and another, or staff, disagree on an image, by its number.

    Args:
        connection: A connection.
        with_ruled: Also what staff have ruled on; else what waits for them.
        after: The image and field that the page before ended with; None: the first page.
        limit: Conflicts at most; None: all.
    """
    # The last image of a page may have another field in conflict.
    found = stored_conflicts.iter_conflicts(
        connection, with_ruled=with_ruled, after=after[0] - 1 if after else 0
    )
    fresh = (one for one in found if after is None or (one.image_id, one.field) > after)
    return list(islice(fresh, limit))


def find_open(connection: sa.Connection, image_ids: Collection[int]) -> list[Conflict]:
    """Return the disagreements on some images that wait for staff."""
    several = stored_conflicts.find_of_several(connection, image_ids) if image_ids else set()
    if not several:
        return []
    found = stored_conflicts.load_conflicts(connection, several)
    return [one for one in found if one.status is ConflictStatus.OPEN]


def resolve_conflict(
    connection: sa.Connection,
    act: NewAct,
    *,
    image_id: int,
    field: FixField,
    ruling: Ruling,
    value: ImageType | Color | None = None,
    version: str | None = None,
) -> Done:
    """Rule on a disagreement. Reverting the act brings back what was.

    Args:
        connection: A writing connection; the caller commits.
        act: Who rules, when, where and why; staff only.
        image_id: On which image.
        field: On which field of it.
        ruling: "Everyone" puts the fixes of the field out of force and makes one for everyone.
            "Keep both" holds until a party says something else, "ambiguous" until another ruling;
            an image may be called ambiguous before anybody disagrees on it.
        value: What it is for everyone; None: no colour.
        version: Of the conflict that the actor looked at; None: whatever it is by now.

    Raises:
        NotFoundError: there is no such image.
        ForbiddenError: the actor may not rule.
        StateError: nobody disagrees, the same ruling is in force, or the version is another.
        UsageError: the value is none of the field.
    """
    check_may_rule(act.actor)
    if not stored_conflicts.has_image(connection, image_id):
        raise NotFoundError(f"There is no image {image_id}. `forecourt conflicts` lists them.")
    found = {one.field: one for one in stored_conflicts.load_conflicts(connection, [image_id])}
    conflict = found.get(field)
    _check_version(conflict, version)
    _check_ruling(conflict, ruling)
    positions = conflict.positions if conflict else ()
    act_id = stored_fixes.add_act(connection, act, ActKind.RULING)
    stored_conflicts.add_ruling(
        connection,
        act_id,
        image_id=image_id,
        field=field,
        ruling=ruling,
        positions=[fix.id for fix in positions],
    )
    if ruling is Ruling.EVERYONE and conflict is not None:
        _fix_for_everyone(connection, act_id, conflict, _check_value(field, value))
    return load_done(connection, act_id)


def rulings(
    connection: sa.Connection,
    *,
    advertiser: str,
    url: str | None = None,
    until: datetime | None = None,
) -> list[Ruled]:
    """Return the rulings on images that were fixed in, or for, an advertiser's sitemap.

    Args:
        connection: A connection.
        advertiser: Whose.
        url: Only on the image that was last seen under this URL.
        until: Only what was ruled until then, and live as it was then.
    """
    image_id = None
    if url is not None:
        image_id = stored_images.find_by_url(connection, make_url_key(url))
        if image_id is None:
            return []
    return stored_conflicts.load_rulings(
        connection, advertiser=advertiser, image_id=image_id, until=until
    )


def _check_version(conflict: Conflict | None, version: str | None) -> None:
    if version is None or (conflict is not None and conflict.version == version):
        return
    ruled = conflict.standing if conflict else None
    what = (
        f"{ruled.by} has ruled on it"
        if ruled is not None
        else "somebody has fixed, reverted or ruled on it"
    )
    raise StateError(
        f"Since you looked {what}; nothing was changed. Look again before you rule: "
        "`forecourt conflicts --all`, or reload the page."
    )


def _check_ruling(conflict: Conflict | None, ruling: Ruling) -> None:
    if conflict is not None and conflict.status == ConflictStatus(ruling):
        raise StateError("That ruling is in force already.")
    if ruling is Ruling.AMBIGUOUS:
        return
    if conflict is None or not disagree(conflict.positions):
        raise StateError(
            "Nobody disagrees on that field of the image, so there is nothing to settle. To fix it "
            "for everyone: forecourt fix --everywhere."
        )


def _check_value(field: FixField, value: ImageType | Color | None) -> ImageType | Color | None:
    is_type = isinstance(value, ImageType)
    if is_type != (field is FixField.IMAGE_TYPE):
        raise UsageError(f"{value or 'none'} is no value of {field}.")
    return value


def _fix_for_everyone(
    connection: sa.Connection, act_id: int, conflict: Conflict, value: ImageType | Color | None
) -> None:
    """Put all live fixes of the field out of force, older ones too: none may come up from below."""
    live = [(fix.id, False) for fix in conflict.history if fix.is_live]
    stored_fixes.set_live(connection, act_id, live)
    shown = max(conflict.positions, key=_is_shown)
    stored_fixes.add_fixes(
        connection,
        act_id,
        [
            {
                "advertiser": shown.advertiser,
                "everywhere": True,
                "image_id": conflict.image_id,
                "url": shown.url,
                "url_key": shown.url_key,
                "vehicle_id": shown.vehicle_id,
                "vin": shown.vin,
                "field": conflict.field,
                "value_from": shown.value,
                "value": value,
                "model_version": shown.model_version,
            }
        ],
    )


def _is_shown(fix: Fix) -> tuple[bool, bool, int]:
    """Order positions so that the last is one which its advertiser's sitemap really shows."""
    return (fix.role is Role.ADVERTISER, not fix.everywhere, fix.id)
