"""Decisions on pictures of datasets can be taken back; the audit log is searched.

Revision: 0014
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dataset_undos",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("decision_id", _ID, nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["dataset_decisions.id"],
            name=op.f("fk_dataset_undos_decision_id_dataset_decisions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_undos")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_dataset_undos_decision_id")),
    )
    op.create_index(op.f("ix_dataset_decisions_version_id"), "dataset_decisions", ["version", "id"])
    for column in ("action", "by", "at"):
        op.create_index(op.f(f"ix_audit_log_{column}_id"), "audit_log", [column, "id"])
