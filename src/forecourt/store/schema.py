"""All tables. Migrations are the way to change them: `tests/contract` compares the two.

    advertisers ─< scrapes
    advertisers ─< vehicles ─< vehicle_images >─ images ─< image_aliases
                                   │ url_key       └────< predictions (one per model version)
                                 urls >─ hosts           acts ─< fixes >─ images
                                                           ├─< fix_states >─ fixes
        images ─< carries >─ images                        ├─< carry_states >─ carries
        scrapes ─< class_counts      fixes ── legacy_values ├─< rulings >─ images
                                                           └─< ruling_states >─ rulings

An image is stored once, whatever the number of URLs, vehicles and advertisers that show it; every
key under which it was ever seen is an alias. `vehicle_images` says what stands where in an
advertiser's latest scrape; `urls` holds what a server said of one URL when it was last asked.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware UTC on both dialects; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and convert to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC).")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> datetime | None:
        """Return a time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a rowid alias (fast, compact) to INTEGER primary keys only.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _id_column() -> Column[Any]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, _Id, ForeignKey(target), nullable=nullable)


advertisers = Table(
    "advertisers",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    # Fixes up to this one were compared with all images that the inventory shows.
    Column("carried_fix_id", _Id, nullable=False, server_default=text("0")),
)

scrapes = Table(
    "scrapes",
    metadata,
    _id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("status", String(16), nullable=False),  # ScrapeStatus
    Column("feed_name", Text, nullable=False),
    Column("feed_format", String(40), nullable=False),
    Column("feed_digest", String(64), nullable=False),
    Column("scraped_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("vehicles", Integer, nullable=False, default=0),
    Column("images", Integer, nullable=False, default=0),
    Column("refused", Integer, nullable=False, default=0),
    Index(None, "advertiser", "id"),
)

vehicles = Table(
    "vehicles",
    metadata,
    _id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("vehicle_id", String(400), nullable=False),
    _ref("scrape_id", "scrapes.id"),
    Column("position", Integer, nullable=False),
    Column("vin", String(64)),
    Column("title", Text),
    Column("condition", String(40)),
    Column("body_type", String(200)),
    Column("color", Text),
    Column("url", Text),
    Column("first_seen_at", UtcDateTime, nullable=False),
    UniqueConstraint("advertiser", "vehicle_id"),
    Index(None, "scrape_id", "position"),
)

images = Table(
    "images",
    metadata,
    _id_column(),
    Column("bytes_key", String(64), nullable=False, unique=True),
    Column("format", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("thumbnail", String(64)),
    # The visual key: no hash where the picture is too plain; both NULL where none was made yet.
    Column("pdq", LargeBinary(32)),
    Column("lab_grid", LargeBinary(192)),
    Column("created_at", UtcDateTime, nullable=False),
)

image_aliases = Table(
    "image_aliases",
    metadata,
    Column("kind", String(16), primary_key=True),  # KeySource
    Column("value", String(200), primary_key=True),
    _ref("image_id", "images.id"),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "image_id"),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", String(300), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("record", JSON, nullable=False),  # the counters of identity.hosts.HostRecord
    Column("changed_at", UtcDateTime, nullable=False),
)

urls = Table(
    "urls",
    metadata,
    Column("url_key", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("host", String(300), nullable=False),
    _ref("image_id", "images.id", nullable=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("key_source", String(16)),
    Column("key_value", String(200)),
    Column("skip_reason", String(32)),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("fresh_until", UtcDateTime, nullable=False),
    Column("checked_scrape_id", _Id, nullable=False),
    Column("is_verified", Boolean, nullable=False),  # by the bytes, at the latest check
    Index(None, "host"),
)

vehicle_images = Table(
    "vehicle_images",
    metadata,
    _id_column(),
    _ref("vehicle_id", "vehicles.id"),
    _ref("scrape_id", "scrapes.id"),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # ImageState
    _ref("image_id", "images.id", nullable=True),
    Column("key_source", String(16)),
    Column("key_value", String(200)),
    Column("skip_reason", String(32)),
    Column("checked_at", UtcDateTime),
    # The image that stood here, and on which vehicle, when fixes were last carried.
    Column("compared_image_id", _Id),
    Column("compared_vin", String(64)),
    UniqueConstraint("vehicle_id", "position"),
    Index(
        "ix_vehicle_images_pending",
        "scrape_id",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(None, "image_id"),
    Index(None, "url_key"),
)

predictions = Table(
    "predictions",
    metadata,
    _ref("image_id", "images.id"),
    Column("model_version", String(100), nullable=False),
    PrimaryKeyConstraint("image_id", "model_version"),
    Column("image_type", String(16), nullable=False),
    Column("image_type_confidence", Float, nullable=False),
    Column("image_type_reason", String(40), nullable=False),
    Column("color", String(16)),
    Column("color_confidence", Float, nullable=False),
    Column("color_reason", String(40), nullable=False),
    Column("review", Boolean, nullable=False),
    Column("review_reasons", JSON, nullable=False),
    Column("answer", JSON, nullable=False),  # the raw prediction: probabilities, box
    Column("created_at", UtcDateTime, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    _id_column(),
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
    _id_column(),
    _ref("act_id", "acts.id"),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("everywhere", Boolean, nullable=False),
    _ref("image_id", "images.id", nullable=True),
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
    _id_column(),
    _ref("act_id", "acts.id"),
    _ref("fix_id", "fixes.id"),
    Column("is_live", Boolean, nullable=False),
    Index(None, "act_id", "fix_id"),
    Index(None, "fix_id", "id"),
)

# "For this advertiser, `image_id` shows the same picture as `from_image_id`": fixes of the one hold
# for the other.
carries = Table(
    "carries",
    metadata,
    _id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    _ref("image_id", "images.id"),
    _ref("from_image_id", "images.id"),
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
    _id_column(),
    _ref("act_id", "acts.id"),
    _ref("carry_id", "carries.id"),
    Column("is_live", Boolean, nullable=False),
    Index(None, "act_id"),
    Index(None, "carry_id", "id"),
)

# What staff made of a disagreement; the latest live ruling on an image's field counts.
rulings = Table(
    "rulings",
    metadata,
    _id_column(),
    _ref("act_id", "acts.id"),
    _ref("image_id", "images.id"),
    Column("field", String(16), nullable=False),  # FixField
    Column("ruling", String(16), nullable=False),  # Ruling
    Column("positions", JSON, nullable=False),  # ids of the fixes that stood against each other
    Index(None, "act_id"),
    Index(None, "image_id", "id"),
)

ruling_states = Table(
    "ruling_states",
    metadata,
    _id_column(),
    _ref("act_id", "acts.id"),
    _ref("ruling_id", "rulings.id"),
    Column("is_live", Boolean, nullable=False),
    Index(None, "act_id"),
    Index(None, "ruling_id", "id"),
)

# How an imported file spelled what is stored in our words: "N/A", "Silver".
legacy_values = Table(
    "legacy_values",
    metadata,
    _ref("fix_id", "fixes.id"),
    Column("value_from", Text),
    Column("value", Text),
    PrimaryKeyConstraint("fix_id"),
)

# What the model's answers to a scrape were when it finished, by class: later scrapes replace the
# rows that it was counted from.
class_counts = Table(
    "class_counts",
    metadata,
    _ref("scrape_id", "scrapes.id"),
    Column("field", String(16), nullable=False),  # FixField
    Column("value", String(16), nullable=False),  # "" is no colour
    Column("model_version", String(100), nullable=False),
    Column("images", Integer, nullable=False),
    PrimaryKeyConstraint("scrape_id", "field", "value"),
)
