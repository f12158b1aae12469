"""What `fix` and `conflicts` print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

pytestmark = pytest.mark.usefixtures("command_settings")


def test_a_fix_that_the_sitemap_does_not_show_says_so(
    run: Run, feed: Path, host: ImageHost
) -> None:
    run("tag", feed)
    common = ("--by", "Ada", "--json", "-a", "acme", "--url")
    card, missing, red = map(host.url, ("/card.jpg", "/missing.jpg", "/red.jpg"))
    for url, reason in ((card, "placeholder_has_no_color"), (missing, "not_found")):
        fixed = run("fix", *common, url, "--color", "Red")
        assert fixed.json["fixes"][0]["to"] == "Red"
        assert fixed.err == (
            f"Note: The colour of {url} is kept, and the sitemap still shows none: {reason}.\n"
        )
    assert run("fix", *common, card, "--type", "Dealer").err == ""
    (image,) = run("export", "-a", "acme", "--format", "json").json["vehicles"][1]["images"]
    assert image["color"]["value"] == "Red"
    run("fix", *common, red, "--type", "Stock", "--role", "advertiser")
    overruled = run("fix", *common, red, "--type", "Dealer").err
    assert "the sitemap still shows Stock: fixed by the advertiser (Ada)" in overruled


def test_nothing_is_wrapped_where_there_is_no_terminal(
    run: Run, host: ImageHost, tmp_path: Path
) -> None:
    url = host.put(f"/{'long/' * 40}red.jpg", jpeg(PAINTS["Red"]))
    (tmp_path / "feed.csv").write_text(f"id,images\na,{url}\n,{url}\n")
    told = run("tag", tmp_path / "feed.csv", "-a", "acme").err
    assert [line.count("Give every vehicle an id") for line in told.splitlines()] == [1]
    fixed = run("fix", "-a", "acme", "--url", url, "--type", "Stock", "--by", "Ada")
    run("fix", "-a", "acme", "--url", url, "--type", "Dealer", "--by", "X", "--role", "advertiser")
    conflicts = run("conflicts")
    for ended in (fixed, conflicts):
        assert url in ended.out
        assert max(len(line) for line in ended.out.splitlines()) < 500
    assert conflicts.out.endswith("\n1 open conflict.\n")
