"""Reads what is kept of scores as a whole, without the documents that they were computed from."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.store import tables as t
from cyberposture.store.scores import ScoreKind


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A score's result and the digests by which everything else about it is found."""

    id: UUID
    round_id: UUID | None
    kind: ScoreKind
    scoring: int
    as_of: datetime
    at: datetime
    """When it was computed."""
    result: dict[str, Any]
    document_sha256: str
    result_sha256: str
    catalogue_digest: str
    checks_digest: str
    texts_digest: str
    corrects_id: UUID | None


def list_results(connection: Connection, institution_id: UUID) -> list[KeptResult]:
    """Return every kept result of an institution, corrected ones too, as they were computed."""
    s = t.scores
    columns = (s.c[name] for name in KeptResult.__slots__)
    query = sa.select(*columns).where(s.c.institution_id == institution_id)
    rows = connection.execute(query.order_by(s.c.at, s.c.as_of, s.c.id)).mappings()
    return [_read(row) for row in rows]


def standing_ids(results: Iterable[KeptResult]) -> frozenset[UUID]:
    """Return which of one institution's results stand: the newest of each round and the newest
    live one, corrected ones passed over.
    """
    results = list(results)
    corrected = {result.corrects_id for result in results}
    groups: dict[UUID | None, list[KeptResult]] = defaultdict(list)
    for result in results:
        if result.id not in corrected:
            groups[result.round_id].append(result)
    return frozenset(max(group, key=lambda r: (r.as_of, r.at)).id for group in groups.values())


def _read(row: RowMapping) -> KeptResult:
    return KeptResult(**row)
