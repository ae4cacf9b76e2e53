"""Keep the scanners that work on leases, and how each worker is set up."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import document, ended, key, words, written

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table, and add the column; of workers that were there nothing of this is known."""
    op.create_table(
        "zone_scanners",
        key("id", primary_key=True),
        *(words(name) for name in ("name", "vantage", "public_key")),
        *written(),
        *ended("ended"),
        sa.UniqueConstraint("name"),
    )
    op.add_column("workers", document("setup", optional=True))
