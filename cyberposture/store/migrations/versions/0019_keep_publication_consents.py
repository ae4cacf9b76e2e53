"""Keep the consents of institutions to be named in public."""

from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import ended, key, words, written

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the table; nobody has agreed to anything yet."""
    op.create_table(
        "publication_consents",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        words("signatory"),
        words("reference"),
        words("paper_sha256", optional=True),
        *written(),
        *ended("withdrawn"),
    )
    op.create_index(None, "publication_consents", ["institution_id"])
    fence("publication_consents")
