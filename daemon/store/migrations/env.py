"""Runs the revisions on the connection that `daemon.store.schema` gives, in its transaction."""

from alembic import context

from daemon.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
