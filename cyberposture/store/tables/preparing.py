"""What goes before an answer and beside it: scope, who answers what, remarks, questions, more time.

Every table grows only: a change of mind is a row of its own.
"""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    document,
    ended,
    flag,
    identity,
    metadata,
    moment,
    number,
    owner,
    reference,
    words,
    written,
)

# What an institution says of its services and features; a draft until it is sent.
scopes = Table(
    "scopes",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("revision"),
    words("profile"),
    document("features"),
    document("services"),
    flag("is_sent"),
    *written(),
    UniqueConstraint("assessment_id", "revision"),
)

# What the CERT said to a scope that was sent: confirmed or returned; the reason is that of the act.
scope_decisions = Table(
    "scope_decisions",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("revision"),
    words("outcome"),
    *written(),
    UniqueConstraint("assessment_id", "revision"),
)

# Who answers which part of an assessment: a domain or a control.
delegations = Table(
    "delegations",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    reference("person_id", "people"),
    words("part"),
    *written(),
    *ended("taken_back"),
    Index(None, "assessment_id"),
    Index(None, "person_id"),
)

# In which one assessment somebody from outside helps.
helpers = Table(
    "helpers",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    reference("person_id", "people"),
    *written(),
    *ended("let_go"),
    Index(None, "assessment_id"),
    Index(None, "person_id"),
)

# What people say to each other at a control: a thread is what has the same `thread_id`, in order.
remarks = Table(
    "remarks",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    words("control"),
    reference("thread_id", "remarks"),
    number("number"),
    words("kind"),
    words("text"),
    flag("is_for_reviewer"),
    *written(),
    UniqueConstraint("thread_id", "number"),
    Index(None, "assessment_id", "control"),
)

questions = Table(
    "questions",
    metadata,
    identity(),
    words("code"),
    owner(),
    reference("assessment_id", "assessments", optional=True),
    words("control", optional=True),
    words("text"),
    *written(),
    UniqueConstraint("code"),
    Index(None, "institution_id", "at"),
)

question_answers = Table(
    "question_answers",
    metadata,
    identity(),
    owner(),
    reference("question_id", "questions"),
    number("number"),
    words("text"),
    *written(),
    UniqueConstraint("question_id", "number"),
)

# What everybody may read: it names no institution, and nothing leads from here to who asked.
shared_answers = Table(
    "shared_answers",
    metadata,
    identity(),
    words("code"),
    words("control", optional=True),
    words("question"),
    words("answer"),
    *written(),
    *ended("withdrawn"),
    UniqueConstraint("code"),
    Index(None, "control"),
)

extensions = Table(
    "extensions",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    moment("wished"),
    *written(),
    UniqueConstraint("assessment_id", "number"),
)

# What the CERT said to it: granted until when, or refused.
extension_decisions = Table(
    "extension_decisions",
    metadata,
    identity(),
    owner(),
    reference("extension_id", "extensions"),
    words("outcome"),
    moment("until", optional=True),
    *written(),
    UniqueConstraint("extension_id"),
)
