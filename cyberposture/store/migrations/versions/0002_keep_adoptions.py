"""Keep which rules, checks and texts were adopted together.

Until now only the audit log knew; what it knows is taken over, so that no earlier edition is lost.
"""

import json

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import number, words, written

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table, and fill it from the log of adoptions."""
    adoptions = op.create_table(
        "adoptions",
        number("number", primary_key=True),
        words("catalogue"),
        words("checks"),
        words("texts"),
        *written(),
    )
    op.create_index(None, "adoptions", ["catalogue"])
    known = sa.text(
        "SELECT actor, reason, at, data FROM audit_entries WHERE kind = 'edition-adopted' "
        "ORDER BY at, seq"
    )
    rows = [
        {
            "number": place,
            **{kind: told[kind] for kind in ("catalogue", "checks", "texts")},
            **{name: getattr(entry, name) for name in ("actor", "reason", "at")},
        }
        for place, entry in enumerate(op.get_bind().execute(known), start=1)
        for told in [json.loads(entry.data)]
    ]
    if rows:
        op.bulk_insert(adoptions, rows)
