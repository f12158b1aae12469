from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.records import ImageFacts, KeySource
from forecourt.identity.freshness import fresh_until
from forecourt.identity.hosts import HostRecord, HostState, Observation, observe
from forecourt.identity.keys import (
    contradicts,
    make_bytes_key,
    make_header_keys,
    make_validators,
)
from forecourt.identity.urls import canonical_url, host_of, make_url_key

# ---- URLs ----------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "a",
        "Z",
        "%41",
        "%2f",
        "%",
        "%%34",
        "%zz",
        " ",
        "ä",
        ".",
        "..",
        "/",
        "+",
        "~",
        "(",
        "\\",
        "|",
        "1",
    ]
)
paths = st.lists(pieces, max_size=8).map("".join)
hosts = st.sampled_from(
    [
        "cdn.example",
        "CDN.EXAMPLE.",
        "bücher.example",
        "127.0.0.1",
        "[::1]",
        "h:8080",
        "u:p@h",
        "h:80",
    ]
)
names = st.sampled_from(
    [
        "w",
        "v",
        "token",
        "expires",
        "Signature",
        "Key-Pair-Id",
        "sig",
        "sv",
        "se",
        "X-Amz-Signature",
        "x-amz-date",
        "hdnts",
        "oh",
        "oe",
        "",
        "%73ig",
    ]
)
fields = st.lists(st.tuples(names, paths).map("=".join), max_size=6).map("&".join)
urls = st.builds(
    "{}://{}/{}?{}".format, st.sampled_from(["http", "https", "HTTP"]), hosts, paths, fields
)


@given(urls | st.text())
def test_canonical_urls_stay_as_they_are(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once
    assert make_url_key(once) == make_url_key(url)


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60))
def test_any_text_has_a_key(text: str) -> None:
    assert len(make_url_key(text)) == 32
    assert isinstance(host_of(text), str)


@given(urls)
def test_canonical_urls_can_go_over_the_wire(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical.isascii()
    assert canonical.isprintable()
    assert " " not in canonical
    assert host_of(url) == host_of(canonical)


volatile_values = st.integers(0, 10**12).map(str)


@given(volatile_values, volatile_values, st.sampled_from(["", "w=640", "v=2&w=640"]))
def test_the_key_outlives_the_signature(one: str, other: str, rest: str) -> None:
    def signed(value: str) -> str:
        return f"https://cdn.example/a.jpg?{rest}&Expires={value}&Signature={value}&Key-Pair-Id=K"

    assert make_url_key(signed(one)) == make_url_key(signed(other))


# ---- header keys ---------------------------------------------------------------------------------

header_values = st.text(
    alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80
) | st.sampled_from(
    [
        '"abc"',
        'W/"abc"',
        f'"{"a" * 32}"',
        "gzip",
        "identity",
        "Mon, 23 Nov 2026 06:00:00 GMT",
        "10",
        f"sha-256=:{'A' * 43}=:",
        "md5=AAAAAAAAAAAAAAAAAAAAAA==",
        "max-age=60",
        "*",
    ]
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "age",
            "cache-control",
            "content-digest",
            "content-encoding",
            "content-length",
            "content-md5",
            "content-type",
            "date",
            "etag",
            "expires",
            "last-modified",
            "repr-digest",
            "vary",
            "x-goog-hash",
            "x-goog-stored-content-encoding",
        ]
    ),
    header_values,
)


def make_facts(headers: dict[str, str], status: int = 200) -> ImageFacts:
    return ImageFacts(
        url="http://h/a",
        final_url="http://h/a",
        status=status,
        headers=headers,
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


@given(headers=headers, is_md5=st.booleans(), status=st.sampled_from([200, 304]))
def test_any_headers_give_sound_keys(*, headers: dict[str, str], is_md5: bool, status: int) -> None:
    facts = make_facts(headers, status)
    keys = make_header_keys("0" * 32, facts, etag_is_md5=is_md5)
    assert keys == make_header_keys("0" * 32, facts, etag_is_md5=is_md5)
    assert len(set(keys)) == len(keys)
    assert status == 200 or not keys
    for key in keys:
        assert key.source is not KeySource.BYTES  # those are for bytes that were read
        assert len(key.value) <= 136
    if headers.get("etag", "").startswith("W/"):
        assert all(key.source is not KeySource.ETAG for key in keys)
    assert make_validators(facts).etag in {None, headers.get("etag")}


@given(headers, headers)
def test_keys_of_an_url_are_shared_only_where_a_validator_is(
    one: dict[str, str], other: dict[str, str]
) -> None:
    shared = set(make_header_keys("0" * 32, make_facts(one), etag_is_md5=False)) & set(
        make_header_keys("0" * 32, make_facts(other), etag_is_md5=False)
    )
    if not shared:
        return
    said = ("etag", "last-modified", "content-md5", "x-goog-hash", "repr-digest", "content-digest")
    values = {one[name] for name in said if name in one}
    assert values & {other[name] for name in said if name in other} or any(
        key.source is KeySource.DIGEST for key in shared
    )


@given(st.binary(), st.binary())
def test_bytes_keys_and_digests_are_the_bytes(one: bytes, other: bytes) -> None:
    assert (make_bytes_key(one) == make_bytes_key(other)) == (one == other)
    etag = f'"{hashlib.md5(one, usedforsecurity=False).hexdigest()}"'
    keys = make_header_keys("0" * 32, make_facts({"etag": etag}), etag_is_md5=True)
    assert not contradicts(one, keys)
    assert contradicts(other, keys) == (one != other)


@given(headers, st.floats(0, 31_536_000))
def test_an_answer_is_fresh_from_its_receipt_to_the_cap(
    headers: dict[str, str], cap_s: float
) -> None:
    facts = make_facts(headers)
    until = fresh_until(facts, cap_s=cap_s)
    assert facts.received_at <= until <= facts.received_at + timedelta(seconds=cap_s)


# ---- hosts ---------------------------------------------------------------------------------------

observations = st.lists(st.sampled_from(Observation), max_size=80) | st.lists(
    st.sampled_from([Observation.PROOF, Observation.HIT, Observation.MD5_ETAG]), max_size=80
)


def histories(seen: list[Observation], verify_first: int) -> list[HostRecord]:
    records = [HostRecord(host="h")]
    for one in seen:
        records.append(observe(records[-1], one, verify_first=verify_first))
    return records


@given(observations, st.integers(1, 20))
def test_distrust_is_never_silently_undone(seen: list[Observation], verify_first: int) -> None:
    records = histories(seen, verify_first)
    states = [record.state for record in records]
    if HostState.BYTES_ONLY in states:
        since = states.index(HostState.BYTES_ONLY)
        assert set(states[since:]) == {HostState.BYTES_ONLY}
        assert {record.why for record in records[since:]} == {records[since].why}


@given(observations, st.integers(1, 20))
def test_no_host_is_trusted_unproved_or_after_a_lie(
    seen: list[Observation], verify_first: int
) -> None:
    for number, record in enumerate(histories(seen, verify_first)):
        so_far = seen[:number]
        if Observation.LIE in so_far:
            assert record.state is HostState.BYTES_ONLY
        if record.state is HostState.TRUSTED:
            assert so_far.count(Observation.PROOF) >= verify_first
        if Observation.OTHER_ETAG in so_far:
            assert not record.etag_is_md5


@given(observations, st.integers(1, 20))
def test_nothing_seen_goes_uncounted(seen: list[Observation], verify_first: int) -> None:
    last = histories(seen, verify_first)[-1]
    assert last.proofs == seen.count(Observation.PROOF)
    assert last.lies == seen.count(Observation.LIE)
    assert last.churns == seen.count(Observation.CHURN)
    assert last.changes == seen.count(Observation.CHANGE)
    assert last.hits == last.proofs + last.lies + seen.count(Observation.HIT)
    assert (last.md5_etags, last.other_etags) == (
        seen.count(Observation.MD5_ETAG),
        seen.count(Observation.OTHER_ETAG),
    )
