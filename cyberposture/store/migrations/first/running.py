"""Lay the tables of schedules, due targets, messages and indicators."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    day,
    document,
    flag,
    key,
    moment,
    number,
    words,
    written,
)


def _indicators() -> None:
    op.create_table(
        "indicators",
        words("code", primary_key=True),
        number("revision", primary_key=True),
        words("value"),
        words("source"),
        day("dated"),
        *written(),
    )


def _due_targets() -> None:
    op.create_table(
        "due_targets",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        words("target"),
        words("technique"),
        words("vantage"),
        number("priority"),
        moment("due_at"),
        number("rank"),
        number("cycle"),
        number("attempts"),
        sa.UniqueConstraint("institution_id", "target", "technique", "vantage"),
    )
    op.create_index(None, "due_targets", ["institution_id", "due_at"])
    op.create_index(None, "due_targets", ["institution_id", "priority", "due_at", "rank"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions", optional=True),
        key("person_id", references="people", optional=True),
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
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "outbox", ["person_id", "at"])
    op.create_index(None, "outbox", ["state", "next_attempt_at"])


def _schedules() -> None:
    op.create_table(
        "schedules",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions", optional=True),
        words("kind"),
        words("trigger_kind"),
        words("trigger_spec"),
        words("zone"),
        document("arguments"),
        flag("is_enabled"),
        moment("last_run", optional=True),
        moment("next_run", optional=True),
        *written(),
        sa.UniqueConstraint("code"),
    )


def lay() -> None:
    """Make the tables of this part, each after those that it refers to."""
    _indicators()
    _due_targets()
    _outbox()
    _schedules()
