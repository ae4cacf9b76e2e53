"""Every look that ever judged one endpoint by one check: what a finding stands on."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.model.checks import Verdict
from cyberposture.store import tables as t
from cyberposture.store.findings import FindingRecord


@dataclass(frozen=True, slots=True)
class Sight:
    """One judgement over an endpoint: by which version of its check, from which facts."""

    scan_id: UUID
    version: int
    verdict: Verdict
    says: str
    facts: tuple[UUID, ...]
    checks_digest: str
    observed_at: datetime
    judged_at: datetime


def list_sights(connection: Connection, finding: FindingRecord, *, until: datetime) -> list[Sight]:
    """Return what was judged until then at the endpoint of a finding, oldest look first."""
    j, key = t.judgements.c, finding.key
    query = (
        sa.select(j.scan_id, j.version, j.verdict, j.says, j.facts, j.checks_digest,
                  j.observed_at, j.judged_at)
        .where(j.institution_id == key.institution_id, j.check_id == key.check)
        .where(j.address == finding.address, j.vantage == key.vantage)
        .where(j.protocol == (key.protocol or ""), j.port == (key.port or 0))
        .where(j.subkey == key.subkey, j.judged_at <= until)
        .order_by(j.observed_at, j.judged_at)
    )  # fmt: skip
    return [
        Sight(**{**row, "facts": tuple(UUID(one) for one in row["facts"])})
        for row in connection.execute(query).mappings()
    ]
