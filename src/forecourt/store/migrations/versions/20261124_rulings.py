"""Rulings that can be reverted, and indexes for large acts and for the search for conflicts.

The table of rulings is made anew: no release ever wrote to it. A ruling names the fixes that stood
against each other, because by their values it is told whether a later disagreement is a new one.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_table("rulings")
    op.create_table(
        "rulings",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("image_id", _ID, nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("ruling", sa.String(length=16), nullable=False),
        sa.Column("positions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_rulings_act_id_acts")),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_rulings_image_id_images")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulings")),
    )
    op.create_index(op.f("ix_rulings_act_id"), "rulings", ["act_id"])
    op.create_index(op.f("ix_rulings_image_id_id"), "rulings", ["image_id", "id"])
    op.create_table(
        "ruling_states",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("act_id", _ID, nullable=False),
        sa.Column("ruling_id", _ID, nullable=False),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_ruling_states_act_id_acts")),
        sa.ForeignKeyConstraint(
            ["ruling_id"], ["rulings.id"], name=op.f("fk_ruling_states_ruling_id_rulings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruling_states")),
    )
    op.create_index(op.f("ix_ruling_states_act_id"), "ruling_states", ["act_id"])
    op.create_index(op.f("ix_ruling_states_ruling_id_id"), "ruling_states", ["ruling_id", "id"])
    for table, old, new in (
        ("fixes", ["act_id"], ["act_id", "id"]),
        ("fixes", ["image_id"], ["image_id", "field", "value"]),
        ("fix_states", ["act_id"], ["act_id", "fix_id"]),
    ):
        op.drop_index(op.f(f"ix_{table}_{'_'.join(old)}"), table)
        op.create_index(op.f(f"ix_{table}_{'_'.join(new)}"), table, new)
