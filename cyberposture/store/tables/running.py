"""What is to be done: schedules, due targets, messages, sets; and the nation's indicators."""

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
    moment("looked_at", optional=True),
    moment("held_until", optional=True),
    words("why"),
    UniqueConstraint("institution_id", "target", "technique", "vantage"),
    Index(None, "institution_id", "vantage", "priority", "due_at", "rank"),
    Index(None, "institution_id", "vantage", "due_at", "held_until"),
    Index(None, "vantage", "looked_at"),
)

# Where each institution stands among those that wait for their turn.
turns = Table(
    "turns",
    metadata,
    reference("institution_id", "institutions", primary_key=True),
    words("vantage", primary_key=True),
    number("visit"),
    number("credit_s"),
    moment("not_before", optional=True),
    words("why"),
)

# How much was sent of late: the moment from which a whole burst may be sent again.
buckets = Table(
    "buckets",
    metadata,
    words("key", primary_key=True),
    moment("full_at"),
    Index(None, "full_at"),
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
    words("digest", optional=True),
    *written(),
    UniqueConstraint("code"),
    Index(None, "state", "next_attempt_at"),
    Index(None, "person_id", "at"),
    Index(None, "digest"),
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

# Sets of reports that somebody asked for on the portal; the clock makes them.
report_sets = Table(
    "report_sets",
    metadata,
    identity(),
    words("code"),
    words("slug"),
    document("wanted"),
    words("state"),
    number("tries"),
    moment("begun_at", optional=True),
    moment("ended_at", optional=True),
    document("told"),
    *written(),
    UniqueConstraint("code"),
    Index(None, "state", "at"),
    Index(None, "slug"),
)

# On what the public figures of a round stand, for each of those who were asked: fixed when they are
# told first, and never changed.
public_editions = Table(
    "public_editions",
    metadata,
    identity(),
    reference("round_id", "rounds"),
    reference("previous_id", "public_editions", optional=True),
    document("told"),
    *written(),
    UniqueConstraint("round_id"),
)
public_standings = Table(
    "public_standings",
    metadata,
    reference("edition_id", "public_editions", primary_key=True),
    reference("institution_id", "institutions", primary_key=True),
    document("told"),
)
