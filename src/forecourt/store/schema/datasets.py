"""What people decide on pictures of datasets, and on which side of the split these stand.

Append-only. The versions themselves are folders (`store.versions`).
"""

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from forecourt.store.schema.base import UtcDateTime, id_column, metadata, ref

# The latest of a picture that was not taken back counts.
dataset_decisions = Table(
    "dataset_decisions",
    metadata,
    id_column(),
    Column("key", String(64), nullable=False),  # SHA-256 of the original picture
    Column("verdict", String(16), nullable=False),  # Verdict
    Column("image_type", String(16)),
    Column("color", String(16)),  # "none" where no paint is seen
    Column("by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("version", String(100), nullable=False),  # that was looked through
    Column("at", UtcDateTime, nullable=False),
    Index(None, "key", "id"),
    Index(None, "version", "id"),
)

# Decisions that were taken back.
dataset_undos = Table(
    "dataset_undos",
    metadata,
    id_column(),
    ref("decision_id", "dataset_decisions.id"),
    Column("by", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("decision_id"),
)

# Where a picture, or an advertiser, was first put; for good.
dataset_sides = Table(
    "dataset_sides",
    metadata,
    id_column(),
    Column("unit", String(16), nullable=False),  # Unit
    Column("value", String(200), nullable=False),
    Column("split", String(16), nullable=False),  # Split
    Column("version", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("unit", "value"),
)
