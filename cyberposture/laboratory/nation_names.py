"""The names of the fictional nation: a zone for each institution, its name servers, one resolver.

The resolver knows these zones and nothing else, so that a lookup of the demonstration never leaves
this machine. What is wrong in a zone was put there to be found.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cyberposture.laboratory.hosts import Host, Service, Zone

RESOLVER = "127.40.0.53"
_HEAD = "@ 300 IN SOA ns1 hostmaster 1 7200 900 1209600 300"
_ELSEWHERE = ("127.49.1.53", "127.49.2.53")
"""Where an invented hoster's name servers would be; nobody may ask them and nothing is there."""


@dataclass(frozen=True)
class Names:
    """What stands in an institution's zone beside its hosts, and who serves it."""

    records: tuple[str, ...] = ()
    servers: tuple[str, ...] = _ELSEWHERE
    own_servers: bool = False
    signed: Literal["no", "yes", "broken", "expired"] = "no"
    takes_mail: bool = False
    selectors: tuple[str, ...] = ()
    transfers: bool = False
    recursion: bool = False


@cache
def _dkim_record(bits: int) -> str:
    der = rsa.generate_private_key(65_537, bits).public_key()
    text = base64.b64encode(der.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    said = f"v=DKIM1; k=rsa; p={text.decode()}"
    return " ".join(f'"{said[n : n + 200]}"' for n in range(0, len(said), 200))


def _of_karakoram() -> Names:
    return Names(
        records=(
            "@ 300 IN MX 10 mail",
            '@ 300 IN TXT "v=spf1 mx -all"',
            '_dmarc 300 IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@karakoram-grid.example"',
            f"s2026._domainkey 300 IN TXT {_dkim_record(2048)}",
            '@ 300 IN CAA 0 issue "ca.example"',
        ),
        servers=("127.40.2.53", "127.40.12.53"),
        own_servers=True,
        signed="yes",
        takes_mail=True,
        selectors=("s2026",),
    )


def _of_indus_valley() -> Names:
    return Names(
        records=(
            "@ 300 IN MX 10 mail",
            '@ 300 IN TXT "v=spf1 mx include:_spf.indus-valley-power.example ~all"',
            '_spf 300 IN TXT "v=spf1 ip4:127.40.1.2 -all"',
            '_dmarc 300 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@indus-valley-power.example"',
            f"old._domainkey 300 IN TXT {_dkim_record(1024)}",
        ),
        servers=("127.40.1.53",),
        own_servers=True,
        takes_mail=True,
        selectors=("old",),
        transfers=True,
    )


def _of_imaginary_records() -> Names:
    return Names(
        records=(
            "@ 300 IN MX 10 www",
            '@ 300 IN TXT "v=spf1 mx -all"',
            '@ 300 IN TXT "v=spf1 include:post.imaginary-records.example +all"',
        ),
        servers=("127.40.8.53",),
        own_servers=True,
        takes_mail=True,
        recursion=True,
    )


_PARKED = Names(records=("@ 300 IN MX 0 .", '_dmarc 300 IN TXT "v=DMARC1; p=reject"'))
_FORGED = Names(
    records=("@ 300 IN MX 10 mail", '@ 300 IN TXT "v=spf1 include:little-spring-water.example"'),
    takes_mail=True,
)


@cache
def special_names() -> Mapping[str, Names]:
    """Return what is particular about the zones of some institutions, by institution."""
    return {
        "karakoram-grid": _of_karakoram(),
        "indus-valley-power": _of_indus_valley(),
        "office-of-imaginary-records": _of_imaginary_records(),
        "little-spring-water": _FORGED,
        "blue-canal-water": _PARKED,
    }


def domain_of(hosts: Iterable[Host]) -> str | None:
    """Return the domain that an institution's hosts have their names in, if they have any."""
    names = (name for host in hosts for name in host.names)
    return next((".".join(name.split(".")[-2:]) for name in names), None)


def zone_of(code: str, hosts: Iterable[Host]) -> Zone | None:
    """Return the zone of one institution, as the resolver knows it."""
    hosts = tuple(hosts)
    domain = domain_of(hosts)
    if domain is None:
        return None
    names = special_names().get(code, Names())
    lines = [_HEAD]
    for number, address in enumerate(names.servers, start=1):
        lines += [f"@ 300 IN NS ns{number}", f"ns{number} 300 IN A {address}"]
    lines += [f"{name}. 300 IN A {host.address}" for host in hosts for name in host.names]
    if names.takes_mail:
        mail = next((host.address for host in hosts if host.code == "mail"), hosts[0].address)
        lines.append(f"mail 300 IN A {mail}")
    return Zone(
        origin=domain,
        records="\n".join([*lines, *names.records]),
        authoritative=False,
        signed=names.signed,
    )


_WORLD = Zone(
    origin="example.com",
    records="@ 300 IN SOA ns. hostmaster. 1 7200 900 1209600 300\n@ 300 IN A 192.0.2.1\n"
    + "\n".join(f'@ 300 IN TXT "{n} {"padding " * 24}"' for n in range(4)),
    authoritative=False,
)
"""A name of the world outside, for servers that look names up for strangers."""


def name_servers(code: str, hosts: Iterable[Host], *, mended: bool = False) -> tuple[Host, ...]:
    """Return an institution's own name servers; `mended` ones neither give away nor look up."""
    names, zone = special_names().get(code, Names()), zone_of(code, hosts)
    if zone is None or not names.own_servers:
        return ()
    own = zone.model_copy(update={"authoritative": True})
    is_open = names.recursion and not mended
    service = Service(
        kind="dns",
        port=53,
        zones=(own, _WORLD) if is_open else (own,),
        recursion=is_open,
        transfers=names.transfers and not mended,
    )
    return tuple(
        Host(code=f"ns-{number}", address=address, services=(service,))
        for number, address in enumerate(names.servers, start=1)
    )


def resolver(zones: Iterable[Zone]) -> Host:
    """Return the one resolver of the nation, which knows these zones and nothing else."""
    service = Service(kind="dns", port=53, recursion=True, zones=tuple(zones))
    return Host(code="resolver", address=RESOLVER, services=(service,))
