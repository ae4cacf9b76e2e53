"""The tables of a rendered report, read back from its HTML: what a workbook shows is what the page
shows, whatever the report.

Lists of facts (`dl`) are tables of three columns: whose fact, which, and what is true of it. A cell
holds a number where it, or the head of its column, is of the class `n`.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

HEADINGS = frozenset({"h1", "h2", "h3", "summary"})
LINES = frozenset({"tlp", "sub", "band-name", "score", "says"})
"""Paragraphs of the first screen that are a part of its table."""
LISTS = frozenset({"steps", "decisions"})
"""Lists of which each item is a row."""
HIDDEN = frozenset({"svg", "style", "title", "script", "nav"})
BREAKING = frozenset({"br", "li", "p", "div", "small", "span"})
"""What separates words, where nothing else does."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, whether it is a head, whether the page sets it as a number."""

    text: str
    is_head: bool = False
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table, the chapter in which it stands, and the nearer heading before it, if any."""

    chapter: str
    title: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass
class _Open:
    """A table that is being read."""

    chapter: str
    title: str
    rows: list[list[Cell]] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    """The columns whose head says that they hold numbers."""


def read_tables(html: str) -> tuple[Table, ...]:
    """Return all tables of a report in their order, lists of facts among them; empty ones fall out.

    The headline and the line below it come first, as a table of their own.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    whole = [one for one in reader.found if one.rows]
    return tuple(
        Table(one.chapter, one.title, tuple(tuple(row) for row in one.rows)) for one in whole
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Open] = [_Open("", "")]
        self._heading = {"h1": "", "h2": "", "h3": "", "summary": ""}
        self._text: list[str] = []
        self._hidden = 0
        self._cell: tuple[str, dict[str, str | None]] | None = None
        self._table: _Open | None = None
        self._list: _Open | None = None
        self._term = ""
        self._facts: _Open | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in HIDDEN:
            self._hidden += 1
        elif self._hidden:
            return
        elif tag == "table":
            self._table = self._opened()
        elif tag == "tr" and self._table is not None:
            self._table.rows.append([])
        elif tag in ("td", "th", "dt", "dd") or tag in HEADINGS:
            self._cell, self._text = (tag, given), []
        elif tag == "p" and LINES & _classes(given):
            self._cell, self._text = ("line", given), []
        elif tag == "ol" and LISTS & _classes(given):
            self._list = self._opened()
        elif tag == "li" and self._list is not None:
            self._cell, self._text = (tag, given), []
        elif tag in BREAKING:
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden -= 1
        elif self._hidden:
            return
        elif tag == "table":
            self._table = None
        elif tag == "ol":
            self._list = None
        elif self._cell and (tag == self._cell[0] or (tag == "p" and self._cell[0] == "line")):
            self._end(" ".join("".join(self._text).split()), *self._cell)
            self._cell = None
        elif tag in BREAKING:
            self._text.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell and not self._hidden:
            self._text.append(data)

    def _opened(self) -> _Open:
        near = self._heading["h3"]
        opened = _Open(self._heading["h2"] or self._heading["h1"], near)
        self.found.append(opened)
        return opened

    def _end(self, text: str, tag: str, given: dict[str, str | None]) -> None:
        if tag in HEADINGS:
            below = {"h1": ("h2", "h3", "summary"), "h2": ("h3", "summary"), "h3": ("summary",)}
            self._heading |= dict.fromkeys(below.get(tag, ()), "") | {tag: text}
            if tag != "summary":
                self._facts = None
            if tag == "h1":
                self.found[0].chapter = text
                self.found[0].rows.append([Cell(text, is_head=True)])
        elif tag == "line":
            self.found[0].rows.append([Cell(text)])
        elif tag == "li" and self._list is not None:
            self._list.rows.append([Cell(text)])
        elif tag == "dt":
            self._term = text
        elif tag == "dd":
            self._fact(text)
        elif self._table is not None and self._table.rows:
            row, is_number = self._table.rows[-1], "n" in _classes(given)
            if tag == "th" and is_number:
                self._table.numbers.add(len(row))
            is_number = is_number or len(row) in self._table.numbers
            wide = int(given.get("colspan") or 1)
            row += [Cell(text, tag == "th", is_number), *[Cell("")] * (wide - 1)]

    def _fact(self, text: str) -> None:
        if self._facts is None:
            self._facts = self._opened()
        whose = Cell(self._heading["summary"], is_head=True)
        self._facts.rows.append([whose, Cell(self._term), Cell(text, is_number=True)])


def _classes(given: dict[str, str | None]) -> set[str]:
    return set((given.get("class") or "").split())
