"""Tells the catalogue as the rows of its tables, exactly as they are read again."""

from collections.abc import Iterable, Sequence
from typing import Any

from cyberposture.exchange.workbook.forms import Cell
from cyberposture.exchange.workbook.tables import (
    CLAUSES,
    CROSSINGS,
    DOMAINS,
    FRAMEWORKS,
    NOTES,
    RETIRED,
    SOURCES,
    SUCCESSION,
    Column,
    Table,
    controls_table,
    proposed_table,
    sizes_in,
)
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.foundation import Model

Rows = list[list[Cell]]


def tables_of(catalogue: Catalogue) -> list[tuple[Table, Rows]]:
    """Return every sheet that holds content, in the order of the workbook, with its rows."""
    sizes = sizes_in(catalogue)
    everybody = catalogue.controls + catalogue.proposed
    controls, proposed = controls_table(sizes), proposed_table(sizes)
    return [
        (controls, rows_of(controls, catalogue.controls)),
        *((part, part_rows(part, everybody)) for part in (SOURCES, NOTES, CROSSINGS)),
        (CLAUSES, rows_of(CLAUSES, catalogue.clauses)),
        (DOMAINS, rows_of(DOMAINS, catalogue.framework.domains)),
        (proposed, rows_of(proposed, catalogue.proposed)),
        (SUCCESSION, part_rows(SUCCESSION, everybody)),
        (RETIRED, rows_of(RETIRED, catalogue.retired)),
        (FRAMEWORKS, rows_of(FRAMEWORKS, catalogue.neighbours)),
    ]


def rows_of(table: Table, items: Iterable[Model]) -> Rows:
    """Return one row an item."""
    return [row_of(table.columns, item.model_dump(mode="json", by_alias=True)) for item in items]


def part_rows(table: Table, controls: Iterable[Control]) -> Rows:
    """Return one row a part, behind the id of the control that it belongs to."""
    rows: Rows = []
    for control in controls:
        parts = control.model_dump(mode="json", by_alias=True)[table.part_of]
        if isinstance(parts, dict):
            parts = [{"sector": sector, "note": note} for sector, note in parts.items()]
        rows += [[control.id, *row_of(table.columns[1:], part)] for part in parts]
    return rows


def row_of(columns: Sequence[Column], fields: dict[str, Any]) -> list[Cell]:
    """Return the cells of one row; a list without items leaves its cell empty."""
    cells: list[Cell] = []
    for column in columns:
        value: Any = fields
        for step in column.path:
            value = None if value is None else value.get(step)
        cells.append(None if value in (None, [], {}) else column.form.write(value))
    return cells
