"""Which models there are, and which of them was at work when, and as what. Append-only.

Re-tags apart: they say how far they are.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from forecourt.store.schema.base import Id, UtcDateTime, id_column, metadata, ref

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

# The last row says whether a challenger is in the shadow, and which.
shadows = Table(
    "shadows",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),  # ShadowKind
    Column("model_version", String(100), ForeignKey("models.version"), nullable=False),
    Column("share", Float, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

# An advertiser's last row says whether a challenger answers it, and which.
canaries = Table(
    "canaries",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),  # CanaryKind
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("model_version", String(100), ForeignKey("models.version"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Index(None, "advertiser", "id"),
)

# Stored images to be answered anew. The row is the promise; a sweep finds what is unfinished.
retags = Table(
    "retags",
    metadata,
    id_column(),
    # No reference: the shipped model has no row until it is first promoted or replaced.
    Column("model_version", String(100), nullable=False),
    Column("advertiser", String(200), ForeignKey("advertisers.id")),
    Column("is_ahead", Boolean, nullable=False),
    ref("promotion_id", "promotions.id", nullable=True),
    Column("status", String(16), nullable=False),  # RetagStatus
    Column("by", String(200), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("images", Integer),
    Column("looked_at", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("after_advertiser", String(200), nullable=False),
    Column("after_image_id", Id, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text),
)
