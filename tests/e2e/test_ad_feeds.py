"""Feeds for ads from the command line: what is written, said, and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Run
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

pytestmark = pytest.mark.usefixtures("command_settings")


@pytest.mark.parametrize(("form", "name"), [("google", "a.google.tsv"), ("meta", "a.meta.csv")])
def test_feed_for_ads_says_what_it_holds(
    run: Run, feed: Path, tmp_path: Path, form: str, name: str
) -> None:
    tagged = run("tag", feed, "--out", tmp_path / name)
    assert tagged.code == 0
    printed = run("export", "-a", "acme", "--format", form)
    assert (tmp_path / name).read_bytes().decode() == printed.out
    assert printed.err == (
        "1 vehicle, 1 image.\n"
        "Left out: 1 vehicle: no Dealer or Stock image that could be the main one "
        "(--imageless keep).\n"
    )
    assert tagged.err.endswith(printed.err)

    by_vin = run("export", "-a", "acme", "--format", form, "--key", "vin", "--imageless", "keep")
    assert (by_vin.code, len(by_vin.out.splitlines())) == (0, 1)
    assert by_vin.err == "0 vehicles, 0 images.\nLeft out: 2 vehicles: no VIN (--key id).\n"


def test_feed_for_ads_keeps_placeholders_where_asked(run: Run, feed: Path) -> None:
    export = ("export", "-a", "acme", "--format", "google", "--placeholders", "last")
    run("tag", feed)
    assert run(*export).err.startswith("1 vehicle, 2 images.\n")
    assert run(*export, "--skipped", "omit").err.startswith("1 vehicle, 1 image.\n")
    kept = run(*export, "--imageless", "keep")
    assert kept.err == "2 vehicles, 2 images.\n"
    assert kept.out.splitlines()[-1].split("\t")[1:] == [
        "", "", "", "Placeholder", "none", "no photos",
    ]  # fmt: skip
    refused = run("export", "-a", "acme", "--format", "json", "--placeholders", "last")
    assert refused.code == 2
    assert "for google and meta" in refused.err


@pytest.mark.parametrize("name", ["a.google.tsv", "a.meta.csv"])
def test_feed_for_ads_can_be_tagged_like_any_feed(
    run: Run, host: ImageHost, tmp_path: Path, name: str
) -> None:
    photo = host.put("/w_3,h_2/red.jpg", jpeg(PAINTS["Red"]))
    other = host.put("/blue.jpg", jpeg(PAINTS["Blue"]))
    card = host.put("/soon.jpg", jpeg(MAGENTA))
    feed = tmp_path / "feed.csv"
    feed.write_text(f'id,color,images\n"27"" a",Brilliant Red,"{card}|{photo}|{other}"\n')
    assert run("tag", feed, "-a", "acme", "--out", tmp_path / name).code == 0
    again = run("tag", tmp_path / name, "-a", "copy", "--json")
    assert (again.json["refused_rows"], again.json["classified"]) == ([], 0)
    (vehicle,) = run("export", "-a", "copy", "--format", "json").json["vehicles"]
    assert (vehicle["id"], vehicle["color"]) == ('27" a', "Brilliant Red")
    assert [image["url"] for image in vehicle["images"]] == [photo, other]
