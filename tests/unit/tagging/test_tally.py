"""The counts of a run."""

from __future__ import annotations

import json
from collections import Counter

from forecourt.core.skips import SkipReason
from forecourt.tagging.tally import Tally


def test_every_settled_image_counts_once() -> None:
    tally = Tally(
        total=30,
        earlier=1,
        fresh=2,
        by_headers=3,
        by_bytes=4,
        classified=5,
        recheck_failed=6,
        skipped=Counter({SkipReason.NOT_FOUND: 7, SkipReason.TIMEOUT: 2}),
    )
    assert (tally.cached, tally.done) == (15, 30)


def test_reopened_image_is_not_done_until_it_is_settled_again() -> None:
    tally = Tally(total=10, by_headers=10, reopened=4)
    assert tally.done == 6
    tally.by_bytes += 4
    assert tally.done == 10


def test_counts_for_machines_are_plain_json() -> None:
    tally = Tally(skipped=Counter({SkipReason.TIMEOUT: 2}), distrusted=["images.example"])
    text = json.loads(json.dumps(tally.to_json()))
    assert text["skipped"] == {"timeout": 2}
    assert text["distrusted_hosts"] == ["images.example"]
