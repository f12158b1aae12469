"""Alembic's entry point; `forecourt.store.engine.migrate` hands the connection over.

It comes in a transaction, which `migrate` commits: all pending migrations are applied or none.
"""

import sqlalchemy as sa
from alembic import context

from forecourt.store.schema import metadata

connection: sa.Connection | None = context.config.attributes.get("connection")
if connection is None:
    message = "Run migrations through `forecourt migrate`; there is no alembic.ini on purpose."
    raise RuntimeError(message)

if connection.dialect.name == "postgresql":
    # A migration that waits for a lock blocks everybody behind it: give up soon and be run again.
    connection.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
