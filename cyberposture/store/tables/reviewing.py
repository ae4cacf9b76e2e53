"""How rounds are run and claims reviewed: plans, draws, opinions, questions back, and what follows.

Nothing here is ever overwritten: each table holds revisions, events, or rows that only end.
"""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    day,
    document,
    flag,
    identity,
    metadata,
    moment,
    number,
    owner,
    packed,
    reference,
    words,
    written,
)

# How a round is run: cohorts with their waves, terms, and how much is drawn by chance.
round_plans = Table(
    "round_plans",
    metadata,
    reference("round_id", "rounds", primary_key=True),
    number("revision", primary_key=True),
    document("plan"),
    words("terms_sha256"),
    words("seed"),
    *written(),
)

# Who was invited in which cohort; the terms are noted by the institution once it has read them.
round_invitations = Table(
    "round_invitations",
    metadata,
    identity(),
    owner(),
    reference("round_id", "rounds"),
    words("cohort"),
    moment("due_at"),
    *written(),
    words("noted_by", optional=True),
    moment("noted_at", optional=True),
    words("noted_terms", optional=True),
    UniqueConstraint("institution_id", "round_id"),
    Index(None, "round_id"),
)

# What was drawn by chance from the claims of an assessment, with all that it was drawn from.
review_draws = Table(
    "review_draws",
    metadata,
    reference("assessment_id", "assessments", primary_key=True),
    number("number", primary_key=True),
    owner(),
    words("seed"),
    number("share"),
    document("frame"),
    *written(),
)

# What each reviewer found by themselves, before anything was settled.
opinions = Table(
    "opinions",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    words("control"),
    number("number"),
    words("part"),
    number("answer_revision"),
    number("level", optional=True),
    words("grade", optional=True),
    flag("approves_not_applicable"),
    *written(),
    UniqueConstraint("assessment_id", "control", "number"),
)

# Questions back on one control, and what was said to them.
clarifications = Table(
    "clarifications",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    words("control"),
    number("number"),
    words("kind"),
    number("answer_revision"),
    *written(),
    UniqueConstraint("assessment_id", "control", "number"),
)

# A result as it was shown to the institution before it was final.
preliminary_results = Table(
    "preliminary_results",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    packed("document"),
    packed("result"),
    words("document_sha256"),
    words("result_sha256"),
    moment("comments_until"),
    *written(),
    UniqueConstraint("assessment_id", "number"),
)

# What the institution said to a result; without a control it is about the whole.
result_comments = Table(
    "result_comments",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    number("result"),
    words("control", optional=True),
    words("kind"),
    *written(),
    UniqueConstraint("assessment_id", "number"),
)

# An appeal against a final score, and its decision.
appeals = Table(
    "appeals",
    metadata,
    identity(),
    words("code"),
    owner(),
    reference("assessment_id", "assessments"),
    reference("score_id", "scores"),
    document("controls"),
    *written(),
    words("outcome", optional=True),
    words("decided_by", optional=True),
    moment("decided_at", optional=True),
    words("decided_why", optional=True),
    reference("correction_id", "scores", optional=True),
    UniqueConstraint("code"),
    Index(None, "assessment_id"),
)

# What an institution means to do, each action as revisions.
plan_actions = Table(
    "plan_actions",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
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
    UniqueConstraint("institution_id", "code", "revision"),
    Index(None, "assessment_id"),
)

# What became of a plan as a whole: handed in, returned, accepted.
plan_events = Table(
    "plan_events",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    words("kind"),
    document("actions"),
    *written(),
    UniqueConstraint("assessment_id", "number"),
)
