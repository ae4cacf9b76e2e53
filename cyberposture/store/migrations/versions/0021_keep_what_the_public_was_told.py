"""Keep on what the public figures of a round stand, so that two copies do not tell who moved."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import document, key, written

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the tables; what was published before is not known here."""
    op.create_table(
        "public_editions",
        key("id", primary_key=True),
        key("round_id", references="rounds"),
        key("previous_id", references="public_editions", optional=True),
        document("told"),
        *written(),
        sa.UniqueConstraint("round_id"),
    )
    op.create_table(
        "public_standings",
        key("edition_id", references="public_editions", primary_key=True),
        key("institution_id", references="institutions", primary_key=True),
        document("told"),
    )
    fence("public_standings")
