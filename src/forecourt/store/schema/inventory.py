"""Advertisers, their scrapes and vehicles, and the images that these show."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from forecourt.store.schema.base import Id, UtcDateTime, id_column, metadata, ref

advertisers = Table(
    "advertisers",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    # Fixes up to this one were compared with all images that the inventory shows.
    Column("carried_fix_id", Id, nullable=False, server_default=text("0")),
)

scrapes = Table(
    "scrapes",
    metadata,
    id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("status", String(16), nullable=False),  # ScrapeStatus
    Column("feed_name", Text, nullable=False),
    Column("feed_format", String(40), nullable=False),
    Column("feed_digest", String(64), nullable=False),
    Column("scraped_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("vehicles", Integer, nullable=False, default=0),
    Column("images", Integer, nullable=False, default=0),
    Column("refused", Integer, nullable=False, default=0),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    Column("tally", JSON),  # what the run that finished it did
    # Failures of ours or of the database since it was accepted; it is tried again all the same.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Index(None, "advertiser", "id"),
    Index(
        "ix_scrapes_unfinished",
        "id",
        sqlite_where=text("status IN ('accepted', 'running')"),
        postgresql_where=text("status IN ('accepted', 'running')"),
    ),
)

vehicles = Table(
    "vehicles",
    metadata,
    id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    Column("vehicle_id", String(400), nullable=False),
    ref("scrape_id", "scrapes.id"),
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
    id_column(),
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
    ref("image_id", "images.id"),
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
    ref("image_id", "images.id", nullable=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("key_source", String(16)),
    Column("key_value", String(200)),
    Column("skip_reason", String(32)),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("fresh_until", UtcDateTime, nullable=False),
    Column("checked_scrape_id", Id, nullable=False),
    Column("is_verified", Boolean, nullable=False),  # by the bytes, at the latest check
    Index(None, "host"),
    Index(None, "image_id"),
)

vehicle_images = Table(
    "vehicle_images",
    metadata,
    id_column(),
    ref("vehicle_id", "vehicles.id"),
    ref("scrape_id", "scrapes.id"),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # ImageState
    ref("image_id", "images.id", nullable=True),
    Column("key_source", String(16)),
    Column("key_value", String(200)),
    Column("skip_reason", String(32)),
    Column("checked_at", UtcDateTime),
    # The image that stood here, and on which vehicle, when fixes were last carried.
    Column("compared_image_id", Id),
    Column("compared_vin", String(64)),
    UniqueConstraint("vehicle_id", "position"),
    Index(
        "ix_vehicle_images_pending",
        "scrape_id",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(None, "image_id", "scrape_id", "id"),
    Index(None, "url_key"),
)

predictions = Table(
    "predictions",
    metadata,
    ref("image_id", "images.id"),
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
    Index(None, "model_version", "image_id"),  # all answers of a challenger, latest images first
)

# What the model's answers to a scrape were when it finished, by class: later scrapes replace the
# rows that it was counted from.
class_counts = Table(
    "class_counts",
    metadata,
    ref("scrape_id", "scrapes.id"),
    Column("field", String(16), nullable=False),  # FixField
    Column("value", String(16), nullable=False),  # "" is no colour
    Column("model_version", String(100), nullable=False),
    Column("images", Integer, nullable=False),
    PrimaryKeyConstraint("scrape_id", "field", "value"),
)
