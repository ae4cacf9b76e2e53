"""What is to be done and when: schedules, due targets, messages; and the nation's indicators."""

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
    reference,
    words,
    written,
)

schedules = Table(
    "schedules",
    metadata,
    identity(),
    words("code"),
    owner(optional=True),
    words("kind"),
    words("trigger_kind"),
    words("trigger_spec"),
    words("zone"),
    document("arguments"),
    flag("is_enabled"),
    moment("last_run", optional=True),
    moment("next_run", optional=True),
    *written(),
    UniqueConstraint("code"),
)

due_targets = Table(
    "due_targets",
    metadata,
    identity(),
    owner(),
    words("target"),
    words("technique"),
    words("vantage"),
    number("priority"),
    moment("due_at"),
    number("rank"),
    number("cycle"),
    number("attempts"),
    UniqueConstraint("institution_id", "target", "technique", "vantage"),
    Index(None, "institution_id", "priority", "due_at", "rank"),
    Index(None, "institution_id", "due_at"),
)

outbox = Table(
    "outbox",
    metadata,
    identity(),
    words("code"),
    owner(optional=True),
    reference("person_id", "people", optional=True),
    words("channel"),
    words("recipient"),
    words("subject"),
    words("body"),
    words("language"),
    words("state"),
    number("attempts"),
    moment("next_attempt_at"),
    moment("delivered_at", optional=True),
    words("problem"),
    *written(),
    UniqueConstraint("code"),
    Index(None, "state", "next_attempt_at"),
    Index(None, "person_id", "at"),
)

indicators = Table(
    "indicators",
    metadata,
    words("code", primary_key=True),
    number("revision", primary_key=True),
    words("value"),
    words("source"),
    day("dated"),
    *written(),
)
