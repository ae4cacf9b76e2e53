"""What a workbook remembers of the edition that it was made from: a mark on every row's content.

With it an import can tell what its author changed from what was changed in the folder meanwhile.
"""

from typing import Any

from cyberposture.content.digests import canonical, digest
from cyberposture.exchange.workbook.tables import PARTS
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.foundation import Model

FORMAT = "cyberposture catalogue 1"
KINDS = ("controls", "proposed", "clauses", "domains", "retired", "neighbours")
"""What a workbook holds, by its name in the catalogue."""


def mark_of(item: Model) -> str:
    """Return the mark of a row's content; the order of the rows of its parts is no content."""
    fields: dict[str, Any] = item.model_dump(mode="json", by_alias=True)
    if isinstance(item, Control):
        for part in PARTS:
            if isinstance(fields[part.part_of], list):
                fields[part.part_of] = sorted(fields[part.part_of], key=canonical)
    return digest(fields)


def items_of(catalogue: Catalogue, kind: str) -> tuple[Any, ...]:
    """Return the items of one kind; each has an id."""
    if kind == "domains":
        return catalogue.framework.domains
    return tuple(getattr(catalogue, kind))


def marks_of(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """Return the mark of every item by its id, kind by kind."""
    return {kind: {item.id: mark_of(item) for item in items_of(catalogue, kind)} for kind in KINDS}
