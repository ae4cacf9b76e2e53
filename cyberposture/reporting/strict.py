"""Reads a report as strictly as one can: what is not well-formed HTML, or could act, is a fault.

Browsers mend whatever they get, so that a mistake shows on one telephone and on no other. This
reads it by the rules of writing: HTML, Living Standard, sections 4 and 13.1.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset({"meta", "br", "link", "img", "hr", "input", "col", "wbr"})
SELF_CLOSED: Final = frozenset(
    {"rect", "circle", "line", "path", "use", "polyline", "polygon", "stop"}
)
"""Elements of SVG that hold nothing."""
BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure",
     "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "main", "nav", "ol", "p",
     "pre", "section", "table", "ul"}
)  # fmt: skip
OF_PHRASES: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "span", "code", "b", "i", "em", "strong", "small",
     "bdi", "sub", "sup", "abbr", "time", "label", "pre"}
)  # fmt: skip
"""Elements that hold text and no block."""
PARENTS: Final = {
    "li": {"ul", "ol"}, "dt": {"dl", "div"}, "dd": {"dl", "div"}, "tr": {"thead", "tbody", "tfoot"},
    "td": {"tr"}, "th": {"tr"}, "thead": {"table"}, "tbody": {"table"}, "tfoot": {"table"},
    "caption": {"table"}, "summary": {"details"}, "figcaption": {"figure"}, "legend": {"fieldset"},
    "option": {"select"}, "head": {"html"}, "body": {"html"}, "style": {"head"},
}  # fmt: skip
ACTING: Final = frozenset(
    {"script", "iframe", "object", "embed", "link", "img", "form", "base", "audio", "video",
     "source", "input", "button", "frame", "applet", "template"}
)  # fmt: skip
"""Elements that fetch something or do something."""
FETCHING: Final = frozenset(
    {"src", "srcset", "action", "formaction", "poster", "data", "background", "ping"}
)
REFERRING: Final = frozenset({"aria-labelledby", "aria-describedby", "aria-controls", "for",
                              "headers"})  # fmt: skip
STEERING: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
"""Marks that turn the direction of text; Urdu needs none of them."""
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ufeff\ud800-\udfff]")
AMPERSAND: Final = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,30};)")


class StrictPage(HTMLParser):
    """The elements, ids, links and text of one page, and what is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.styles: list[str] = []
        self.declarations: list[str] = []
        self.open: list[str] = []
        """The elements that are open now, the innermost last."""
        self.feed(html)
        self.close()
        if self.open:
            self._fault(f"never closed: {', '.join(self.open)}")

    def _fault(self, what: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {what}")

    def handle_decl(self, decl: str) -> None:
        """Note the declaration that a page begins with."""
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, and hold it against those that are open."""
        if tag in SELF_CLOSED:
            self._fault(f"<{tag}> is not closed")
        self._note(tag, attrs)
        if tag not in VOID | SELF_CLOSED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself, which in HTML only those of SVG do."""
        if tag not in SELF_CLOSED:
            self._fault(f"<{tag}/> closes nothing in HTML")
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        if not self.open or self.open[-1] != tag:
            inside = f"inside <{self.open[-1]}>" if self.open else "outside of everything"
            self._fault(f"</{tag}> {inside}")
            if tag not in self.open:
                return
            while self.open[-1] != tag:
                self.open.pop()
        self.open.pop()

    def handle_data(self, data: str) -> None:
        """Take text where it belongs: to the style, or to people."""
        (self.styles if self.open and self.open[-1] == "style" else self.text).append(data)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._fault(f"<{tag}> has {name} twice")
        parent = self.open[-1] if self.open else ""
        if tag in PARENTS and parent not in PARENTS[tag]:
            self._fault(f"<{tag}> inside <{parent}>")
        if tag in BLOCKS and (held := [one for one in self.open if one in OF_PHRASES]):
            self._fault(f"<{tag}> inside <{held[-1]}>, which holds text alone")
        if tag == "a" and "a" in self.open:
            self._fault("a link inside a link")
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.links.append(value or "")

    @property
    def words(self) -> str:
        """All text of the page, blanks made single."""
        return " ".join(" ".join(self.text).split())


def faults_of(page: StrictPage, html: str) -> list[str]:
    """Return everything that is wrong with a report, as sentences; [] where nothing is."""
    return [*page.faults, *_whole(page), *_references(page), *_acting(page), *_policy(page, html),
            *_signs(page, html)]  # fmt: skip


def _whole(page: StrictPage) -> Iterator[str]:
    if page.declarations != ["doctype html"]:
        yield "it does not begin with <!doctype html>, once"
    for tag in ("html", "head", "title", "body", "main"):
        if page.tags.count(tag) != 1 and not (tag == "title" and "svg" in page.tags):
            yield f"it has {page.tags.count(tag)} <{tag}>"
    languages = [v for tag, name, v in page.attributes if (tag, name) == ("html", "lang") and v]
    if not languages:
        yield "it does not say its language"
    if "h1" not in page.tags:
        yield "it has no heading of the first order"


def _references(page: StrictPage) -> Iterator[str]:
    known = set(page.ids)
    for one in (
        sorted({one for one in known if page.ids.count(one) > 1})
        if len(known) < len(page.ids)
        else ()
    ):
        yield f"the id {one[:60]!r} stands twice"
    for one in sorted({one for one in known if not one or any(sign.isspace() for sign in one)}):
        yield f"the id {one[:60]!r} is none"
    for link in sorted(set(page.links)):
        if link.startswith("#") and link[1:] not in known:
            yield f"the link {link[:60]!r} leads nowhere"
    named = {(name, one) for _, name, value in page.attributes if name in REFERRING
             for one in value.split()}  # fmt: skip
    for name, one in sorted(named):
        if one not in known:
            yield f"{name} names {one[:60]!r}, which is not there"


def _acting(page: StrictPage) -> Iterator[str]:
    for tag in sorted(ACTING & set(page.tags)):
        yield f"<{tag}> has no place in a report"
    for link in sorted({link for link in page.links if not link.startswith("#")}):
        yield f"the link {link[:60]!r} leads away from the page"
    for tag, name, value in page.attributes:
        if name.startswith("on") or name == "style" or name in FETCHING:
            yield f"<{tag}> has the attribute {name}"
        if "<" in value:
            yield f"{name} of <{tag}> holds markup"
        if tag == "meta" and name == "http-equiv" and value.lower() == "refresh":
            yield "it leads away by itself"
    for style in page.styles:
        if "url(" in style or "@import" in style:
            yield "its style fetches something"


def _policy(page: StrictPage, html: str) -> Iterator[str]:
    """Yield where the page's own policy allows more, or less, than its one style."""
    if html.count("<style>") != 1 or len(page.styles) == 0:
        yield "it does not have one style"
        return
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8", "replace")).digest()).decode()
    wanted = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    said = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content")]
    if wanted not in said:
        yield "its security policy is not that nothing but its own style may act"


def _signs(page: StrictPage, html: str) -> Iterator[str]:
    if STEERING.search(html):
        yield "a mark that steers text came through"
    if found := CONTROL.search(html):
        yield f"the control character U+{ord(found[0]):04X} came through"
    outside = html.replace(html.partition("<style>")[2].partition("</style>")[0], "")
    if AMPERSAND.search(outside):
        yield "an & stands for itself"
