"""Keep where people are written to, which sector a regulator is for, and who reviews what."""

from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import ended, key, words, written

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add columns and the table; of those who were there already, nothing of this is known."""
    op.add_column("people", words("mail", optional=True))
    op.add_column("people", words("language", optional=True))
    op.add_column("memberships", words("sector", optional=True))
    op.create_table(
        "review_assignments",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        key("person_id", references="people"),
        words("part"),
        *written(),
        *ended("ended"),
    )
    op.create_index(None, "review_assignments", ["institution_id"])
    op.create_index(None, "review_assignments", ["assessment_id"])
    op.create_index(None, "review_assignments", ["person_id"])
    fence("review_assignments")
