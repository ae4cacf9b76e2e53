"""Computed facts about domains, names and name servers: signatures, spread, transfers."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from cyberposture.model.observations import DNSFact
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.lookups import (
    COMPLETED,
    find_lookup,
    fold,
    records_of,
    targets_of,
)
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found, Truth
from cyberposture.scanning.judging.wording import listed, plain
from cyberposture.scanning.reading.states import GONE

DNSSEC_STATES: Final = frozenset({"signed", "unsigned", "broken"})
TEST_NAME: Final = "example.com"
"""The name that strangers' questions are tried with. Source: RFC 2606, section 3, June 1999."""


def _name(endpoint: Endpoint) -> str:
    return endpoint.view.address


def dnssec(endpoint: Endpoint) -> Found:
    """Whether the zone is signed and its parent vouches for it: signed, unsigned or broken.

    The resolver's word (the AD bit) counts first; where it does not check, our own arithmetic does.
    Source: RFC 4035, sections 3.2.3 and 5, March 2005.
    """
    name = _name(endpoint)
    own = [one for one in endpoint.view.dns if fold(one.name) == name and one.server is None]
    start = next((one for one in own if one.kind == "SOA" and not one.unchecked), None)
    freely = next((one for one in own if one.kind == "SOA" and one.unchecked), None)
    arithmetic = next((one for one in own if one.kind == "SIGNATURES"), None)
    if start is not None and start.outcome == "failed":
        if freely is not None and freely.outcome == "answered":
            return Found("broken", "checking resolvers refuse its answers")
        return Found(UNKNOWN, "its start of authority could not be looked up")
    anchor = records_of(endpoint, name, "DS")
    if isinstance(anchor, Found):
        return anchor
    if not anchor:
        return Found("unsigned", "its parent zone holds no DS record for it")
    if arithmetic is not None and "broken" in arithmetic.records:
        return Found("broken", plain(arithmetic.detail)[:160])
    if start is not None and start.authentic:
        return Found("signed", "the resolver checked its signatures")
    if arithmetic is not None and "hold" in arithmetic.records:
        return Found("signed", plain(arithmetic.detail)[:160])
    return Found(UNKNOWN, "a DS record is there, and nobody could check the signatures")


def caa(endpoint: Endpoint) -> Found:
    """Whether CAA records name who may issue certificates, at the name or at its nearest parent.

    Source: RFC 8659, section 3, November 2019.
    """
    labels = _name(endpoint).split(".")
    for first in range(max(1, len(labels) - 1)):
        at = ".".join(labels[first:])
        records = records_of(endpoint, at, "CAA")
        if isinstance(records, Found):
            if first and records.value is UNTESTED:
                break
            return records
        if records:
            issuers = [r for r in records if r.split(" ")[1:2] in (["issue"], ["issuewild"])]
            if not issuers:
                return Found(False, f"the CAA records at {plain(at)} name no issuer")
            said = listed([plain(r.split(" ", 2)[-1])[:60] for r in sorted(issuers)], 3)
            return Found(True, f"at {plain(at)}: {said}")
    return Found(False, "no CAA record")


def _servers(endpoint: Endpoint) -> dict[str, list[str] | Found] | Found:
    """Return the addresses of each name server of the zone, or why they are not known."""
    records = records_of(endpoint, _name(endpoint), "NS")
    if isinstance(records, Found):
        return records
    if not records:
        return Found(UNTESTED, "it has no name servers of its own: no zone begins at this name")
    found: dict[str, list[str] | Found] = {}
    for target in targets_of(records):
        addresses: list[str] = []
        undecided: Found | None = None
        for kind in ("A", "AAAA"):
            some = records_of(endpoint, target, kind)
            if isinstance(some, Found):
                undecided = some
            else:
                addresses += some
        found[target] = undecided if undecided and not addresses else addresses
    return found


def name_server_count(endpoint: Endpoint) -> Found:
    """How many name servers the zone has."""
    servers = _servers(endpoint)
    if isinstance(servers, Found):
        return servers
    return Found(len(servers), listed([plain(name) for name in servers]))


def _network(text: str) -> str | None:
    """Return the network that an address stands in: /24, or /48 for IPv6; None for no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return f"{int(address) >> 8}/24"
    return f"{int(address) >> 80}/48"


def name_server_spread(endpoint: Endpoint) -> Found:
    """In how many networks (/24, IPv6 /48) the name servers stand, each network once.

    Where a table tells of how many autonomous systems they are (`name-server-systems`), the lower
    of the two counts. Source: RFC 2182, section 3.1, July 1997: not all on one network.
    """
    servers = _servers(endpoint)
    if isinstance(servers, Found):
        return servers
    families: dict[int, set[str]] = {4: set(), 6: set()}
    doubt = False
    for addresses in servers.values():
        if isinstance(addresses, Found):
            doubt = True
            continue
        for text in addresses:
            network = _network(text)
            if network is not None:
                families[6 if network.endswith("/48") else 4].add(network)
    # A server with both families stands in one place: the families are counted apart.
    spread = max(len(families[4]), len(families[6]))
    systems = endpoint.view.told.get("name-server-systems")
    if type(systems) is int:
        spread = min(spread, systems)
    note = f"name servers: {len(servers)}, networks: {spread}"
    if doubt and spread < 2:
        return Found(UNKNOWN, f"{note}; not all addresses could be looked up")
    return Found(min(spread, len(servers)), note)


def _direct(endpoint: Endpoint, kind: str, name: str) -> list[DNSFact]:
    """Return what the servers that were asked themselves said, of each the newest."""
    found: dict[str, DNSFact] = {}
    for one in endpoint.view.dns:
        if one.server and one.kind == kind and fold(one.name) == fold(name):
            found.setdefault(one.server, one)
    return list(found.values())


def lame_delegation(endpoint: Endpoint) -> Found:
    """Whether a name server of the zone has no address, or does not know the zone as its own.

    Those that nobody was allowed to ask are judged by their addresses alone.
    Source: RFC 1912, section 2.8, February 1996.
    """
    servers = _servers(endpoint)
    if isinstance(servers, Found):
        return servers
    lost = [name for name, addresses in servers.items() if addresses == []]
    if lost:
        return Found(True, f"no address for {listed([plain(name) for name in lost])}")
    asked = _direct(endpoint, "SOA", _name(endpoint))
    for one in asked:
        knows = one.outcome == "answered" and one.authoritative
        if not knows and one.outcome not in ("failed", "timed-out"):
            return Found(True, f"{one.server} does not know the zone as its own")
    undecided = next((found for found in servers.values() if isinstance(found, Found)), None)
    if undecided is not None:
        return undecided
    silent = [one.server or "" for one in asked if one.outcome in ("failed", "timed-out")]
    if silent:
        return Found(UNKNOWN, f"{listed(silent)} gave no answer")
    themselves = f"; {len(asked)} were asked themselves" if asked else ""
    return Found(False, f"{len(servers)} name servers have addresses{themselves}")


def zone_transfer(endpoint: Endpoint) -> Found:
    """Whether a name server of the zone gives the whole zone to strangers."""
    asked = _direct(endpoint, "AXFR", _name(endpoint))
    given = [one for one in asked if one.outcome == "answered"]
    if given:
        said = plain(given[0].detail)[:80] or "it began to"
        return Found(True, f"{listed([one.server or '' for one in given])} gives it away: {said}")
    servers = _servers(endpoint)
    if isinstance(servers, Found):
        return servers
    addresses = {text for some in servers.values() if not isinstance(some, Found) for text in some}
    refused = {one.server for one in asked if one.outcome == "refused"}
    silent = [one.server or "" for one in asked if one.outcome not in ("refused", "answered")]
    if silent:
        return Found(UNKNOWN, f"{listed(silent)} gave no clear answer")
    if any(isinstance(some, Found) for some in servers.values()):
        return Found(UNKNOWN, "not all addresses of its name servers could be looked up")
    unasked = sorted(addresses - refused)
    if unasked:
        return Found(UNTESTED, f"{listed(unasked)} may not be asked, or was not")
    if not addresses:
        return Found(UNKNOWN, "its name servers have no address")
    return Found(False, f"{len(refused)} of {len(refused)} name servers refuse it")


def answers_names(endpoint: Endpoint) -> Found:
    """Whether a name server answers at the host, over whichever protocol it was tried."""
    view = endpoint.view
    asked = [one for one in view.dns if one.server == view.address]
    if any(one.outcome in (*COMPLETED, "refused") for one in asked):
        return Found(True, "it answers questions about names")
    if any(one.detail == "ConnectionRefusedError" for one in asked):
        return Found(False, "its port for names is closed")
    state = view.state("tcp", 53)
    if state in GONE:
        return Found(False, "its port for names is closed")
    return Found(UNKNOWN if asked else UNTESTED, "whether it answers for names is not known")


def recursion_for_strangers(endpoint: Endpoint) -> Found:
    """Whether the server looks names up for whoever asks: it answered for a name of nobody."""
    asked = [
        one
        for one in endpoint.view.dns
        if one.server and one.kind == "A" and fold(one.name) == TEST_NAME
    ]
    if not asked:
        return Found(UNTESTED, "it was not asked to look a name up")
    one = asked[0]
    if one.outcome == "answered" and not one.authoritative:
        return Found(True, f"it looked {TEST_NAME} up for a stranger")
    if one.outcome in ("refused", "no-record", "no-such-name", "answered"):
        # An answer without the name's record is a referral: it tells whom to ask, and asks nobody.
        return Found(False, f"it does not look {TEST_NAME} up for strangers")
    if one.recursion is False:
        return Found(False, "it says that it looks nothing up")
    return Found(UNKNOWN, "it gave no clear answer")


def amplification(endpoint: Endpoint) -> Found:
    """How many bytes a server that strangers may use sends for each byte that it is sent."""
    found = [one for one in endpoint.view.dns if one.server and one.size_bytes and one.asked_bytes]
    if not found:
        open_to_all = recursion_for_strangers(endpoint)
        if open_to_all.value is False:
            return Found(0, "it does not answer strangers")
        known = isinstance(open_to_all.value, Truth)
        return open_to_all if known else Found(UNKNOWN, "the length of its answers is not known")
    factor = max((one.size_bytes or 0) // (one.asked_bytes or 1) for one in found)
    return Found(factor, f"{factor} bytes come back for each byte asked")


OFFICIAL_STATES: Final = frozenset({"inside", "outside", "free"})


def official_domain(endpoint: Endpoint) -> Found:
    """Whether the name stands under an official domain: inside, outside, or free to be anywhere."""
    official = endpoint.view.context.official
    if official is None:
        return Found(UNTESTED, "no list of official domains is at hand")
    name = fold(_name(endpoint))
    for one in official:
        if name == fold(one) or name.endswith("." + fold(one)):
            return Found("inside", f"it stands under {one}")
    if not official:
        return Found("free", "an institution of this kind may use any domain")
    return Found("outside", f"it stands under none of {listed(list(official), 3)}")


def _addresses_of(endpoint: Endpoint) -> list[str] | Found:
    """Return the addresses that a name leads to, or why they are not known."""
    found: list[str] = []
    for kind in ("A", "AAAA"):
        records = records_of(endpoint, _name(endpoint), kind)
        if isinstance(records, Found):
            return records
        found += records
    return found


def private_answer(endpoint: Endpoint) -> Found:
    """Whether a public name leads to an address that is no public one."""
    addresses = _addresses_of(endpoint)
    if isinstance(addresses, Found):
        return addresses
    own = endpoint.view.context.addresses or frozenset()
    inner = [text for text in addresses if _is_inner(text, own)]
    if inner:
        return Found(True, f"it leads to {listed(inner)}")
    return Found(False, f"it leads to {listed(addresses)}" if addresses else "it has no address")


def _is_inner(text: str, own: frozenset[str]) -> bool:
    """Return whether an address is no public one; a declared loopback address is a laboratory's."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if address.is_loopback and text in own:
        return False
    return not address.is_global or address.is_multicast


def leads_elsewhere(endpoint: Endpoint) -> Found:
    """Whether the name leads to an address that stands in no register of the institution."""
    declared = endpoint.view.context.addresses
    if declared is None:
        return Found(UNTESTED, "no addresses are declared")
    addresses = _addresses_of(endpoint)
    if isinstance(addresses, Found):
        return addresses
    others = [text for text in addresses if fold(text) not in declared]
    if others:
        return Found(True, f"it leads to {listed(others)}, which no register holds")
    if not addresses:
        return Found(False, "it has no address")
    return Found(False, f"it leads to {listed(addresses)}")


def dangling_alias(endpoint: Endpoint) -> Found:
    """Whether the name is an alias of one that does not exist, so that a stranger may take it."""
    alias = records_of(endpoint, _name(endpoint), "CNAME")
    if isinstance(alias, Found):
        return alias
    if not alias:
        return Found(False, "it is no alias")
    target = plain(fold(alias[0]))
    lookup = find_lookup(endpoint, _name(endpoint), "A")
    if lookup is None or lookup.outcome not in COMPLETED:
        return Found(UNKNOWN, f"where its alias {target} leads is not known")
    if lookup.outcome == "no-such-name":
        return Found(True, f"it is an alias of {target}, which does not exist")
    return Found(False, f"it is an alias of {target}")


def name_exists(endpoint: Endpoint) -> Found:
    """Whether the declared name has an address at all."""
    addresses = _addresses_of(endpoint)
    if isinstance(addresses, Found):
        return addresses
    return Found(bool(addresses), f"it leads to {listed(addresses)}" if addresses else "no address")
