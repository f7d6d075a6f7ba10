"""Runs revisions on the connection that :func:`alos.store.engine.migrate` hands over."""

from alembic import context

from alos.store.ledger_tables import ledger_head

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ledger_head.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
