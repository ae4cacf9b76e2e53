"""The last entry of each audit chain that can have changed what a report says."""

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t

QUIET = (
    "contact-read",
    "evidence-read",
    "attestation-read",
    "file-read",
    "other-sessions-ended",
    "password-changed",
    "report-read",
    "report-set-asked",
    "report-set-begun",
    "report-set-deleted",
    "report-set-ended",
    "report-set-fetched",
    "report-set-put-away",
    "report-set-written",
    "report-written",
    "schedule-added",
    "schedule-ran",
    "schedule-removed",
    "schedule-resumed",
    "sign-in-link-made",
    "sign-in-tried",
    "sign-on-begun",
    "sign-on-returned",
    "signed-out",
    "ways-changed",
)
"""Kinds of entries after which every report is what it was."""


def last_changes(connection: Connection) -> dict[str, str]:
    """Return the digest of the last entry of each chain that is not of a quiet kind."""
    e = t.audit_entries
    last = (
        sa.select(e.c.chain, sa.func.max(e.c.seq).label("seq"))
        .where(e.c.kind.not_in(QUIET))
        .group_by(e.c.chain)
        .subquery()
    )
    query = sa.select(e.c.chain, e.c.digest).join(
        last, sa.and_(last.c.chain == e.c.chain, last.c.seq == e.c.seq)
    )
    return {row.chain: row.digest for row in connection.execute(query)}
