"""Keep the tokens by which machines act for people."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    document,
    ended,
    key,
    moment,
    words,
    written,
)

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tokens",
        key("id", primary_key=True),
        words("token_sha256"),
        key("person_id", references="people"),
        words("name"),
        document("scopes"),
        moment("ends_at"),
        moment("used_at", optional=True),
        *written(),
        *ended("ended"),
        sa.UniqueConstraint("token_sha256"),
    )
    op.create_index(None, "tokens", ["person_id"])
