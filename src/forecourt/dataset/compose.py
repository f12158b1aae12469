"""A parent, what is offered and what people decided → the items of a version. Pure.

C1  of one picture, the latest word of a person counts; without one, the parent's label; then
what was offered first
C2  a picture that a person dropped stays out until one keeps or relabels it
C3  a picture that people disagree on stays out, whoever gave its label
C4  an item that came in for a fix goes when no fix of it holds any more
C5  of pictures that show the same, the first stays: those of the parent before new ones, testing
before training. A later one hands a person's word on to it; without such a word, new ones
that come with two labels stay out, both
C6  pictures of one group stand on the side of the first of them
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from forecourt.core.dataset import (
    Decision,
    Item,
    ItemSource,
    LeftOut,
    Omission,
    Sides,
    Split,
    Unit,
    Verdict,
)
from forecourt.core.labels import ImageType
from forecourt.dataset.offers import UNSAID, Label, Offer
from forecourt.dataset.sift import Picture
from forecourt.dataset.split import SHARES, Member, deal, sides_of, stratum_of, unit_of
from forecourt.dataset.twins import iter_earlier_twins

_BY_PERSON = (ItemSource.FIX, ItemSource.DECISION)
_SIDES_FIRST = (Split.TEST, Split.VALIDATION, Split.TRAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What fixes say of a picture now, and since when."""

    label: Label
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What people have said, as the store has it.

    Attributes:
        words: Of fixes, by picture; those that a parent's pictures need are among them.
        contested: Pictures on which people disagree.
        decisions: The latest on each picture.
        sides: That were given before.
    """

    words: Mapping[str, Word] = field(default_factory=dict)
    contested: Collection[str] = frozenset()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    sides: Sides = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """Items without their weights, what was left out, and all sides that are now given."""

    items: list[Item]
    omissions: list[Omission]
    sides: dict[tuple[Unit, str], Split]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A picture on its way into the version."""

    item: Item
    is_new: bool
    given: Split | None


def compose(
    name: str,
    parent: Sequence[Item],
    pictures: Iterable[Picture],
    knowledge: Knowledge,
    *,
    shares: Mapping[Split, float] = SHARES,
) -> Composed:
    """Return what version `name` holds (C1-C6 and the rules of `dataset.split`)."""
    omissions: list[Omission] = []
    merged, disputed = _merge(name, parent, pictures, omissions)
    entries = _apply_words(name, merged, disputed, knowledge, omissions)
    held = {**knowledge.sides, **sides_of(parent)}
    entries = _take_sides(entries, held, shares, omissions)
    entries = _drop_twins(entries, omissions)
    entries = _keep_groups_together(entries, omissions)
    items = [entry.item for entry in entries]
    # Units whose every picture was left out keep no side: nothing of them was used. But what was
    # given for testing is for testing, whyever it was left out.
    for_testing = {
        (Unit.PICTURE, key): Split.TEST
        for key, entry in merged.items()
        if entry.given is Split.TEST
    }
    return Composed(items=items, omissions=omissions, sides={**for_testing, **sides_of(items)})


def _merge(
    name: str, parent: Sequence[Item], pictures: Iterable[Picture], omissions: list[Omission]
) -> tuple[dict[str, _Entry], set[str]]:
    """Return entries by key, and the keys of new ones that were imported with two labels."""
    entries = {item.key: _Entry(item, is_new=False, given=None) for item in parent}
    disputed: set[str] = set()
    for picture in pictures:
        new = _Entry(_to_item(name, picture), is_new=True, given=picture.offer.split)
        entry = entries.setdefault(picture.key, new)
        if entry is new:
            continue
        if entry.is_new and _differ(entry.item, new.item) and not _is_said(entry, new):
            disputed.add(picture.key)
        if entry.item.is_thumbnail and not new.item.is_thumbnail:
            entry = replace(entry, item=_with_file_of(entry.item, new.item))
        if new.given is Split.TEST:
            entry = replace(entry, given=Split.TEST)
        entries[picture.key] = entry
        omissions.append(_leave_out(new.item, LeftOut.DUPLICATE, "the very same file"))
    return entries, disputed


def _is_said(*entries: _Entry) -> bool:
    """Whether a person said what one of the pictures is."""
    return any(entry.item.source in _BY_PERSON for entry in entries)


def _apply_words(
    name: str,
    entries: dict[str, _Entry],
    disputed: set[str],
    knowledge: Knowledge,
    omissions: list[Omission],
) -> list[_Entry]:
    kept = []
    for key, entry in entries.items():
        item = entry.item
        decision, word = knowledge.decisions.get(key), knowledge.words.get(key)
        if decision is not None and decision.opinion.verdict is Verdict.DROP:  # C2
            omissions.append(_leave_out(item, LeftOut.DROPPED, f"by {decision.by}"))
            continue
        if key in knowledge.contested:  # C3
            omissions.append(_leave_out(item, LeftOut.CONTESTED))
            continue
        if decision is not None and (word is None or decision.at >= word.at):  # C1
            item = decide(item, decision, name)
        elif word is not None:
            item = _relabel(item, _merge_label(item, word.label), ItemSource.FIX, name)
        elif item.source is ItemSource.FIX:  # C4
            omissions.append(_leave_out(item, LeftOut.FIX_REVERTED))
            continue
        elif key in disputed:
            omissions.append(_leave_out(item, LeftOut.LABELS_DIFFER, "the very same file"))
            continue
        kept.append(replace(entry, item=item))
    return kept


def _merge_label(item: Item, said: Label) -> Label:
    """Return what fixes say; what they leave unsaid stays as it was labelled."""
    if said.type_trust <= UNSAID and item.source is not ItemSource.FIX:
        said = replace(said, image_type=item.image_type, type_trust=item.type_trust)
        if said.image_type is ImageType.PLACEHOLDER:
            said = replace(said, color=None, paint=False)
    was_vehicle = item.image_type is not ImageType.PLACEHOLDER
    if said.paint is None and was_vehicle and item.source is not ItemSource.FIX:
        said = replace(said, color=item.color, paint=item.paint, color_trust=item.color_trust)
    return said


def decide(item: Item, decision: Decision, name: str) -> Item:
    """Return an item as a person's decision leaves it in version `name`.

    A relabelled type without a word on the colour keeps the colour, but for a placeholder.
    """
    opinion = decision.opinion
    image_type = opinion.image_type or item.image_type
    color, paint, color_trust = item.color, item.paint, item.color_trust
    if opinion.sets_color:
        color, paint, color_trust = opinion.color, opinion.color is not None, 1.0
    elif paint is not None:
        color_trust = 1.0
    if image_type is ImageType.PLACEHOLDER:
        color, paint, color_trust = None, False, 1.0
    elif item.image_type is ImageType.PLACEHOLDER and not opinion.sets_color:
        color, paint, color_trust = None, None, 0.0  # that it had none was said of a placeholder
    label = Label(
        image_type=image_type, type_trust=1.0, color=color, paint=paint, color_trust=color_trust
    )
    return _relabel(item, label, ItemSource.DECISION, name)


def _take_sides(
    entries: list[_Entry],
    held: Sides,
    shares: Mapping[Split, float],
    omissions: list[Omission],
) -> list[_Entry]:
    members = [
        Member(
            unit=_unit(entry.item),
            stratum=stratum_of(
                entry.item.image_type,
                entry.item.kind,
                is_fixed=entry.item.source in _BY_PERSON,
            ),
            given=entry.given,
        )
        for entry in entries
    ]
    dealt = deal(members, held, shares=shares)
    kept = []
    for entry in entries:
        side = dealt[_unit(entry.item)]
        own = held.get((Unit.PICTURE, entry.item.key), side)
        if own is not side or not _may_stand(entry.given, side):  # S6
            where = entry.given if own is side else own
            detail = f"was for {where}, its advertiser is for {side}"
            omissions.append(_leave_out(entry.item, LeftOut.OTHER_SIDE, detail))
            continue
        kept.append(replace(entry, item=replace(entry.item, split=side)))
    return kept


def _may_stand(given: Split | None, side: Split) -> bool:
    """Whether a picture may stand where its unit does: test pictures in test, others not there."""
    return given is None or (given is Split.TEST) is (side is Split.TEST)


def _drop_twins(entries: list[_Entry], omissions: list[Omission]) -> list[_Entry]:
    """Keep one of pictures that show the same (C5, S7)."""
    ordered = sorted(
        entries,
        key=lambda one: (one.is_new, _SIDES_FIRST.index(one.item.split), one.item.is_thumbnail,
                         one.item.key),
    )  # fmt: skip
    kept: dict[int, _Entry] = {}
    out: dict[int, tuple[LeftOut, str]] = {}
    twins_of = iter_earlier_twins([entry.item.visual_key for entry in ordered])
    for number, (entry, twins) in enumerate(zip(ordered, twins_of, strict=True)):
        twin = next((one for one in twins if one in kept), None)
        if twin is None:
            kept[number] = entry
            continue
        first = kept[twin]
        if _differ(first.item, entry.item):
            if _is_said(entry) and not _is_said(first):
                kept[twin] = replace(first, item=_hand_on(first.item, entry.item))
            elif _is_said(entry) or not _is_said(first):
                if first.is_new:
                    out[twin] = (LeftOut.LABELS_DIFFER, f"as {entry.item.url}")
                out[number] = (LeftOut.LABELS_DIFFER, f"as {first.item.url}")
                continue
        is_same_side = first.item.split is entry.item.split
        reason = LeftOut.DUPLICATE if is_same_side else LeftOut.OTHER_SIDE
        out[number] = (reason, f"of {first.item.url}")
    omissions.extend(_leave_out(ordered[n].item, *why) for n, why in sorted(out.items()))
    return [entry for number, entry in kept.items() if number not in out]


def _hand_on(item: Item, said: Item) -> Item:
    return _relabel(item, _label_of(said), said.source, said.added_in)


def _keep_groups_together(entries: list[_Entry], omissions: list[Omission]) -> list[_Entry]:
    side_of: dict[str, Split] = {}
    kept = []
    for entry in entries:  # C6; held ones and testing come first
        item = entry.item
        side = side_of.setdefault(item.group, item.split)
        if item.group and side is not item.split:
            detail = f"its group {item.group} is for {side}"
            omissions.append(_leave_out(item, LeftOut.OTHER_SIDE, detail))
            continue
        kept.append(entry)
    return kept


def _unit(item: Item) -> tuple[Unit, str]:
    return unit_of(item.advertiser, item.group, item.key)


def _differ(one: Item, other: Item) -> bool:
    """Whether two labels cannot both be right; what one of them does not know is no difference."""
    if one.image_type is not other.image_type:
        return True
    if one.paint is None or other.paint is None:
        return False
    return one.paint is not other.paint or one.color is not other.color


def _to_item(name: str, picture: Picture) -> Item:
    offer: Offer = picture.offer
    return Item(
        key=picture.key,
        image=picture.image,
        sha256=picture.sha256,
        is_thumbnail=picture.is_thumbnail,
        visual_key=picture.visual_key,
        image_type=offer.label.image_type,
        type_trust=offer.label.type_trust,
        color=offer.label.color,
        paint=offer.label.paint,
        color_trust=offer.label.color_trust,
        kind=offer.kind,
        view=offer.view,
        advertiser=offer.advertiser,
        group=offer.group,
        vehicle=offer.vehicle,
        source=offer.source,
        added_in=name,
        split=Split.TRAIN,  # until sides are taken
        weight=1.0,
        url=offer.url,
        notes=offer.notes,
    )


def _with_file_of(item: Item, other: Item) -> Item:
    return replace(
        item,
        image=other.image,
        sha256=other.sha256,
        is_thumbnail=other.is_thumbnail,
        visual_key=other.visual_key,
    )


def _label_of(item: Item) -> Label:
    return Label(
        image_type=item.image_type,
        type_trust=item.type_trust,
        color=item.color,
        paint=item.paint,
        color_trust=item.color_trust,
    )


def _relabel(item: Item, label: Label, source: ItemSource, name: str) -> Item:
    """Return an item with another label; one that says nothing new leaves it as it is."""
    if item.source is source and _label_of(item) == label:
        return item
    return replace(
        item,
        image_type=label.image_type,
        type_trust=label.type_trust,
        color=label.color,
        paint=label.paint,
        color_trust=label.color_trust,
        source=source,
        added_in=name,
    )


def _leave_out(item: Item, reason: LeftOut, detail: str = "") -> Omission:
    return Omission(key=item.key, url=item.url, reason=reason, detail=detail)
