from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from forecourt.core.records import ImageFacts, ImageKey, KeySource, Validators
from forecourt.identity.keys import (
    contradicts,
    etag_md5,
    is_md5_of,
    make_bytes_key,
    make_header_keys,
    make_validators,
)

BODY = b"the very bytes"
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(BODY).hexdigest()
SHA512 = hashlib.sha512(BODY).hexdigest()
URL_KEY = "0" * 32
OTHER_URL_KEY = "1" * 32
MONDAY = "Mon, 23 Nov 2026 06:00:00 GMT"


def b64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def facts(status: int = 200, **headers: str) -> ImageFacts:
    return ImageFacts(
        url="http://h/a",
        final_url="http://h/a",
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def keys(
    status: int = 200, *, url_key: str = URL_KEY, md5: bool = False, **headers: str
) -> list[str]:
    return [
        str(key) for key in make_header_keys(url_key, facts(status, **headers), etag_is_md5=md5)
    ]


def test_bytes_key_is_the_sha256() -> None:
    assert str(make_bytes_key(BODY)) == f"bytes:{SHA256}"


# ---- K1 digests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"repr_digest": f"sha-256=:{b64(SHA256)}:"}, [f"digest:sha-256:{SHA256}"]),
        ({"content_digest": f"sha-256=:{b64(SHA256)}:"}, [f"digest:sha-256:{SHA256}"]),
        (
            {"repr_digest": f"sha-256=:{b64(SHA256)}:, sha-512=:{b64(SHA512)}:"},
            [f"digest:sha-512:{SHA512}", f"digest:sha-256:{SHA256}"],
        ),
        ({"repr_digest": f"sha-256=:{b64(SHA256)}:;note=1"}, [f"digest:sha-256:{SHA256}"]),
        ({"content_md5": b64(MD5)}, [f"digest:md5:{MD5}"]),
        ({"x_goog_hash": f"crc32c=AAAAAA==, md5={b64(MD5)}"}, [f"digest:md5:{MD5}"]),
    ],
)
def test_k1_content_digest(headers: dict[str, str], expected: list[str]) -> None:
    assert keys(**headers) == expected
    assert keys(url_key=OTHER_URL_KEY, **headers) == expected  # it names bytes, wherever they stand


@pytest.mark.parametrize(
    "headers",
    [
        {"repr_digest": f"sha-256=:{b64(MD5)}:"},  # too short
        {"repr_digest": "sha-256=:not base64:"},
        {"repr_digest": f"sha-256={b64(SHA256)}"},  # a string, no byte sequence
        {"repr_digest": f"x-sha-256=:{b64(SHA256)}:"},
        {"repr_digest": f"size=1;sha-256=:{b64(SHA256)}:"},  # a parameter of another member
        {"repr_digest": f"unixsum=:{b64(MD5)}:"},
        {"repr_digest": ""},
        {"content_md5": MD5},  # hexadecimal, and as base64 too long
        {"content_md5": "===="},
        {"x_goog_hash": "crc32c=AAAAAA=="},
        {"x_goog_hash": f"md5={b64(MD5)}", "x_goog_stored_content_encoding": "gzip"},
        {"repr_digest": f"sha-256=:{b64(SHA256)}:", "content_encoding": "gzip"},
        {"content_md5": b64(MD5), "content_encoding": "br"},
    ],
)
def test_k1_no_digest_of_the_bytes_that_we_would_read(headers: dict[str, str]) -> None:
    assert keys(**headers) == []


def test_k1_identity_is_no_coding() -> None:
    assert keys(content_md5=b64(MD5), content_encoding="identity") == [f"digest:md5:{MD5}"]
    assert keys(x_goog_hash=f"md5={b64(MD5)}", x_goog_stored_content_encoding="identity")


# ---- K2 entity tags ------------------------------------------------------------------------------


def test_k2_strong_etag_names_bytes_under_its_url_only() -> None:
    (key,) = keys(etag='"abc"')
    assert key.startswith(f"etag:{URL_KEY}:")
    assert keys(etag='"abd"') != [key]
    assert keys(etag='"abc"', url_key=OTHER_URL_KEY) != [key]


@pytest.mark.parametrize(
    "etag", ['W/"abc"', 'w/"abc"', "abc", '""', '"', '"abc', 'abc"', "*", '"a", "b"', ""]
)
def test_k2_weak_or_malformed_etag_names_nothing(etag: str) -> None:
    assert keys(etag=etag) == []


def test_k2_etag_that_proved_to_be_an_md5_names_bytes_everywhere() -> None:
    first, second = keys(md5=True, etag=f'"{MD5.upper()}"')
    assert first == f"digest:md5:{MD5}"
    # The key it had before the proof stays an alias: proved hosts do not churn.
    assert [second] == keys(etag=f'"{MD5.upper()}"')


@pytest.mark.parametrize("etag", [f'"{MD5}-2"', f'W/"{MD5}"', f'"{MD5[:-1]}"', '"abc"'])
def test_k2_etag_of_another_form_is_no_md5(etag: str) -> None:
    assert not any(key.startswith("digest:") for key in keys(md5=True, etag=etag))
    assert etag_md5({"etag": etag}) is None


def test_k2_md5_is_not_believed_of_a_coded_body() -> None:
    (key,) = keys(md5=True, etag=f'"{MD5}"', content_encoding="gzip")
    assert key.startswith("etag:")


# ---- K3 dates, and the order ---------------------------------------------------------------------


def test_k3_date_and_length_together() -> None:
    (key,) = keys(last_modified=MONDAY, content_length="10")
    assert key.startswith(f"last_modified:{URL_KEY}:")
    assert keys(last_modified=MONDAY, content_length="11") != [key]
    assert keys(last_modified=MONDAY.replace("06", "07"), content_length="10") != [key]
    assert keys(last_modified=MONDAY, content_length="10", url_key=OTHER_URL_KEY) != [key]
    assert keys(last_modified=MONDAY) == keys(content_length="10") == []


def test_k3_serves_beside_a_weak_etag() -> None:
    (key,) = keys(etag='W/"abc"', last_modified=MONDAY, content_length="10")
    assert key.startswith("last_modified:")


def test_an_old_date_names_nothing_beside_a_new_etag() -> None:
    before = keys(etag='"1"', last_modified=MONDAY, content_length="10")
    after = keys(etag='"2"', last_modified=MONDAY, content_length="10")
    assert not set(before) & set(after)


def test_an_old_etag_names_nothing_beside_a_new_digest() -> None:
    before = keys(etag='"1"', content_md5=b64(MD5))
    after = keys(etag='"1"', content_md5=b64("0" * 32))
    assert not set(before) & set(after)


def test_not_modified_confirms_and_names_nothing() -> None:
    assert keys(304, etag='"abc"', content_md5=b64(MD5)) == []


def test_no_headers_no_keys() -> None:
    assert keys() == []


# ---- digests against bytes -----------------------------------------------------------------------


def test_contradicts__only_a_false_digest_does() -> None:
    true = [
        ImageKey(KeySource.DIGEST, f"{name}:{value}")
        for name, value in (("sha-512", SHA512), ("sha-256", SHA256), ("md5", MD5))
    ]
    etag = ImageKey(KeySource.ETAG, f"{URL_KEY}:00")
    false = ImageKey(KeySource.DIGEST, f"md5:{'0' * 32}")
    assert not contradicts(BODY, [*true, etag])
    assert not contradicts(BODY, [])
    assert contradicts(BODY, [*true, false])


def test_is_md5_of() -> None:
    assert is_md5_of(BODY, MD5)
    assert not is_md5_of(b"other bytes", MD5)


# ---- validators ----------------------------------------------------------------------------------


def test_validators_are_sent_back_as_they_came() -> None:
    weak = make_validators(facts(etag='W/"a"', last_modified=MONDAY))
    assert weak == Validators(etag='W/"a"', last_modified=MONDAY)
    assert make_validators(facts(etag='"a"')) == Validators(etag='"a"')
    assert make_validators(facts()) == Validators()


@pytest.mark.parametrize("etag", ["*", "abc", '"a", "b"', 'w/"a"', '"'])
def test_validators__what_is_no_entity_tag_is_not_sent(etag: str) -> None:
    assert make_validators(facts(etag=etag)).etag is None
