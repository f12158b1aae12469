"""Fixes travel to the same picture encoded anew, and to no other; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from forecourt import review
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.store import comparison
from forecourt.store.engine import reading, writing
from forecourt.store.schema import carries, images
from tests.support.image_host import ImageHost
from tests.support.pictures import encode
from tests.support.scenes import card, scene, with_banner
from tests.support.yard import ACME, ZENITH, Yard

VIN1, VIN2 = "1FTFW1E50MFA00001", "1FTFW1E50MFA00002"
FIXED = ("Placeholder", "fix")
MODEL = ("Dealer", "model")


@pytest.fixture
def yard(engine: sa.Engine, settings: Settings, host: ImageHost, tmp_path: Path) -> Yard:
    return Yard(engine, settings, host, tmp_path)


def vehicle(name: str, *urls: str, vin: str | None = None) -> dict[str, Any]:
    return {"id": name, "vin": vin, "images": list(urls)}


def halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2))


def fixed_yard(yard: Yard, **fix: Any) -> str:
    """Scrape one vehicle, fix its image, and return the image's URL."""
    url = yard.put(scene())
    yard.scrape([vehicle("v1", url, vin=VIN1)])
    yard.fix(url, **fix)
    return url


# ---- what holds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda yard: yard.put(scene(), quality=60),
        lambda yard: yard.put(scene(), quality=30),
        lambda yard: yard.put(scene(), "WEBP", quality=75),
        lambda yard: yard.put(scene(), "AVIF", quality=60),
        lambda yard: yard.put(halved(scene())),
    ],
    ids=["JPEG 60", "JPEG 30", "WebP", "AVIF", "half the size"],
)
def test_fix_holds_for_the_picture_encoded_anew(yard: Yard, change: Callable[[Yard], str]) -> None:
    old = fixed_yard(yard)
    tally = yard.scrape([vehicle("v1", change(yard), vin=VIN1)])
    assert tally.carried == 1
    (image,) = yard.images()
    assert image["image_type"]["value"] == "Placeholder"
    assert image["image_type"]["source"] == "fix"
    day = f"{yard.now:%Y-%m-%d}"
    reason = image["image_type"]["reason"]
    assert reason == f"fixed by staff (Ada) on {day}, carried from {old}"
    assert image["carried_from"] == old
    assert image["predicted"]["image_type"] == "Dealer"


def test_colour_travels_too(yard: Yard) -> None:
    old = fixed_yard(yard, image_type=None, color=Color.ORANGE, sets_color=True)
    yard.scrape([vehicle("v1", yard.put(scene(), quality=60), vin=VIN1)])
    (image,) = yard.images()
    assert (image["color"]["value"], image["color"]["source"]) == ("Orange", "fix")
    assert image["carried_from"] == old


def test_colour_stays_behind_where_the_type_may_still_travel(yard: Yard) -> None:
    url = fixed_yard(yard, color=Color.ORANGE, sets_color=True, image_type=ImageType.STOCK)
    yard.scrape([vehicle("v1", url, yard.put(scene(), quality=60), vin=VIN1)])
    with writing(yard.workspace.engine) as connection:  # as if the grids were 5.5 apart
        connection.execute(sa.update(carries).values(with_color=False))
    carried = yard.images()[1]
    assert (carried["image_type"]["value"], carried["color"]["source"]) == ("Stock", "model")


def test_newer_fix_and_revert_of_the_fixed_picture_hold_for_the_other_too(yard: Yard) -> None:
    old = fixed_yard(yard)
    new = yard.put(scene(), quality=60)
    yard.scrape([vehicle("v1", old, new, vin=VIN1)])
    newer = yard.fix(old, image_type=ImageType.STOCK)
    assert yard.types() == [("Stock", "fix")] * 2
    yard.revert(newer.act_id)
    assert yard.types() == [FIXED] * 2


def test_direct_fix_beats_a_carried_one(yard: Yard) -> None:
    fixed_yard(yard)
    new = yard.put(scene(), quality=60)
    yard.scrape([vehicle("v1", new, vin=VIN1)])
    yard.fix(new, image_type=ImageType.STOCK)
    (image,) = yard.images()
    assert (image["image_type"]["value"], image["carried_from"]) == ("Stock", None)


def test_fix_travels_from_the_fixed_picture_again_and_again(yard: Yard) -> None:
    old = fixed_yard(yard)
    for quality in (80, 60, 40, 30):
        yard.scrape([vehicle("v1", yard.put(scene(), quality=quality), vin=VIN1)])
        assert [image["carried_from"] for image in yard.images()] == [old]


def test_fix_made_later_reaches_an_encoding_that_was_there_before(yard: Yard) -> None:
    large, small = yard.put(scene()), yard.put(halved(scene()))
    inventory = [vehicle("v1", large, small, vin=VIN1)]
    yard.scrape(inventory)
    yard.fix(large)
    assert yard.types() == [FIXED, MODEL]
    yard.scrape(inventory)
    assert yard.types() == [FIXED, FIXED]


def test_id_that_changed_between_scrapes_loses_no_fix(yard: Yard) -> None:
    url = yard.put(scene())
    yard.scrape([vehicle("v1", url)])
    yard.fix(url)
    yard.scrape([vehicle("renamed", yard.put(scene(), quality=60))])
    assert yard.types() == [FIXED]


def test_fix_for_everyone_travels_to_another_advertisers_encoding(yard: Yard) -> None:
    fixed_yard(yard, everywhere=True)
    yard.scrape([vehicle("z1", yard.put(scene(), quality=60))], ZENITH)
    assert yard.types(ZENITH) == [FIXED]


def test_fixed_image_of_an_earlier_release_gets_its_key_from_its_thumbnail(yard: Yard) -> None:
    fixed_yard(yard)
    with writing(yard.workspace.engine) as connection:
        connection.execute(sa.update(images).values(pdq=None, lab_grid=None))
    yard.scrape([vehicle("v1", yard.put(scene(), quality=60), vin=VIN1)])
    assert yard.types() == [FIXED]


def test_fix_of_a_plain_card_holds_on_its_vehicle(yard: Yard) -> None:
    url = yard.put(card())
    yard.scrape([vehicle("v1", url), vehicle("v2", url)])
    yard.fix(url, image_type=ImageType.STOCK)
    small = yard.put(halved(card()), quality=60)
    yard.scrape([vehicle("v1", small), vehicle("v2", small), vehicle("v3", yard.put(scene()))])
    assert yard.types() == [("Stock", "fix"), ("Stock", "fix"), MODEL]


def test_fix_of_what_was_never_seen_is_of_the_picture_that_comes(
    yard: Yard, host: ImageHost
) -> None:
    missing = host.url("/later.jpg")
    yard.scrape([vehicle("v1", missing)])
    yard.fix(missing)
    assert yard.types() == [FIXED]
    host.put("/later.jpg", encode(scene(), quality=90))
    yard.scrape([vehicle("v1", missing)])
    assert yard.types() == [FIXED]
    yard.scrape([vehicle("v1", yard.put(scene(), quality=60))])  # moved, and encoded anew
    assert yard.types() == [FIXED]
    host.put("/later.jpg", encode(scene(seed=1), quality=90))
    yard.scrape([vehicle("v1", missing)])  # another picture under the old URL
    assert yard.types() == [MODEL]


# ---- what does not -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        scene(paint=(20, 90, 30)),
        scene(paint=(92, 10, 26)),
        with_banner(scene()),
        scene(seed=1),
        scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    ],
    ids=["repaint of equal luminance", "Burgundy", "banner", "another place", "mirrored"],
)
def test_other_picture_of_the_same_vehicle_gains_nothing(yard: Yard, other: Image.Image) -> None:
    fixed_yard(yard)
    tally = yard.scrape([vehicle("v1", yard.put(other), vin=VIN1)])
    assert tally.carried == 0
    assert yard.types() == [MODEL]


def test_no_fix_travels_to_another_vin(yard: Yard) -> None:
    fixed_yard(yard)
    yard.scrape([vehicle("v1", yard.put(scene(), quality=60), vin=VIN2)])
    assert yard.types() == [MODEL]


def test_no_fix_travels_to_another_vehicle_of_the_same_scrape(yard: Yard) -> None:
    url = yard.put(scene())
    yard.scrape([vehicle("v1", url)])
    yard.fix(url)
    yard.scrape([vehicle("v1", url), vehicle("v2", yard.put(scene(), quality=60))])
    assert yard.types() == [FIXED, MODEL]


def test_fix_of_a_plain_card_travels_to_no_vehicle_that_nobody_knows(yard: Yard) -> None:
    url = yard.put(card())
    yard.scrape([vehicle("v1", url)])
    yard.fix(url, image_type=ImageType.STOCK)
    yard.scrape([vehicle("v2", yard.put(halved(card()), quality=60))])
    assert yard.types() == [MODEL]


def test_plain_pictures_side_by_side_are_two(yard: Yard) -> None:
    first, second = yard.put(card()), yard.put(card(words="Call us"))
    yard.scrape([vehicle("v1", first, second)])
    yard.fix(first, image_type=ImageType.STOCK)
    yard.scrape([vehicle("v1", first, second)])
    assert yard.types() == [("Stock", "fix"), MODEL]


def test_same_bytes_are_the_same_picture_on_every_vehicle(yard: Yard) -> None:
    url = yard.put(scene())
    yard.scrape([vehicle("v1", url, vin=VIN1), vehicle("v2", yard.put(scene()), vin=VIN2)])
    yard.fix(url)
    assert yard.types() == [FIXED, FIXED]


def test_picture_that_two_vehicles_showed_stays_fixed_on_both(yard: Yard) -> None:
    # One render stood on both; the CDN now encodes it for each of them in its own way.
    url = yard.put(scene())
    yard.scrape([vehicle("v1", url, vin=VIN1), vehicle("v2", url, vin=VIN2)])
    yard.fix(url)
    for quality in (60, 40):
        yard.scrape(
            [
                vehicle("v1", yard.put(scene(), quality=quality), vin=VIN1),
                vehicle("v2", yard.put(scene(), quality=quality + 1), vin=VIN2),
            ]
        )
        assert yard.types() == [FIXED, FIXED]


def test_fix_stays_with_its_advertiser(yard: Yard) -> None:
    fixed_yard(yard)
    yard.scrape([vehicle("z1", yard.put(scene(), quality=60))], ZENITH)
    assert yard.types(ZENITH) == [MODEL]


# ---- refusing ------------------------------------------------------------------------------------


def test_what_travelled_is_refused_in_one_act_and_not_carried_again(yard: Yard) -> None:
    old = fixed_yard(yard, color=Color.ORANGE, sets_color=True, image_type=ImageType.STOCK)
    new = yard.put(scene(), quality=60)
    inventory = [vehicle("v1", old, new, vin=VIN1)]
    yard.scrape(inventory)
    refused = yard.refuse(new)
    assert [fix.url for fix in refused.fixes] == [old, old]
    assert yard.types() == [("Stock", "fix"), MODEL]
    yard.scrape(inventory)
    assert yard.types() == [("Stock", "fix"), MODEL]
    yard.revert(refused.act_id)
    assert yard.types() == [("Stock", "fix")] * 2


def test_refusing_where_nothing_was_carried_says_what_to_do(yard: Yard) -> None:
    url = fixed_yard(yard)
    with pytest.raises(UsageError, match="forecourt revert"):
        yard.refuse(url)
    with pytest.raises(NotFoundError, match="not in the sitemap"):
        yard.refuse("https://cdn.example.com/other.jpg")


def test_advertiser_may_refuse_in_their_own_sitemap_only(yard: Yard) -> None:
    fixed_yard(yard, everywhere=True)
    new = yard.put(scene(), quality=60)
    yard.scrape([vehicle("v1", new, vin=VIN1)])
    yard.scrape([vehicle("z1", new)], ZENITH)
    act = yard.act(Role.ADVERTISER, ACME)
    with (
        writing(yard.workspace.engine) as connection,
        pytest.raises(UsageError, match="may change the inventory of acme only"),
    ):
        review.refuse_carried(connection, act, advertiser=ZENITH, urls=[new])
    refused = yard.refuse(new, advertiser=ZENITH, role=Role.ADVERTISER)
    assert (yard.types(ZENITH), yard.types(ACME)) == ([MODEL], [FIXED])
    with pytest.raises(NotFoundError, match="no act"):
        yard.revert(refused.act_id, role=Role.ADVERTISER, advertiser=ACME)


# ---- history -------------------------------------------------------------------------------------


def test_history_of_an_image_holds_what_was_carried_to_it(yard: Yard) -> None:
    old = fixed_yard(yard)
    before = yard.act().at
    new = yard.put(scene(), quality=60)
    yard.scrape([vehicle("v1", new, vin=VIN1)])
    with reading(yard.workspace.engine) as connection:
        (fix,) = review.history(connection, advertiser=ACME, url=new)
        assert (fix.url, fix.vehicle_id, fix.vin) == (old, "v1", VIN1)
        assert list(review.history(connection, advertiser=ACME, url=new, until=before)) == []


def test_tagging_again_carries_nothing_twice(yard: Yard) -> None:
    old = fixed_yard(yard)
    inventory = [vehicle("v1", old, yard.put(scene(), quality=60), vin=VIN1)]
    assert [yard.scrape(inventory).carried for _ in range(3)] == [1, 0, 0]
    with reading(yard.workspace.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(carries)) == 1


def test_run_that_dies_while_fixes_travel_loses_none(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed_yard(yard)
    inventory = [vehicle("v1", yard.put(scene(), quality=60), vin=VIN1)]

    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(comparison, "mark_compared", die)
        with pytest.raises(KeyboardInterrupt):
            yard.scrape(inventory)
    assert yard.types() == [MODEL]
    assert yard.scrape(inventory).carried == 1
    assert yard.types() == [FIXED]
