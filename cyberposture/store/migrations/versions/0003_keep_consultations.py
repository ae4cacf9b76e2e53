"""Keep consultations on drafts: groups, events, comments, and what came of them."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    day,
    document,
    ended,
    flag,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, each after those that it refers to, and fence what is private."""
    _consultations()
    _groups()
    _events()
    _comments()
    _what_hangs_on_comments()
    op.create_table("reference_numbers", words("series", primary_key=True), number("last"))
    _fence()


def _consultations() -> None:
    op.create_table(
        "consultations",
        key("id", primary_key=True),
        *(words(name) for name in ("code", "title", "edition", "version")),
        *(words(name) for name in ("rules", "checks", "texts", "draft")),
        moment("opens"),
        moment("closes"),
        words("zone"),
        *written(),
        *ended("closed"),
        *ended("concluded"),
        number("adoption", optional=True),
        sa.UniqueConstraint("code"),
    )


def _groups() -> None:
    op.create_table(
        "consultation_groups",
        key("id", primary_key=True),
        key("consultation_id", references="consultations"),
        words("name"),
        words("kind"),
        words("note"),
        moment("invited_at"),
        *written(),
        sa.UniqueConstraint("consultation_id", "name"),
    )


def _events() -> None:
    op.create_table(
        "consultation_events",
        key("id", primary_key=True),
        key("consultation_id", references="consultations"),
        words("code"),
        words("title"),
        day("held_on"),
        words("place"),
        words("host"),
        number("attendance"),
        *written(),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "consultation_events", ["consultation_id", "held_on"])


def _comments() -> None:
    op.create_table(
        "comments",
        key("id", primary_key=True),
        key("consultation_id", references="consultations"),
        words("code"),
        words("control", optional=True),
        words("clause", optional=True),
        key("event_id", references="consultation_events", optional=True),
        flag("on_behalf"),
        words("late_reason"),
        *written(),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "comments", ["consultation_id", "at"])
    op.create_index(None, "comments", ["control"])
    op.create_table(
        "comment_revisions",
        key("comment_id", references="comments", primary_key=True),
        number("revision", primary_key=True),
        words("author"),
        words("affiliation"),
        key("group_id", references="consultation_groups", optional=True),
        words("text"),
        flag("is_public"),
        *written(),
    )


def _what_hangs_on_comments() -> None:
    op.create_table(
        "comment_contacts",
        key("comment_id", references="comments", primary_key=True),
        words("email"),
        *written(),
    )
    op.create_table(
        "comment_moderations",
        key("comment_id", references="comments", primary_key=True),
        number("number", primary_key=True),
        words("action"),
        *written(),
    )
    op.create_table(
        "comment_dispositions",
        key("comment_id", references="comments", primary_key=True),
        number("revision", primary_key=True),
        words("outcome"),
        document("changed"),
        *written(),
    )


def _fence() -> None:
    """Let no transaction for an institution see how to reach the author of a comment."""
    if op.get_bind().dialect.name != "postgresql":
        return
    of_the_centre = "coalesce(current_setting('cyberposture.institution', true), '') = ''"
    op.execute("ALTER TABLE comment_contacts ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE comment_contacts FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY institution_fence ON comment_contacts USING ({of_the_centre})")
