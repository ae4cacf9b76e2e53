"""What is still there after the days allowed for its repair is a finding of its own."""

import pytest

from cyberposture.services.findings import views as finding_views
from cyberposture.services.findings.judging import judge_scan
from cyberposture.store.facts import list_facts, list_latest_facts, list_latest_judgements

AGE = "repair.findings-do-not-grow-old"
HOST, OTHER = "127.50.0.1", "127.50.0.2"
OPEN = {"rest": "closed", "services": {"23": "telnet"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}


@pytest.fixture
def code(office):
    code = office.institution()
    office.declare(code, HOST, OTHER)
    office.look(code, HOST, **OPEN)
    return code


def verdict(office, code, address=HOST):
    """Return what stands for a host, with its sentence."""
    with office.register.reading() as connection:
        rows = list_latest_judgements(connection, office.id_of(code), as_of=office.clock())
    (own,) = [
        r.judgement for r in rows if (r.judgement.check, r.judgement.address) == (AGE, address)
    ]
    return own.verdict, own.says


def days_allowed(office, code):
    """Return the days within which a failure of high severity is repaired."""
    (found,) = [f for f in finding_views.list_findings(office.register) if f.key.port == 23]
    clocks = office.register.content.catalogue.clocks(("government",), office.clock().date())
    return clocks.days_to_repair(found.severity, None)


def test_a_new_finding_is_not_old(office, code):
    assert verdict(office, code)[0] == "pass"


def test_a_finding_seen_again_after_its_days_is_old_and_says_by_how_much(office, code):
    office.clock.forward(days=days_allowed(office, code) + 5)
    office.look(code, HOST, **OPEN)
    told, says = verdict(office, code)
    assert told == "fail"
    assert "days overdue: 6" in says
    assert office.finding(AGE).state == "open"


def test_a_finding_within_its_days_is_not_old(office, code):
    office.clock.forward(days=days_allowed(office, code) - 1)
    office.look(code, HOST, **OPEN)
    assert verdict(office, code)[0] == "pass"


def test_a_repair_ends_it(office, code):
    office.clock.forward(days=days_allowed(office, code) + 5)
    office.look(code, HOST, **OPEN)
    office.look(code, HOST, **CLOSED)
    assert verdict(office, code)[0] == "pass"
    assert office.finding(AGE).state == "closed"


def test_it_is_told_host_by_host_and_never_of_a_silent_one(office, code):
    office.clock.forward(days=days_allowed(office, code) + 5)
    office.look(code, OTHER, **CLOSED)
    assert verdict(office, code, OTHER)[0] == "pass"
    office.look(code, HOST, outcome="timed-out", rest="closed")
    assert verdict(office, code)[0] == "inconclusive"
    assert not [f for f in finding_views.list_findings(office.register) if f.key.check == AGE]


def test_judging_a_scan_once_more_tells_its_ages_once(office, code):
    with office.register.change("finding", "again") as change:
        connection, now = change.connection, office.clock()
        newest = list_latest_facts(connection, office.id_of(code), as_of=now, address=HOST)
        scan_id = newest[0].scan_id
        judge_scan(office.register, connection, scan_id, change.by)
        told = [r for r in list_facts(connection, scan_id=scan_id) if r.fact.told]
    assert [r.fact.technique for r in told] == ["finding-ages"]
