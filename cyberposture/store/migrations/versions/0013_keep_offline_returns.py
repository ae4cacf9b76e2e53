"""Keep what became of each file that came back from elsewhere."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import document, key, number, words, written

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table, and fence it."""
    op.create_table(
        "offline_returns",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        *(words(name) for name in ("code", "kind", "paper", "writer")),
        number("number"),
        *(words(name) for name in ("file_name", "sha256")),
        document("outcome"),
        *written(),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("assessment_id", "sha256"),
    )
    op.create_index(None, "offline_returns", ["institution_id"])
    op.create_index(None, "offline_returns", ["assessment_id", "paper"])
    fence("offline_returns")
