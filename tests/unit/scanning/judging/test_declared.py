"""What a declaration says of one address."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cyberposture.model.institutions import Asset, Declaration
from cyberposture.scanning.judging.declared import Flow, HostContext, context_of


def declared(*assets: dict[str, Any]) -> Declaration:
    rows = [{"id": f"asset-{number}", **asset} for number, asset in enumerate(assets)]
    return Declaration(
        institution="indus-valley-power", assets=tuple(Asset.model_validate(row) for row in rows)
    )


WEB = {
    "kind": "host",
    "addresses": ["192.0.2.7"],
    "names": ["www.example.pk"],
    "zone": "servers",
    "services": [{"port": 443}, {"port": 53, "protocol": "udp"}],
}
FLOW = {"kind": "flow", "flow_from": "office", "flow_to": "servers", "services": [{"port": 443}]}


def test_a_declared_host_brings_its_services_zone_and_names() -> None:
    context = context_of(declared(WEB, FLOW), "192.0.2.7", "internal:office")
    assert context == HostContext(
        is_declared=True,
        services=frozenset({("tcp", 443), ("udp", 53)}),
        zone="servers",
        scanner_zone="office",
        flows=(Flow("office", "servers", frozenset({("tcp", 443)})),),
        names=("www.example.pk",),
    )


def test_an_address_beside_a_register_is_undeclared() -> None:
    assert context_of(declared(WEB), "192.0.2.8", "external").is_declared is False


def test_without_a_register_nothing_is_said() -> None:
    assert context_of(declared(), "192.0.2.8", "external") == HostContext()


def test_a_host_without_services_has_said_nothing_about_them() -> None:
    host = {"kind": "host", "addresses": ["192.0.2.7"]}
    assert context_of(declared(host), "192.0.2.7", "external").services is None


@pytest.mark.parametrize(("address", "zone"), [("10.1.2.3", "plant"), ("10.2.0.1", None)])
def test_a_host_belongs_to_the_zone_whose_network_holds_it(address: str, zone: str | None) -> None:
    networks = {"id": "plant", "kind": "zone", "addresses": ["10.1.0.0/16", "2001:db8::/32"]}
    assert context_of(declared(networks), address, "external").zone == zone


def test_declared_zones_without_flows_are_a_policy_that_permits_none() -> None:
    zone = {"id": "plant", "kind": "zone", "addresses": ["10.1.0.0/16"]}
    context = context_of(declared(zone), "10.1.0.1", "internal:office")
    assert context.flows == ()
    assert context.permits(("tcp", 502)) is False


def test_a_flow_without_ports_permits_every_port() -> None:
    open_flow = {"kind": "flow", "flow_from": "office", "flow_to": "servers"}
    context = context_of(declared(WEB, open_flow), "192.0.2.7", "internal:office")
    assert context.permits(("tcp", 9)) is True


def test_a_zone_may_reach_itself() -> None:
    context = context_of(declared(WEB, FLOW), "192.0.2.7", "internal:servers")
    assert context.permits(("tcp", 9)) is True


def test_what_was_not_declared_cannot_be_decided() -> None:
    assert context_of(declared(WEB), "192.0.2.7", "internal:office").permits(("tcp", 9)) is None
    assert context_of(declared(WEB, FLOW), "192.0.2.7", "external").permits(("tcp", 9)) is None


def test_assets_count_while_they_are_valid() -> None:
    past = {**WEB, "valid_until": datetime(2026, 1, 1, tzinfo=UTC)}
    before, after = datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    assert context_of(declared(past), "192.0.2.7", "external", before).is_declared is True
    assert context_of(declared(past), "192.0.2.7", "external", after).is_declared is None
    future = {**WEB, "valid_from": after}
    assert context_of(declared(future), "192.0.2.7", "external", before).is_declared is None
