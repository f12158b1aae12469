"""Manual fixes: what a person changed, and who may. Pure.

Fixes are append-only. An act is what one person did in one go; it holds any number of fixes, and is
reverted as a whole or fix by fix. A revert is an act too, and can be reverted itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from forecourt.core.errors import ForbiddenError, UsageError
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type
from forecourt.core.records import Role
from forecourt.core.resolve import FixedValue

T = TypeVar("T")


class FixField(StrEnum):
    """What of an image a fix changes."""

    IMAGE_TYPE = "image_type"
    COLOR = "color"


class ActKind(StrEnum):
    """What a person did."""

    FIX = "fix"
    REVERT = "revert"
    RULING = "ruling"  # on a disagreement, by staff
    REFUSE = "refuse"  # what was carried from another picture does not hold for this one


class ActSource(StrEnum):
    """Where a person did it."""

    PANEL = "panel"
    API = "api"
    CLI = "cli"
    IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `advertiser` is whose inventory an actor of that role may change, and no other."""

    name: str
    role: Role
    advertiser: str | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UsageError("Say who makes the fix: a name that others will recognise.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAct:
    """What somebody is about to do: who, when, where and why."""

    actor: Actor
    at: datetime
    source: ActSource
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One field of one image, changed by one person.

    Attributes:
        advertiser: In whose sitemap it was made, and for whom it holds unless `everywhere`.
        image_id: None where nothing was ever seen under the URL; the fix then holds for the URL.
        vehicle_id: On which vehicle it was made, and `vin` what it then was.
        value: Spelled as in `core.labels`; None: no colour.
        value_from: What the sitemap showed before.
        model_version: Whose answer was shown or overruled before; None where no model had one.
        is_live: False once it is reverted.
    """

    id: int
    act_id: int
    at: datetime
    by: str
    role: Role
    source: ActSource
    note: str
    advertiser: str
    everywhere: bool
    image_id: int | None
    url: str
    url_key: str
    vehicle_id: str | None
    vin: str | None = None
    field: FixField
    value_from: str | None
    value: str | None
    model_version: str | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class HeldFix:
    """A fix that holds for an image: its own, or carried from the same picture encoded anew."""

    fix: Fix
    is_carried: bool = False

    @property
    def carried_from(self) -> str | None:
        """The URL of the picture that was fixed; None where it is this very image."""
        return self.fix.url if self.is_carried else None


def to_type_fixes(held: Iterable[HeldFix]) -> tuple[FixedValue[ImageType], ...]:
    """Return the live fixes of the image type, for `core.resolve`."""
    return _live_values(held, FixField.IMAGE_TYPE, lambda value: parse_image_type(value or ""))


def to_color_fixes(held: Iterable[HeldFix]) -> tuple[FixedValue[Color | None], ...]:
    """Return the live fixes of the colour, for `core.resolve`."""
    return _live_values(held, FixField.COLOR, parse_color)


def _live_values(
    held: Iterable[HeldFix], field: FixField, parse: Callable[[str | None], T]
) -> tuple[FixedValue[T], ...]:
    return tuple(
        FixedValue(
            value=parse(fix.value),
            role=fix.role,
            by=fix.by,
            at=fix.at,
            everywhere=fix.everywhere,
            carried_from=one.carried_from,
        )
        for one in held
        if (fix := one.fix).is_live and fix.field is field
    )


def check_may_fix(actor: Actor, advertiser: str, *, everywhere: bool) -> None:
    """Refuse what an actor may not do: advertisers change their own inventory only.

    Raises:
        ForbiddenError: the actor is an advertiser, and the sitemap another's, or the scope too
            wide.
    """
    if actor.role is not Role.ADVERTISER:
        return
    if actor.advertiser != advertiser:
        raise ForbiddenError(f"{actor.name} may change the inventory of {actor.advertiser} only.")
    if everywhere:
        raise ForbiddenError("Only staff may fix an image for every advertiser.")


def check_may_revert(actor: Actor, fix: Fix) -> None:
    """Refuse an advertiser who would revert what is not theirs; staff may revert anything.

    Raises:
        ForbiddenError: the fix is staff's, or another advertiser's.
    """
    if actor.role is Role.ADVERTISER and (
        fix.role is not Role.ADVERTISER or fix.advertiser != actor.advertiser
    ):
        raise ForbiddenError(f"Fix {fix.id} is not {actor.advertiser}'s; ask staff to revert it.")
