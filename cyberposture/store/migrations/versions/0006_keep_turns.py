"""Keep whose turn it is and how much was sent; the due table tells more of each target.

Nothing ever wrote to the due table before this revision, so it is laid anew.
"""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import key, moment, number, words

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables, and fence what belongs to an institution."""
    op.drop_table("due_targets")
    op.create_table(
        "due_targets",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        *(words(name) for name in ("target", "technique", "vantage")),
        number("priority"),
        moment("due_at"),
        *(number(name) for name in ("rank", "cycle", "attempts")),
        moment("looked_at", optional=True),
        moment("held_until", optional=True),
        words("why"),
        sa.UniqueConstraint("institution_id", "target", "technique", "vantage"),
    )
    for columns in (
        ["institution_id", "vantage", "priority", "due_at", "rank"],
        ["institution_id", "vantage", "due_at", "held_until"],
        ["vantage", "looked_at"],
    ):
        op.create_index(None, "due_targets", columns)
    op.create_table(
        "turns",
        key("institution_id", references="institutions", primary_key=True),
        words("vantage", primary_key=True),
        *(number(name) for name in ("visit", "credit_s")),
        moment("not_before", optional=True),
        words("why"),
    )
    op.create_table("buckets", words("key", primary_key=True), moment("full_at"))
    op.create_index(None, "buckets", ["full_at"])
    _fence()


def _fence() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    own = (
        "coalesce(current_setting('cyberposture.institution', true), '') "
        "IN ('', institution_id::text)"
    )
    for table in ("due_targets", "turns"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY institution_fence ON {table} USING ({own})")
