"""One bad row never loses the others: what is refused, with line, field, reason and hint."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

HEADER = "id,title,image_link\n"


def csv_row(number: int) -> str:
    return f'{number},"Car, no {number}",https://a.example/{number}.jpg\n'


# ---- delimited -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('2,"Red car,https://a.example/2.jpg\n', "text stands behind a closing quote"),
        ('"2,Red car,https://a.example/2.jpg\n', "text stands behind a closing quote"),
        ('2,Red car,"https://a.example/2.jpg\n', "text stands behind a closing quote"),
        ('2,"Red" "car",x,y\n', "text stands behind a closing quote"),
        ("2,Red, car,https://a.example/2.jpg\n", "4 fields under a header of 3"),
        ("2;Red;https://a.example/2.jpg\n", "1 field under a header of 3"),
        ("PHP Warning: out of memory\n", "1 field under a header of 3"),
        (HEADER, "the header once more"),
        (f"2,{'x' * (1 << 20)},\n", "longer than 1,048,576 characters"),
        (f"2,{'x' * 3_000_000},\n", "longer than 1,048,576 characters"),
        (f'2,"{"x" * 3_000_000}",\n', "longer than 1,048,576 characters"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv__a_bad_row_costs_itself(read: Any, bad: str, reason: str, end: str) -> None:
    content = HEADER + csv_row(1) + bad + "\n" + csv_row(3) + csv_row(4)
    found = read(content.replace("\n", end))
    assert found.ids == ["1", "3", "4"]
    assert [vehicle.title for vehicle in found.vehicles] == [f"Car, no {n}" for n in (1, 3, 4)]
    assert (found.refusal.line, found.refusal.row, found.refusal.field) == (3, 2, "")
    assert found.refusal.reason.startswith(reason)
    assert found.refusal.hint


def test_csv__an_open_quote_with_no_other_behind_it(read: Any) -> None:
    plain = "".join(f"{n},Car,https://a.example/{n}.jpg\n" for n in range(3, 2000))
    found = read(HEADER + '2,"Red car,https://a.example/2.jpg\n' + plain)
    assert len(found.vehicles) == 1997
    assert found.refusal.line == 2
    assert found.refusal.reason == "a quote is opened and never closed"


def test_csv__an_open_quote_in_every_row(read: Any) -> None:
    found = read(HEADER + "".join(f'{n},"Car,https://a.example/{n}.jpg\n' for n in range(3000)))
    assert [row.line for row in found.refused] == list(range(2, 3002))


def test_csv__stray_quotes_inside_fields_lose_nothing(read: Any) -> None:
    rows = '1,27" wheels,https://a.example/1.jpg\n2,"27" wheels",https://a.example/2.jpg\n'
    found = read(HEADER + rows + '3, "Red, blue" ,https://a.example/3.jpg\n')
    assert found.refused == []
    assert [vehicle.title for vehicle in found.vehicles] == [
        '27" wheels',
        '27 wheels"',
        "Red, blue",
    ]
    assert [len(vehicle.images) for vehicle in found.vehicles] == [1, 1, 1]


def test_csv__quotes_behind_a_backslash(read: Any) -> None:
    rows = r"""1,"27\" TV, \"new\"",https://a.example/1.jpg
2,"C:\cars",https://a.example/2.jpg
3,"27\" TV" x",https://a.example/3.jpg
"""
    found = read(HEADER + rows)
    assert found.refused == []
    assert [vehicle.title for vehicle in found.vehicles[:2]] == ['27" TV, "new"', "C:\\cars"]
    assert found.ids == ["1", "2", "3"]


def test_csv__line_numbers_count_line_breaks_in_fields_and_blank_lines(read: Any) -> None:
    rows = '\n1,"two\nlines",\n\n,,\n2,"a\n\n\nb",x\n3,,y\n'
    found = read("Inventory of 2026-11-23\nsep=,\n" + HEADER + rows)
    assert found.ids == ["1", "2", "3"]
    assert [vehicle.title for vehicle in found.vehicles] == ["two lines", "a b", None]
    assert [(row.line, row.row, row.field) for row in found.refused] == [
        (9, 2, "image_link"),
        (13, 3, "image_link"),
    ]


def test_csv__fields_missing_at_the_end_are_empty(read: Any) -> None:
    """Spreadsheets leave out separators behind the last filled cell."""
    found = read(HEADER + "1,Red\n" + csv_row(2))
    assert found.refused == []
    assert found.vehicles[0].images == ()


@pytest.mark.parametrize("cut", ["2,Re", '2,"Re', "2", '2,"Red","https://a.exam'])
def test_csv__a_file_that_breaks_off(read: Any, cut: str) -> None:
    found = read(HEADER + csv_row(1) + cut)
    assert found.ids == ["1"]
    assert (found.refusal.line, found.refusal.row) == (3, 2)


def test_csv__a_last_line_without_an_end_is_whole(read: Any) -> None:
    assert read(HEADER + csv_row(1) + csv_row(2).rstrip()).ids == ["1", "2"]


# ---- ids -----------------------------------------------------------------------------------------


def test_ids__missing_and_repeated(read: Any) -> None:
    found = read(
        "Stock #,Vin,Photos\nA,,\n,,https://a.example/2.jpg\nB,,\nA,,\n,1HGCM82633A004352,\n"
        ",1HGCM82633A004352,\n" + "x" * 401 + ",,\n"
    )
    assert found.ids == ["A", "B", "1HGCM82633A004352"]
    assert [(row.line, row.row, row.field, row.reason) for row in found.refused] == [
        (3, 2, "id", "no stock number, id or VIN"),
        (5, 4, "Stock #", "'A' is also the id of vehicle 1 of this feed"),
        (7, 6, "Vin", "'1HGCM82633A004352' is also the id of vehicle 5 of this feed"),
        (8, 7, "Stock #", "the id has 401 characters, more than 400"),
    ]
    assert all(row.hint for row in found.refused)


def test_ids__many_and_one_repeated(read: Any) -> None:
    rows = "".join(f"S{n},\n" for n in range(5000))
    found = read("stock,image\n" + rows + "S17,\n")
    assert len(found.vehicles) == 5000
    assert found.refusal.reason == "'S17' is also the id of vehicle 18 of this feed"


# ---- JSON ----------------------------------------------------------------------------------------


def json_vehicle(number: int) -> str:
    images = [{"url": f"https://a.example/{number}.jpg"}, {"url": "https://a.example/x.jpg"}]
    return json.dumps({"id": str(number), "title": "{[\\", "images": images, "dealer": {"id": 5}})


@pytest.mark.parametrize(
    ("bad", "at"),
    [
        ('{"id": "2", "title": "27" wheels", "images": [{"url": "https://a.example/2.jpg"}]}', 4),
        ('{"id": "2", "images": [}', 4),
        ('{"id": "2", "images": []', 5),
        ('{"id": "2",\n "title": nothing, "images": []}', 5),
        ('{"id": 007, "images": []}', 4),
        ("{'id': '2', 'images': []}", 4),
        ('{"id": "2", "images": []}}', 4),
        ('{"id": "2", "title": "\\x", "images": []}', 4),
        ('{"id": "2", "more": ' + "[" * 5000, 4),
        ('{"id": "2", "title": "' + "x" * 3_000_000 + '"}', 4),
        ("<p>Fatal error</p>", 4),
        ('{"id": "2"}],', 4),
    ],
)
@pytest.mark.parametrize("is_list", [True, False])
def test_json__a_bad_vehicle_costs_itself(read: Any, bad: str, at: int, *, is_list: bool) -> None:
    rows = ",\n".join([json_vehicle(1), bad, json_vehicle(3), json_vehicle(4)])
    head, tail = ("[\n\n", "]") if is_list else ('{"advertiser": "acme", "vehicles": [\n\n', "]}")
    found = read(head + rows + tail)
    assert found.ids[0] == "1"
    assert found.ids[-2:] == ["3", "4"]
    assert found.feed.advertiser == (None if is_list else "acme")
    refused = found.refusal
    assert refused.line == 4
    assert (refused.row, refused.field) == (len(found.ids) - 1, "")
    assert refused.reason.startswith(("no valid JSON: ", "too many", "longer than"))
    assert f"(line {at})" in refused.reason


def test_json__a_document_that_breaks_off(read: Any) -> None:
    whole = '{"vehicles": [' + json_vehicle(1) + ",\n" + json_vehicle(2)
    for cut in range(whole.index("\n") + 1, len(whole), 5):
        found = read(whole[:cut])
        assert found.ids == ["1"]
        assert found.refusal.line == 2
        assert "breaks off behind vehicle 1" in found.refusal.reason
    assert read(whole).ids == ["1", "2"]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (f'\n{{"vehicles": [{json_vehicle(3)}]}}', "text behind the end of the document"),
        ("\n<!-- cached -->", "text behind the end of the document"),
        ("\n}", "text behind the end of the document"),
    ],
)
def test_json__what_stands_behind_the_document_is_told(read: Any, rest: str, reason: str) -> None:
    document = f'{{"vehicles": [{json_vehicle(1)},{json_vehicle(2)}], "more": [{{}}]}}'
    found = read(document + rest)
    assert found.ids == ["1", "2"]
    assert (found.refusal.line, found.refusal.row, found.refusal.reason) == (2, 3, reason)
    assert "one list" in found.refusal.hint
    assert read(document + "\n \n").refused == []


def test_json__what_stands_behind_a_bare_list_is_told(read: Any) -> None:
    for rest in (f"[{json_vehicle(3)}]", "trailing"):
        found = read(f"[{json_vehicle(1)}]\n{rest}")
        assert found.ids == ["1"]
        assert {row.line for row in found.refused} == {2}


def test_json__a_second_list_of_vehicles_is_told(read: Any) -> None:
    found = read(f'{{"vehicles": [{json_vehicle(1)}],\n"vehicles": [{json_vehicle(2)}]}}')
    assert found.ids == ["1"]
    assert (found.refusal.line, found.refusal.reason) == (2, 'another list of "vehicles"')


def test_json__damage_behind_the_vehicles_is_told(read: Any) -> None:
    found = read(f'{{"vehicles": [{json_vehicle(1)}],\n"more": nothing}}')
    assert found.ids == ["1"]
    assert found.refusal.line == 2
    assert "behind the vehicles stands no valid JSON" in found.refusal.reason


def test_json__commas_too_few_and_too_many(read: Any) -> None:
    assert read(f"[{json_vehicle(1)} {json_vehicle(2)}, {json_vehicle(3)},]").ids == ["1", "2", "3"]


def test_json__line_ends_and_tabs_inside_texts(read: Any) -> None:
    assert read('[{"id": "1", "title": "a\n\tb"}]').vehicle.title == "a b"


def test_json__what_is_no_vehicle(read: Any) -> None:
    found = read(f'[{json_vehicle(1)}, "x",\n 5, [], null, {json_vehicle(2)}]')
    assert found.ids == ["1", "2"]
    assert [(row.line, row.row) for row in found.refused] == [(1, 2), (2, 3), (2, 4), (2, 5)]


def test_json__lines_of_vehicles_with_windows_line_ends(read: Any) -> None:
    rows = ",\r\n".join('{"id": "1",\r\n "images": ["x"]}' for _ in range(9000))
    found = read("[\r\n" + rows + "]")
    images = [row.line for row in found.refused if row.field == "images"]
    repeated = [row.line for row in found.refused if row.field == "id"]
    assert images == [2]
    assert repeated == list(range(4, 18_002, 2))


# ---- XML -----------------------------------------------------------------------------------------


def xml_item(number: int) -> str:
    return f"<item>\n<id>{number}</id><image>https://a.example/{number}.jpg</image>\n</item>\n"


@pytest.mark.parametrize(
    ("bad", "at"),
    [
        ("<item><id>2</id><title>Tom & Jerry</title></item>\n", 6),
        ("<item><id>2</id><title>4 < 5</title></item>\n", 6),
        ("<item><id>2</id><title>R&eacute;d</title></item>\n", 6),
        ("<item><id>2</id>\n<title>Red</item>\n", 7),
        ("<item><id>2</id></title>\n</item>\n", 6),
        ("<item><id>2</id><a b=c/></item>\n", 6),
        ("<item number=2><id>2</id></item>\n", 6),
        ("<item><id>2</id><images><item>&</item><item>x</item></images></item>\n", 6),
        ("<item><id>2</id>\n\n", 8),
        ("<item><id>2</id>\n<more>\n", 8),
        (f"<item><id>2</id><text>{'x' * 3_000_000}</text></item>\n", 6),
        (f"<item><id>2</id>{'<a>' * 5000}</item>\n", 6),
        (f"<item><id>2</id><a b='{'x' * 3_000_000}'/></item>\n", 6),
    ],
)
def test_xml__a_bad_vehicle_costs_itself(read: Any, bad: str, at: int) -> None:
    items = xml_item(1) + bad + xml_item(3) + xml_item(4)
    found = read(f"<rss>\n<channel>\n{items}</channel></rss>\n")
    assert found.ids == ["1", "3", "4"]
    assert (found.refusal.line, found.refusal.row, found.refusal.field) == (6, 2, "")
    assert f"(line {at})" in found.refusal.reason
    assert found.refusal.hint


def test_xml__lines_behind_a_break(read: Any) -> None:
    bad = "<item><id>&</id></item>\n"
    items = xml_item(1) + bad + "\r\n\r\n" + xml_item(3) + bad + xml_item(4) + bad
    found = read(f"<rss><channel>{items}</channel></rss>")
    assert found.ids == ["1", "3", "4"]
    assert [(row.line, row.row) for row in found.refused] == [(4, 2), (10, 4), (14, 6)]


def test_xml__vehicles_that_are_too_many_to_hold_break_one_after_another(read: Any) -> None:
    items = "".join(f"<item><id>{n}</id>{'&' * (n % 2)}</item>\n" for n in range(4_000))
    found = read(f"<a>{items}</a>")
    assert found.ids == [str(n) for n in range(0, 4_000, 2)]
    assert [row.line for row in found.refused] == list(range(2, 4_001, 2))


def test_xml__a_document_that_breaks_off(read: Any) -> None:
    whole = f"<rss><channel>\n{xml_item(1)}{xml_item(2)}</channel></rss>"
    for cut in range(whole.index("<item>\n<id>2") + 6, whole.rindex("</item>") + 7, 4):
        found = read(whole[:cut])
        assert found.ids == ["1"]
        assert "breaks off behind vehicle 1" in found.refusal.reason
        assert found.refusal.line == 5


@pytest.mark.parametrize(
    "head",
    [
        "\n\n<?xml version='1.0'?><rss><channel>",
        "<rss><channel><title>Tom & Jerry</title>",
        "<rss><channel><link>https://a.example/?a=1&b=2</link><items><item>x</item></items>",
    ],
)
def test_xml__damage_ahead_of_the_vehicles_loses_none(read: Any, head: str) -> None:
    found = read(f"{head}{xml_item(1)}{xml_item(2)}</channel></rss>")
    assert found.ids == ["1", "2"]
    assert found.refused == []


def test_xml__vehicles_in_several_places(read: Any) -> None:
    new, used = (
        f"<new>{xml_item(1)}</new>",
        f"<used>{xml_item(2)}<item>&</item>{xml_item(3)}</used>",
    )
    found = read(f"<cars>{new}{used}{new.replace('1', '4')}</cars>")
    assert found.ids == ["1", "2", "3", "4"]
    assert len(found.refused) == 1


def test_xml__lists_of_items_inside_an_item(read: Any) -> None:
    features = "<features><item>ABS</item></features>"
    images = "<images><item><id>9</id><url>https://a.example/1.jpg</url></item></images>"
    found = read(f"<a><item>{features}<id>1</id>{images}</item>{xml_item(2)}</a>")
    assert found.ids == ["1", "2"]
    assert found.vehicles[0].images == ("https://a.example/1.jpg",)
    assert found.refused == []


def test_xml__a_comment_without_an_end_is_not_held(read: Any) -> None:
    found = read(f"<a>{xml_item(1)}<!-- {'x' * 2_000_000}{xml_item(2)}</a>")
    assert found.ids == ["1", "2"]


# ---- compression ---------------------------------------------------------------------------------


def test_gzip__whole(read: Any) -> None:
    found = read(gzip.compress((HEADER + csv_row(1) + "2,a,b,c\n").encode()))
    assert found.ids == ["1"]
    assert found.refusal.line == 3
