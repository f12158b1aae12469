"""Challengers at work beside the champion: one in the shadow, some as canaries.

A challenger in the shadow answers what scrapes bring, and nobody is shown it. A canary answers
chosen advertisers in the champion's place.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError, StateError, UsageError
from forecourt.core.settings import Settings
from forecourt.core.trials import CanaryKind, CanaryStep, ShadowKind, ShadowStep
from forecourt.feeds.words import clean_text
from forecourt.release.models import check_name, load_model
from forecourt.release.promotions import champion
from forecourt.store import registry
from forecourt.store import trials as stored
from forecourt.store.scrapes import has_advertiser


def start_shadow(
    connection: sa.Connection,
    home: Path,
    version: str,
    *,
    share: float = 1.0,
    by: str,
    note: str,
    at: datetime,
) -> ShadowStep:
    """Let a challenger answer in the shadow, in the place of whichever did.

    Args:
        connection: A writing connection.
        home: Where models are.
        version: Of a registered model.
        share: Of newly classified images that it is shown too, above 0 and up to 1.
        by: Who does it.
        note: Why, for the history.
        at: Now.

    Raises:
        NotFoundError: no model has this version.
        StateError: it is the champion, or in the shadow with this share already.
        UsageError: nobody says who does it, or the share makes no sense.
        BundleError: its folder is gone or damaged.
    """
    who = check_name(by)
    if not 0 < share <= 1:
        raise UsageError(f"A share is above 0 and at most 1, and this is {share}.")
    registry.lock_registry(connection)
    load_model(connection, home, version)
    _refuse_champion(connection, version, "needs no shadow")
    present = shadow(connection)
    if present is not None and (present.model_version, present.share) == (version, share):
        raise StateError(f"{version} is in the shadow already; nothing was changed.")
    return stored.add_shadow_step(
        connection,
        ShadowKind.START,
        version,
        share=share,
        by=who,
        note=clean_text(note),
        reason="",
        at=at,
    )


def stop_shadow(connection: sa.Connection, *, by: str, note: str, at: datetime) -> ShadowStep:
    """Let no challenger answer in the shadow any more; its answers stay for comparison.

    Raises:
        StateError: there is none.
        UsageError: nobody says who does it.
    """
    who = check_name(by)
    registry.lock_registry(connection)
    present = shadow(connection)
    if present is None:
        raise StateError("No model is in the shadow; there is nothing to stop.")
    return stored.add_shadow_step(
        connection,
        ShadowKind.STOP,
        present.model_version,
        share=present.share,
        by=who,
        note=clean_text(note),
        reason="",
        at=at,
    )


def shadow(connection: sa.Connection) -> ShadowStep | None:
    """Return the step that put the present challenger into the shadow; None: there is none."""
    last = stored.last_shadow_step(connection)
    return last if last is not None and last.kind is ShadowKind.START else None


def latest_shadow_steps(
    connection: sa.Connection, *, before_id: int | None = None, limit: int
) -> list[ShadowStep]:
    """Return at most `limit` starts and stops, the latest first: those before an id."""
    return stored.latest_shadow_steps(connection, before_id=before_id, limit=limit)


def start_canary(
    connection: sa.Connection,
    home: Path,
    version: str,
    advertisers: Collection[str],
    *,
    by: str,
    note: str,
    at: datetime,
) -> list[CanaryStep]:
    """Let a challenger answer advertisers in the champion's place, from now on.

    Raises:
        NotFoundError: no model has this version, or there is no such advertiser.
        StateError: it is the champion, or answers all of them already.
        UsageError: no advertiser is named, or nobody says who does it.
        BundleError: its folder is gone or damaged.
    """
    who = check_name(by)
    if not advertisers:
        raise UsageError("Say which advertisers: at least one.")
    registry.lock_registry(connection)
    load_model(connection, home, version)
    _refuse_champion(connection, version, "answers every advertiser but those with a canary")
    unknown = sorted(name for name in set(advertisers) if not has_advertiser(connection, name))
    if unknown:
        raise NotFoundError(f"There is no advertiser {', '.join(map(repr, unknown))}.")
    present = {one.advertiser: one.model_version for one in stored.list_canaries(connection)}
    new = {name for name in advertisers if present.get(name) != version}
    if not new:
        raise StateError(f"{version} answers them already; nothing was changed.")
    return stored.add_canary_steps(
        connection, CanaryKind.START, new, version, by=who, note=clean_text(note), at=at
    )


def drop_canaries(
    connection: sa.Connection,
    advertisers: Collection[str] | None,
    *,
    by: str,
    note: str,
    at: datetime,
) -> list[CanaryStep]:
    """Let the champion answer advertisers again; None: all of them.

    Raises:
        StateError: one of them has no canary, or nobody has.
        UsageError: nobody says who does it.
    """
    who = check_name(by)
    registry.lock_registry(connection)
    present = {one.advertiser: one.model_version for one in stored.list_canaries(connection)}
    wanted = set(present if advertisers is None else advertisers)
    others = sorted(wanted - present.keys())
    if others or not wanted:
        told = ", ".join(others) or "Nobody"
        raise StateError(f"{told}: answered by the champion already; nothing was changed.")
    found: list[CanaryStep] = []
    for version in sorted({present[name] for name in wanted}):
        of_version = [name for name in wanted if present[name] == version]
        found += stored.add_canary_steps(
            connection, CanaryKind.DROP, of_version, version, by=who, note=clean_text(note), at=at
        )
    return found


def list_canaries(connection: sa.Connection) -> list[CanaryStep]:
    """Return the steps that made the present canaries, in the order of the advertisers' names."""
    return stored.list_canaries(connection)


def latest_canary_steps(
    connection: sa.Connection, *, before_id: int | None = None, limit: int
) -> list[CanaryStep]:
    """Return at most `limit` steps of canaries, the latest first: those before an id."""
    return stored.latest_canary_steps(connection, before_id=before_id, limit=limit)


def load_canaries(connection: sa.Connection, settings: Settings) -> dict[str, str]:
    """Return which model answers which advertiser in the champion's place.

    None does where a setting pins a model.
    """
    if settings.vision.bundle is not None:
        return {}
    return {one.advertiser: one.model_version for one in stored.list_canaries(connection)}


def _refuse_champion(connection: sa.Connection, version: str, why: str) -> None:
    if champion(connection).version == version:
        raise StateError(f"{version} is the champion: it {why}. Nothing was changed.")
