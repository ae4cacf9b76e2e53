"""Writes a control of ours as an OSCAL control that others can show, and that we can read back.

What OSCAL has a word for is said in that word; what reading back would not give word for word
travels beside it as JSON, so that nothing is lost, whatever fields a control may have.
"""

import json
from collections.abc import Callable, Iterator, Sequence

from pydantic_core import to_jsonable_python

from cyberposture.exchange.oscal.control_in import RECORD, control_fields
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import is_value, own_part, own_prop
from cyberposture.model.controls import Control
from cyberposture.model.foundation import Model


def control_out(control: Control, clause_uuid: Callable[[str], str | None]) -> Plain:
    """Return the OSCAL control; `clause_uuid` gives the resource that holds a clause."""
    links = [
        {"href": f"#{uuid}", "rel": "reference", "text": escape(text)}
        for source in control.sources
        if (uuid := clause_uuid(source.clause)) is not None
        and is_value(text := f"{source.instrument} {source.edition} {source.clause}")
    ]
    made: Plain = {
        "id": control.id,
        "class": "control",
        "title": title_line(control.title),
        "props": list(_props(control)),
        **({"links": links} if links else {}),
        "parts": list(_parts(control)),
    }
    add_records(made, control, control_fields(made))
    return made


def title_line(text: str) -> str:
    """Return a text as a title of OSCAL, which is one line and not empty."""
    return escape(" ".join(text.split())) or "-"


def add_records(item: Plain, model: Model, back: Plain) -> None:
    """Hang on `item`, as ASCII JSON, every field of the model that reading back gave otherwise."""
    defaults = {
        field.alias or name: to_jsonable_python(field.get_default(call_default_factory=True))
        for name, field in type(model).model_fields.items()
        if not field.is_required()
    }
    told = {**defaults, **back}
    props = [
        own_prop(RECORD, json.dumps(value), class_=name)
        for name, value in model.model_dump(mode="json", by_alias=True).items()
        if name not in told or told[name] != value
    ]
    if props:
        item["props"] = [*item.get("props", ()), *props]


def _props(control: Control) -> Iterator[Plain]:
    yield {"name": "label", "value": control.id}
    yield own_prop("version", control.version)
    reason = {} if control.weight_reason is None else {"remarks": escape(control.weight_reason)}
    yield own_prop("weight", control.weight, **reason)
    yield own_prop("tier", control.tier)
    if control.gate is not None:
        yield own_prop("gate", control.gate)
    yield own_prop("evidence-mode", control.evidence_mode)
    for use in control.observations:
        yield own_prop("observation", use.code, class_=use.direction)
    for crossing in control.maps_to:
        value = f"{crossing.framework} {crossing.id}"
        if is_value(value):
            yield own_prop(
                "crossing", value, class_=crossing.relation, remarks=escape(crossing.why)
            )
    for number, source in enumerate(control.sources, start=1):
        for name, value in source.model_dump(mode="json").items():
            if isinstance(value, str) and is_value(value):
                yield own_prop(name, value, group=f"source-{number}")


def _parts(control: Control) -> Iterator[Plain]:
    yield {"id": f"{control.id}_smt", "name": "statement", "prose": escape(control.statement)}
    if control.intent is not None:
        yield own_part("intent", id=f"{control.id}_int", prose=escape(control.intent))
    for size, text in control.guidance.items():
        yield {
            "id": f"{control.id}_gdn.{size}",
            "name": "guidance",
            "class": _token(size),
            "prose": escape(text),
        }
    for sector, text in control.sector_notes.items():
        name = f"{control.id}_sec.{sector}"
        yield own_part("sector-note", id=name, class_=_token(sector), prose=escape(text))
    if control.levels is not None:
        texts = list(control.levels.model_dump(by_alias=True).values())
        labels = [{"name": "label", "value": str(number)} for number in range(len(texts))]
        yield listed(control.id, "levels", "lvl", texts, [[label] for label in labels])
    if control.evidence:
        ages = [[own_prop("max-age-days", proof.max_age_days)] for proof in control.evidence]
        told = [proof.what for proof in control.evidence]
        yield listed(control.id, "evidence", "evd", told, ages)
    if control.review:
        yield listed(control.id, "review", "rev", control.review)


def listed(
    of: str, name: str, short: str, texts: Sequence[str], props: Sequence[list[Plain]] = ()
) -> Plain:
    """Return a part whose items are these texts, each with its properties; `of` begins all ids."""
    items = [
        {"id": f"{of}_{short}.{number}", "name": "item", "prose": escape(text)}
        for number, text in enumerate(texts)
    ]
    made = (
        [{**item, "props": hung} for item, hung in zip(items, props, strict=True)]
        if props
        else items
    )
    return own_part(name, id=f"{of}_{short}", parts=made)


def _token(code: str) -> str:
    """Return a code as a token of OSCAL, which begins with no digit."""
    return f"_{code}" if code[0].isdigit() else code
