"""Lay the tables of authorisations, the calendar and the stop switch."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    document,
    ended,
    key,
    moment,
    number,
    words,
    written,
)


def _denials() -> None:
    op.create_table(
        "denials",
        number("revision", primary_key=True),
        document("entries"),
        *written(),
    )


def _authorisations() -> None:
    op.create_table(
        "authorisations",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        document("terms"),
        words("terms_sha256"),
        words("letter_sha256"),
        document("receipt"),
        moment("valid_from"),
        moment("valid_until"),
        *written(),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "authorisations", ["institution_id"])


def _blackouts() -> None:
    op.create_table(
        "blackouts",
        key("id", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        words("title"),
        moment("starts_at"),
        moment("ends_at"),
        *written(),
        *ended("cancelled"),
    )
    op.create_index(None, "blackouts", ["ends_at"])
    op.create_index(None, "blackouts", ["institution_id"])


def _stop_codes() -> None:
    op.create_table(
        "stop_codes",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        words("code_sha256"),
        *written(),
        *ended("ended"),
        sa.UniqueConstraint("code_sha256"),
    )
    op.create_index(None, "stop_codes", ["institution_id"])


def _windows() -> None:
    op.create_table(
        "windows",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        document("weekdays"),
        words("start"),
        number("length_s"),
        words("zone"),
        *written(),
        *ended("ended"),
    )
    op.create_index(None, "windows", ["institution_id"])


def _grants() -> None:
    op.create_table(
        "grants",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("authorisation_id", references="authorisations"),
        number("number"),
        document("document"),
        *written(),
        sa.UniqueConstraint("authorisation_id", "actor"),
        sa.UniqueConstraint("authorisation_id", "number"),
    )


def _stops() -> None:
    op.create_table(
        "stops",
        key("id", primary_key=True),
        words("code"),
        words("scope"),
        key("institution_id", references="institutions", optional=True),
        words("cidr", optional=True),
        key("scan_id", references="scans", optional=True),
        words("speed"),
        words("complaint"),
        moment("resumed_at", optional=True),
        *written(),
        *ended("answered"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "stops", ["resumed_at"])


def _withdrawals() -> None:
    op.create_table(
        "withdrawals",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("authorisation_id", references="authorisations"),
        document("document"),
        moment("withdrawn_at"),
        *written(),
        sa.UniqueConstraint("authorisation_id"),
    )


def _stop_acknowledgements() -> None:
    op.create_table(
        "stop_acknowledgements",
        key("stop_id", references="stops", primary_key=True),
        words("worker", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        moment("at"),
    )


def _stop_resumptions() -> None:
    op.create_table(
        "stop_resumptions",
        key("id", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        key("stop_id", references="stops"),
        words("role"),
        *written(),
        sa.UniqueConstraint("stop_id", "actor"),
    )


def lay() -> None:
    """Make the tables of this part, each after those that it refers to."""
    _denials()
    _authorisations()
    _blackouts()
    _stop_codes()
    _windows()
    _grants()
    _stops()
    _withdrawals()
    _stop_acknowledgements()
    _stop_resumptions()
