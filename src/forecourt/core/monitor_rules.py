"""When a figure of the monitor calls for people, and when a model should be trained anew. Pure.

    M1  fix_rate_rose          people correct more than before the period
    M2  many_fixed             people corrected many of the images that are shown
    M3  many_flips             the new model decides otherwise than its predecessor
    M4  class_shares_moved     answers are shared out over the classes in another way
    M5  confidence_fell        the model is less sure than before
    M6  abstentions_rose       the model asks for a person more often than before
    M7  unlike_training        the images look like few training pictures
    M8  retrain_suggested      of all advertisers together: one of the reasons below

    N1  enough_fixes           enough answers were corrected since the release to learn from
    N2  fix_rate               M1 or M2 of all together
    N3  drift                  M4, M5 or M6 of all together, and no release in the period
    N4  new_pictures           M7 of several advertisers, or of all together

M4 to M6 wait until the champion has answered most of an inventory.

A thousand advertisers are looked at every night. So every rule asks for a difference that matters
(the numbers below) and goes by the end of a 99.9 % interval that speaks against it: a small
inventory has to show much, and chance alarms for about none of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from forecourt.core.fixes import FixField
from forecourt.core.metrics import Z999, gap, share
from forecourt.core.monitor import Answers, Figures, Period, add_up
from forecourt.core.shift import Shift, measure_shift

FEWEST_FIXED = 10  # M1, M2: fewer are a few slips
RISE = 1.5  # M1: times the rate before
FIXED_SHARE = 0.05  # M2: of the images shown; models err on a few %
FEWEST_COMPARED = 100  # M3, M5 to M7: images
FLIPPED_SHARE = 0.10  # M3: a good successor changes a few %
CONFIDENCE_FALL = 0.05  # M5
REVIEW_RISE = 0.05  # M6
STRANGE_SHARE = 0.25  # M7: of pictures like those of training it is 0.05 (`core.looks`)
ENOUGH_FIXES = 300  # N1: what an afternoon of fixing brings
SEVERAL = 3  # N4: advertisers
_FIELD_WORDS = {FixField.IMAGE_TYPE: "image type", FixField.COLOR: "colour"}


class Rule(StrEnum):
    """The rules, in their order."""

    FIX_RATE_ROSE = "fix_rate_rose"
    MANY_FIXED = "many_fixed"
    MANY_FLIPS = "many_flips"
    CLASS_SHARES_MOVED = "class_shares_moved"
    CONFIDENCE_FELL = "confidence_fell"
    ABSTENTIONS_ROSE = "abstentions_rose"
    UNLIKE_TRAINING = "unlike_training"
    RETRAIN_SUGGESTED = "retrain_suggested"


class Reason(StrEnum):
    """Why a model should be trained anew."""

    ENOUGH_FIXES = "enough_fixes"
    FIX_RATE = "fix_rate"
    DRIFT = "drift"
    NEW_PICTURES = "new_pictures"


ADVICE: dict[Rule, str] = {
    Rule.FIX_RATE_ROSE: (
        "Look through the fixes: `forecourt misclassified`. Where they began with a release, roll "
        "back: `forecourt models rollback`."
    ),
    Rule.MANY_FIXED: (
        "See what is wrong (`forecourt misclassified`), and train anew with these fixes."
    ),
    Rule.MANY_FLIPS: (
        "Look at what changed: `forecourt models plan` lists it. Roll back if it is worse."
    ),
    Rule.CLASS_SHARES_MOVED: (
        "Look at the sitemap: a new photographer, a stand-in picture for all vehicles, or a model "
        "that does not know these pictures."
    ),
    Rule.CONFIDENCE_FELL: "Look at images marked for review: the pictures may be of a new kind.",
    Rule.ABSTENTIONS_ROSE: "Work through the review queue, and train anew with what is fixed.",
    Rule.UNLIKE_TRAINING: (
        "Check a sample of these images by hand, and fix what is wrong: the fixes teach the next "
        "model."
    ),
    Rule.RETRAIN_SUGGESTED: "Build a dataset version and train candidates: docs/candidates.md.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that speaks, and what was seen, with its numbers."""

    rule: Rule
    seen: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One reason to train anew, in words."""

    reason: Reason
    seen: str


def judge(figures: Figures, period: Period) -> tuple[Finding, ...]:
    """Return which of M1 to M7 speak for one advertiser."""
    compared = figures if figures.is_answered else Figures()
    return _judge(figures, compared, compared, period)


def judge_all(many: Sequence[Figures], period: Period) -> tuple[Finding, ...]:
    """Return which of M1 to M7 speak for all advertisers together.

    M4 to M6 compare now with before: only of advertisers of whom both are known.
    """
    answered = [one for one in many if one.is_answered]
    return _judge(
        add_up(many),
        add_up(one for one in answered if one.before is not None),
        add_up(one for one in answered if one.classes_before),
        period,
    )


def suggest_retraining(
    findings: Sequence[Finding], *, period: Period, corrected: int, unlike: int
) -> tuple[Suggestion, ...]:
    """Return the reasons to train a model anew (N1 to N4); none: there is no need.

    Args:
        findings: Of all advertisers together.
        period: What was looked at.
        corrected: Images whose answer of the champion was overruled since its release.
        unlike: Advertisers for whom M7 speaks.
    """
    by_rule = {one.rule: one for one in findings}
    found = []
    if corrected >= ENOUGH_FIXES:
        seen = f"{corrected:,} images were corrected since the champion's release."
        found.append(Suggestion(Reason.ENOUGH_FIXES, seen))
    reasons = {Rule.FIX_RATE_ROSE: Reason.FIX_RATE, Rule.MANY_FIXED: Reason.FIX_RATE}
    if not period.has_release:  # else it is the release that people should look at
        drifts = (Rule.CLASS_SHARES_MOVED, Rule.CONFIDENCE_FELL, Rule.ABSTENTIONS_ROSE)
        reasons |= dict.fromkeys(drifts, Reason.DRIFT)
    reasons[Rule.UNLIKE_TRAINING] = Reason.NEW_PICTURES
    found += [
        Suggestion(reason, by_rule[rule].seen)
        for rule, reason in reasons.items()
        if rule in by_rule
    ]
    if unlike >= SEVERAL:
        seen = f"The images of {unlike:,} advertisers look like few training pictures."
        found.append(Suggestion(Reason.NEW_PICTURES, seen))
    return tuple(found)


def shift_of(figures: Figures, name: FixField) -> Shift | None:
    """Return how the shares of a field's classes moved, or None where nobody can say."""
    return measure_shift(figures.classes_before.get(name, {}), figures.classes.get(name, {}))


def rate_ratio_low(figures: Figures) -> float:
    """Return the lower end of the fix rate's ratio to the one before; NaN where there is none.

    Of all fixed images, those of the period are a binomial share when both rates are the same
    (J. Przyborowski and H. Wilenski, Biometrika 31, 1940), whatever the lengths of the two times.
    """
    if not (figures.exposure > 0 and figures.exposure_before > 0):
        return math.nan
    of_period = share(
        figures.fixed.images, figures.fixed.images + figures.fixed_before.images, z=Z999
    )
    if not of_period.low < 1:  # nothing was fixed: NaN
        return math.nan
    return of_period.low / (1 - of_period.low) * figures.exposure_before / figures.exposure


def _judge(
    whole: Figures, with_before: Figures, with_classes: Figures, period: Period
) -> tuple[Finding, ...]:
    found = [
        _fix_rate_rose(whole),
        _many_fixed(whole, period),
        _many_flips(whole, period),
        _class_shares_moved(with_classes),
        _confidence_fell(with_before),
        _abstentions_rose(with_before),
        _unlike_training(whole),
    ]
    return tuple(one for one in found if one is not None)


def _fix_rate_rose(figures: Figures) -> Finding | None:  # M1
    if figures.fixed.images < FEWEST_FIXED or not rate_ratio_low(figures) > RISE:
        return None
    return Finding(
        Rule.FIX_RATE_ROSE,
        f"{figures.fix_rate:.1f} fixed images for each 1,000 images and week, after "
        f"{figures.fix_rate_before:.1f} before.",
    )


def _many_fixed(figures: Figures, period: Period) -> Finding | None:  # M2
    found = figures.fixed_share(z=Z999)
    if figures.fixed.images < FEWEST_FIXED or not found.low > FIXED_SHARE:
        return None
    days = max(1, round((period.until - period.since).total_seconds() / 86_400))
    return Finding(
        Rule.MANY_FIXED,
        f"{found.right:,} of {found.n:,} images ({found.value:.0%}) were corrected in "
        f"{'1 day' if days == 1 else f'{days} days'}.",
    )


def _many_flips(figures: Figures, period: Period) -> Finding | None:  # M3
    found = share(figures.flips.images, figures.compared, z=Z999)
    if not period.has_release or found.n < FEWEST_COMPARED or not found.low > FLIPPED_SHARE:
        return None
    return Finding(
        Rule.MANY_FLIPS,
        f"{period.model_version} decides otherwise than {period.previous_version} on "
        f"{found.right:,} of {found.n:,} images ({found.value:.0%}): type "
        f"{figures.flips.image_type:,}, colour {figures.flips.color:,}.",
    )


def _class_shares_moved(figures: Figures) -> Finding | None:  # M4
    told = []
    for name in FixField:
        shift = shift_of(figures, name)
        if shift is not None and shift.is_news:
            told.append(
                f"By {_FIELD_WORDS[name]}, {shift.value or 'no colour'} is {shift.after:.0%}, "
                f"after {shift.before:.0%} before (PSI {shift.psi:.2f})."
            )
    return Finding(Rule.CLASS_SHARES_MOVED, " ".join(told)) if told else None


def _confidence_fell(figures: Figures) -> Finding | None:  # M5
    if figures.before is None or not _is_comparable(figures.now, figures.before):
        return None
    told = []
    for name in FixField:
        now, before = figures.now.confidence(name), figures.before.confidence(name)
        spread = Z999 * math.sqrt(now.variance / now.n + before.variance / before.n)
        if now.value - before.value + spread < -CONFIDENCE_FALL:
            told.append(
                f"The mean confidence in the {_FIELD_WORDS[name]} is {now.value:.2f}, after "
                f"{before.value:.2f} before."
            )
    return Finding(Rule.CONFIDENCE_FELL, " ".join(told)) if told else None


def _abstentions_rose(figures: Figures) -> Finding | None:  # M6
    if figures.before is None or not _is_comparable(figures.now, figures.before):
        return None
    now = share(figures.now.reviews, figures.now.images, z=Z999)
    before = share(figures.before.reviews, figures.before.images, z=Z999)
    if not gap(now, before).low > REVIEW_RISE:
        return None
    return Finding(
        Rule.ABSTENTIONS_ROSE,
        f"The model is not sure of {now.value:.0%} of {now.n:,} images, after {before.value:.0%} "
        "before.",
    )


def _unlike_training(figures: Figures) -> Finding | None:  # M7
    found = share(figures.strange, figures.looked_at, z=Z999)
    if found.n < FEWEST_COMPARED or not found.low > STRANGE_SHARE:
        return None
    return Finding(
        Rule.UNLIKE_TRAINING,
        f"{found.right:,} of {found.n:,} images ({found.value:.0%}) look like few training "
        "pictures; 5% would be usual.",
    )


def _is_comparable(now: Answers, before: Answers) -> bool:
    return min(now.images, before.images) >= FEWEST_COMPARED
