"""Reads SPF records and walks what they include, for whoever looks names up and whoever judges.

The walk asks through a function that is handed in: with the resolver behind it the walk makes the
lookups, with recorded facts behind it the walk counts them. It is static: every mechanism counts
that a receiver may have to evaluate, whatever the sender's address.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cyberposture.model.observations import DNSFact

MOST_LOOKUPS: Final = 10
MOST_VOIDS: Final = 2
MOST_MX: Final = 10
"""Source: RFC 7208, Sender Policy Framework, section 4.6.4, April 2014."""
_WALK_ENDS: Final = 25
"""So many lookups are counted at the most: beyond the limit, and a bound for hostile records."""

_TERM: Final = re.compile(
    r"(?P<qualifier>[+?~-])?(?P<name>[a-z][a-z0-9_.-]*)(?P<mark>[:=/])?(?P<rest>.*)", re.IGNORECASE
)
_LENGTHS: Final = re.compile(r"(/\d{1,2})?(//\d{1,3})?\Z")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9_%{}.+,/=-]{1,253}\Z")
_MACRO: Final = re.compile(r"%(?:\{[slodiphcrtv]\d{0,3}r?[.\-+,/_=]*\}|%|_|-)", re.IGNORECASE)
_BY_LOOKUP: Final = frozenset({"include", "a", "mx", "ptr", "exists"})
_COMPLETED: Final = frozenset({"answered", "no-record", "no-such-name"})

Find = Callable[[str, str], DNSFact | None]
"""Returns the lookup of a name and kind, or None where there is none."""


@dataclass(frozen=True)
class Term:
    """One mechanism or modifier: its qualifier (`+` by default), name and domain."""

    qualifier: str
    name: str
    domain: str | None = None


@dataclass(frozen=True)
class Record:
    """One SPF record: its terms in order, and what is wrong with it."""

    terms: tuple[Term, ...]
    faults: tuple[str, ...]

    @property
    def all_qualifier(self) -> str | None:
        """The qualifier of the first `all`, which ends the record."""
        return next((term.qualifier for term in self.terms if term.name == "all"), None)

    @property
    def redirect(self) -> str | None:
        """Where the record leads; it counts only without an `all`. RFC 7208, section 6.1."""
        if self.all_qualifier is not None:
            return None
        return next((term.domain for term in self.terms if term.name == "redirect"), None)


def is_spf(text: str) -> bool:
    """Return whether a TXT record is an SPF record. Source: RFC 7208, section 4.5."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _fault_of_domain(term: str, domain: str | None, needed: bool) -> str | None:
    if domain is None or not domain:
        return f"{term} without a domain" if needed else None
    bare = _MACRO.sub("x", domain)
    if "%" in bare or not _DOMAIN.match(domain) or ".." in bare:
        return f"{term} with a domain that is none"
    return None


def _fault_of_network(name: str, text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"{name} with an address that is none"
    return None if network.version == int(name[2]) else f"{name} with an address of the other kind"


def _read_term(text: str) -> tuple[Term | None, str | None]:
    """Return a term, or what is wrong with it; an unknown modifier is neither."""
    match = _TERM.fullmatch(text)
    if match is None or (match["rest"] and not match["mark"]):
        return None, "a word that is no mechanism"
    qualifier, name = match["qualifier"] or "+", match["name"].lower()
    mark, rest = match["mark"], match["rest"]
    if mark == "=":
        if match["qualifier"]:
            return None, f"{name}= with a qualifier"
        if name not in ("redirect", "exp"):
            return None, None
        fault = _fault_of_domain(name, rest, needed=True)
        return (None, fault) if fault else (Term("+", name, rest), None)
    if name in ("ip4", "ip6"):
        fault = _fault_of_network(name, rest) if mark == ":" else f"{name} without an address"
        return (None, fault) if fault else (Term(qualifier, name), None)
    if name == "all":
        return (None, "all with something behind it") if mark else (Term(qualifier, name), None)
    if name not in _BY_LOOKUP:
        return None, "a word that is no mechanism"
    domain: str | None = rest if mark == ":" else None
    lengths = f"/{rest}" if mark == "/" else ""
    if name in ("a", "mx") and domain is not None:
        bare, slash, tail = domain.partition("/")
        domain, lengths = bare, slash + tail
        if not bare:
            return None, f"{name}: without a domain"
    if lengths and (name not in ("a", "mx") or not _LENGTHS.fullmatch(lengths)):
        return None, f"{name} with a length that is none"
    fault = _fault_of_domain(name, domain, needed=name in ("include", "exists"))
    return (None, fault) if fault else (Term(qualifier, name, domain), None)


def read_spf(text: str) -> Record:
    """Return the terms of an SPF record and every fault in it. Source: RFC 7208, section 12."""
    terms: list[Term] = []
    faults: list[str] = []
    if not text.isascii():
        faults.append("characters outside ASCII")
    for word in text.split(" ")[1:]:
        if not word:
            continue
        term, fault = _read_term(word)
        terms += [term] if term is not None else []
        faults += [fault] if fault is not None else []
    for name in ("redirect", "exp"):
        if sum(term.name == name for term in terms) > 1:
            faults.append(f"{name} twice")
    return Record(tuple(terms), tuple(faults))


@dataclass
class Walk:
    """What a walk over a record and all that it includes found."""

    lookups: int = 0
    voids: int = 0
    faults: list[str] = field(default_factory=list)
    is_whole: bool = True
    """False: a lookup was not completed, so that the numbers are the least they can be."""
    end: str | None = None
    """The qualifier that meets every other sender; None: nothing is said."""


def spf_records(lookup: DNSFact) -> list[str]:
    """Return the SPF records among the TXT records of a completed lookup."""
    return [record for record in lookup.records if is_spf(record)]


def walk_spf(domain: str, find: Find) -> Walk:
    """Walk the SPF record of a domain; where it has not exactly one, nothing is walked."""
    walk = Walk()
    found = _only_record(domain, find, walk)
    if found is not None:
        walk.end = _walk(found, domain, find, walk, (domain.lower(),))
    return walk


def _only_record(domain: str, find: Find, walk: Walk) -> Record | None:
    lookup = find(domain, "TXT")
    if lookup is None or lookup.outcome not in _COMPLETED:
        walk.is_whole = False
        return None
    records = spf_records(lookup)
    if len(records) != 1:
        walk.faults.append(f"{domain} has {len(records) or 'no'} SPF records"[:120])
        return None
    record = read_spf(records[0])
    walk.faults.extend(f"{fault} at {domain}"[:120] for fault in record.faults)
    return record


def _walk(record: Record, domain: str, find: Find, walk: Walk, path: tuple[str, ...]) -> str | None:
    """Count a record's lookups and what lies behind; return the qualifier that meets all others."""
    for term in record.terms:
        if term.name == "all":
            return term.qualifier
        if term.name not in _BY_LOOKUP or walk.lookups >= _WALK_ENDS:
            continue
        walk.lookups += 1
        target = (term.domain or domain).rstrip(".").lower()
        if "%" in target:
            continue  # Only a letter in hand fills a macro in.
        if term.name == "include":
            if _follow(target, find, walk, path) == "+" and term.qualifier == "+":
                return "+"
        elif term.name in ("a", "exists"):
            _count_void(target, ("A",) if term.name == "exists" else ("A", "AAAA"), find, walk)
        elif term.name == "mx":
            _count_mx(target, find, walk)
    if record.redirect is None or walk.lookups >= _WALK_ENDS:
        return None
    walk.lookups += 1
    target = record.redirect.rstrip(".").lower()
    if "%" in target:
        walk.is_whole = False
        return None
    return _follow(target, find, walk, path)


def _follow(target: str, find: Find, walk: Walk, path: tuple[str, ...]) -> str | None:
    if target in path:
        walk.faults.append(f"a circle through {target}"[:120])
        return None
    lookup = find(target, "TXT")
    if lookup is not None and lookup.outcome in ("no-record", "no-such-name"):
        walk.voids += 1
    record = _only_record(target, find, walk)
    return None if record is None else _walk(record, target, find, walk, (*path, target))


def _count_void(target: str, kinds: tuple[str, ...], find: Find, walk: Walk) -> None:
    lookups = [find(target, kind) for kind in kinds]
    if any(one is not None and one.outcome == "answered" for one in lookups):
        return
    if any(one is None or one.outcome not in _COMPLETED for one in lookups):
        walk.is_whole = False
        return
    walk.voids += 1


def _count_mx(target: str, find: Find, walk: Walk) -> None:
    lookup = find(target, "MX")
    if lookup is None or lookup.outcome not in _COMPLETED:
        walk.is_whole = False
    elif lookup.outcome != "answered":
        walk.voids += 1
    elif len(lookup.records) > MOST_MX:
        walk.faults.append(f"more than {MOST_MX} mail servers behind mx:{target}"[:120])
