"""Joins what an author changed in a workbook with what was changed in the folder meanwhile.

What only one of the two changed is taken from there; what both changed differently is a fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberposture.content.reading.reader import Place
from cyberposture.errors import Fault
from cyberposture.exchange.workbook.marks import items_of, mark_of
from cyberposture.exchange.workbook.read import Written
from cyberposture.exchange.workbook.tables import CLAUSES, DOMAINS, FRAMEWORKS, RETIRED
from cyberposture.model.controls import Catalogue

_SHEETS = {
    "controls": "Controls",
    "proposed": "Proposed",
    "clauses": CLAUSES.title,
    "domains": DOMAINS.title,
    "retired": RETIRED.title,
    "neighbours": FRAMEWORKS.title,
}


@dataclass(frozen=True)
class Merged:
    """The catalogue as it would be, and why it cannot be, if so."""

    catalogue: Catalogue
    places: Mapping[tuple[str, str], Place]
    """Where each item stands in the workbook, by its kind and id."""
    faults: tuple[Fault, ...]


def merge(current: Catalogue, written: Written) -> Merged:
    """Return the folder's catalogue with the changes of the workbook in it."""
    faults: list[Fault] = []
    joined = {
        kind: _join(kind, items_of(current, kind), rows, written.marks[kind], faults)
        for kind, rows in written.items.items()
    }
    places = {(kind, i.id): place for kind, rows in written.items.items() for i, place in rows}
    faults += _gone_without_a_word(current, joined)
    framework = current.framework.model_copy(update={"domains": tuple(joined.pop("domains"))})
    for kind in ("controls", "proposed"):
        joined[kind] = sorted(joined[kind], key=lambda control: str(control.id))
    parts: dict[str, Any] = {kind: tuple(items) for kind, items in joined.items()}
    return Merged(
        current.model_copy(update={"framework": framework, **parts}), places, tuple(faults)
    )


def _join(
    kind: str,
    current: Sequence[Any],
    rows: Sequence[tuple[Any, Place]],
    marks: Mapping[str, str],
    faults: list[Fault],
) -> list[Any]:
    """Return the items of one kind: the folder's order, new ones behind those they stand behind."""
    now = {item.id: item for item in current}
    new = {item.id: (item, place) for item, place in rows}
    taken: dict[str, Any] = {}
    for identity in {**now, **new}:
        ours, row = now.get(identity), new.get(identity)
        was = marks.get(identity)
        is_now = None if ours is None else mark_of(ours)
        is_new = None if row is None else mark_of(row[0])
        if is_new in (was, is_now):
            taken[identity] = ours
        elif is_now == was:
            taken[identity] = None if row is None else row[0]
        else:
            where = _SHEETS[kind] if row is None else row[1].at("id")
            what = f"{identity} was changed in the folder too since this workbook was made"
            faults.append(Fault(where, what))
    order = list(now)
    for before, identity in zip([None, *new], new, strict=False):
        if identity not in now:
            order.insert(order.index(before) + 1 if before in order else len(order), identity)
    return [taken[identity] for identity in order if taken.get(identity) is not None]


def _gone_without_a_word(current: Catalogue, joined: Mapping[str, Sequence[Any]]) -> list[Fault]:
    """Return a fault for every control that has no row any more and is not retired."""
    kept = {control.id for kind in ("controls", "proposed") for control in joined[kind]}
    kept |= {row.id for row in joined["retired"]}
    what = "has no row any more; a control that goes is entered on the sheet Retired with day and "
    what += "reason, and an id is never changed"
    return [
        Fault(_SHEETS[kind], f"{control.id} {what}")
        for kind in ("controls", "proposed")
        for control in items_of(current, kind)
        if control.id not in kept
    ]
