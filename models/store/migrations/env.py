"""What Alembic runs to apply migrations: on the connection that `models.store.migrating` hands
over."""

from alembic import context

from models.store.tables import Base

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations are applied by `tripletlab migrate`, not by alembic itself")

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite changes columns by copying the table; batch operations write that for both
    render_as_batch=True,
)
context.run_migrations()
