"""What the machine of `test_fix_history` draws from, and how it reads a database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from forecourt import review
from forecourt.core.conflicts import ConflictStatus
from forecourt.core.fixes import Fix, FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Source
from forecourt.core.resolve import Status
from forecourt.sitemap import iter_sitemap
from forecourt.store.engine import reading
from tests.support.fix_model import COLOR, TYPE, Fixed, Shown
from tests.support.shop import ACME, URLS, ZENITH, Answer, Shop

ADVERTISERS = st.sampled_from([ACME, ZENITH])

# One vehicle with two images, one with one: so a whole vehicle is more than an image.
LAYOUT = (("v0", "Red Sedan", URLS[:2]), ("v1", "Blue Van", URLS[2:]))
SHOWN = st.fixed_dictionaries(dict.fromkeys(URLS, st.sampled_from([0, 1, 2, None])))
ANSWERS = st.dictionaries(
    st.integers(0, 2),
    st.builds(
        Answer,
        image_type=st.sampled_from(["Dealer", "Placeholder"]),
        image_type_confidence=st.sampled_from([0.4, 0.9]),
        color=st.sampled_from(["Grey", "Red"]),
        color_confidence=st.sampled_from([0.3, 0.8]),
        review=st.booleans(),
    ).map(
        lambda one: one if one.image_type == "Dealer" else Answer(**{**vars(one), "color": None})
    ),
)
CHANGES = st.one_of(
    st.fixed_dictionaries({TYPE: st.sampled_from(ImageType)}),
    st.fixed_dictionaries({COLOR: st.sampled_from([Color.RED, Color.BLUE, None])}),
    st.just({TYPE: ImageType.STOCK, COLOR: Color.BLUE}),
    st.just({TYPE: ImageType.PLACEHOLDER, COLOR: None}),
)


def _some(of: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(of), min_size=1, max_size=2, unique=True).map(tuple)


_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "vehicle_ids": _some(["v0", "v1"]),
        "image_types": _some(ImageType),
        "colors": _some([Color.RED, Color.BLUE, Color.GREY, None]),
        "statuses": _some(Status),
        "type_sources": _some(Source),
        "color_sources": _some(Source),
        "conditions": _some(["New", "Used"]),
        "review": st.booleans(),
        "type_confidence_below": st.sampled_from([0.4, 0.5, 0.95]),
        "color_confidence_below": st.sampled_from([0.3, 0.5, 0.95]),
        "against_scrape_color": st.just(True),
        "text": st.sampled_from(["red", "VAN", "v1"]),
    },
).map(lambda given: given or {"whole_sitemap": True})
_NAMED = _some(URLS).map(lambda urls: {"urls": urls})
# Who says what, and for whom.
Saying = tuple[str, Color | None, str]
SAYINGS = st.tuples(
    ADVERTISERS,
    st.sampled_from([Color.RED, Color.BLUE, None]),
    st.sampled_from(["own", "own", "staff", "everyone"]),
)
# Most often one filter: several together seldom fit anything.
SELECTIONS = st.one_of(_NAMED, _FILTERS.map(lambda given: dict(list(given.items())[:2])), _FILTERS)


class World:
    """One database, and which of its ids stand for the model's numbers."""

    def __init__(self, engine: sa.Engine) -> None:
        self.shop = Shop(engine)
        self.acts: list[int] = []
        self.fixes: list[int] = []

    def note(self, done: review.Done) -> None:
        self.acts.append(done.act_id)
        self.fixes += [fix.id for fix in done.fixes if fix.act_id == done.act_id]
        assert done.count == len(done.fixes)

    def number(self, fix: Fix) -> int:
        return self.fixes.index(fix.id)


def read_sitemap(world: World, advertiser: str) -> list[Shown]:
    with reading(world.shop.engine) as connection:
        entries = list(iter_sitemap(connection, advertiser, model_version=world.shop.model))
    return [
        Shown(
            status=resolved.status,
            image_type=resolved.image_type.value,
            type_source=resolved.image_type.source,
            color=resolved.color.value,
            color_source=resolved.color.source,
            review=resolved.review,
        )
        for entry in entries
        for resolved in (image.resolved for image in entry.images)
    ]


def read_conflicts(world: World) -> list[Any]:
    return [
        (
            identify(world, one),
            [world.number(fix) for fix in one.positions],
            [world.number(fix) for fix in one.history],
            [(world.acts.index(o.act_id), o.ruling, o.is_live) for o in one.rulings],
        )
        for one in world.shop.conflicts(with_ruled=True)
    ]


def identify(world: World, one: Any) -> tuple[int, FixField, ConflictStatus]:
    return world.shop.image_ids.index(one.image_id), one.field, one.status


def describe(world: World, fix: Fix) -> Fixed:
    image = None if fix.image_id is None else world.shop.image_ids.index(fix.image_id)
    return Fixed(
        number=world.number(fix),
        act=world.acts.index(fix.act_id),
        owner=fix.advertiser,
        is_advertisers=fix.role is Role.ADVERTISER,
        everywhere=fix.everywhere,
        subject=("url", fix.url) if image is None else ("image", image),
        url=fix.url,
        vehicle=fix.vehicle_id or "",
        field=fix.field,
        before=fix.value_from,
        value=fix.value,
        model=fix.model_version,
    )
