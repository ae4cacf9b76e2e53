"""What became of institutions: links from those that merged or split to those that followed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.acts import Act

SuccessionKind = Literal["merged", "split"]


@dataclass(frozen=True, slots=True)
class SuccessionRecord:
    """That one institution followed another."""

    predecessor: str
    successor: str
    kind: SuccessionKind
    valid_from: datetime
    reason: str


def insert_succession(
    connection: Connection, institution_id: UUID, successor_id: UUID, act: Act, *,
    kind: SuccessionKind, valid_from: datetime,
) -> None:  # fmt: skip
    """Link an institution to one that followed it."""
    values = {"id": uuid4(), "institution_id": institution_id, "successor_id": successor_id,
              "kind": kind, "valid_from": valid_from}  # fmt: skip
    connection.execute(sa.insert(t.successions), {**values, **act.written()})


def list_successions(connection: Connection, *, code: str | None = None) -> list[SuccessionRecord]:
    """Return the links (from or to one institution, or all) in the order of their dates."""
    s = t.successions
    before, after = t.institutions.alias("before"), t.institutions.alias("after")
    query = (
        sa.select(
            before.c.code.label("predecessor"), after.c.code.label("successor"),
            s.c.kind, s.c.valid_from, s.c.reason,
        )
        .join(before, before.c.id == s.c.institution_id)
        .join(after, after.c.id == s.c.successor_id)
        .order_by(s.c.valid_from, before.c.code, after.c.code)
    )  # fmt: skip
    if code is not None:
        query = query.where(sa.or_(before.c.code == code, after.c.code == code))
    return [SuccessionRecord(**row) for row in connection.execute(query).mappings()]
