"""A report as PDF, printed from its HTML by WeasyPrint, so that paper and screen never differ.

The printer does not hand the page's style on to drawings inside it, and knows neither symbols of
other drawings nor `currentColor` from outside; both are settled here before it begins.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cyberposture.errors import MissingService
from cyberposture.reporting.paper_letters import as_seen

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = frozenset(
    {
        *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity"),
        *("text-anchor", "font-size", "font-weight", "font-family", "display", "direction"),
    }
)
"""What of a style a drawing needs."""
ADVICE = "install cyberposture[pdf] and the Debian packages libpangoft2-1.0-0, libharfbuzz-subset0"

Declarations = tuple[tuple[str, str], ...]


def as_pdf(html: str, sheet: str) -> bytes:
    """Return a report as PDF; `sheet` is what paper needs beside the report's own style.

    Equal texts give equal bytes. Nothing is fetched: whatever the text names is refused.

    Raises:
        MissingService: the printer, or a library of the system that it needs, is not installed.
    """
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise MissingService("PDF needs WeasyPrint and Pango", advice=ADVICE) from error
    nothing = weasyprint.URLFetcher(allowed_protocols=())
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    _put_symbols_in_place(document.etree_element)
    _settle_drawings(document.etree_element)
    if document.etree_element.get("dir") == "rtl":
        _turn_texts(document.etree_element)
    style = weasyprint.CSS(string=sheet, url_fetcher=nothing)
    printed: bytes = document.write_pdf(stylesheets=[style])
    return printed


def has_printer() -> bool:
    """Return whether reports can be printed here."""
    try:
        import weasyprint
    except (ImportError, OSError):
        return False
    return bool(weasyprint)


def _put_symbols_in_place(page: "Element") -> None:
    symbols = {one.get("id"): one for one in page.iter(f"{SVG}symbol")}
    for place in [parent for parent in page.iter() if parent.find(f"{SVG}use") is not None]:
        for number, use in enumerate(list(place)):
            symbol = symbols.get(use.get("href", "").removeprefix("#"))
            if use.tag != f"{SVG}use" or symbol is None:
                continue
            drawn = deepcopy(symbol)
            drawn.tag = f"{SVG}svg"
            drawn.attrib.pop("id")
            drawn.attrib.update({k: v for k, v in use.attrib.items() if k != "href"})
            drawn.tail = use.tail
            place[number] = drawn


def _settle_drawings(page: "Element") -> None:
    """Write into each part of a drawing what the style says of it."""
    import cssselect2

    style = "".join(one.text or "" for one in page.iter("{http://www.w3.org/1999/xhtml}style"))
    style = style or "".join(one.text or "" for one in page.iter("style"))
    matcher = cssselect2.Matcher()
    for selectors, declarations in _rules(style):
        for selector in selectors:
            matcher.add_selector(selector, declarations)
    colours: dict[int, str] = {}
    for element in cssselect2.ElementWrapper.from_html_root(page).iter_subtree():
        said: dict[str, str] = {}
        for *_, declarations in matcher.match(element):
            said.update(declarations)
        above = colours.get(id(element.parent.etree_element), "") if element.parent else ""
        colour = said.get("color", above)
        colours[id(element.etree_element)] = colour
        if not element.etree_element.tag.startswith(SVG):
            continue
        for name in DRAWN & said.keys():
            value = colour or "#000" if said[name] == "currentColor" else said[name]
            element.etree_element.set(name, value)


def _turn_texts(page: "Element") -> None:
    """Say of each text in a drawing that it runs from the right, and put its letters in place."""
    for text in page.iter(f"{SVG}text"):
        if "direction" not in text.attrib:
            text.set("direction", "rtl")
        for part in text.iter():
            part.text = as_seen(part.text or "")
            part.tail = as_seen(part.tail or "") if part is not text else part.tail


def _rules(style: str) -> Iterator[tuple[Any, Declarations]]:
    """Yield the rules that hold on paper: their selectors, and what they say, names resolved."""
    import cssselect2
    import tinycss2

    names: dict[str, str] = {}
    found: list[tuple[Any, list[Any]]] = []
    sheet = tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True)
    for rule in _on_paper(sheet):
        said = [
            one for one in tinycss2.parse_blocks_contents(rule.content) if one.type == "declaration"
        ]
        if tinycss2.serialize(rule.prelude).strip() == ":root":
            names.update({one.name: tinycss2.serialize(one.value).strip() for one in said})
            continue
        try:
            found.append((cssselect2.compile_selector_list(rule.prelude), said))
        except cssselect2.SelectorError:
            continue  # It asks for what only a screen has, such as the focus.
    for selectors, said in found:
        resolved = {one.name: _resolved(tinycss2.serialize(one.value).strip(), names)
                    for one in said if one.name in DRAWN or one.name == "color"}  # fmt: skip
        if any(one.name == "paint-order" for one in said):
            # The printer would draw the halo over its letters.
            resolved.pop("stroke", None)
        yield selectors, tuple(resolved.items())


def _on_paper(rules: list[Any]) -> Iterator[Any]:
    import tinycss2

    for rule in rules:
        if rule.type == "qualified-rule":
            yield rule
        elif _is_print(rule):
            yield from _on_paper(
                tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            )


def _is_print(rule: Any) -> bool:
    import tinycss2

    is_media = rule.type == "at-rule" and rule.lower_at_keyword == "media"
    return bool(is_media and tinycss2.serialize(rule.prelude).strip() == "print")


def _resolved(value: str, names: dict[str, str]) -> str:
    if value.startswith("var(") and value.endswith(")"):
        return names.get(value[4:-1].strip(), "#000")
    return value
