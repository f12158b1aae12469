from __future__ import annotations

import itertools

from forecourt.identity.hosts import (
    HostRecord,
    HostState,
    Observation,
    must_read_body,
    observe,
    reset,
)

NEW = HostRecord(host="cdn.example")


def after(*seen: Observation, record: HostRecord = NEW, verify_first: int = 50) -> HostRecord:
    for one in seen:
        record = observe(record, one, verify_first=verify_first)
    return record


PROVEN = after(*[Observation.PROOF] * 50)


def test_a_new_host_is_trusted_from_the_last_proof_on() -> None:
    assert after(*[Observation.PROOF] * 49).state is HostState.UNPROVEN
    assert PROVEN.state is HostState.TRUSTED
    assert PROVEN.why == "50 header hits confirmed by the bytes"


def test_hits_and_changes_prove_nothing() -> None:
    record = after(*[Observation.HIT] * 500, *[Observation.CHANGE] * 500)
    assert record.state is HostState.UNPROVEN
    assert (record.hits, record.changes) == (500, 500)


def test_one_lie_is_enough_at_any_time() -> None:
    for record in (NEW, PROVEN, after(*[Observation.HIT] * 10_000, record=PROVEN)):
        liar = after(Observation.LIE, record=record)
        assert liar.state is HostState.BYTES_ONLY
        assert liar.why == "same headers came with other bytes"


def test_a_habit_of_churn_costs_the_trust() -> None:
    assert after(*[Observation.CHURN] * 9).state is HostState.UNPROVEN
    record = after(*[Observation.CHURN] * 10)
    assert record.state is HostState.BYTES_ONLY
    assert record.why == "headers changed without the bytes in 10 of 10 answers"


def test_some_churn_among_many_hits_is_forgiven() -> None:
    used = after(*[Observation.HIT] * 450, record=PROVEN)
    assert after(*[Observation.CHURN] * 125, record=used).state is HostState.TRUSTED  # a fifth
    assert after(*[Observation.CHURN] * 126, record=used).state is HostState.BYTES_ONLY


def test_distrust_is_undone_by_a_person_only() -> None:
    liar = after(Observation.LIE)
    assert after(*[Observation.PROOF] * 500, record=liar).state is HostState.BYTES_ONLY
    assert after(*[Observation.PROOF] * 500, record=liar).why == liar.why
    again = reset(liar.host)
    assert (again.state, again.host, again.lies) == (HostState.UNPROVEN, "cdn.example", 0)
    assert after(*[Observation.PROOF] * 50, record=again).state is HostState.TRUSTED


def test_entity_tags_are_md5_after_three_proofs_without_exception() -> None:
    assert not after(*[Observation.MD5_ETAG] * 2).etag_is_md5
    proved = after(*[Observation.MD5_ETAG] * 3)
    assert proved.etag_is_md5
    refuted = after(Observation.OTHER_ETAG, record=proved)
    assert not refuted.etag_is_md5
    assert not after(*[Observation.MD5_ETAG] * 100, record=refuted).etag_is_md5


def test_every_body_of_an_unproven_or_distrusted_host_is_read() -> None:
    for record in (NEW, after(Observation.LIE)):
        for n in range(100):
            assert must_read_body(record, f"{n:032x}", 1, verify_share=0.0)


def test_a_share_of_a_trusted_hosts_bodies_is_read() -> None:
    read = sum(must_read_body(PROVEN, f"{n:032x}", 7, verify_share=0.01) for n in range(20_000))
    assert 140 < read < 260
    assert not any(must_read_body(PROVEN, f"{n:032x}", 7, verify_share=0.0) for n in range(1000))
    assert all(must_read_body(PROVEN, f"{n:032x}", 7, verify_share=1.0) for n in range(1000))


def test_the_sample_is_the_same_for_a_resumed_scrape_and_another_for_the_next() -> None:
    def sample(scrape: int) -> set[int]:
        return {
            n
            for n in range(2_000)
            if must_read_body(PROVEN, f"{n:032x}", scrape, verify_share=0.05)
        }

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)
    drawn = set(itertools.chain.from_iterable(sample(scrape) for scrape in range(200)))
    assert len(drawn) == 2_000  # in the long run every image comes up


def test_a_fixed_image_is_checked_at_every_scrape() -> None:
    assert must_read_body(PROVEN, "0" * 32, 1, verify_share=0.0, is_fixed=True)
