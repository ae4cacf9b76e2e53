"""The column types and the few columns that all tables share."""

import json
import zlib
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from cyberposture.errors import InvalidInput

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment, stored in UTC and given back aware; text that sorts by time on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return text of fixed width on SQLite, a time stamp with zone elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(32))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what the database keeps, to the microsecond.

        Raises:
            InvalidInput: the moment carries no zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise InvalidInput(f"the moment {value.isoformat()} carries no zone")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the aware moment in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text of any length that both databases can hold."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text unchanged.

        Raises:
            InvalidInput: it holds a NUL or half a surrogate pair, which PostgreSQL cannot keep.
        """
        if value is not None and ("\x00" in value or not _is_unicode(value)):
            raise InvalidInput(f"the text {value[:40]!r} holds a character that cannot be kept")
        return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def stable_json(value: Any) -> str:
    """Return JSON with sorted keys, in ASCII, so that any text survives on any database.

    It is how documents are stored; digests are made over RFC 8785 JSON instead.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


class Document(TypeDecorator[Any]):
    """A JSON document, kept as text so that both databases hold the same characters."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the document as text; None is no document."""
        return None if value is None else stable_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the document as dicts and lists."""
        return None if value is None else json.loads(value)


class PackedDocument(TypeDecorator[Any]):
    """A large JSON document, compressed."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return the compressed document; None is no document."""
        return None if value is None else zlib.compress(stable_json(value).encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """Return the document as dicts and lists."""
        return None if value is None else json.loads(zlib.decompress(value))


def identity() -> Column[Any]:
    """Return the key that every row of its own has."""
    return Column("id", sa.Uuid, primary_key=True)


def reference(
    name: str, target: str, *, optional: bool = False, primary_key: bool = False
) -> Column[Any]:
    """Return a column that holds the key of another row."""
    return Column(
        name, sa.Uuid, ForeignKey(f"{target}.id"), nullable=optional, primary_key=primary_key
    )


def owner(*, optional: bool = False) -> Column[Any]:
    """Return the institution that a row belongs to; `optional` where the centre may own it."""
    return reference("institution_id", "institutions", optional=optional)


def words(name: str, *, optional: bool = False, primary_key: bool = False) -> Column[Any]:
    """Return a column of text."""
    return Column(name, Words, nullable=optional, primary_key=primary_key)


def number(name: str, *, optional: bool = False, primary_key: bool = False) -> Column[Any]:
    """Return a column of whole numbers."""
    return Column(name, sa.Integer, nullable=optional, primary_key=primary_key, autoincrement=False)


def flag(name: str) -> Column[Any]:
    """Return a column that is true or false."""
    return Column(name, sa.Boolean, nullable=False)


def moment(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of moments."""
    return Column(name, Instant, nullable=optional)


def day(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of calendar dates."""
    return Column(name, sa.Date, nullable=optional)


def document(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of JSON documents."""
    return Column(name, Document, nullable=optional)


def packed(name: str) -> Column[Any]:
    """Return a column of large, compressed JSON documents."""
    return Column(name, PackedDocument, nullable=False)


def octets(name: str, *, optional: bool = False) -> Column[Any]:
    """Return a column of bytes."""
    return Column(name, sa.LargeBinary, nullable=optional)


def written() -> tuple[Column[Any], Column[Any], Column[Any]]:
    """Return who wrote a row, why and when."""
    return words("actor"), words("reason"), moment("at")


def ended(how: str) -> tuple[Column[Any], Column[Any], Column[Any]]:
    """Return when, by whom and why a row ceased to count; `how` is a participle."""
    return (
        moment(f"{how}_at", optional=True),
        words(f"{how}_by", optional=True),
        words(f"{how}_why", optional=True),
    )
