"""What was measured of the champion at work, and what people were told of it.

Runs and figures are append-only. Alarms and spells are closed, and never deleted.
"""

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from forecourt.store.schema.base import UtcDateTime, id_column, metadata, ref

monitor_runs = Table(
    "monitor_runs",
    metadata,
    id_column(),
    Column("at", UtcDateTime, nullable=False),
    Column("since", UtcDateTime, nullable=False),  # where the period begins
    Column("released_at", UtcDateTime),
    Column("model_version", String(100), nullable=False),
    Column("previous_version", String(100)),
    Column("advertiser", String(200)),  # NULL: all were looked at
    Column("suggestions", JSON, nullable=False),  # why to train anew; empty: no need
)

monitor_figures = Table(
    "monitor_figures",
    metadata,
    ref("run_id", "monitor_runs.id"),
    Column("advertiser", String(200), nullable=False),  # "": all together
    PrimaryKeyConstraint("run_id", "advertiser"),
    Column("badness", Float, nullable=False),  # findings, and the share that was fixed
    Column("figures", JSON, nullable=False),
    Column("findings", JSON, nullable=False),
    Index(None, "run_id", "badness", "advertiser"),  # worst first
    Index(None, "advertiser", "run_id"),  # over time
)

monitor_alarms = Table(
    "monitor_alarms",
    metadata,
    id_column(),
    Column("advertiser", String(200), nullable=False),  # "": all together
    Column("rule", String(32), nullable=False),  # Rule
    Column("seen", Text, nullable=False),  # when it was raised
    Column("raised_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),  # NULL: it stands
    Index(
        "ix_monitor_alarms_standing",
        "advertiser",
        "rule",
        unique=True,
        sqlite_where=text("cleared_at IS NULL"),
        postgresql_where=text("cleared_at IS NULL"),
    ),
    Index(None, "advertiser", "id"),
)

# How long a vehicle had a Placeholder and no picture of itself.
placeholder_spells = Table(
    "placeholder_spells",
    metadata,
    id_column(),
    Column("advertiser", String(200), ForeignKey("advertisers.id"), nullable=False),
    ref("vehicle_id", "vehicles.id"),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),  # NULL: it lasts
    Index(
        "ix_placeholder_spells_lasting",
        "vehicle_id",
        unique=True,
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
    Index(
        "ix_placeholder_spells_longest",
        "advertiser",
        "since",
        "id",
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
)
