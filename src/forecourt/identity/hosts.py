"""Hosts earn trust: whose headers may stand for the bytes.

A new host is `unproven`: whenever its headers say "known", the body is read all the same and
compared. After enough such proofs it is `trusted`, and only a small sample is read from then on.
A host that lies (same key, other bytes) or churns (other key, same bytes) is keyed by bytes alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

# One lie can put a wrong tag on an advertiser's picture, so one is enough. Churn only costs
# downloads, and a redeployment may change some tags: a habit is ten churns and a fifth of answers.
_CHURN_COUNT = 10
_CHURN_SHARE = 0.2
_MD5_PROOFS = 3


class HostState(StrEnum):
    """How much a host's headers are worth."""

    UNPROVEN = "unproven"
    TRUSTED = "trusted"
    BYTES_ONLY = "bytes_only"


class Observation(StrEnum):
    """What one answer showed of the host's headers."""

    HIT = "hit"  # headers named a known image and were believed
    PROOF = "proof"  # headers named a known image, and the bytes agreed
    LIE = "lie"  # headers named a known image, and the bytes were other
    CHURN = "churn"  # the headers were new, and the bytes were not
    CHANGE = "change"  # headers and bytes were new, as they should be
    MD5_ETAG = "md5_etag"  # the entity tag was the MD5 of the body
    OTHER_ETAG = "other_etag"  # the entity tag looked like an MD5 and was not


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """What is known of one host.

    Attributes:
        why: What brought it to its state, for people.
        hits: Header hits, believed or checked.
        proofs: Those of the hits that the bytes confirmed.
        churns: New headers over known bytes; they only cost a download.
        changes: New headers over new bytes, as it should be.
        md5_etags: Entity tags that were the MD5 of their body.
        other_etags: Entity tags that looked like an MD5 and were none of their body.
    """

    host: str
    state: HostState = HostState.UNPROVEN
    why: str = "new host"
    hits: int = 0
    proofs: int = 0
    lies: int = 0
    churns: int = 0
    changes: int = 0
    md5_etags: int = 0
    other_etags: int = 0

    @property
    def etag_is_md5(self) -> bool:
        """Whether every entity tag that looked like an MD5 of the body was one, often enough."""
        return self.md5_etags >= _MD5_PROOFS and self.other_etags == 0


def observe(record: HostRecord, seen: Observation, *, verify_first: int) -> HostRecord:
    """Return the record after one more observation.

    Args:
        record: Before.
        seen: What an answer showed.
        verify_first: Proofs that make a new host trusted.
    """
    match seen:
        case Observation.HIT:
            record = replace(record, hits=record.hits + 1)
        case Observation.PROOF:
            record = replace(record, hits=record.hits + 1, proofs=record.proofs + 1)
        case Observation.LIE:
            record = replace(record, hits=record.hits + 1, lies=record.lies + 1)
        case Observation.CHURN:
            record = replace(record, churns=record.churns + 1)
        case Observation.CHANGE:
            record = replace(record, changes=record.changes + 1)
        case Observation.MD5_ETAG:
            record = replace(record, md5_etags=record.md5_etags + 1)
        case Observation.OTHER_ETAG:
            record = replace(record, other_etags=record.other_etags + 1)
    return _judge(record, verify_first)


def _judge(record: HostRecord, verify_first: int) -> HostRecord:
    if record.state is HostState.BYTES_ONLY:
        return record  # the way back is a person's: see `reset`
    if record.lies:
        return replace(record, state=HostState.BYTES_ONLY, why="same headers came with other bytes")
    answers = record.hits + record.churns + record.changes
    if record.churns >= _CHURN_COUNT and record.churns > _CHURN_SHARE * answers:
        why = f"headers changed without the bytes in {record.churns} of {answers} answers"
        return replace(record, state=HostState.BYTES_ONLY, why=why)
    if record.state is HostState.UNPROVEN and record.proofs >= verify_first:
        why = f"{record.proofs} header hits confirmed by the bytes"
        return replace(record, state=HostState.TRUSTED, why=why)
    return record


def reset(host: str) -> HostRecord:
    """Return the record of a host that a person lets prove itself again."""
    return HostRecord(host=host, why="reset by a person")


def must_read_body(
    record: HostRecord, url_key: str, scrape_id: int, *, verify_share: float, is_fixed: bool = False
) -> bool:
    """Whether the body is read although the headers may say that the image is known.

    The sample is drawn by a hash of URL and scrape: a resumed run draws the same one, and in the
    long run every URL comes up.

    Args:
        record: The host's.
        url_key: Of the image.
        scrape_id: The scrape that asks.
        verify_share: Share (0-1) of a trusted host's header hits to check.
        is_fixed: A person has corrected this image: it is checked at every scrape.
    """
    if record.state is not HostState.TRUSTED or is_fixed:
        return True
    digest = hashlib.blake2b(f"{scrape_id}:{url_key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < verify_share * 2**64
