"""Who is at work on what, and what callers were answered: nothing here outlives its purpose."""

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from forecourt.store.schema.base import UtcDateTime, metadata

# Claims of PostgreSQL sessions (store.claims). `started` is compared with what the server says of
# its sessions, so it is kept as the server gives it.
flights = Table(
    "flights",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
)

# Answers to requests that carried an Idempotency-Key, by who asked.
answered_requests = Table(
    "answered_requests",
    metadata,
    Column("caller", String(220), nullable=False),
    Column("key", String(200), nullable=False),
    PrimaryKeyConstraint("caller", "key"),
    Column("digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "created_at"),
)
