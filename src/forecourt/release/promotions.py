"""Which model is the champion, and how it comes to be it.

The champion is the model of the last promotion; before the first one it is the bundle that is
shipped with the package. `FORECOURT_VISION__BUNDLE` goes before both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.errors import StateError, UsageError
from forecourt.core.promotions import Promotion, PromotionKind, RegisteredModel, find_standing
from forecourt.core.settings import Settings
from forecourt.core.trials import CanaryKind, ShadowKind
from forecourt.feeds.words import clean_text
from forecourt.release.models import (
    ITSELF,
    check_name,
    get_model,
    is_same,
    keep_bundle,
    load_model,
)
from forecourt.store import registry, trials
from forecourt.store.retags import cancel_of_promotions
from forecourt.vision.bundle import (
    MANIFEST_FILE,
    Bundle,
    load_bundle,
    read_manifest,
    shipped_folder,
)


@dataclass(frozen=True, slots=True)
class Champion:
    """The model whose answers are shown.

    Attributes:
        version: Its version.
        promotion_id: Of the promotion that made it the champion; None before the first one.
        folder: Its folder below `models/` in the home folder; None: it is the shipped one.
    """

    version: str
    promotion_id: int | None
    folder: str | None


@dataclass(frozen=True, slots=True)
class Promoted:
    """What a promotion or a rollback did: enough to announce it."""

    promotion: Promotion
    replaced: str  # the champion before


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model, and what became of it.

    Attributes:
        version: Its version.
        network_sha256: Of its network, in hex.
        is_champion: Whether the registry's answers are its own.
        is_shipped: Whether it came with the installed release.
        registered: When and by whom; None for the shipped one until it is first needed.
        promotion: The latest that made it the champion, if any.
    """

    version: str
    network_sha256: str
    is_champion: bool
    is_shipped: bool
    registered: RegisteredModel | None
    promotion: Promotion | None


def promote(
    connection: sa.Connection,
    home: Path,
    version: str,
    *,
    by: str,
    note: str,
    at: datetime,
    reason: str = "",
) -> Promoted:
    """Make a model the champion, provided that it can be loaded.

    Whether it should be is decided before; `reason` keeps in words what was found then.

    Raises:
        NotFoundError: no model has this version.
        StateError: it is the champion already.
        UsageError: nobody says who does it.
        BundleError: its folder is gone or damaged.
    """
    who = check_name(by)
    registry.lock_registry(connection)
    standing = find_standing(registry.list_promotions(connection))
    if standing and standing[-1] == version:
        raise StateError(f"{version} is the champion already; nothing was changed.")
    shipped = read_manifest(shipped_folder()).version
    if version == shipped and registry.get_model(connection, version) is None:
        keep_bundle(connection, home, load_bundle(shipped_folder()), by=ITSELF, at=at)
    load_model(connection, home, version)
    if not standing:
        _settle_first(connection, home, shipped, version, at=at)
    promotion = registry.add_promotion(
        connection,
        PromotionKind.PROMOTE,
        version,
        by=who,
        note=clean_text(note),
        reason=reason,
        at=at,
    )
    _end_trials(connection, promotion)
    return Promoted(promotion, replaced=standing[-1] if standing else shipped)


def rollback(
    connection: sa.Connection, home: Path, *, by: str, note: str, at: datetime
) -> Promoted:
    """Make the champion before the present one the champion again; repeated, walk further back.

    Raises:
        StateError: there was none before.
        UsageError: nobody says who does it.
        BundleError: its folder is gone or damaged.
    """
    who = check_name(by)
    registry.lock_registry(connection)
    standing = find_standing(registry.list_promotions(connection))
    if len(standing) < 2:
        now = champion(connection).version
        raise StateError(
            f"There is nothing to roll back to: no model was the champion before {now}. Promote "
            "another: `forecourt models promote VERSION`."
        )
    *_, target, present = standing
    load_model(connection, home, target)
    promotion = registry.add_promotion(
        connection,
        PromotionKind.ROLLBACK,
        target,
        by=who,
        note=clean_text(note),
        reason=f"back from {present}",
        at=at,
    )
    _end_trials(connection, promotion)
    return Promoted(promotion, replaced=present)


def champion(connection: sa.Connection) -> Champion:
    """Return which model is the champion; costs one small query."""
    last = registry.last_promotion(connection)
    if last is None:
        return Champion(read_manifest(shipped_folder()).version, promotion_id=None, folder=None)
    model = get_model(connection, last.model_version)
    return Champion(model.version, promotion_id=last.id, folder=model.folder)


def load_champion(connection: sa.Connection, settings: Settings) -> Bundle:
    """Load the bundle to answer with: the pinned one, else the champion.

    Raises:
        BundleError: it is gone or damaged; never is another one loaded in its place.
    """
    if settings.vision.bundle is not None:
        return load_bundle(settings.vision.bundle)
    found = champion(connection)
    if found.promotion_id is None:
        return load_bundle(shipped_folder())
    return load_model(connection, settings.home, found.version)


def list_models(connection: sa.Connection) -> list[ListedModel]:
    """Return all models, the latest first; the shipped one always is among them."""
    shipped = read_manifest(shipped_folder())
    now = champion(connection).version
    promoted = {one.model_version: one for one in registry.list_promotions(connection)}
    found = [
        ListedModel(
            version=one.version,
            network_sha256=one.network_sha256,
            is_champion=one.version == now,
            is_shipped=(one.version, one.network_sha256) == (shipped.version, shipped.sha256),
            registered=one,
            promotion=promoted.get(one.version),
        )
        for one in registry.list_models(connection)
    ]
    if all(one.version != shipped.version for one in found):
        found.append(
            ListedModel(
                version=shipped.version,
                network_sha256=shipped.sha256,
                is_champion=shipped.version == now,
                is_shipped=True,
                registered=None,
                promotion=None,
            )
        )
    return found


def list_promotions(connection: sa.Connection) -> list[Promotion]:
    """Return all promotions and rollbacks, the earliest first."""
    return registry.list_promotions(connection)


def latest_promotions(
    connection: sa.Connection, *, before_id: int | None = None, limit: int
) -> list[Promotion]:
    """Return at most `limit` promotions and rollbacks, the latest first: those before an id."""
    return registry.latest_promotions(connection, before_id=before_id, limit=limit)


def explain_pin(settings: Settings) -> str | None:
    """Return the warning that the settings name a model, so that promotions change nothing here."""
    if settings.vision.bundle is None:
        return None
    return (
        f"FORECOURT_VISION__BUNDLE pins the model in {settings.vision.bundle}: where it is set, "
        "that one answers, whatever is promoted."
    )


def _end_trials(connection: sa.Connection, promotion: Promotion) -> None:
    """End what makes no sense for a champion, and what the promotion before it asked for."""
    version, at, by = promotion.model_version, promotion.at, promotion.by
    cancel_of_promotions(connection, at=at)
    tried = [
        one.advertiser for one in trials.list_canaries(connection) if one.model_version == version
    ]
    trials.add_canary_steps(connection, CanaryKind.PROMOTE, tried, version, by=by, note="", at=at)
    last = trials.last_shadow_step(connection)
    if last is not None and (last.kind, last.model_version) == (ShadowKind.START, version):
        trials.add_shadow_step(
            connection,
            ShadowKind.STOP,
            version,
            share=last.share,
            by=by,
            note="",
            reason="became the champion",
            at=at,
        )


def _settle_first(
    connection: sa.Connection, home: Path, shipped: str, version: str, *, at: datetime
) -> None:
    """Before the first promotion, note what was the champion so far, and keep it.

    From here on the history names versions, and a rollback has to find them whatever release is
    installed by then.
    """
    bundle = load_bundle(shipped_folder())
    taken = registry.get_model(connection, shipped)
    if taken is not None and not is_same(bundle, taken):
        # Registered under an earlier release, before this one came with a model of the same name.
        if version == shipped:
            raise UsageError(
                f"Version {version} is that of the model which this release ships, and under it "
                f"its answers are kept. Give yours another, in its {MANIFEST_FILE}, and add it."
            )
        return
    keep_bundle(connection, home, bundle, by=ITSELF, at=at)
    if version != shipped:
        registry.add_promotion(
            connection,
            PromotionKind.DEFAULT,
            shipped,
            by=ITSELF,
            note="",
            reason="shipped with the release",
            at=at,
        )
