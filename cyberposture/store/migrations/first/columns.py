"""The columns of the first migration, as plain types that later code cannot change."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey


def _column(
    name: str, kind: Any, optional: bool, primary_key: bool, references: str | None
) -> Column[Any]:
    keys = [] if references is None else [ForeignKey(f"{references}.id")]
    return Column(
        name, kind, *keys, nullable=optional, primary_key=primary_key, autoincrement=False
    )


def key(
    name: str,
    *,
    references: str | None = None,
    optional: bool = False,
    primary_key: bool = False,
) -> Column[Any]:
    """Return a UUID: the row's own, or that of the row it refers to."""
    return _column(name, sa.Uuid(), optional, primary_key, references)


def words(name: str, *, optional: bool = False, primary_key: bool = False) -> Column[Any]:
    """Return a column of text."""
    return _column(name, sa.Text(), optional, primary_key, None)


def document(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of JSON kept as text."""
    return words(name, optional=optional)


def number(name: str, *, optional: bool = False, primary_key: bool = False) -> Column[Any]:
    """Return a column of whole numbers."""
    return _column(name, sa.Integer(), optional, primary_key, None)


def flag(name: str) -> Column[Any]:
    """Return a column that is true or false."""
    return _column(name, sa.Boolean(), False, False, None)


def moment(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of moments: text of fixed width on SQLite."""
    kind = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
    return _column(name, kind, optional, False, None)


def day(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of calendar dates."""
    return _column(name, sa.Date(), optional, False, None)


def octets(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of bytes."""
    return _column(name, sa.LargeBinary(), optional, False, None)


def packed(name: str) -> Column[Any]:
    """Return a column of compressed JSON."""
    return octets(name)


def written() -> tuple[Column[Any], Column[Any], Column[Any]]:
    """Return who wrote a row, why and when."""
    return words("actor"), words("reason"), moment("at")


def ended(how: str) -> tuple[Column[Any], Column[Any], Column[Any]]:
    """Return when, by whom and why a row ceased to count."""
    return (
        moment(f"{how}_at", optional=True),
        words(f"{how}_by", optional=True),
        words(f"{how}_why", optional=True),
    )
