"""Sets of reports that somebody asked for on the portal: what was asked, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code

State = Literal["waiting", "making", "made", "leaked", "failed", "gone"]
"""`leaked`: it was deleted, for it held what its audience may not see; `gone`: it was there, and
was put away since, for its time was over or a newer one took its place."""
UNDER_WAY: Final[tuple[State, ...]] = ("waiting", "making")


@dataclass(frozen=True, slots=True)
class AskedSet:
    """One set that was asked for; its act is the asking."""

    id: UUID
    code: str
    slug: str
    """Equal for all askings for the same: its folder, which the next one takes over from."""
    wanted: dict[str, Any]
    state: State
    tries: int
    begun_at: datetime | None
    ended_at: datetime | None
    told: dict[str, Any]
    """What came of it: files, digests, what was left out, or where it leaked."""
    act: Act


def insert_asked(connection: Connection, act: Act, slug: str, wanted: dict[str, Any]) -> AskedSet:
    """Keep that a set was asked for; it waits from now on."""
    one = AskedSet(uuid4(), new_code("s"), slug, wanted, "waiting", 0, None, None, {}, act)
    values = {name: getattr(one, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.report_sets), {**values, **act.written()})
    return one


def begin(connection: Connection, code: str, at: datetime) -> bool:
    """Begin a set that waits; return whether it still did."""
    r = t.report_sets
    begun = (
        sa.update(r)
        .where(r.c.code == code, r.c.state == "waiting")
        .values(state="making", tries=r.c.tries + 1, begun_at=at)
    )
    return connection.execute(begun).rowcount == 1


def move(
    connection: Connection,
    code: str,
    state: State,
    *,
    ended_at: datetime | None = None,
    **values: Any,
) -> None:
    """Record how far a set is.

    Raises:
        NotFound: there is no such set.
    """
    r = t.report_sets
    given = {"state": state, **({"ended_at": ended_at} if ended_at is not None else {}), **values}
    if connection.execute(sa.update(r).where(r.c.code == code).values(**given)).rowcount == 0:
        raise NotFound("set", code)


def list_asked(
    connection: Connection,
    *,
    states: Sequence[State] | None = None,
    slug: str | None = None,
    limit: int | None = None,
) -> list[AskedSet]:
    """Return sets that were asked for, the newest first."""
    r = t.report_sets
    query = sa.select(r).order_by(r.c.at.desc(), r.c.code)
    if states is not None:
        query = query.where(r.c.state.in_(states))
    if slug is not None:
        query = query.where(r.c.slug == slug)
    if limit is not None:
        query = query.limit(limit)
    return [_read(row) for row in connection.execute(query).mappings()]


def get_asked(connection: Connection, code: str) -> AskedSet:
    """Return one set.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.report_sets).where(t.report_sets.c.code == code)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("set", code)
    return _read(row)


_COLUMNS = tuple(name for name in AskedSet.__slots__ if name != "act")


def _read(row: RowMapping) -> AskedSet:
    return AskedSet(act=read_act(row), **{name: row[name] for name in _COLUMNS})
