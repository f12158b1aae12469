"""Fixes that travel to the same picture encoded anew, refusals of that, and rulings on conflicts.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "advertisers",
        sa.Column("carried_fix_id", _ID, server_default=sa.text("0"), nullable=False),
    )
    op.add_column("fixes", sa.Column("vin", sa.String(length=64), nullable=True))
    op.add_column("vehicle_images", sa.Column("compared_image_id", _ID, nullable=True))
    op.add_column("vehicle_images", sa.Column("compared_vin", sa.String(length=64), nullable=True))
    op.create_table(
        "carries",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("image_id", _ID, nullable=False),
        sa.Column("from_image_id", _ID, nullable=False),
        sa.Column("with_color", sa.Boolean(), nullable=False),
        sa.Column("pdq_distance", sa.Integer(), nullable=True),
        sa.Column("grid_distance", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["advertiser"], ["advertisers.id"], name=op.f("fk_carries_advertiser_advertisers")
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_carries_image_id_images")
        ),
        sa.ForeignKeyConstraint(
            ["from_image_id"], ["images.id"], name=op.f("fk_carries_from_image_id_images")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carries")),
        sa.UniqueConstraint(
            "advertiser",
            "image_id",
            "from_image_id",
            name=op.f("uq_carries_advertiser_image_id_from_image_id"),
        ),
    )
    for column in ("image_id", "from_image_id"):
        op.create_index(op.f(f"ix_carries_{column}"), "carries", [column])
    op.create_table(
        "carry_states",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("carry_id", _ID, nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_carry_states_act_id_acts")),
        sa.ForeignKeyConstraint(
            ["carry_id"], ["carries.id"], name=op.f("fk_carry_states_carry_id_carries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carry_states")),
    )
    op.create_index(op.f("ix_carry_states_act_id"), "carry_states", ["act_id"])
    op.create_index(op.f("ix_carry_states_carry_id_id"), "carry_states", ["carry_id", "id"])
    op.create_table(
        "rulings",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("image_id", _ID, nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("ruling", sa.String(length=16), nullable=False),
        sa.Column("latest_fix_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_rulings_act_id_acts")),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_rulings_image_id_images")
        ),
        sa.ForeignKeyConstraint(
            ["latest_fix_id"], ["fixes.id"], name=op.f("fk_rulings_latest_fix_id_fixes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulings")),
    )
    op.create_index(op.f("ix_rulings_act_id"), "rulings", ["act_id"])
    op.create_index(op.f("ix_rulings_image_id_field_id"), "rulings", ["image_id", "field", "id"])
