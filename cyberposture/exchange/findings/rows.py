"""Findings as rows: CSV for spreadsheets, and JSON with the same names."""

import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

from cyberposture.clock import to_iso
from cyberposture.exchange.cells import write_csv
from cyberposture.exchange.findings.shape import OutFinding
from cyberposture.exchange.oscal.prose import Plain

COLUMNS = tuple(field.name for field in fields(OutFinding))


def findings_csv(findings: Sequence[OutFinding]) -> bytes:
    """Return the table in UTF-8, one row a finding."""
    stream = io.StringIO(newline="")
    rows = ([_cell(value) for value in _row(one).values()] for one in findings)
    write_csv(stream, COLUMNS, rows)
    return stream.getvalue().encode()


def findings_json(findings: Sequence[OutFinding], as_of: datetime) -> Plain:
    """Return the list under its moment."""
    return {"as_of": to_iso(as_of), "findings": [_row(one) for one in findings]}


def _row(one: OutFinding) -> Plain:
    return {
        name: to_iso(value) if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _cell(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
