"""Says which controls a profile's import, or a place in its own structure, asks for."""

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from cyberposture.exchange.oscal.prose import Plain

Say = Callable[[tuple[str | int, ...], str], None]
"""Notes a remark at a path of the profile."""


class Standing(NamedTuple):
    """A control where it stands in a catalogue, below these controls (outermost first)."""

    control: Plain
    above: tuple[str, ...]


def standing_controls(holder: Plain, above: tuple[str, ...] = ()) -> Iterator[Standing]:
    """Yield every control of a catalogue, group or control, in the order of the document."""
    for control in holder.get("controls", ()):
        yield Standing(control, above)
        yield from standing_controls(control, (*above, control["id"]))
    for group in holder.get("groups", ()):
        yield from standing_controls(group)


def choose(
    controls: Sequence[Standing], directive: Plain, path: tuple[str | int, ...], say: Say
) -> set[str]:
    """Return the ids that `directive` includes and does not exclude.

    Without include-all or include-controls everything is included. An exclusion prevails. Children
    follow their parent only where with-child-controls says yes, and then all that are below it.
    """
    ids = {standing.control["id"] for standing in controls}
    if "include-controls" in directive and "include-all" not in directive:
        included = _match(controls, directive["include-controls"], (*path, "include-controls"), say)
    else:
        included = ids
    excluded = _match(
        controls, directive.get("exclude-controls", []), (*path, "exclude-controls"), say
    )
    return included - excluded


def _match(
    controls: Sequence[Standing], selectors: list[Any], path: tuple[str | int, ...], say: Say
) -> set[str]:
    found: set[str] = set()
    ids = {standing.control["id"] for standing in controls}
    for number, selector in enumerate(selectors):
        named = set(selector.get("with-ids", ()))
        for missing in sorted(named - ids):
            say((*path, number, "with-ids"), f"there is no control {missing}")
        for position, matching in enumerate(selector.get("matching", ())):
            pattern = matching.get("pattern", "")
            matched = {identity for identity in ids if fnmatchcase(identity, pattern)}
            if not matched:
                say((*path, number, "matching", position), f"no control matches {pattern}")
            named |= matched
        if selector.get("with-child-controls") == "yes":
            named |= {s.control["id"] for s in controls if named.intersection(s.above)}
        found |= named & ids
    return found
