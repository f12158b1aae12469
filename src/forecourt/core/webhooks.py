"""Webhooks: what is announced, how it is signed, when it is tried again. Pure.

Signatures are those of the Standard Webhooks specification: `webhook-signature` holds, for each
secret in force, `v1,` and the base64 of HMAC-SHA256 over "id.timestamp.body".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from forecourt.core.errors import SignatureError, UsageError

TOLERANCE = timedelta(minutes=5)
OLD_SECRET_FOR = timedelta(days=1)
DISABLE_AFTER = timedelta(days=3)
LONGEST_EXCERPT = 500  # characters of an answer that the log keeps
SECRET_BYTES = 32

_SECRET_PREFIX = "whsec_"  # noqa: S105  # not a secret: what every one starts with
_SHORTEST_KEY, _LONGEST_KEY = 24, 64  # bytes, by the specification
# Together a day and half an hour. Each is more than `1 + _JITTER` times the one before, so that
# jitter never makes a later pause the shorter one.
_PAUSES_S = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 25_200.0, 36_000.0)
_JITTER = 0.2
MOST_ATTEMPTS = len(_PAUSES_S) + 1


class EventType(StrEnum):
    """What webhooks tell of."""

    SCRAPE_FINISHED = "scrape.finished"  # every image is settled
    SCRAPE_CANCELLED = "scrape.cancelled"  # somebody stopped it; settled images keep their tags
    ALARM_RAISED = "alarm.raised"  # something that people should look at: AlarmKind


class AlarmKind(StrEnum):
    """What an alarm is about."""

    SCRAPE_BREAKS_OFF = "scrape_breaks_off"  # run after run; it is tried again all the same
    HOST_DISTRUSTED = "host_distrusted"  # its headers lied or churned
    MANY_SKIPPED = "many_skipped"  # more than half of a scrape's images: an outage, or a wrong feed
    # What the monitor finds, by the names of its rules (`core.monitor_rules`):
    FIX_RATE_ROSE = "fix_rate_rose"
    MANY_FIXED = "many_fixed"
    MANY_FLIPS = "many_flips"
    CLASS_SHARES_MOVED = "class_shares_moved"
    CONFIDENCE_FELL = "confidence_fell"
    ABSTENTIONS_ROSE = "abstentions_rose"
    UNLIKE_TRAINING = "unlike_training"
    RETRAIN_SUGGESTED = "retrain_suggested"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"  # waits for its first or next attempt
    DELIVERED = "delivered"  # answered with 2xx
    FAILED = "failed"  # given up


class PostFailure(StrEnum):
    """Why an attempt got no HTTP status."""

    BAD_URL = "bad_url"
    BLOCKED_ADDRESS = "blocked_address"  # refused by the egress policy
    DNS_FAILED = "dns_failed"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    BAD_ANSWER = "bad_answer"  # something came back, and it is not HTTP
    INTERNAL_ERROR = "internal_error"  # a defect of ours; the log has its traceback


class DisabledReason(StrEnum):
    """Why a webhook gets nothing any more."""

    BY_HAND = "by_hand"
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # no attempt succeeded for days, and a delivery was given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who is told of what. Its secrets are not part of it.

    Attributes:
        events: What it is told of; empty: everything.
        advertiser: Whose events; None: those of all, and those of no advertiser.
        failing_since: When the first attempt failed since the last one that succeeded, if any did.
    """

    id: int
    url: str
    events: tuple[EventType, ...]
    advertiser: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    failing_since: datetime | None

    def wants(self, event: EventType) -> bool:
        """Whether it is told of such events."""
        return not self.events or event in self.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of one POST: a status, or else the reason why there is none.

    Attributes:
        milliseconds: From the start to the answer, or to giving up.
        excerpt: The beginning of the answer's body, on one line.
    """

    status: int | None = None
    reason: PostFailure | None = None
    milliseconds: int
    excerpt: str = ""

    def __post_init__(self) -> None:
        if (self.status is None) == (self.reason is None):
            raise ValueError("An attempt has a status or a reason, and never both.")

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One line of the delivery log."""

    at: datetime
    posted: Posted


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one webhook.

    Attributes:
        event_id: Sent as `webhook-id`; the same at every attempt, for every webhook, in replays.
        body: The JSON that is sent and signed.
        attempts: Attempts begun; one that a crash cut off counts and has no line in `log`.
        next_attempt_at: None once it is finished.
        replay_of: The delivery that it repeats.
    """

    id: int
    webhook_id: int
    event_id: str
    event: EventType
    body: str
    created_at: datetime
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    finished_at: datetime | None
    replay_of: int | None
    log: tuple[Attempt, ...] = ()


# ---- what is sent --------------------------------------------------------------------------------


def make_body(
    event: EventType, *, advertiser: str | None, data: Mapping[str, Any], at: datetime
) -> str:
    """Return the JSON text of an event, in ASCII; equal events give equal texts."""
    payload = {
        "type": event,
        "timestamp": at.isoformat(),
        "advertiser": advertiser,
        "data": dict(data),
    }
    return json.dumps(payload, separators=(",", ":"), allow_nan=False)


def scrape_data(
    *,
    scrape_id: int,
    feed_name: str,
    received_at: datetime,
    vehicles: int,
    images: int,
    tagged: int,
    skipped: int,
) -> dict[str, Any]:
    """Return the `data` of `scrape.finished` and `scrape.cancelled`; a contract (docs/webhooks.md).

    Of a cancelled scrape, images that are neither tagged nor skipped were not settled.
    """
    return {
        "scrape_id": scrape_id,
        "feed_name": feed_name,
        "received_at": received_at.isoformat(),
        "vehicles": vehicles,
        "images": images,
        "tagged": tagged,
        "skipped": skipped,
    }


def alarm_data(
    kind: AlarmKind, *, scrape_id: int | None, detail: str, **more: Any
) -> dict[str, Any]:
    """Return the `data` of `alarm.raised`; a contract (docs/webhooks.md).

    Args:
        kind: What it is about.
        scrape_id: Where it was seen; None: not in a single one.
        detail: A sentence for people: what it is, and what to do.
        more: Particulars of the kind.
    """
    return {"kind": kind, "scrape_id": scrape_id, "detail": detail, **more}


def make_excerpt(body: bytes) -> str:
    """Return the beginning of an answer as one printable line."""
    text = body.decode(errors="replace")
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:LONGEST_EXCERPT]


# ---- signatures ----------------------------------------------------------------------------------


def make_secret(key: bytes) -> str:
    """Return a key of 24 to 64 random bytes in the form that people copy: `whsec_` and base64."""
    return _SECRET_PREFIX + base64.b64encode(key).decode()


def parse_secret(secret: str) -> bytes:
    """Return the key of a secret.

    Raises:
        UsageError: it is no secret of this form. The message does not repeat it.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        key = b""
    if not secret.strip().startswith(_SECRET_PREFIX) or not (
        _SHORTEST_KEY <= len(key) <= _LONGEST_KEY
    ):
        raise UsageError(
            f'A secret is "{_SECRET_PREFIX}" and the base64 of {_SHORTEST_KEY} to {_LONGEST_KEY} '
            "bytes. Copy the whole line that `forecourt webhooks add` printed."
        )
    return key


def sign(secrets: Sequence[str], *, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers that prove who sent a body, and when.

    Args:
        secrets: All in force, the newest first: the receiver may know any one of them.
        event_id: Without a full stop in it.
        at: The time of this attempt; sent in whole seconds.
        body: Exactly as it is sent.
    """
    timestamp = str(int(at.timestamp()))
    signatures = (_signature(parse_secret(one), event_id, timestamp, body) for one in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> None:
    """Check, as a receiver, that a body comes from who knows the secret, was not altered, is new.

    Args:
        secret: As `forecourt webhooks add` printed it.
        headers: Of the request; letter case does not matter.
        body: As received, not parsed and written again.
        now: The receiver's time.
        tolerance: How far the sender's time may be away, in either direction.

    Raises:
        SignatureError: do not believe the body; the message says why.
        UsageError: the secret itself cannot be one.
    """
    key = parse_secret(secret)
    given = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split(" ")
    except KeyError as error:
        raise SignatureError(f"The request has no header {error.args[0]}.") from error
    # A dozen digits last for 30,000 years; more of them would not be a float's to compare.
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise SignatureError("The header webhook-timestamp is no number of seconds.")
    if abs(now.timestamp() - int(timestamp)) > tolerance.total_seconds():
        raise SignatureError("The request is too old, or one of the two clocks is wrong.")
    expected = _signature(key, event_id, timestamp, body).encode()
    # Bytes: text would have to be ASCII. Every signature is compared, in the same time.
    matches = [
        hmac.compare_digest(one.encode(errors="surrogateescape"), expected) for one in signatures
    ]
    if not any(matches):
        raise SignatureError(
            "No signature fits: it was made with another secret, or the body is not as sent."
        )


def _signature(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    head = f"{event_id}.{timestamp}.".encode(errors="surrogateescape")
    digest = hmac.digest(key, head + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


# ---- when, and whether, to try again -------------------------------------------------------------


def pause_after(attempt: int, seed: str) -> timedelta | None:
    """Return how long to wait after a failed attempt; None: it was the last one.

    Args:
        attempt: Number of the attempt that failed, from 1.
        seed: What the jitter is drawn by. Without it, all that failed together comes back together.
    """
    if attempt > len(_PAUSES_S):
        return None
    drawn = hashlib.sha256(f"{seed}#{attempt}".encode()).digest()
    share = int.from_bytes(drawn[:8]) / 2**64
    return timedelta(seconds=_PAUSES_S[attempt - 1] * (1 + _JITTER * share))


def give_up_on(
    posted: Posted, *, is_last: bool, failing_since: datetime, at: datetime
) -> DisabledReason | None:
    """Return why a webhook is to be disabled after a failed attempt, if it is.

    W1: It says that it is gone (410).
    W2: A delivery was given up, and nothing succeeded for days. One event that nobody took is not
        enough: the receiver may have been down for its day.
    """
    if posted.status == 410:
        return DisabledReason.GONE
    if is_last and at - failing_since >= DISABLE_AFTER:
        return DisabledReason.FAILING
    return None
