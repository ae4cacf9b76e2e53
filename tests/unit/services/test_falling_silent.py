"""How many formerly open ports must fall silent at once for us to be perhaps blocked."""

from typing import Any

import pytest

from cyberposture.model.examples import ExampleFacts
from cyberposture.scanning.judging.examples import compile_facts
from cyberposture.scanning.judging.hostview import HostView, view_host
from cyberposture.services.findings.following import fell_silent

HOST = "192.0.2.7"
TEN = [("tcp", port) for port in range(1, 11)]


def a_view(**facts: Any) -> HostView:
    return view_host(compile_facts(ExampleFacts.model_validate(facts)))


def with_silent(count: int, state: str = "filtered") -> HostView:
    """Return a host of whose ten formerly open ports the first `count` are silent now."""
    ports = {str(port): state if port <= count else "open" for _, port in TEN}
    return a_view(ports=ports)


def test_all_formerly_open_ports_filtered_at_once_is_perhaps_a_block() -> None:
    was_open = [("tcp", 22), ("tcp", 443), ("udp", 53)]
    silent = {"22": "filtered", "443": "filtered", "53/udp": "open|filtered"}
    for now in (a_view(ports=silent), a_view(ports={**silent, "8080": "closed"})):
        assert fell_silent({HOST: was_open}, {HOST: now})


@pytest.mark.parametrize("state", ["filtered", "open|filtered", "unknown"])
def test_more_than_three_in_ten_silent_ports_are_too_many(state: str) -> None:
    assert not fell_silent({HOST: TEN}, {HOST: with_silent(3, state)})
    assert fell_silent({HOST: TEN}, {HOST: with_silent(4, state)})


def test_ports_are_counted_over_all_hosts_together() -> None:
    before = {HOST: TEN, "192.0.2.8": TEN}
    assert not fell_silent(before, {HOST: with_silent(6), "192.0.2.8": with_silent(0)})
    assert fell_silent(before, {HOST: with_silent(6), "192.0.2.8": with_silent(1)})


@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_port_that_answers_is_not_silent(state: str) -> None:
    assert not fell_silent({HOST: TEN}, {HOST: with_silent(10, state)})


def test_a_port_that_accepts_and_closes_has_answered() -> None:
    now = a_view(rest="closed", services={str(port): "tcpwrapped" for _, port in TEN})
    assert not fell_silent({HOST: TEN}, {HOST: now})


def test_a_host_that_timed_out_is_silent_on_every_port() -> None:
    assert fell_silent({HOST: TEN}, {HOST: a_view(outcome="timed-out", rest="closed")})


def test_ports_that_were_not_tried_again_say_nothing_of_a_block() -> None:
    was_open = [("tcp", 22), ("tcp", 443)]
    assert fell_silent({HOST: was_open}, {HOST: a_view(ports={"22": "filtered"})})
    assert not fell_silent({HOST: was_open}, {HOST: a_view(ports={"25": "filtered"})})
    assert not fell_silent({HOST: was_open}, {})
    assert not fell_silent({}, {HOST: a_view(ports={"22": "filtered"})})
