"""Findings from scan to scan: they open, close and come back, and never by silence."""

from datetime import timedelta

import pytest

from cyberposture.services.findings import views as finding_views

TELNET = "cleartext.no-telnet-or-r-login"
STORES = "exposure.stores-ask-for-a-login"
REGISTERED = "exposure.live-hosts-are-registered"
HOST = "127.50.0.1"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
REDIS = {"name": "redis", "product": "Redis key-value store", "version": "7.0.15"}


@pytest.fixture
def code(office):
    """An institution that declared two hosts, of which one answers by Telnet."""
    code = office.institution()
    office.declare(code, HOST, "127.50.0.2")
    office.look(code, HOST, **OPEN)
    return code


def events(office, check=TELNET):
    history = finding_views.get_history(office.register, office.finding(check).code)
    return [event.kind for event in history.events]


def test_failure_opens_a_finding_with_what_was_seen(office, code):
    finding = office.finding(TELNET)
    assert (finding.state, finding.address, finding.key.port) == ("open", HOST, 23)
    assert finding.key.subject == "host-1"
    assert finding.severity == "high"
    assert HOST in finding.says
    assert finding.first_seen == finding.last_seen == finding.opened_at


def test_same_failure_is_seen_again_and_opens_nothing(office, code):
    first = office.finding(TELNET)
    judged = office.look(code, HOST, **OPEN)
    again = office.finding(TELNET)
    assert (again.code, again.first_seen) == (first.code, first.first_seen)
    assert again.last_seen > first.last_seen
    assert judged.findings.opened == 0
    assert judged.findings.seen_again == 1
    assert events(office) == ["opened"]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(CLOSED, id="its port is closed"),
        pytest.param({"rest": "closed", "services": {"23": "ssh"}}, id="another service"),
        pytest.param(
            {"rest": "closed", "ports": {"23": "filtered"}, "services": {"443": "ssl/http"}},
            id="filtered, while more than two thirds of what was open still answers",
        ),
    ],
)
def test_conclusive_newer_fact_on_the_same_endpoint_closes(office, code, host):
    more = {str(port): "http" for port in (8000, 8001, 8002, 8003)}
    before = {**OPEN, "services": OPEN["services"] | more}
    office.look(code, HOST, **before)
    office.look(code, HOST, **host | {"services": host["services"] | more})
    finding = office.finding(TELNET)
    assert finding.state == "closed"
    assert finding.closed_at is not None
    assert finding.closed_at > finding.last_seen
    assert events(office) == ["opened", "closed"]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param({"outcome": "timed-out", "rest": "closed"}, id="the host timed out"),
        pytest.param({"outcome": "no-answer"}, id="the host gave no answer"),
        pytest.param({"outcome": "error"}, id="the run failed"),
        pytest.param({"outcome": "not-tested"}, id="nothing was sent"),
        pytest.param({"rest": "filtered"}, id="every port is silent"),
        pytest.param({"ports": {"443": "open"}}, id="its port was not asked for"),
        pytest.param(
            {"rest": "closed", "services": {"23": "tcpwrapped", "443": "ssl/http"}},
            id="it accepts and closes",
        ),
        pytest.param({"rest": "closed", "ports": {"23": "open|filtered"}}, id="open or filtered"),
        pytest.param({"rest": "closed", "ports": {"23": "open"}}, id="open and not identified"),
    ],
)
def test_silence_never_closes(office, code, host):
    judged = office.look(code, HOST, **host)
    assert office.finding(TELNET).state == "open"
    assert judged.findings.closed == 0
    assert events(office) == ["opened"]


def test_look_at_another_host_closes_nothing(office, code):
    office.look(code, "127.50.0.2", **CLOSED)
    assert office.finding(TELNET).state == "open"


def test_many_ports_falling_silent_at_once_close_nothing(office, code):
    services = {str(port): "telnet" for port in range(2300, 2310)}
    office.look(code, HOST, rest="closed", services=services)
    left = dict.fromkeys(list(services)[:5], "telnet")
    judged = office.look(code, HOST, rest="filtered", services=left)
    assert judged.perhaps_blocked
    assert judged.findings.closed == 0
    assert {f.state for f in office.findings(TELNET) if f.key.port != 23} == {"open"}


def test_few_ports_falling_silent_on_a_host_that_answers_are_closed(office, code):
    services = {str(port): "telnet" for port in range(2300, 2310)}
    office.look(code, HOST, rest="closed", services=services)
    left = dict.fromkeys(list(services)[:7], "telnet")
    judged = office.look(code, HOST, rest="filtered", services=left)
    assert not judged.perhaps_blocked
    closed = {f.key.port for f in office.findings(TELNET) if f.state == "closed"}
    assert closed == {23, 2307, 2308, 2309}


def test_ports_that_answer_that_they_are_closed_are_no_silence(office, code):
    services = {str(port): "telnet" for port in range(2300, 2310)}
    office.look(code, HOST, rest="closed", services=services)
    judged = office.look(code, HOST, rest="closed")
    assert not judged.perhaps_blocked
    assert judged.findings.closed == 10


def test_host_that_nobody_asked_is_no_silence(office, code):
    services = {str(port): "telnet" for port in range(2300, 2310)}
    office.look(code, "127.50.0.2", rest="closed", services=services)
    assert not office.look(code, HOST, **CLOSED).perhaps_blocked


def test_finding_that_comes_back_is_reopened_under_its_code(office, code):
    first = office.finding(TELNET)
    office.look(code, HOST, **CLOSED)
    office.clock.forward(days=3)
    judged = office.look(code, HOST, **OPEN)
    again = office.finding(TELNET)
    assert (again.code, again.state, again.first_seen) == (first.code, "open", first.first_seen)
    assert again.opened_at > first.opened_at
    assert again.closed_at is None
    assert judged.findings.reopened == 1
    assert events(office) == ["opened", "closed", "reopened"]


def test_each_vantage_has_a_finding_of_its_own(office, code):
    office.look(code, HOST, vantage="internal:office", **OPEN)
    assert {f.key.vantage for f in office.findings(TELNET)} == {"external", "internal:office"}
    office.look(code, HOST, **CLOSED)
    states = {f.key.vantage: f.state for f in office.findings(TELNET)}
    assert states == {"external": "closed", "internal:office": "open"}


def test_service_that_vanished_is_closed_by_its_closed_port(office, code):
    office.look(code, HOST, rest="closed", services={"6380": REDIS})
    assert office.finding(STORES).state == "open"
    office.look(code, HOST, rest="closed")
    assert office.finding(STORES).state == "closed"


def test_service_whose_port_was_not_asked_for_is_still_there(office, code):
    office.look(code, HOST, rest="closed", services={"6380": REDIS})
    office.look(code, HOST, ports={"6379": "closed", "11211": "closed", "27017": "closed"})
    assert office.finding(STORES).state == "open"


def test_finding_about_a_whole_host_closes_when_the_host_passes(office, code):
    stranger = "127.50.0.9"
    office.look(code, stranger, **CLOSED)
    finding = office.finding(REGISTERED)
    assert (finding.state, finding.key.port, finding.key.subject) == ("open", None, stranger)
    office.look(code, stranger, outcome="timed-out", rest="closed")
    assert office.finding(REGISTERED).state == "open"
    office.declare(code, HOST, "127.50.0.2", stranger)
    office.look(code, stranger, **CLOSED)
    assert office.finding(REGISTERED).state == "closed"


def test_scan_that_does_not_say_what_it_asked_for_closes_nothing(office, code):
    office.clock.forward(minutes=1)
    judged = office.judge(code, office.seen(HOST, **CLOSED), may_close=False)
    assert judged.findings.closed == 0
    assert office.finding(TELNET).state == "open"


def older(facts, **time):
    moved = timedelta(**time)
    return [
        fact.model_copy(
            update={"started_at": fact.started_at - moved, "ended_at": fact.ended_at - moved}
        )
        for fact in facts
    ]


def test_older_look_that_arrives_late_closes_nothing(office, code):
    office.judge(code, older(office.seen(HOST, **CLOSED), days=2))
    assert office.finding(TELNET).state == "open"


def test_older_look_that_arrives_late_brings_nothing_back(office, code):
    office.look(code, HOST, **CLOSED)
    judged = office.judge(code, older(office.seen(HOST, **OPEN), days=2))
    assert office.finding(TELNET).state == "closed"
    assert judged.findings.reopened == 0


def test_host_that_is_declared_under_another_name_keeps_its_finding(office, code):
    first = office.finding(TELNET)
    renamed = {"id": "border-router", "kind": "host", "addresses": [HOST]}
    office.declare(code, renamed, "127.50.0.2")
    office.look(code, HOST, **OPEN)
    again = office.finding(TELNET)
    assert (again.code, again.first_seen) == (first.code, first.first_seen)
    office.look(code, HOST, **CLOSED)
    assert office.finding(TELNET).state == "closed"


def test_each_address_of_a_host_is_an_endpoint_of_its_own(office, code):
    office.declare(
        code, {"id": "cluster", "kind": "host", "addresses": ["127.50.0.3", "127.50.0.4"]}
    )
    office.clock.forward(minutes=1)
    office.judge(code, office.seen("127.50.0.3", **OPEN), office.seen("127.50.0.4", **OPEN))
    office.look(code, "127.50.0.3", **CLOSED)
    states = {f.address: f.state for f in office.findings(TELNET)}
    assert states == {HOST: "open", "127.50.0.3": "closed", "127.50.0.4": "open"}


def test_host_that_moved_takes_its_finding_along(office, code):
    first = office.finding(TELNET)
    office.declare(
        code,
        {"id": "host-1", "kind": "host", "addresses": ["127.50.0.7"]},
        {"id": "newcomer", "kind": "host", "addresses": [HOST]},
    )
    office.clock.forward(minutes=1)
    office.judge(code, office.seen("127.50.0.7", **OPEN), office.seen(HOST, **CLOSED))
    moved = office.finding(TELNET)
    assert (moved.code, moved.state, moved.address) == (first.code, "open", "127.50.0.7")
