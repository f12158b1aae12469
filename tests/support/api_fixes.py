"""Requests about fixes, for tests of the API."""

from __future__ import annotations

from typing import Any

from forecourt import review
from forecourt.core.labels import Color, ImageType
from tests.support.api import Api
from tests.support.shop import ACME, URLS

STOCK = review.Change(image_type=ImageType.STOCK)
BLUE = review.Change(color=Color.BLUE, sets_color=True)
ONE = {"advertiser": ACME, "url": URLS[0], "image_type": "Stock"}
BULK = {"advertiser": ACME, "selection": {"whole_sitemap": True}, "image_type": "Stock"}
Headers = dict[str, str]


def post(api: Api, headers: Headers, path: str, body: Any = None, **more: str) -> Any:
    """Post JSON; `more` are headers, with underscores for hyphens."""
    given = {name.replace("_", "-"): value for name, value in more.items()}
    return api.ask("POST", f"/v1{path}", headers | given, json=body)


def history(api: Api, headers: Headers, **query: Any) -> list[dict[str, Any]]:
    """Return the first page of a history."""
    answer = api.ask("GET", "/v1/fixes", headers, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
