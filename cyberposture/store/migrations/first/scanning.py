"""Lay the tables of runs, chunks, facts, judgements and findings."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    document,
    flag,
    key,
    moment,
    number,
    words,
    written,
)


def _findings() -> None:
    op.create_table(
        "findings",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        words("subject"),
        words("address"),
        words("protocol"),
        number("port"),
        words("check_id"),
        words("subkey"),
        words("vantage"),
        words("severity"),
        words("state"),
        words("says"),
        flag("is_potential"),
        moment("first_seen"),
        moment("last_seen"),
        moment("opened_at"),
        moment("closed_at", optional=True),
        moment("marked_until", optional=True),
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint(
            "institution_id",
            "subject",
            "protocol",
            "port",
            "check_id",
            "subkey",
            "vantage",
            name="uq_findings_key",
        ),
    )
    op.create_index(None, "findings", ["address"])
    op.create_index(None, "findings", ["institution_id", "state"])
    op.create_index(None, "findings", ["state", "last_seen"])
    op.create_index(None, "findings", ["state", "marked_until"])


def _scans() -> None:
    op.create_table(
        "scans",
        key("id", primary_key=True),
        words("code"),
        key("institution_id", references="institutions"),
        words("kind"),
        words("state"),
        words("vantage"),
        document("authorisations"),
        document("plan"),
        words("checks_digest"),
        words("scanner"),
        document("summary", optional=True),
        moment("started_at", optional=True),
        moment("ended_at", optional=True),
        *written(),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "scans", ["institution_id", "at"])
    op.create_index(None, "scans", ["state"])


def _chunks() -> None:
    op.create_table(
        "chunks",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("scan_id", references="scans"),
        number("number"),
        words("state"),
        number("priority"),
        words("vantage"),
        document("plan"),
        moment("not_before", optional=True),
        words("worker", optional=True),
        moment("lease_until", optional=True),
        number("attempts"),
        document("gate", optional=True),
        words("ticket", optional=True),
        words("artefact_sha256", optional=True),
        words("detail"),
        moment("started_at", optional=True),
        moment("ended_at", optional=True),
        *written(),
        sa.UniqueConstraint("scan_id", "number"),
    )
    op.create_index(None, "chunks", ["state", "lease_until"])
    op.create_index(None, "chunks", ["state", "priority", "at", "number"])


def _finding_events() -> None:
    op.create_table(
        "finding_events",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("finding_id", references="findings"),
        number("number"),
        words("kind"),
        words("state"),
        document("details", optional=True),
        *written(),
        sa.UniqueConstraint("finding_id", "number"),
    )
    op.create_index(None, "finding_events", ["institution_id", "at"])


def _judgements() -> None:
    op.create_table(
        "judgements",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("scan_id", references="scans"),
        words("check_id"),
        number("version"),
        words("address"),
        words("protocol"),
        number("port"),
        words("subkey"),
        words("vantage"),
        words("verdict"),
        words("says"),
        document("facts"),
        words("checks_digest"),
        moment("observed_at"),
        moment("judged_at"),
    )
    op.create_index(
        "ix_judgements_endpoint",
        "judgements",
        [
            "institution_id",
            "check_id",
            "address",
            "protocol",
            "port",
            "subkey",
            "vantage",
            "observed_at",
            "judged_at",
        ],
    )
    op.create_index(None, "judgements", ["scan_id"])


def _chunk_attempts() -> None:
    op.create_table(
        "chunk_attempts",
        key("chunk_id", references="chunks", primary_key=True),
        number("attempt", primary_key=True),
        key("institution_id", references="institutions"),
        words("worker"),
        words("outcome", optional=True),
        moment("started_at"),
        moment("ended_at", optional=True),
    )


def _chunk_targets() -> None:
    op.create_table(
        "chunk_targets",
        words("address", primary_key=True),
        key("chunk_id", references="chunks", primary_key=True),
        key("institution_id", references="institutions"),
    )


def _facts() -> None:
    op.create_table(
        "facts",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("scan_id", references="scans"),
        key("chunk_id", references="chunks", optional=True),
        words("address"),
        words("name"),
        words("technique"),
        words("vantage"),
        words("outcome"),
        moment("started_at", optional=True),
        moment("observed_at"),
        words("artefact_sha256", optional=True),
        words("body"),
        moment("at"),
    )
    op.create_index(None, "facts", ["address", "observed_at"])
    op.create_index(
        None, "facts", ["institution_id", "address", "technique", "vantage", "name", "observed_at"]
    )
    op.create_index(None, "facts", ["scan_id"])


def lay() -> None:
    """Make the tables of this part, each after those that it refers to."""
    _findings()
    _scans()
    _chunks()
    _finding_events()
    _judgements()
    _chunk_attempts()
    _chunk_targets()
    _facts()
