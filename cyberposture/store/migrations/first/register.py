"""Lay the tables of who is in the register and what they declare."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    document,
    ended,
    key,
    moment,
    number,
    octets,
    words,
    written,
)


def _editions() -> None:
    op.create_table(
        "editions",
        words("kind", primary_key=True),
        words("digest", primary_key=True),
        words("name"),
        words("version"),
        octets("content"),
        *written(),
    )
    op.create_index(None, "editions", ["kind", "at"])


def _institutions() -> None:
    op.create_table(
        "institutions",
        key("id", primary_key=True),
        words("code"),
        *written(),
        sa.UniqueConstraint("code"),
    )


def _people() -> None:
    op.create_table(
        "people",
        key("id", primary_key=True),
        words("code"),
        words("name"),
        words("public_key"),
        moment("invited_at"),
        *written(),
        *ended("disabled"),
        sa.UniqueConstraint("code"),
    )


def _rounds() -> None:
    op.create_table(
        "rounds",
        key("id", primary_key=True),
        words("code"),
        words("title"),
        words("edition"),
        moment("opens"),
        moment("due"),
        number("repair_days", optional=True),
        words("repair_days_reason"),
        *written(),
        *ended("closed"),
        sa.UniqueConstraint("code"),
    )


def _assets() -> None:
    op.create_table(
        "assets",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        words("code"),
        words("kind"),
        document("body"),
        moment("valid_from", optional=True),
        moment("valid_until", optional=True),
        number("revision"),
        number("ended_revision", optional=True),
        sa.UniqueConstraint("institution_id", "code", "revision"),
    )


def _declarations() -> None:
    op.create_table(
        "declarations",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        number("revision"),
        *written(),
        sa.UniqueConstraint("institution_id", "revision"),
    )


def _institution_versions() -> None:
    op.create_table(
        "institution_versions",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        number("revision"),
        moment("valid_from"),
        words("name"),
        words("tier"),
        document("sectors"),
        document("features"),
        words("zone"),
        key("parent_id", references="institutions", optional=True),
        document("contacts"),
        moment("active_from", optional=True),
        moment("active_until", optional=True),
        *written(),
        sa.UniqueConstraint("institution_id", "revision"),
    )
    op.create_index(None, "institution_versions", ["institution_id", "valid_from"])


def _memberships() -> None:
    op.create_table(
        "memberships",
        key("id", primary_key=True),
        key("person_id", references="people"),
        words("role"),
        key("institution_id", references="institutions", optional=True),
        moment("valid_from"),
        moment("valid_until", optional=True),
        *written(),
        *ended("ended"),
    )
    op.create_index(None, "memberships", ["institution_id"])
    op.create_index(None, "memberships", ["person_id"])


def _person_keys() -> None:
    op.create_table(
        "person_keys",
        key("id", primary_key=True),
        key("person_id", references="people"),
        words("public_key"),
        moment("valid_from"),
        *written(),
    )
    op.create_index(None, "person_keys", ["person_id", "valid_from"])


def lay() -> None:
    """Make the tables of this part, each after those that it refers to."""
    _editions()
    _institutions()
    _people()
    _rounds()
    _assets()
    _declarations()
    _institution_versions()
    _memberships()
    _person_keys()
