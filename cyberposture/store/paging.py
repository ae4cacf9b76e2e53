"""Pages of long lists: each begins after (or ends before) a row, so that new rows move nothing."""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

SIZE: Final = 50
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page is wanted: after a row, before one, or (neither) the first; rows by their code."""

    after: str = ""
    before: str = ""
    size: int = SIZE


FIRST: Final = Turn()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the codes from which the pages beside them go on ('': none)."""

    rows: tuple[T, ...]
    before: str = ""
    after: str = ""


def read_page(
    connection: Connection,
    query: sa.Select[Any],
    order: tuple[sa.Column[Any], sa.Column[Any]],
    turn: Turn,
    *,
    is_newest_first: bool = False,
) -> Page[RowMapping]:
    """Return a page of a query that is ordered by a moment and then by a code, which is unique.

    A row that is not there (any more) begins the list anew.
    """
    moment, code = order
    anchor = turn.after or turn.before
    found = None
    if anchor:
        wanted = sa.select(moment).select_from(moment.table).where(code == anchor)
        found = connection.execute(wanted).scalar_one_or_none()
    is_back = found is not None and not turn.after
    is_rising = is_newest_first == is_back
    if found is not None:
        query = query.where(_beyond(order, found, anchor, is_rising=is_rising))
    columns = [column if is_rising else column.desc() for column in order]
    rows = list(connection.execute(query.order_by(*columns).limit(turn.size + 1)).mappings())
    has_more = len(rows) > turn.size
    rows = rows[: turn.size]
    if is_back:
        rows.reverse()
    if not rows:
        return Page(())
    first, last = (str(row[code.name]) for row in (rows[0], rows[-1]))
    has_before = has_more if is_back else found is not None
    return Page(tuple(rows), first if has_before else "", last if is_back or has_more else "")


def _beyond(
    order: tuple[sa.Column[Any], sa.Column[Any]], at: Any, anchor: str, *, is_rising: bool
) -> sa.ColumnElement[bool]:
    moment, code = order
    if is_rising:
        return sa.or_(moment > at, sa.and_(moment == at, code > anchor))
    return sa.or_(moment < at, sa.and_(moment == at, code < anchor))
