"""The same feed in every encoding, compressed or not, and damaged in its encoding."""

from __future__ import annotations

import codecs
import gzip
from typing import Any

import pytest

TITLES = ["Škoda Octavia 1.4 €", "Citroën C4", "Žluťoučký kůň"]
WESTERN = ["Citroën C4 “top” €", "Peugeot 208 €", "Mégane RS"]


def make_csv(titles: list[str]) -> str:
    rows = (f"{n},{title},https://a.example/{n}.jpg\r\n" for n, title in enumerate(titles, 1))
    return "id,title,image_link\r\n" + "".join(rows)


def make_json(titles: list[str]) -> str:
    quoted = (f'{{"id": "{n}", "title": "{t}", "images": []}}' for n, t in enumerate(titles, 1))
    return '{"advertiser": "Autohaus Müller", "vehicles": [' + ", ".join(quoted) + "]}"


def make_xml(titles: list[str]) -> str:
    items = (f"<item><id>{n}</id><title>{t}</title></item>\n" for n, t in enumerate(titles, 1))
    return "<rss><channel>" + "".join(items) + "</channel></rss>"


MAKERS = pytest.mark.parametrize("make", [make_csv, make_json, make_xml])


@MAKERS
@pytest.mark.parametrize(
    ("mark", "encoding", "expected", "titles"),
    [
        (b"", "utf-8", "utf-8", TITLES),
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig", TITLES),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16", TITLES),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16", TITLES),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32", TITLES),
        (b"", "utf-16-le", "utf-16-le", TITLES),
        (b"", "utf-16-be", "utf-16-be", TITLES),
        (b"", "cp1252", "cp1252", WESTERN),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_encoding_reads_the_same(
    read: Any, make: Any, mark: bytes, encoding: str, expected: str, titles: list[str], pack: Any
) -> None:
    found = read(pack(mark + make(titles).encode(encoding)))
    assert [vehicle.title for vehicle in found.vehicles] == titles
    assert found.refused == []
    assert found.feed.encoding == expected


@pytest.mark.parametrize(
    ("declared", "encoding", "title"),
    [
        ("windows-1252", "cp1252", "Citroën € C4"),
        ("ISO-8859-1", "cp1252", "Citroën € C4"),  # what Latin-1 is in practice
        ("iso-8859-2", "iso-8859-2", "Škoda Žluť"),
        ("windows-1251", "cp1251", "Лада €"),
        ("GB2312", "gb2312", "红旗"),
        ("UTF-8", "cp1252", "Citroën € C4"),  # a lie
        ("ISO-8859-1", "utf-8", "Škoda € C4"),  # another
        ("idna", "cp1252", "Citroën € C4"),  # a codec of Python that is no character set
        ("no-such-thing", "cp1252", "Citroën € C4"),
        ("UTF-16", "utf-8", "Škoda € C4"),
    ],
)
def test_xml__declared_encodings(read: Any, declared: str, encoding: str, title: str) -> None:
    document = f'<?xml version="1.0" encoding="{declared}"?>{make_xml([title])}'
    assert read(document.encode(encoding)).vehicle.title == title


@MAKERS
def test_a_few_bytes_of_another_encoding_do_not_spoil_the_others(read: Any, make: Any) -> None:
    titles = ["Škoda € 1", "Škoda € 2", "Mégane", "Škoda € 3"]
    content = make(titles).encode().replace("Mégane".encode(), "Mégane".encode("cp1252"))
    found = read(content)
    assert [vehicle.title for vehicle in found.vehicles] == titles
    assert found.feed.encoding == "utf-8"


def test_a_character_cut_off_at_the_end_does_not_change_the_encoding(read: Any) -> None:
    found = read(make_csv(["Citroën"]).encode() + "2,Citroë".encode()[:-1])
    assert found.feed.encoding == "utf-8"
    assert [vehicle.title for vehicle in found.vehicles] == ["Citroën"]
    assert "breaks off" in found.refusal.reason


@MAKERS
def test_characters_over_the_border_of_a_chunk(read: Any, make: Any) -> None:
    titles = ["é" * n for n in (4097, 65535, 65536, 300_001)]
    found = read(make(titles))
    assert [vehicle.title for vehicle in found.vehicles] == titles


def test_byte_order_marks__inside_the_file(read: Any) -> None:
    once = "\ufeffid,title,image_link\n1,Red,https://a.example/1.jpg\n"
    again = once.replace("1,Red", "\ufeff2,\ufeffBlue\ufeff").replace("1.jpg", "2.jpg\ufeff")
    found = read("\ufeff" + once + again)
    assert found.ids == ["1", "2"]
    assert found.vehicles[1].title == "Blue"
    assert found.vehicles[1].images == ("https://a.example/2.jpg",)
    assert found.refusal.line == 3
    assert found.refusal.reason == "the header once more"


def test_byte_order_mark__twice_before_json_and_xml(read: Any) -> None:
    assert read('\ufeff\ufeff[{"id": "1"}]').ids == ["1"]
    assert read("\ufeff\ufeff\n<?xml version='1.0'?><a><item><id>1</id></item></a>").ids == ["1"]


def test_zero_bytes_are_taken_out(read: Any) -> None:
    assert read(b"id,ti\0tle,image\n1,R\0ed,\n\0\0\n2,Blue,\n").ids == ["1", "2"]
    assert read(b"<a><item><id>1\0</id></item>\0<item><id>\x012</id></item></a>").ids == ["1", "2"]
