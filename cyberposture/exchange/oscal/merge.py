"""Brings the controls that a profile selected into one structure: flat, as it was, or its own.

Every group and control in the result is a fresh object, so that it can be modified; what stands
inside them is shared with the source.
"""

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal.prose import Plain, inserted
from cyberposture.exchange.oscal.select import Say, Standing, choose, standing_controls
from cyberposture.exchange.oscal.words import find_own, own_prop

_SHELL = ("id", "class", "title", "params", "props")
"""What stays of a control that was not selected and holds one that was."""


class Import(NamedTuple):
    """A catalogue that a profile imports, and the ids that it takes of it."""

    body: Plain
    chosen: Set[str]


def merge(imports: Sequence[Import], directive: Plain, where: str, say: Say) -> Plain:
    """Return the groups, controls and loose parameters of the catalogue that results.

    Raises:
        InvalidInput: two imports bring different controls under one id, and the profile does not
            say which to use; `where` is the place of the directive in the profile.
    """
    method = directive.get("combine", {}).get("method", "keep")
    imports = _without_clashes(imports, method, where, say)
    if directive.get("as-is"):
        made: Plain = {}
        for item in imports:
            made = _joined(made, _as_it_was(item.body, item.chosen))
        params = [param for item in imports for param in item.body.get("params", ())]
        return {**({"params": params} if params else {}), **made}
    if "custom" in directive:
        made = _custom(directive["custom"], imports, ("merge", "custom"), say)
        placed = {standing.control["id"] for standing in standing_controls(made)}
        left = [id_ for item in imports for id_ in sorted(item.chosen - placed)]
        if left:
            say(("merge", "custom"), f"selected, and placed nowhere: {', '.join(left)}")
    else:
        controls = [control for item in imports for control in _flat(item.body, item.chosen)]
        made = {"controls": controls} if controls else {}
    return _with_loose_params(made, imports)


def _without_clashes(imports: Sequence[Import], method: str, where: str, say: Say) -> list[Import]:
    """Return the imports with every id left in one of them only: the first that brings it."""
    first: dict[str, Plain] = {}
    made: list[Import] = []
    for item in imports:
        found = {s.control["id"]: s.control for s in standing_controls(item.body)}
        again = sorted(item.chosen & first.keys())
        for identity in again:
            if _own_content(found[identity]) == _own_content(first[identity]):
                continue
            if method == "keep":
                raise InvalidInput(
                    Fault(where, f"{identity} comes from two imports, and is not the same in both"),
                    advice="a profile says in combine which is meant: use-first",
                )
            if method == "merge":
                say(("merge", "combine"), f"{identity}: merging was taken out of OSCAL; the first")
        first.update({identity: found[identity] for identity in item.chosen - set(again)})
        made.append(Import(item.body, item.chosen - set(again)))
    return made


def _own_content(control: Plain) -> Plain:
    return {key: value for key, value in control.items() if key != "controls"}


def _kept(holder: Plain, chosen: Set[str], *, shells: bool) -> Iterator[Plain]:
    """Yield the chosen controls of a holder, those in them included.

    What is chosen below a control that is not stays in a shell of it, or else takes its place.
    """
    for control in holder.get("controls", ()):
        inner = list(_kept(control, chosen, shells=shells))
        if control["id"] in chosen:
            yield {**_own_content(control), **({"controls": inner} if inner else {})}
        elif inner and shells:
            shell = {key: control[key] for key in _SHELL if key in control}
            mark = own_prop("selected", "no", remarks="It is here because it holds what was.")
            yield {**shell, "props": [*shell.get("props", ()), mark], "controls": inner}
        else:
            yield from inner


def _flat(holder: Plain, chosen: Set[str]) -> Iterator[Plain]:
    yield from _kept(holder, chosen, shells=False)
    for group in holder.get("groups", ()):
        yield from _flat(group, chosen)


def _as_it_was(holder: Plain, chosen: Set[str]) -> Plain:
    """Return the groups and controls of a holder as far as something chosen is in them."""
    controls = list(_kept(holder, chosen, shells=True))
    groups: list[Plain] = []
    for group in holder.get("groups", ()):
        inner = _as_it_was(group, chosen)
        if inner:
            own = {key: group[key] for key in group if key not in ("groups", "controls")}
            groups.append({**own, **inner})
    return {
        **({"groups": groups} if groups else {}),
        **({"controls": controls} if controls else {}),
    }


def _joined(first: Plain, second: Plain) -> Plain:
    """Return two holders as one: groups of one id, or of one title, and shells fall together."""
    made = {**second, **first}
    for key in ("groups", "controls"):
        items = _join_items(first.get(key, ()), second.get(key, ()))
        if items:
            made[key] = items
    return made


def _join_items(first: Iterable[Plain], second: Iterable[Plain]) -> list[Plain]:
    made = {item.get("id") or ("titled", item["title"]): item for item in first}
    for item in second:
        key = item.get("id") or ("titled", item["title"])
        if key not in made:
            made[key] = item
        elif find_own(made[key], "selected") == "no":
            made[key] = _joined(item, made[key])
        else:
            made[key] = _joined(made[key], item)
    return list(made.values())


def _custom(
    structure: Plain, imports: Sequence[Import], path: tuple[str | int, ...], say: Say
) -> Plain:
    """Return the profile's own structure with the controls in it that it places there."""
    made = {
        key: value for key, value in structure.items() if key not in ("groups", "insert-controls")
    }
    groups = [
        _custom(group, imports, (*path, "groups", number), say)
        for number, group in enumerate(structure.get("groups", ()))
    ]
    controls: list[Plain] = []
    for number, insert in enumerate(structure.get("insert-controls", ())):
        controls += _inserted(insert, imports, (*path, "insert-controls", number), say)
    return {
        **made,
        **({"groups": groups} if groups else {}),
        **({"controls": controls} if controls else {}),
    }


def _inserted(
    insert: Plain, imports: Sequence[Import], path: tuple[str | int, ...], say: Say
) -> list[Plain]:
    pool: list[Standing] = [
        standing
        for item in imports
        for standing in standing_controls(item.body)
        if standing.control["id"] in item.chosen
    ]
    asked = choose(pool, insert, path, say)
    controls = [one for item in imports for one in _flat(item.body, asked & item.chosen)]
    order = insert.get("order", "keep")
    if order != "keep":
        controls.sort(key=lambda control: str(control["id"]), reverse=order == "descending")
    return controls


def _with_loose_params(made: Plain, imports: Sequence[Import]) -> Plain:
    """Return the result with those parameters of catalogues and groups that its text inserts."""
    loose = {param["id"]: param for item in imports for param in _loose(item.body)}
    if not loose:
        return made
    needed: dict[str, Plain] = {}
    asked = inserted(json.dumps(made))
    while asked:
        new = {id_: loose[id_] for id_ in asked if id_ in loose and id_ not in needed}
        needed.update(new)
        asked = inserted(json.dumps(list(new.values())))
    params = [*made.get("params", ()), *needed.values()]
    return {**made, **({"params": params} if params else {})}


def _loose(holder: Plain) -> Iterator[Plain]:
    yield from holder.get("params", ())
    for group in holder.get("groups", ()):
        yield from _loose(group)
