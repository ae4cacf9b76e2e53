"""Keep tables of others about flaws, support, routes and places, and what institutions confirm."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    day,
    document,
    ended,
    flag,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables, and fence what an institution confirms."""
    op.create_table(
        "bundles",
        key("id", primary_key=True),
        number("number"),
        words("kind"),
        words("sha256"),
        moment("as_of"),
        words("name"),
        number("rows"),
        document("details"),
        *written(),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("kind", "sha256"),
    )
    op.create_index(None, "bundles", ["kind", "as_of"])
    _about_products()
    op.create_table(
        "table_prefixes",
        number("bundle"),
        words("prefix"),
        words("first"),
        number("length"),
        words("asn"),
        number("max_length", optional=True),
        words("country"),
    )
    op.create_index(None, "table_prefixes", ["bundle", "prefix"])
    op.create_index(None, "table_prefixes", ["bundle", "first"])
    _confirmations()


def _about_products() -> None:
    op.create_table(
        "exploited_flaws",
        number("bundle", primary_key=True),
        words("cve", primary_key=True),
        words("vendor"),
        words("product"),
        words("title"),
        day("added_on"),
        day("due_on"),
        flag("ransomware"),
    )
    op.create_table(
        "flaws",
        number("bundle", primary_key=True),
        words("cve", primary_key=True),
        words("status"),
        words("configurations"),
    )
    op.create_table(
        "flaw_products",
        number("bundle", primary_key=True),
        words("vendor", primary_key=True),
        words("product", primary_key=True),
        words("cve", primary_key=True),
    )
    op.create_table(
        "support_ends",
        number("bundle", primary_key=True),
        words("vendor", primary_key=True),
        words("product", primary_key=True),
        words("branch", primary_key=True),
        day("ends_on"),
        words("source"),
    )


def _confirmations() -> None:
    op.create_table(
        "version_confirmations",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        words("address"),
        words("protocol"),
        number("port"),
        words("seen"),
        words("version"),
        document("mended"),
        words("person"),
        day("confirmed_on"),
        *written(),
        *ended("withdrawn"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "version_confirmations", ["institution_id", "address"])
    if op.get_bind().dialect.name != "postgresql":
        return
    inside = "coalesce(current_setting('cyberposture.institution', true), '')"
    op.execute("ALTER TABLE version_confirmations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE version_confirmations FORCE ROW LEVEL SECURITY")
    own = f"{inside} IN ('', institution_id::text)"
    op.execute(f"CREATE POLICY institution_fence ON version_confirmations USING ({own})")
