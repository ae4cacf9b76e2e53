"""The fictional nation of the demonstration: its institutions, their hosts, and what they repair.

Every name is invented. Nothing here runs: the laboratory starts the hosts, the ordinary services
of the register do the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.nation_names import (
    domain_of,
    name_servers,
    resolver,
    special_names,
    zone_of,
)
from cyberposture.model.institutions import Institution

Maturity = Literal["strong", "fair", "weak"]


@dataclass(frozen=True)
class Repair:
    """What an institution changes between the two rounds; None switches the service off."""

    address: str
    port: int
    service: Service | None


@dataclass(frozen=True)
class Scene:
    """One institution with all that the demonstration needs to know about it."""

    institution: Institution
    hosts: tuple[Host, ...]
    maturity: Maturity
    zones: dict[str, str] = field(default_factory=dict)
    """Zone by host code; a host that is not named stands in the zone `public`."""
    undeclared_to_us: tuple[str, ...] = ()
    """Declared addresses that the authorisation leaves out."""
    claims: dict[str, int] = field(default_factory=dict)
    """Levels that the institution claims whatever its maturity would suggest."""
    answered_pct: int = 100
    reviewed: bool = False
    withdraws: bool = False
    repairs: tuple[Repair, ...] = ()
    sheet: Literal["yaml", "csv"] = "yaml"

    @property
    def domain(self) -> str | None:
        """The domain that the institution's names stand in."""
        return domain_of(self.hosts)

    @property
    def mail_selectors(self) -> tuple[str, ...] | None:
        """The DKIM selectors of its mail domain; None: it declares no mail domain."""
        names = special_names().get(self.institution.code)
        return None if names is None else names.selectors

    @property
    def has_plant(self) -> bool:
        """Return whether part of the network is a plant that the office must not reach."""
        return "plant" in self.zones.values()


def _institution(
    code: str, name: str, sector: str, tier: str, *features: str, contact: str
) -> Institution:
    return Institution.model_validate(
        {
            "code": code,
            "name": f"{name} (fictional)",
            "sectors": [sector],
            "tier": tier,
            "features": features,
            "contacts": [contact],
        }
    )


def _web(code: str, address: str, name: str, **options: object) -> Host:
    http = Service(kind="http", port=80, site="redirect")
    https = Service.model_validate({"kind": "https", "port": 443, **options})
    return Host(code=code, address=address, names=(name,), services=(http, https))


def _one(code: str, address: str, kind: str, port: int, **options: object) -> Host:
    service = Service.model_validate({"kind": kind, "port": port, **options})
    return Host(code=code, address=address, services=(service,))


def _indus_valley_power() -> Scene:
    return Scene(
        _institution("indus-valley-power", "Indus Valley Power", "power", "X", "web", "mail",
                     "ot", "personal-data", contact="Control room, extension 101"),
        (
            _web("www", "127.40.1.1", "www.indus-valley-power.example"),
            Host(code="mail", address="127.40.1.2", services=(
                Service(kind="smtp", port=25, tls="starttls"),
                Service(kind="imap", port=993, tls="implicit"))),
            _one("branch-switch", "127.40.1.3", "telnet", 23),
            _one("jump-host", "127.40.1.4", "ssh", 22, banner="OpenSSH_7.4"),
            _one("turbine-controller", "127.40.1.5", "modbus", 502),
            _one("historian", "127.40.1.6", "slow", 80),
        ),
        "fair",
        zones={"turbine-controller": "plant"},
        undeclared_to_us=("127.40.1.9",),
        claims={"IAM-03": 3, "IAM-09": 3, "IAM-08": 2, "DAT-04": 3},
        reviewed=True,
        repairs=(Repair("127.40.1.3", 23, None),),
    )  # fmt: skip


def _karakoram_grid() -> Scene:
    return Scene(
        _institution("karakoram-grid", "Karakoram Grid Services", "power", "X", "web", "mail",
                     "ot", "personal-data", contact="Duty engineer, extension 7"),
        (
            _web("www", "127.40.2.1", "www.karakoram-grid.example"),
            Host(code="mail", address="127.40.2.2", services=(
                Service(kind="smtp", port=25, tls="starttls"),)),
            _web("portal", "127.40.2.3", "portal.karakoram-grid.example"),
            Host(code="substation", address="127.40.2.4"),
            _one("clock", "127.40.2.5", "ntp", 123),
        ),
        "strong",
        zones={"substation": "plant"},
        reviewed=True,
    )  # fmt: skip


def _saffron_coast_electric() -> Scene:
    return Scene(
        _institution("saffron-coast-electric", "Saffron Coast Electric", "power", "G", "web",
                     "personal-data", contact="Help desk, extension 40"),
        (
            Host(code="www", address="127.40.3.1",
                 names=("www.saffron-coast-electric.example",), services=(
                Service(kind="http", port=80, site="neglected"),
                Service(kind="https", port=443, tls_min="TLSv1.0", tls_max="TLSv1.2",
                        weak_suites=True, certificate="expired", hsts=False))),
            _one("cache", "127.40.3.2", "redis", 6379, open_access=True),
            _one("files", "127.40.3.3", "ftp", 21),
            _one("mail", "127.40.3.4", "smtp", 25, open_access=True),
            _one("share", "127.40.3.5", "smb", 445, version_one=True, signing=False),
        ),
        "weak",
        claims={"NET-01": 3, "IAM-03": 2},
        repairs=(Repair("127.40.3.2", 6379, None),),
        sheet="csv",
    )  # fmt: skip


def _monsoon_hydro_works() -> Scene:
    return Scene(
        _institution("monsoon-hydro-works", "Monsoon Hydro Works", "power", "G", "web", "ot",
                     contact="Dam office, extension 3"),
        (
            _web("www", "127.40.4.1", "www.monsoon-hydro-works.example", hsts=False),
            _one("operator-screen", "127.40.4.2", "vnc", 5900),
            _one("gate-controller", "127.40.4.3", "modbus", 502),
            _one("terminal-server", "127.40.4.4", "wrapped", 23),
        ),
        "fair",
        zones={"gate-controller": "plant", "operator-screen": "plant"},
        claims={"OTI-01": 3, "OTI-03": 2},
    )  # fmt: skip


def _juniper_hill_solar() -> Scene:
    return Scene(
        _institution("juniper-hill-solar", "Juniper Hill Solar", "power", "A", "web",
                     contact="Owner, extension 1"),
        (
            Host(code="www", address="127.40.5.1", names=("www.juniper-hill-solar.example",),
                 services=(Service(kind="http", port=80, site="neglected"),)),
            _one("gateway", "127.40.5.2", "ssh", 22, weak_suites=True, password_login=True),
            _one("clock", "127.40.5.3", "ntp", 123, open_access=True, offset_s=40),
        ),
        "weak",
        answered_pct=22,
        sheet="csv",
    )  # fmt: skip


def _blue_canal_water() -> Scene:
    return Scene(
        _institution("blue-canal-water", "Blue Canal Water Utility", "water", "G", "web",
                     "personal-data", contact="Pump station, extension 12"),
        (
            _web("www", "127.40.6.1", "www.blue-canal-water.example",
                 certificate="wrong-name"),
            _one("billing-desk", "127.40.6.2", "rdp", 3389, network_level=False),
            _one("billing-store", "127.40.6.3", "mysql", 3306),
        ),
        "fair",
        claims={"IAM-09": 3, "IAM-03": 3, "NET-01": 2},
        reviewed=True,
        repairs=(Repair("127.40.6.2", 3389, None),),
    )  # fmt: skip


def _little_spring_water() -> Scene:
    return Scene(
        _institution("little-spring-water", "Little Spring Water Board", "water", "A", "web",
                     "mail", contact="Clerk, extension 2"),
        (
            _web("www", "127.40.7.1", "www.little-spring-water.example"),
            _one("mail", "127.40.7.2", "pop3", 110),
        ),
        "fair",
        repairs=(Repair("127.40.7.2", 110, None),),
        sheet="csv",
    )  # fmt: skip


def _office_of_imaginary_records() -> Scene:
    return Scene(
        _institution("office-of-imaginary-records", "Office of Imaginary Records",
                     "government", "G", "web", "personal-data", "citizen-services",
                     contact="Registry, extension 55"),
        (
            Host(code="www", address="127.40.8.1",
                 names=("www.imaginary-records.example",), services=(
                Service(kind="http", port=80, site="listing"),
                Service(kind="https", port=443, hsts=False, certificate="expiring-soon"))),
            Host(code="forms", address="127.40.8.2",
                 names=("forms.imaginary-records.example",), services=(
                Service(kind="http", port=80, site="stack-trace"),)),
            Host(code="core-switch", address="127.40.8.3", services=(
                Service(kind="telnet", port=23),
                Service(kind="snmp", port=161))),
            _one("session-cache", "127.40.8.4", "memcached", 11211),
            _one("papers", "127.40.8.5", "http", 80, site="bucket"),
        ),
        "weak",
        claims={"NET-01": 3, "SYS-06": 3, "IAM-08": 2},
        reviewed=True,
        repairs=(
            Repair("127.40.8.4", 11211, None),
            Repair("127.40.8.2", 80, Service(kind="http", port=80, site="redirect")),
        ),
    )  # fmt: skip


def _department_of_invented_affairs() -> Scene:
    return Scene(
        _institution("department-of-invented-affairs", "Department of Invented Affairs",
                     "government", "G", "web", contact="Porter, extension 9"),
        (
            _web("www", "127.40.9.1", "www.invented-affairs.example"),
            _one("archive", "127.40.9.2", "postgresql", 5432),
        ),
        "strong",
        withdraws=True,
    )  # fmt: skip


def _with_name_servers(scene: Scene) -> Scene:
    """Return a scene with its own name servers; those of one institution are mended in time."""
    code = scene.institution.code
    servers = name_servers(code, scene.hosts)
    repairs = scene.repairs
    if code == "indus-valley-power":
        mended = name_servers(code, scene.hosts, mended=True)
        repairs += tuple(Repair(host.address, 53, host.services[0]) for host in mended)
    return replace(scene, hosts=(*scene.hosts, *servers), repairs=repairs)


def nation() -> tuple[Scene, ...]:
    """Return every institution of the demonstration, in the order in which they are registered."""
    scenes = (
        _indus_valley_power(),
        _karakoram_grid(),
        _saffron_coast_electric(),
        _monsoon_hydro_works(),
        _juniper_hill_solar(),
        _blue_canal_water(),
        _little_spring_water(),
        _office_of_imaginary_records(),
        _department_of_invented_affairs(),
    )
    return tuple(_with_name_servers(scene) for scene in scenes)


def resolver_of(scenes: Iterable[Scene]) -> Host:
    """Return the nation's resolver, which knows the zones of these institutions."""
    zones = (zone_of(scene.institution.code, scene.hosts) for scene in scenes)
    return resolver(zone for zone in zones if zone is not None)
