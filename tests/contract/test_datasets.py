"""Datasets over a store, on both databases: fixes, conflicts, decisions, sides, versions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.conflicts import Ruling
from forecourt.core.dataset import ItemSource, Split, Unit, Verdict
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Vehicle
from forecourt.core.settings import Settings
from forecourt.dataset.mistakes import find_overruled
from forecourt.jobs.datasets import Import, Order, build, newest_version, open_version
from forecourt.jobs.workspace import Workspace
from forecourt.store import datasets
from forecourt.store.engine import reading, writing
from forecourt.store.media import MediaFolder
from forecourt.store.schema import dataset_decisions, images, predictions
from forecourt.store.versions import DatasetVersion
from forecourt.vision.bundle import load_bundle
from tests.support.dataset_pictures import AT, decision, key_of
from tests.support.pictures import patchwork
from tests.support.shop import ACME, URLS, ZENITH, Shop

STOCK = review.Change(image_type=ImageType.STOCK)
DEALER = review.Change(image_type=ImageType.DEALER)
RED = review.Change(color=Color.RED, sets_color=True)


@pytest.fixture
def workspace(engine: sa.Engine, settings: Settings, tiny_bundle: Path) -> Workspace:
    return Workspace(
        settings=settings,
        engine=engine,
        media=MediaFolder(settings.home / "media"),
        champion=load_bundle(tiny_bundle),
    )


@pytest.fixture
def shop(workspace: Workspace) -> Shop:
    """A shop whose images have thumbnails."""
    opened = Shop(workspace.engine)
    with writing(workspace.engine) as connection:
        for number, image_id in enumerate(opened.image_ids):
            data = patchwork(number)
            connection.execute(
                sa.update(images)
                .where(images.c.id == image_id)
                .values(thumbnail=workspace.media.put(data), width=640, height=480)
            )
        connection.execute(
            sa.update(predictions).values(
                answer={"kind_probs": {"car": 0.1, "boat": 0.9}, "view_probs": {"exterior": 0.5}}
            )
        )
    return opened


@pytest.fixture
def make(workspace: Workspace) -> Callable[..., DatasetVersion]:
    def make_version(name: str, **order: object) -> DatasetVersion:
        return build(workspace, Order(name=name, **order))  # type: ignore[arg-type]

    return make_version


def key_in(shop: Shop, number: int) -> str:
    with reading(shop.engine) as connection:
        query = sa.select(images.c.bytes_key).where(images.c.id == shop.image_ids[number])
        return str(connection.scalar(query))


def labels(version: DatasetVersion) -> dict[str, tuple[str, str | None]]:
    return {one.url: (one.image_type.value, one.color) for one in version.items}


# ---- fixes -------------------------------------------------------------------------------------


def test_fixes_become_pictures_with_what_the_store_knows(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    shop.fix(ACME, STOCK, role=Role.ADVERTISER)
    shop.fix(ZENITH, RED, urls=URLS[1:2])
    version = make("v1")
    one, other = sorted(version.items, key=lambda item: item.url)
    assert labels(version) == {URLS[0]: ("Stock", None), URLS[1]: ("Dealer", "Red")}
    assert (one.advertiser, one.vehicle, one.group) == (ACME, "v0", f"{ACME}/v0")
    assert (one.type_trust, one.paint, one.kind, one.view) == (0.9, None, "boat", "")
    assert (other.type_trust, other.color_trust, other.paint) == (0.7, 1.0, True)
    assert {item.source for item in version.items} == {ItemSource.FIX}
    assert all(item.is_thumbnail for item in version.items)
    assert one.key == key_in(shop, 0)


def test_the_feed_knows_better_than_the_model_what_kind_of_vehicle_it_is(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    bodies = ("Motorcycle", "Fahrzeug", None)
    shop.scrape(
        ACME,
        vehicles=[
            Vehicle(id=f"v{number}", images=(url,), body_type=body)
            for number, (url, body) in enumerate(zip(URLS, bodies, strict=True))
        ],
    )
    shop.fix(ACME, STOCK, urls=list(URLS))
    kinds = {item.url: item.kind for item in make("v1").items}
    assert [kinds[url] for url in URLS] == ["motorcycle", "boat", "boat"]


def test_a_colour_fixed_to_none_says_that_no_paint_is_seen(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    shop.fix(ACME, review.Change(color=None, sets_color=True))
    (item,) = make("v1").items
    assert (item.color, item.paint, item.color_trust) == (None, False, 1.0)


def test_only_fixes_since_the_parent_or_a_date_come_in(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    shop.fix(ACME, STOCK)
    middle = shop.now + timedelta(seconds=1)
    shop.now += timedelta(hours=1)
    shop.fix(ACME, STOCK, urls=URLS[1:2])
    assert list(labels(make("late", since=middle))) == URLS[1:2]
    with pytest.raises(UsageError, match="No picture is left for never"):
        make("never", since=shop.now + timedelta(days=1))


def test_a_version_goes_on_from_its_parent(
    shop: Shop, make: Callable[..., DatasetVersion], workspace: Workspace
) -> None:
    shop.fix(ACME, STOCK)
    first = make("v1")
    shop.fix(ACME, DEALER)  # somebody thinks better of it
    shop.fix(ACME, STOCK, urls=URLS[1:2])
    second = make("v2", parent="v1", since=AT - timedelta(days=999))
    assert labels(first) == {URLS[0]: ("Stock", None)}
    assert labels(second) == {URLS[0]: ("Dealer", None), URLS[1]: ("Stock", None)}
    assert second.summary.recipe.parent_sha256 == first.summary.manifest_sha256
    third = make("v3", parent="v2")
    assert [item.added_in for item in third.items] == ["v2", "v2"]
    assert third.summary.counts["train"]["source"] == {"parent": 2}
    assert open_version(workspace, "v1", verify=True) == first
    assert newest_version(workspace) == "v3"


def test_a_picture_leaves_when_its_fix_is_reverted(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    done = shop.fix(ACME, STOCK)
    shop.fix(ACME, STOCK, urls=URLS[1:2])
    make("v1")
    shop.revert(act_id=done.act_id)
    version = make("v2", parent="v1")
    assert list(labels(version)) == URLS[1:2]
    assert version.summary.left_out == {"fix_reverted": 1}


def test_what_people_disagree_on_is_quarantined_until_they_agree(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    for url in URLS[:2]:
        shop.fix(ACME, STOCK, urls=[url])
    make("v1")
    shop.fix(ZENITH, DEALER, urls=URLS[:1], role=Role.ADVERTISER)
    version = make("v2", parent="v1")
    assert (list(labels(version)), version.summary.left_out) == (URLS[1:2], {"contested": 1})
    shop.rule(0, FixField.IMAGE_TYPE, Ruling.EVERYONE, ImageType.DEALER)
    version = make("v3", parent="v2", since=AT - timedelta(days=999))
    assert labels(version)[URLS[0]] == ("Dealer", None)


def test_ambiguous_pictures_are_quarantined_when_they_are_new_too(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:2])
    shop.fix(ZENITH, DEALER, urls=URLS[:1], role=Role.ADVERTISER)
    shop.rule(0, FixField.IMAGE_TYPE, Ruling.AMBIGUOUS)
    version = make("v1")
    assert (list(labels(version)), version.summary.left_out) == (URLS[1:2], {"contested": 1})


def test_a_fixed_image_whose_thumbnail_is_gone_is_told(
    shop: Shop, make: Callable[..., DatasetVersion], workspace: Workspace
) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:2])
    with reading(workspace.engine) as connection:
        query = sa.select(images.c.thumbnail).where(images.c.id == shop.image_ids[0])
        path = workspace.media.path(str(connection.scalar(query)))
    assert path is not None
    path.unlink()
    assert make("v1").summary.left_out == {"no_picture": 1}


def test_a_fix_holds_for_an_imported_original(
    shop: Shop, make: Callable[..., DatasetVersion], tmp_path: Path
) -> None:
    original = patchwork(9)
    folder = tmp_path / "import" / "Dealer"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(original)
    with writing(shop.engine) as connection:
        key = hashlib.sha256(original).hexdigest()
        connection.execute(
            sa.update(images).where(images.c.id == shop.image_ids[0]).values(bytes_key=key)
        )
    shop.fix(ACME, STOCK)
    (item,) = make("v1", imports=[Import(source=tmp_path / "import")]).items
    assert (item.image_type, item.is_thumbnail) == (ImageType.STOCK, False)


def test_overruled_answers_are_the_mistakes_to_explain(shop: Shop, workspace: Workspace) -> None:
    done = shop.fix(ACME, review.Change(image_type=ImageType.STOCK, color=None, sets_color=True))
    shop.fix(ZENITH, DEALER, urls=URLS[1:2])  # what the model said: no mistake
    with reading(workspace.engine) as connection:
        found = find_overruled(connection, workspace.media)
        assert [(one.field, one.said, one.right) for one in found] == [
            ("image_type", "Dealer", "Stock"),
            ("color", "Grey", "none"),
        ]
        assert {(one.name, one.kind, one.advertiser) for one in found} == {(URLS[0], "boat", ACME)}
        for arguments, count in (
            ({"advertiser": ZENITH}, 0),
            ({"act_id": done.act_id}, 2),
            ({"act_id": done.act_id + 1}, 0),
            ({"since": shop.now + timedelta(days=1)}, 0),
        ):
            found = find_overruled(connection, workspace.media, **arguments)  # type: ignore[arg-type]
            assert len(found) == count


# ---- sides -----------------------------------------------------------------------------------


def test_sides_are_remembered_beyond_versions(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    """Another lineage, without a parent, trains on no picture that was ever for testing."""
    shop.fix(ACME, STOCK, urls=URLS[:2])
    with writing(shop.engine) as connection:
        datasets.add_sides(
            connection,
            {(Unit.PICTURE, key_in(shop, 0)): Split.TEST},
            version="earlier",
            at=AT,
        )
    version = make("v1", shares={Split.TRAIN: 1.0, Split.VALIDATION: 0.0, Split.TEST: 0.0})
    assert {one.url: one.split for one in version.items} == {URLS[1]: Split.TRAIN}
    assert version.summary.left_out == {"other_side": 1}
    with reading(shop.engine) as connection:
        sides = datasets.load_sides(connection)
    assert sides[Unit.ADVERTISER, ACME] is Split.TRAIN


def test_the_first_side_stays(engine: sa.Engine) -> None:
    unit = (Unit.ADVERTISER, ACME)
    for split in (Split.TEST, Split.TRAIN):
        with writing(engine) as connection:
            datasets.add_sides(connection, {unit: split}, version=split, at=AT)
    with reading(engine) as connection:
        assert datasets.load_sides(connection) == {unit: Split.TEST}


def test_two_builds_at_once_do_not_contradict_each_other(
    shop: Shop, make: Callable[..., DatasetVersion], workspace: Workspace
) -> None:
    """A side that is given while a version is made would not be in it."""
    shop.fix(ACME, STOCK)

    def meanwhile(_done: int, _total: int) -> None:
        with writing(shop.engine) as connection:
            sides = {(Unit.ADVERTISER, ACME): Split.TEST}
            datasets.add_sides(connection, sides, version="other", at=AT)

    with pytest.raises(UsageError, match="run the same command again"):
        build(workspace, Order(name="v1"), on_progress=meanwhile)
    assert newest_version(workspace) is None
    assert make("v1").items[0].split is Split.TEST


# ---- decisions -------------------------------------------------------------------------------


def test_the_latest_decision_counts_and_none_is_lost(engine: sa.Engine) -> None:
    first = decision("a", Verdict.DROP, note="blurred")
    second = decision("a", Verdict.RELABEL, color=None, sets_color=True)
    third = decision("b", Verdict.RELABEL, image_type=ImageType.STOCK)
    for some in ([first], [second, third], []):
        with writing(engine) as connection:
            datasets.add_decisions(connection, some)
    with reading(engine) as connection:
        assert datasets.load_decisions(connection) == {second.key: second, third.key: third}
        assert datasets.load_decisions(connection, [key_of("b")]) == {third.key: third}
        assert connection.scalar(sa.select(sa.func.count()).select_from(dataset_decisions)) == 3


def test_a_dropped_picture_comes_back_when_somebody_keeps_it(
    shop: Shop, make: Callable[..., DatasetVersion]
) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:2])
    first = make("v1")

    def decide(verdict: Verdict) -> None:
        later = decision("", verdict, at=shop.now + timedelta(days=1))
        with writing(shop.engine) as connection:
            moved = type(later)(
                key=key_in(shop, 0), opinion=later.opinion, by="ada", at=later.at, version="v1"
            )
            datasets.add_decisions(connection, [moved])

    decide(Verdict.DROP)
    second = make("v2", parent="v1")
    assert list(labels(second)) == URLS[1:2]
    assert make("v3", parent="v2").items[0].key == second.items[0].key
    decide(Verdict.KEEP)
    last = make("v4", parent="v3")
    assert labels(last) == labels(first)
    (back,) = (one for one in last.items if one.url == URLS[0])
    assert last.path_of(back).read_bytes() == first.path_of(back).read_bytes()
    assert (back.source, back.type_trust) == (ItemSource.DECISION, 1.0)
