"""Several workers send from one outbox: each delivery once, and no success is lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.webhooks import (
    Delivery,
    DeliveryState,
    Posted,
)
from forecourt.fetch.post import Poster
from tests.support.receiver import Receiver
from tests.support.webhooks import (
    AT,
    Scripted,
    announce,
    create,
    due,
    failing,
    load,
    only_webhook,
)


def test_of_two_workers_one_sends(engine: sa.Engine, receiver: Receiver, poster: Poster) -> None:
    create(engine, receiver.put("/hook", hangs=True))
    (delivery_id,) = announce(engine)
    start = threading.Barrier(4)

    def work(_number: int) -> Delivery | None:
        start.wait()
        done = webhooks.deliver(engine, poster, delivery_id, now=AT)
        receiver.release.set()  # the losers come back first, and let the winner's answer go
        return done

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert sum(one is not None for one in done) == 1
    assert len(receiver.got) == 1
    assert load(engine, delivery_id).state is DeliveryState.DELIVERED


class Overtaken(Scripted):
    """Another worker takes the delivery while this one's POST runs beyond its claim."""

    def __init__(
        self, engine: sa.Engine, delivery_id: int, posted: Posted, other: Scripted
    ) -> None:
        super().__init__(posted)
        self.overtake = lambda: webhooks.deliver(
            engine, other, delivery_id, now=AT + timedelta(hours=1)
        )

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Posted:
        assert self.overtake() is not None
        return super().post(url, headers=headers, body=body)


@pytest.mark.parametrize(("slow", "quick"), [(500, 200), (200, 500), (200, 200), (410, 200)])
def test_a_claim_that_ran_out_loses_no_success(engine: sa.Engine, slow: int, quick: int) -> None:
    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    posted = Posted(status=slow, milliseconds=5)
    webhooks.deliver(
        engine, Overtaken(engine, delivery_id, posted, failing(quick)), delivery_id, now=AT
    )
    found = load(engine, delivery_id)
    assert found.state is DeliveryState.DELIVERED
    assert [one.posted.status for one in found.log] == [quick, slow]
    webhook = only_webhook(engine)
    assert (webhook.failing_since, webhook.disabled_at) == (None, None)


@pytest.mark.parametrize("slow", [500, 410])
def test_a_late_failure_changes_nothing_of_what_came_meanwhile(
    engine: sa.Engine, slow: int
) -> None:
    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    posted = Posted(status=slow, milliseconds=5)
    overtaken = Overtaken(engine, delivery_id, posted, failing(503))
    webhooks.deliver(engine, overtaken, delivery_id, now=AT)
    found = load(engine, delivery_id)
    assert (found.state, found.attempts, len(found.log)) == ("pending", 2, 2)
    assert found.next_attempt_at is not None
    assert found.next_attempt_at > AT + timedelta(hours=1)


def test_a_worker_that_dies_leaves_it_to_the_next(engine: sa.Engine) -> None:
    class Dying(Scripted):
        def post(self, *_arguments: object, **_given: object) -> Posted:
            raise SystemExit

    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    with pytest.raises(SystemExit):
        webhooks.deliver(engine, Dying(Posted(status=200, milliseconds=1)), delivery_id, now=AT)
    assert due(engine, AT + timedelta(seconds=30)) == []
    later = AT + timedelta(minutes=2)
    assert due(engine, later) == [delivery_id]
    sent = webhooks.deliver(
        engine, Scripted(Posted(status=200, milliseconds=1)), delivery_id, now=later
    )
    assert sent is not None
    assert (sent.state, sent.attempts, len(sent.log)) == ("delivered", 2, 1)


def test_a_backlog_does_not_hold_up_the_others(engine: sa.Engine) -> None:
    url = "https://hooks.example.com/"
    create(engine, url, advertiser="busy")
    backlog = [one for _ in range(5) for one in announce(engine, "busy")]
    create(engine, url, advertiser="quiet")
    (quiet,) = announce(engine, "quiet", at=AT + timedelta(seconds=1))
    assert due(engine, AT + timedelta(seconds=1), limit=3) == [backlog[0], quiet, backlog[1]]
