"""Strict YAML: one plain document a file, with the line of every value, or a located fault.

Built straight from the parser's events, so that anchors, aliases, tags and duplicate keys are
refused before anything is expanded. Only `true` and `false` are booleans; what YAML 1.1 would
quietly read as a date, an octal or a base-60 number must be quoted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cyberposture.content.reading.files import decode_text, read_bytes
from cyberposture.errors import Fault, InvalidInput

MAX_BYTES = 2_000_000
MAX_DEPTH = 32

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
_AMBIGUOUS = re.compile(
    r"(?:[-+]?0[0-7_xob][0-9a-fA-F_]*|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|\d{4}-\d\d?-\d\d?(?:[Tt\s].*)?|[-+]?\.(?:inf|nan)|[-+]?[0-9][0-9_]*_[0-9_]*"
    r"|[-+]?[0-9.]+[eE][-+]?[0-9]+|\+[0-9]+)\Z",
    re.IGNORECASE,
)
_NULLS = frozenset({"", "~", "null"})
_WRONG_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_SAID = dict.fromkeys(("model_type", "dict_type"), "a mapping is expected")
"""Faults that pydantic tells in the words of Python, in those of whoever writes the file."""

Path_ = tuple[str | int, ...]
T = TypeVar("T", bound=BaseModel)


@dataclass
class Document:
    """The plain value of a file and the line on which each part of it stands."""

    name: str
    value: Any
    lines: dict[Path_, int] = field(default_factory=dict)

    def where(self, path: Path_ = ()) -> str:
        """Return `file:line` of the nearest part that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Builder:
    """Turns parser events into plain values, keeping lines and refusing what is not plain."""

    def __init__(self, name: str, events: Iterator[yaml.Event]) -> None:
        self.document = Document(name, None)
        self.faults: list[Fault] = []
        self._events = events

    def _fault(self, event: yaml.Event, what: str) -> None:
        self.faults.append(Fault(f"{self.document.name}:{_line(event)}", what))

    def build(self) -> Document:
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fault(event, "a second document; one document a file is allowed")
                    break
            elif isinstance(event, yaml.NodeEvent):
                self.document.value = self._node(event, (), 1)
        return self.document

    def _node(self, event: yaml.Event, path: Path_, depth: int) -> Any:
        self.document.lines.setdefault(path, _line(event))
        if depth > MAX_DEPTH:
            raise InvalidInput(
                Fault(self.document.where(path), f"nested deeper than {MAX_DEPTH} levels")
            )
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidInput(
                Fault(
                    f"{self.document.name}:{_line(event)}",
                    "anchors and aliases are not allowed; write the value out",
                )
            )
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if tag := getattr(event, "tag", None):
            self._fault(event, f"the tag {tag} is not allowed; plain values only")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._mapping(path, depth)

    def _sequence(self, path: Path_, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Path_, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
                raise InvalidInput(
                    Fault(
                        f"{self.document.name}:{_line(event)}",
                        "a key must be a plain word, without anchor or tag",
                    )
                )
            key = event.value
            if key in found:
                self._fault(event, f"the key {key!r} stands here twice")
            self.document.lines[(*path, key)] = _line(event)
            found[key] = self._node(next(self._events), (*path, key), depth + 1)
        return found

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        if event.tag and not event.implicit[0]:
            self._fault(event, f"the tag {event.tag} is not allowed; plain values only")
        if event.style:
            return text
        lowered = text.lower()
        if lowered in _NULLS:
            return None
        if text in ("true", "false"):
            return text == "true"
        if lowered in _WRONG_WORDS or lowered in ("true", "false"):
            self._fault(event, f"{text}: write true or false, or quote it if it is a word")
            return text
        if _INTEGER.match(text):
            return self._integer(event, text)
        if _DECIMAL.match(text):
            return float(text)
        if _AMBIGUOUS.match(text):
            self._fault(event, f"{text}: quote it; YAML reads dates, times and such numbers oddly")
        return text

    def _integer(self, event: yaml.ScalarEvent, text: str) -> int:
        if len(text) > 18:
            self._fault(event, "a number of more than 18 digits")
            return 0
        return int(text)


def read_text(name: str, text: str) -> Document:
    """Return the document that `text` holds; `name` stands in every fault.

    Raises:
        InvalidInput: not plain YAML as described above, with file and line of each fault.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    builder = _Builder(name, iter(yaml.parse(text, Loader=yaml.CSafeLoader)))
    try:
        document = builder.build()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = str(error.problem or error).replace("\n", " ")
        raise InvalidInput([*builder.faults, Fault(f"{name}:{line}", what)]) from error
    except yaml.YAMLError as error:
        what = str(error).splitlines()[0]
        raise InvalidInput([*builder.faults, Fault(f"{name}:1", what)]) from error
    if builder.faults:
        raise InvalidInput(builder.faults)
    return document


def read_file(path: Path, name: str | None = None) -> Document:
    """Return the document in the file `path`.

    Raises:
        InvalidInput: the file cannot be read, is too large, is not UTF-8, or is not plain YAML.
    """
    shown = name or str(path)
    return read_text(shown, decode_text(shown, read_bytes(path, MAX_BYTES, shown)))


def faults_of(document: Document, error: ValidationError, prefix: Path_ = ()) -> list[Fault]:
    """Return every fault that pydantic found, each at the line of the value it speaks of."""
    faults = []
    for item in error.errors(include_url=False):
        path = prefix + tuple(item["loc"])
        shown = ".".join(str(part) for part in item["loc"])
        what = _SAID.get(item["type"], item["msg"].removeprefix("Value error, "))
        faults.append(Fault(document.where(path), f"{shown}: {what}" if shown else what))
    return faults


def build(model: type[T], document: Document, value: Any = None, prefix: Path_ = ()) -> T:
    """Return `model` made from the document, or from its part `value` at the path `prefix`.

    Raises:
        InvalidInput: the value does not fit the model; each fault with file and line.
    """
    try:
        return model.model_validate(document.value if value is None and not prefix else value)
    except ValidationError as error:
        raise InvalidInput(faults_of(document, error, prefix)) from error
