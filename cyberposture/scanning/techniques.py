"""The closed list of what may be sent: every technique, its load, and the nmap options it emits.

This is the only file that knows nmap options. Content names techniques; it never sees an option.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cyberposture.errors import WrongUsage
from cyberposture.model.addresses import read_address

Protocol = Literal["tcp", "udp"]

FRAGILE_TCP: Final = frozenset(
    {102, 502, 515, 789, 1911, 1962, 2222, 2404, 4840, 4911, 5006, 5007, 5094, 9600, 18245}
    | {18246, 20000, 20547, 34962, 34963, 34964, 34980, 44818, 47808}
    | set(range(1089, 1092))
    | set(range(9100, 9108))
    | set(range(55000, 55004))
)
"""Ports of control equipment and printers: never a version probe, never a script.

A host that answers on one of them gets nothing more in that run. The list is ours, drawn from the
service names that the makers of such equipment registered or document.
"""

VETTED_SCRIPTS: Final = frozenset(
    {
        "imap-capabilities",
        "pop3-capabilities",
        "redis-info",
        "rsync-list-modules",
        "smtp-commands",
        "ssh2-enum-algos",
        "ssl-enum-ciphers",
    }
)
"""NSE scripts that only read, call nobody but the target and guess no password."""

_SCRIPT_ARGUMENTS: Final = frozenset({"tls.servername", "http.host"})
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]"
    r"([a-z0-9-]{0,61}[a-z0-9])?)*\Z"
)


@dataclass(frozen=True)
class Technique:
    """One way of looking. `load` is the load level that an authorisation must allow.

    Load 1 is passive, 2 a normal client (one connection to a listed port, nothing sent beyond the
    protocol's greeting, headers of a page), 3 light probing, 4 everything.
    """

    code: str
    load: int
    protocol: Protocol
    maker: Literal["nmap", "tls", "http", "mail", "greeting", "datagram", "dns"]
    opt_in: bool = False
    """Used only where the authorisation names it."""
    raw_sockets: bool = False
    """Needs a privilege that the host must grant; otherwise it is not tested."""
    detects_versions: bool = False
    """Asks open ports for their service, lightly; never fragile ones."""
    scripts: tuple[str, ...] = ()
    max_ports: int = 1024
    max_hosts: int = 16


TECHNIQUES: Final = {
    technique.code: technique
    for technique in (
        Technique("tcp-ports", 3, "tcp", "nmap"),
        Technique(
            "udp-ports",
            3,
            "udp",
            "nmap",
            opt_in=True,
            raw_sockets=True,
            detects_versions=True,
            max_ports=16,
        ),
        Technique("tcp-connect", 2, "tcp", "nmap", max_ports=16),
        Technique("ot-ports", 2, "tcp", "nmap", opt_in=True, max_ports=64),
        Technique(
            "service-versions",
            3,
            "tcp",
            "nmap",
            detects_versions=True,
            scripts=(
                "imap-capabilities",
                "pop3-capabilities",
                "redis-info",
                "rsync-list-modules",
                "smtp-commands",
                "ssh2-enum-algos",
                "ssl-enum-ciphers",
            ),
            max_hosts=1,
        ),
        Technique("tls-scripts", 3, "tcp", "nmap", scripts=("ssl-enum-ciphers",), max_hosts=1),
        Technique("tls-handshake", 2, "tcp", "tls", max_hosts=1),
        Technique("http-exchange", 2, "tcp", "http", max_hosts=1),
        Technique("http-files", 3, "tcp", "http", max_hosts=1),
        Technique("smtp-exchange", 2, "tcp", "mail", max_hosts=1),
        Technique("smtp-relay", 3, "tcp", "mail", max_hosts=1),
        Technique("service-greeting", 2, "tcp", "greeting", max_hosts=1),
        Technique("udp-exchange", 3, "udp", "datagram", max_hosts=4, max_ports=8),
        Technique("dns-lookup", 1, "udp", "dns", max_hosts=1, max_ports=1),
        Technique("dns-direct", 3, "udp", "dns", max_hosts=1, max_ports=1),
        Technique("dns-transfer", 3, "tcp", "dns", max_hosts=1, max_ports=1),
    )
}
"""Every technique by its code; nothing else can be asked for."""


RECORDED: Final = "recorded"
"""What a person did by an agreed procedure and wrote down: nothing is sent by the program."""
LOOKED_UP: Final = frozenset({"data-versions", "data-routes", "data-location"})
"""What dated tables of others say of what was seen or declared."""
AGES: Final = "finding-ages"
"""What the register knows of earlier looks at the same host."""
WITHOUT_SENDING: Final = LOOKED_UP | {RECORDED, AGES}
"""How facts come about for which nothing is sent: checks name them, authorisations need not."""


DATAGRAMS: Final = {123: "ntp", 623: "ipmi", 2123: "gtp", 2152: "gtp", 3386: "gtp"}
"""The UDP ports that our own probe asks, each in one protocol."""


def find_technique(code: str) -> Technique:
    """Return the technique with this code.

    Raises:
        WrongUsage: there is no such technique.
    """
    if code not in TECHNIQUES:
        raise WrongUsage(f"no technique {code!r}; there are: {', '.join(sorted(TECHNIQUES))}")
    return TECHNIQUES[code]


@dataclass(frozen=True)
class Pace:
    """How gently a run goes: packets a second, retries, seconds, and connections at once."""

    rate_pps: int = 5
    max_retries: int = 1
    host_timeout_s: int = 120
    script_timeout_s: int = 30
    parallelism: int = 1

    def __post_init__(self) -> None:
        bounds = {
            "rate_pps": (1, 100_000),
            "max_retries": (0, 3),
            "host_timeout_s": (1, 86_400),
            "script_timeout_s": (1, 300),
            "parallelism": (1, 64),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise WrongUsage(f"{name} must be a whole number from {low} to {high}")


def is_fragile(protocol: str, port: int) -> bool:
    """Return whether the port belongs to equipment that must not be probed."""
    return port in FRAGILE_TCP or (protocol == "udp" and port == 47808)


def port_list(ports: Sequence[int]) -> str:
    """Return ports in nmap's spelling, ascending, stretches joined: `22,80-82`.

    Raises:
        WrongUsage: the list is empty or holds something that is no port.
    """
    if not ports or any(type(port) is not int or not 1 <= port <= 65_535 for port in ports):
        raise WrongUsage("a port is a whole number from 1 to 65535")
    parts: list[str] = []
    ordered = sorted(set(ports))
    start = last = ordered[0]
    for port in [*ordered[1:], 0]:
        if port == last + 1:
            last = port
            continue
        parts.append(str(start) if start == last else f"{start}-{last}")
        start = last = port
    return ",".join(parts)


def host_list(targets: Sequence[str]) -> str:
    """Return the targets as nmap's `hosts`: canonical addresses of one family, nothing else.

    Raises:
        WrongUsage: no target, families mixed, or a text that is no canonical address.
    """
    versions = {read_address(target).version for target in targets}
    if len(versions) != 1:
        raise WrongUsage("a run needs targets of exactly one address family")
    return " ".join(dict.fromkeys(str(read_address(target)) for target in targets))


def _script_options(technique: Technique, pace: Pace, name: str | None) -> list[str]:
    if not technique.scripts:
        return []
    unknown = set(technique.scripts) - VETTED_SCRIPTS
    if unknown:
        raise WrongUsage(f"scripts that nobody vetted: {', '.join(sorted(unknown))}")
    options = ["--script", ",".join(technique.scripts)]
    options += ["--script-timeout", f"{pace.script_timeout_s}s"]
    if name is not None:
        if not _HOST_NAME.match(name):
            raise WrongUsage("a name for TLS and HTTP is a lower-case ASCII host name")
        arguments = ",".join(f"{key}={name}" for key in sorted(_SCRIPT_ARGUMENTS))
        options += ["--script-args", arguments]
    return options


def nmap_arguments(
    technique: Technique,
    targets: Sequence[str],
    ports: Sequence[int] | None,
    pace: Pace,
    *,
    name: str | None = None,
    exclude_file: Path | None = None,
) -> list[str]:
    """Return the options of one nmap run as a list of words; `-oX -` and hosts are not among them.

    `ports` None asks for all ports.

    Raises:
        WrongUsage: something lies outside the technique's bounds.
    """
    if technique.maker != "nmap":
        raise WrongUsage(f"{technique.code} is not made with nmap")
    if len(targets) > technique.max_hosts or len(ports or ()) > technique.max_ports:
        raise WrongUsage(f"{technique.code}: more hosts or ports than one run may hold")
    words = ["-n", "-Pn", "-sU" if technique.protocol == "udp" else "-sT"]
    if read_address(targets[0]).version == 6:
        words.append("-6")
    wanted = list(ports) if ports is not None else None
    if technique.detects_versions or technique.scripts:
        if wanted is None:
            raise WrongUsage("versions are asked only of ports that were found open")
        wanted = [port for port in wanted if not is_fragile(technique.protocol, port)]
        words += ["--exclude-ports", port_list(sorted(FRAGILE_TCP))]
        words += ["-sV", "--version-light"] if technique.detects_versions else []
        words += _script_options(technique, pace, name)
    words += ["-p", port_list(wanted) if wanted is not None else "1-65535"]
    words += ["--max-retries", str(pace.max_retries)]
    words += ["--host-timeout", f"{pace.host_timeout_s}s"]
    words += ["--max-rate", str(pace.rate_pps * len(targets))]
    words += ["--max-hostgroup", str(technique.max_hosts)]
    words += ["--max-parallelism", str(pace.parallelism * len(targets))]
    if exclude_file is not None:
        words += ["--excludefile", str(exclude_file)]
    return words


def expected_seconds(technique: Technique, hosts: int, ports: int, pace: Pace) -> int:
    """Return how long a run may take at the most, in whole seconds.

    Port scans are bounded by the rate (each port once and `max_retries` times more), everything by
    the time-out of a host; six seconds a port is how long nmap waits for a silent service.
    """
    if technique.maker == "datagram":
        return max(2, 6 * hosts * ports)
    if technique.maker != "nmap":
        return max(2, 12 * hosts * ports)
    by_rate = -(-ports * (1 + pace.max_retries) // pace.rate_pps)
    by_versions = 15 * ports if technique.detects_versions else 0
    return min(pace.host_timeout_s, by_rate + by_versions + 5) + 5
