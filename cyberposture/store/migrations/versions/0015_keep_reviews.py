"""Keep how rounds are run and claims reviewed, and what institutions say to their results."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import (
    day,
    document,
    flag,
    key,
    moment,
    number,
    packed,
    words,
    written,
)

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the tables, and fence what belongs to institutions."""
    _rounds()
    _reviews()
    _results()
    _plans()
    fence(
        "round_invitations",
        "review_draws",
        "opinions",
        "clarifications",
        "preliminary_results",
        "result_comments",
        "appeals",
        "plan_actions",
        "plan_events",
    )


def _rounds() -> None:
    op.create_table(
        "round_plans",
        key("round_id", references="rounds", primary_key=True),
        number("revision", primary_key=True),
        document("plan"),
        words("terms_sha256"),
        words("seed"),
        *written(),
    )
    op.create_table(
        "round_invitations",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("round_id", references="rounds"),
        words("cohort"),
        moment("due_at"),
        *written(),
        words("noted_by", optional=True),
        moment("noted_at", optional=True),
        words("noted_terms", optional=True),
        sa.UniqueConstraint("institution_id", "round_id"),
    )
    op.create_index(None, "round_invitations", ["round_id"])


def _reviews() -> None:
    op.create_table(
        "review_draws",
        key("assessment_id", references="assessments", primary_key=True),
        number("number", primary_key=True),
        key("institution_id", references="institutions"),
        words("seed"),
        number("share"),
        document("frame"),
        *written(),
    )
    op.create_table(
        "opinions",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        words("control"),
        number("number"),
        words("part"),
        number("answer_revision"),
        number("level", optional=True),
        words("grade", optional=True),
        flag("approves_not_applicable"),
        *written(),
        sa.UniqueConstraint("assessment_id", "control", "number"),
    )
    op.create_table(
        "clarifications",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        words("control"),
        number("number"),
        words("kind"),
        number("answer_revision"),
        *written(),
        sa.UniqueConstraint("assessment_id", "control", "number"),
    )


def _results() -> None:
    op.create_table(
        "preliminary_results",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        number("number"),
        packed("document"),
        packed("result"),
        words("document_sha256"),
        words("result_sha256"),
        moment("comments_until"),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )
    op.create_table(
        "result_comments",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        number("number"),
        number("result"),
        words("control", optional=True),
        words("kind"),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )
    op.create_table(
        "appeals",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        key("score_id", references="scores"),
        document("controls"),
        *written(),
        words("outcome", optional=True),
        words("decided_by", optional=True),
        moment("decided_at", optional=True),
        words("decided_why", optional=True),
        key("correction_id", references="scores", optional=True),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "appeals", ["assessment_id"])


def _plans() -> None:
    op.create_table(
        "plan_actions",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        words("code"),
        number("revision"),
        words("what"),
        document("controls"),
        document("findings"),
        words("keeper"),
        day("due"),
        words("budget"),
        words("no_budget_why"),
        words("progress"),
        *written(),
        sa.UniqueConstraint("institution_id", "code", "revision"),
    )
    op.create_index(None, "plan_actions", ["assessment_id"])
    op.create_table(
        "plan_events",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("assessment_id", references="assessments"),
        number("number"),
        words("kind"),
        document("actions"),
        *written(),
        sa.UniqueConstraint("assessment_id", "number"),
    )
