"""Writes controls and the files beside them as YAML, in the order and look of the present files."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from cyberposture.content.writing.blocks import cut_mapping, with_rows, with_values
from cyberposture.content.writing.layout import Flow, Folded, Quoted, laid_out, rows_laid_out
from cyberposture.model.controls import Clause, Condition, Control, Domain, Neighbour, Retired

T = TypeVar("T", Clause, Neighbour, Retired)

_ALWAYS = frozenset({"gate", "applies_when", "sources", "observations"})
"""The fields that stand in every control file, also where they hold nothing."""
_LONG = ("statement", "intent", "gap", "weight_reason")


def control_text(control: Control) -> str:
    """Return the text of a control's file."""
    fields: dict[str, Any] = control.model_dump(mode="json", by_alias=True)
    shown = {k: v for k, v in fields.items() if k in _ALWAYS or v not in (None, [], {}, False)}
    shown["evidence_mode"] = Quoted(control.evidence_mode)
    for name in _LONG:
        if name in shown:
            shown[name] = Folded(shown[name])
    if control.applies_when is not None:
        shown["applies_when"] = _condition(control.applies_when)
    quoted = ("edition", "clause")
    shown["sources"] = [
        Flow({k: Quoted(v) if k in quoted else v for k, v in source.items()})
        for source in fields["sources"]
    ]
    shown["observations"] = [Flow(use) for use in fields["observations"]]
    if control.levels is not None:
        shown["levels"] = {number: Folded(text) for number, text in fields["levels"].items()}
    return laid_out(shown)


def clause_fields(clause: Clause) -> dict[str, Any]:
    """Return a clause as a row of its file."""
    return {**clause.model_dump(), "id": Quoted(clause.id)}


def neighbour_fields(neighbour: Neighbour) -> dict[str, Any]:
    """Return a neighbouring framework as a row of its file."""
    return {**neighbour.model_dump(), "ids": Quoted(neighbour.ids)}


def retired_fields(retired: Retired) -> Flow:
    """Return a retired id as a row of its file."""
    return Flow({**retired.model_dump(), "on": Quoted(retired.on)})


def revise_control(text: str, old: Control, new: Control) -> str:
    """Return the file of a control after a change; fields that stay keep their lines as they are.

    `text` is the file as it is, and `old` the control in it.
    """
    before, after = (one.model_dump(mode="json", by_alias=True) for one in (old, new))
    laid = {block.key: block.lines for block in cut_mapping(control_text(new)).blocks}
    return with_values(
        text, {key: None if before[key] == after[key] else laid.get(key, "") for key in after}
    )


def revise_rows(text: str, old: Sequence[T], new: Sequence[T], fields: Callable[[T], Any]) -> str:
    """Return a file of rows after a change; rows that stay keep their lines as they are.

    `text` is the file as it is, `old` its rows, and `fields` lays one out; rows go by their id.
    """
    places = {row.id: place for place, row in enumerate(old)}
    rows: list[tuple[int | None, str | None]] = []
    for row in new:
        place = places.get(row.id)
        stays = place is not None and old[place] == row
        rows.append((place, None if stays else rows_laid_out([fields(row)])))
    return with_rows(text, rows)


def revise_domains(text: str, domains: Sequence[Domain]) -> str:
    """Return the framework's file with these domains and all else as it was."""
    keys: dict[str, str | None] = {block.key: None for block in cut_mapping(text).blocks}
    rows = [Flow(domain.model_dump()) for domain in domains]
    return with_values(text, keys | {"domains": laid_out({"domains": rows})})


def _condition(condition: Condition) -> dict[str, Any]:
    for name in ("any_of", "all_of"):
        parts = getattr(condition, name)
        if parts is not None:
            return {name: [_condition(part) for part in parts]}
    return condition.model_dump(exclude_none=True)
