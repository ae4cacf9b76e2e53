"""Lay the tables of claims, reviews, evidence, contradictions and scores."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    day,
    document,
    flag,
    key,
    moment,
    number,
    octets,
    packed,
    words,
    written,
)


def _answer_layouts() -> None:
    op.create_table(
        "answer_layouts",
        words("digest", primary_key=True),
        document("controls"),
    )


def _assessments() -> None:
    op.create_table(
        "assessments",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("round_id", references="rounds"),
        words("state"),
        words("layout"),
        number("evidence_age_days"),
        document("scope"),
        moment("due_at", optional=True),
        *written(),
        sa.UniqueConstraint("institution_id", "round_id"),
    )
    op.create_index(None, "assessments", ["round_id", "state"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        words("code"),
        number("revision"),
        words("kind"),
        words("title"),
        words("sha256", optional=True),
        number("size_bytes", optional=True),
        words("file_name"),
        words("place"),
        words("keeper"),
        day("dated"),
        day("expires", optional=True),
        moment("withdrawn_at", optional=True),
        *written(),
        sa.UniqueConstraint("institution_id", "code", "revision"),
    )
    op.create_index(None, "evidence", ["institution_id", "sha256"])


def _scores() -> None:
    op.create_table(
        "scores",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("round_id", references="rounds", optional=True),
        words("kind"),
        number("scoring"),
        moment("as_of"),
        packed("document"),
        packed("result"),
        words("document_sha256"),
        words("result_sha256"),
        words("catalogue_digest"),
        words("checks_digest"),
        words("texts_digest"),
        number("declared", optional=True),
        number("verified", optional=True),
        number("coverage", optional=True),
        octets("compact", optional=True),
        words("band", optional=True),
        key("corrects_id", references="scores", optional=True),
        words("told"),
        *written(),
        sa.UniqueConstraint("corrects_id"),
    )
    op.create_index(None, "scores", ["institution_id", "kind", "as_of"])
    op.create_index(None, "scores", ["round_id"])


def _answer_rows() -> None:
    op.create_table(
        "answer_rows",
        key("assessment_id", references="assessments", primary_key=True),
        key("institution_id", references="institutions"),
        words("layout"),
        octets("cells"),
        number("answered"),
        number("reviewed"),
        moment("at"),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        key("assessment_id", references="assessments", primary_key=True),
        words("control", primary_key=True),
        number("revision", primary_key=True),
        key("institution_id", references="institutions"),
        number("level", optional=True),
        words("not_applicable", optional=True),
        words("explanation"),
        document("evidence"),
        flag("is_suggestion"),
        *written(),
    )


def _assessment_events() -> None:
    op.create_table(
        "assessment_events",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        number("number"),
        words("kind"),
        words("state"),
        document("details", optional=True),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )


def _contradictions() -> None:
    op.create_table(
        "contradictions",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        words("control"),
        words("check_id"),
        key("finding_id", references="findings", optional=True),
        number("answer_revision"),
        number("level"),
        words("state"),
        moment("opened_at"),
        moment("closed_at", optional=True),
        words("comment"),
        moment("commented_at", optional=True),
        sa.UniqueConstraint("assessment_id", "control", "check_id"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "contradictions", ["institution_id", "state"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        key("assessment_id", references="assessments", primary_key=True),
        words("control", primary_key=True),
        number("revision", primary_key=True),
        key("institution_id", references="institutions"),
        number("answer_revision"),
        number("level", optional=True),
        words("grade", optional=True),
        flag("approves_not_applicable"),
        *written(),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        number("number"),
        document("revisions"),
        words("digest"),
        words("signatory"),
        words("signature"),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )


def _contradiction_events() -> None:
    op.create_table(
        "contradiction_events",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("contradiction_id", references="contradictions"),
        number("number"),
        words("kind"),
        words("state"),
        *written(),
        sa.UniqueConstraint("contradiction_id", "number"),
    )


def lay() -> None:
    """Make the tables of this part, each after those that it refers to."""
    _answer_layouts()
    _assessments()
    _evidence()
    _scores()
    _answer_rows()
    _answers()
    _assessment_events()
    _contradictions()
    _reviews()
    _submissions()
    _contradiction_events()
