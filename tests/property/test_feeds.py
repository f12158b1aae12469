from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from forecourt.core.errors import FeedError
from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds.aliases import read_condition
from forecourt.feeds.read import read_feed
from forecourt.feeds.urls import clean_url
from forecourt.feeds.words import clean_text, is_nothing

# A busy machine may take long for a file, and for a list of vehicles.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Rows = list[Vehicle | RefusedRow]


def read(content: bytes) -> Rows:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        with read_feed(Path(file.name)) as feed:
            return list(feed)


def says_something(text: str) -> bool:
    return clean_text(text) == text and not is_nothing(text) and read_condition(text) is None


def vehicles_with(letters: str) -> st.SearchStrategy[list[Vehicle]]:
    texts = st.text(letters + " abc019,;|\t'\"<>&[]{}\\", min_size=1, max_size=12)
    words = texts.filter(says_something)
    urls = st.from_regex(
        r"https://[a-z]{1,5}\.example/[a-z0-9,;=/._-]{0,12}[a-z0-9]", fullmatch=True
    )
    urls = urls.filter(lambda url: ",//" not in url and ";//" not in url)  # starts of other URLs
    vehicle = st.builds(
        Vehicle,
        id=words,
        title=st.none() | words,
        color=st.none() | words,
        condition=st.sampled_from([None, "New", "Used", "Certified"]),
        images=st.lists(urls, unique=True, max_size=4).map(tuple),
    )
    return st.lists(vehicle, unique_by=lambda one: one.id, max_size=8)


EUROPEAN, ALL = "éüñ", "éüñ\u0161\u20ac\u4e2d\u0434\U0001f697"
ENCODINGS = {
    "utf-8": ALL, "utf-8-sig": ALL, "utf-16": ALL, "utf-32": ALL, "cp1252": EUROPEAN,
    "utf-16-le": "", "utf-16-be": "",
}  # fmt: skip

encoded = st.sampled_from(sorted(ENCODINGS)).flatmap(
    lambda encoding: st.tuples(st.just(encoding), vehicles_with(ENCODINGS[encoding]))
)
CELLS = ("id", "title", "color", "condition", "images")


def write_csv(vehicles: list[Vehicle], separator: str, delimiter: str, end: str, quote: int) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quote)
    writer.writerow(CELLS)
    for one in vehicles:
        images = separator.join(one.images)
        writer.writerow([one.id, one.title or "", one.color or "", one.condition or "", images])
    return out.getvalue()


@unhurried
@given(
    encoded,
    st.sampled_from([",", "|", ";", "\t", " ", ", ", "\n"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_csv__reads_back_what_was_written(
    case: tuple[str, list[Vehicle]], separator: str, delimiter: str, end: str, quote: int
) -> None:
    encoding, vehicles = case
    if end == "\r":  # the standard library's writer leaves "\n" unquoted then
        quote = csv.QUOTE_ALL
    assert read(write_csv(vehicles, separator, delimiter, end, quote).encode(encoding)) == vehicles


@unhurried
@given(encoded, st.sampled_from(["escaped", "plain"]), st.sampled_from([None, 1, 4]))
def test_json__reads_back_what_was_written(
    case: tuple[str, list[Vehicle]], escaped: str, indent: int | None
) -> None:
    encoding, vehicles = case
    rows = [{name: getattr(one, name) for name in CELLS} for one in vehicles]
    document = json.dumps(
        {"advertiser": "a", "vehicles": rows}, ensure_ascii=escaped == "escaped", indent=indent
    )
    assert read(document.encode(encoding)) == vehicles


def xml_of(vehicle: Vehicle) -> str:
    fields = {name: getattr(vehicle, name) for name in CELLS[:-1]}
    written = (f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if value)
    images = (f"<image_link>{url}</image_link>" for url in vehicle.images)
    return f"<item>{''.join([*written, *images])}</item>\n"


@unhurried
@given(encoded)
def test_xml__reads_back_what_was_written(case: tuple[str, list[Vehicle]]) -> None:
    encoding, vehicles = case
    assume(vehicles)
    document = f"<rss>\n{''.join(map(xml_of, vehicles))}</rss>"
    assert read(document.encode(encoding)) == vehicles


# ---- every row is a vehicle or a refused row, with its line --------------------------------------

GOOD = st.integers(0, 30).map(lambda n: f"{n},Car,https://a.example/{n}.jpg")
BAD = st.sampled_from(
    [
        "x,a,b,c", ",Car,", '1,"a', '1,"a" b,"c', "alone", "id,title,image_link", '1,"a\nb"c,',
        ' "a" , "b,c" , "d" ',
    ]
)  # fmt: skip


@unhurried
@given(st.lists(GOOD | BAD, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_csv__every_row_is_a_vehicle_or_refused_at_its_line(rows: list[str], end: str) -> None:
    lines = (
        ["id,title,image_link", *"\n".join(rows).split("\n")] if rows else ["id,title,image_link"]
    )
    found = read((end.join(lines) + end).encode())
    whole = [row for row in found if isinstance(row, Vehicle) or row.field != "image_link"]
    # Nothing is quoted over a line break here, or it makes no sense: a line is a row.
    assert len(whole) == len(lines) - 1
    for number, (row, line) in enumerate(zip(whole, lines[1:], strict=True), start=2):
        if isinstance(row, Vehicle):
            assert line.strip(' "').startswith(row.id)
        else:
            assert (row.line, row.row) == (number, number - 1)
            assert row.reason
            assert row.hint


# ---- damage --------------------------------------------------------------------------------------

MAKERS: dict[str, tuple[str, Callable[[int], str], str]] = {
    "csv": ("id,title,image\n", lambda n: f'{n},"Car, no {n}",https://a.example/{n}.jpg\n', ""),
    "plain csv": ("id;title;image\n", lambda n: f"{n};Car;https://a.example/{n}.jpg\n", ""),
    "json": ("[\n", lambda n: f'{{"id": "{n}", "images": ["https://a.example/{n}.jpg"]}},\n', "]"),
    "xml": ("<a>\n", lambda n: f"<item><id>{n}</id><x>Car</x></item>\n", "</a>"),
}
snippets = st.text(st.sampled_from("\"'<>&{}[],;:\\/!-\0 ax1\ufeffé"), max_size=12)


@unhurried
@given(st.sampled_from(sorted(MAKERS)), st.data(), snippets)
def test_damage_in_one_vehicle_costs_no_other(kind: str, data: st.DataObject, snippet: str) -> None:
    """Some text of it is replaced by other text, on its own line."""
    head, make, tail = MAKERS[kind]
    rows = [make(n) for n in range(1, 6)]
    start = data.draw(st.integers(0, len(rows[1]) - 2))
    stop = data.draw(st.integers(start, len(rows[1]) - 2))
    rows[1] = rows[1][:start] + snippet + rows[1][stop:]
    found = read((head + "".join(rows) + tail).encode())
    ids = {row.id for row in found if isinstance(row, Vehicle)}
    assert {"1", "4", "5"} <= ids
    if kind == "plain csv" and '"' not in snippet:
        assert "3" in ids
    lines = [row.line for row in found if isinstance(row, RefusedRow)]
    assert all(line is not None and line >= 3 for line in lines)


@unhurried
@given(st.sampled_from(sorted(MAKERS)), st.integers(0, 400))
def test_a_feed_that_breaks_off_gives_every_vehicle_before(kind: str, cut: int) -> None:
    head, make, _tail = MAKERS[kind]
    whole = head + "".join(make(n) for n in range(1, 9))
    given_whole = [n for n in range(1, 9) if len(head + "".join(map(make, range(1, n + 1)))) <= cut]
    try:
        found = read(whole[:cut].encode())
    except FeedError:
        assert not given_whole
        return
    ids = [row.id for row in found if isinstance(row, Vehicle)]
    assert ids[: len(given_whole)] == [str(n) for n in given_whole]


STARTS = (
    b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\0\0", b"id,image\n", b"id|image\n1|",
    b'{"vehicles": [', b'[{"id": "1"}, ', b"<a><item><id>1</id></item>", b"<?xml version='1.0'",
    b'<?xml version="1.0" encoding="', b"\x1f\x8b", b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"<a><item ", "id,image\n".encode("utf-16"), b'{"advertiser": ', b'id,image\n1,"',
    b"<!DOCTYPE ",
)  # fmt: skip


@unhurried
@given(st.sampled_from(STARTS), st.binary(max_size=300) | snippets.map(str.encode))
@example(b"", b"\0" * 100)
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    try:
        found = read(start + rest)
    except FeedError as error:
        assert str(error)  # noqa: PT017
        return
    for row in found:
        if isinstance(row, RefusedRow):
            assert row.line is not None
            assert row.row >= 1
            assert row.reason
            assert row.hint
        else:
            stored = [row.id, row.title or "", row.color or "", *row.images]
            assert not any("\0" in text for text in stored)
            assert "".join(stored).encode()


@unhurried
@given(st.text(max_size=60) | st.text("htps:/[]@&;#%. \\|éaä", max_size=40).map("https://".__add__))
def test_clean_url__gives_a_url_of_printable_ascii_or_none(text: str) -> None:
    url = clean_url(text)
    if url is not None:
        assert url.isascii()
        assert url.isprintable()
        assert " " not in url
        assert url.lower().startswith(("http://", "https://"))
        assert "&amp;" in url.lower() or clean_url(url) == url


@unhurried
@given(st.from_regex(r"https?://[a-z0-9.-]{1,9}/[A-Za-z0-9/._~%=&?+,:@-]{0,20}", fullmatch=True))
def test_clean_url__what_is_taken_as_it_is_would_not_be_changed(url: str) -> None:
    assert clean_url(f" {url} ") in {url, None}  # the space leads past the shortcut
    assert clean_url(f" {url} ") == clean_url(url)
