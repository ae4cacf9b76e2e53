"""Keep the targets with known flaws that show whether our eyes are open."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import ended, key, number, words, written

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table, and fence what belongs to an institution."""
    op.create_table(
        "canaries",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        *(words(name) for name in ("address", "check_id", "verdict")),
        number("cycle_days"),
        *written(),
        *ended("ended"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "canaries", ["institution_id"])
    if op.get_bind().dialect.name != "postgresql":
        return
    own = (
        "coalesce(current_setting('cyberposture.institution', true), '') "
        "IN ('', institution_id::text)"
    )
    op.execute("ALTER TABLE canaries ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE canaries FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY institution_fence ON canaries USING ({own})")
