"""The compact facts of examples, as the facts that a scan gives."""

from typing import Any

import pytest
from pydantic import ValidationError

from cyberposture.model.examples import ExampleFacts
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.declared import Flow
from cyberposture.scanning.judging.examples import ADDRESS, MOMENT, compile_context, compile_facts


def facts_of(vantage: str = "external", **facts: Any) -> list[Fact]:
    return compile_facts(ExampleFacts.model_validate(facts), vantage)


def test_ports_become_one_fact_for_each_protocol() -> None:
    tcp, udp = facts_of(ports={"22": "open", "161/udp": "closed"})
    assert (tcp.technique, udp.technique) == ("tcp-ports", "udp-ports")
    assert tcp.host is not None
    assert [(port.port, port.state) for port in tcp.host.ports] == [(22, "open")]
    assert tcp.tested == {"tcp": ((22, 22),)}
    assert (tcp.address, tcp.ended_at, tcp.vantage) == (ADDRESS, MOMENT, "external")


def test_the_rest_is_everything_that_was_not_named() -> None:
    (fact,) = facts_of(ports={"22": "open"}, rest="closed")
    assert fact.tested == {"tcp": ((1, 65_535),)}
    assert fact.host is not None
    (rest,) = fact.host.extra
    assert (rest.state, rest.count, rest.ranges) == ("closed", 65_534, None)


def test_a_service_is_probed_unless_it_was_guessed() -> None:
    (fact,) = facts_of(services={"22": "ssh", "23": {"name": "telnet", "guessed": True}})
    assert fact.host is not None
    assert [(port.service, port.method, port.state) for port in fact.host.ports] == [
        ("ssh", "probed", "open"),
        ("telnet", "table", "open"),
    ]


def test_script_output_is_a_text_or_tables() -> None:
    (fact,) = facts_of(scripts={"443": {"a": "said", "b": {"x": [1]}}})
    assert fact.host is not None
    text, tables = fact.host.ports[0].scripts
    assert (text.output, text.tables) == ("said", None)
    assert (tables.output, tables.tables) == ("", {"x": [1]})


def test_exchanges_are_a_fact_of_their_own_and_need_no_port_scan() -> None:
    (fact,) = facts_of(
        "internal:office",
        http=[{"headers": {"Server": "x"}}],
        tls=[{"certificate": {"days_left": 3}}],
    )
    assert (fact.technique, fact.vantage, fact.host) == ("http-exchange", "internal:office", None)
    assert fact.http[0].headers == (("server", "x"),)
    certificate = fact.tls[0].certificate
    assert certificate is not None
    assert (certificate.not_after - MOMENT).days == 3


@pytest.mark.parametrize("outcome", ["timed-out", "no-answer", "error", "not-tested"])
def test_an_outcome_alone_is_a_fact(outcome: str) -> None:
    (fact,) = facts_of(outcome=outcome)
    assert fact.outcome == outcome


def test_what_is_declared_becomes_the_context() -> None:
    host = ExampleFacts.model_validate(
        {
            "context": {
                "declared": True,
                "services": ["443", "53/udp"],
                "zone": "servers",
                "flows": [{"origin": "office", "target": "servers", "ports": ["443"]}],
            }
        }
    )
    context = compile_context(host.context, "internal:office")
    assert context.services == frozenset({("tcp", 443), ("udp", 53)})
    assert context.flows == (Flow("office", "servers", frozenset({("tcp", 443)})),)
    assert (context.zone, context.scanner_zone, context.is_declared) == ("servers", "office", True)


@pytest.mark.parametrize(
    "facts",
    [
        {"ports": {"0": "open"}},
        {"ports": {"22/sctp": "open"}},
        {"ports": {"x": "open"}},
        {"portz": {}},
        {"outcome": "lost"},
        {"vantage": "inside"},
        {"http": [{"port": 70000}]},
        {"services": {"22": {"product": "no name"}}},
    ],
)
def test_a_slip_in_an_example_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExampleFacts.model_validate(facts)
