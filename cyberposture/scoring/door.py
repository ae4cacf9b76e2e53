"""The pure door of scoring: documents in as NDJSON, results out as NDJSON, one a line.

It needs no register and no network. It does not open files: the command line hands it lines.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.scoring.rollup import compute

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHOWN = 60
"""Characters of a refused value that are shown."""
KINDS = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
    "model_type": "must be an object",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "finite_number": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
}
"""Our words for the faults that the model finds in the kind of a value."""


def compute_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield one result for each document, in the same order, as compact ASCII JSON.

    Lines of nothing but white space are passed over, though they count as lines.

    Raises:
        InvalidInput: a line is refused; the results of all lines before it were yielded, and
            each fault names the line and the JSON path.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield write_result(compute(read_document(line, where=f"line {number}")))


def read_document(text: str, where: str) -> ScoreDocument:
    """Return the document that `text` holds; `where` stands before the path of each fault.

    Raises:
        InvalidInput: the text is not JSON, repeats a key, or is no sound document.
    """
    plain = _read_json(text, where)
    try:
        return ScoreDocument.model_validate(plain)
    except ValidationError as error:
        faults = [
            Fault(f"{where}: {json_path(fault['loc'])}", _what(fault["type"], fault))
            for fault in error.errors(include_url=False, include_context=False)
        ]
        raise InvalidInput(faults) from error


def _read_json(text: str, where: str) -> Any:
    """Return what `text` says as plain values, refusing an object that repeats a key.

    NaN and the infinities pass here; no place in a document takes a number with a fraction, so
    that the model refuses them with their path.
    """
    repeating: list[tuple[dict[str, Any], list[str]]] = []

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) < len(pairs):
            times = Counter(key for key, _ in pairs)
            repeating.append((plain, [key for key in plain if times[key] > 1]))
        return plain

    try:
        plain = json.loads(text, object_pairs_hook=as_object)
    except json.JSONDecodeError as error:
        raise InvalidInput(Fault(f"{where}: $", f"column {error.colno}: {error.msg}")) from error
    except (RecursionError, ValueError) as error:
        raise InvalidInput(Fault(f"{where}: $", "nested too deep, or too long a number")) from error
    if repeating:
        keys = {id(value): names for value, names in repeating}
        paths = sorted(_paths_of(plain, keys))
        raise InvalidInput([Fault(f"{where}: {path}", "the key stands twice") for path in paths])
    return plain


def _paths_of(plain: Any, keys: dict[int, list[str]]) -> Iterator[str]:
    """Yield the path of each named key of the objects whose identity is given."""
    waiting: list[tuple[str, Any]] = [("$", plain)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            yield from (path + _step(key) for key in keys.get(id(value), ()))
            waiting += [(path + _step(key), child) for key, child in value.items()]
        elif isinstance(value, list):
            waiting += [(path + _step(i), child) for i, child in enumerate(value)]


def write_result(result: ScoreResult) -> str:
    """Return the result as compact ASCII JSON on one line, its keys in the published order."""
    return json.dumps(result.model_dump(), separators=(",", ":"))


def json_path(location: Iterable[str | int]) -> str:
    """Return a JSON path such as `$.answers[2].level`; unusual keys stand quoted in brackets."""
    return "$" + "".join(_step(part) for part in location)


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if PLAIN_KEY.fullmatch(part) else f"[{json.dumps(part)}]"


def _what(kind: str, fault: Any) -> str:
    said = KINDS.get(kind, fault["msg"])
    given = fault["input"]
    if kind == "missing" or not isinstance(given, str | int | float | None):
        return said
    shown = json.dumps(given)
    return f"{said}; given {shown[:SHOWN]}{'…' if len(shown) > SHOWN else ''}"
