"""Institutions and what they declare about themselves."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from cyberposture.model.checks import Protocol, Subject
from cyberposture.model.controls import Tier
from cyberposture.model.foundation import Code, Model, Moment, Port
from cyberposture.model.gate import HostName, Zone


class Institution(Model):
    """A body that is assessed."""

    code: Code
    name: str = Field(min_length=1, max_length=200)
    sectors: tuple[Code, ...] = Field(min_length=1)
    tier: Tier
    features: tuple[Code, ...] = ()
    zone: Zone = "Asia/Karachi"
    """The IANA zone in which its windows and due dates are read."""
    parent: Code | None = None
    contacts: tuple[str, ...] = ()
    """Emergency contacts, as people would write them on a notice."""
    active_from: Moment | None = None
    active_until: Moment | None = None


class ServicePort(Model):
    """A port that is expected to be open, or that a flow permits."""

    protocol: Protocol = "tcp"
    port: Port


def _as_sent(text: str) -> str:
    return text.lower() if ":" in text else text


Spelled = Annotated[str, AfterValidator(_as_sent)]
"""An address as it was written, IPv6 in lower case; whether it is one is checked on import."""


Selector = Annotated[
    str,
    StringConstraints(
        to_lower=True,
        max_length=120,
        pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?"
        r"(\.[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?)*$",
    ),
]
"""The name of a DKIM key. Source: RFC 6376, section 3.1, September 2011."""


def _canonical_prefix(text: str) -> str:
    if "/" not in text:
        raise ValueError("a prefix has a length, such as 192.0.2.0/24")
    return str(ip_network(text))


Prefix = Annotated[str, AfterValidator(_canonical_prefix)]
"""A block of addresses in canonical spelling, without host bits."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""A country by its two letters. Source: ISO 3166-1."""


class Asset(Model):
    """One declared thing: a host, a zone, a flow, a supplier, a domain, a mail domain, a prefix.

    A zone is a part of the network, a domain a zone of the DNS that is the institution's own.
    """

    id: Code
    kind: Literal["host", "zone", "flow", "supplier", "domain", "mail-domain", "prefix"]
    title: str = ""
    addresses: tuple[Spelled, ...] = ()
    names: tuple[HostName, ...] = ()
    zone: Code | None = None
    services: tuple[ServicePort, ...] = ()
    flow_from: Code | None = None
    flow_to: Code | None = None
    selectors: tuple[Selector, ...] = ()
    """Of a mail domain: under which names its DKIM keys stand."""
    prefixes: tuple[Prefix, ...] = ()
    """Of a prefix: the institution's own blocks of addresses."""
    kept_in: tuple[Country, ...] = ()
    """Of a host: the countries in which it is said to stand."""
    owner: str | None = None
    third_party: str | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class Declaration(Model):
    """All assets of one institution as they stood at one moment."""

    institution: Code
    assets: tuple[Asset, ...] = ()

    def hosts(self) -> tuple[Asset, ...]:
        """Return the declared hosts in the order given."""
        return tuple(asset for asset in self.assets if asset.kind == "host")

    def addresses(self) -> tuple[str, ...]:
        """Return every declared address once, in the order first met."""
        return tuple(dict.fromkeys(a for host in self.hosts() for a in host.addresses))

    def prefixes(self) -> tuple[str, ...]:
        """Return every declared block of addresses once, in the order first met."""
        return tuple(dict.fromkeys(prefix for asset in self.assets for prefix in asset.prefixes))

    def names_of(self, kind: Literal["host", "domain", "mail-domain"]) -> tuple[str, ...]:
        """Return every declared name of a kind once, in lower case, in the order first met."""
        named = (n for asset in self.assets if asset.kind == kind for n in asset.names)
        return tuple(dict.fromkeys(name.lower() for name in named))

    def keys_of(self, subject: Subject) -> tuple[str, ...]:
        """Return what is known of a kind of subject before anyone looks, by the facts' own keys.

        Of the prefixes of others, by which it is reached, tables alone tell.
        """
        match subject:
            case "host":
                return self.addresses()
            case "name":
                return self.names_of("host")
            case "domain" | "mail-domain":
                return self.names_of(subject)
            case "institution":
                return (self.institution,)
            case "prefix":
                return self.prefixes()
