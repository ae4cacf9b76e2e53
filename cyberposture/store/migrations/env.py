"""What Alembic runs to reach the database: it is handed an open transaction, and ends none."""

from alembic import context

from cyberposture.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
