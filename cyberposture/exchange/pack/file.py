"""Writes and reads the file of a pack; what it reads is checked before anything of it is used."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlite_utils import Database

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.pack.shape import (
    ABOUT,
    PACK,
    SEALED,
    SHAPES,
    Rows,
    Tables,
    digest_of,
)
from cyberposture.model.offline import Paper, Seal, SealedPaper
from cyberposture.store.seals import is_sealed

MAX_BYTES = 100_000_000
MAX_ROWS = 50_000
_HEADER = b"SQLite format 3\x00"
_EXPLAINED = "what stands in the tables of this pack"


@dataclass(frozen=True)
class OpenedPack:
    """A pack whose seal and digests hold: what it says of itself, and its tables."""

    sealed: SealedPaper
    tables: Tables

    @property
    def paper(self) -> Paper:
        """What the pack says of itself."""
        return self.sealed.paper


def write_pack(sealed: SealedPaper, tables: Tables) -> bytes:
    """Return the file of a pack."""
    # Plugins would bring other people's code into the file's making.
    database = Database(memory=True, execute_plugins=False)
    try:
        about = [{"name": name, "says": shape.about} for name, shape in SHAPES.items()]
        database.table(ABOUT).create({"name": str, "says": str}, pk="name")
        database.table(ABOUT).insert_all([{"name": PACK, "says": _EXPLAINED}, *about])
        database.table(PACK).create(SEALED)
        database.table(PACK).insert(
            {"paper": sealed.paper.model_dump_json(), **sealed.seal.model_dump()}
        )
        for name, shape in SHAPES.items():
            database.table(name).create(dict(shape.columns))
            database.table(name).insert_all(dict(row) for row in tables[name])
        database.conn.commit()
        return bytes(database.conn.serialize())
    finally:
        database.close()


def read_pack(name: str, data: bytes, what: str) -> OpenedPack:
    """Return a pack after its seal (under `what`) and every table's digest were found to hold.

    Whose key sealed it is for the caller, and for people, to compare.

    Raises:
        InvalidInput: it is no pack, or something in it is not as it was sealed; with the table.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    if not data.startswith(_HEADER):
        raise InvalidInput(Fault(name, "no pack; a file that `cyberposture pack make` wrote"))
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        return _checked(name, connection, what)
    except sqlite3.Error as error:
        raise InvalidInput(Fault(name, f"a damaged pack: {error}")) from error
    finally:
        connection.close()


def _checked(name: str, connection: sqlite3.Connection, what: str) -> OpenedPack:
    # A view or a trigger would be somebody else's program inside our reading.
    found = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
    expected = {("table", one) for one in (ABOUT, PACK, *SHAPES)}
    odd = {one for one in set(found) ^ expected if not str(one[1]).startswith("sqlite_autoindex_")}
    if odd:
        shown = ", ".join(sorted(f"{kind} {one}"[:60] for kind, one in odd)[:5])
        raise InvalidInput(Fault(name, f"missing in it, or never put there by us: {shown}"))
    sealed = _sealed(name, _rows(name, connection, PACK, SEALED))
    if not is_sealed(sealed.seal, what, sealed.paper.model_dump(mode="json")):
        raise InvalidInput(Fault(f"{name}: table {PACK}", "its seal does not hold: it was changed"))
    if sealed.paper.kind != "pack":
        raise InvalidInput(Fault(f"{name}: table {PACK}", "this is the paper of a workbook"))
    tables, faults = {}, []
    for table, shape in SHAPES.items():
        rows = _rows(name, connection, table, shape.columns)
        if sealed.paper.contents.get(table) != digest_of(table, rows):
            faults.append(Fault(f"{name}: table {table}", "not as it was sealed: it was changed"))
        tables[table] = rows
    if faults:
        raise InvalidInput(faults)
    return OpenedPack(sealed, tables)


def _rows(name: str, connection: sqlite3.Connection, table: str, columns: Any) -> Rows:
    there = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if there != list(columns):
        raise InvalidInput(Fault(f"{name}: table {table}", "its columns are not those of a pack"))
    chosen = ", ".join(columns)
    found = connection.execute(f"SELECT {chosen} FROM {table} ORDER BY rowid LIMIT {MAX_ROWS + 1}")
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    if len(rows) > MAX_ROWS:
        raise InvalidInput(Fault(f"{name}: table {table}", f"more than {MAX_ROWS} rows"))
    for row in rows:
        for column, value in row.items():
            if isinstance(value, float) or (isinstance(value, bytes) != (column == "content")):
                where = f"{name}: table {table}, column {column}"
                raise InvalidInput(Fault(where, "a value of another kind than a pack has there"))
    return rows


def _sealed(name: str, rows: Rows) -> SealedPaper:
    where = f"{name}: table {PACK}"
    if len(rows) != 1:
        raise InvalidInput(Fault(where, "one row is expected"))
    (row,) = rows
    try:
        paper = Paper.model_validate_json(str(row["paper"]))
        seal = Seal.model_validate({"key": row["key"], "signature": row["signature"]})
    except ValidationError as error:
        raise InvalidInput(Fault(where, "what it says of itself cannot be read")) from error
    return SealedPaper(paper=paper, seal=seal)
