"""Alembic's entry point; `forecourt.store.engine.migrate` hands the connection over."""

import sqlalchemy as sa
from alembic import context

from forecourt.store.schema import metadata

connection: sa.Connection | None = context.config.attributes.get("connection")
if connection is None:
    message = "Run migrations through `forecourt migrate`; there is no alembic.ini on purpose."
    raise RuntimeError(message)

if connection.dialect.name == "postgresql":
    # A migration that waits for a lock blocks everybody behind it: give up soon and be run again.
    connection.execute(sa.text("SET lock_timeout = '5s'"))
    connection.commit()
connection = connection.execution_options(writes=True)
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
