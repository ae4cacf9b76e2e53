"""Keep the sets of reports that people ask for on the portal."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    document,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the table; nothing was asked for yet."""
    op.create_table(
        "report_sets",
        key("id", primary_key=True),
        words("code"),
        words("slug"),
        document("wanted"),
        words("state"),
        number("tries"),
        moment("begun_at", optional=True),
        moment("ended_at", optional=True),
        document("told"),
        *written(),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "report_sets", ["state", "at"])
    op.create_index(None, "report_sets", ["slug"])
