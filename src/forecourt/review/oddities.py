"""Known weird results, found in what is stored, with what to do about each (`core.oddities`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.fixes import FixField
from forecourt.core.judged import JudgedFix
from forecourt.core.oddities import (
    FEWEST_CRITERIA,
    Example,
    Oddity,
    OddityKind,
    Sighting,
    is_much_fixed,
    is_run,
    judge_fixes,
)
from forecourt.core.shift import Shift, find_shift
from forecourt.core.skips import SkipReason
from forecourt.identity.hosts import HostState
from forecourt.identity.urls import host_of
from forecourt.store import oddities as stored
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.judged import iter_fixed_images
from forecourt.store.oddities import ClassCounts, SettledImages

_EXAMPLES = 3
_FIELD_WORDS = {FixField.IMAGE_TYPE: "image type", FixField.COLOR: "colour"}


def list_oddities(
    connection: sa.Connection,
    *,
    model_version: str,
    canaries: Mapping[str, str] | None = None,
    advertiser: str | None = None,
) -> list[Oddity]:
    """Return the weird results that show in latest scrapes, hosts and fixes, by rule and name.

    Args:
        connection: A connection.
        model_version: The champion.
        canaries: Version of the model that answers an advertiser in its place.
        advertiser: Only this one's; hosts only where it shows images of them.

    Raises:
        NotFoundError: there is no such advertiser.
    """
    if advertiser is not None and advertiser not in stored_scrapes.list_advertisers(connection):
        raise NotFoundError(f"There is no advertiser {advertiser!r}.")
    images_by_host = stored.count_images_by_host(connection, advertiser)
    found = [
        *_find_skipped(connection, advertiser),
        *_find_shifts(connection, advertiser, model_version, canaries or {}),
        *_find_in_fixes(connection, advertiser, model_version, images_by_host),
        *_find_untrusted(connection, advertiser, images_by_host),
    ]
    order = list(OddityKind)
    found.sort(key=lambda one: (order.index(one.kind), one.advertiser or "", one.host or ""))
    return found


# ---- O1: skipped images --------------------------------------------------------------------------


def _find_skipped(connection: sa.Connection, advertiser: str | None) -> Iterator[Oddity]:
    by_advertiser: dict[str, list[SettledImages]] = {}
    for one in stored.count_settled(connection, advertiser):
        by_advertiser.setdefault(one.advertiser, []).append(one)
    for name, of_hosts in by_advertiser.items():
        rest: Counter[SkipReason] = Counter()
        for one in of_hosts:
            failed = sum(one.failed.values())
            if one.host and is_run(failed, one.images):
                yield _skipped(connection, name, one.host, one.failed, one.images)
            else:
                rest.update(one.failed)
        # What hosts do not show one by one: the same reason all over the inventory.
        images = sum(one.images for one in of_hosts)
        for reason, failed in rest.items():
            if is_run(failed, images):
                yield _skipped(connection, name, None, {reason: failed}, images)


def _skipped(
    connection: sa.Connection,
    advertiser: str,
    host: str | None,
    failed: Mapping[SkipReason, int],
    images: int,
) -> Oddity:
    reasons = sorted(failed.items(), key=lambda item: (-item[1], item[0]))
    count = sum(failed.values())
    counted = ", ".join(f"{reason} {number:,}" for reason, number in reasons)
    where = f"of {host}" if host else "of the inventory"
    examples = stored.find_failed(
        connection,
        advertiser,
        host=host,
        reason=None if host else reasons[0][0],
        limit=_EXAMPLES,
    )
    return Oddity(
        kind=OddityKind.SKIPPED_RUN,
        advertiser=advertiser,
        host=host,
        count=count,
        of=images,
        seen=f"{count:,} of {images:,} images {where} could not be had ({counted}).",
        examples=tuple(examples),
    )


# ---- O2: shares of classes -----------------------------------------------------------------------


def _find_shifts(
    connection: sa.Connection,
    advertiser: str | None,
    model_version: str,
    canaries: Mapping[str, str],
) -> Iterator[Oddity]:
    earlier = stored.load_earlier_classes(connection, advertiser)
    latest = stored.count_classes(
        connection, advertiser, model_version=model_version, canaries=canaries
    )
    for name, before in earlier.items():
        now = latest.get(name)
        if now is None:
            continue
        for of_field in FixField:
            counts = now.by_field.get(of_field, Counter())
            shift = find_shift([one.by_field.get(of_field, Counter()) for one in before], counts)
            if shift is not None:
                version = canaries.get(name, model_version)
                yield _shifted(name, of_field, shift, counts, before, version)


def _shifted(
    advertiser: str,
    of_field: FixField,
    shift: Shift,
    counts: Counter[str],
    before: list[ClassCounts],
    model_version: str,
) -> Oddity:
    others = {version for one in before for version in one.model_versions} - {model_version}
    changed = f" The model was changed in between ({', '.join(sorted(others))})." if others else ""
    scrapes = "the scrape" if len(before) == 1 else f"the {len(before)} scrapes"
    value = shift.value or "no colour"
    return Oddity(
        kind=OddityKind.CLASS_SHARES,
        advertiser=advertiser,
        host=None,
        count=counts[shift.value],
        of=counts.total(),
        seen=(
            f"By {_FIELD_WORDS[of_field]}, {value} is {shift.after:.0%} of {counts.total():,} "
            f"images, after {shift.before:.0%} in {scrapes} before (PSI {shift.psi:.2f}).{changed}"
        ),
    )


# ---- O3 to O6, O8, O9: fixes ---------------------------------------------------------------------


@dataclass(slots=True)
class _Pile:
    """Sightings of one oddity in one place."""

    count: int = 0
    doubtful: int = 0
    others: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)

    def add(self, fix: JudgedFix) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(
                Example(
                    advertiser=fix.advertiser,
                    vehicle_id=fix.vehicle_id,
                    url=fix.url,
                    image_id=fix.image_id,
                    fix_id=fix.id,
                )
            )


def _find_in_fixes(
    connection: sa.Connection,
    advertiser: str | None,
    model_version: str,
    images_by_host: Mapping[str, int],
) -> Iterator[Oddity]:
    piles: dict[tuple[OddityKind, str], _Pile] = {}
    hosts: dict[str, _Pile] = {}
    for fixes in iter_fixed_images(connection, model_version=model_version, advertiser=advertiser):
        for sighting in judge_fixes(fixes):
            if advertiser is None or sighting.fix.advertiser == advertiser:
                _pile_up(piles, sighting)
        # One that says what was shown anyhow corrects nothing.
        live = [
            fix
            for fix in fixes
            if fix.is_live and fix.image_id is not None and fix.value != fix.value_from
        ]
        own = [fix for fix in live if advertiser in {None, fix.advertiser}]
        if own:
            host = own[-1].host or host_of(own[-1].url)
            hosts.setdefault(host, _Pile()).add(own[-1])
    for (kind, name), pile in piles.items():
        if kind is not OddityKind.CRITERIA_DIFFER or pile.count >= FEWEST_CRITERIA:
            yield _piled(kind, name, pile)
    for host, pile in hosts.items():
        images = images_by_host.get(host, 0)
        if is_much_fixed(pile.count, images):
            yield Oddity(
                kind=OddityKind.FIXES_ON_HOST,
                advertiser=advertiser,
                host=host,
                count=pile.count,
                of=max(images, pile.count),
                seen=f"{pile.count:,} of {max(images, pile.count):,} images were fixed by people.",
                examples=tuple(pile.examples),
            )


def _pile_up(piles: dict[tuple[OddityKind, str], _Pile], sighting: Sighting) -> None:
    pile = piles.setdefault((sighting.kind, sighting.fix.advertiser), _Pile())
    if sighting.is_doubtful and not pile.doubtful:
        pile.examples.clear()  # the doubtful ones are those to look at
    if sighting.is_doubtful or not pile.doubtful:
        pile.add(sighting.fix)
    else:
        pile.count += 1
    pile.doubtful += sighting.is_doubtful
    if sighting.other:
        pile.others[sighting.other] += 1


def _piled(kind: OddityKind, advertiser: str, pile: _Pile) -> Oddity:
    return Oddity(
        kind=kind,
        advertiser=advertiser,
        host=None,
        count=pile.count,
        of=None,
        seen=_SEEN[kind].format(
            images="1 image" if pile.count == 1 else f"{pile.count:,} images",
            doubtful=pile.doubtful,
            others=", ".join(name for name, _count in pile.others.most_common(5)),
        ),
        examples=tuple(pile.examples),
    )


_SEEN = {
    OddityKind.PLACEHOLDER_FIX: (
        "The advertiser says Placeholder where the model sees a vehicle: {images}."
    ),
    OddityKind.PLACEHOLDER_WITH_COLOR: (
        "Placeholder with a colour in the imported history: {images}."
    ),
    OddityKind.LEGACY_NO_COLOR: (
        '"N/A" for a colour in the imported history: {images}, of which {doubtful:,} show a '
        "vehicle."
    ),
    OddityKind.CRITERIA_DIFFER: "The advertiser says another type than staff: {images}.",
    OddityKind.ADVERTISERS_DISAGREE: "Others say another type ({others}): {images}.",
}


# ---- O7: hosts -----------------------------------------------------------------------------------


def _find_untrusted(
    connection: sa.Connection, advertiser: str | None, images_by_host: Mapping[str, int]
) -> Iterator[Oddity]:
    for record, since in stored.load_hosts_in_state(connection, HostState.BYTES_ONLY):
        host = str(record["host"])
        if advertiser is not None and host not in images_by_host:
            continue
        examples = stored.find_images_of_host(connection, advertiser, host, limit=_EXAMPLES)
        yield Oddity(
            kind=OddityKind.HOST_LOST_TRUST,
            advertiser=advertiser,
            host=host,
            count=images_by_host.get(host, 0),
            of=None,
            seen=(
                f"Since {since:%Y-%m-%d} its headers are not believed: {record['why']} "
                f"({record['lies']:,} lies, {record['churns']:,} churns)."
            ),
            examples=tuple(examples),
        )
