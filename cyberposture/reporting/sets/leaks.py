"""Looks in written files for what their audience may not see: addresses, names, codes.

It reads the bytes as a reader would, after all that views and templates did, and so it is a second
lock and no part of the first. Spelling does not hide anything: case, accents, width, marks that
steer text, spaces and punctuation between words, HTML entities and tags, per cent signs in links,
punycode and digits of other scripts are all brought to one form before they are compared.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import unquote

from cyberposture.reporting.sets.texts import Text, texts_of

Kind = Literal["address", "host name", "person", "institution", "cannot be read"]
Tokens = tuple[str, ...]

LEAST_COMPACT = 8
"""Terms of several words are looked for without the gaps between them from this length on."""

_TAG = re.compile(r"<[^<>\n]*>")
_WORD = re.compile(r"[^\W_]+")
_PUNYCODE = re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE)
_QUAD = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)")
_COLONS = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?![0-9A-Za-z])")
_SAID: dict[Kind, str] = {
    "address": "an address",
    "host name": "the name of a host",
    "person": "the name or code of a person",
    "institution": "the name or code of an institution",
    "cannot be read": "it cannot be read, and so not be looked through",
}


@dataclass(frozen=True, order=True, slots=True)
class Leak:
    """Something that the audience may not see: in which file, where in it, and of what kind.

    What it is stands nowhere in here: a message about a leak must not be another one.
    """

    file: str
    where: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.file}, {self.where}: {_SAID[self.kind]}"


@dataclass(frozen=True)
class Secrets:
    """What may not stand in a set, and what may although it looks alike."""

    names: tuple[tuple[Kind, str], ...] = ()
    """Names and codes of institutions and people, and names of hosts."""
    allowed: tuple[str, ...] = ()
    """Names that may stand there, even where a secret is a part of them."""
    ordinary: frozenset[str] = frozenset()
    """Words of our own texts: one of these alone says nothing, and is not looked for."""
    networks: tuple[str, ...] = ()
    """Addresses and blocks of addresses that may not stand there."""
    own_networks: tuple[str, ...] = ()
    """Those that may, although they lie within the others."""
    no_address: bool = False
    """No address at all may stand there, but for `known_addresses`."""
    known_addresses: frozenset[str] = frozenset()
    """Addresses in our own texts, such as an example of a control."""

    @cached_property
    def terms(self) -> dict[str, list[tuple[Tokens, Kind]]]:
        """The names to look for, by their first word."""
        allowed = {words_of(name) for name in self.allowed}
        found: dict[str, list[tuple[Tokens, Kind]]] = {}
        for tokens, kind in self._spelled():
            if tokens not in allowed and not (len(tokens) == 1 and tokens[0] in self.ordinary):
                rows = found.setdefault(tokens[0], [])
                if (tokens, kind) not in rows:
                    rows.append((tokens, kind))
        return found

    @cached_property
    def not_looked_for(self) -> int:
        """How many names are ordinary words of our own texts, which no scan can tell apart."""
        alone = {words_of(name) for _, name in self.names} - {words_of(n) for n in self.allowed}
        return sum(len(tokens) == 1 and tokens[0] in self.ordinary for tokens in alone)

    @cached_property
    def permitted(self) -> dict[str, list[Tokens]]:
        """The names that may stand there, by each of their words."""
        found: dict[str, list[Tokens]] = {}
        for tokens in {words_of(name) for name in self.allowed}:
            for token in set(tokens):
                found.setdefault(token, []).append(tokens)
        return found

    @cached_property
    def blocks(self) -> "_Blocks":
        """The addresses that may not stand there."""
        return _Blocks(self.networks)

    @cached_property
    def own_blocks(self) -> "_Blocks":
        """The addresses that may."""
        return _Blocks(self.own_networks)

    def _spelled(self) -> Iterator[tuple[Tokens, Kind]]:
        for kind, name in self.names:
            tokens = words_of(name)
            if not tokens or sum(map(len, tokens)) < 2:
                continue
            yield tokens, kind
            whole = "".join(tokens)
            if len(tokens) > 1 and len(whole) >= LEAST_COMPACT:
                yield (whole,), kind


class _Blocks:
    """Addresses and blocks, quick to ask."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._single: set[int] = set()
        self._wide: dict[int, set[int]] = {}
        """By length of the prefix (in 128 bits): the first bits."""
        for text in texts:
            network = ip_network(text, strict=False)
            first = _number(network.network_address)
            length = network.prefixlen + (96 if network.version == 4 else 0)
            if length == 128:
                self._single.add(first)
            else:
                self._wide.setdefault(length, set()).add(first >> (128 - length))

    def __contains__(self, address: IPv4Address | IPv6Address) -> bool:
        number = _number(address)
        return number in self._single or any(
            number >> (128 - length) in firsts for length, firsts in self._wide.items()
        )


_MAPPED = int(IPv6Network("::ffff:0:0/96").network_address)


def _number(address: IPv4Address | IPv6Address) -> int:
    return _MAPPED | int(address) if address.version == 4 else int(address)


def words_of(text: str) -> Tokens:
    """Return the words of a text in the one form in which they are compared."""
    return tuple(_WORD.findall(_one_form(text)))


class _Forms(dict[int, str]):
    """What each sign is compared as, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        spread = unicodedata.normalize("NFKD", chr(code).casefold())
        self[code] = "".join(self._form(sign) for sign in spread)
        return self[code]

    @staticmethod
    def _form(sign: str) -> str:
        kind = unicodedata.category(sign)
        if kind in ("Mn", "Cf"):
            return ""
        return str(unicodedata.decimal(sign)) if kind == "Nd" else _ONE_LETTER.get(sign, sign)


_ONE_LETTER = {"\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9", "\u0647": "\u06c1"}
"""Letters of Arabic that stand for those of Urdu where a keyboard has no other."""
_FORMS = _Forms()


def _one_form(text: str) -> str:
    form = text.lower() if text.isascii() else text.translate(_FORMS)
    return _from_punycode(form) if "xn--" in form else form


def _from_punycode(text: str) -> str:
    def read(found: re.Match[str]) -> str:
        try:
            label = found[0].encode("ascii").decode("idna")
        except UnicodeError:
            return found[0]
        return label.translate(_FORMS)

    return _PUNYCODE.sub(read, text)


def look_for(secrets: Secrets, name: str, data: bytes) -> list[Leak]:
    """Return what in a file its audience may not see; the file's own name is looked at too.

    A file of a kind that nobody here can read counts as a leak.
    """
    found = set(_in_text(secrets, name, Text("its name", name)))
    texts = texts_of(name, data)
    if texts is None:
        return [*sorted(found), Leak(name, "the whole", "cannot be read")]
    for text in texts:
        found.update(_in_text(secrets, name, text))
    return sorted(found)


def _in_text(secrets: Secrets, file: str, text: Text) -> Iterator[Leak]:
    for said in _readings(text):
        form = _one_form(said)
        for kind, offset in (*_names_in(secrets, form), *_addresses_in(secrets, form)):
            # What one form does to a text changes no line break.
            line = f" {form.count(chr(10), 0, offset) + 1}" if text.counts_lines else ""
            yield Leak(file, f"{text.where}{line}", kind)


def _readings(text: Text) -> Iterator[str]:
    """Yield a text as a reader sees it, and as it stands where marks are part of it."""
    plain = text.said
    if text.is_markup:
        # Twice: what was escaped twice must not pass. A tag parts words, or stands within one.
        yield unescape(unescape(_TAG.sub(" ", plain)))
        yield unescape(unescape(_TAG.sub("", plain)))
        yield unquote(unescape(unescape(plain)))
    else:
        yield unquote(plain) if "%" in plain else plain


def _names_in(secrets: Secrets, form: str) -> Iterator[tuple[Kind, int]]:
    if not secrets.terms:
        return
    tokens = _WORD.findall(form)
    begun = secrets.terms.keys() & set(tokens)
    if not begun:
        return
    found = [
        (kind, at)
        for at, token in enumerate(tokens)
        if token in begun
        for term, kind in secrets.terms[token]
        if tuple(tokens[at : at + len(term)]) == term and not _is_allowed(secrets, tokens, at, term)
    ]
    places = [match.start() for match in _WORD.finditer(form)] if found else []
    yield from ((kind, places[at]) for kind, at in found)


def _is_allowed(secrets: Secrets, tokens: list[str], at: int, term: Tokens) -> bool:
    """Return whether the words stand inside a longer name that may stand there."""
    for whole in secrets.permitted.get(term[0], ()):
        for shift in (place for place, word in enumerate(whole) if word == term[0]):
            begin = at - shift
            inside = shift + len(term) <= len(whole)
            if begin >= 0 and inside and tuple(tokens[begin : begin + len(whole)]) == whole:
                return True
    return False


def addresses_of(text: str) -> set[str]:
    """Return the addresses that a text names, as they are spelled plainly."""
    return {str(address) for address, _ in _addresses(_one_form(text))}


def _addresses_in(secrets: Secrets, form: str) -> Iterator[tuple[Kind, int]]:
    if secrets.no_address or secrets.networks:
        found = (place for address, place in _addresses(form) if _is_secret(secrets, address))
        yield from (("address", place) for place in found)


def _addresses(form: str) -> Iterator[tuple[IPv4Address | IPv6Address, int]]:
    dotted = form.replace("[.]", ".")
    for pattern in (_QUAD, _COLONS):
        for match in pattern.finditer(dotted):
            address = _address(match[0])
            if address is not None:
                yield address, match.start()


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is, however it is filled up with noughts; None: it is none."""
    parts = text.split(".")
    is_quad = ":" not in text and len(parts) == 4
    try:
        found = ip_address(".".join(str(int(p)) for p in parts) if is_quad else text.rstrip("."))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return None if int(found) == 0 else mapped or found


def _is_secret(secrets: Secrets, address: IPv4Address | IPv6Address) -> bool:
    if address in secrets.own_blocks:
        return False
    is_ours = str(address) in secrets.known_addresses
    return address in secrets.blocks or (secrets.no_address and not is_ours)
