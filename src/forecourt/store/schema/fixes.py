"""What people did: fixes, how far they travel, rulings. Append-only."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from forecourt.store.schema.base import UtcDateTime, id_column, metadata, ref

acts = Table(
    "acts",
    metadata,
    id_column(),
    Column("kind", String(16), nullable=False),  # ActKind
    Column("by", String(200), nullable=False),
    Column("role", String(16), nullable=False),  # Role
    Column("source", String(16), nullable=False),  # ActSource
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),  # an import finds by it what was imported before
)

fixes = Table(
    "fixes",
    metadata,
    id_column(),
    ref("act_id", "acts.id"),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("everywhere", Boolean, nullable=False),
    ref("image_id", "images.id", nullable=True),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False),
    Column("vehicle_id", String(400)),
    Column("vin", String(64)),
    Column("field", String(16), nullable=False),  # FixField
    Column("value_from", String(16)),
    Column("value", String(16)),
    Column("model_version", String(100)),
    Index(None, "act_id", "id"),
    Index(None, "image_id", "field", "value"),  # holds all that the search for conflicts reads
    Index(None, "url_key"),
    Index(None, "advertiser"),
)

fix_states = Table(
    "fix_states",
    metadata,
    id_column(),
    ref("act_id", "acts.id"),
    ref("fix_id", "fixes.id"),
    Column("is_live", Boolean, nullable=False),
    Index(None, "act_id", "fix_id"),
    Index(None, "fix_id", "id"),
)

# "For this advertiser, `image_id` shows the same picture as `from_image_id`": fixes of the one hold
# for the other.
carries = Table(
    "carries",
    metadata,
    id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    ref("image_id", "images.id"),
    ref("from_image_id", "images.id"),
    Column("with_color", Boolean, nullable=False),
    Column("pdq_distance", Integer),  # NULL between plain pictures
    Column("grid_distance", Float, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("advertiser", "image_id", "from_image_id"),
    Index(None, "image_id"),
    Index(None, "from_image_id"),
)

carry_states = Table(
    "carry_states",
    metadata,
    id_column(),
    ref("act_id", "acts.id"),
    ref("carry_id", "carries.id"),
    Column("is_live", Boolean, nullable=False),
    Index(None, "act_id"),
    Index(None, "carry_id", "id"),
)

# What staff made of a disagreement; the latest live ruling on an image's field counts.
rulings = Table(
    "rulings",
    metadata,
    id_column(),
    ref("act_id", "acts.id"),
    ref("image_id", "images.id"),
    Column("field", String(16), nullable=False),  # FixField
    Column("ruling", String(16), nullable=False),  # Ruling
    Column("positions", JSON, nullable=False),  # ids of the fixes that stood against each other
    Index(None, "act_id"),
    Index(None, "image_id", "id"),
)

ruling_states = Table(
    "ruling_states",
    metadata,
    id_column(),
    ref("act_id", "acts.id"),
    ref("ruling_id", "rulings.id"),
    Column("is_live", Boolean, nullable=False),
    Index(None, "act_id"),
    Index(None, "ruling_id", "id"),
)

# How an imported file spelled what is stored in our words: "N/A", "Silver".
legacy_values = Table(
    "legacy_values",
    metadata,
    ref("fix_id", "fixes.id"),
    Column("value_from", Text),
    Column("value", Text),
    PrimaryKeyConstraint("fix_id"),
)
