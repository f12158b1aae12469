"""Sitemaps over the API: as the command writes them, and whose."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import unquote

import pytest

from forecourt.core.access import Scope
from forecourt.core.errors import NotFoundError
from forecourt.core.exports import AdOptions, ExportFormat, Placeholders, SkippedImages
from forecourt.core.labels import ImageType
from forecourt.core.records import Role, Vehicle
from forecourt.review import Change
from forecourt.sitemap import find_writer, iter_sitemap
from forecourt.store.engine import reading
from forecourt.web.api import downloads, sitemaps
from forecourt.web.api.downloads import is_known, name_file
from tests.support.api import Api
from tests.support.shop import ACME, URLS, ZENITH, Shop

STOCK = Change(image_type=ImageType.STOCK)
Headers = dict[str, str]


def get(api: Api, headers: Headers, advertiser: str = ACME, **query: Any) -> Any:
    return api.ask("GET", f"/v1/advertisers/{advertiser}/sitemap", headers, params=query)


def written(
    shop: Shop,
    export_format: ExportFormat,
    skipped: SkippedImages = SkippedImages.PLACEHOLDER,
    options: AdOptions | None = None,
) -> str:
    stream = io.StringIO(newline="")
    with reading(shop.engine) as connection:
        entries = iter_sitemap(connection, ACME, model_version=shop.model, skipped=skipped)
        find_writer(export_format, options)(stream, ACME, entries)
    return stream.getvalue()


def a_mixed_sitemap(shop: Shop) -> None:
    """One image that could not be had, and words that are not ASCII."""
    vehicles = [
        Vehicle(id=f"v{number}", title="Škoda Citroën 日本", vin=None, images=(url,))
        for number, url in enumerate(URLS)
    ]
    shown: dict[str, int | None] = {URLS[0]: 0, URLS[1]: 1, URLS[2]: None}
    shop.scrape(ACME, vehicles=vehicles, shown=shown)


# ---- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("skipped", SkippedImages)
@pytest.mark.parametrize("export_format", ExportFormat)
def test_sitemap__is_the_file_that_the_command_writes(
    api: Api, shop: Shop, staff: Headers, export_format: ExportFormat, skipped: SkippedImages
) -> None:
    a_mixed_sitemap(shop)
    answer = get(api, staff, format=export_format, skipped=skipped)
    assert answer.status_code == 200
    assert answer.content.decode() == written(shop, export_format, skipped)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    kinds = {"json": "application/json", "google": "text/tab-separated-values"}
    assert answer.headers["Content-Type"].startswith(kinds.get(export_format, "text/csv"))
    name = f"acme-sitemap.{export_format.ending}"
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]


def test_sitemap__is_json_unless_something_else_is_asked_for(
    api: Api, shop: Shop, staff: Headers
) -> None:
    shop.fix(ACME, STOCK)
    document = get(api, staff).json()
    assert document["advertiser"] == ACME
    image = document["vehicles"][0]["images"][0]
    assert (image["image_type"]["value"], image["image_type"]["source"]) == ("Stock", "fix")


def test_sitemap__options_for_ads(api: Api, shop: Shop, staff: Headers) -> None:
    a_mixed_sitemap(shop)
    plain = get(api, staff, format="google")
    assert plain.headers["Sitemap-Vehicles"] == "2"
    assert plain.headers["Sitemap-Images"] == "2"
    assert plain.headers["Sitemap-Left-Out"] == "no_image=1"
    kept = get(api, staff, format="google", imageless="keep", placeholders="last")
    assert "Sitemap-Left-Out" not in kept.headers
    rows = list(csv.DictReader(io.StringIO(kept.text), delimiter="\t"))
    assert [row["id"] for row in rows] == ["v0", "v1", "v2"]
    by_vin = get(api, staff, format="meta", key="vin")
    assert by_vin.headers["Sitemap-Left-Out"] == "no_vin=3"
    last = AdOptions(placeholders=Placeholders.LAST)
    with_last = get(api, staff, format="meta", placeholders="last")
    assert with_last.text == written(shop, ExportFormat.META, options=last)


def test_sitemap__longer_than_memory_is_sent_whole_and_leaves_nothing(
    api: Api, shop: Shop, staff: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_IN_MEMORY", 100)
    monkeypatch.setattr(downloads, "_CHUNK", 64)
    assert get(api, staff).text == written(shop, ExportFormat.JSON)
    assert list((api.service.settings.home / "drafts").iterdir()) == []


def test_sitemap__what_fails_midway_is_a_problem_and_not_half_a_file(
    api: Api, staff: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> Any:
        yield from ()
        raise NotFoundError("it is gone")

    monkeypatch.setattr(sitemaps, "iter_sitemap", fail)
    answer = get(api, staff)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "it is gone"


@pytest.mark.parametrize(
    "query",
    [
        {"format": "xml"},
        {"format": "csv", "key": "vin"},
        {"placeholders": "last"},
        {"skipped": "maybe"},
    ],
)
def test_sitemap__what_cannot_be_is_refused(
    api: Api, staff: Headers, query: dict[str, str]
) -> None:
    assert get(api, staff, **query).status_code == 422


def test_sitemap__is_not_sent_again_to_whoever_has_it(api: Api, shop: Shop, staff: Headers) -> None:
    tag = get(api, staff).headers["ETag"]
    again = get(api, staff | {"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    assert get(api, staff | {"If-None-Match": tag}, format="csv").status_code == 200
    shop.fix(ACME, STOCK)
    changed = get(api, staff | {"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_entity_tags() -> None:
    assert not is_known('"a"', None)
    assert not is_known('"a"', '"b", "ab"')
    assert is_known('"a"', '"b",W/"a"')
    assert is_known('"a"', "*")


# ---- names of files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("acme", "acme-sitemap.csv"),
        ("Müller & Söhne", "Müller & Söhne-sitemap.csv"),
        ("日本", "日本-sitemap.csv"),
        ('a"; filename="b.exe', "a__ filename=_b.exe-sitemap.csv"),
        ("../../etc/passwd", "_.._etc_passwd-sitemap.csv"),
        ("..", "unnamed-sitemap.csv"),
        ("a\r\nSet-Cookie: b=1", "a__Set-Cookie_ b=1-sitemap.csv"),
        ("a\u202efdp.exe\u2028", "a_fdp.exe_-sitemap.csv"),
        ("CON", "CON-sitemap.csv"),
        ("100%41", "100_41-sitemap.csv"),
        ("a\u2019s ₂", "a\u2019s ₂-sitemap.csv"),
        ("x" * 300, "x" * 100 + "-sitemap.csv"),
    ],
)
def test_file_is_called_after_anybody_without_harm(name: str, file: str) -> None:
    header = name_file(name, "csv")
    assert header.isascii()
    assert header.isprintable()
    plain, extended = re.fullmatch(
        r"attachment; filename=\"([^\"\\%/]+)\"; filename\*=UTF-8''([\w.~%-]+)", header
    ).groups()  # type: ignore[union-attr]
    assert unquote(extended) == file
    assert plain.endswith("-sitemap.csv")


def test_file_name_for_old_readers_is_as_near_as_ascii_comes() -> None:
    assert 'filename="Muller & Sohne-sitemap.csv"' in name_file("Müller & Söhne", "csv")
    assert 'filename="__-sitemap.csv"' in name_file("日本", "csv")


def test_sitemap__of_a_hostile_name(api: Api, shop: Shop, staff: Headers) -> None:
    name = 'a"\r\nX-Evil: 1 日本'
    shop.scrape(name)
    answer = api.ask("GET", f"/v1/advertisers/{name}/sitemap".replace("\r\n", "%0D%0A"), staff)
    assert answer.status_code == 200
    assert answer.json()["advertiser"] == name
    assert "X-Evil" not in answer.headers


# ---- whose ---------------------------------------------------------------------------------------


def test_sitemap__an_advertiser_sees_their_own_only(api: Api, shop: Shop) -> None:  # noqa: ARG001
    acme = api.key(Role.ADVERTISER, ACME)
    assert get(api, acme).status_code == 200
    other, nobody = get(api, acme, ZENITH), get(api, acme, "nobody")
    assert other.status_code == nobody.status_code == 403
    assert other.json()["detail"].replace(ZENITH, "nobody") == nobody.json()["detail"]
    assert get(api, {}).status_code == 401
    assert get(api, api.key(Role.STAFF, None, Scope.FIX)).status_code == 403


def test_sitemap__of_nobody_names_nobody_else(api: Api, staff: Headers) -> None:
    for headers in (staff, api.key(Role.ADVERTISER, "nobody")):
        answer = get(api, headers, "nobody")
        assert answer.status_code == 404
        assert ACME not in answer.text


def test_advertisers__come_by_name_in_pages(api: Api, shop: Shop, staff: Headers) -> None:
    for name in ("Müller, Söhne", "b b", "日本"):
        shop.scrape(name)
    whole = api.ask("GET", "/v1/advertisers", staff).json()
    names = [one["name"] for one in whole["items"]]
    assert sorted(names) == sorted([ACME, ZENITH, "Müller, Söhne", "b b", "日本"])
    assert whole["next_cursor"] is None
    paged: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = api.ask("GET", "/v1/advertisers", staff, params=query).json()
        paged += [one["name"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert paged == names


def test_advertisers__an_advertiser_sees_their_own_alone(api: Api, shop: Shop) -> None:  # noqa: ARG001
    def names(advertiser: str) -> list[str]:
        answer = api.ask("GET", "/v1/advertisers", api.key(Role.ADVERTISER, advertiser)).json()
        assert answer["next_cursor"] is None
        return [one["name"] for one in answer["items"]]

    assert names(ACME) == [ACME]
    assert names("newcomer") == []
    assert api.ask("GET", "/v1/advertisers").status_code == 401
    no_scope = api.key(Role.STAFF, None, Scope.FIX)
    assert api.ask("GET", "/v1/advertisers", no_scope).status_code == 403


@pytest.mark.parametrize("cursor", ["x", "é", "YmVmb3JlOjE=", "YmVoaW5kOgA="])
def test_advertisers__a_cursor_of_somebody_else_is_refused(
    api: Api, staff: Headers, cursor: str
) -> None:
    answer = api.ask("GET", "/v1/advertisers", staff, params={"cursor": cursor})
    assert answer.status_code == 422
