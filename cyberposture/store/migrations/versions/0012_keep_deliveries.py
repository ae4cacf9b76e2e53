"""Keep how messages went out, and the endpoints of programs that are told of events."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import (
    document,
    ended,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables; of messages that were queued before, no attempt is known."""
    op.create_table(
        "deliveries",
        key("id", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        key("message_id", references="outbox"),
        number("number"),
        *(words(name) for name in ("recipient", "outcome", "answer")),
        moment("at"),
        sa.UniqueConstraint("message_id", "number"),
    )
    op.create_index(None, "deliveries", ["recipient", "at"])
    fence("deliveries")
    op.create_table(
        "webhooks",
        key("id", primary_key=True),
        words("code"),
        words("url"),
        document("events"),
        words("secret_sha256"),
        moment("told_until"),
        *written(),
        *ended("ended"),
        sa.UniqueConstraint("code"),
    )
    op.add_column("outbox", words("digest", optional=True))
    op.create_index(None, "outbox", ["digest"])
    op.create_index(None, "finding_events", ["kind", "at"])
    op.create_index(None, "assessment_events", ["kind", "at"])
    op.create_index(None, "scores", ["kind", "at"])
