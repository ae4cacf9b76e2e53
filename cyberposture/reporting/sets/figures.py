"""The open files of a set: the figures of the nation's report as CSV, and what each column means.

They are written from the view, so that a file says what the page says and nothing else: what was
left out for the audience is empty here too.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cyberposture.clock import to_iso
from cyberposture.reporting.fixed import Fixed
from cyberposture.reporting.view.nation import NationView
from cyberposture.reporting.view.nation_annexes import GroupRow
from cyberposture.reporting.words import Words

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A sheet that opens a cell beginning so may calculate it."""
_NOTHING = "–"
FILES = ("groups", "bands", "domains", "gates", "exposure", "indicators", "dictionary")
"""The files that are made from a nation's report, the last of which explains the others."""


CORRECTED = ("corrected_at", "changed_controls")
"""The columns of the log of corrections."""
CHANGED = ("round", "fixed_at", "changed_at_least")
"""Its columns for the public."""


@dataclass(frozen=True, slots=True)
class Table:
    """One open file: its name without an ending, its columns, and its rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(view: NationView) -> tuple[Table, ...]:
    """Return the figures of a nation's report, one table a part of it."""
    hidden = {_NOTHING, str(view.words.say("count.hidden"))}

    def table(name: str, columns: str, rows: Iterable[Sequence[object]]) -> Table:
        told = (
            tuple("" if cell is None or str(cell) in hidden else str(cell) for cell in row)
            for row in rows
        )
        return Table(name, tuple(columns.split()), tuple(told))

    return (
        table("groups", "kind group asked answered assessed lower median upper", _groups(view)),
        table("bands", "group band institutions", _bands(view)),
        table("domains", "domain title group median", _domains(view)),
        table(
            "gates",
            "control title closed_at",
            ((row.control, row.title, row.closed_at) for row in view.gates),
        ),
        table(
            "exposure",
            "check title severity institutions",
            ((row.check, row.title, row.severity, row.institutions) for row in view.exposure),
        ),
        table("indicators", "indicator title figure value dated source", _indicators(view)),
    )


Rows = Iterator[tuple[object, ...]]


def _groups(view: NationView) -> Rows:
    yield from (("sector", *_group(row)) for row in view.spread.sectors)
    yield from (("profile", *_group(row)) for row in view.spread.profiles)


def _bands(view: NationView) -> Rows:
    for label, numbers, _ in view.bands.rows:
        for band, number in zip(view.bands.legend, numbers, strict=False):
            yield label, band.name, number


def _domains(view: NationView) -> Rows:
    for domain, title, cells in view.heat.rows:
        for (group, _), cell in zip(view.heat.groups, cells, strict=True):
            yield domain, title, group, cell.value


def _indicators(view: NationView) -> Rows:
    for row in view.indicators.rows:
        for figure in row.figures:
            yield row.code, row.title, figure.title, figure.value, row.dated, row.source


def _group(row: GroupRow) -> tuple[object, ...]:
    places: Sequence[object] = row.quartiles or (None, None, None)
    return (row.label, row.asked, row.answered, row.assessed, *places)


def corrections_of(corrected: Iterable[tuple[datetime, int]]) -> Table:
    """Return when final scores were corrected, and how many controls of each changed."""
    rows = ((to_iso(at)[:10], str(controls)) for at, controls in corrected)
    return Table("corrections", CORRECTED, tuple(rows))


def changes_of(round_code: str, fixed: Fixed) -> Table:
    """Return the log of corrections for the public; what is not told is empty."""
    told = "" if fixed.told is None else str(fixed.told)
    return Table("corrections", CHANGED, ((round_code, to_iso(fixed.at)[:10], told),))


def csv_of(table: Table) -> str:
    """Return a table as CSV with a head; no cell can be taken for a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(table.columns)
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return stream.getvalue()


def dictionary_of(
    tables: Sequence[Table], languages: Sequence[Words], log: tuple[str, ...] = CORRECTED
) -> Table:
    """Return what every column of the tables, and of the log, means in each language."""
    return Table(
        "dictionary",
        ("file", "column", *(f"meaning_{words.language}" for words in languages)),
        tuple(
            (
                f"{table.name}.csv",
                column,
                *(str(words.say(f"column.{column}")) for words in languages),
            )
            for table in (*tables, Table("corrections", log, ()))
            for column in table.columns
        ),
    )


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
