"""Decides what to look at next: ports first, then a visit, then versions where that is not enough.

Pure: what is wished here still has to pass the gate, chunk by chunk.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cyberposture.model.addresses import read_address
from cyberposture.model.observations import Fact
from cyberposture.scanning.techniques import DATAGRAMS, Technique, find_technique, is_fragile

_TLS_PORTS = frozenset({443, 465, 636, 853, 989, 990, 993, 995, 8443})
_WEB_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443, 8888, 9000, 9200})
VISITED_PORTS = (25, 80, 443)
"""What an ordinary visitor tries."""

_TALKS = {
    21: "ftp",
    22: "ssh",
    25: "smtp",
    445: "smb",
    465: "smtp",
    587: "smtp",
    3306: "mysql",
    3389: "rdp",
    5432: "postgresql",
    5900: "vnc",
    5901: "vnc",
}
"""What is tried at a port of which nobody knows yet what stands there."""
_TALKERS = {
    "ftp": "ftp",
    "microsoft-ds": "smb",
    "ms-wbt-server": "rdp",
    "mysql": "mysql",
    "postgresql": "postgresql",
    "smtp": "smtp",
    "ssh": "ssh",
    "vnc": "vnc",
}
"""What is spoken to a service that was identified, by nmap's name for it."""
_SMTP_AT_ONCE = frozenset({465})

_WEB_SERVICES = ("http", "http-proxy", "http-alt", "https")


@dataclass(frozen=True)
class Wish:
    """One chunk of work that nobody has permitted yet."""

    technique: Technique
    targets: tuple[str, ...]
    ports: tuple[int, ...]
    name: str | None = None
    parameters: dict[str, int | str] = field(default_factory=dict)
    resolved: tuple[str, ...] = ()
    """The addresses that the name led to when it was looked up for this."""


def _families(targets: Iterable[str]) -> Iterator[list[str]]:
    """Yield the targets of each address family; nmap drops those of the other one silently."""
    by_family: dict[int, list[str]] = {}
    for target in dict.fromkeys(targets):
        by_family.setdefault(read_address(target).version, []).append(target)
    yield from by_family.values()


def cut(
    technique: Technique, targets: Iterable[str], ports: Sequence[int], seed: str
) -> list[Wish]:
    """Return the work in chunks of bounded size, in an order that the seed alone decides."""
    wishes: list[Wish] = []
    for family in _families(targets):
        order = sorted(family)
        random.Random(seed).shuffle(order)
        for start in range(0, len(order), technique.max_hosts):
            hosts = tuple(order[start : start + technique.max_hosts])
            for first in range(0, len(ports), technique.max_ports):
                some = tuple(ports[first : first + technique.max_ports])
                wishes.append(Wish(technique, hosts, some))
    return wishes


def fragile_stage(
    targets: Sequence[str], needed: Mapping[str, Sequence[int]], allowed: frozenset[str], seed: str
) -> list[Wish]:
    """Return the first look, at fragile ports alone, where that was agreed; else nothing.

    It comes before all else because a host that answers there gets nothing more in this run.
    """
    ports = sorted(set(needed.get("ot-ports", ())))
    if "ot-ports" not in allowed or not ports or not targets:
        return []
    return cut(find_technique("ot-ports"), targets, ports, f"{seed}/ot-ports")


def port_stage(
    targets: Sequence[str],
    needed: Mapping[str, Sequence[int]],
    allowed: frozenset[str],
    facts: Sequence[Fact],
    seed: str,
) -> list[Wish]:
    """Return the port scans over the ports that some check needs, by technique code.

    Fragile ports are never among them, and fragile hosts neither. Where many ports may not be
    tried, the few that an ordinary visitor would try still are.
    """
    fragile = fragile_hosts(facts)
    sturdy = [target for target in targets if target not in fragile]
    wishes: list[Wish] = []
    if "tcp-ports" not in allowed and "tcp-connect" in allowed and sturdy:
        wishes += cut(find_technique("tcp-connect"), sturdy, VISITED_PORTS, f"{seed}/tcp-connect")
    for code in ("tcp-ports", "udp-ports"):
        technique = find_technique(code)
        ports = [p for p in sorted(set(needed.get(code, ()))) if not is_fragile("tcp", p)]
        if code in allowed and ports and sturdy:
            wishes += cut(technique, sturdy, ports, f"{seed}/{code}")
    return wishes + _datagrams(sturdy, needed, allowed, seed)


def _datagrams(
    targets: Sequence[str], needed: Mapping[str, Sequence[int]], allowed: frozenset[str], seed: str
) -> list[Wish]:
    """Return small questions for the UDP ports that some check needs and we know to ask."""
    ports = sorted(set(needed.get("udp-exchange", ())) & DATAGRAMS.keys())
    if "udp-exchange" not in allowed or not targets or not ports:
        return []
    return cut(find_technique("udp-exchange"), targets, ports, f"{seed}/udp-exchange")


def open_ports(facts: Iterable[Fact]) -> dict[str, set[int]]:
    """Return the open TCP ports by address, as all facts together show them."""
    found: dict[str, set[int]] = {}
    for fact in facts:
        if fact.host is None:
            continue
        for port in fact.host.ports:
            if port.protocol == "tcp" and port.state == "open":
                found.setdefault(fact.address, set()).add(port.port)
    return found


def fragile_hosts(facts: Iterable[Fact]) -> dict[str, tuple[int, ...]]:
    """Return the hosts that answered on a fragile port, with those ports: they get nothing more."""
    opened = open_ports(facts)
    hits = {
        a: tuple(sorted(p for p in ports if is_fragile("tcp", p))) for a, ports in opened.items()
    }
    return {address: ports for address, ports in hits.items() if ports}


@dataclass(frozen=True)
class _Visited:
    """What our own probes met at the ports of each address."""

    tls: frozenset[tuple[str, int]]
    web: frozenset[tuple[str, int]]
    silent: frozenset[tuple[str, int]]
    asked: frozenset[tuple[str, int]]
    talked: frozenset[tuple[str, int]]


def _visited(facts: Iterable[Fact]) -> _Visited:
    tls: set[tuple[str, int]] = set()
    web: set[tuple[str, int]] = set()
    silent: set[tuple[str, int]] = set()
    asked: set[tuple[str, int]] = set()
    talked: set[tuple[str, int]] = set()
    for fact in facts:
        met: list[tuple[str, int, str]] = [(t.address, t.port, t.outcome) for t in fact.tls]
        met += [(h.address, h.port, h.outcome) for h in fact.http]
        talks = [(m.address, m.port, m.outcome) for m in fact.mail]
        talks += [(s.address, s.port, s.outcome) for s in fact.services if s.protocol == "tcp"]
        silent |= {(address, port) for address, port, outcome in talks if outcome == "timed-out"}
        talked |= {(address, port) for address, port, _ in talks}
        asked |= {(address, port) for address, port, _ in met}
        silent |= {(address, port) for address, port, outcome in met if outcome == "timed-out"}
        tls |= {(t.address, t.port) for t in fact.tls if t.outcome == "answered"}
        web |= {(h.address, h.port) for h in fact.http if h.outcome == "answered"}
    return _Visited(*map(frozenset, (tls, web, silent, asked, talked)))


def version_stage(facts: Sequence[Fact], allowed: frozenset[str]) -> list[Wish]:
    """Return read-only scripts and version detection for what is open, a host at a time.

    A page that our own visit read needs no version detection, only the list of its TLS suites;
    what kept our visit waiting is not bothered once more.
    """
    fragile = fragile_hosts(facts)
    visited = _visited(facts)
    wishes: list[Wish] = []
    for address, ports in sorted(open_ports(facts).items()):
        if address in fragile:
            continue
        pages = visited.tls & visited.web
        secured = sorted(p for p in ports if (address, p) in pages and p in _TLS_PORTS)
        known = visited.web | visited.silent
        others = sorted(p for p in ports if (address, p) not in known and p not in secured)
        if secured and "tls-scripts" in allowed:
            wishes.append(Wish(find_technique("tls-scripts"), (address,), tuple(secured)))
        if others and "service-versions" in allowed:
            wishes.append(Wish(find_technique("service-versions"), (address,), tuple(others)))
    return wishes


def _services(facts: Iterable[Fact]) -> dict[tuple[str, int], str]:
    """Return the service that was seen in an exchange, by address and port."""
    seen: dict[tuple[str, int], str] = {}
    for fact in facts:
        for port in fact.host.ports if fact.host is not None else ():
            if port.protocol == "tcp" and port.service and port.method == "probed":
                seen[(fact.address, port.port)] = port.service
    return seen


def _speaks(port: int, service: str | None) -> tuple[bool, bool]:
    """Return whether a port is taken to speak TLS, and whether HTTP.

    Where nobody detected the service, the port number decides what is tried.
    """
    if service is None:
        return port in _TLS_PORTS, port in _WEB_PORTS
    tls = service.startswith("ssl/") or service == "https"
    return tls, service.removeprefix("ssl/") in _WEB_SERVICES


def page_stage(
    facts: Sequence[Fact], names: Mapping[str, Sequence[str]], allowed: frozenset[str]
) -> list[Wish]:
    """Return handshakes and page visits for what is open and is taken to speak TLS or HTTP.

    `names` are the declared names by address; each is spoken to under its own name. Ports that
    were visited already are not visited again.
    """
    fragile = fragile_hosts(facts)
    services = _services(facts)
    asked = _visited(facts).asked
    wishes: list[Wish] = []
    for address, ports in sorted(open_ports(facts).items()):
        for port in sorted(ports):
            if address in fragile or (address, port) in asked:
                continue
            tls, web = _speaks(port, services.get((address, port)))
            for name in names.get(address) or (None,):
                if tls and "tls-handshake" in allowed:
                    technique = find_technique("tls-handshake")
                    wishes.append(Wish(technique, (address,), (port,), name))
                parameters: dict[str, int | str] = {"tls": int(tls)}
                for code in ("http-exchange", "http-files"):
                    if web and code in allowed:
                        technique = find_technique(code)
                        wishes.append(Wish(technique, (address,), (port,), name, parameters))
    return wishes


def talk_stage(
    facts: Sequence[Fact], names: Mapping[str, Sequence[str]], allowed: frozenset[str]
) -> list[Wish]:
    """Return short talks with what is open and is taken to speak a protocol that we know.

    Mail servers are spoken to under the first declared name of the address. What was talked to
    already is not bothered again.
    """
    fragile = fragile_hosts(facts)
    services = _services(facts)
    talked = _visited(facts).talked
    wishes: list[Wish] = []
    for address, ports in sorted(open_ports(facts).items()):
        for port in sorted(ports):
            if address in fragile or (address, port) in talked:
                continue
            found = services.get((address, port))
            if found is None:
                speaks, tls = _TALKS.get(port), port in _SMTP_AT_ONCE
            else:
                bare = found.removeprefix("ssl/")
                speaks, tls = _TALKERS.get(bare), bare not in (found, "ms-wbt-server")
            if speaks == "smtp":
                wishes += _mail_wishes(address, port, tls, names.get(address, ()), allowed)
            elif speaks is not None and not tls and "service-greeting" in allowed:
                technique = find_technique("service-greeting")
                wishes.append(Wish(technique, (address,), (port,), None, {"speaks": speaks}))
    return wishes


def _mail_wishes(
    address: str, port: int, tls: bool, names: Sequence[str], allowed: frozenset[str]
) -> list[Wish]:
    """Return the talk with a mail server; only between servers (25) is relaying a question."""
    codes = ["smtp-exchange"] + (["smtp-relay"] if port == 25 else [])
    name = names[0] if names else None
    return [
        Wish(find_technique(code), (address,), (port,), name, {"tls": int(tls)})
        for code in codes
        if code in allowed
    ]


def whole_stage(targets: Sequence[str], seed: str) -> list[Wish]:
    """Return the scan of all ports: what load 4 stands for, where somebody expressly asks."""
    technique = find_technique("tcp-ports")
    wishes = []
    for family in _families(targets):
        order = sorted(family)
        random.Random(seed).shuffle(order)
        wishes += [Wish(technique, (target,), ()) for target in order]
    return wishes
