from __future__ import annotations

import pytest

from forecourt.identity.urls import canonical_url, host_of, make_url_key

BASE = "https://cdn.example/a.jpg"


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://CDN.Example/a.jpg",
        "https://cdn.example:443/a.jpg",
        "https://cdn.example./a.jpg",
        "https://cdn.example/a.jpg#top",
        "https://cdn.example/a.jpg?",
        "https://cdn.example/x/../a.jpg",
        "https://cdn.example/./a.jpg",
        "https://cdn.example/%61.jpg",
        "https://user:secret@cdn.example/a.jpg",
        "  https://cdn.example/a.jpg\n",
    ],
)
def test_canonical_url__spellings_of_the_same_picture(url: str) -> None:
    assert canonical_url(url) == BASE
    assert make_url_key(url) == make_url_key(BASE)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.jpg",
        "https://cdn.example:8443/a.jpg",
        "https://cdn.example/A.jpg",
        "https://cdn.example/a.jpg?w=640",
        "https://cdn.example/a.jpg/",
        "https://cdn.example/%2Fa.jpg",
        "https://cdn2.example/a.jpg",
    ],
)
def test_canonical_url__other_pictures_stay_apart(url: str) -> None:
    assert make_url_key(url) != make_url_key(BASE)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://h/a%2fb", "http://h/a%2Fb"),
        ("http://h/a b", "http://h/a%20b"),
        ("http://h/ä", "http://h/%C3%A4"),
        ("http://h/%c3%a4", "http://h/%C3%A4"),
        ("http://h/100%.jpg", "http://h/100%25.jpg"),
        ("http://h/%%341", "http://h/%2541"),  # not "%41", which would be another "A"
        ("http://h", "http://h/"),
        ("http://BÜCHER.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("http://h/?b=2&a=1&&", "http://h/?b=2&a=1"),
    ],
)
def test_canonical_url__one_spelling(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "query",
    [
        (
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k&X-Amz-Date=20261123T060000Z"
            "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=0a1b"
        ),
        "AWSAccessKeyId=k&Expires=1763877600&Signature=a%2Bb%3D",
        "Expires=1763877600&Signature=abc~&Key-Pair-Id=K1",
        "Policy=eyJ&Signature=abc~&Key-Pair-Id=K1",
        "X-Goog-Algorithm=GOOG4&X-Goog-Date=20261123T060000Z&X-Goog-Signature=0a",
        "GoogleAccessId=me&Expires=1763877600&Signature=abc",
        "sv=2024-11-04&st=2026-11-23&se=2026-11-24&sr=b&sp=r&spr=https&sig=abc%3D",
        "hdnts=exp=1763877600~acl=/*~hmac=0a1b",
        "token=abc&expires=1763877600",
        "_nc_cat=1&_nc_ohc=Ab&oh=00_Ab&oe=67444444",
    ],
)
def test_canonical_url__signatures_for_a_while_are_dropped(query: str) -> None:
    assert canonical_url(f"{BASE}?{query}") == BASE
    assert canonical_url(f"{BASE}?w=640&{query}") == f"{BASE}?w=640"


@pytest.mark.parametrize(
    "query",
    [
        "token=0f3a",  # may be all that names the picture
        "policy=12",
        "sig=12",
        "se=1&sp=2&sr=3",
        "signature=abc",
        "_hash=abc",
        "expires=never",
        "oh=1",
        "s=0a1b2c",  # of imgix: made of the URL and the same every day
        "v=3",
        "id=1&exp=2",
    ],
)
def test_canonical_url__a_name_alone_proves_no_signature(query: str) -> None:
    assert canonical_url(f"{BASE}?{query}") == f"{BASE}?{query}"


@pytest.mark.parametrize(
    "url",
    ["", "a.jpg", "http://", "http://[::1", "http://h:port/", "http:////x", "data:image/png,"],
)
def test_canonical_url__unreadable_is_returned_as_it_is(url: str) -> None:
    assert canonical_url(url) == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://CDN.example:443/a", "cdn.example"),
        ("http://cdn.example:8080/a", "cdn.example:8080"),
        ("http://u:p@cdn.example/a", "cdn.example"),
        ("http://BÜCHER.example/", "xn--bcher-kva.example"),
        ("http://[::1", ""),
        ("nothing", ""),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host
