"""Reads one large JSON object bit by bit: a list in it item by item, the rest as it stands.

Never more than one item is held. Every fault has the JSON path of its item. A key that stands
twice, NaN and the infinities are refused, as are texts after the end.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any, NoReturn

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.opened import Opened

MAX_ITEM = 64_000_000
"""Characters of one item. The largest entries of the NVD have some ten million (our estimate)."""
_CHUNK = 1 << 20
_LONGEST_WORD = 16
"""No word or escape of JSON is longer, so that one further from the end is not merely cut."""
_SPACE = " \t\r\n"


class JSONStream:
    """One file under way; made by `read_stream`."""

    def __init__(self, source: Opened) -> None:
        self._source = source
        self._text = ""
        self._at = 0
        self._is_over = False
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)

    def fault(self, path: str, what: str) -> InvalidInput:
        """Return the fault at a path of this file."""
        return InvalidInput(Fault(f"{self._source.name}: {path}", what))

    def _more(self, path: str, size: int = _CHUNK) -> bool:
        """Read on and return whether there was more."""
        if self._is_over:
            return False
        data = self._source.read(size)
        self._is_over = not data
        try:
            added = self._utf8.decode(data, final=self._is_over)
        except UnicodeDecodeError as error:
            raise self.fault(path, "not UTF-8 text") from error
        self._text = self._text[self._at :] + added
        self._at = 0
        return not self._is_over

    def peek(self, path: str) -> str:
        """Return the next character that is no space, which stays; '' at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(path):
                return ""

    def take(self, wanted: str, path: str) -> str:
        """Take one of the wanted characters and return it.

        Raises:
            InvalidInput: something else stands there, or nothing.
        """
        found = self.peek(path)
        if found == "":
            raise self.fault(path, "the file ends here, in the middle")
        if found not in wanted:
            raise self.fault(path, f"not JSON: {found!r} instead of {' or '.join(wanted)}")
        self._at += 1
        return found

    def value(self, path: str) -> Any:
        """Take the next value whole and return it.

        Raises:
            InvalidInput: it is no JSON, is cut off, too large, or holds a key twice.
        """
        self.peek(path)
        size = _CHUNK
        while True:
            cut: json.JSONDecodeError | None = None
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error
            except RecursionError as error:
                raise self.fault(path, "nested too deep") from error
            except ValueError as error:
                raise self.fault(path, str(error)) from error
            # A number may go on in what was not read yet.
            if cut is None and (end < len(self._text) or self._is_over):
                self._at = end
                return found
            if cut is not None and not self._may_go_on(cut):
                raise self.fault(path, f"not JSON: {cut.msg}") from cut
            if len(self._text) - self._at > MAX_ITEM:
                raise self.fault(path, f"longer than {MAX_ITEM} characters") from cut
            if not self._more(path, size) and cut is not None:
                raise self.fault(path, "the file ends here, in the middle") from cut
            size = min(size * 2, MAX_ITEM)

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Return whether what is wrong may be that the rest of the value was not read yet."""
        return error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_WORD

    def end(self) -> None:
        """Return if nothing but space is left.

        Raises:
            InvalidInput: something stands behind the end.
        """
        if self.peek("$"):
            raise self.fault("$", "something stands behind the end")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} stands twice")
    return plain


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def read_stream(source: Opened, list_key: str) -> Iterator[tuple[str, Any]]:
    """Yield each item of the list under `list_key` with its path, and the rest with its key's path.

    What is not in the list comes as (`$.key`, value), where it stands; an item as
    (`$.list_key[3]`, value).

    Raises:
        InvalidInput: the file is no such object, is cut off, or has faults; with the place.
    """
    stream = JSONStream(source)
    stream.take("{", "$")
    seen: set[str] = set()
    while stream.peek("$") != "}" or seen:
        key = stream.value("$")
        if not isinstance(key, str):
            raise stream.fault("$", "a key is text")
        path = f"$.{key[:60]}"
        if key in seen:
            raise stream.fault(path, "stands here twice")
        seen.add(key)
        stream.take(":", path)
        if key == list_key:
            yield from _items(stream, path)
        else:
            yield path, stream.value(path)
        if stream.take(",}", path) == "}":
            break
    else:
        stream.take("}", "$")
    stream.end()
    if list_key not in seen:
        raise stream.fault(f"$.{list_key}", "missing")


def _items(stream: JSONStream, path: str) -> Iterator[tuple[str, Any]]:
    stream.take("[", path)
    if stream.peek(path) == "]":
        stream.take("]", path)
        return
    number = 0
    while True:
        place = f"{path}[{number}]"
        yield place, stream.value(place)
        if stream.take(",]", place) == "]":
            return
        number += 1
