"""Kept facts under newer rules, and two scans side by side; each difference has its cause."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from cyberposture.content.editions import identify
from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.services.findings import rejudging, scan_diff
from cyberposture.services.findings import views as finding_views
from cyberposture.store import scans, tables
from cyberposture.store.facts import list_judgements

TELNET = "cleartext.no-telnet-or-r-login"
FTP = "cleartext.no-plain-ftp"
HOST, SECOND, THIRD = "127.50.0.1", "127.50.0.2", "127.50.0.3"
SEEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}


@pytest.fixture
def code(office):
    """An institution with one host that answers by Telnet, scanned once."""
    code = office.institution()
    office.declare(code, HOST)
    office.look(code, HOST, **SEEN)
    return code


def change_check(office, check_id, **changes):
    """Bring in an edition in which one check is another."""
    content = office.register.content
    check = content.checks.find(check_id)
    newer = check.model_copy(update={"version": check.version + 1, **changes})
    checks = tuple(newer if one.id == check_id else one for one in content.checks.checks)
    every = content.checks.model_copy(update={"checks": checks})
    office.register = replace(
        office.register,
        content=replace(content, checks=every),
        edition=identify(content.catalogue, every),
    )


def scan_codes(office, code):
    with office.register.reading() as connection:
        found = scans.list_scans(connection, institution_id=office.id_of(code))
    return [one.code for one in reversed(found)]


def rows_of(office, scan):
    with office.register.reading() as connection:
        record = scans.get_scan(connection, scan)
        return list_judgements(connection, scan_id=record.id)


def fails_at(office, port_check):
    """Return the condition of another check, to judge by it."""
    return office.register.content.checks.find(port_check).fails_when


def test_same_rules_over_the_same_facts_differ_in_nothing(office, code):
    (scan,) = scan_codes(office, code)
    before = rows_of(office, scan)
    office.clock.forward(days=5)
    (done,) = rejudging.rejudge(office.register, scan=scan)
    assert done.differences == ()
    assert done.checks[0] == done.checks[1]
    after = rows_of(office, scan)
    assert len(after) == 2 * len(before) == 2 * done.judgements
    assert [row for row in after if row.judged_at != done.judged_at] == before


def test_declaration_of_today_changes_nothing_about_facts_of_then(office, code):
    office.declare(code, {"id": "www", "kind": "host", "addresses": [HOST], "services": []})
    (done,) = rejudging.rejudge(office.register, institution=code)
    assert done.differences == ()


def test_rule_that_sees_less_changes_the_verdict_and_closes_nothing(office, code):
    telnet = office.finding(TELNET)
    change_check(office, TELNET, fails_when=fails_at(office, FTP))
    (done,) = rejudging.rejudge(office.register, institution=code)
    (one,) = done.differences
    assert (one.place[0], one.before, one.after, one.cause) == (TELNET, "fail", "pass", "rule")
    assert one.versions == (1, 2)
    assert done.unseen == (telnet.code,)
    assert office.finding(TELNET).state == "open"
    office.look(code, HOST, **SEEN)
    assert office.finding(TELNET).state == "closed"


def test_rule_that_sees_more_opens_findings_whose_clock_begins_now(office, code):
    office.clock.forward(days=30)
    change_check(office, FTP, fails_when=fails_at(office, TELNET), endpoints=office.register.
                 content.checks.find(TELNET).endpoints)  # fmt: skip
    (done,) = rejudging.rejudge(office.register, institution=code)
    assert done.opened == 1
    assert {(d.place[0], d.after, d.cause) for d in done.differences if d.after == "fail"} == {
        (FTP, "fail", "rule")
    }
    finding = office.finding(FTP)
    assert finding.last_seen < done.judged_at == finding.opened_at
    assert office.standing(code, FTP).tally.fresh == 1
    (event,) = finding_views.get_history(office.register, finding.code).events
    assert event.details["rejudged"] == done.scan


def test_judging_anew_twice_opens_nothing_twice(office, code):
    change_check(office, FTP, fails_when=fails_at(office, TELNET), endpoints=office.register.
                 content.checks.find(TELNET).endpoints)  # fmt: skip
    assert [one.opened for one in rejudging.rejudge(office.register, institution=code)] == [1]
    assert [one.opened for one in rejudging.rejudge(office.register, institution=code)] == [0]


def test_older_scan_that_a_newer_one_has_overtaken_opens_nothing(office, code):
    office.look(code, HOST, rest="closed", services={"443": "ssl/http"})
    old, _ = scan_codes(office, code)
    change_check(office, FTP, fails_when=fails_at(office, TELNET), endpoints=office.register.
                 content.checks.find(TELNET).endpoints)  # fmt: skip
    (done,) = rejudging.rejudge(office.register, scan=old)
    assert any(one.after == "fail" for one in done.differences)
    assert done.opened == 0
    assert [one.scan for one in rejudging.rejudge(office.register, institution=code)] != [old]


def test_mended_finding_of_a_scan_that_still_tells_something_stays_closed(office, code):
    office.clock.forward(days=1)
    page = {"port": 8080, "name": "www.hill.example", "tls": False}
    office.look(code, HOST, rest="closed", services={"23": "telnet"}, http=[page])
    office.look(code, HOST, rest="closed", services={"443": "ssl/http"})
    assert office.finding(TELNET).state == "closed"
    for done in rejudging.rejudge(office.register, institution=code):
        assert (done.differences, done.opened) == ((), 0)
    assert office.finding(TELNET).state == "closed"


def test_endpoint_that_a_rule_does_not_judge_any_more_does_not_speak_on(office, code):
    office.clock.forward(days=20)
    ports = office.register.content.checks.find(FTP).endpoints
    change_check(office, TELNET, endpoints=ports, fails_when=fails_at(office, FTP))
    (done,) = rejudging.rejudge(office.register, institution=code)
    gone = [d for d in done.differences if d.says == rejudging.UNJUDGED]
    assert [d.place[3] for d in gone if d.before == "fail"] == [23]
    # The finding still stands until somebody looks again.
    assert office.standing(code, TELNET).tally.fail == 1
    office.look(code, HOST, rest="closed", services={"443": "ssl/http"})
    assert office.standing(code, TELNET).tally.fail == 0


def test_one_of_scan_and_institution_is_needed(office, code):
    for given in ({}, {"scan": "x", "institution": code}):
        with pytest.raises(WrongUsage):
            rejudging.rejudge(office.register, **given)
    with pytest.raises(NotFound):
        rejudging.rejudge(office.register, scan="nowhere")


WEB = {"443": "ssl/http"}
SSH = {"name": "ssh", "product": "OpenSSH", "version": "8.0"}


@pytest.fixture
def wide(office):
    """An institution with three hosts, never looked at."""
    code = office.institution("dale-office")
    office.declare(code, HOST, SECOND, THIRD)
    return code


def scan(office, code, **hosts):
    """Look at hosts in one scan; they are called a, b and c."""
    office.clock.forward(minutes=1)
    places = {"a": HOST, "b": SECOND, "c": THIRD}
    office.judge(code, *(office.seen(places[name], **host) for name, host in hosts.items()))


def compared(office, code):
    before, after = scan_codes(office, code)[-2:]
    return scan_diff.compare(office.register, before, after)


def with_certificate(fact, digest):
    """Return the fact with another certificate in each handshake that shows one."""
    shown = [
        one.model_copy(
            update={"certificate": one.certificate.model_copy(update={"sha256": digest})}
        )
        for one in fact.tls
    ]
    return fact.model_copy(update={"tls": tuple(shown)})


def ports(found):
    return [(one.address, one.port, one.before, one.after) for one in found]


def test_opened_and_closed_ports_and_their_verdicts_are_changes(office, wide):
    scan(office, wide, a={"rest": "closed", "services": {"23": "telnet", **WEB}})
    scan(office, wide, a={"rest": "closed", "services": {"22": SSH, **WEB}})
    found = compared(office, wide)
    assert ports(found.changes.opened) == [(HOST, 22, "closed", "open")]
    assert ports(found.changes.closed) == [(HOST, 23, "open", "closed")]
    (telnet,) = (d for d in found.changes.verdicts if (d.place[0], d.place[3]) == (TELNET, 23))
    assert (telnet.before, telnet.cause) == ("fail", "network")
    assert not any(vars(found.unseen).values())


def test_what_was_not_tested_or_gave_no_answer_is_never_closed(office, wide):
    both = {"rest": "closed", "services": {"23": "telnet", "21": "ftp", **WEB}}
    scan(office, wide, a=both)
    scan(office, wide, a={"ports": {"21": "open|filtered"}, "services": WEB})
    found = compared(office, wide)
    assert (found.changes.closed, found.changes.vanished) == ([], [])
    assert ports(found.unseen.not_tested) == [(HOST, 23, "open", "not tested")]
    assert ports(found.unseen.undecided) == [(HOST, 21, "open", "undecided")]
    assert all(d.after in ("inconclusive", "not-tested") for d in found.unseen.verdicts)
    assert (FTP, "fail") in {(d.place[0], d.before) for d in found.unseen.verdicts}


def test_hosts_appear_vanish_fall_silent_or_were_not_looked_at(office, wide):
    silent = {"outcome": "no-answer"}
    scan(office, wide, a={"rest": "closed", "services": WEB}, b=silent)
    scan(office, wide, a=silent, b={"rest": "closed", "services": WEB}, c=silent)
    found = compared(office, wide)
    assert (found.changes.appeared, found.changes.vanished) == ([SECOND], [])
    assert (found.unseen.silent, found.unseen.only_after) == ([HOST], [THIRD])
    scan(office, wide, b={"rest": "closed"})
    found = compared(office, wide)
    assert found.changes.vanished == [SECOND]
    assert found.unseen.only_before == [HOST, THIRD]


def test_another_version_and_a_renewed_certificate_are_told(office, wide):
    old = {"port": 443, "certificate": {"days_left": 10}}
    new = {"port": 443, "certificate": {"days_left": 380, "issuer": "CN=Other Authority"}}
    scan(office, wide, a={"rest": "closed", "services": {"22": SSH, **WEB}, "tls": [old]})
    newer = {"22": {**SSH, "version": "9.9"}, **WEB}
    office.clock.forward(minutes=1)
    (ports_seen, *rest) = office.seen(HOST, rest="closed", services=newer, tls=[new])
    office.judge(wide, [ports_seen, *(with_certificate(fact, "1" * 64) for fact in rest)])
    found = compared(office, wide)
    assert [(one.port, one.before, one.after) for one in found.changes.services] == [
        (22, "ssh OpenSSH 8.0", "ssh OpenSSH 9.9")
    ]
    (renewed,) = found.changes.certificates
    assert renewed.issuers == ("CN=Example Authority", "CN=Other Authority")
    assert (renewed.valid_until[1] - renewed.valid_until[0]).days in (369, 370)
    assert (found.changes.opened, found.changes.closed) == ([], [])


def test_silent_ports_of_a_scan_that_was_perhaps_blocked_are_undecided(office, wide):
    services = {"23": "telnet", **WEB}
    scan(office, wide, a={"rest": "closed", "services": services})
    scan(office, wide, a={"ports": {"23": "filtered"}, "services": WEB})
    assert ports(compared(office, wide).changes.closed) == [(HOST, 23, "open", "filtered")]
    last = scan_codes(office, wide)[-1]
    with office.register.database.transaction() as connection:
        told = sa.update(tables.scans).where(tables.scans.c.code == last)
        connection.execute(told.values(summary={"perhaps_blocked": True}))
    found = compared(office, wide)
    assert (found.perhaps_blocked, found.changes.closed) == (True, [])
    assert ports(found.unseen.undecided) == [(HOST, 23, "open", "undecided")]


def test_rule_that_changed_between_two_scans_is_told_from_the_network(office, wide):
    host = {"rest": "closed", "services": {"23": "telnet", **WEB}}
    scan(office, wide, a=host, b=host)
    change_check(office, TELNET, fails_when=fails_at(office, FTP))
    scan(office, wide, a=host, b={"rest": "closed", "services": WEB})
    found = compared(office, wide)
    told = {(d.place[0], d.place[1], d.before, d.after, d.cause) for d in found.changes.verdicts}
    assert (TELNET, HOST, "fail", "pass", "rule") in told


def test_scans_of_two_institutions_cannot_be_compared(office, code, wide):
    scan(office, wide, b={"rest": "closed"})
    with pytest.raises(WrongState):
        scan_diff.compare(office.register, scan_codes(office, code)[0], scan_codes(office, wide)[0])
