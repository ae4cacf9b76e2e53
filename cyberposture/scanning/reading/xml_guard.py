"""Streams the records of an XML file behind limits: a hostile file costs little, reaches nothing.

A record is a child of the root. What it means is the business of the caller.
"""

from collections.abc import Iterator
from typing import BinaryIO, NoReturn, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from cyberposture.errors import Fault, InvalidInput

CHUNK_BYTES = 16 * 1024
MAX_DEPTH = 64
"""Elements inside one another; nmap needs about ten."""
MAX_PIECE_BYTES = 4 * 1024 * 1024
"""One tag with its attributes, one text, or one comment."""
MAX_RECORD_BYTES = 64 * 1024 * 1024
MAX_RECORD_ELEMENTS = 1_000_000
"""A host that names every port of TCP and UDP has 400 000."""


class GuardedXML:
    """One pass over an XML file, of which only the record that is being read is kept in memory.

    No entity is declared and nothing is fetched: a document type may stand there bare or name a
    file elsewhere, but may not declare anything.
    """

    def __init__(self, stream: BinaryIO, name: str, root: str) -> None:
        self.name = name
        self.line = 1
        """Where the bytes begin that are being read, counted from 1; then where reading ended."""
        self.root: Element | None = None
        """The root with its attributes; None until it has begun."""
        self.problem: str | None = None
        """Why the file could not be read to a proper end."""
        self._stream = stream
        self._root_name = root
        self._parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
        self._guard: expat.XMLParserType | None = expat.ParserCreate()
        self._guard.StartDoctypeDeclHandler = self._check_document_type
        self._guard.EntityDeclHandler = self._refuse_entity
        self._depth = 0
        self._piece_bytes = self._record_bytes = self._record_elements = 0

    def records(self) -> Iterator[Element]:
        """Yield each child of the root when it is whole; it is forgotten afterwards.

        Where the file is cut or damaged, the records before that place are given, and `problem`
        is set when the iteration has ended.

        Raises:
            InvalidInput: the file has another root or none, or passes a limit; with its line.
        """
        while self.problem is None and (chunk := self._stream.read(CHUNK_BYTES)):
            self._feed(chunk)
            yield from self._finished()
            if self.problem is None:
                self._check_size(len(chunk))
                self.line += chunk.count(b"\n")
        if self.problem is None:
            yield from self._close()
        if self.root is None:
            self.refuse(f"not the XML of an <{self._root_name}>: the file is {self.problem}")

    def _feed(self, chunk: bytes) -> None:
        if self._guard:
            try:
                self._guard.Parse(chunk)
            except expat.ExpatError:
                # The parser proper meets the same error, after giving what stands before it.
                self._guard = None
            except (ValueError, LookupError):
                self.refuse("its encoding cannot be read; nmap writes UTF-8")
        self._parser.feed(chunk)

    def _close(self) -> Iterator[Element]:
        try:
            self._parser.close()
        except ParseError:
            self.problem = "cut here, before its end" if self._record_bytes else "empty"
        yield from self._finished()

    def _finished(self) -> Iterator[Element]:
        depth, elements, event = self._depth, self._record_elements, None
        events = cast("Iterator[tuple[str, Element]]", self._parser.read_events())
        try:
            for event, element in events:
                if event == "start":
                    depth += 1
                    elements += 1
                    if depth == 1:
                        self._begin(element)
                    elif depth > MAX_DEPTH:
                        self.refuse(f"elements are nested deeper than {MAX_DEPTH}")
                else:
                    if depth == 2:
                        yield element
                        self._forget()
                        elements = 0
                    depth -= 1
        except ParseError as error:
            self.line = error.position[0]
            self.problem = f"damaged here ({expat.ErrorString(error.code)})"
        self._depth, self._record_elements = depth, elements
        if event:
            self._piece_bytes = 0

    def _begin(self, root: Element) -> None:
        if root.tag != self._root_name:
            self.refuse(f"the root element is <{root.tag:.40}> instead of <{self._root_name}>")
        # Nothing can be declared any more once the root has begun.
        self._guard = None
        self.root = root

    def _forget(self) -> None:
        if self.root is not None:
            del self.root[:]
        self._record_bytes = 0

    def _check_size(self, size_bytes: int) -> None:
        self._piece_bytes += size_bytes
        self._record_bytes += size_bytes
        if self._piece_bytes > MAX_PIECE_BYTES:
            self.refuse(f"a single tag, text or comment is longer than {MAX_PIECE_BYTES} bytes")
        if self._record_bytes > MAX_RECORD_BYTES or self._record_elements > MAX_RECORD_ELEMENTS:
            self.refuse("this record is larger than any real one")

    def _check_document_type(
        self, _name: str, _system: str | None, _public: str | None, declares: bool
    ) -> None:
        if declares:
            self._refuse_declaration()

    def _refuse_entity(self, *_details: object) -> None:
        self._refuse_declaration()

    def _refuse_declaration(self) -> NoReturn:
        if self._guard:
            self.line = self._guard.CurrentLineNumber
        self.refuse("the document type declares entities or elements of its own")

    def refuse(self, what: str) -> NoReturn:
        """Stop reading.

        Raises:
            InvalidInput: always, located at the line from which bytes are being read.
        """
        raise InvalidInput(Fault(f"{self.name}:{self.line}", what))
