"""Counts of classes per scrape, spellings of imported fixes, and an index to find acts by time.

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index(op.f("ix_acts_at"), "acts", ["at"])
    op.create_table(
        "legacy_values",
        sa.Column("fix_id", _ID, nullable=False),
        sa.Column("value_from", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["fix_id"], ["fixes.id"], name=op.f("fk_legacy_values_fix_id_fixes")
        ),
        sa.PrimaryKeyConstraint("fix_id", name=op.f("pk_legacy_values")),
    )
    op.create_table(
        "class_counts",
        sa.Column("scrape_id", _ID, nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scrape_id"], ["scrapes.id"], name=op.f("fk_class_counts_scrape_id_scrapes")
        ),
        sa.PrimaryKeyConstraint("scrape_id", "field", "value", name=op.f("pk_class_counts")),
    )
