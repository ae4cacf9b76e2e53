"""The newest facts of some addresses, and when each was looked at last."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.model.observations import Fact
from cyberposture.store import tables as t


def last_looks(connection: Connection, institution_id: UUID, vantage: str) -> dict[str, datetime]:
    """Return when each address of an institution was last looked at from a vantage."""
    f = t.facts.c
    query = (
        sa.select(f.address, sa.func.max(f.observed_at).label("last"))
        .where(f.institution_id == institution_id, f.vantage == vantage)
        .where(f.outcome != "not-tested")
        .group_by(f.address)
    )
    return {row.address: row.last for row in connection.execute(query)}


def latest_by_address(
    connection: Connection, institution_id: UUID, addresses: Sequence[str], *, vantage: str
) -> dict[str, list[Fact]]:
    """Return the newest fact of each technique about each of these addresses, by address."""
    f = t.facts.c
    place = sa.func.row_number().over(
        partition_by=(f.address, f.name, f.technique),
        order_by=(f.observed_at.desc(), f.at.desc(), f.id),
    )
    ranked = (
        sa.select(f.address, f.body, place.label("place"))
        .where(f.institution_id == institution_id, f.vantage == vantage)
        .where(f.address.in_(addresses))
        .subquery()
    )
    query = sa.select(ranked).where(ranked.c.place == 1).order_by(ranked.c.address)
    found: dict[str, list[Fact]] = {}
    for row in connection.execute(query):
        found.setdefault(row.address, []).append(Fact.model_validate_json(row.body))
    return found
