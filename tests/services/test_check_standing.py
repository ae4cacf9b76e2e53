"""How a check stands: the newest look wins, an old failure outlasts silence, and facts grow old."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.scoring.assemble import Tally
from cyberposture.services.findings.standing import failures_of
from cyberposture.store import finding_changes
from cyberposture.store.acts import Act
from cyberposture.store.institutions import get_institution

TELNET = "cleartext.no-telnet-or-r-login"
DATABASE = "exposure.no-database-on-the-internet"
STORES = "exposure.stores-ask-for-a-login"
ZONES = "exposure.zones-are-kept-apart"
HOST, OTHER = "127.51.0.1", "127.51.0.2"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
SILENT = {"outcome": "timed-out", "rest": "closed"}
REDIS = {"name": "redis", "product": "Redis key-value store", "version": "7.0.15"}


@pytest.fixture
def code(office):
    """An institution that declared one host."""
    code = office.institution()
    office.declare(code, HOST)
    return code


def counted(office, check, code, **when):
    return office.standing(code, check, **when).tally


def test_nothing_is_known_before_the_first_look(office, code):
    assert counted(office, TELNET, code) == Tally(not_tested=1)


def test_newest_look_wins(office, code):
    office.look(code, HOST, **OPEN)
    office.look(code, HOST, **CLOSED)
    assert counted(office, TELNET, code) == Tally(passed=1)
    office.look(code, HOST, **OPEN)
    assert counted(office, TELNET, code) == Tally(fresh=1)


@pytest.mark.parametrize(
    "silence",
    [
        pytest.param(SILENT, id="the host timed out"),
        pytest.param({"outcome": "no-answer"}, id="no answer"),
        pytest.param({"rest": "filtered"}, id="every port is silent"),
        pytest.param({"ports": {"443": "open"}}, id="its port was not asked for"),
        pytest.param({"rest": "closed", "ports": {"23": "open"}}, id="not identified"),
    ],
)
def test_old_failure_outlasts_a_look_that_decided_nothing(office, code, silence):
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=20)
    office.look(code, HOST, **silence)
    tally = counted(office, TELNET, code)
    assert (tally.passed, tally.fail) == (0, 1)


def test_failure_of_a_service_outlasts_silence_although_nothing_names_its_port(office, code):
    office.look(code, HOST, rest="closed", services={"6380": REDIS})
    office.look(code, HOST, **SILENT)
    standing = office.standing(code, STORES)
    assert standing.tally.fail == 1
    assert (6380, "fail") in [(r.judgement.port, r.judgement.verdict) for r in standing.rows]


def test_failure_at_a_port_that_the_newest_look_left_out_still_counts(office, code):
    office.look(code, HOST, rest="closed", services={"6380": REDIS})
    office.look(code, HOST, ports={"6379": "closed", "11211": "closed", "27017": "closed"})
    assert counted(office, STORES, code).fail == 1


def test_failures_count_on_where_we_are_perhaps_blocked(office, code):
    services = {str(port): "telnet" for port in range(2300, 2310)}
    office.look(code, HOST, rest="closed", services=services | {"23": "telnet"})
    office.clock.forward(days=20)
    left = dict.fromkeys(list(services)[:5], "telnet")
    assert office.look(code, HOST, rest="filtered", services=left).perhaps_blocked
    assert counted(office, TELNET, code) == Tally(fail=11)


def test_host_that_timed_out_does_not_pass(office, code):
    office.look(code, HOST, **SILENT)
    assert counted(office, TELNET, code) == Tally(inconclusive=1)


def test_pass_does_not_outlast_silence(office, code):
    office.look(code, HOST, **CLOSED)
    office.look(code, HOST, **SILENT)
    assert counted(office, TELNET, code) == Tally(inconclusive=1)


@pytest.mark.parametrize("host", [OPEN, CLOSED, SILENT], ids=["failed", "passed", "silent"])
def test_stale_facts_count_as_not_tested(office, code, host):
    office.look(code, HOST, **host)
    office.clock.forward(days=89)
    assert counted(office, TELNET, code).not_tested == 0
    office.clock.forward(days=2)
    assert counted(office, TELNET, code) == Tally(not_tested=1)


@pytest.mark.parametrize(
    "silence", [SILENT, {"rest": "closed", "ports": {"23": "open"}}], ids=["silent", "unclear"]
)
def test_stale_failure_does_not_outlast_silence(office, code, silence):
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=91)
    office.look(code, HOST, **silence)
    assert counted(office, TELNET, code) == Tally(inconclusive=1)


def test_failure_is_fresh_until_its_repair_clock_ends(office, code):
    office.look(code, HOST, **OPEN)
    seen = office.finding(TELNET).first_seen
    last, first = seen + timedelta(days=14, seconds=-1), seen + timedelta(days=14)
    assert counted(office, TELNET, code, as_of=last) == Tally(fresh=1)
    assert counted(office, TELNET, code, as_of=first) == Tally(fail=1)


def test_critical_failure_counts_at_once(office, code):
    office.look(code, HOST, rest="closed", services={"6379": REDIS})
    assert counted(office, STORES, code).fail == 1
    assert counted(office, STORES, code).fresh == 0


def test_check_may_have_a_repair_clock_of_its_own(office, code):
    register = office.register
    checks = tuple(
        check.model_copy(update={"repair_days": 3}) if check.id == TELNET else check
        for check in register.content.checks.checks
    )
    content = replace(
        register.content, checks=register.content.checks.model_copy(update={"checks": checks})
    )
    office.register = replace(register, content=content)
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=2)
    assert counted(office, TELNET, code) == Tally(fresh=1)
    office.clock.forward(days=1)
    assert counted(office, TELNET, code) == Tally(fail=1)


def test_round_overrides_every_repair_clock(office, code):
    office.open_round("drill", repair_days=0, repair_days_reason="a drill")
    office.open_round("calm", repair_days=60, repair_days_reason="a strike")
    office.answer(code, "drill", IAM_09=1)
    office.answer(code, "calm", IAM_09=1)
    office.look(code, HOST, **OPEN, scripts={})
    assert counted(office, TELNET, code, round_code="drill") == Tally(fail=1)
    office.clock.forward(days=59)
    assert counted(office, TELNET, code, round_code="calm") == Tally(fresh=1)


def test_failure_that_comes_back_soon_never_stopped_counting(office, code):
    office.look(code, HOST, **OPEN)
    office.look(code, HOST, **CLOSED)
    office.clock.forward(days=30)
    office.look(code, HOST, **OPEN)
    assert counted(office, TELNET, code) == Tally(fail=1)


def test_failure_that_comes_back_after_long_begins_anew(office, code):
    office.look(code, HOST, **OPEN)
    office.look(code, HOST, **CLOSED)
    office.clock.forward(days=120)
    office.look(code, HOST, **OPEN)
    assert counted(office, TELNET, code) == Tally(fresh=1)


def test_declaring_a_host_under_another_name_restarts_no_repair_clock(office, code):
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=15)
    office.declare(code, {"id": "border-router", "kind": "host", "addresses": [HOST]})
    office.look(code, HOST, **OPEN)
    assert counted(office, TELNET, code) == Tally(fail=1)


def test_two_addresses_of_one_host_are_fresh_together(office, code):
    office.declare(code, {"id": "cluster", "kind": "host", "addresses": [HOST, OTHER]})
    office.judge(code, office.seen(HOST, **OPEN), office.seen(OTHER, **OPEN))
    assert counted(office, TELNET, code) == Tally(fresh=2)


def test_known_address_that_was_not_looked_at_is_not_tested(office, code):
    office.declare(code, HOST, OTHER)
    office.look(code, HOST, **CLOSED)
    assert counted(office, TELNET, code) == Tally(passed=1, not_tested=1)


def test_unseen_host_weighs_as_much_as_a_seen_one(office, code):
    office.declare(code, HOST, OTHER)
    office.look(code, HOST, **CLOSED)
    tally = counted(office, DATABASE, code)
    assert tally.passed == tally.not_tested == 5


def test_undeclared_address_that_was_looked_at_counts_as_well(office, code):
    office.look(code, OTHER, **OPEN)
    assert counted(office, TELNET, code) == Tally(fresh=1, not_tested=1)


def test_inner_checks_do_not_count_where_there_is_no_inside(office, code):
    assert counted(office, ZONES, code) == Tally()
    office.declare(
        code,
        {"id": "public", "kind": "zone"},
        {"id": "www", "kind": "host", "addresses": [HOST], "zone": "public"},
    )
    assert counted(office, ZONES, code) == Tally()


def test_inner_checks_count_where_two_zones_are_declared(office, code):
    office.declare(
        code,
        {"id": "public", "kind": "zone"},
        {"id": "plant", "kind": "zone"},
        {"id": "www", "kind": "host", "addresses": [HOST], "zone": "public"},
        {"id": "pump", "kind": "host", "addresses": [OTHER], "zone": "plant"},
    )
    assert counted(office, ZONES, code) == Tally(not_tested=2)
    office.look(code, HOST, **CLOSED)
    assert counted(office, ZONES, code) == Tally(not_tested=2)
    office.look(code, OTHER, vantage="internal:public", rest="closed")
    assert counted(office, ZONES, code) == Tally(passed=1, not_tested=1)


def mark(office, state, **lasting):
    finding = office.finding(TELNET)
    act = Act("r-reviewer", "it is a decoy of our own", office.clock())
    with office.register.database.transaction() as connection:
        until = office.clock() + timedelta(**lasting)
        finding_changes.mark_finding(connection, finding.id, state, act, until=until)


def test_false_positive_counts_nowhere_while_its_mark_holds(office, code):
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=20)
    mark(office, "false-positive", days=30)
    assert counted(office, TELNET, code) == Tally()
    office.look(code, HOST, **OPEN)
    assert counted(office, TELNET, code) == Tally()
    office.look(code, HOST, **SILENT)
    assert counted(office, TELNET, code).fail == 0


def test_false_positive_counts_again_when_its_time_is_over(office, code):
    office.look(code, HOST, **OPEN)
    mark(office, "false-positive", days=30)
    office.clock.forward(days=31)
    office.look(code, HOST, **OPEN)
    assert counted(office, TELNET, code) == Tally(fail=1)


@pytest.mark.parametrize("state", ["accepted", "disputed"])
def test_risk_that_was_accepted_or_is_disputed_still_counts(office, code, state):
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=20)
    mark(office, state, days=30)
    assert counted(office, TELNET, code) == Tally(fail=1)


def test_older_look_that_arrives_late_does_not_hide_a_newer_one(office, code):
    early = office.seen(HOST, **OPEN)
    office.look(code, HOST, **CLOSED)
    office.judge(code, early)
    assert counted(office, TELNET, code) == Tally(passed=1)


def test_cards_say_of_failures_what_the_standing_says(office, code):
    office.declare(code, HOST, OTHER)
    office.look(code, HOST, **OPEN)
    office.look(code, OTHER, rest="closed", services={"6380": REDIS, "23": "telnet"})
    office.clock.forward(days=20)
    office.look(code, HOST, **SILENT)
    standing = office.basis(code).checks.values()
    observations = {one.check.observation for one in standing}
    said = [
        (one.check.observation, row.judgement.says)
        for one in standing
        for row in one.rows
        if row.judgement.verdict == "fail"
    ]
    assert len(said) >= 3
    assert failures(office, code, observations) == said
    of_one = {said[0][0]}
    assert failures(office, code, of_one) == [one for one in said if one[0] in of_one]
    assert failures(office, code, set()) == []


def failures(office, code, observations):
    register, now = office.register, office.clock()
    with register.reading() as connection:
        record = get_institution(connection, code, as_of=now)
        clocks = register.content.catalogue.clocks(record.institution.sectors, now.date())
        return list(failures_of(register, connection, record.id, now, observations, clocks=clocks))
