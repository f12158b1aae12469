"""First schema: scrapes, vehicles, images and their keys, hosts, predictions.

Revision: 0001
Follows:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "advertisers",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advertisers")),
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
    )
    op.create_table(
        "images",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("bytes_key", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("thumbnail", sa.String(length=64), nullable=True),
        sa.Column("pdq", sa.LargeBinary(length=32), nullable=True),
        sa.Column("lab_grid", sa.LargeBinary(length=192), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("bytes_key", name=op.f("uq_images_bytes_key")),
    )
    op.create_table(
        "image_aliases",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("image_id", _ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_image_aliases_image_id_images")
        ),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_image_aliases")),
    )
    with op.batch_alter_table("image_aliases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_image_aliases_image_id"), ["image_id"], unique=False)

    op.create_table(
        "predictions",
        sa.Column("image_id", _ID, nullable=False),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("image_type", sa.String(length=16), nullable=False),
        sa.Column("image_type_confidence", sa.Float(), nullable=False),
        sa.Column("image_type_reason", sa.String(length=40), nullable=False),
        sa.Column("color", sa.String(length=16), nullable=True),
        sa.Column("color_confidence", sa.Float(), nullable=False),
        sa.Column("color_reason", sa.String(length=40), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("review_reasons", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_predictions_image_id_images")
        ),
        sa.PrimaryKeyConstraint("image_id", "model_version", name=op.f("pk_predictions")),
    )
    op.create_table(
        "scrapes",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("feed_name", sa.Text(), nullable=False),
        sa.Column("feed_format", sa.String(length=40), nullable=False),
        sa.Column("feed_digest", sa.String(length=64), nullable=False),
        sa.Column("scraped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vehicles", sa.Integer(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["advertiser"], ["advertisers.id"], name=op.f("fk_scrapes_advertiser_advertisers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scrapes")),
    )
    with op.batch_alter_table("scrapes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scrapes_advertiser_id"), ["advertiser", "id"], unique=False
        )

    op.create_table(
        "urls",
        sa.Column("url_key", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(length=300), nullable=False),
        sa.Column("image_id", _ID, nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("key_source", sa.String(length=16), nullable=True),
        sa.Column("key_value", sa.String(length=200), nullable=True),
        sa.Column("skip_reason", sa.String(length=32), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_scrape_id", _ID, nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_urls_image_id_images")),
        sa.PrimaryKeyConstraint("url_key", name=op.f("pk_urls")),
    )
    with op.batch_alter_table("urls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_urls_host"), ["host"], unique=False)

    op.create_table(
        "vehicles",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("vehicle_id", sa.String(length=400), nullable=False),
        sa.Column("scrape_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("vin", sa.String(length=64), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("condition", sa.String(length=40), nullable=True),
        sa.Column("body_type", sa.String(length=200), nullable=True),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["advertiser"], ["advertisers.id"], name=op.f("fk_vehicles_advertiser_advertisers")
        ),
        sa.ForeignKeyConstraint(
            ["scrape_id"], ["scrapes.id"], name=op.f("fk_vehicles_scrape_id_scrapes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles")),
        sa.UniqueConstraint(
            "advertiser", "vehicle_id", name=op.f("uq_vehicles_advertiser_vehicle_id")
        ),
    )
    with op.batch_alter_table("vehicles", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_vehicles_scrape_id_position"), ["scrape_id", "position"], unique=False
        )

    op.create_table(
        "vehicle_images",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("vehicle_id", _ID, nullable=False),
        sa.Column("scrape_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("image_id", _ID, nullable=True),
        sa.Column("key_source", sa.String(length=16), nullable=True),
        sa.Column("key_value", sa.String(length=200), nullable=True),
        sa.Column("skip_reason", sa.String(length=32), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_vehicle_images_image_id_images")
        ),
        sa.ForeignKeyConstraint(
            ["scrape_id"], ["scrapes.id"], name=op.f("fk_vehicle_images_scrape_id_scrapes")
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicles.id"], name=op.f("fk_vehicle_images_vehicle_id_vehicles")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle_images")),
        sa.UniqueConstraint(
            "vehicle_id", "position", name=op.f("uq_vehicle_images_vehicle_id_position")
        ),
    )
    with op.batch_alter_table("vehicle_images", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vehicle_images_image_id"), ["image_id"], unique=False)
        batch_op.create_index(
            "ix_vehicle_images_pending",
            ["scrape_id", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(batch_op.f("ix_vehicle_images_url_key"), ["url_key"], unique=False)
