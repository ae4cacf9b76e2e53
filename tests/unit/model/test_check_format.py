"""What a check file may say, and which slips are refused in words."""

from typing import Any

import pytest
from pydantic import ValidationError

from cyberposture.model.checks import Check, Expression

GOOD: dict[str, Any] = {
    "id": "lab.no-telnet",
    "version": 1,
    "title": "No Telnet is offered",
    "observation": "O-CLEAR",
    "severity": "high",
    "technique": "service-versions",
    "endpoints": {"ports": [23]},
    "rollup": "share",
    "fails_when": {"service": ["telnet"]},
    "says": {"pass": "Fine.", "fail": "Bad at {endpoint}.", "inconclusive": "Unknown: {detail}."},
    "why": "It can be read.",
    "remedy": "Switch it off.",
    "sources": [{"title": "RFC 854"}],
    "examples": [
        {"name": verdict, "facts": {"ports": {"23": "closed"}}, "verdict": verdict}
        for verdict in ("pass", "fail", "inconclusive")
    ],
}


def test_a_good_check_is_accepted_and_knows_its_pack() -> None:
    assert Check.model_validate(GOOD).pack == "lab"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": "Ensure Telnet is off"}, "never 'Ensure'"),
        ({"title": "Disable the Telnet service"}, "never 'Disable'"),
        ({"title": "Telnet should be off"}, "without should or must"),
        ({"title": "No Telnet is offered."}, "without a full stop"),
        ({"title": "no Telnet is offered"}, "begin with a capital"),
        ({"rollup": "worst"}, "'worst' must be justified"),
        ({"examples": GOOD["examples"][1:] * 2}, "none gives pass"),
        ({"examples": [*GOOD["examples"], GOOD["examples"][0]]}, "each name once"),
        ({"says": {**GOOD["says"], "fail": "At {adress}."}}, "may stand in braces"),
        ({"says": {**GOOD["says"], "fail": "At {address.x}."}}, "may stand in braces"),
        ({"says": {**GOOD["says"], "fail": "At {."}}, "may stand in braces"),
        ({"endpoints": {"speaking": "web", "ports": [80]}}, "stands alone"),
        ({"endpoints": {"speaking": "web", "protocol": "udp"}}, "stands alone"),
        ({"endpoints": {"ports": [80], "look_at": [80]}}, "a port stands once"),
        ({"endpoints": {"usual": [80], "look_at": [80]}}, "a port stands once"),
        ({"severity": "urgent"}, "severity"),
        ({"urgent": True}, "only what is critical"),
        ({"sources": []}, "sources"),
        ({"options": "-sV"}, "options"),
    ],
)
def test_a_slip_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Check.model_validate({**GOOD, **change})


@pytest.mark.parametrize(
    "expression",
    [
        {},
        {"port_open": "any", "service": ["ssh"]},
        {"port_open": "all"},
        {"port_open": []},
        {"service": []},
        {"service": ["SSH; rm"]},
        {"all_of": []},
        {"any_of": [{}]},
        {"tls_version": ["TLSv9"]},
        {"certificate": "ugly"},
        {"script_says": {"script": "x"}},
        {"script_says": {"script": "x", "contains": "a", "absent": "b"}},
        {"header": {"name": "server"}},
        {"header": {"name": "server", "absent": False}},
        {"header": {"name": "Server", "absent": True}},
        {"dns_record": {"kind": "txt", "absent": True}},
        {"dns_record": {"kind": "TXT"}},
        {"product": {"name": "x", "below": "1.0-beta"}},
        {"fact": {"name": "x"}},
        {"fact": {"name": "x", "is": True, "below": 3}},
        {"python": "open('/etc/passwd')"},
    ],
)
def test_an_expression_says_exactly_one_thing_with_one_of_twelve_words(
    expression: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        Expression.model_validate(expression)


def test_there_are_twelve_words() -> None:
    assert sorted(Expression.model_fields) == sorted(
        (
            *("all_of", "any_of", "none_of", "port_open", "service", "script_says"),
            *("tls_version", "certificate", "header", "dns_record", "product", "fact"),
        )
    )
