from __future__ import annotations

import pytest
from multidict import CIMultiDict

from forecourt.fetch.facts import make_facts


def kept(*lines: tuple[str, str]) -> dict[str, str]:
    return dict(make_facts("http://h/a", "http://h/b", 200, CIMultiDict(lines)).headers)


def test_names_in_lower_case_and_only_what_identity_needs() -> None:
    lines = [("ETag", '"a"'), ("Set-Cookie", "secret=1"), ("Server", "x"), ("DATE", "today")]
    assert kept(*lines) == {"etag": '"a"', "date": "today"}


def test_a_list_in_several_lines_is_one_list() -> None:
    # Google Cloud Storage sends its hashes so.
    assert kept(("x-goog-hash", "crc32c=AAAAAA=="), ("x-goog-hash", "md5=BBBB")) == {
        "x-goog-hash": "crc32c=AAAAAA==, md5=BBBB"
    }


def test_two_answers_where_one_is_allowed_are_none() -> None:
    assert kept(("ETag", '"a"'), ("ETag", '"b"'), ("Age", "1")) == {"age": "1"}
    assert kept(("ETag", '"a"'), ("ETag", '"a"')) == {"etag": '"a"'}


@pytest.mark.parametrize("value", ['"ä"', '"\udce4"', '"a\x00"', '"a\tb"', '"' + "x" * 1_000 + '"'])
def test_values_that_cannot_be_stored_or_sent_back_are_left_out(value: str) -> None:
    assert kept(("ETag", value)) == {}


def test_the_url_asked_for_is_kept_beside_the_one_that_answered() -> None:
    facts = make_facts("http://h/a", "http://h/b", 304, CIMultiDict())
    assert (facts.url, facts.final_url, facts.is_not_modified) == ("http://h/a", "http://h/b", True)
    assert facts.received_at.tzinfo is not None
