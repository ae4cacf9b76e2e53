"""Keep scopes, who answers what, remarks, questions to the CERT, and who asked for more time."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import (
    document,
    ended,
    flag,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables, and fence those whose rows belong to an institution."""
    _scopes()
    _people()
    _remarks()
    _questions()
    _extensions()
    fence(
        "scopes", "scope_decisions", "delegations", "helpers", "remarks", "questions",
        "question_answers", "extensions", "extension_decisions",
    )  # fmt: skip


def _of_assessment() -> list[sa.Column[object]]:
    return [
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
    ]


def _scopes() -> None:
    op.create_table(
        "scopes",
        *_of_assessment(),
        number("revision"),
        words("profile"),
        document("features"),
        document("services"),
        flag("is_sent"),
        *written(),
        sa.UniqueConstraint("assessment_id", "revision"),
    )
    op.create_table(
        "scope_decisions",
        *_of_assessment(),
        number("revision"),
        words("outcome"),
        *written(),
        sa.UniqueConstraint("assessment_id", "revision"),
    )


def _people() -> None:
    for table, more, how in (
        ("delegations", [words("part")], "taken_back"),
        ("helpers", [], "let_go"),
    ):
        op.create_table(
            table,
            *_of_assessment(),
            key("person_id", references="people"),
            *more,
            *written(),
            *ended(how),
        )
        op.create_index(None, table, ["assessment_id"])
        op.create_index(None, table, ["person_id"])


def _remarks() -> None:
    op.create_table(
        "remarks",
        *_of_assessment(),
        words("control"),
        key("thread_id", references="remarks"),
        number("number"),
        words("kind"),
        words("text"),
        flag("is_for_reviewer"),
        *written(),
        sa.UniqueConstraint("thread_id", "number"),
    )
    op.create_index(None, "remarks", ["assessment_id", "control"])


def _questions() -> None:
    op.create_table(
        "questions",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments", optional=True),
        words("control", optional=True),
        words("text"),
        *written(),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "questions", ["institution_id", "at"])
    op.create_table(
        "question_answers",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("question_id", references="questions"),
        number("number"),
        words("text"),
        *written(),
        sa.UniqueConstraint("question_id", "number"),
    )
    op.create_table(
        "shared_answers",
        key("id", primary_key=True),
        words("code"),
        words("control", optional=True),
        *(words(name) for name in ("question", "answer")),
        *written(),
        *ended("withdrawn"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "shared_answers", ["control"])


def _extensions() -> None:
    op.create_table(
        "extensions",
        *_of_assessment(),
        number("number"),
        moment("wished"),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )
    op.create_table(
        "extension_decisions",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("extension_id", references="extensions"),
        words("outcome"),
        moment("until", optional=True),
        *written(),
        sa.UniqueConstraint("extension_id"),
    )
