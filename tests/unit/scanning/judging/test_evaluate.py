"""Judging a host: which endpoints a check judges, and what it says where there are none."""

from typing import Any

import pytest
from check_samples import a_check

from cyberposture.errors import InvalidInput
from cyberposture.model.checks import Check
from cyberposture.model.examples import ExampleFacts
from cyberposture.model.observations import Fact, HostFact, Judgement, PortFact
from cyberposture.scanning.judging.evaluate import compile_checks, judge_door
from cyberposture.scanning.judging.examples import ADDRESS, compile_context, compile_facts


def judge(check: Check, vantage: str = "external", **facts: Any) -> list[Judgement]:
    host = ExampleFacts.model_validate(facts)
    context = compile_context(host.context, vantage)
    return compile_checks([check]).judge_host(compile_facts(host, vantage), context, vantage)


def verdicts(check: Check, vantage: str = "external", **facts: Any) -> dict[Any, str]:
    return {
        (row.port, row.subkey) if row.subkey else row.port: row.verdict
        for row in judge(check, vantage, **facts)
    }


def test_a_listed_port_is_judged_whatever_stands_there() -> None:
    assert verdicts(a_check(), rest="closed") == {23: "pass"}
    assert verdicts(a_check(), rest="closed", services={"23": "telnet"}) == {23: "fail"}
    assert verdicts(a_check(), rest="closed", services={"23": "ssh"}) == {23: "pass"}
    assert verdicts(a_check(), rest="closed", ports={"23": "open"}) == {23: "inconclusive"}
    assert verdicts(a_check(), ports={"22": "open"}) == {23: "not-tested"}


def test_a_service_elsewhere_is_an_endpoint_too() -> None:
    found = verdicts(a_check(), rest="closed", services={"2323": "telnet", "22": "ssh"})
    assert found == {23: "pass", 2323: "fail"}


def test_each_listed_port_has_a_row_of_its_own() -> None:
    check = a_check(endpoints={"ports": [23, 24]}, fails_when={"port_open": "any"})
    assert verdicts(check, ports={"23": "open", "24": "closed"}) == {23: "fail", 24: "pass"}
    assert verdicts(check, ports={"23": "open"}) == {23: "fail", 24: "not-tested"}


def test_listed_ports_that_nobody_asked_for_are_one_row_for_the_host() -> None:
    check = a_check(endpoints={"ports": [23, 24]}, fails_when={"port_open": "any"})
    assert verdicts(check, ports={"80": "open"}) == {None: "not-tested"}


SSH = {"endpoints": {"services": ["ssh"]}, "fails_when": {"product": {"name": "old"}}}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rest": "closed"}, {None: "not-applicable"}),
        ({"rest": "closed", "services": {"80": "http"}}, {None: "not-applicable"}),
        ({"rest": "closed", "ports": {"80": "open"}}, {None: "inconclusive"}),
        ({"rest": "closed", "ports": {"80": "unfiltered"}}, {None: "inconclusive"}),
        ({"rest": "closed", "services": {"80": "tcpwrapped"}}, {None: "inconclusive"}),
        ({"ports": {"161/udp": "open"}}, {None: "not-tested"}),
        ({"rest": "filtered"}, {None: "inconclusive"}),
        ({"outcome": "timed-out", "rest": "closed"}, {None: "inconclusive"}),
        ({"outcome": "no-answer"}, {None: "inconclusive"}),
        ({"outcome": "not-tested"}, {None: "not-tested"}),
        (
            {"rest": "closed", "services": {"22": {"name": "ssh", "product": "new"}}},
            {22: "pass"},
        ),
    ],
)
def test_a_check_of_services_says_why_there_is_none(
    facts: dict[str, Any], expected: dict[Any, str]
) -> None:
    assert verdicts(a_check(**SSH), **facts) == expected


OPEN = {"rest": "closed", "ports": {"22": "open"}}
DECIDED = {"rest": "closed", "services": {"22": {"name": "ssh", "product": "old"}}}


@pytest.mark.parametrize(
    ("facts", "denied", "verdict"),
    [
        (OPEN, {}, "inconclusive"),
        (OPEN, {"service-versions": "blackout"}, "not-tested"),
        (OPEN, {"http-exchange": "blackout"}, "inconclusive"),
        ({"rest": "closed"}, {"service-versions": "blackout"}, "not-applicable"),
        (DECIDED, {"service-versions": "blackout"}, "fail"),
    ],
    ids=["allowed", "denied", "another denied", "nothing to try", "decided by another look"],
)
def test_what_the_gate_denied_is_not_tested_and_says_why(
    facts: dict[str, Any], denied: dict[str, str], verdict: str
) -> None:
    rule = compile_checks([a_check(technique="service-versions", **SSH)])
    seen = [
        fact.model_copy(update={"technique": "tcp-ports"})
        for fact in compile_facts(ExampleFacts.model_validate(facts), "external")
    ]
    (row,) = rule.judge_host(seen, None, "external", denied)
    assert row.verdict == verdict
    assert ("the gate denied it (blackout)" in row.says) == (verdict == "not-tested")


def test_technique_that_was_tried_all_the_same_is_not_called_denied() -> None:
    check = a_check(technique="service-versions", **SSH)
    seen = [
        fact.model_copy(update={"technique": "service-versions"})
        for fact in compile_facts(ExampleFacts.model_validate(OPEN), "external")
    ]
    (row,) = compile_checks([check]).judge_host(
        seen, None, "external", {"service-versions": "blackout"}
    )
    assert row.verdict == "inconclusive"


def test_nothing_is_called_absent_before_its_usual_places_were_looked_at() -> None:
    check = a_check(**{**SSH, "endpoints": {"services": ["ssh"], "usual": [22]}})
    assert verdicts(check, ports={"80": "closed"}) == {None: "not-tested"}
    assert verdicts(check, ports={"80": "closed", "22": "closed"}) == {None: "not-applicable"}
    assert verdicts(check, ports={"22": "closed", "80": "open"}) == {None: "inconclusive"}
    elsewhere = {"services": {"2200": {"name": "ssh", "product": "new"}}}
    assert verdicts(check, **elsewhere) == {2200: "pass"}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("timed-out", "inconclusive"),
        ("no-answer", "inconclusive"),
        ("error", "inconclusive"),
        ("not-tested", "not-tested"),
    ],
)
@pytest.mark.parametrize(
    "endpoints",
    [{"ports": [23, 24, 25]}, {"services": ["x"]}, {"speaking": "web"}, {}],
    ids=["ports", "services", "speaking", "host"],
)
def test_a_silent_host_is_one_row_for_each_check(
    endpoints: dict[str, Any], outcome: str, expected: str
) -> None:
    check = a_check(endpoints=endpoints, fails_when={"port_open": "any"})
    assert verdicts(check, outcome=outcome, rest="closed") == {None: expected}


def test_a_host_without_facts_is_not_named_at_all() -> None:
    assert compile_checks([a_check()]).judge_host([], None, "external") == []


def test_applies_when_takes_endpoints_out() -> None:
    check = a_check(applies_when={"port_open": "any"})
    assert verdicts(check, rest="closed") == {23: "not-applicable"}
    assert verdicts(check, rest="closed", services={"23": "telnet"}) == {23: "fail"}
    assert verdicts(check, ports={"22": "open"}) == {23: "not-tested"}
    doubt = {"ports": {"23": "unfiltered", "22": "open"}}
    assert verdicts(check, **doubt) == {23: "inconclusive"}


def test_what_may_not_apply_is_never_a_pass() -> None:
    check = a_check(applies_when={"service": ["ssh"]}, fails_when={"port_open": [99]})
    assert verdicts(check, rest="closed", ports={"23": "open"}) == {23: "inconclusive"}


WEB = {
    "technique": "http-exchange",
    "endpoints": {"speaking": "web"},
    "fails_when": {"header": {"name": "x-test", "absent": True}},
}


def test_each_name_of_a_port_is_judged_apart_and_the_nameless_page_not_at_all() -> None:
    pages = [
        {"name": "a.example", "headers": {"x-test": "1"}},
        {"name": "b.example"},
        {"headers": {}},
        {"port": 80, "tls": False},
    ]
    assert verdicts(a_check(**WEB), http=pages) == {
        (443, "a.example"): "pass",
        (443, "b.example"): "fail",
        80: "fail",
    }


@pytest.mark.parametrize(
    ("speaking", "ports"), [("web", {80, 443}), ("http", {80}), ("https", {443})]
)
def test_web_endpoints_are_chosen_by_what_they_speak(speaking: str, ports: set[int]) -> None:
    check = a_check(**{**WEB, "endpoints": {"speaking": speaking}})
    assert set(verdicts(check, http=[{}, {"port": 80, "tls": False}])) == ports


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rest": "closed", "services": {"443": "ssl/http"}}, {443: "not-tested"}),
        ({"rest": "closed", "services": {"22": "ssh"}}, {None: "not-applicable"}),
        ({"rest": "closed", "ports": {"22": "open"}}, {None: "inconclusive"}),
        (
            {"ports": {"22": "open"}, "http": [{"port": 22, "tls": False, "outcome": "no-http"}]},
            {None: "not-applicable"},
        ),
        ({"ports": {"22": "open"}, "http": [{"outcome": "failed"}]}, {443: "inconclusive"}),
        ({"rest": "closed", "http": [{"outcome": "refused"}]}, {None: "not-applicable"}),
    ],
)
def test_web_endpoints_that_were_not_met_are_told_apart(
    facts: dict[str, Any], expected: dict[Any, str]
) -> None:
    assert verdicts(a_check(**WEB), **facts) == expected


TLS = {
    "technique": "tls-handshake",
    "endpoints": {"speaking": "tls"},
    "fails_when": {"certificate": "expired"},
}


def test_tls_after_starttls_is_judged_by_its_versions_but_has_no_handshake_of_ours() -> None:
    facts = {
        "rest": "closed",
        "services": {"25": "smtp"},
        "scripts": {"25": {"ssl-enum-ciphers": {"TLSv1.0": {}}}},
    }
    versions = {
        "technique": "service-versions",
        "endpoints": {"speaking": "tls"},
        "fails_when": {"tls_version": ["TLSv1.0"]},
    }
    assert verdicts(a_check(**versions), **facts) == {25: "fail"}
    assert verdicts(a_check(**TLS), **facts) == {None: "not-applicable"}


def test_a_port_that_speaks_something_else_has_no_certificate_to_judge() -> None:
    facts = {"ports": {"22": "open"}, "tls": [{"port": 22, "outcome": "no-tls"}]}
    assert verdicts(a_check(**TLS), **facts) == {None: "not-applicable"}


def test_a_host_as_a_whole_is_one_row() -> None:
    check = a_check(endpoints={}, fails_when={"fact": {"name": "undeclared-port", "is": True}})
    facts = {"ports": {"22": "open", "23": "open"}, "context": {"services": ["22"]}}
    (row,) = judge(check, **facts)
    assert (row.port, row.protocol, row.verdict) == (None, None, "fail")


@pytest.mark.parametrize(
    ("wanted", "vantage", "judged"),
    [
        ("any", "external", True),
        ("any", "internal:office", True),
        ("external", "external", True),
        ("external", "internal:office", False),
        ("internal", "external", False),
        ("internal", "internal:office", True),
    ],
)
def test_a_check_judges_facts_of_its_own_vantage_alone(
    wanted: str, vantage: str, judged: bool
) -> None:
    assert bool(judge(a_check(vantage=wanted), vantage, rest="closed")) is judged


def test_facts_of_another_vantage_are_left_aside() -> None:
    inner = compile_facts(ExampleFacts.model_validate({"services": {"23": "telnet"}}), "internal:a")
    outer = compile_facts(ExampleFacts.model_validate({"ports": {"23": "closed"}}), "external")
    rows = compile_checks([a_check()]).judge_host([*inner, *outer], None, "external")
    assert [(row.port, row.verdict) for row in rows] == [(23, "pass")]


def test_the_same_port_seen_from_inside_is_an_endpoint_of_its_own() -> None:
    (row,) = judge(a_check(), "internal:office", rest="closed")
    assert row.subkey == "internal:office"


def test_a_row_names_check_version_and_endpoint() -> None:
    telnet = {"name": "telnet", "product": "Busy telnetd"}
    (row,) = judge(a_check(), rest="closed", services={"23": telnet})
    assert (row.check, row.version, row.address, row.protocol, row.port, row.subkey) == (
        "lab.no-telnet",
        3,
        ADDRESS,
        "tcp",
        23,
        "",
    )
    assert row.says == (
        f"Telnet at {ADDRESS}, TCP port 23 ({ADDRESS}, 23): found telnet “Busy telnetd”."
    )


def test_every_verdict_has_a_sentence_without_gaps() -> None:
    for facts in (
        {"rest": "closed"},
        {"rest": "closed", "ports": {"23": "open"}},
        {"ports": {"22": "open"}},
        {"outcome": "timed-out", "rest": "closed"},
        {"outcome": "not-tested"},
    ):
        for row in judge(a_check(), **facts):
            assert ADDRESS in row.says
            assert "{" not in row.says
            assert ": ." not in row.says


HOSTILE = "x\u202e{detail}\x1b[31m”\n<script>\u2028" + "A" * 5000


def test_a_hostile_banner_is_quoted_shortened_and_made_harmless() -> None:
    port = PortFact(
        protocol="tcp",
        port=23,
        state="open",
        service="telnet",
        product=HOSTILE,
        method="probed",
    )
    fact = Fact(
        address=ADDRESS,
        technique="service-versions",
        outcome="answered",
        tested={"tcp": ((23, 23),)},
        host=HostFact(address=ADDRESS, state="up", ports=(port,)),
    )
    (row,) = compile_checks([a_check()]).judge_host([fact], None, "external")
    assert row.verdict == "fail"
    assert len(row.says) <= 500
    assert row.says.isprintable()
    assert row.says.count("”") == 1
    assert "“x {detail} [31m'" in row.says


def test_the_same_facts_give_the_same_judgements_for_hosts_that_are_alike() -> None:
    judges = compile_checks([a_check()])
    facts = compile_facts(ExampleFacts.model_validate({"rest": "closed"}))
    others = [
        fact.model_copy(
            update={
                "address": "192.0.2.8",
                "host": fact.host and fact.host.model_copy(update={"address": "192.0.2.8"}),
            }
        )
        for fact in facts
    ]
    first = judges.judge_host(facts, None, "external")
    second = judges.judge_host(others, None, "external")
    assert [(row.port, row.verdict) for row in first] == [(row.port, row.verdict) for row in second]
    assert "192.0.2.8" in second[0].says
    assert "192.0.2.7" not in second[0].says


def test_a_judge_forgets_likenesses_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cyberposture.scanning.judging.evaluate.MAX_ALIKE", 2)
    judges = compile_checks([a_check()])
    for state in ("closed", "open", "unknown", "closed"):
        facts = compile_facts(ExampleFacts.model_validate({"ports": {"23": state, "22": "open"}}))
        (row,) = judges.judge_host(facts, None, "external")
        assert row.verdict == ("pass" if state == "closed" else "inconclusive")


def test_wrong_conditions_are_refused_all_at_once() -> None:
    wrong = {"fact": {"name": "no-such", "is": True}}
    checks = [
        a_check(fails_when=wrong),
        a_check(id="lab.other", fails_when={"any_of": [wrong]}, applies_when=wrong),
    ]
    with pytest.raises(InvalidInput) as caught:
        compile_checks(checks)
    assert [fault.where for fault in caught.value.faults] == [
        "lab.no-telnet: fails_when",
        "lab.other: applies_when",
    ]


def test_the_door_gives_the_rows_that_its_page_promises() -> None:
    facts = compile_facts(ExampleFacts.model_validate({"rest": "closed", "services": {"23": "x"}}))
    (row,) = judge_door(facts, [a_check()])
    assert list(row) == ["check", "version", "address", "protocol", "port", "verdict", "says"]
    assert (row["port"], row["verdict"]) == (23, "pass")


def test_the_door_keeps_hosts_apart() -> None:
    facts = compile_facts(ExampleFacts.model_validate({"services": {"23": "telnet"}}))
    silent = Fact(
        address="192.0.2.9", technique="tcp-ports", outcome="no-answer", tested={"tcp": ((1, 99),)}
    )
    rows = judge_door([*facts, silent], [a_check()])
    assert [(row["address"], row["port"], row["verdict"]) for row in rows] == [
        (ADDRESS, 23, "fail"),
        ("192.0.2.9", None, "inconclusive"),
    ]
