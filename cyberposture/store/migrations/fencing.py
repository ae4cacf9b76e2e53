"""The second fence of PostgreSQL: rows of one institution are not there for another."""

from alembic import op

_OWN = (
    "coalesce(current_setting('cyberposture.institution', true), '') IN ('', institution_id::text)"
)


def fence(*tables: str) -> None:
    """Fence tables whose rows belong to an institution; SQLite knows no such fence."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY institution_fence ON {table} USING ({_OWN})")
