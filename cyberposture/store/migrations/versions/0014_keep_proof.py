"""Keep where evidence is used, who attested what, receipts, and imports that can be undone."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import (
    day,
    document,
    ended,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add columns and tables; of what was there already, nothing of this is known."""
    op.add_column("evidence", words("media", optional=True))
    op.add_column("evidence", moment("seen_at", optional=True))
    op.add_column("evidence", words("seen_by", optional=True))
    op.add_column("submissions", number("attestation", optional=True))
    op.add_column("submissions", words("receipt", optional=True))
    _imports()
    _uses()
    _attestations()
    fence("answer_imports", "evidence_uses", "attestations", "attestation_links")


def _of_assessment() -> list[sa.Column[object]]:
    return [
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
    ]


def _imports() -> None:
    op.create_table(
        "answer_imports",
        key("id", primary_key=True),
        *_of_assessment(),
        *(words(name) for name in ("code", "kind", "file_name")),
        document("revisions"),
        *written(),
        *ended("undone"),
        document("undoing", optional=True),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "answer_imports", ["assessment_id", "at"])


def _uses() -> None:
    op.create_table(
        "evidence_uses",
        key("id", primary_key=True),
        *_of_assessment(),
        words("control"),
        words("evidence_code"),
        key("import_id", references="answer_imports", optional=True),
        *written(),
        *ended("ended"),
    )
    op.create_index(None, "evidence_uses", ["assessment_id", "control"])
    op.create_index(None, "evidence_uses", ["institution_id", "evidence_code"])


def _attestations() -> None:
    op.create_table(
        "attestations",
        key("id", primary_key=True),
        *_of_assessment(),
        number("number"),
        words("digest"),
        document("revisions"),
        *(words(name) for name in ("method", "signatory", "signatory_name")),
        day("signed_on"),
        document("statement"),
        words("signature"),
        words("scan_sha256", optional=True),
        words("scan_media", optional=True),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )
    op.create_index(None, "attestations", ["institution_id"])
    op.create_table(
        "attestation_links",
        words("token_sha256", primary_key=True),
        *_of_assessment(),
        key("person_id", references="people"),
        words("digest"),
        moment("ends_at"),
        moment("used_at", optional=True),
        *written(),
    )
    op.create_index(None, "attestation_links", ["institution_id"])
    op.create_index(None, "attestation_links", ["assessment_id", "person_id"])
