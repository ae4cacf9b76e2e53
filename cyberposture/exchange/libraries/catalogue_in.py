"""Tells a library's frameworks, or else its reference controls, as one plain foreign catalogue."""

from collections.abc import Iterable, Sequence
from itertools import chain, count
from textwrap import shorten

from cyberposture.exchange.libraries.nodes import Node, read_nodes
from cyberposture.exchange.libraries.notes import ID, PROSE, Notes, Plain
from cyberposture.exchange.libraries.questions import read_questions
from cyberposture.exchange.libraries.tree import Part

_BEGINNING = 80
"""How much of its text stands for the title of a group that has neither name nor number."""


class Teller:
    """Fills the controls and groups of a catalogue from one framework after the other."""

    def __init__(self, notes: Notes) -> None:
        self.controls: list[Plain] = []
        self.groups: list[Plain] = []
        self.ids: dict[str, str] = {}
        """The id of each node that was read, by its urn in lower case."""
        self._notes = notes
        self._lines: dict[str, int] = {}
        """Where the node stands that holds an id."""

    def tell_framework(self, framework: Part, above: tuple[str, ...]) -> None:
        """Add the nodes of a framework; `above` are the titles that all of its paths begin with."""
        notes = self._notes
        defined = {
            notes.label(group, "ref_id").lower()
            for group in framework.fields.get("implementation_groups_definition", Part(0)).values
        }
        nodes = read_nodes(notes, framework)
        names = {id(node): self._identify(node.part, node.urn) for node in nodes}
        paths: dict[int, tuple[str, ...]] = {}
        for node in _outermost_first(nodes):
            over = node.parent
            path = above if over is None else paths[id(over)]
            title = self._title(node)
            paths[id(node)] = path if node.is_assessable else (*path, title)
        for node in nodes:
            path = paths[id(node)]
            if node.is_assessable:
                self.controls.append(self._control(node, names, path, defined))
            else:
                self.groups.append(self._group(node, names[id(node)], path))

    def tell_reference_controls(self, measures: Iterable[Part]) -> None:
        """Add the measures of a library that has no framework."""
        for part in measures:
            notes = self._notes
            urn = notes.label(part, "urn").lower()
            labels = ("csf_function",)
            self.controls.append(
                {
                    "id": self._identify(part, urn),
                    "title": notes.label(part, "name"),
                    "statement": notes.prose(part, "description"),
                    "guidance": notes.prose(part, "annotation"),
                    "class_": notes.label(part, "category"),
                    "props": [*_urn_of(urn), *self._labels(part, labels)],
                }
            )

    def _identify(self, part: Part, urn: str) -> str:
        """Return an id that no other node has: its number, else the end of its urn."""
        number = self._notes.label(part, "ref_id")[:ID]
        ends = urn.split(":")
        offered = chain(
            (number, ends[-1], ":".join(ends[-2:]), urn),
            (f"{number[:80] or 'node'}@{part.line + place}" for place in count()),
        )
        found = next(one for one in (o[-ID:] for o in offered) if one and one not in self._lines)
        if number and found != number:
            line = self._lines[number]
            self._notes.add(part.line, f"{number} stands on line {line} already; called {found}")
        self._lines[found] = part.line
        if urn:
            self.ids[urn] = found
        return found

    def _title(self, node: Node) -> str:
        label, part = self._notes.label, node.part
        return (
            label(part, "name")
            or label(part, "ref_id")
            or shorten(label(part, "description"), _BEGINNING, placeholder=" …")
        )

    def _group(self, node: Node, identity: str, path: tuple[str, ...]) -> Plain:
        notes, part = self._notes, node.part
        if not path[-1]:
            notes.add(part.line, "a node without any text")
        text = _joined(notes.prose(part, "description"), notes.prose(part, "annotation"))
        return {"id": identity, "title": path[-1], "path": path[:-1], "text": text}

    def _control(
        self, node: Node, names: dict[int, str], path: tuple[str, ...], defined: set[str]
    ) -> Plain:
        notes, part = self._notes, node.part
        title, statement = notes.label(part, "name"), notes.prose(part, "description")
        questions = read_questions(notes, part)
        if not statement:
            statement, questions = questions, ""
        if not (title or statement):
            notes.add(part.line, f"{names[id(node)]} has no text")
        guidance = _joined(
            notes.prose(part, "annotation"), notes.prose(part, "typical_evidence"), questions
        )
        above = node.parent
        while above is not None and not above.is_assessable:
            above = above.parent
        return {
            "id": names[id(node)],
            "title": title,
            "statement": statement,
            "guidance": guidance,
            "parent": None if above is None else names[id(above)],
            "path": path,
            "class_": notes.label(part, "importance"),
            "props": [*_urn_of(node.urn), *self._groups_of(part, defined), *self._extras(part)],
        }

    def _groups_of(self, part: Part, defined: set[str]) -> list[Plain]:
        groups = self._notes.listed(part, "implementation_groups")
        unknown = [group for group in groups if group.lower() not in defined]
        if unknown:
            line = part.fields["implementation_groups"].line
            named = ", ".join(unknown)
            self._notes.add(line, f"implementation groups that are not defined: {named}")
        return [{"name": "implementation-group", "value": group} for group in groups]

    def _extras(self, part: Part) -> list[Plain]:
        return [
            *self._labels(part, ("weight",)),
            *({"name": "threat", "value": urn} for urn in self._notes.listed(part, "threats")),
            *(
                {"name": "reference-control", "value": urn}
                for urn in self._notes.listed(part, "reference_controls")
            ),
        ]

    def _labels(self, part: Part, keys: Sequence[str]) -> list[Plain]:
        found = ((key.replace("_", "-"), self._notes.label(part, key)) for key in keys)
        return [{"name": name, "value": value} for name, value in found if value]


def _outermost_first(nodes: list[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: node.depth)


def _urn_of(urn: str) -> list[Plain]:
    return [{"name": "urn", "value": urn}] if urn else []


def _joined(*texts: str) -> str:
    return "\n".join(text for text in texts if text)[:PROSE]
