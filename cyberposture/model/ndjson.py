"""Reads one line of JSON strictly into a model, every fault with its line and JSON path.

It opens no files. A key given twice, NaN and the infinities are refused, because two readers could
take such a text for two different documents.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from cyberposture.errors import Fault, InvalidInput

T = TypeVar("T", bound=BaseModel)

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
    "model_type": "must be an object",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
}
"""Our words for the faults that a model finds in the kind of a value."""


class _Repeating(dict[str, Any]):
    """An object whose text gives a key more than once, and the first such key."""

    key: str


def read_json(model: type[T], text: str, where: str) -> T:
    """Return the `model` that `text` holds; `where` stands before the path of each fault.

    Raises:
        InvalidInput: no JSON, a key given twice, or a value that does not fit the model.
    """
    plain = _parse(text, where)
    repeated = [Fault(f"{where}: {path}", "stands here twice") for path in _repeated(plain)]
    if repeated:
        raise InvalidInput(repeated)
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        faults = [
            Fault(
                f"{where}: {_path(plain, item['type'], item['loc'])}",
                _words(item["type"], item["msg"]),
            )
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidInput(faults) from error


def _words(kind: str, message: str) -> str:
    return _WORDS.get(kind, message.removeprefix("Value error, "))


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        what = f"not JSON: column {error.colno}: {error.msg}"
        raise InvalidInput(Fault(f"{where}: $", what)) from error
    except ValueError as error:
        raise InvalidInput(Fault(f"{where}: $", f"not JSON: {error}")) from error
    except RecursionError as error:
        raise InvalidInput(Fault(f"{where}: $", "nested too deep")) from error


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    repeating = _Repeating(plain)
    repeating.key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return repeating


def _repeated(plain: Any) -> Iterator[str]:
    """Yield the path of each key given twice; a stack of our own holds any depth of nesting."""
    waiting = [("$", plain)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Repeating):
            yield path + _step(value.key)
        if isinstance(value, dict):
            waiting += [(path + _step(key), child) for key, child in value.items()]
        elif isinstance(value, list):
            waiting += [(path + _step(index), child) for index, child in enumerate(value)]


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.match(part) else f"[{json.dumps(part)}]"


def _path(plain: Any, kind: str, location: tuple[str | int, ...]) -> str:
    """Return the JSON path of a fault.

    Pydantic names the branch of a union that it tried as if it were a key; what is no key of the
    document is passed over, but for a key that is missing.
    """
    shown = "$"
    for part in location:
        is_key = isinstance(plain, dict) and part in plain
        is_place = isinstance(plain, list) and isinstance(part, int) and part < len(plain)
        if is_key or is_place:
            plain = plain[part]
            shown += _step(part)
    return shown + _step(location[-1]) if kind == "missing" else shown
