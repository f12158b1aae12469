"""docs/webhooks.md against the code, and its receiver against what is really sent."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forecourt.core import webhooks as core
from forecourt.core.webhooks import (
    MOST_ATTEMPTS,
    Attempt,
    Delivery,
    DeliveryState,
    DisabledReason,
    EventType,
    Posted,
    PostFailure,
    Webhook,
    make_body,
    make_secret,
    pause_after,
    scrape_data,
    sign,
)
from forecourt.webhooks import delivery_to_json, webhook_to_json

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
SECRET = make_secret(b"k" * 32)
UNITS = {"s": 1, "min": 60, "h": 3600}


def section(heading: str) -> str:
    part = re.split(rf"^#+ {heading}\n", TEXT, flags=re.MULTILINE)[1]
    return re.split(r"^#+ ", part, flags=re.MULTILINE)[0]


def listed(heading: str) -> list[str]:
    """The names in the first column of the tables under a heading."""
    cells = re.findall(r"^\| (`.+?) \|", section(heading), re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(.+?)`", cell)]


def example() -> Any:
    (block,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return json.loads(block)


@pytest.fixture
def is_ours() -> Any:
    """The receiver of the document, as a reader would copy it."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102  # it is our own document
    return names["is_ours"]


def test_the_documented_receiver_believes_us_and_nobody_else(is_ours: Any) -> None:
    body, now = json.dumps(example()).encode(), datetime.now(UTC)
    new = make_secret(b"n" * 32)
    headers = sign([new, SECRET], event_id="msg_1", at=now, body=body)
    assert is_ours(SECRET, headers, body)
    assert is_ours(new, headers, body)
    assert not is_ours(make_secret(b"x" * 32), headers, body)
    assert not is_ours(SECRET, headers, body + b" ")
    assert not is_ours(SECRET, {**headers, "webhook-id": "msg_2"}, body)
    old = sign([SECRET], event_id="msg_1", at=now - timedelta(minutes=6), body=body)
    assert not is_ours(SECRET, old, body)


def test_closed_lists_are_documented_in_their_order() -> None:
    assert re.findall(r"^\| `([a-z]+\.[a-z]+)`", section("Events"), re.MULTILINE) == list(EventType)
    assert listed("The log and replay") == list(DeliveryState)
    assert listed("Reasons without a status") == list(PostFailure)
    reasons = re.findall(r"^\| `([a-z_]+)`", section("When it is tried again"), re.MULTILINE)
    assert reasons == list(DisabledReason)


def test_the_example_has_the_shape_of_the_code() -> None:
    shown = example()
    told = dict(shown["data"])
    told["received_at"] = datetime.fromisoformat(told["received_at"])
    data = scrape_data(**told)
    body = make_body(EventType(shown["type"]), advertiser="acme", data=data, at=AT)
    assert json.loads(body) == shown
    assert listed("Data of a scrape") == list(data)
    assert re.findall(r"^\| `([a-z]+)` \|", section("Events"), re.MULTILINE) == list(shown)


def test_headers_are_documented() -> None:
    headers = sign([SECRET], event_id="msg_1", at=AT, body=b"")
    rows = re.findall(r"^\| `([a-z-]+)`", section("Verify the signature"), re.MULTILINE)
    assert rows == list(headers)


def test_the_schedule_is_documented() -> None:
    rows = re.findall(
        r"^\| (\d+) \| (\d+) (\w+) \|", section("When it is tried again"), re.MULTILINE
    )
    shortest = {int(n): float(count) * UNITS[unit] for n, count, unit in rows}
    assert list(shortest) == list(range(1, MOST_ATTEMPTS))
    for attempt, least in shortest.items():
        pause = pause_after(attempt, "seed")
        assert pause is not None
        assert least <= pause.total_seconds() <= least * 1.2
    assert timedelta(days=3) == core.DISABLE_AFTER
    assert timedelta(days=1) == core.OLD_SECRET_FOR
    assert timedelta(seconds=300) == core.TOLERANCE


def test_json_forms_are_documented() -> None:
    attempt = Attempt(at=AT, posted=Posted(status=200, milliseconds=1))
    delivery = Delivery(
        id=1, webhook_id=1, event_id="msg_1", event=EventType.ALARM_RAISED, body="{}",
        created_at=AT, state=DeliveryState.DELIVERED, attempts=1, next_attempt_at=None,
        finished_at=AT, replay_of=None, log=(attempt,),
    )  # fmt: skip
    webhook = Webhook(
        id=1, url="u", events=(), advertiser=None, created_at=AT, created_by="Ada",
        disabled_at=None, disabled_reason=None, failing_since=None,
    )  # fmt: skip
    form = delivery_to_json(delivery)
    assert listed("A delivery") == list(form)
    assert re.findall(r"^\| `(\w+)`", section("An attempt"), re.MULTILINE) == list(form["log"][0])
    assert listed("A webhook") == list(webhook_to_json(webhook))
