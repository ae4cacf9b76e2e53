"""Reads the national indicators of a catalogue, and sees that no national clause is forgotten."""

from collections.abc import Iterable
from pathlib import Path

from cyberposture.content.reading.documents import Document, build, read_file
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.controls import Clause
from cyberposture.model.foundation import Model
from cyberposture.model.indicators import Indicator, Unmeasured


class IndicatorsFile(Model):
    """What `indicators.yaml` holds."""

    indicators: tuple[Indicator, ...]
    unmeasured: tuple[Unmeasured, ...] = ()


def load_indicators(
    path: Path, name: str, clauses: Iterable[Clause]
) -> tuple[tuple[Indicator, ...], list[Fault]]:
    """Return the indicators in a file that faults call `name`, and every fault that it has.

    Where there is no such file the catalogue has no indicators, and that is no fault.
    """
    if not path.exists():
        return (), []
    try:
        document = read_file(path, name)
        written = build(IndicatorsFile, document)
    except InvalidInput as error:
        return (), error.faults
    return written.indicators, _faults(written, document, {c.id: c.level for c in clauses})


def _faults(written: IndicatorsFile, document: Document, levels: dict[str, str]) -> list[Fault]:
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    measured: set[str] = set()
    for place, indicator in enumerate(written.indicators):
        where = document.where(("indicators", place))
        if indicator.id in seen:
            faults.append(Fault(where, f"{indicator.id} stands in {seen[indicator.id]} already"))
        seen.setdefault(indicator.id, where)
        measured.update(indicator.clauses)
        for number, clause in enumerate(indicator.clauses):
            if clause not in levels:
                at = document.where(("indicators", place, "clauses", number))
                faults.append(Fault(at, f"unknown clause {clause}"))
    excused: set[str] = set()
    for place, row in enumerate(written.unmeasured):
        where = document.where(("unmeasured", place))
        excused.add(row.clause)
        if levels.get(row.clause) != "Nat":
            faults.append(Fault(where, f"{row.clause} is no clause of the level Nat"))
        elif row.clause in measured:
            faults.append(Fault(where, f"{row.clause} is measured by an indicator above"))
    bare = [c for c, level in levels.items() if level == "Nat" and c not in measured | excused]
    where = document.where(("indicators",))
    faults += [Fault(where, f"the national clause {clause} has no indicator") for clause in bare]
    return faults
