"""Who is told of what happens, and what became of the telling."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, text

from forecourt.store.schema.base import UtcDateTime, id_column, metadata, ref

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    Column("url", Text, nullable=False),
    # Signing needs them as they are. The earlier one signs too, until then.
    Column("secret", String(100), nullable=False),
    Column("previous_secret", String(100)),
    Column("previous_until", UtcDateTime),
    Column("events", JSON, nullable=False),  # of EventType; empty: all
    # NULL: of all. No foreign key: a webhook may be there before the first scrape.
    Column("advertiser", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("disabled_at", UtcDateTime),  # NULL: active
    Column("disabled_reason", String(16)),  # DisabledReason
    Column("failing_since", UtcDateTime),  # the first failed attempt since one succeeded
)

# The outbox and the log in one: a row is written with what it tells of, in one transaction.
deliveries = Table(
    "deliveries",
    metadata,
    id_column(),
    ref("webhook_id", "webhooks.id"),
    Column("event_id", String(40), nullable=False),
    Column("event", String(40), nullable=False),  # EventType
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),  # DeliveryState
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    ref("replay_of", "deliveries.id", nullable=True),
    Index(
        "ix_deliveries_due",
        "next_attempt_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(None, "webhook_id", "id"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    id_column(),
    ref("delivery_id", "deliveries.id"),
    Column("at", UtcDateTime, nullable=False),
    Column("status", Integer),
    Column("reason", String(32)),  # PostFailure
    Column("milliseconds", Integer, nullable=False),
    Column("excerpt", Text, nullable=False),
    Index(None, "delivery_id", "id"),
)
