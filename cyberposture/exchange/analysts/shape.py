"""How the analysts' file is described: tables, columns and views, each with its sentence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from cyberposture.clock import to_iso
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.store.tables.columns import stable_json

Kind = Literal["text", "number", "points", "percent", "flag", "moment", "day", "json"]
KINDS: dict[Kind, str] = {
    "text": "Text.",
    "number": "A whole number.",
    "points": "Basis points, a whole number: 10000 is full, 4000 is 40 percent.",
    "percent": "Percent with two decimals, worked out from basis points or counts.",
    "flag": "1 for true, 0 for false.",
    "moment": "A moment in UTC, ISO 8601 text; it sorts by time.",
    "day": "A calendar date, ISO 8601 text.",
    "json": "JSON text; json_each() takes it apart.",
}
"""What each kind of column holds; the file explains itself with these sentences."""
_TEXT_KINDS = frozenset({"text", "moment", "day", "json"})

Row = dict[str, object]
Stored = str | int | float | None


@dataclass(frozen=True)
class Column:
    """One column; `to` names the table and column that it refers to, such as `rounds.code`."""

    name: str
    kind: Kind
    says: str
    to: str | None = None
    optional: bool = False

    @property
    def type(self) -> type[str] | type[int]:
        """The Python type that stands for the column's type in SQLite."""
        return str if self.kind in _TEXT_KINDS else int


@dataclass(frozen=True)
class Table:
    """One table: its sentence, its columns, and where its rows come from, in their order."""

    name: str
    says: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Callable[[Snapshot], Iterable[Row]]
    indexes: tuple[tuple[str, ...], ...] = ()
    search: tuple[str, ...] = ()
    """The columns that full-text search looks in."""


@dataclass(frozen=True)
class View:
    """One question that is asked often, with its answer as SQL."""

    name: str
    says: str
    columns: tuple[Column, ...]
    sql: str


def fields(record: object, *names: str) -> Row:
    """Return some attributes of a record as the columns of the same names."""
    return {name: getattr(record, name) for name in names}


def stored(value: object) -> Stored:
    """Return a value as the file holds it: text and numbers only."""
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return to_iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return stable_json(value)
