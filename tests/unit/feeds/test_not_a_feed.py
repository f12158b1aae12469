"""Files that cannot be read at all: one error that says what they are and what to do."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path
from typing import Any

import pytest

from forecourt.core.errors import FeedError
from forecourt.feeds.read import read_feed

ENTITY_BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rss><item><id>&b;</id></item></rss>"""
EXTERNAL = """<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rss><item><id>&x;</id></item></rss>"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"<!DOCTYPE html><html><title>403 Forbidden</title>", "web page .'403 Forbidden'. and no"),
        (b"<!-- x --><!-- y -->\n<HTML><body>Log in</body></HTML>", "is a web page and no feed"),
        (b"<!-- -->" * 400, "no valid XML"),
        (b"PK\x03\x04" + bytes(range(256)) * 20, "ZIP archive or an Excel file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old Excel file"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF"),
        (b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(5000), "binary file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "binary file"),
        (random.Random(2).randbytes(100_000), "binary file"),
        (b"\x1f\x8b" + random.Random(3).randbytes(500), "damaged"),
        (gzip.compress(random.Random(4).randbytes(5000), mtime=0)[:-900], "damaged"),
        (b"Service temporarily unavailable", "names no known fields: 'Service temporarily"),
        (b"red,green,blue\n1,2,3\n", "docs/feeds.md"),
        (b"title,image_link\nRed,https://a.example/1.jpg\n", "no field for an id: title, image_"),
        (b"id,title\n1,Red\n", "no field for images: id, title. Known of these: id, title. Call"),
        (b"Ref,Image URL\n1,x\n", "no field for an id: Ref, Image URL. Known of these: Image URL"),
        (b"id\n1\n", "no field for images: id. Known of these: id"),
        (b'{"error": "unauthorized"}', 'no "vehicles"'),
        (b'{"vehicles": {"id": "1"}}', '"vehicles" is no list .line 1.'),
        (b'{"vehicles": null}', '"vehicles" is no list'),
        (b'{"advertiser": "acme" "vehicles": []}', r"delimiter \(line 1\)"),
        (b'{"advertiser": "acme",\n "vehi', r"no valid JSON: .* \(line 2\)"),
        (b"{}", 'no "vehicles"'),
        (b"{", "no valid JSON"),
        (b"[", "no valid JSON"),
        (b"[" * 200_000, "too many values inside each other"),
        (b'{"a":' * 200_000, "no valid JSON"),
        (b'{"vehicles": [' + b'{"id":' * 100_000, "too many values inside each other"),
        (b'{"advertiser": "' + b"a" * 201 + b'", "vehicles": []}', "longer than 200 characters"),
        (b"<rss><channel></channel></rss>", "holds no vehicles: no element <item>, <entry>"),
        (b"<rss><channel><item>", r"no valid XML: .* \(line 1\)"),
        (b"<rss><channel><item/><item></item></channel></rss>", "holds no vehicles"),
        (b"<<<", "no valid XML"),
        (b"<a>" * 200_000, "more than 100 elements inside each other"),
        (ENTITY_BOMB.encode(), "Export it without a DOCTYPE"),
        (EXTERNAL.encode(), "Export it without a DOCTYPE"),
        (ENTITY_BOMB.encode("utf-16"), "Export it without a DOCTYPE"),
    ],
)
def test_files_that_are_no_feeds(read: Any, content: bytes, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"Cannot read .*missing\.csv: No such file"):
        read_feed(tmp_path / "missing.csv")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="Is a directory"):
        read_feed(tmp_path)


def test_a_pipe_cannot_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FeedError, match="no regular file"):
        read_feed(pipe)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(FeedError, match="Cannot read"):
        read_feed(Path("a\0b.csv"))


def test_an_entity_bomb_behind_a_break_is_not_expanded(read: Any) -> None:
    found = read(f"<a><item><id>1</id></item><item>&</item>{ENTITY_BOMB}</a>")
    assert found.ids == ["1"]
    assert len(found.refused) == 2
