"""Finds what the scopes of two institutions have in common and neither calls shared.

A host that both let a third party run, with its consent, is shared by their own signed word.
"""

from collections.abc import Iterable, Sequence

from cyberposture.model.authorisations import (
    AuthorisationTerms,
    ConsentedCIDR,
    ConsentedName,
)
from cyberposture.scanning.permission.scope import IntervalSet, spell_span

Entry = ConsentedCIDR | ConsentedName


def find_overlap(one: AuthorisationTerms, other: AuthorisationTerms) -> str | None:
    """Return the first stretch of addresses, or the first name, that both scopes hold, or None.

    What either excludes is in neither. Ports are not looked at: a stop, an exclusion and a
    withdrawal are about whole addresses.
    """
    excluded = IntervalSet.of_cidrs([*one.exclusions, *other.exclusions])
    for party in sorted({_party(entry) for entry in other.scope}):
        theirs = [entry for entry in other.scope if _party(entry) == party]
        ours = [entry for entry in one.scope if not party or _party(entry) != party]
        for first, last in _addresses(ours).common(_addresses(theirs)).without(excluded):
            return spell_span(first, last)
        name = _common_name(_names(ours), _names(theirs))
        if name is not None:
            return name
    return None


def _party(entry: Entry) -> str:
    """Return the third party that consented, or nothing where the address is one's own."""
    return "" if entry.consent is None else entry.consent.third_party.casefold()


def _addresses(entries: Iterable[Entry]) -> IntervalSet:
    return IntervalSet.of_cidrs(e.cidr for e in entries if isinstance(e, ConsentedCIDR))


def _names(entries: Iterable[Entry]) -> list[ConsentedName]:
    return [entry for entry in entries if isinstance(entry, ConsentedName)]


def _common_name(ours: Sequence[ConsentedName], theirs: Sequence[ConsentedName]) -> str | None:
    """Return the first name of ours that one of theirs holds too, or that holds one of theirs."""
    for mine in ours:
        for their in theirs:
            if _holds(mine, their.name):
                return their.name
            if _holds(their, mine.name):
                return mine.name
    return None


def _holds(entry: ConsentedName, name: str) -> bool:
    own, asked = entry.name.lower(), name.lower()
    return own == asked or (entry.subdomains and asked.endswith(f".{own}"))
