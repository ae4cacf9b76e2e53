"""Keep the notices that go to an institution before it is scanned."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import ended, key, words, written

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, and fence it: a notice is for its own institution."""
    op.create_table(
        "notices",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        key("authorisation_id", references="authorisations"),
        words("kind"),
        words("language"),
        words("text_sha256"),
        *written(),
        *ended("sent"),
        *ended("acknowledged"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "notices", ["authorisation_id"])
    if op.get_bind().dialect.name != "postgresql":
        return
    inside = "coalesce(current_setting('cyberposture.institution', true), '')"
    op.execute("ALTER TABLE notices ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE notices FORCE ROW LEVEL SECURITY")
    own = f"{inside} IN ('', institution_id::text)"
    op.execute(f"CREATE POLICY institution_fence ON notices USING ({own})")
