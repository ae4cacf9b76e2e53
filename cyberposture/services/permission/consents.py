"""Asks for the word of a third party before anything is contacted that it runs."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network

from cyberposture.model.authorisations import AuthorisationTerms, ConsentedCIDR, TermsEntry
from cyberposture.model.institutions import Declaration
from cyberposture.services.permission.ground import Ground


def hosted_addresses(declared: Declaration) -> Iterator[tuple[str, str]]:
    """Yield each declared address that a third party runs, with that party, in order."""
    for host in declared.hosts():
        if host.third_party:
            yield from ((address, host.third_party) for address in host.addresses)


def _holds(cidr: str, address: str) -> bool:
    network, one = ip_network(cidr), ip_address(address)
    return network.version == one.version and one in network


def _consents(entries: Iterable[TermsEntry], address: str, party: str) -> bool:
    """Return whether an entry that holds the address carries the consent of this very party."""
    return any(
        isinstance(entry, ConsentedCIDR)
        and entry.consent is not None
        and entry.consent.third_party.casefold() == party.casefold()
        and _holds(entry.cidr, address)
        for entry in entries
    )


def find_missing(terms: AuthorisationTerms, declared: Declaration) -> list[tuple[int, str, str]]:
    """Return what a third party runs and did not consent to: place in the scope, address, party.

    What the terms exclude needs no consent.
    """
    missing: list[tuple[int, str, str]] = []
    for address, party in hosted_addresses(declared):
        if any(_holds(cidr, address) for cidr in terms.exclusions):
            continue
        places = [
            place
            for place, entry in enumerate(terms.scope)
            if isinstance(entry, ConsentedCIDR) and _holds(entry.cidr, address)
        ]
        if places and not _consents(terms.scope, address, party):
            missing.append((places[0], address, party))
    return missing


def unconsented(declared: Declaration, ground: Ground) -> tuple[str, ...]:
    """Return the addresses, as CIDRs, of third parties whose consent no letter in force carries."""
    entries = [entry for one in ground.counting() for entry in ground.terms[one.id].scope]
    return tuple(
        f"{address}/{ip_address(address).max_prefixlen}"
        for address, party in hosted_addresses(declared)
        if not _consents(entries, address, party)
    )
