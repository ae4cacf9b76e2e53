"""Decides what to contact because of what was looked up: name servers, named hosts, policy files.

Pure, as the other stages: what a name led to is a candidate, and the gate is asked about each.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

from cyberposture.model.observations import DNSFact, Fact
from cyberposture.scanning.stages import Wish, fragile_hosts, open_ports
from cyberposture.scanning.techniques import find_technique

MOST_ADDRESSES = 4
"""Of so many addresses of one name each is visited."""


def _addresses(lookups: Iterable[DNSFact], name: str) -> list[str]:
    """Return the public addresses that a name leads to, in canonical spelling."""
    found: list[str] = []
    for one in lookups:
        if one.name.lower() == name and one.kind in ("A", "AAAA") and one.outcome == "answered":
            found += one.records
    return [str(ip_address(text)) for text in dict.fromkeys(found)][:MOST_ADDRESSES]


def servers_of(facts: Iterable[Fact]) -> dict[str, list[str]]:
    """Return the domains by the addresses of their name servers, as they were looked up."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        if fact.subject != "domain":
            continue
        names = [o for o in fact.dns if o.kind == "NS" and o.name == fact.address and not o.server]
        targets = {r.rstrip(".").lower() for one in names for r in one.records}
        for one in fact.dns:
            if one.kind in ("A", "AAAA") and one.name.lower() in targets and not one.server:
                for address in one.records:
                    zones = found.setdefault(str(ip_address(address)), [])
                    zones += [] if fact.address in zones else [fact.address]
    return found


def server_stage(
    targets: Sequence[str], facts: Sequence[Fact], allowed: frozenset[str]
) -> list[Wish]:
    """Return the questions to name servers: those of declared domains, and whoever listens there.

    One that serves several zones is asked for each of them, one after the other.
    """
    served = servers_of(facts)
    listening = {address for address, ports in open_ports(facts).items() if 53 in ports}
    fragile = fragile_hosts(facts)
    wishes: list[Wish] = []
    for target in targets:
        if target in fragile or (target not in served and target not in listening):
            continue
        zones = served.get(target, [])
        for zone in zones or [""]:
            about: dict[str, int | str] = {"zone": zone} if zone else {}
            for code in ("dns-direct", "dns-transfer"):
                if code in allowed and (zone or code == "dns-direct"):
                    technique = find_technique(code)
                    wishes.append(Wish(technique, (target,), (53,), parameters=about))
    return wishes


def _visits(name: str, addresses: Sequence[str], allowed: frozenset[str]) -> Iterator[Wish]:
    resolved = tuple(addresses)
    for address in addresses:
        if "tls-handshake" in allowed:
            technique = find_technique("tls-handshake")
            yield Wish(technique, (address,), (443,), name, resolved=resolved)
        if "http-exchange" in allowed:
            for port, tls in ((443, 1), (80, 0)):
                technique = find_technique("http-exchange")
                yield Wish(technique, (address,), (port,), name, {"tls": tls}, resolved)


def named_stage(
    facts: Sequence[Fact], names: frozenset[str], allowed: frozenset[str]
) -> list[Wish]:
    """Return the visits to hosts that are declared by name alone, where their names lead now.

    A name that leads to an inner address is a finding, and nothing at that address is contacted.
    """
    wishes: list[Wish] = []
    for fact in facts:
        if fact.subject != "name" or fact.address not in names:
            continue
        addresses = _addresses(fact.dns, fact.address)
        if all(ip_address(text).is_global for text in addresses):
            wishes += _visits(fact.address, addresses, allowed)
    return wishes


def policy_stage(facts: Sequence[Fact], allowed: frozenset[str]) -> list[Wish]:
    """Return the visits to the policy files of mail domains that announce one."""
    if "http-exchange" not in allowed:
        return []
    wishes: list[Wish] = []
    for fact in facts:
        if fact.subject != "mail-domain":
            continue
        host = f"mta-sts.{fact.address}"
        addresses = _addresses(fact.dns, host)
        about: dict[str, int | str] = {"tls": 1, "mail-domain": fact.address}
        for address in addresses[:1]:
            technique = find_technique("http-exchange")
            wishes.append(Wish(technique, (address,), (443,), host, about, tuple(addresses)))
    return wishes
