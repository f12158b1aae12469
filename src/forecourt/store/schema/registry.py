"""Which models there are, and which of them was the champion when. Append-only."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from forecourt.store.schema.base import UtcDateTime, id_column, metadata

# The files stand in the home folder, below `models/`; the digests say whether they are the same.
models = Table(
    "models",
    metadata,
    Column("version", String(100), primary_key=True),
    Column("network_sha256", String(64), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("folder", String(100), nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("registered_by", String(200), nullable=False),
)

# The model of the last row is the champion. No row: the bundle that is shipped.
promotions = Table(
    "promotions",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),  # PromotionKind
    Column("model_version", String(100), ForeignKey("models.version"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
    Column("note", Text, nullable=False),  # of the person
    Column("reason", Text, nullable=False),  # of the program
)
