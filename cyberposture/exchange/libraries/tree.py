"""YAML of others as a plain tree of text, each part with its line; nothing in it is guessed.

A scalar stays the text that stands in the file: `1.10` is no number and `no` is no truth value.
Anchors and aliases are followed, for programs write them, within a bound on what they unfold to.
It is no reader of our own content, which content/documents.py reads strictly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from cyberposture.content.reading.files import decode_text
from cyberposture.errors import Fault, InvalidInput

MAX_DEPTH = 40
MAX_WEIGHT = 3_000_000
"""What a file may hold with its aliases written out: ten times the largest library known."""
_TEXT_OF_WEIGHT_1 = 64

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Part:
    """A text, a list or a mapping of the file; what is written as null is an empty text."""

    line: int
    text: str = ""
    items: list["Part"] = field(default_factory=list)
    fields: dict[str, "Part"] = field(default_factory=dict)
    weight: int = 1
    """How much there is of it, aliases written out: 1 a part, and 1 more for every 64 signs."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands here."""
        return not (self.text or self.items or self.fields)

    @property
    def values(self) -> list["Part"]:
        """What a list holds; anything else that is not empty stands for a list of one."""
        return self.items or ([] if self.is_empty else [self])


@dataclass(frozen=True, slots=True)
class Tree:
    """The root of a file, and where a key of a mapping stood twice."""

    root: Part
    repeated: tuple[tuple[int, str], ...]


def read_tree(name: str, data: bytes) -> Tree:
    """Return what stands in the first document of a YAML file that faults call `name`.

    Raises:
        InvalidInput: it is not UTF-8 or not YAML, nested too deep, or too large, with the line.
    """
    text = decode_text(name, data, marked=True)
    builder = _Builder(name, iter(yaml.parse(text, Loader=yaml.CSafeLoader)))
    try:
        return Tree(builder.build(), tuple(builder.repeated))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = str(error.problem or error).replace("\n", " ")
        raise InvalidInput(Fault(f"{name}:{line}", f"not YAML: {what}")) from error
    except yaml.YAMLError as error:
        # What no text may hold, such as a control sign; the parser counts the bytes before it.
        line = text.encode()[: getattr(error, "position", 0)].count(b"\n") + 1
        what = str(error).splitlines()[0]
        raise InvalidInput(Fault(f"{name}:{line}", f"not YAML: {what}")) from error


class _Builder:
    """Builds the tree from the parser's events."""

    def __init__(self, name: str, events: Iterator[yaml.Event]) -> None:
        self.repeated: list[tuple[int, str]] = []
        self._name = name
        self._events = events
        self._anchors: dict[str, Part] = {}

    def build(self) -> Part:
        """Return the root of the first document; an empty file has an empty one."""
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                return self._part(event, 1)
        return Part(1)

    def _fault(self, line: int, what: str) -> InvalidInput:
        return InvalidInput(Fault(f"{self._name}:{line}", what))

    def _part(self, event: yaml.Event, depth: int) -> Part:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if depth > MAX_DEPTH:
            raise self._fault(line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            # An alias within its own anchor finds nothing here, so that no circle can come in.
            if event.anchor not in self._anchors:
                raise self._fault(line, f"the alias *{event.anchor} leads to nothing before it")
            return self._anchors[event.anchor]
        part = Part(line)
        if isinstance(event, yaml.ScalarEvent):
            is_null = not event.style and event.value in _NULLS
            part.text = "" if is_null else event.value
            part.weight += len(part.text) // _TEXT_OF_WEIGHT_1
        elif isinstance(event, yaml.SequenceStartEvent):
            self._fill_list(part, depth)
        else:
            self._fill_mapping(part, depth)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = part
        return part

    def _fill_list(self, part: Part, depth: int) -> None:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            item = self._part(event, depth + 1)
            part.items.append(item)
            self._count(part, item)

    def _fill_mapping(self, part: Part, depth: int) -> None:
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            key = self._part(event, depth + 1)
            value = self._part(next(self._events), depth + 1)
            if key.text in part.fields:
                self.repeated.append((key.line, key.text))
            part.fields[key.text] = value
            self._count(part, value)

    def _count(self, holder: Part, part: Part) -> None:
        holder.weight += part.weight
        if holder.weight > MAX_WEIGHT:
            raise self._fault(part.line, "more than any library holds, with aliases written out")
