"""Which images wait for a person's look: made anew for an advertiser when a scrape finishes."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from forecourt.store.schema.base import Id, UtcDateTime, id_column, metadata, ref

# Derived: that an image was looked at is told by its fixes, not by a mark here.
queue_entries = Table(
    "queue_entries",
    metadata,
    id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    ref("image_id", "images.id"),
    # The order of the queue, ascending: a million less a million times the merit.
    Column("place", Integer, nullable=False),
    Column("reasons", JSON, nullable=False),  # [reason, words of its text], the weightiest first
    Column("has_conflict", Boolean, nullable=False),
    # A fix with a higher id was made since: somebody has looked.
    Column("fix_id", Id, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("image_id", "advertiser"),
    Index(None, "place", "id"),
    Index(None, "advertiser", "place", "id"),
)
