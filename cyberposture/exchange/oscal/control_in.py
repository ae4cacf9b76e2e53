"""Reads a control of ours back out of the OSCAL control that it was written as.

It gives plain fields; whether they make up a sound control is for the model to say.
"""

import json
from collections.abc import Iterator
from typing import Any

from cyberposture.exchange.oscal.prose import Plain, unescape
from cyberposture.exchange.oscal.words import NAMESPACE, own_values

RECORD = "record"
"""The property that carries, as JSON, what OSCAL has no words for; its class names the field."""


def control_fields(control: Plain) -> Plain:
    """Return the fields of the control, as its model writes itself down."""
    found: Plain = {
        "id": control["id"],
        "title": unescape(control["title"]),
        "statement": prose_of(control, "statement"),
        "intent": prose_of(control, "intent"),
        "guidance": dict(_by_class(control, "guidance")),
        "sector_notes": dict(_by_class(control, "sector-note")),
        "review": [unescape(item["prose"]) for item in items_of(control, "review")],
        "evidence": [_proof(item) for item in items_of(control, "evidence")],
        "observations": [
            {"code": prop["value"], "direction": prop.get("class")}
            for prop in own_values(control, "observation")
        ],
        "maps_to": [_crossing(prop) for prop in own_values(control, "crossing")],
        "sources": _sources(control),
    }
    for name in ("version", "weight", "tier", "gate", "evidence-mode"):
        prop = next(iter(own_values(control, name)), None)
        value = None if prop is None else prop["value"]
        found[name.replace("-", "_")] = (
            whole_number(value) if name in ("version", "weight") else value
        )
        if name == "weight" and prop is not None and "remarks" in prop:
            found["weight_reason"] = unescape(prop["remarks"])
    levels = {
        str(number): unescape(item["prose"])
        for number, item in enumerate(items_of(control, "levels"))
    }
    found["levels"] = levels or None
    found.update(records(control))
    return found


def records(item: Plain) -> Plain:
    """Return the fields that travel as JSON.

    Raises:
        ValueError: one is no JSON.
    """
    return {prop.get("class", ""): json.loads(prop["value"]) for prop in own_values(item, RECORD)}


def whole_number(value: str | None) -> int | str | None:
    """Return the number that a value says, or the value itself where it says none."""
    return int(value) if value is not None and value.isdecimal() and len(value) < 10 else value


def _parts(control: Plain, name: str) -> Iterator[Plain]:
    for part in control.get("parts", ()):
        if part["name"] == name:
            yield part


def prose_of(control: Plain, name: str) -> str | None:
    """Return the plain text of the first part of this name, or None."""
    part = next(_parts(control, name), None)
    return None if part is None else unescape(part.get("prose", ""))


def _by_class(control: Plain, name: str) -> Iterator[tuple[str, str]]:
    for part in _parts(control, name):
        yield part.get("class", "").removeprefix("_"), unescape(part.get("prose", ""))


def items_of(control: Plain, name: str) -> list[Plain]:
    """Return the items with a text in the parts of this name."""
    return [
        item
        for part in _parts(control, name)
        for item in part.get("parts", ())
        if item["name"] == "item" and "prose" in item
    ]


def _proof(item: Plain) -> Plain:
    age = next((p["value"] for p in own_values(item, "max-age-days")), None)
    return {"what": unescape(item["prose"]), "max_age_days": whole_number(age)}


def _crossing(prop: Plain) -> Plain:
    framework, _, identity = prop["value"].partition(" ")
    return {
        "framework": framework,
        "id": identity,
        "relation": prop.get("class"),
        "why": unescape(prop.get("remarks", "")),
    }


def _sources(control: Plain) -> list[Plain]:
    """Return the sources: the properties that are grouped as `source-1`, `source-2` and so on."""
    found: dict[str, dict[str, Any]] = {}
    for prop in control.get("props", ()):
        group = prop.get("group", "")
        if prop.get("ns") == NAMESPACE and group.startswith("source-"):
            found.setdefault(group, {})[prop["name"]] = prop["value"]
    return list(found.values())
