"""The review queue; by indexes, where an image stands in a scrape, and under which URLs.

Revision: 0013
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "queue_entries",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("image_id", _ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("has_conflict", sa.Boolean(), nullable=False),
        sa.Column("fix_id", _ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["advertiser"],
            ["advertisers.id"],
            name=op.f("fk_queue_entries_advertiser_advertisers"),
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_queue_entries_image_id_images")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entries")),
        sa.UniqueConstraint(
            "image_id", "advertiser", name=op.f("uq_queue_entries_image_id_advertiser")
        ),
    )
    op.create_index(op.f("ix_queue_entries_place_id"), "queue_entries", ["place", "id"])
    op.create_index(
        op.f("ix_queue_entries_advertiser_place_id"), "queue_entries", ["advertiser", "place", "id"]
    )
    op.create_index(
        op.f("ix_vehicle_images_image_id_scrape_id_id"),
        "vehicle_images",
        ["image_id", "scrape_id", "id"],
    )
    op.drop_index(op.f("ix_vehicle_images_image_id"), "vehicle_images")
    op.create_index(op.f("ix_urls_image_id"), "urls", ["image_id"])
