"""What was measured of the champion at work: runs, figures, alarms, days on Placeholder.

Revision: 0011
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0013"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_STANDING = sa.text("cleared_at IS NULL")
_LASTING = sa.text("until IS NULL")


def upgrade() -> None:
    op.create_table(
        "monitor_runs",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("released_at", _TIME, nullable=True),
        sa.Column("model_version", sa.String(length=100), nullable=False),
        sa.Column("previous_version", sa.String(length=100), nullable=True),
        sa.Column("advertiser", sa.String(length=200), nullable=True),
        sa.Column("suggestions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_runs")),
    )
    op.create_table(
        "monitor_figures",
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("badness", sa.Float(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["monitor_runs.id"], name=op.f("fk_monitor_figures_run_id_monitor_runs")
        ),
        sa.PrimaryKeyConstraint("run_id", "advertiser", name=op.f("pk_monitor_figures")),
    )
    op.create_index(
        op.f("ix_monitor_figures_run_id_badness_advertiser"),
        "monitor_figures",
        ["run_id", "badness", "advertiser"],
    )
    op.create_index(
        op.f("ix_monitor_figures_advertiser_run_id"), "monitor_figures", ["advertiser", "run_id"]
    )
    op.create_table(
        "monitor_alarms",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("raised_at", _TIME, nullable=False),
        sa.Column("cleared_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitor_alarms")),
    )
    op.create_index(
        op.f("ix_monitor_alarms_standing"),
        "monitor_alarms",
        ["advertiser", "rule"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_index(op.f("ix_monitor_alarms_advertiser_id"), "monitor_alarms", ["advertiser", "id"])
    op.create_table(
        "placeholder_spells",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("advertiser", sa.String(length=200), nullable=False),
        sa.Column("vehicle_id", _ID, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["advertiser"],
            ["advertisers.id"],
            name=op.f("fk_placeholder_spells_advertiser_advertisers"),
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"],
            ["vehicles.id"],
            name=op.f("fk_placeholder_spells_vehicle_id_vehicles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placeholder_spells")),
    )
    op.create_index(
        op.f("ix_placeholder_spells_lasting"),
        "placeholder_spells",
        ["vehicle_id"],
        unique=True,
        sqlite_where=_LASTING,
        postgresql_where=_LASTING,
    )
    op.create_index(
        op.f("ix_placeholder_spells_longest"),
        "placeholder_spells",
        ["advertiser", "since", "id"],
        sqlite_where=_LASTING,
        postgresql_where=_LASTING,
    )
