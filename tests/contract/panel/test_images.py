"""An image's page, and its large picture: what is shown to whom, and where it comes from."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image
from starlette.testclient import TestClient

from forecourt import review
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import Actor, ActSource, FixField, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.identity.visual import make_visual_key
from forecourt.store import carries as stored_carries
from forecourt.store.engine import reading, writing
from forecourt.store.images import visual_columns
from forecourt.store.schema import image_aliases, images, urls, vehicle_images, vehicles
from forecourt.vision.decode import decode_image
from forecourt.web.service import Service
from tests.support.image_host import ImageHost
from tests.support.pictures import encode
from tests.support.plans import check_plans, recording
from tests.support.stocked import AT

HOSTILE = "\"><img src=x onerror=alert(1)>'{{7*7}}"
STOCK = review.Change(image_type=ImageType.STOCK)


def image_of(service: Service, advertiser: str, number: int, place: int) -> tuple[int, str]:
    """Return an image that a place of an inventory shows, and its URL."""
    url = f"https://img.example.com/{advertiser}/{number}/{place}.jpg"
    with reading(service.engine) as connection:
        image_id = connection.scalar(
            sa.select(vehicle_images.c.image_id).where(vehicle_images.c.url == url)
        )
    assert image_id is not None
    return image_id, url


def fix(
    service: Service,
    advertiser: str,
    url: str,
    change: review.Change,
    *,
    role: Role = Role.STAFF,
    by: str = "Grace",
) -> review.Done:
    own = advertiser if role is Role.ADVERTISER else None
    act = NewAct(
        actor=Actor(name=by, role=role, advertiser=own), at=AT, source=ActSource.PANEL, note="why"
    )
    with writing(service.engine) as connection:
        return review.fix_images(
            connection,
            act,
            advertiser=advertiser,
            urls=[url],
            change=change,
            model_version=service.model_version,
        )


def show_everywhere(service: Service, image_id: int, advertiser: str) -> None:
    """Let another advertiser show the image too, at its first place."""
    with writing(service.engine) as connection:
        first = connection.scalar(
            sa.select(vehicle_images.c.id)
            .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
            .where(vehicles.c.advertiser == advertiser)
            .order_by(vehicle_images.c.id)
            .limit(1)
        )
        connection.execute(
            sa.update(vehicle_images).where(vehicle_images.c.id == first).values(image_id=image_id)
        )


def page_of(browser: TestClient, image_id: int, **query: Any) -> str:
    answer = browser.get(f"/panel/images/{image_id}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split()).replace(" ,", ",")


# ---- the page ------------------------------------------------------------------------------------


def test_page_tells_all_that_is_known(staff: TestClient, service: Service) -> None:
    image_id, url = image_of(service, "acme", 1, 0)
    fix(service, "acme", url, STOCK)
    fix(service, "acme", url, review.Change(image_type=ImageType.DEALER), by="Linus")
    told = words(page_of(staff, image_id, advertiser="acme"))
    assert "640 \N{MULTIPLICATION SIGN} 480 pixels, 59 KiB" in told
    assert "D Dealer fix fixed by staff (Linus) on 2026-11-24" in told
    assert "Type: Dealer → Stock Grace (staff), 2026-11-24 08:00 UTC, panel" in told
    assert "Type: Stock → Dealer Linus" in told
    assert "why" in told
    assert f"{service.model_version} champion" in told
    assert "car" in told
    assert "90.0 %" in told
    assert url in told
    assert "2016 Octavia Combi stock-1, image 1" in told


def test_form_starts_at_what_is_shown(staff: TestClient, service: Service) -> None:
    placeholder, _url = image_of(service, "acme", 3, 0)
    page = page_of(staff, placeholder, advertiser="acme")
    chosen = re.findall(r"<option selected>(\w+)", page)
    assert chosen == ["Placeholder", "Black"]
    dealer, _url = image_of(service, "acme", 1, 0)
    assert re.findall(r"<option selected>(\w+)", page_of(staff, dealer)) == ["Dealer", "Blue"]


def test_staff_see_what_others_say_and_rulings(staff: TestClient, service: Service) -> None:
    image_id, url = image_of(service, "acme", 1, 0)
    show_everywhere(service, image_id, "zenith")
    other = "https://img.example.com/zenith/0/0.jpg"
    red, blue = (review.Change(color=color, sets_color=True) for color in (Color.RED, Color.BLUE))
    fix(service, "acme", url, red, role=Role.ADVERTISER, by="acme's owner")
    fix(service, "zenith", other, blue, role=Role.ADVERTISER, by="zenith's owner")
    with writing(service.engine) as connection:
        review.resolve_conflict(
            connection,
            NewAct(actor=Actor(name="Ada", role=Role.STAFF), at=AT, source=ActSource.PANEL),
            image_id=image_id,
            field=FixField.COLOR,
            ruling=Ruling.KEEP_BOTH,
        )
    told = words(page_of(staff, image_id, advertiser="acme"))
    assert "zenith's owner" in told.replace("&#39;", "'")
    assert "in the sitemap of zenith" in told
    assert "Colour, keep both: acme (advertiser) Red; zenith (advertiser) Blue" in told
    assert "Ruling: keep both" in told
    assert "zenith: " in told


def test_an_advertiser_learns_nothing_of_others(
    owner: TestClient, staff: TestClient, service: Service
) -> None:
    image_id, url = image_of(service, "acme", 1, 0)
    show_everywhere(service, image_id, "zenith")
    other = "https://img.example.com/zenith/0/0.jpg"
    fix(service, "acme", url, STOCK, role=Role.ADVERTISER, by="acme's owner")
    fix(service, "zenith", other, review.Change(image_type=ImageType.PLACEHOLDER))
    with writing(service.engine) as connection:
        connection.execute(sa.update(urls).where(urls.c.url == other).values(image_id=image_id))
        connection.execute(
            sa.insert(image_aliases).values(
                kind="etag", value="of-zenith", image_id=image_id, created_at=AT
            )
        )
    for_staff = page_of(staff, image_id, advertiser="acme")
    page = page_of(owner, image_id)
    for word in ("zenith", "Grace", "of-zenith"):
        assert word in for_staff
        assert word not in page
    assert "owner (advertiser)" in words(page)


@pytest.mark.parametrize("query", [{}, {"advertiser": "acme"}, {"advertiser": "zenith"}])
def test_an_advertiser_is_shown_no_image_of_others(
    owner: TestClient, service: Service, query: dict[str, str]
) -> None:
    image_id, _url = image_of(service, "zenith", 1, 0)
    foreign = owner.get(f"/panel/images/{image_id}", params=query)
    unknown = owner.get("/panel/images/999999", params=query)
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert (
        words(foreign.text).replace(str(image_id), "N").split("Request")[0]
        == (words(unknown.text).replace("999999", "N").split("Request")[0])
    )


@pytest.mark.parametrize("path", ["0", "-1", "x", str(2**63)])
def test_numbers_that_are_none_are_refused(staff: TestClient, path: str) -> None:
    assert staff.get(f"/panel/images/{path}").status_code in {404, 422}


def test_image_that_stands_nowhere_is_shown_without_a_form(
    staff: TestClient, service: Service
) -> None:
    image_id, _url = image_of(service, "acme", 1, 0)
    with writing(service.engine) as connection:
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.image_id == image_id)
            .values(image_id=None)
        )
    page = page_of(staff, image_id, advertiser="acme")
    assert 'id="fix"' not in page
    assert "It stands in no inventory of acme just now." in words(page)


def test_carried_and_look_alike_images_are_named(staff: TestClient, service: Service) -> None:
    image_id, _url = image_of(service, "acme", 1, 0)
    twin, _twin_url = image_of(service, "acme", 1, 2)
    with writing(service.engine) as connection:
        connection.execute(
            sa.update(images)
            .where(images.c.id.in_([image_id, twin]))
            .values(pdq=b"\x0f" * 32, lab_grid=b"\x80" * 192)
        )
        carried = stored_carries.NewCarry(
            image_id=image_id,
            from_image_id=twin,
            with_color=False,
            pdq_distance=0,
            grid_distance=0.0,
        )
        stored_carries.add_carries(connection, "acme", [carried], at=datetime.now(UTC))
    told = words(page_of(staff, image_id, advertiser="acme"))
    assert "fixes come from it, of the type only" in told
    assert told.count("no colour same picture") == 1
    assert "fixes go to it" in words(page_of(staff, twin, advertiser="acme"))


def test_hostile_text_is_text_and_no_link(staff: TestClient, service: Service) -> None:
    image_id, url = image_of(service, "acme", 1, 0)
    with writing(service.engine) as connection:
        connection.execute(sa.update(vehicles).values(title=HOSTILE, color=HOSTILE))
        connection.execute(
            sa.update(urls).where(urls.c.url == url).values(url="javascript:alert(1)")
        )
    page = page_of(staff, image_id, advertiser="acme")
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_page_asks_by_indexes(staff: TestClient, service: Service) -> None:
    image_id, url = image_of(service, "acme", 1, 0)
    fix(service, "acme", url, STOCK)
    with recording(service.engine) as sent:
        page_of(staff, image_id, advertiser="acme")
    assert len(sent) > 10
    check_plans(
        service.engine, sent, small=frozenset({"promotions", "sessions", "users", "CONSTANT"})
    )


# ---- the large picture ---------------------------------------------------------------------------


def place_at(service: Service, image_id: int, url: str, body: bytes) -> None:
    """Let an image stand at a URL, and be what a body shows."""
    key = make_visual_key(decode_image(body).rgb)
    with writing(service.engine) as connection:
        connection.execute(
            sa.update(vehicle_images).where(vehicle_images.c.image_id == image_id).values(url=url)
        )
        connection.execute(
            sa.update(images).where(images.c.id == image_id).values(**visual_columns(key))
        )


def drawn(seed: int, width: int) -> bytes:
    """Return a JPEG, 4:3, that looks like none of another seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    picture = Image.fromarray(patches).resize((width, width * 3 // 4), Image.Resampling.NEAREST)
    return encode(picture, quality=90)


def get_picture(browser: TestClient, image_id: int, advertiser: str = "acme") -> Any:
    return browser.get(f"/panel/pictures/{image_id}.jpg", params={"advertiser": advertiser})


def size_of(body: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(body)) as picture:
        assert picture.format == "JPEG"
        return picture.size


def test_picture_is_fetched_and_encoded_anew(
    staff: TestClient, service: Service, host: ImageHost
) -> None:
    image_id, _url = image_of(service, "acme", 1, 0)
    body = drawn(1, 2400) + b"<script>alert(1)</script>"
    place_at(service, image_id, host.put("/large.jpg", body), body)
    answer = get_picture(staff, image_id)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=86400"
    assert size_of(answer.content) == (1280, 960)
    assert b"<script>" not in answer.content


@pytest.mark.parametrize("what", ["gone", "html", "other", "refused"])
def test_picture_that_is_not_to_be_had_gives_way_to_the_thumbnail(
    staff: TestClient, service: Service, host: ImageHost, what: str
) -> None:
    image_id, _url = image_of(service, "acme", 1, 0)
    body = drawn(1, 1000)
    sent = {
        "gone": host.url("/nothing.jpg"),
        "html": host.put("/page.jpg", b"<html><script>alert(1)</script></html>"),
        "other": host.put("/other.jpg", drawn(2, 1000)),
        "refused": "http://169.254.169.254/latest/meta-data",  # the egress policy
    }
    place_at(service, image_id, sent[what], body)
    answer = get_picture(staff, image_id)
    assert answer.status_code == 200
    assert max(size_of(answer.content)) == 320
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert b"alert" not in answer.content


def test_picture_needs_an_inventory_that_the_reader_may_see(
    owner: TestClient, staff: TestClient, service: Service, visitors: Any
) -> None:
    own, _url = image_of(service, "acme", 1, 0)
    foreign, _url = image_of(service, "zenith", 1, 0)
    assert get_picture(owner, own).status_code == 200
    assert get_picture(owner, foreign).status_code == 404
    assert get_picture(owner, foreign, "zenith").status_code == 404
    assert get_picture(staff, foreign, "zenith").status_code == 200
    assert get_picture(staff, foreign).status_code == 404
    address = f"/panel/pictures/{own}.jpg?advertiser=acme"
    assert visitors.stranger().get(address, follow_redirects=False).status_code == 303
