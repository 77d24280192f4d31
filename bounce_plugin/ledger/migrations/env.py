"""How does alembic reach the database? Over the connection that the ledger hands it, in its transaction."""

from __future__ import annotations

from alembic import context

from bounce_plugin.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can do it too: a migration that fails leaves nothing behind
)
with context.begin_transaction():
    context.run_migrations()
