"""Writes every table and view of the analysts' file as a file of its own: CSV, JSON lines, Parquet.

They are read out of a finished analysts' file, so that no number can come out otherwise here.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

from cyberposture.errors import MissingService
from cyberposture.exchange.analysts.documentation import TABLES
from cyberposture.exchange.analysts.shape import Column, Table, View
from cyberposture.exchange.analysts.views import VIEWS
from cyberposture.exchange.cells import write_csv

Form = Literal["csv", "json", "parquet"]
FORMS: tuple[Form, ...] = get_args(Form)
ENDINGS: dict[Form, str] = {"csv": "csv", "json": "jsonl", "parquet": "parquet"}
_ROWS_AT_ONCE = 20_000
Line = tuple[Any, ...]


def write_tables(file: Path, folder: Path, form: Form) -> dict[str, int]:
    """Write the tables and views of an analysts' file into an empty folder; return rows by name.

    Raises:
        MissingService: Parquet is asked for and its library is not installed, or the folder
            cannot be written to.
    """
    if form == "parquet":
        _require_parquet()
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return {
                place.name: _write(connection, place, folder, form) for place in (*TABLES, *VIEWS)
            }
    except OSError as error:
        raise MissingService(f"{folder} cannot be written: {error.strerror}") from error


def _write(connection: sqlite3.Connection, place: Table | View, folder: Path, form: Form) -> int:
    out = folder / f"{place.name}.{ENDINGS[form]}"
    names = [column.name for column in place.columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    order = " ORDER BY rowid" if isinstance(place, Table) else ""
    lines = connection.execute(f'SELECT {quoted} FROM "{place.name}"{order}')
    if form == "parquet":
        return _write_parquet(lines, place, out)
    with out.open("w", encoding="utf-8", newline="") as stream:
        if form == "csv":
            return write_csv(stream, names, lines)
        count = 0
        for line in lines:
            row = dict(zip(names, _plain(line, place.columns), strict=True))
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
        return count


def _plain(line: Line, columns: Sequence[Column]) -> Iterator[Any]:
    """Yield values as JSON has them: flags as true and false, JSON text taken apart."""
    for value, column in zip(line, columns, strict=True):
        if value is not None and column.kind == "flag":
            yield bool(value)
        elif value is not None and column.kind == "json":
            yield json.loads(value)
        else:
            yield value


def _typed(line: Line, columns: Sequence[Column]) -> Iterator[Any]:
    """Yield values as Parquet has them: moments and days as such, JSON as text."""
    for value, column in zip(line, columns, strict=True):
        if value is None:
            yield None
        elif column.kind == "moment":
            yield datetime.fromisoformat(value)
        elif column.kind == "day":
            yield date.fromisoformat(value)
        elif column.kind == "flag":
            yield bool(value)
        elif column.kind == "percent":
            yield float(value)
        else:
            yield value


def _require_parquet() -> None:
    # The specification of a module inside a package asks for the package, so both are asked for.
    if find_spec("pyarrow") is None or find_spec("pyarrow.parquet") is None:
        raise MissingService(
            "Parquet needs pyarrow, which is not installed",
            advice="pip install 'cyberposture[parquet]'; --format csv and json need nothing",
        )


def _write_parquet(lines: Iterator[Line], place: Table | View, out: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(), "json": pa.string(), "number": pa.int64(), "points": pa.int64(),
        "percent": pa.float64(), "flag": pa.bool_(), "day": pa.date32(),
        "moment": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    schema = pa.schema(
        [
            pa.field(c.name, types[c.kind], c.optional, {"says": c.says, "kind": c.kind})
            for c in place.columns
        ],
        metadata={"says": place.says},
    )
    count = 0
    with pq.ParquetWriter(out, schema) as writer:
        while chunk := _take(lines):
            typed = [tuple(_typed(line, place.columns)) for line in chunk]
            arrays = [
                pa.array(values, field.type)
                for values, field in zip(zip(*typed, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(chunk)
    return count


def _take(lines: Iterator[Line]) -> list[Line]:
    return [line for _, line in zip(range(_ROWS_AT_ONCE), lines, strict=False)]
