"""Keep how people sign in: accounts, links, recovery codes and sessions."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import key, moment, number, words, written

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables; they belong to people and not to institutions, so no fence stands here."""
    op.create_table(
        "accounts",
        key("person_id", references="people", primary_key=True),
        words("password"),
        words("secret_sha256"),
        moment("confirmed_at", optional=True),
        number("last_step"),
        number("failures"),
        moment("locked_until", optional=True),
        *written(),
    )
    op.create_table(
        "sign_in_links",
        words("token_sha256", primary_key=True),
        key("person_id", references="people"),
        moment("ends_at"),
        moment("used_at", optional=True),
        *written(),
    )
    op.create_table(
        "recovery_codes",
        key("id", primary_key=True),
        key("person_id", references="people"),
        words("code_sha256"),
        moment("used_at", optional=True),
        *written(),
        sa.UniqueConstraint("person_id", "code_sha256"),
    )
    op.create_table(
        "sessions",
        words("token_sha256", primary_key=True),
        key("person_id", references="people"),
        words("form_key"),
        moment("started_at"),
        moment("seen_at"),
        moment("ended_at", optional=True),
    )
    op.create_index(None, "sign_in_links", ["person_id"])
    op.create_index(None, "sessions", ["person_id"])
