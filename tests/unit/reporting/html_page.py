"""Reads a rendered report as strictly as a test wants it: every element closed where it must be."""

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "hr", "input"}
OWN = frozenset({"code", "bdi", "title", "style", "symbol"})
"""Elements that hold codes, names and other people's words; a window's title holds a name."""
OWN_CLASSES = frozenset({"code", "hash", "id", "whole"})
SENTENCE = re.compile(r"(?:[A-Za-z][A-Za-z'’-]+[ ,;:()]+){2,}[A-Za-z][A-Za-z'’-]+")
"""Three words of a Latin script in a row."""
AS_IT_STANDS = frozenset(
    {
        "ISACA Risk IT",
        "transport input ssh",
        "ip ssh version",
        "restrict default noquery",
        "Block Public Access",
        "Network Level Authentication",
        "Microsoft network server: digitally sign communications (always",
    }
)
"""Names of three words, and what is typed or clicked."""
SELF_CLOSED = {"rect", "circle", "line", "path", "use", "polyline"}


class Page(HTMLParser):
    """The elements, ids, links and text of one page; raises where elements do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.styles: list[str] = []
        self.english: list[str] = []
        """Runs of three English words or more, outside of codes, names and own words."""
        self._open: list[str] = []
        self._own: list[bool] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in SELF_CLOSED, f"<{tag}> is not closed, line {self.getpos()[0]}"
        self._note(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)
            given = dict(attrs)
            classes = set((given.get("class") or "").split())
            self._own.append(tag in OWN or given.get("lang") == "en" or bool(classes & OWN_CLASSES))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SELF_CLOSED, f"<{tag}/> closes nothing in HTML, line {self.getpos()[0]}"
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing, line {self.getpos()[0]}"
        assert self._open[-1] == tag, f"</{tag}> inside <{self._open[-1]}>, line {self.getpos()[0]}"
        self._open.pop()
        self._own.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._own):
            self._look_for_english(data)
        (self.styles if self._open and self._open[-1] == "style" else self.text).append(data)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name in ("title", "aria-label", "data-label"):
                self._look_for_english(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def _look_for_english(self, text: str) -> None:
        self.english += [run for run in SENTENCE.findall(text) if run not in AS_IT_STANDS]

    @property
    def words(self) -> str:
        """All text of the page, blanks made single."""
        return " ".join(" ".join(self.text).split())
