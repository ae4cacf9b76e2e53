"""What stands in the laboratory: hosts, each at a loopback address of its own, with services."""

from ipaddress import IPv4Network, ip_address
from typing import Annotated, Literal

import dns.exception
import dns.zone
from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from cyberposture.model.foundation import Code, Model, Port

Kind = Literal[
    "http",
    "https",
    "ftp",
    "telnet",
    "ssh",
    "smtp",
    "pop3",
    "imap",
    "redis",
    "memcached",
    "mysql",
    "postgresql",
    "vnc",
    "rdp",
    "smb",
    "ldap",
    "mqtt",
    "snmp",
    "ntp",
    "dns",
    "modbus",
    "controller",
    "rsync",
    "rtsp",
    "amqp",
    "diameter",
    "gtp",
    "ipmi",
    "slow",
    "wrapped",
    "endless",
    "broken-tls",
]
CertificateKind = Literal[
    "good",
    "expired",
    "not-yet-valid",
    "expiring-soon",
    "wrong-name",
    "self-signed",
    "weak-key",
]
TLSVersion = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
TLSUse = Literal["none", "starttls", "implicit"]
Site = Literal[
    "kept",
    "redirect",
    "neglected",
    "listing",
    "stack-trace",
    "stray",
    "bucket",
    "index",
    "careless",
    "endless-header",
]
ContactFile = Literal["valid", "expired", "none"]
Signing = Literal["no", "yes", "broken", "expired"]
ZoneOutcome = Literal["answer", "servfail", "refused", "silent"]

Name = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)
]

LOOPBACK = IPv4Network("127.0.0.0/8")
TLS_VERSIONS: tuple[TLSVersion, ...] = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")

_TLS = frozenset({"certificate", "tls_min", "tls_max", "weak_suites"})
_SITE = frozenset({"site", "banner", "title", "contact_file"})
_OPTIONS: dict[Kind, frozenset[str]] = {
    "http": _SITE,
    "https": _SITE | _TLS | {"hsts"},
    "ftp": _TLS | {"banner", "tls"},
    "telnet": frozenset({"banner"}),
    "ssh": frozenset({"banner", "weak_suites", "password_login", "version_one"}),
    "smtp": _TLS | {"banner", "tls", "open_access", "broken_upgrade"},
    "pop3": _TLS | {"banner", "tls"},
    "imap": _TLS | {"banner", "tls"},
    "redis": frozenset({"banner", "open_access"}),
    "memcached": frozenset({"banner"}),
    "mysql": _TLS | {"banner", "tls"},
    "postgresql": _TLS | {"tls"},
    "vnc": frozenset({"open_access"}),
    "rdp": frozenset({"network_level"}),
    "smb": frozenset({"version_one", "signing"}),
    "ldap": frozenset({"open_access"}),
    "mqtt": frozenset({"open_access"}),
    "snmp": frozenset({"banner", "community"}),
    "ntp": frozenset({"open_access", "offset_s", "in_step"}),
    "dns": frozenset({"banner", "recursion", "transfers", "zones"}),
    "modbus": frozenset({"banner"}),
    "controller": frozenset(),
    "rsync": frozenset({"open_access"}),
    "rtsp": frozenset(),
    "amqp": frozenset(),
    "diameter": frozenset(),
    "gtp": frozenset(),
    "ipmi": frozenset(),
    "slow": frozenset({"interval_s"}),
    "wrapped": frozenset(),
    "endless": frozenset({"banner"}),
    "broken-tls": frozenset(),
}


def require_loopback(address: str) -> str:
    """Return `address` as it is, once it is sure that it lies in 127.0.0.0/8.

    Raises:
        ValueError: it is no IPv4 address in dotted form, or lies anywhere else.
    """
    if ip_address(address) not in LOOPBACK:
        raise ValueError(f"{address} is no loopback address; the laboratory has no others")
    return address


def _usable(address: str) -> str:
    host = ip_address(require_loopback(address))
    if host in (LOOPBACK.network_address, LOOPBACK.broadcast_address):
        raise ValueError(f"{address} names the whole network, not a host")
    return address


Address = Annotated[str, AfterValidator(_usable)]


class Zone(Model):
    """One DNS zone: records in master-file form, names relative to the origin or absolute.

    A zone that is not `authoritative` stands for the rest of the world: only a server with
    `recursion` answers from it. `outcome` makes a whole zone fail in one chosen way.
    """

    origin: Name
    records: str
    authoritative: bool = True
    outcome: ZoneOutcome = "answer"
    signed: Signing = "no"
    """Real signatures, or ones that are broken or out of date; resolvers check them."""

    @model_validator(mode="after")
    def _readable(self) -> "Zone":
        try:
            self.read()
        except dns.exception.DNSException as error:
            raise ValueError(f"zone {self.origin}: {error}") from error
        return self

    def read(self) -> dns.zone.Zone:
        """Return the zone as dnspython holds it, all names absolute."""
        return dns.zone.from_text(
            self.records, origin=f"{self.origin}.", relativize=False, check_origin=False
        )


class Service(Model):
    """One service on one port.

    Defaults describe a well-kept service; each option makes it worse or merely different, and an
    option that its kind does not know is refused. What each kind does: README.md beside this file.
    """

    kind: Kind
    port: Port
    banner: str | None = Field(default=None, max_length=4096)
    """Replaces what the service says of itself; may be hostile on purpose."""
    title: str | None = Field(default=None, max_length=4096)
    """Replaces the title of a site's pages, unescaped."""
    site: Site = "kept"
    hsts: bool = True
    certificate: CertificateKind = "good"
    tls: TLSUse = "none"
    """For mail, FTP and databases: in the clear, upgraded on request, or from the first byte."""
    tls_min: TLSVersion = "TLSv1.2"
    tls_max: TLSVersion = "TLSv1.3"
    weak_suites: bool = False
    """Below TLS 1.3 only suites without forward secrecy; for SSH only outdated algorithms."""
    password_login: bool = False
    """SSH offers passwords beside keys; none is ever accepted."""
    open_access: bool = False
    """Anybody may use it: without a password (Redis, VNC, LDAP, MQTT), for its list (rsync), for
    other questions than the time (NTP), to send mail elsewhere (SMTP, which takes none of it)."""
    broken_upgrade: bool = False
    """Mail: encryption is offered, and the handshake fails."""
    contact_file: ContactFile = "valid"
    """What stands at /.well-known/security.txt of a kept site."""
    version_one: bool = False
    """The outdated version of the protocol is offered too (SMB, SSH)."""
    signing: bool = True
    """A share insists on signed messages."""
    offset_s: float = Field(default=0.0, ge=-86_400, le=86_400)
    """By how much a time server is wrong."""
    in_step: bool = True
    """A time server follows another clock."""
    network_level: bool = True
    """Remote desktop asks for a login before it shows a screen."""
    community: str = Field(default="public", max_length=64)
    recursion: bool = False
    transfers: bool = False
    """DNS hands out whole zones to anybody who asks."""
    zones: tuple[Zone, ...] = ()
    interval_s: float = Field(default=3.0, gt=0, le=30)

    @model_validator(mode="after")
    def _coherent(self) -> "Service":
        alien = self.model_fields_set - _OPTIONS[self.kind] - {"kind", "port"}
        if alien:
            raise ValueError(f"a {self.kind} service has no option {', '.join(sorted(alien))}")
        if TLS_VERSIONS.index(self.tls_min) > TLS_VERSIONS.index(self.tls_max):
            raise ValueError(f"tls_min {self.tls_min} is above tls_max {self.tls_max}")
        return self

    @property
    def needs_certificate(self) -> bool:
        """Whether it serves TLS at any moment of a connection."""
        return self.kind == "https" or self.tls != "none"

    @property
    def opens_with_tls(self) -> bool:
        """Whether the first byte of a connection already belongs to TLS."""
        return self.kind == "https" or self.tls == "implicit"


class Host(Model):
    """One machine of the laboratory: a loopback address, the names it is known by, its services."""

    code: Code
    address: Address
    names: tuple[Name, ...] = ()
    services: tuple[Service, ...] = ()

    @field_validator("services")
    @classmethod
    def _one_service_a_port(cls, services: tuple[Service, ...]) -> tuple[Service, ...]:
        ports = [service.port for service in services]
        twice = sorted({port for port in ports if ports.count(port) > 1})
        if twice:
            raise ValueError(f"more than one service on port {', '.join(map(str, twice))}")
        return services

    @property
    def name(self) -> str:
        """The first name, or the code where it has none."""
        return self.names[0] if self.names else self.code
