"""The steps of a new version: gather what people said, sift what is offered, write the whole.

gather    one snapshot of the store: fixes, conflicts, decisions, sides
sift      no transaction: files are read and decoded
finish    one short transaction: sides are given and remembered, the folder takes its place
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.dataset import Item, Omission, Recipe, Sides, Split, Verdict
from forecourt.core.errors import UsageError
from forecourt.dataset import balance
from forecourt.dataset.card import render_card
from forecourt.dataset.compose import Knowledge, Word, compose
from forecourt.dataset.offers import Offer, label_of_fixes, offer_of_fixes
from forecourt.dataset.sift import LEAST_SIDE, Picture
from forecourt.dataset.split import SHARES
from forecourt.store import datasets
from forecourt.store.conflicts import iter_contested
from forecourt.store.dataset_fixes import iter_fixed
from forecourt.store.media import MediaFolder
from forecourt.store.versions import DatasetVersion, NewVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a version is to be made of.

    Attributes:
        root: Folder of all versions.
        with_fixes: Whether fixes of pictures that the parent lacks come in.
        ancestors: Versions behind the parent, latest first, read when needed: a picture that one of
            them had, and that a person meanwhile keeps or relabels, comes back.
        since: Only what was fixed since then; None: all.
        imported: Names of what is imported, for the card.
        shares: Of each split that are aimed at.
        least_side: Shorter side of an original, in pixels.
        least_other: Least share of what training is shown that is no car.
    """

    root: Path
    name: str
    at: datetime
    parent: DatasetVersion | None = None
    ancestors: Iterable[DatasetVersion] = ()
    with_fixes: bool = True
    since: datetime | None = None
    imported: tuple[str, ...] = ()
    shares: Mapping[Split, float] = field(default_factory=lambda: dict(SHARES))
    least_side: int = LEAST_SIDE
    least_other: float = balance.LEAST_OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What the store has for a version."""

    offers: list[Offer]
    omissions: list[Omission]
    knowledge: Knowledge


def gather(
    connection: sa.Connection, media: MediaFolder, plan: Plan, *, imported: Collection[str] = ()
) -> Gathered:
    """Return what fixes offer, and what people say of these pictures and of the others.

    Args:
        connection: A connection; one snapshot is read.
        media: Where the thumbnails are.
        plan: What is to be made.
        imported: Keys of pictures that are imported: fixes of them hold, and offer nothing.
    """
    had = {*imported, *(item.key for item in (plan.parent.items if plan.parent else ()))}
    contested_ids = {one.image_id for one in iter_contested(connection)}
    offers: list[Offer] = []
    omissions: list[Omission] = []
    words: dict[str, Word] = {}
    contested: set[str] = set()
    for image in iter_fixed(connection):
        is_had = image.bytes_key in had
        if image.id in contested_ids:
            # Its label means nothing; it is offered all the same, so that it is counted.
            contested.add(image.bytes_key)
        found = label_of_fixes(image)
        if found is not None and is_had:
            words[image.bytes_key] = Word(label=found[0], at=found[1])
        if is_had or not plan.with_fixes:
            continue
        latest = max((fix.at for fix in image.fixes if fix.is_live), default=None)
        if latest is None or (plan.since is not None and latest < plan.since):
            continue
        offered = offer_of_fixes(image, media)
        if isinstance(offered, Omission):
            omissions.append(offered)
        elif offered is not None:
            offers.append(offered)
            words[image.bytes_key] = Word(label=offered.label, at=offered.at)
    return Gathered(
        offers=offers,
        omissions=omissions,
        knowledge=Knowledge(
            words=words,
            contested=contested,
            decisions=datasets.load_decisions(connection),
            sides=datasets.load_sides(connection),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A version as it will be written, and the sides that it gives."""

    new: NewVersion
    card: str
    sides: Sides


def make(plan: Plan, gathered: Gathered, sifted: Sequence[Picture | Omission]) -> Made:
    """Return what a version is to be.

    Args:
        plan: As given to `gather`.
        gathered: What that returned.
        sifted: What became of all offers.

    Raises:
        UsageError: nothing is left.
    """
    knowledge = gathered.knowledge
    pictures = [one for one in sifted if isinstance(one, Picture)]
    inherited = _inherit(plan, knowledge)
    composed = compose(
        plan.name,
        [item for item, _file in inherited],
        pictures,
        knowledge,
        shares=plan.shares,
    )
    left_out = [*gathered.omissions, *(one for one in sifted if isinstance(one, Omission))]
    left_out += composed.omissions
    if not composed.items:
        reasons = ", ".join(sorted({one.reason for one in left_out})) or "nothing was offered"
        raise UsageError(f"No picture is left for {plan.name}: {reasons}.")
    items = balance.weigh(composed.items, least_other=plan.least_other)
    recipe = Recipe(
        parent=plan.parent.name if plan.parent else None,
        parent_sha256=plan.parent.summary.manifest_sha256 if plan.parent else None,
        since=plan.since,
        fixes_until=plan.at if plan.with_fixes else _fixes_until(plan.parent),
        imported=plan.imported,
        least_side=plan.least_side,
        shares=plan.shares,
        least_other=plan.least_other,
    )
    counts = balance.count(items, plan.name)
    files = {picture.image: picture.offer.file for picture in pictures}
    files |= {item.image: file for item, file in inherited}
    owned = {picture.image for picture in pictures if picture.offer.is_owned}
    owned |= {item.image for item, _file in inherited}
    new = NewVersion(
        name=plan.name,
        created_at=plan.at,
        items=items,
        files=files,
        owned=frozenset(owned),
        recipe=recipe,
        omissions=left_out,
        counts=counts,
    )
    card = render_card(
        name=plan.name,
        created_at=plan.at,
        items=items,
        omissions=left_out,
        recipe=recipe,
        counts=counts,
    )
    return Made(new=new, card=card, sides=composed.sides)


def remember(connection: sa.Connection, plan: Plan, gathered: Gathered, made: Made) -> None:
    """Keep the sides that a version gives, in the transaction in which it takes its place.

    Raises:
        UsageError: others were given since `gather`: the version may contradict them.
    """
    datasets.lock_sides(connection)
    if datasets.load_sides(connection) != gathered.knowledge.sides:
        raise UsageError(
            f"Another version was finished while {plan.name} was made; run the same command again."
        )
    datasets.add_sides(connection, made.sides, version=plan.name, at=plan.at)


def _fixes_until(parent: DatasetVersion | None) -> datetime | None:
    return parent.summary.recipe.fixes_until if parent else None


def _inherit(plan: Plan, knowledge: Knowledge) -> list[tuple[Item, Path]]:
    """Return the parent's items with their files, and those of before it that come back."""
    if plan.parent is None:
        return []
    found = {item.key: (item, plan.parent.path_of(item)) for item in plan.parent.items}
    wanted = {
        key
        for key, decision in knowledge.decisions.items()
        if decision.opinion.verdict is not Verdict.DROP and key not in found
    }
    for version in plan.ancestors if wanted else ():
        for item in version.items:
            if item.key in wanted:
                found.setdefault(item.key, (item, version.path_of(item)))
    return list(found.values())
