"""Tells a record of ours as properties of our own namespace, and reads it back field by field.

What a property cannot say (a line break, a space at an end) travels beside it as JSON.
"""

from collections.abc import Collection
from functools import cache
from typing import TypeVar

from pydantic import ValidationError

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal.control_in import records, whole_number
from cyberposture.exchange.oscal.control_out import add_records
from cyberposture.exchange.oscal.prose import Plain
from cyberposture.exchange.oscal.words import find_own, is_value, own_prop
from cyberposture.model.foundation import Model

M = TypeVar("M", bound=Model)
_FLAGS = {"true": True, "false": False}


def tell(item: Plain, model: Model, back: Plain, *, names: Collection[str]) -> None:
    """Hang the fields of these names on `item` as properties, and as JSON what is lost otherwise.

    `back` holds the fields that reading takes from elsewhere in the item.
    """
    dumped = model.model_dump(mode="json", by_alias=True)
    props = [
        own_prop(_hyphened(name), text)
        for name in names
        if dumped[name] is not None and is_value(text := _as_text(dumped[name]))
    ]
    if props:
        item["props"] = [*item.get("props", ()), *props]
    add_records(item, model, {**_read(type(model), item, names), **back})


def read_back(kind: type[M], item: Plain, back: Plain, *, names: Collection[str], where: str) -> M:
    """Return the record that was told on `item`.

    Raises:
        InvalidInput: it was changed into something that is none, each fault at `where`.
    """
    try:
        kept = {name: value for name, value in records(item).items() if name in kind.model_fields}
        return kind.model_validate({**_read(kind, item, names), **back, **kept})
    except ValidationError as error:
        faults = [
            Fault(f"{where}.{'.'.join(map(str, one['loc']))}", one["msg"])
            for one in error.errors(include_url=False)[:20]
        ]
        raise InvalidInput(faults) from error
    except ValueError as error:
        raise InvalidInput(Fault(where, "a record that is no JSON")) from error


def _read(kind: type[Model], item: Plain, names: Collection[str]) -> Plain:
    found: Plain = {}
    for name in names:
        text = find_own(item, _hyphened(name))
        if text is None:
            # What is not told has its default; where there is none it can only be nothing.
            if kind.model_fields[name].is_required():
                found[name] = None
        elif bool in _types(kind, name):
            found[name] = _FLAGS.get(text, text)
        else:
            found[name] = whole_number(text) if int in _types(kind, name) else text
    return found


@cache
def _types(kind: type[Model], name: str) -> tuple[object, ...]:
    """Return the plain types that a field may have, as far as texts must be told from them."""
    schema = kind.model_json_schema()["properties"][name]
    told = [schema, *schema.get("anyOf", ())]
    words = {one.get("type") for one in told} | {
        "integer" for one in told for value in one.get("enum", ()) if isinstance(value, int)
    }
    return tuple(t for word, t in (("boolean", bool), ("integer", int)) if word in words)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _hyphened(name: str) -> str:
    return name.replace("_", "-")
