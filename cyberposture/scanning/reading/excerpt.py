"""Cuts hosts out of nmap's XML, byte by byte as it was written, so that the rest can be kept.

It knows no more of the file than where an element begins and ends, and takes only what the parser
has read before: see `xml_guard`.
"""

from collections.abc import Collection
from xml.parsers import expat

from cyberposture.scanning.reading.nmap_xml import canonical_address

_OF_A_HOST = frozenset({"host", "hosthint"})
_OF_NOBODY = frozenset({"prescript", "postscript"})
"""What scripts said of the run as a whole: it may tell of any host."""


def keep_hosts(data: bytes, addresses: Collection[str]) -> bytes:
    """Return the file without the hosts that have none of these addresses.

    A file that was cut off is cut at its last whole element.
    """
    cutter = _Cutter(data, frozenset(addresses))
    return cutter.cut()


class _Cutter:
    def __init__(self, data: bytes, kept: frozenset[str]) -> None:
        self._data, self._kept = data, kept
        self._depth = 0
        self._began: int | None = None
        self._is_kept = False
        self._spans: list[tuple[int, int]] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def cut(self) -> bytes:
        """Return what is left."""
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError:
            end = self._began if self._began is not None else self._parser.ErrorByteIndex
            self._spans.append((end, len(self._data)))
        pieces, at = [], 0
        for begin, end in self._spans:
            pieces.append(self._data[at:begin])
            at = end
        return b"".join([*pieces, self._data[at:]])

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2 and tag in _OF_A_HOST | _OF_NOBODY:
            self._began, self._is_kept = self._parser.CurrentByteIndex, False
        elif self._began is not None and self._depth == 3 and tag == "address":
            self._is_kept = self._is_kept or (
                canonical_address(attributes.get("addr", "")) in self._kept
            )

    def _end(self, _tag: str) -> None:
        if self._depth == 2 and self._began is not None:
            if not self._is_kept:
                end = self._data.index(b">", self._parser.CurrentByteIndex) + 1
                self._spans.append((self._began, end))
            self._began = None
        self._depth -= 1
