"""What is known of all institutions' addresses at once: declared, looked at, and running what.

Each is one question to the register, however many institutions there are.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.model.institutions import Asset, Declaration
from cyberposture.model.observations import Fact
from cyberposture.store import tables as t

Owners = Collection[UUID] | None
"""Of which institutions; None: of all."""


class Looked(NamedTuple):
    """When an address was last looked at, and when it last answered anything."""

    tried: datetime
    answered: datetime | None


def known_addresses(
    connection: Connection, *, as_of: datetime, owners: Owners = None
) -> dict[UUID, tuple[str, ...]]:
    """Return every declared address by institution, as their assets' own dates have it."""
    a = t.assets.c
    query = (
        sa.select(a.institution_id, a.body)
        .where(a.ended_revision.is_(None), a.kind == "host", *_of(a.institution_id, owners))
        .where(sa.or_(a.valid_from.is_(None), a.valid_from <= as_of))
        .where(sa.or_(a.valid_until.is_(None), a.valid_until > as_of))
        .order_by(a.institution_id, a.code)
    )
    found: dict[UUID, list[Asset]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.institution_id].append(Asset.model_validate(row.body))
    return {
        owner: Declaration(institution="all", assets=tuple(assets)).addresses()
        for owner, assets in found.items()
    }


def list_looks(
    connection: Connection,
    *,
    as_of: datetime,
    without: Collection[str],
    owners: Owners = None,
) -> dict[tuple[UUID, str], Looked]:
    """Return the last looks at each address; techniques in `without` send nothing, and look not."""
    f = t.facts.c
    query = (
        sa.select(f.institution_id, f.address, f.outcome, sa.func.max(f.observed_at).label("last"))
        .where(f.outcome != "not-tested", f.technique.not_in(sorted(without)))
        .where(f.observed_at <= as_of, *_of(f.institution_id, owners))
        .group_by(f.institution_id, f.address, f.outcome)
    )
    found: dict[tuple[UUID, str], Looked] = {}
    for row in connection.execute(query):
        place = (row.institution_id, row.address)
        before = found.get(place)
        tried = row.last if before is None else max(before.tried, row.last)
        answered = None if before is None else before.answered
        if row.outcome == "answered":
            answered = row.last
        found[place] = Looked(tried, answered)
    return found


def latest_products(
    connection: Connection, technique: str, *, since: datetime, owners: Owners = None
) -> list[tuple[UUID, Fact]]:
    """Return the newest fact of this technique about each address, none older than `since`."""
    f = t.facts.c
    place = sa.func.row_number().over(
        partition_by=(f.institution_id, f.address, f.vantage),
        order_by=(f.observed_at.desc(), f.at.desc(), f.id),
    )
    ranked = (
        sa.select(f.institution_id, f.address, f.body, place.label("place"))
        .where(f.technique == technique, f.observed_at >= since, *_of(f.institution_id, owners))
        .subquery()
    )
    query = sa.select(ranked).where(ranked.c.place == 1)
    rows = connection.execute(query.order_by(ranked.c.institution_id, ranked.c.address))
    return [(row.institution_id, Fact.model_validate_json(row.body)) for row in rows]


def _of(column: sa.ColumnElement[UUID], owners: Owners) -> list[sa.ColumnElement[bool]]:
    return [] if owners is None else [column.in_(owners)]
