"""What docs/api.md says of sitemaps, fixes and conflicts over HTTP, against the code."""

from __future__ import annotations

import re

import pytest
from fastapi import APIRouter

from forecourt.core.queue import QueueReason
from forecourt.web.api import conflicts, fixes, hosts, queue, sitemaps
from forecourt.web.api.acts import ActOut
from forecourt.web.api.changes import SelectionIn
from tests.support.documents import API, listed, section


@pytest.mark.parametrize(
    ("heading", "routers"),
    [
        ("HTTP: sitemaps", [sitemaps.router]),
        ("HTTP: fixes", [fixes.router]),
        ("HTTP: conflicts and oddities", [conflicts.router, hosts.router]),
        ("HTTP: review queue", [queue.router]),
    ],
)
def test_operations_are_documented(heading: str, routers: list[APIRouter]) -> None:
    there = {
        f"{method} /v1{route.path_format}"  # type: ignore[attr-defined]
        for router in routers
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert {one for one in listed(API, heading) if " /v1/" in one} == there


def test_fields_of_an_act_and_headers_of_a_sitemap_are_documented() -> None:
    fields = [one for one in listed(API, "HTTP: fixes") if " " not in one]
    assert fields == list(ActOut.model_fields)
    headers = [one for one in listed(API, "HTTP: sitemaps") if " " not in one]
    assert headers == [one for one in sitemaps._HEADERS if one.startswith("Sitemap-")]


def test_the_review_queue_is_documented() -> None:
    named = set(re.findall(r"`(\w+)`", section(API, "HTTP: review queue")))
    models = (queue.QueueOut, queue.DoneOut, queue.WaitingOut, queue.PredictedOut, queue.ReasonOut)
    assert {name for model in models for name in model.model_fields} <= named
    assert listed(API, "Queue reasons") == list(QueueReason)


def test_selections_are_documented() -> None:
    text = section(API, "HTTP: fixes").partition("`selection` of a bulk fix")[2]
    names = re.findall(r"`(\w+)`", text.partition("Send it with")[0])
    assert names == list(SelectionIn.model_fields)
