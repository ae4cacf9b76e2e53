"""Consultations on drafts: groups, events, comments with all revisions, and what came of them."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    day,
    document,
    ended,
    flag,
    identity,
    metadata,
    moment,
    number,
    reference,
    words,
    written,
)

reference_numbers = Table(
    "reference_numbers",
    metadata,
    words("series", primary_key=True),
    number("last"),
)

consultations = Table(
    "consultations",
    metadata,
    identity(),
    words("code"),
    words("title"),
    words("edition"),
    words("version"),
    words("rules"),
    words("checks"),
    words("texts"),
    words("draft"),
    moment("opens"),
    moment("closes"),
    words("zone"),
    *written(),
    *ended("closed"),
    *ended("concluded"),
    number("adoption", optional=True),
    UniqueConstraint("code"),
)

consultation_groups = Table(
    "consultation_groups",
    metadata,
    identity(),
    reference("consultation_id", "consultations"),
    words("name"),
    words("kind"),
    words("note"),
    moment("invited_at"),
    *written(),
    UniqueConstraint("consultation_id", "name"),
)

consultation_events = Table(
    "consultation_events",
    metadata,
    identity(),
    reference("consultation_id", "consultations"),
    words("code"),
    words("title"),
    day("held_on"),
    words("place"),
    words("host"),
    number("attendance"),
    *written(),
    UniqueConstraint("code"),
    Index(None, "consultation_id", "held_on"),
)

comments = Table(
    "comments",
    metadata,
    identity(),
    reference("consultation_id", "consultations"),
    words("code"),
    words("control", optional=True),
    words("clause", optional=True),
    reference("event_id", "consultation_events", optional=True),
    flag("on_behalf"),
    words("late_reason"),
    *written(),
    UniqueConstraint("code"),
    Index(None, "consultation_id", "at"),
    Index(None, "control"),
)

comment_revisions = Table(
    "comment_revisions",
    metadata,
    reference("comment_id", "comments", primary_key=True),
    number("revision", primary_key=True),
    words("author"),
    words("affiliation"),
    reference("group_id", "consultation_groups", optional=True),
    words("text"),
    flag("is_public"),
    *written(),
)

# Apart from everything else of a comment, so that nothing that lists comments can let it out.
comment_contacts = Table(
    "comment_contacts",
    metadata,
    reference("comment_id", "comments", primary_key=True),
    words("email"),
    *written(),
)

comment_moderations = Table(
    "comment_moderations",
    metadata,
    reference("comment_id", "comments", primary_key=True),
    number("number", primary_key=True),
    words("action"),
    *written(),
)

comment_dispositions = Table(
    "comment_dispositions",
    metadata,
    reference("comment_id", "comments", primary_key=True),
    number("revision", primary_key=True),
    words("outcome"),
    document("changed"),
    *written(),
)
