"""Bulk fixes on both databases: what is selected, in one act that is undone as one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Source, Vehicle
from forecourt.core.resolve import Status
from forecourt.store.engine import reading, writing
from forecourt.store.schema import acts, carries, carry_states, fixes
from tests.support.shop import ACME, URLS, ZENITH, Answer, Shop

STOCK = review.Change(image_type=ImageType.STOCK)
BLUE = review.Change(color=Color.BLUE, sets_color=True)
BOTH = review.Change(image_type=ImageType.STOCK, color=Color.BLUE, sets_color=True)
ALL = review.Selection(whole_sitemap=True)
WAGON = Vehicle(
    id="A-100",
    vin="1HGCM82633A004352",
    title="Forest Wagon",
    condition="Used",
    color="Brilliant Red",
    images=tuple(URLS[:2]),
)
TRUCK = Vehicle(id="B-200", title="Harbour Truck", condition="New", images=tuple(URLS[2:]))


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    """Acme's first URL shows a sure Dealer, the second an unsure Red one; the third never came."""
    shop = Shop(engine)
    shop.scrape(ACME, vehicles=[WAGON, TRUCK], shown={URLS[0]: 0, URLS[1]: 1, URLS[2]: None})
    unsure = Answer(image_type_confidence=0.5, color="Red", color_confidence=0.4, review=True)
    shop.promote("m2", {0: Answer(), 1: unsure})
    return shop


def selected(shop: Shop, **given: object) -> list[int]:
    """The places of Acme's sitemap that a selection holds."""
    found = shop.preview(ACME, review.Selection(**given))  # type: ignore[arg-type]
    assert found.images == len(found.examples)
    return [URLS.index(one.image.url) for one in found.examples]


def count_acts(shop: Shop) -> int:
    with reading(shop.engine) as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(acts)) or 0


# ---- what is selected ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"urls": (URLS[2], URLS[0])}, [0, 2]),
        ({"vehicle_ids": ("A-100",)}, [0, 1]),
        ({"vehicle_ids": ("A-100", "B-200")}, [0, 1, 2]),
        ({"whole_sitemap": True}, [0, 1, 2]),
        ({"image_types": (ImageType.PLACEHOLDER,)}, [2]),
        ({"image_types": (ImageType.DEALER, ImageType.PLACEHOLDER)}, [0, 1, 2]),
        ({"colors": (Color.RED,)}, [0, 1]),
        ({"colors": (None,)}, [2]),
        ({"colors": (Color.BLUE,)}, []),
        ({"statuses": (Status.SKIPPED,)}, [2]),
        ({"type_sources": (Source.DEFAULT,)}, [2]),
        ({"color_sources": (Source.SCRAPE,)}, [0, 1]),
        ({"conditions": ("New",)}, [2]),
        ({"review": True}, [1]),
        ({"review": False}, [0, 2]),
        ({"type_confidence_below": 0.6}, [1]),
        ({"type_confidence_below": 0.5}, []),
        ({"color_confidence_below": 1.0}, []),  # shown is the scrape's, which has none
        ({"against_scrape_color": True}, [0]),  # the model sees Grey there
        ({"text": "wagon"}, [0, 1]),
        ({"text": "82633a"}, [0, 1]),
        ({"text": "b-2"}, [2]),
        ({"vehicle_ids": ("A-100",), "review": True}, [1]),
        ({"text": "wagon", "statuses": (Status.SKIPPED,)}, []),
    ],
)
def test_selection(shop: Shop, given: dict[str, object], places: list[int]) -> None:
    assert selected(shop, **given) == places


def test_selection__sees_what_is_shown_fixes_included(shop: Shop) -> None:
    shop.fix(ACME, BOTH, urls=URLS[:1])
    assert selected(shop, image_types=(ImageType.STOCK,)) == [0]
    assert selected(shop, type_sources=(Source.FIX,)) == [0]
    assert selected(shop, colors=(Color.BLUE,), against_scrape_color=True) == [0]
    shop.fix(ACME, review.Change(sets_color=True), urls=URLS[1:2])  # no colour, says a person
    assert selected(shop, against_scrape_color=True) == [0, 1]
    shop.fix(ACME, review.Change(image_type=ImageType.PLACEHOLDER), urls=URLS[:1])
    assert selected(shop, against_scrape_color=True) == [1]  # a Placeholder contradicts nobody


def test_selection__that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="Say which images"):
        review.Selection()
    with pytest.raises(UsageError, match="not both"):
        review.Selection(urls=tuple(URLS), vehicle_ids=("A-100",))
    with pytest.raises(UsageError, match="not both"):
        review.Selection(urls=tuple(URLS), review=False)
    with pytest.raises(UsageError, match="text to look for is empty"):
        review.Selection(text="  ")
    assert review.Selection(review=False).is_filter
    assert not review.Selection(vehicle_ids=("A-100",)).is_filter


# ---- the act -------------------------------------------------------------------------------------


def test_filter_is_fixed_in_one_act_and_undone_as_one(shop: Shop) -> None:
    before = shop.shown(ACME)
    done = shop.fix_selection(ACME, BOTH, ALL)
    assert shop.shown(ACME) == [("Stock", "Blue")] * 3
    assert done.count == len(done.fixes) == 6
    assert [(fix.vehicle_id, fix.vin) for fix in done.fixes[::2]] == [
        ("A-100", WAGON.vin),
        ("A-100", WAGON.vin),
        ("B-200", None),
    ]
    shop.revert(act_id=done.act_id)
    assert shop.shown(ACME) == before
    with pytest.raises(UsageError, match="undone before"):
        shop.revert(act_id=done.act_id)


def test_never_seen_image_is_fixed_by_its_url(shop: Shop) -> None:
    done = shop.fix_selection(ACME, STOCK, review.Selection(statuses=(Status.SKIPPED,)))
    assert [(fix.url, fix.image_id, fix.model_version) for fix in done.fixes] == [
        (URLS[2], None, None)
    ]
    assert shop.shown(ACME)[2] == ("Stock", None)


def test_picture_in_several_places_is_fixed_once_where_it_fits(shop: Shop) -> None:
    shop.scrape(ACME, vehicles=[WAGON, TRUCK], shown=dict.fromkeys(URLS, 1))
    done = shop.fix_selection(ACME, STOCK, review.Selection(conditions=("New",)))
    assert [fix.vehicle_id for fix in done.fixes] == ["B-200"]
    assert shop.preview(ACME, ALL).images == 1
    assert shop.shown(ACME) == [("Stock", "Red")] * 2 + [("Stock", "Red")]


def test_many_pages_come_to_one_act(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecourt.store.inventory._PAGE", 1)
    monkeypatch.setattr("forecourt.review.selection._PAGE", 1)
    monkeypatch.setattr("forecourt.review.fixing._SHOWN", 2)
    for selection in (ALL, review.Selection(urls=tuple(URLS))):
        done = shop.fix_selection(ACME, BOTH, selection)
        assert (done.count, len(done.fixes)) == (6, 2)
        with reading(shop.engine) as connection:
            assert len(list(review.iter_act(connection, done.act_id))) == 6
        undone = shop.revert(act_id=done.act_id)
        assert undone.count == 6
        with reading(shop.engine) as connection:
            touched = list(review.iter_act(connection, undone.act_id))
        assert [fix.act_id for fix in touched] == [done.act_id] * 6


def test_failing_on_a_later_page_leaves_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.review.selection._PAGE", 1)
    for selection in (
        review.Selection(urls=(URLS[0], "https://cdn.example.com/gone.jpg")),
        review.Selection(vehicle_ids=("A-100", "C-300")),
    ):
        # The caller goes on, and commits what else it did.
        with writing(shop.engine) as connection, pytest.raises(NotFoundError):
            review.fix_selection(
                connection,
                shop.act(),
                advertiser=ACME,
                selection=selection,
                change=STOCK,
                model_version=shop.model,
            )
    assert (count_acts(shop), shop.history(ACME)) == (0, [])


def test_nothing_fits_is_said_and_no_act(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match="Nothing in the sitemap of 'acme' fits"):
        shop.fix_selection(ACME, STOCK, review.Selection(colors=(Color.PINK,)))
    with pytest.raises(NotFoundError, match="no vehicle 'C-300'"):
        shop.preview(ACME, review.Selection(vehicle_ids=("C-300",)))
    with pytest.raises(UsageError, match="Say which images to fix"):
        shop.fix(ACME, STOCK, urls=[])
    assert count_acts(shop) == 0


def test_undoing_an_undo_touches_only_what_still_stands_so(shop: Shop) -> None:
    done = shop.fix_selection(ACME, STOCK, ALL)
    shop.revert(fix_id=done.fixes[1].id)
    undone = shop.revert(act_id=done.act_id)
    assert [fix.id for fix in undone.fixes] == [done.fixes[0].id, done.fixes[2].id]
    shop.revert(act_id=undone.act_id)
    assert [one[0] for one in shop.shown(ACME)] == ["Stock", "Dealer", "Stock"]


def test_advertiser__undoes_a_bulk_act_only_if_all_of_it_is_theirs(shop: Shop) -> None:
    own = shop.fix_selection(ACME, STOCK, ALL, role=Role.ADVERTISER)
    staffs = shop.fix_selection(ACME, BLUE, ALL)
    shop.revert(act_id=own.act_id, role=Role.ADVERTISER, advertiser=ACME)
    with pytest.raises(UsageError, match="not acme's"):
        shop.revert(act_id=staffs.act_id, role=Role.ADVERTISER, advertiser=ACME)
    with pytest.raises(NotFoundError, match="no act 999"):
        shop.revert(act_id=999_999)


def test_act_on_carries_is_turned_back_by_its_own_advertiser_or_staff(shop: Shop) -> None:
    """What travelled to another image can be refused, and the refusal undone."""
    with writing(shop.engine) as connection:
        carry_id = connection.execute(
            sa.insert(carries)
            .values(
                advertiser=ACME,
                image_id=shop.image_ids[0],
                from_image_id=shop.image_ids[1],
                with_color=True,
                pdq_distance=0,
                grid_distance=0.0,
                created_at=datetime(2026, 11, 24, tzinfo=UTC),
            )
            .returning(carries.c.id)
        ).scalar_one()
        act_id = connection.execute(
            sa.insert(acts)
            .values(kind="refuse", by="Ada", role="staff", source="api", note="", at=shop.tick())
            .returning(acts.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(carry_states).values(act_id=act_id, carry_id=carry_id, is_live=False)
        )
    with pytest.raises(NotFoundError, match=f"no act {act_id}"):
        shop.revert(act_id=act_id, role=Role.ADVERTISER, advertiser=ZENITH)
    shop.revert(act_id=act_id, role=Role.ADVERTISER, advertiser=ACME)
    with reading(shop.engine) as connection:
        states = sa.select(carry_states.c.is_live).order_by(carry_states.c.id)
        assert list(connection.scalars(states)) == [False, True]
        assert connection.scalar(sa.select(sa.func.count()).select_from(fixes)) == 0
