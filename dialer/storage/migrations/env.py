"""Alembic's environment: the caller (`dialer.storage.schema`) brings the connection and owns the transaction."""

from alembic import context

from dialer.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter columns in place
    compare_type=True,
)
context.run_migrations()
