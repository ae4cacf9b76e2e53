"""What our looks say, in the readers' language: kept sentences are taken apart and said again.

The register keeps each sentence in English as it was judged then. Its facts stand in it where the
check's own English sentence has them, and its detail is made of the pieces in `seen.en.yaml`: by
its English each is known again. What fits nothing is shown as it was kept, marked as English; what
a machine said stands as it is, apart. Reports and the portal's pages read it through here.
"""

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from html import escape
from typing import Final, Literal, NamedTuple

from cyberposture.model.checks import Says
from cyberposture.reporting.plain import SHORT, Text, clean
from cyberposture.reporting.words import Words

Kind = Literal["pass", "fail", "inconclusive", "potential", "not-tested", "not-applicable"]
Pairs = Mapping[str, tuple[Says, Says]]
"""By check its sentences in English and in the readers' language."""
GROUP: Final = "seen."
_KINDS: Final[tuple[Kind, ...]] = ("fail", "potential", "inconclusive", "pass")
_FACT = re.compile(r"{(\w+)}")
_QUOTED: Final = "“[^”]*”"
_TABLE: Final = r"[a-z]+ \d{4}-\d\d-\d\d \([0-9a-f]*\)"
_ANY: Final = ".+?"
_SHAPES: Final = {
    "quote": _QUOTED,
    "own": rf"(?:{_QUOTED}|[^\s“”;]+)",
    "n": r"\d+(?:\.\d+)?",
    "m": r"\d+",
    "day": r"\d{4}-\d\d-\d\d",
    "code": "[^\\s“”;,]+?",
    "place": "[^\\s“”;,]+?",
    "table": _TABLE,
}
"""What a fact of a piece looks like, by its name without a number; any other holds anything."""
_APART: Final = re.compile(rf"{_QUOTED}|; ")
_COMMA: Final = re.compile(rf"{_QUOTED}|, ")
_MORE: Final = re.compile(r"(.*) and (\d+) more")
_OF_A_MACHINE: Final = re.compile(rf"{_QUOTED}|[\w.:/@+*-]*[\d.:/@+*_-][\w.:/@+*-]*|[A-Z]{{2,}}")
"""One item of a list that needs no words: a quotation, an address, a port, a code."""
_PORT: Final = re.compile(r"(.+), (TCP|UDP) port (\d+)")
_NAMED: Final = re.compile(r"(\S+) \(([0-9a-fA-F.:]+)\)")


def say_seen(
    words: Words,
    said: Pairs | None,
    check: str,
    kind: Kind | None,
    kept: str,
    *,
    limit: int = SHORT,
) -> str:
    """Return the sentence that was kept of a check, in the language of the words.

    Args:
        said: the sentences of the checks (`told_in(content, language).said`).
        kind: whose sentence it is; None: whichever of the check's sentences fits.
        limit: how many signs of each foreign piece are shown.
    """
    if words.direction == "ltr":
        return clean(kept, limit)
    line = " ".join(kept.split())
    pair = (said or {}).get(check)
    kinds = _KINDS if kind is None else (kind, *_KINDS)
    for one in kinds:
        texts = None if pair is None else (_sentence(pair[0], one), _sentence(pair[1], one))
        if texts is None or texts[0] is None or texts[1] is None:
            continue
        fits = _pattern(texts[0]).fullmatch(line)
        if fits is not None:
            return _filled(words, texts[1], fits.groupdict(), limit)
    for name in ("not-applicable", "not-tested"):
        fits = _pattern(_whole(words.first(f"looked.{name}"))).fullmatch(line)
        if fits is not None:
            return _filled(words, _whole(words.pieces(f"looked.{name}")), fits.groupdict(), limit)
    return say_detail(words, line, limit=limit)


def say_detail(words: Words, kept: str, *, limit: int = SHORT) -> str:
    """Return what was seen, without the sentence around it, in the language of the words."""
    line = " ".join(kept.split())
    if words.direction == "ltr" or not line:
        return clean(kept, limit)
    whole = _piece(words, line, limit)
    if whole is not None:
        return whole
    parts = [_piece(words, part, limit) for part in _split(_APART, line)]
    if all(part is None for part in parts):
        return _english(line, limit)
    said: Text | None = None
    for part, english in zip(parts, _split(_APART, line), strict=True):
        shown = part if part is not None else _english(english, limit)
        said = shown if said is None else words.say("looked.and", before=said, after=shown)
    return said if said is not None else _english(line, limit)


def _sentence(says: Says, kind: Kind) -> str | None:
    match kind:
        case "pass":
            return says.passed
        case "fail":
            return says.fail
        case "potential":
            return says.potential
        case "inconclusive":
            return says.inconclusive
        case _:
            return None


def _whole(pieces: list[tuple[str, str | None]]) -> str:
    return "".join(text + (f"{{{name}}}" if name else "") for text, name in pieces)


@lru_cache(maxsize=1024)
def _pattern(sentence: str) -> re.Pattern[str]:
    """Return what the sentence matches once its facts are filled in; details may hold anything."""
    texts, names = _FACT.split(sentence)[::2], _FACT.split(sentence)[1::2]
    found = re.escape(texts[0])
    for name, text in zip(names, texts[1:], strict=True):
        inside = ".*" if name == "detail" else ".{1,300}?"
        found += f"(?P<{name}>{inside})" if f"<{name}>" not in found else f"(?P={name})"
        # A sentence that grew too long was cut within its detail, and lost its end.
        found += rf"(?:{re.escape(text)}|(?<=…))" if text == "." else re.escape(text)
    return re.compile(found, re.DOTALL)


def _filled(words: Words, own: str, facts: Mapping[str, str], limit: int) -> Text:
    plain, html = "", ""
    for place, part in enumerate(_FACT.split(own)):
        if place % 2 == 0:
            plain, html = plain + part, html + escape(part)
            continue
        if part == "detail":
            shown = say_detail(words, facts[part], limit=limit)
        else:
            shown = _endpoint(words, facts[part], limit)
        plain, html = plain + shown, html + _html(shown)
    return Text(plain, html)


def _endpoint(words: Words, text: str, limit: int) -> str:
    """Return where something was seen: a name, an address, a port, or the institution."""
    for key in ("looked.institution", "looked.any-port"):
        if text == _whole(words.first(key)):
            return words.say(key)
    port = _PORT.fullmatch(text)
    if port is not None:
        place = _endpoint(words, port[1], limit)
        protocol = Text(port[2], port[2])
        return words.say("looked.port", place=place, protocol=protocol, port=port[3])
    named = _NAMED.fullmatch(text)
    if named is None:
        return _foreign(text, limit)
    name, address = (_foreign(part, limit) for part in named.groups())
    return words.say("looked.named", name=name, address=address)


class _Piece(NamedTuple):
    key: str
    shape: re.Pattern[str]


@lru_cache(maxsize=16)
def _known(words: Words) -> tuple[dict[str, str], tuple[_Piece, ...]]:
    """Return the keys of pieces without facts by their English, and the others, closest first."""
    whole: dict[str, str] = {}
    shaped: list[tuple[int, int, _Piece]] = []
    for key in sorted(one.removeprefix(GROUP) for one in words.keys if one.startswith(GROUP)):
        pieces = words.first(f"seen.{key}")
        if all(name is None for _, name in pieces):
            whole["".join(text for text, _ in pieces)] = key
            continue
        shape = "".join(
            re.escape(text) + (f"(?P<{name}>{_shape(name)})" if name else "")
            for text, name in pieces
        )
        names = [name for _, name in pieces if name]
        loose = sum(_shape(name) == _ANY for name in names)
        letters = sum(len(text) for text, _ in pieces)
        shaped.append((-letters, loose, _Piece(key, re.compile(shape))))
    return whole, tuple(piece for _, _, piece in sorted(shaped, key=lambda one: one[:2]))


def _shape(name: str) -> str:
    return _SHAPES.get(name.rstrip("0123456789"), _ANY)


def _piece(words: Words, text: str, limit: int) -> Text | None:
    """Return one piece in the language of the words; None where nobody knows it."""
    whole, shaped = _known(words)
    if text in whole:
        return _laid_out(words.say(f"seen.{whole[text]}"))
    if text.isdecimal():
        return Text(text, text)
    for key, shape in shaped:
        found = shape.fullmatch(text)
        if found is None:
            continue
        facts: dict[str, object] = {}
        for name, value in found.groupdict().items():
            shown = _shown(words, name.rstrip("0123456789"), value, limit)
            if shown is None:
                break
            facts[name] = shown
        else:
            return _laid_out(words.say(f"seen.{key}", **facts))
    return _listed(words, text, limit)


def _laid_out(said: Text) -> Text:
    """Return a piece in which markup keeps apart what marks do in the words."""
    html = said.__html__().replace("\u2066", '<bdi dir="ltr">').replace("\u2069", "</bdi>")
    return Text(said.replace("\u2066", "").replace("\u2069", ""), html)


def _shown(words: Words, kind: str, value: str, limit: int) -> str | None:
    """Return a fact of a piece; None where it should be words of ours and nobody knows them."""
    match kind:
        case "said":
            return _piece(words, value, limit)
        case "list":
            return _listed(words, value, limit)
        case "own" | "why":
            inner = value.removeprefix("“").removesuffix("”")
            return _piece(words, inner, limit) or _foreign(value, limit)
        case "n" | "m":
            return value
        case _:
            return _foreign(value, limit)


def _listed(words: Words, text: str, limit: int) -> Text | None:
    """Return several things one after the other; None where one of them needs words unknown."""
    more = _MORE.fullmatch(text)
    items = _split(_COMMA, text if more is None else more[1])
    item = partial(_item, words, limit=limit, alone=len(items) == 1 and more is None)
    shown = [one for one in map(item, items) if one is not None]
    if len(shown) < len(items):
        return None
    comma = words.say("frame.comma")
    said = Text(comma.join(shown), _html(comma).join(map(_html, shown)))
    return said if more is None else words.say("looked.more", list=said, n=more[2])


def _item(words: Words, text: str, *, limit: int, alone: bool) -> Text | None:
    if _OF_A_MACHINE.fullmatch(text):
        return _foreign(text, limit)
    return None if alone else _piece(words, text, limit)


def _split(mark: re.Pattern[str], text: str) -> list[str]:
    """Return the parts between marks that stand in no quotation."""
    found, begin = [], 0
    for one in mark.finditer(text):
        if not one[0].startswith("“"):
            found.append(text[begin : one.start()])
            begin = one.end()
    return [*found, text[begin:]]


def _html(text: str) -> str:
    return text.__html__() if isinstance(text, Text) else escape(text)


def _foreign(text: str, limit: int) -> Text:
    """Return what a machine said, or a name or code, as it stands and apart."""
    shown = clean(text, limit)
    return Text(shown, f'<bdi dir="ltr">{escape(shown)}</bdi>')


def _english(text: str, limit: int) -> Text:
    shown = clean(text, limit)
    return Text(shown, f'<bdi lang="en" dir="ltr">{escape(shown)}</bdi>')
