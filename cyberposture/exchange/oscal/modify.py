"""Carries out what a profile modifies: values of parameters, and controls that it alters.

Parts of the source are never changed in place: whatever is touched is copied before.
"""

from copy import deepcopy
from typing import Any

from cyberposture.exchange.oscal.prose import Plain
from cyberposture.exchange.oscal.select import Say
from cyberposture.exchange.oscal.words import OSCAL_NAMESPACE

_REPLACED = ("class", "label", "usage", "values", "select", "depends-on")
_APPENDED = ("props", "links", "constraints", "guidelines")
_LISTS = ("params", "props", "links", "parts")
_CRITERIA = ("by-name", "by-class", "by-id", "by-item-name", "by-ns")
_ITEM_NAMES = {"param": "params", "prop": "props", "link": "links", "part": "parts"}


def modify(catalogue: Plain, directives: Plain, say: Say) -> None:
    """Set the parameters and alter the controls of `catalogue`, a fresh body, as directed."""
    settings: dict[str, list[Plain]] = {}
    for setting in directives.get("set-parameters", ()):
        settings.setdefault(setting["param-id"], []).append(setting)
    met: set[str] = set()
    if settings:
        _set_in(catalogue, settings, met)
    for number, setting in enumerate(directives.get("set-parameters", ())):
        if setting["param-id"] not in met:
            say(("modify", "set-parameters", number), f"no parameter {setting['param-id']}")
    places: dict[str, tuple[list[Any], int]] = {}
    _note_places(catalogue, places)
    for number, alter in enumerate(directives.get("alters", ())):
        path = ("modify", "alters", number)
        place = places.get(alter["control-id"])
        if place is None:
            say(path, f"no control {alter['control-id']} to alter")
            continue
        siblings, position = place
        siblings[position] = _altered(siblings[position], alter, path, say)


def _set_in(holder: Plain, settings: dict[str, list[Plain]], met: set[str]) -> None:
    """Set the parameters of a catalogue, group or control and of all that are in it."""
    if any(param["id"] in settings for param in holder.get("params", ())):
        holder["params"] = [
            _set(param, settings[param["id"]]) if param["id"] in settings else param
            for param in holder["params"]
        ]
        met.update(param["id"] for param in holder["params"] if param["id"] in settings)
    for key in ("groups", "controls"):
        for inner in holder.get(key, ()):
            _set_in(inner, settings, met)


def _set(param: Plain, settings: list[Plain]) -> Plain:
    made = dict(param)
    for setting in settings:
        if "values" in setting or "select" in setting:
            made.pop("values", None)
            made.pop("select", None)
        made.update({key: setting[key] for key in _REPLACED if key in setting})
        for key in _APPENDED:
            if key in setting:
                made[key] = [*made.get(key, ()), *setting[key]]
    return made


def _note_places(holder: Plain, places: dict[str, tuple[list[Any], int]]) -> None:
    for position, control in enumerate(holder.get("controls", ())):
        places[control["id"]] = (holder["controls"], position)
        _note_places(control, places)
    for group in holder.get("groups", ()):
        _note_places(group, places)


def _altered(control: Plain, alter: Plain, path: tuple[str | int, ...], say: Say) -> Plain:
    inner = control.get("controls")
    made = deepcopy({key: value for key, value in control.items() if key != "controls"})
    for number, remove in enumerate(alter.get("removes", ())):
        if not _remove(made, remove):
            say((*path, "removes", number), "nothing here is removed by this")
    for number, add in enumerate(alter.get("adds", ())):
        if not _add(made, add):
            say((*path, "adds", number), f"nothing has the id {add['by-id']}")
    if inner is not None:
        made["controls"] = inner
    return made


def _remove(holder: Plain, remove: Plain) -> bool:
    """Remove what meets every given criterion, at any depth of parts; return whether any did."""
    criteria = {key: remove[key] for key in _CRITERIA if key in remove}
    if not criteria:
        return False
    removed = False
    for key in _LISTS:
        if key not in holder:
            continue
        kept = [item for item in holder[key] if not _meets(key, item, criteria)]
        removed |= len(kept) < len(holder[key])
        holder[key] = kept
        if not kept:
            del holder[key]
        elif key != "links":
            for item in kept:
                removed |= _remove(item, remove)
    return removed


def _meets(key: str, item: Plain, criteria: Plain) -> bool:
    found = {
        "by-name": item.get("name"),
        "by-class": item.get("class"),
        "by-id": item.get("id"),
        "by-ns": item.get("ns", OSCAL_NAMESPACE) if key in ("props", "parts") else None,
    }
    return all(
        key == _ITEM_NAMES.get(value) if criterion == "by-item-name" else found[criterion] == value
        for criterion, value in criteria.items()
    )


def _add(control: Plain, add: Plain) -> bool:
    """Add to the control, or to or beside the item with the given id; return whether it exists."""
    position = add.get("position", "ending")
    target = add.get("by-id")
    if target is None or target == control["id"]:
        _add_into(control, add, first=position in ("starting", "before"))
        return True
    return _add_at(control, target, add, position)


def _add_at(holder: Plain, target: str, add: Plain, position: str) -> bool:
    for key in ("params", "parts"):
        for number, item in enumerate(holder.get(key, ())):
            if item.get("id") != target:
                if _add_at(item, target, add, position):
                    return True
                continue
            if position in ("before", "after"):
                at = number if position == "before" else number + 1
                holder[key][at:at] = deepcopy(add.get(key, []))
                others = {name: value for name, value in add.items() if name not in (key, "title")}
                _add_into(holder, others, first=position == "before")
            else:
                _add_into(item, add, first=position == "starting")
            return True
    return False


def _add_into(holder: Plain, add: Plain, *, first: bool) -> None:
    if "title" in add:
        holder["title"] = add["title"]
    for key in _LISTS:
        if key in add:
            new, old = deepcopy(add[key]), holder.get(key, [])
            holder[key] = [*new, *old] if first else [*old, *new]
