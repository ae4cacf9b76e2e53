"""What an institution has declared of one address or name: the yardstick for facts about registers.

It reads declarations only; whether the network agrees is judged elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network

from cyberposture.model.checks import Subject
from cyberposture.model.institutions import Asset, Declaration, ServicePort
from cyberposture.scanning.ports import PortKey

INTERNAL = "internal:"


@dataclass(frozen=True, slots=True)
class Flow:
    """Traffic that is permitted from one zone to another; `services` None permits every port."""

    origin: str
    target: str
    services: frozenset[PortKey] | None = None


@dataclass(frozen=True, slots=True)
class HostContext:
    """What is declared of one address, and the zone from which it was looked at.

    None stands for "nothing was declared", which is never the same as "nothing is allowed".
    """

    is_declared: bool | None = None
    """None: the institution has no register of hosts at all."""
    services: frozenset[PortKey] | None = None
    zone: str | None = None
    scanner_zone: str | None = None
    flows: tuple[Flow, ...] | None = None
    """None: no zone policy was declared."""
    names: tuple[str, ...] = field(default=())
    selectors: tuple[str, ...] | None = None
    """The DKIM selectors of a mail domain; None: none was declared."""
    official: tuple[str, ...] | None = None
    """The official domains that bind the institution (none: any will do); None: no list."""
    addresses: frozenset[str] | None = None
    """Every declared address, for what compares names with them; None: none was declared."""

    def permits(self, key: PortKey) -> bool | None:
        """Return whether the port may be reached from the scanner's zone; None: not decidable."""
        if self.zone is None or self.scanner_zone is None or self.flows is None:
            return None
        if self.zone == self.scanner_zone:
            return True
        return any(
            flow.origin == self.scanner_zone
            and flow.target == self.zone
            and (flow.services is None or key in flow.services)
            for flow in self.flows
        )


NOTHING_DECLARED = HostContext()


def zone_of_vantage(vantage: str) -> str | None:
    """Return the zone of an internal vantage (`internal:office` gives `office`), else None."""
    return vantage.removeprefix(INTERNAL) if vantage.startswith(INTERNAL) else None


def _keys(services: Iterable[ServicePort]) -> frozenset[PortKey]:
    return frozenset((service.protocol, service.port) for service in services)


def _holds(asset: Asset, address: str) -> bool:
    target = ip_address(address)
    return any(
        network.version == target.version and target in network
        for network in (ip_network(text, strict=False) for text in asset.addresses)
    )


def _is_current(asset: Asset, at: datetime | None) -> bool:
    if at is None:
        return True
    begun = asset.valid_from is None or asset.valid_from <= at
    return begun and (asset.valid_until is None or at < asset.valid_until)


def context_of_name(
    declaration: Declaration,
    subject: Subject,
    name: str,
    at: datetime | None = None,
    official: tuple[str, ...] | None = None,
) -> HostContext:
    """Return what the declaration says of a subject that is no host, at the moment `at`.

    `official` are the official domains of the country, None where nobody keeps a list.
    """
    current = [asset for asset in declaration.assets if _is_current(asset, at)]
    kind = "host" if subject == "name" else subject
    assets = [asset for asset in current if asset.kind == kind]
    found = [asset for asset in assets if name in [one.lower() for one in asset.names]]
    selectors = tuple(dict.fromkeys(s for asset in found for s in asset.selectors))
    hosts = [asset for asset in current if asset.kind == "host"]
    addresses = frozenset(a for host in hosts for a in host.addresses)
    return HostContext(
        is_declared=bool(found) if assets else None,
        addresses=addresses or None,
        selectors=selectors or None,
        official=official,
        names=(name,) if found else (),
    )


def context_of(
    declaration: Declaration, address: str, vantage: str, at: datetime | None = None
) -> HostContext:
    """Return what the declaration says of `address` at the moment `at` (None: whenever).

    A host that is declared without any service has said nothing about its services. A host
    without a zone of its own belongs to the zone whose networks hold its address.
    """
    assets = [asset for asset in declaration.assets if _is_current(asset, at)]
    hosts = [asset for asset in assets if asset.kind == "host"]
    found = [host for host in hosts if address in host.addresses]
    services = frozenset[PortKey]().union(*(_keys(host.services) for host in found))
    zones = [host.zone for host in found if host.zone]
    zones += [
        asset.zone or asset.id
        for asset in assets
        if asset.kind == "zone" and _holds(asset, address)
    ]
    flows = tuple(
        Flow(asset.flow_from, asset.flow_to, _keys(asset.services) or None)
        for asset in assets
        if asset.kind == "flow" and asset.flow_from and asset.flow_to
    )
    has_policy = bool(flows) or any(asset.kind == "zone" for asset in assets)
    return HostContext(
        is_declared=bool(found) if hosts else None,
        services=services or None,
        zone=zones[0] if zones else None,
        scanner_zone=zone_of_vantage(vantage),
        flows=flows if has_policy else None,
        names=tuple(dict.fromkeys(name for host in found for name in host.names)),
    )
