"""Lay the second fence on PostgreSQL: a transaction for one institution sees its rows alone.

A transaction opened without an institution (the centre's) sees everything. SQLite has no such
fence; there the queries alone keep institutions apart.
"""

from alembic import op

OWNED = (
    "institution_versions",
    "declarations",
    "assets",
    "assessments",
    "assessment_events",
    "submissions",
    "answers",
    "reviews",
    "answer_rows",
    "evidence",
    "contradictions",
    "contradiction_events",
    "scores",
    "authorisations",
    "grants",
    "withdrawals",
    "windows",
    "stop_codes",
    "scans",
    "chunks",
    "chunk_attempts",
    "chunk_targets",
    "facts",
    "judgements",
    "findings",
    "finding_events",
    "schedules",
    "due_targets",
    "outbox",
    "data_keys",
    "blobs",
    "audit_entries",
    "audit_heads",
)
# Rows of these that belong to the centre concern every institution.
SHARED = ("memberships", "blackouts", "stops", "stop_resumptions", "stop_acknowledgements")


def lay() -> None:
    """Make one policy a table that holds institutions' rows."""
    if op.get_bind().dialect.name != "postgresql":
        return
    inside = "coalesce(current_setting('cyberposture.institution', true), '')"
    own = f"{inside} IN ('', institution_id::text)"
    for table in OWNED:
        _raise(table, own)
    for table in SHARED:
        _raise(table, f"institution_id IS NULL OR {own}")


def _raise(table: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY institution_fence ON {table} USING ({condition})")
