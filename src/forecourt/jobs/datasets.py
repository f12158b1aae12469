"""Jobs on datasets: a version is built; opens and closes what that needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forecourt.core.dataset import Omission, Split
from forecourt.core.fixes import FixField
from forecourt.dataset import balance
from forecourt.dataset.analyze import Analysis, analyze
from forecourt.dataset.build import Plan, gather, make, remember
from forecourt.dataset.doubts import Ranking, Suspect, keep_ranking
from forecourt.dataset.features import Features, look, read_features
from forecourt.dataset.formats.read import read_offers
from forecourt.dataset.mistakes import Mistake
from forecourt.dataset.offers import Offer
from forecourt.dataset.sift import LEAST_SIDE, Picture, sift
from forecourt.dataset.split import SHARES
from forecourt.dataset.suspects import find_suspects
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading, writing
from forecourt.store.versions import (
    DatasetVersion,
    check_name,
    datasets_folder,
    drafting,
    find_folder,
    list_versions,
    read_version,
)
from forecourt.vision.features import FeatureReader

_OVERLAP = timedelta(hours=1)  # a fix is timed before it is committed; looking twice does no harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Labelled pictures to import.

    Attributes:
        images: Where their paths start from; else the folder of the file.
        advertiser: Of pictures that come without one.
        split: Of pictures that come without one.
    """

    source: Path
    images: Path | None = None
    advertiser: str = ""
    split: Split | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        parent: Name of the version to go on from, or None.
        with_fixes: Whether fixes come in.
        since: From when on; None: since the parent was made, or all of them.
    """

    name: str
    parent: str | None = None
    imports: Sequence[Import] = ()
    with_fixes: bool = True
    since: datetime | None = None
    shares: Mapping[Split, float] = field(default_factory=lambda: dict(SHARES))
    least_side: int = LEAST_SIDE
    least_other: float = balance.LEAST_OTHER


def datasets_root(workspace: Workspace) -> Path:
    """Return the folder of all dataset versions."""
    return datasets_folder(workspace.settings.home)


def open_version(workspace: Workspace, name: str, *, verify: bool = False) -> DatasetVersion:
    """Read a version by its name.

    Raises:
        NotFoundError: there is none of that name.
        StoreError: it is not what was written.
    """
    return read_version(find_folder(datasets_root(workspace), name), verify=verify)


def newest_version(workspace: Workspace) -> str | None:
    """Return the name of the version that was made last, or None where there is none."""
    versions = list_versions(datasets_root(workspace))
    return versions[-1].name if versions else None


def build(
    workspace: Workspace,
    order: Order,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> DatasetVersion:
    """Build a version. A run that is cut short leaves nothing; the same command starts anew.

    Raises:
        UsageError: the name is taken, an import cannot be read, or no picture is left.
        StoreError: the folder cannot be written.
    """
    check_name(datasets_root(workspace), order.name)
    at = datetime.now(UTC)
    parent = open_version(workspace, order.parent) if order.parent else None
    plan = Plan(
        root=datasets_root(workspace),
        name=order.name,
        at=at,
        parent=parent,
        ancestors=_iter_ancestors(workspace, parent),
        with_fixes=order.with_fixes,
        since=order.since or _after(parent),
        imported=tuple(one.source.name for one in order.imports),
        shares=order.shares,
        least_side=order.least_side,
        least_other=order.least_other,
    )
    sifted: list[Picture | Omission] = []
    offers = [offer for one in order.imports for offer in _read(one, at)]
    total = len(offers)

    def look(some: Sequence[Offer]) -> None:
        for one in sift(some, least_side=plan.least_side):
            sifted.append(one)
            on_progress(len(sifted), total)

    look(offers)
    imported = {one.key for one in sifted if isinstance(one, Picture)}
    with reading(workspace.engine) as connection:
        gathered = gather(connection, workspace.media, plan, imported=imported)
    total += len(gathered.offers)
    look(gathered.offers)
    made = make(plan, gathered, sifted)
    with (
        drafting(plan.root, made.new, card=made.card) as draft,
        writing(workspace.engine) as connection,
    ):
        remember(connection, plan, gathered, made)
        return draft.publish()


def _iter_ancestors(
    workspace: Workspace, parent: DatasetVersion | None
) -> Iterator[DatasetVersion]:
    """Yield the versions behind a parent, latest first, as far as they are still there."""
    name = parent.summary.recipe.parent if parent else None
    while name is not None and (datasets_root(workspace) / name).is_dir():
        version = open_version(workspace, name)
        yield version
        name = version.summary.recipe.parent


def _after(parent: DatasetVersion | None) -> datetime | None:
    until = parent.summary.recipe.fixes_until if parent else None
    return until - _OVERLAP if until else None


def _read(one: Import, at: datetime) -> list[Offer]:
    _format, offers = read_offers(one.source, at=at, images=one.images)
    return [
        replace(
            offer,
            advertiser=offer.advertiser or one.advertiser,
            split=offer.split or one.split,
        )
        for offer in offers
    ]


def find_label_suspects(
    workspace: Workspace,
    version: DatasetVersion,
    *,
    fields: Collection[FixField] = tuple(FixField),
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Features, list[Suspect]]:
    """Return a version's features, and the labels of some fields, the most suspect first."""
    reader = FeatureReader(workspace.champion, threads=workspace.settings.vision.threads)
    features = read_features(version, reader, on_progress=on_progress)
    suspects = [
        suspect for field in fields for suspect in find_suspects(version.items, features, field)
    ]
    return features, sorted(suspects, key=lambda one: one.score)


def rank_labels(
    workspace: Workspace,
    version: DatasetVersion,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Suspect]:
    """Rank all labels of a version, keep what is doubtful for the panel, and return all."""
    _features, suspects = find_label_suspects(workspace, version, on_progress=on_progress)
    ranking = Ranking(
        model_version=workspace.champion.version,
        made_at=datetime.now(UTC),
        suspects=tuple(suspects),
    )
    keep_ranking(version, ranking)
    return suspects


def explain(
    workspace: Workspace,
    version: DatasetVersion,
    mistakes: Sequence[Mistake],
    features: Features,
    suspects: Sequence[Suspect],
) -> Analysis:
    """Say what is behind mistakes: see `dataset.analyze`."""
    reader = FeatureReader(workspace.champion, threads=workspace.settings.vision.threads)
    seen = look(reader, [one.file for one in mistakes])
    return analyze(version.items, features, mistakes, seen, suspects)
