"""Read by Alembic each time it does something; `ses.migrations.upgrading` has put the connection and the history there."""

from __future__ import annotations

from alembic import context

from ses.migrations.history import History

history: History = context.config.attributes["history"]
context.configure(
    connection=context.config.attributes["connection"],
    version_table=history.version_table,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
