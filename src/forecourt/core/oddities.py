"""Known weird results: when a figure is odd, and what to do about it. Pure.

    O1  skipped_run             many images of one host, or for one reason, could not be had
    O2  class_shares            the model's answers are suddenly shared out in another way
                                (`core.shift`)
    O3  placeholder_fix         an advertiser says Placeholder where the model saw a vehicle
    O4  placeholder_with_color  an imported history says Placeholder and a colour
    O5  legacy_no_color         an imported history has the older system's "N/A"
    O6  fixes_on_host           people correct many images of one host
    O7  host_lost_trust         a host's headers lied or churned
    O8  criteria_differ         an advertiser and staff read the image types differently
    O9  advertisers_disagree    advertisers read the same images differently

Shares are judged by the lower end of their 95 % interval (`core.metrics.share`), so that two
skipped images of three do not cry wolf and 150 of 1,000 do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forecourt.core.fixes import ActSource, FixField
from forecourt.core.judged import JudgedFix, find_word
from forecourt.core.labels import ImageType
from forecourt.core.metrics import share
from forecourt.core.records import Role

# O1. Fewer are no run; more than a tenth is no everyday loss (dead links of a feed are a few %).
FEWEST_SKIPPED, SKIPPED_SHARE = 3, 0.10
# O6. A shared fault of the pictures, not a few slips of the model (which errs on a few %).
FEWEST_FIXED, FIXED_SHARE = 10, 0.05
# O8. One image is a matter of taste, three are a criterion.
FEWEST_CRITERIA = 3
_NOT_AVAILABLE = frozenset({"n/a", "na", "#n/a", "n.a."})


class OddityKind(StrEnum):
    """The rules, in their order."""

    SKIPPED_RUN = "skipped_run"
    CLASS_SHARES = "class_shares"
    PLACEHOLDER_FIX = "placeholder_fix"
    PLACEHOLDER_WITH_COLOR = "placeholder_with_color"
    LEGACY_NO_COLOR = "legacy_no_color"
    FIXES_ON_HOST = "fixes_on_host"
    HOST_LOST_TRUST = "host_lost_trust"
    CRITERIA_DIFFER = "criteria_differ"
    ADVERTISERS_DISAGREE = "advertisers_disagree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One image that shows the oddity.

    Attributes:
        image_id: None where nothing was ever seen under the URL.
        fix_id: The fix that is odd, where it is one.
    """

    advertiser: str
    vehicle_id: str | None
    url: str
    image_id: int | None = None
    fix_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """One weird result.

    Attributes:
        advertiser: Whose; None where it concerns a host alone.
        host: Whose images; None where they are of any host.
        count: How many images, or imported fixes, are odd.
        of: Out of how many; None where that says nothing.
        seen: What was seen, with its numbers.
    """

    kind: OddityKind
    advertiser: str | None
    host: str | None
    count: int
    of: int | None
    seen: str
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One fixed image that speaks for an oddity.

    Attributes:
        other: For O9 another advertiser, who disagrees; else "".
        is_doubtful: For O5: the image shows a vehicle, so "no colour" may be wrong.
    """

    kind: OddityKind
    fix: JudgedFix
    other: str = ""
    is_doubtful: bool = False


def is_run(skipped: int, of: int) -> bool:
    """O1: whether so many of so many images are more than everyday losses."""
    return skipped >= FEWEST_SKIPPED and share(skipped, of).low > SKIPPED_SHARE


def is_much_fixed(fixed: int, of: int) -> bool:
    """O6: whether so many of a host's images are more than a few slips."""
    return fixed >= FEWEST_FIXED and share(fixed, max(fixed, of)).low > FIXED_SHARE


def judge_fixes(fixes: Sequence[JudgedFix]) -> Iterator[Sighting]:
    """Yield what the fixes of one image speak for: O3 to O5, O8 and O9.

    Args:
        fixes: All fixes of the image, oldest first, reverted ones too.
    """
    everywhere = [fix for fix in fixes if fix.everywhere]
    words: dict[str, JudgedFix] = {}
    for advertiser in sorted({fix.advertiser for fix in fixes}):
        own = [fix for fix in fixes if fix.advertiser == advertiser and not fix.everywhere]
        word = find_word(own, FixField.IMAGE_TYPE)
        if word is not None:
            words[advertiser] = word
            yield from _judge_type(word, own, everywhere)
        yield from _judge_imported(own, word)
    yield from _judge_between(words)


def _judge_type(
    word: JudgedFix, own: Sequence[JudgedFix], everywhere: Sequence[JudgedFix]
) -> Iterator[Sighting]:
    is_advertisers = word.role is Role.ADVERTISER
    saw_vehicle = word.champion_type not in {None, ImageType.PLACEHOLDER}
    if is_advertisers and word.value == ImageType.PLACEHOLDER and saw_vehicle:  # O3
        yield Sighting(kind=OddityKind.PLACEHOLDER_FIX, fix=word)
    of_staff = [fix for fix in (*own, *everywhere) if fix.role is not Role.ADVERTISER]
    staffs = find_word(of_staff, FixField.IMAGE_TYPE)
    if is_advertisers and staffs is not None and staffs.value != word.value:  # O8
        yield Sighting(kind=OddityKind.CRITERIA_DIFFER, fix=word)


def _judge_imported(own: Sequence[JudgedFix], type_word: JudgedFix | None) -> Iterator[Sighting]:
    color = find_word(own, FixField.COLOR)
    if color is None or color.source is not ActSource.IMPORT:
        return
    is_placeholder = type_word is not None and type_word.value == ImageType.PLACEHOLDER
    if color.value is not None and is_placeholder:  # O4
        yield Sighting(kind=OddityKind.PLACEHOLDER_WITH_COLOR, fix=color)
    if (color.given or "").lower() in _NOT_AVAILABLE:  # O5
        shown = type_word.value if type_word is not None else color.champion_type
        is_doubtful = shown not in {None, ImageType.PLACEHOLDER}
        yield Sighting(kind=OddityKind.LEGACY_NO_COLOR, fix=color, is_doubtful=is_doubtful)


def _judge_between(words: Mapping[str, JudgedFix]) -> Iterator[Sighting]:
    for word in words.values():
        other = next((one for one in words.values() if one.value != word.value), None)
        if other is not None:  # O9
            yield Sighting(kind=OddityKind.ADVERTISERS_DISAGREE, fix=word, other=other.advertiser)


WHY: dict[OddityKind, str] = {
    OddityKind.SKIPPED_RUN: (
        "Images without an answer are shown as Placeholder, although nobody has seen them."
    ),
    OddityKind.CLASS_SHARES: (
        "Inventories change slowly. A jump mostly means that the pictures changed (a new "
        "photographer, a stand-in picture for all), or that the model does not know their kind."
    ),
    OddityKind.PLACEHOLDER_FIX: (
        "The vehicle is not shown in advertising although there is a picture of it."
    ),
    OddityKind.PLACEHOLDER_WITH_COLOR: (
        "A Placeholder has no colour: one of the two was a slip in the older system. Both are "
        "kept; the sitemap shows no colour."
    ),
    OddityKind.LEGACY_NO_COLOR: (
        'Older systems wrote "N/A" for the colour of a Placeholder, and where they had no answer. '
        "Here it is a fix that says: no colour."
    ),
    OddityKind.FIXES_ON_HOST: (
        "So many corrections in one place are no slips: the model does not know this kind of "
        "picture, or people's criteria differ from it."
    ),
    OddityKind.HOST_LOST_TRUST: (
        "Its images are downloaded at every scrape. Fixes hold all the same: they go by the bytes."
    ),
    OddityKind.CRITERIA_DIFFER: (
        "Both cannot be trained on. The sitemap shows what the advertiser says: they have the "
        "last word."
    ),
    OddityKind.ADVERTISERS_DISAGREE: (
        "They share images. Each sees its own; such images must not be trained on."
    ),
}

ADVICE: dict[OddityKind, str] = {
    OddityKind.SKIPPED_RUN: (
        "Open an example in a browser. If it shows, tag the feed again; if that does not help, see "
        "docs/operations.md, When images are skipped. If it does not, tell the advertiser."
    ),
    OddityKind.CLASS_SHARES: (
        "Look at the advertiser's newest images. If the tags are right, do nothing; if not, fix "
        "some, and have the model trained on them; if the model was changed, compare it with the "
        "earlier one (docs/operations.md, Another model)."
    ),
    OddityKind.PLACEHOLDER_FIX: (
        "Look at the examples. Retag those that are obviously wrong (forecourt revert), or leave "
        "them: the advertiser has the last word."
    ),
    OddityKind.PLACEHOLDER_WITH_COLOR: (
        "Look at the examples. Where a vehicle is shown, fix the type; the colour then holds. Else "
        "leave it."
    ),
    OddityKind.LEGACY_NO_COLOR: (
        "On Placeholders leave them. On images of vehicles revert them: the model's colour shows "
        "then."
    ),
    OddityKind.FIXES_ON_HOST: (
        "Look at the host's images together. Fix the rest in one act, and keep them for the next "
        "training."
    ),
    OddityKind.HOST_LOST_TRUST: (
        "Tell the host's operator what was seen. Once it is mended: forecourt hosts --reset HOST."
    ),
    OddityKind.CRITERIA_DIFFER: (
        "Agree with the advertiser on what counts as what. Staff should fix obvious errors only."
    ),
    OddityKind.ADVERTISERS_DISAGREE: (
        "See forecourt conflicts. Leave each its own, or settle it with a fix for everyone where "
        "one of them is plainly wrong."
    ),
}
