"""Manual fixes: acts, fixes, and what acts made of fixes. Append-only.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_table(
        "fixes",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("image_id", _ID, nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.String(length=64), nullable=False),
        sa.Column("vehicle_id", sa.String(length=400), nullable=True),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value_from", sa.String(length=16), nullable=True),
        sa.Column("value", sa.String(length=16), nullable=True),
        sa.Column("model_version", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_fixes_act_id_acts")),
        sa.ForeignKeyConstraint(
            ["advertiser"], ["advertisers.id"], name=op.f("fk_fixes_advertiser_advertisers")
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_fixes_image_id_images")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixes")),
    )
    for column in ("act_id", "advertiser", "image_id", "url_key"):
        op.create_index(op.f(f"ix_fixes_{column}"), "fixes", [column])
    op.create_table(
        "fix_states",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("fix_id", _ID, nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_fix_states_act_id_acts")),
        sa.ForeignKeyConstraint(["fix_id"], ["fixes.id"], name=op.f("fk_fix_states_fix_id_fixes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fix_states")),
    )
    op.create_index(op.f("ix_fix_states_act_id"), "fix_states", ["act_id"])
    op.create_index(op.f("ix_fix_states_fix_id_id"), "fix_states", ["fix_id", "id"])
