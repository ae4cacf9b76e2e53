"""Reads OSCAL documents: JSON of bounded size, in a shape that can be walked, faults by JSON path.

Nothing is fetched and nothing is dropped: the whole document stays beside what is read out of it.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from pydantic_core import from_json

from cyberposture.content.reading.files import decode_text, read_bytes
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal import shape
from cyberposture.exchange.oscal.memory import collector_paused

MAX_BYTES = 32_000_000
"""Three times the largest catalogue in common use."""

_SHOWN_FAULTS = 50
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_POSITION = re.compile(r"(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)\Z", re.DOTALL)
_TYPES = {
    "array": "a list",
    "object": "an object",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}
_SCHEMA_FILES = {
    "catalog": "oscal_catalog_schema.json",
    "profile": "oscal_profile_schema.json",
    "mapping-collection": "oscal_mapping_schema.json",
}


@dataclass(frozen=True)
class OSCALDocument:
    """A document as it was read: which kind, its body under that key, and the bytes themselves."""

    name: str
    kind: str
    body: dict[str, Any]
    data: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 digest of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def title(self) -> str:
        """What the document calls itself."""
        return str(self.body["metadata"]["title"])

    def where(self, *path: str | int) -> str:
        """Return the file and JSON path of a part of the body."""
        return f"{self.name}: {json_path((self.kind, *path))}"


def json_path(parts: Iterable[str | int]) -> str:
    """Return a path such as `$.catalog.groups[0]['last-modified']`."""
    shown = "$"
    for part in parts:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            shown += f".{part}" if _PLAIN_KEY.match(part) else f"[{part!r}]"
    return shown


def is_oscal(data: bytes) -> bool:
    """Return whether these bytes look like JSON or XML, which no library in YAML begins like."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"<")


@collector_paused()
def read_document(name: str, data: bytes, *, schemas: Path | None = None) -> OSCALDocument:
    """Return the document in `data`; `name` stands in every fault.

    With `schemas`, a folder of the official JSON schemas, it is checked against them as well, and
    a key that stands twice in one object is refused.

    Raises:
        InvalidInput: no JSON of bounded size and depth, no catalogue, profile or mapping, or not
            in their shape, with the JSON path of each fault (the first fifty).
    """
    plain = _parse(name, data)
    kind = _kind_of(name, plain)
    _check(name, shape.validator(kind), plain)
    if schemas is not None:
        _refuse_repeated_keys(name, data)
        _check(name, _official(schemas, kind), plain)
    return OSCALDocument(name, kind, plain[kind], data)


def _parse(name: str, data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    bare = data.removeprefix(b"\xef\xbb\xbf")
    if bare.lstrip()[:1] == b"<":
        raise InvalidInput(Fault(f"{name}:1", "this is XML; the JSON form of OSCAL is read"))
    try:
        return from_json(bare, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        # Whether it is text at all is asked only now, because it nearly always is.
        decode_text(name, bare)
        found = _POSITION.match(str(error))
        where = f"{name}:{found['line']}:{found['column']}" if found else name
        what = found["what"] if found else str(error)
        raise InvalidInput(Fault(where, f"no JSON that can be read: {what}")) from error


def _kind_of(name: str, plain: Any) -> str:
    if not isinstance(plain, dict):
        raise InvalidInput(Fault(f"{name}: $", "must be an object"))
    found = [kind for kind in shape.KINDS if kind in plain]
    if len(found) != 1:
        known = ", ".join(shape.KINDS)
        keys = ", ".join(repr(str(key)[:40]) for key in list(plain)[:5]) or "none"
        raise InvalidInput(
            Fault(f"{name}: $", f"one key is expected, of {known}; the keys are: {keys}")
        )
    return found[0]


def _check(name: str, validator: jsonschema_rs.Validator, plain: Any) -> None:
    if validator.is_valid(plain):
        return
    faults: list[Fault] = []
    for error in validator.iter_errors(plain):
        if len(faults) == _SHOWN_FAULTS:
            faults.append(Fault(name, "and more that are not shown"))
            break
        inner = _innermost(error)
        faults.append(Fault(f"{name}: {json_path(inner.instance_path)}", _words(inner)))
    raise InvalidInput(faults)


def _innermost(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Return the fault farthest inside, where none of several shapes fits."""
    while isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        inner = [fault for faults in error.kind.context for fault in faults]
        if not inner:
            break
        error = max(inner, key=lambda fault: len(fault.instance_path))
    return error


def _words(error: jsonschema_rs.ValidationError) -> str:
    """Return what is wrong in our words, where we have some."""
    word, value = error.kind.name, error.kind.value
    if word == "type" and isinstance(value, list):
        return f"must be {' or '.join(_TYPES.get(str(one), str(one)) for one in value)}"
    if word == "pattern" and value in shape.SAID:
        return shape.SAID[value]
    if word == "required":
        return f"lacks {value!r}"
    if word in ("minItems", "minLength"):
        return "must not be empty"
    if word == "enum" and isinstance(value, list):
        return f"must be one of: {', '.join(map(str, value))}"
    if word == "additionalProperties" and isinstance(value, list):
        return f"unknown here: {', '.join(repr(key[:40]) for key in value)}"
    return error.message[:300]


def _official(folder: Path, kind: str) -> jsonschema_rs.Validator:
    path = folder / _SCHEMA_FILES[kind]
    data = read_bytes(path, MAX_BYTES, str(path))
    try:
        return jsonschema_rs.validator_for(json.loads(data), mask="the value", offline=True)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise InvalidInput(Fault(str(path), "no JSON schema that can be used")) from error


def _refuse_repeated_keys(name: str, data: bytes) -> None:
    """Refuse a key that stands twice in an object: another program may read the other value."""
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            keys = [key for key, _ in pairs]
            repeated.extend(key for key in sorted(set(keys)) if keys.count(key) > 1)

    json.loads(data.decode("utf-8-sig"), object_pairs_hook=note)
    if repeated:
        listed = ", ".join(repr(key[:40]) for key in repeated[:5])
        raise InvalidInput(Fault(f"{name}: $", f"keys that stand twice in one object: {listed}"))
