"""Turns what an institution declares into the scope that a letter asks for."""

from collections.abc import Sequence
from ipaddress import ip_network

from cyberposture.model.addresses import read_address
from cyberposture.model.authorisations import ConsentedCIDR, ConsentedName, TermsEntry
from cyberposture.model.institutions import Declaration
from cyberposture.services.permission.consents import hosted_addresses
from cyberposture.services.permission.letters import Hosted


def scope_of(
    declared: Declaration, exclusions: Sequence[str], special_allowed: bool
) -> tuple[TermsEntry, ...]:
    """Return an entry for each address that is not excluded, IPv4 first, then for each name."""
    addresses = [
        read_address(text) for text in declared.addresses() if not _is_excluded(text, exclusions)
    ]
    cidrs: list[TermsEntry] = [
        ConsentedCIDR(
            cidr=f"{address}/{address.max_prefixlen}", ports=None, special_allowed=special_allowed
        )
        for address in sorted(addresses, key=lambda a: (a.version, int(a)))
    ]
    return (*cidrs, *_names_of(declared))


def _is_excluded(text: str, exclusions: Sequence[str]) -> bool:
    address = read_address(text)
    networks = (ip_network(cidr) for cidr in exclusions)
    return any(address.version == n.version and address in n for n in networks)


def _names_of(declared: Declaration) -> list[ConsentedName]:
    """Return the declared domains with all below them, and what hosts are called elsewhere."""
    domains = dict.fromkeys((*declared.names_of("domain"), *declared.names_of("mail-domain")))
    found = [ConsentedName(name=name, subdomains=True) for name in domains]
    hosts = dict.fromkeys(name.lower() for host in declared.hosts() for name in host.names)
    found = [e for e in found if not any(o is not e and o.holds(e.name) for o in found)]
    others = (name for name in hosts if not any(entry.holds(name) for entry in found))
    return found + [ConsentedName(name=name, subdomains=False) for name in others]


def hosted_by(declared: Declaration, exclusions: Sequence[str]) -> tuple[Hosted, ...]:
    """Return what each third party runs and would have to consent to, by party."""
    by_party: dict[str, list[str]] = {}
    for address, party in hosted_addresses(declared):
        if not _is_excluded(address, exclusions):
            by_party.setdefault(party, []).append(address)
    return tuple(Hosted(party, tuple(entries)) for party, entries in sorted(by_party.items()))
