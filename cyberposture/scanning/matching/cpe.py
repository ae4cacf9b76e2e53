"""Reads names of products in the two spellings of CPE, and matches one against another.

Source: NIST IR 7695, CPE Naming Specification 2.3, August 2011; NIST IR 7696, CPE Name Matching
Specification 2.3, August 2011.
"""

import re
from dataclasses import dataclass
from typing import Final

from cyberposture.scanning.matching.truth import FALSE, TRUE, UNKNOWN, Answer

ANY: Final = None
"""The logical value of an attribute that may be anything; in a name, that nothing is said."""


class NotApplicable:
    """The logical value of an attribute that the product does not have; written `-`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "-"


NA: Final = NotApplicable()
Value = str | NotApplicable | None
"""An attribute: its text without escapes (wildcards as `_MANY` and `_ONE`), NA, or ANY."""

ATTRIBUTES: Final = (
    *("part", "vendor", "product", "version", "update", "edition", "language"),
    *("sw_edition", "target_sw", "target_hw", "other"),
)
MAX_LENGTH: Final = 4_000
_MANY: Final = "\x02"
_ONE: Final = "\x01"
_FORMATTED: Final = re.compile(r"(?:\\[!-/:-@\[-`{-~]|[\w.*?-])+", re.ASCII)
_PIECE: Final = re.compile(r"\\.|[^\\:]+|:|\\", re.DOTALL)
_URI_TEXT: Final = re.compile(r"(?:%[0-9a-f]{2}|[\w.~-])*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CPE:
    """A product's name, attribute by attribute, in lower case."""

    part: Value
    vendor: Value
    product: Value
    version: Value = ANY
    update: Value = ANY
    edition: Value = ANY
    language: Value = ANY
    sw_edition: Value = ANY
    target_sw: Value = ANY
    target_hw: Value = ANY
    other: Value = ANY

    def key(self) -> tuple[str, str] | None:
        """Return vendor and product, by which tables are searched; None where one is a pattern."""
        if not isinstance(self.vendor, str) or not isinstance(self.product, str):
            return None
        if has_wildcard(self.vendor) or has_wildcard(self.product):
            return None
        return self.vendor, self.product


def has_wildcard(text: str) -> bool:
    """Return whether a value stands for many."""
    return _MANY in text or _ONE in text


def read_cpe(text: str) -> CPE:
    """Return the name that is written as a 2.3 formatted string or as a 2.2 URI.

    Raises:
        ValueError: it is neither, with what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a CPE name of more than {MAX_LENGTH} characters")
    if text[:8].lower() == "cpe:2.3:":
        return _read_formatted(text[8:])
    if text[:5].lower() == "cpe:/":
        return _read_uri(text[5:])
    raise ValueError("a CPE name begins with cpe:2.3: or cpe:/")


def find_cpe(text: str) -> CPE | None:
    """Return what `read_cpe` does, or None where the text is no name."""
    try:
        return read_cpe(text)
    except ValueError:
        return None


def _checked(values: dict[str, Value]) -> CPE:
    if values.get("part") not in ("a", "o", "h", ANY, _MANY):
        raise ValueError("the part of a CPE name is a, o or h")
    return CPE(**{"part": ANY, "vendor": ANY, "product": ANY, **values})


def _read_formatted(text: str) -> CPE:
    parts = _split(text)
    if len(parts) != len(ATTRIBUTES):
        raise ValueError(f"a CPE 2.3 name has {len(ATTRIBUTES)} attributes")
    named = zip(ATTRIBUTES, parts, strict=True)
    return _checked({name: _formatted(name, part) for name, part in named})


def _split(text: str) -> list[str]:
    """Return the pieces between colons, leaving out those colons that are escaped."""
    if "\\" not in text:
        return text.split(":")
    parts = [""]
    for piece in _PIECE.findall(text):
        if piece == ":":
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _formatted(name: str, part: str) -> Value:
    if part == "*":
        return ANY
    if part == "-":
        return NA
    if not _FORMATTED.fullmatch(part):
        raise ValueError(f"{name}: {part[:40]!r} is no attribute of a CPE name")
    text = re.sub(r"\\(.)|([*?])", _unescaped, part)
    return text.lower()


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return _MANY if found[2] == "*" else _ONE


def _read_uri(text: str) -> CPE:
    parts = text.split(":")
    if len(parts) > 7:
        raise ValueError("a CPE 2.2 name has seven attributes at most")
    values: dict[str, Value] = {}
    for name, part in zip(ATTRIBUTES, parts, strict=False):
        if name == "edition" and part.startswith("~"):
            packed = part.split("~")[1:]
            if len(packed) != 5:
                raise ValueError("a packed edition has five attributes")
            names = ("edition", "sw_edition", "target_sw", "target_hw", "other")
            values |= {n: _uri(n, p) for n, p in zip(names, packed, strict=True)}
        else:
            values[name] = _uri(name, part)
    return _checked(values)


def _uri(name: str, part: str) -> Value:
    if part == "":
        return ANY
    if part == "-":
        return NA
    if not _URI_TEXT.fullmatch(part):
        raise ValueError(f"{name}: {part[:40]!r} is no attribute of a CPE name")
    text = re.sub(r"%([0-9a-f]{2})", _decoded, part, flags=re.IGNORECASE).lower()
    if any(ord(char) < 32 and char not in (_MANY, _ONE) for char in text):
        raise ValueError(f"{name}: a control character")
    return text


def _decoded(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    if number in (1, 2):
        return _ONE if number == 1 else _MANY
    if not 0x21 <= number <= 0x7E:
        raise ValueError(f"{found[0]} stands for no printable character")
    return chr(number)


def match_value(wanted: Value, found: Value) -> Answer:
    """Return whether an attribute that was found is what a table's name asks for.

    What was found without the attribute is unknown where the table asks for one.
    """
    if wanted is ANY:
        return TRUE
    if found is ANY:
        return UNKNOWN
    if isinstance(wanted, NotApplicable) or isinstance(found, NotApplicable):
        both = isinstance(wanted, NotApplicable) and isinstance(found, NotApplicable)
        return TRUE if both else FALSE
    if has_wildcard(found):
        return TRUE if wanted == found else UNKNOWN
    if has_wildcard(wanted):
        return TRUE if _like(wanted, found) else FALSE
    return TRUE if wanted == found else FALSE


def _like(pattern: str, text: str) -> bool:
    """Return whether a text fits a pattern, in time that grows with both lengths, never worse.

    `*` stands for any characters, `?` for one or none. Source: NIST IR 7696, section 6.3.
    """
    places = _beyond(pattern, {0})
    for char in text:
        onward: set[int] = set()
        for place in places:
            wanted = pattern[place : place + 1]
            if wanted == _MANY:
                onward.add(place)
            elif wanted in (_ONE, char):
                onward.add(place + 1)
        places = _beyond(pattern, onward)
    return len(pattern) in places


def _beyond(pattern: str, places: set[int]) -> set[int]:
    """Return the places with those that are reached from them by wildcards that stand for none."""
    found = set(places)
    for place in places:
        beyond = place
        while pattern[beyond : beyond + 1] in (_MANY, _ONE):
            beyond += 1
            found.add(beyond)
    return found


ALIASES: Final[tuple[tuple[tuple[str, str], ...], ...]] = (
    (("igor_sysoev", "nginx"), ("nginx", "nginx"), ("f5", "nginx")),
    (("vsftpd", "vsftpd"), ("beasts", "vsftpd"), ("vsftpd_project", "vsftpd")),
    (("redislabs", "redis"), ("redis", "redis")),
    (("mysql", "mysql"), ("oracle", "mysql")),
    (("matt_johnston", "dropbear_ssh_server"), ("dropbear_ssh_project", "dropbear_ssh")),
    (
        ("microsoft", "internet_information_services"),
        ("microsoft", "internet_information_server"),
    ),
    (("elasticsearch", "elasticsearch"), ("elastic", "elasticsearch")),
    (("mortbay", "jetty"), ("eclipse", "jetty")),
    (("zimbra", "zimbra_collaboration_suite"), ("synacor", "zimbra_collaboration_suite")),
)
"""Vendor and product under which one program goes in nmap's and in others' tables.

Source: the first of each row is the spelling in nmap 7.93's nmap-service-probes; which rows belong
together is our own reading of the makers' pages.
"""


def keys_of(cpe: CPE) -> tuple[tuple[str, str], ...]:
    """Return every vendor and product under which a table may hold the product; none: unknown."""
    own = cpe.key()
    if own is None:
        return ()
    return next((row for row in ALIASES if own in row), (own,))


def describe(cpe: CPE) -> str:
    """Return vendor, product and version in plain words."""
    words = [part for part in (cpe.vendor, cpe.product, cpe.version) if isinstance(part, str)]
    return " ".join(words).replace("_", " ").replace(_MANY, "*").replace(_ONE, "?")
