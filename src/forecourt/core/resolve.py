"""Which value the sitemap shows for an image, and why: the precedence, as pure functions.

Field by field, the first of these that has a value wins:

    R1  the advertiser's own fix
    R2  staff's fix for this advertiser
    R3  staff's fix for everyone
    R4  (colour only) the colour configured in the scrape, where it maps to one of the twelve
    R5  the champion's decision
    R6  the latest earlier model's decision, marked `stale_model`
    R7  the default: Placeholder, no colour; also the colour where a fix of the type overrules a
        model that saw a Placeholder, and so decided on none

Within R1-R3 a direct fix beats a carried one, and the latest wins. R0 stands above all for colour:
a Placeholder has none. Without a type of R1-R6 an image is `skipped`, with its reason: shown as a
Placeholder, so without a colour, whatever is known of its colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from forecourt.core.labels import Color, ImageType
from forecourt.core.paint import map_paint
from forecourt.core.records import Decision, Role, Source, Tag
from forecourt.core.skips import SkipReason

T = TypeVar("T")

STALE_MODEL = "stale_model"
RECHECK_FAILED = "recheck_failed"
NO_PREDICTION = "no_prediction"
PLACEHOLDER_HAS_NO_COLOR = "placeholder_has_no_color"
MODEL_SAW_PLACEHOLDER = "model_saw_placeholder"
SCRAPE_COLOR = "scrape_color"
SCRAPE_COLOR_UNMAPPED = "scrape_color_unmapped"
_MARKS = frozenset({STALE_MODEL, PLACEHOLDER_HAS_NO_COLOR, SCRAPE_COLOR_UNMAPPED})


class Status(StrEnum):
    """Whether an image has an answer."""

    TAGGED = "tagged"
    SKIPPED = "skipped"


def rank_of(role: Role, *, everywhere: bool) -> int:
    """Return a fix's precedence, 1 (strongest) to 3: the numbers of rules R1-R3."""
    if everywhere:
        return 3
    return 1 if role is Role.ADVERTISER else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedValue(Generic[T]):
    """One field of one live fix, as it applies to an image of an advertiser.

    Attributes:
        everywhere: Staff's fix for every advertiser; else it is for this advertiser only.
        carried_from: What it was carried from (a URL or key) where the fix was made on another
            stored image that shows the same picture; None for a fix of this very image.
    """

    value: T
    role: Role
    by: str
    at: datetime
    everywhere: bool = False
    carried_from: str | None = None

    @property
    def rank(self) -> int:
        """See `rank_of`."""
        return rank_of(self.role, everywhere=self.everywhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one image of one vehicle.

    Attributes:
        decision: The champion's decision, or else the latest earlier model's.
        is_stale: Whether `decision` is an earlier model's.
        skip_reason: Why the latest attempt failed, or None.
        scrape_color: The colour configured in the scrape, in the advertiser's words.
    """

    decision: Decision | None = None
    is_stale: bool = False
    skip_reason: SkipReason | None = None
    scrape_color: str | None = None
    type_fixes: Sequence[FixedValue[ImageType]] = ()
    color_fixes: Sequence[FixedValue[Color | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the sitemap shows for one image."""

    status: Status
    skip_reason: SkipReason | None
    image_type: Tag[ImageType]
    color: Tag[Color | None]
    review: bool


def resolve(evidence: Evidence) -> Resolved:
    """Apply rules R0-R7 to what is known of one image. Never raises."""
    image_type = _resolve_type(evidence)
    if image_type is None:
        return _resolve_untagged(evidence.skip_reason or SkipReason.PENDING)
    color = _resolve_color(evidence, image_type)
    if evidence.skip_reason is not None and evidence.decision is not None:
        image_type, color = _mark_recheck_failed(image_type), _mark_recheck_failed(color)
    # Whoever fixed the one field has seen the picture, and let the other stand.
    was_seen_by_person = bool(evidence.type_fixes or evidence.color_fixes)
    return Resolved(
        status=Status.TAGGED,
        skip_reason=None,
        image_type=image_type,
        color=color,
        review=bool(evidence.decision and evidence.decision.review and not was_seen_by_person),
    )


def strongest_fix(fixes: Sequence[FixedValue[T]]) -> FixedValue[T] | None:
    """Return the fix that wins by rank, then directness, then time; None without fixes.

    Of two made in the same moment the later one in `fixes` wins: give them as they were stored.
    """
    if not fixes:
        return None
    in_time = sorted(fixes, key=lambda fix: fix.at)
    return max(in_time[::-1], key=lambda fix: (-fix.rank, fix.carried_from is None))


def _resolve_untagged(reason: SkipReason) -> Resolved:
    return Resolved(
        status=Status.SKIPPED,
        skip_reason=reason,
        image_type=Tag(
            value=ImageType.PLACEHOLDER, source=Source.DEFAULT, confidence=None, reason=reason
        ),
        color=Tag(value=None, source=Source.DEFAULT, confidence=None, reason=reason),
        review=False,
    )


def _resolve_type(evidence: Evidence) -> Tag[ImageType] | None:
    fix = strongest_fix(evidence.type_fixes)
    if fix is not None:
        return _tag_of_fix(fix)
    decision = evidence.decision
    if decision is None:
        return None
    return Tag(
        value=decision.image_type,
        source=Source.MODEL,
        confidence=decision.image_type_confidence,
        reason=STALE_MODEL if evidence.is_stale else decision.image_type_reason,
    )


def _resolve_color(evidence: Evidence, image_type: Tag[ImageType]) -> Tag[Color | None]:
    if image_type.value is ImageType.PLACEHOLDER:  # R0
        return Tag(
            value=None,
            source=image_type.source,
            confidence=image_type.confidence,
            reason=PLACEHOLDER_HAS_NO_COLOR,
        )
    fix = strongest_fix(evidence.color_fixes)
    if fix is not None:
        return _tag_of_fix(fix)
    scrape_color = (evidence.scrape_color or "").strip()
    mapped = map_paint(scrape_color)
    if mapped is not None:  # R4
        return Tag(value=mapped, source=Source.SCRAPE, confidence=None, reason=SCRAPE_COLOR)
    decision = evidence.decision
    if decision is None:  # R7
        return Tag(value=None, source=Source.DEFAULT, confidence=None, reason=NO_PREDICTION)
    if decision.image_type is ImageType.PLACEHOLDER:  # overruled by a fix: it judged no paint
        return Tag(value=None, source=Source.DEFAULT, confidence=None, reason=MODEL_SAW_PLACEHOLDER)
    marks = [STALE_MODEL] * evidence.is_stale + [SCRAPE_COLOR_UNMAPPED] * bool(scrape_color)
    return Tag(
        value=decision.color,
        source=Source.MODEL,
        confidence=decision.color_confidence,
        reason="; ".join(marks) or decision.color_reason,
    )


def _tag_of_fix(fix: FixedValue[T]) -> Tag[T]:
    who = "the advertiser" if fix.role is Role.ADVERTISER else "staff"
    reach = " for every advertiser" if fix.everywhere else ""
    carried = f", carried from {fix.carried_from}" if fix.carried_from else ""
    return Tag(
        value=fix.value,
        source=Source.FIX,
        confidence=None,
        reason=f"fixed by {who} ({fix.by}) on {fix.at:%Y-%m-%d}{reach}{carried}",
        carried_from=fix.carried_from,
    )


def _mark_recheck_failed(tag: Tag[T]) -> Tag[T]:
    """A known image that cannot be re-checked today keeps its tags, and says so.

    Only the name of the model's own rule gives way; what else a reason says is still true.
    """
    is_rule_of_model = tag.source is Source.MODEL and not _MARKS.intersection(
        tag.reason.split("; ")
    )
    reason = RECHECK_FAILED if is_rule_of_model else f"{tag.reason}; {RECHECK_FAILED}"
    return replace(tag, reason=reason)
