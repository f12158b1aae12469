"""Image URLs: how feeds list them, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from forecourt.feeds.images import is_image_field, read_images
from forecourt.feeds.records import normalize_name
from forecourt.feeds.urls import clean_url

ONE, TWO, THREE = (f"https://a.example/{n}.jpg" for n in (1, 2, 3))


def urls(**fields: str) -> list[str | None]:
    given = {name: (value,) for name, value in fields.items()}
    return [url for _name, _text, url in read_images(given)]


@pytest.mark.parametrize(
    "separator",
    [
        ",", "|", ";", "\t", " ", "\n", ", ", " | ", ";\r\n", ",,",
        "<br>", "<BR />", "<br/>\n", r"\n", r"\r\n", r",\n",
    ],
)  # fmt: skip
def test_lists__every_separator(separator: str) -> None:
    assert urls(images=separator.join([ONE, TWO, THREE])) == [ONE, TWO, THREE]
    assert urls(images=f"{separator}{ONE}{separator}") == [ONE]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # commas, semicolons and spaces inside URLs
        ("https://c.example/w_300,h_200/1.jpg", ["https://c.example/w_300,h_200/1.jpg"]),
        (
            "https://c.example/w_3,h_2/1.jpg,https://c.example/w_3,h_2/2.jpg",
            ["https://c.example/w_3,h_2/1.jpg", "https://c.example/w_3,h_2/2.jpg"],
        ),
        ("https://c.example/a;v=1/1.jpg;" + ONE, ["https://c.example/a;v=1/1.jpg", ONE]),
        ("https://c.example/my car.jpg", ["https://c.example/my%20car.jpg"]),
        # a URL inside a URL
        (
            "https://c.example/fetch/w_3,h_2/https://b.example/1.jpg",
            ["https://c.example/fetch/w_3,h_2/https://b.example/1.jpg"],
        ),
        ("//a.example/1.jpg,//a.example/2.jpg", [ONE, TWO]),
        ("HTTPS://a.example/1.jpg", ["HTTPS://a.example/1.jpg"]),
        (f'"{ONE}" <{TWO}>', [ONE, TWO]),
        ("https://a.example/?a=1&amp;b=2", ["https://a.example/?a=1&b=2"]),
        # "&copy" is no sign of copyright here
        ("https://a.example/?a=1&copy=2;3&lt=4", ["https://a.example/?a=1&copy=2;3&lt=4"]),
        ("https://bücher.example/ü.jpg", ["https://xn--bcher-kva.example/%C3%BC.jpg"]),
        ("https://a.example:8443/1.jpg", ["https://a.example:8443/1.jpg"]),
        (f"{ONE},{ONE},{TWO},{ONE}", [ONE, TWO]),
        # JSON, also as Python prints it
        (f'["{ONE}", "{TWO}"]', [ONE, TWO]),
        (f"['{ONE}', '{TWO}']", [ONE, TWO]),
        (f'[{{"url": "{ONE}"}}, {{"tag": ["stock"], "url": "{TWO}"}}]', [ONE, TWO]),
        (f'{{"url": "{ONE}"}}', [ONE]),
        (f'[{{"URL": "{ONE}"}}, {{"Image_Url": "{TWO}"}}]', [ONE, TWO]),
        (f'[{{"image": 1}}, null, "{ONE}"]', [None, ONE]),
        ("[" * 100_000, [None]),
        (f'[{{"url": "{ONE}"}}, {{"url": "', [None]),
        (f"[{ONE}, {TWO}]", [ONE, TWO]),
        # nothing
        ("", []),
        ("[]", []),
        ("N/A", []),
        ("null", []),
        ("24", []),  # "photos: 24" counts them
        (" , | ;", []),
        # no URLs that can be fetched, beside one that can
        (f"/img/1.jpg|{ONE}", [None, ONE]),
        (f"{ONE}|/img/2.jpg|{TWO}", [ONE, None, TWO]),
        (f"data:image/png;base64,iVBORw0KGgo=,{ONE}", [None, ONE]),
        (f"{ONE} ftp://a.example/2.jpg {TWO}", [ONE, None, TWO]),
        ("1.jpg,2.jpg;my car.jpg", [None, None, None]),
        ("https://", [None]),
        ("https:///1.jpg", [None]),
        ("https://a.example:port/1.jpg", [None]),
        ("https://[::1/1.jpg", [None]),
        ("https://my host/1.jpg", [None]),
        ("javascript:alert(1)", [None]),
        ("C:\\photos\\1.jpg", [None]),
        ("C:\\new\\1.jpg", [None]),
        (r"https://a.example/x\new.jpg", [r"https://a.example/x%5Cnew.jpg"]),
        ("http://" + "a" * 254 + "/1.jpg", [None]),
        ("https://a.example/" + "a" * 9000, [None]),
        ("https://xn--\u00ff" + "a" * 70 + ".example/1.jpg", [None]),
        ("https://a.example/\ud800", [None]),
    ],
)
def test_lists__what_is_read_of_a_value(value: str, expected: list[str | None]) -> None:
    assert urls(images=value) == expected


def test_order__first_image_then_numbers_then_lists() -> None:
    given = {
        "additional_image_link": ("https://a.example/9.jpg",),
        "additional_image_2": ("https://a.example/8.jpg",),
        "image[10].url": ("https://a.example/7.jpg",),
        "image[2].url": ("https://a.example/6.jpg",),
        "image_link": ("https://a.example/5.jpg",),
        "image[2].tag[0]": ("https://a.example/tag",),
    }
    assert [url for _name, _text, url in read_images(given)] == [
        f"https://a.example/{n}.jpg" for n in (5, 6, 7, 8, 9)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "image", "image_link", "additional_image_link", "images", "image[0].url", "image[12]",
        "imagelist", "photourls", "image_urls", "photos", "photo_1", "photo1", "image_url_3",
        "imageurl3", "image_3_url", "image_link_2", "additional_image_link[0]", "pictures.picture",
        "images.image.url", "image.url", "gallery.image", "picture1", "Image1URL", "pics.pic",
        "pic 2", "images.image_url",
    ],
)  # fmt: skip
def test_names__that_hold_images(name: str) -> None:
    assert is_image_field(normalize_name(name))


@pytest.mark.parametrize(
    "name",
    [
        "image[0].tag[0]", "image.tag", "image_count", "imagery", "photo_1_caption", "url", "",
        "image_updated_at", "images.count", "photographer", "video_link", "image_1234",
    ],
)  # fmt: skip
def test_names__that_do_not(name: str) -> None:
    assert not is_image_field(normalize_name(name))


def test_refused_images__say_which_field_why_and_what_to_do(read: Any) -> None:
    found = read(
        "Stock #,Photo URLs\n"
        "1,https://a.example/1.jpg\n"
        f'2,"/2.jpg|data:image/png;base64,AA|ftp://a.example/2.jpg|no photo yet|{TWO}"\n'
    )
    assert found.vehicles[1].images == (TWO,)
    assert {(row.line, row.row, row.field) for row in found.refused} == {(3, 2, "Photo URLs")}
    assert [(row.reason, row.hint.split(".")[0]) for row in found.refused] == [
        ("'/2.jpg' is no full URL", "Start image URLs with https:// and the host"),
        (
            "'data:image/png;base64,AA' is a picture inside the feed",
            "Put the picture on a web server and give its URL",
        ),
        (
            "'ftp://a.example/2.jpg' is no http(s) URL",
            "Put the picture where http or https reaches it",
        ),
        ("'no photo yet' is no URL", "Give image URLs, or leave the field empty"),
    ]
    assert all(row.hint.endswith("kept without this one.") for row in found.refused)


def test_refused_images__are_shown_short(read: Any) -> None:
    found = read(f'[{{"id": 1, "images": ["data:image/png;base64,{"A" * 500_000}"]}}]')
    assert len(found.refusal.reason) < 200


def test_a_page_that_is_no_full_url_is_left_out(read: Any) -> None:
    assert read("id,link,image\n1,/cars/1,\n").vehicle.url is None


@pytest.mark.parametrize(
    ("run", "count"),
    [
        (" ", 1),
        (",", 1),
        ("|", 2),
        (" ,", 1),
        (",http:", 50_001),
        ("'<", 1),
        ("<br", 1),
        ("<br>", 2),
        ("\\n", 1),
    ],
)
def test_long_runs_of_separators__are_looked_at_once(run: str, count: int) -> None:
    assert len(urls(images=f"https://a.example/{run * 50_000}x.jpg")) == count


def test_clean_url__is_stable() -> None:
    url = clean_url("//bücher.example/ü b.jpg?x=100%&y=[1]|2#z")
    assert url is not None
    assert clean_url(url) == url
