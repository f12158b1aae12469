"""`forecourt monitor` as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Run

pytestmark = pytest.mark.usefixtures("command_settings")


def test_what_is_tagged_and_fixed_is_measured(run: Run, feed: Path) -> None:
    run("tag", feed)
    vehicle, *_ = run("export", "--advertiser", "acme", "--format", "json").json["vehicles"]
    image, *_ = vehicle["images"]
    other = "Stock" if image["image_type"]["value"] != "Stock" else "Dealer"
    fixed = run("fix", "-a", "acme", "--url", image["url"], "--type", other, "--by", "ann")
    assert fixed.code == 0
    document = run("monitor", "--json").json
    assert (document["previous_version"], document["released_at"]) == (None, None)
    acme = next(one for one in document["measured"] if one["advertiser"] == "acme")
    whole = next(one for one in document["measured"] if one["advertiser"] is None)
    assert acme["fixed"] == whole["fixed"] == {"images": 1, "image_type": 1, "color": 0}
    assert acme["images"] == acme["now"]["images"] > 1
    assert acme["findings"] == []
    told = run("monitor", "--advertiser", "acme").out
    assert "acme" in told
    assert "all together" not in told
    assert "0 new alarms." in told


def test_before_anything_was_tagged_there_is_nothing_to_see(run: Run) -> None:
    (whole,) = run("monitor", "--json").json["measured"]
    assert (whole["images"], whole["fix_rate"]) == (0, None)


def test_unknown_advertiser_is_told(run: Run) -> None:
    found = run("monitor", "--advertiser", "nobody")
    assert found.code == 2
    assert "There is no advertiser 'nobody'." in found.err
