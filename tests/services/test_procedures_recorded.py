"""What people tried out is judged like any fact; what raises a claim takes two people."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.scanning.permission.signing import record_text, require_signature
from cyberposture.scoring.assemble import Tally
from cyberposture.services.findings import procedures
from cyberposture.services.people import people
from cyberposture.services.proof import audit
from cyberposture.store import scans, tables

ANSWERS = "procedures.contact-accepts-a-test"
QUICK = "procedures.contact-answers-within-the-hour"
NOTICED = "procedures.announced-scan-was-noticed"
WHOLE = "procedures.scan-report-names-hour-and-source"
BLOCKED = "procedures.test-name-is-blocked"


@pytest.fixture
def code(office):
    """An institution, and two analysts."""
    for person in ("a-analyst", "b-analyst"):
        office.invite(person, "cert-analyst")
    return office.institution()


def key(office, person):
    return people.read_key(office.key_of(person))


def record(office, code, procedure, result, *, person="a-analyst", evidence=None, **given):
    base = {
        "contact-test": {"contact": "extension 9"},
        "announced-scan": {},
        "test-name": {"name": "test.example", "vantage": "internal:office"},
    }[procedure]
    at = office.clock().isoformat()
    fields = {"procedure": procedure, "result": result, "at": at, "note": "Tried."} | base | given
    register = replace(office.register, actor=person)
    return procedures.record(register, code, fields, person, key(office, person), evidence=evidence)


def confirm(office, kept, person="b-analyst", with_key=None):
    register = replace(office.register, actor=person)
    return procedures.confirm(register, kept.code, person, with_key or key(office, person))


def announced(office, code, announced=True):
    """Keep a scan as it stands when it is over, and return its code."""
    with office.register.change("scan-planned", code) as change:
        change.institution_id = office.id_of(code)
        scan = scans.insert_scan(
            change.connection, change.institution_id, change.by, kind="manual",
            vantage="external", authorisations=[], plan={"targets": [], "announced": announced},
            checks_digest=office.register.edition.checks, scanner="test",
        )  # fmt: skip
        scans.record_state(change.connection, scan.id, "running", at=change.now)
        ended = change.now + timedelta(milliseconds=1)
        scans.record_state(change.connection, scan.id, "done", at=ended)
    office.clock.forward(hours=20)
    return scan.code


def tally(office, code, check):
    return office.standing(code, check).tally


def test_contact_that_answers_counts_at_once(office, code):
    kept = record(office, code, "contact-test", "yes", minutes=4)
    assert kept.state == "done"
    assert tally(office, code, ANSWERS) == tally(office, code, QUICK) == Tally(passed=1)
    assert tally(office, code, NOTICED) == Tally(not_tested=1)


def test_contact_that_answers_late_or_not_fails(office, code):
    record(office, code, "contact-test", "yes", minutes=480)
    assert tally(office, code, ANSWERS) == Tally(passed=1)
    assert tally(office, code, QUICK) == Tally(fresh=1)
    office.clock.forward(days=1)
    record(office, code, "contact-test", "no")
    assert tally(office, code, ANSWERS) == Tally(fresh=1)
    assert len(office.findings(ANSWERS)) == 1
    office.clock.forward(days=1)
    record(office, code, "contact-test", "yes", minutes=1)
    assert tally(office, code, ANSWERS) == tally(office, code, QUICK) == Tally(passed=1)
    assert {one.state for one in office.findings(ANSWERS)} == {"closed"}


def test_attempt_that_failed_on_our_side_is_inconclusive(office, code):
    record(office, code, "contact-test", "unclear")
    assert tally(office, code, ANSWERS) == Tally(inconclusive=1)


def test_noticed_scan_counts_when_a_second_person_confirms_it(office, code):
    scan = announced(office, code)
    evidence = office.write("report.txt", "From noon on, from 127.0.0.1.")
    kept = record(
        office, code, "announced-scan", "yes", scan=scan, names_hour=True, names_source=True,
        reported_at=office.clock().isoformat(), evidence=evidence,
    )  # fmt: skip
    assert kept.state == "planned"
    assert tally(office, code, NOTICED) == Tally(not_tested=1)
    done = confirm(office, kept)
    assert done.state == "done" and done.summary["confirmer"] == "b-analyst"
    assert tally(office, code, NOTICED) == tally(office, code, WHOLE) == Tally(passed=1)
    with office.refuses(WrongState, "waits"):
        confirm(office, kept)


def test_scan_that_nobody_noticed_counts_without_a_second_person(office, code):
    record(office, code, "announced-scan", "no", scan=announced(office, code))
    assert tally(office, code, NOTICED) == Tally(fresh=1)


def test_report_in_the_second_week_is_too_late_and_may_lack_the_source(office, code):
    scan = announced(office, code)
    office.clock.forward(days=9)
    kept = record(office, code, "announced-scan", "yes", scan=scan, names_hour=True,
                  reported_at=office.clock().isoformat())  # fmt: skip
    confirm(office, kept)
    assert tally(office, code, NOTICED) == tally(office, code, WHOLE) == Tally(fresh=1)


def test_refused_test_name_is_judged_from_inside(office, code):
    kept = record(office, code, "test-name", "yes")
    assert confirm(office, kept).vantage == "internal:office"
    assert tally(office, code, BLOCKED) == Tally(passed=1)
    with office.refuses(InvalidInput, "internal:ZONE"):
        record(office, code, "test-name", "yes", vantage="external")


def test_recorder_cannot_confirm_nor_a_name_with_the_same_key(office, code):
    kept = record(office, code, "test-name", "yes")
    with office.refuses(NotAuthorised, "same-person"):
        confirm(office, kept, "a-analyst")
    with office.refuses(NotAuthorised, "bad-signature"):
        confirm(office, kept, with_key=key(office, "a-analyst"))
    p = tables.people
    with office.register.database.transaction() as connection:
        mine = connection.execute(
            sa.select(p.c.public_key).where(p.c.code == "a-analyst")
        ).scalar_one()
        connection.execute(sa.update(p).where(p.c.code == "b-analyst").values(public_key=mine))
    with office.refuses(NotAuthorised, "same-person"):
        confirm(office, kept, with_key=key(office, "a-analyst"))


def test_signature_is_over_the_whole_record(office, code):
    kept = record(office, code, "contact-test", "yes", minutes=4)
    (entry,) = audit.read_entries(office.register, kind="procedure-recorded")
    text = record_text(kept.plan["record"], "recorder", "a-analyst", entry.act.at)
    known = {record.person.code: record.person for record, _ in people.list_people(office.register)}
    require_signature(known["a-analyst"].public_key, kept.plan["signature"], text)
    assert entry.data["signature"] == kept.plan["signature"]


def test_older_record_does_not_overrule_a_newer_one(office, code):
    day = office.clock()
    office.clock.forward(days=5)
    record(office, code, "contact-test", "no")
    record(office, code, "contact-test", "yes", minutes=4, at=day.isoformat())
    assert tally(office, code, ANSWERS) == Tally(fresh=1)


@pytest.mark.parametrize(
    ("tried", "given", "what"),
    [
        ("contact-test yes", {}, "needs minutes"),
        ("contact-test no", {"contact": None}, "needs contact"),
        ("test-name no", {"name": None}, "needs name"),
        ("announced-scan no", {}, "needs scan"),
        ("announced-scan yes", {"scan": "scan-x"}, "has a time"),
        (
            "announced-scan no",
            {"scan": "scan-x", "reported_at": "2026-11-19T12:00:00Z"},
            "has none",
        ),
        ("contact-test no", {"at": "2036-01-01T00:00:00Z"}, "in the future"),
        ("contact-test maybe", {}, "result"),
        ("contact-test no", {"note": ""}, "note"),
    ],
)  # fmt: skip
def test_record_that_does_not_fit_together_is_refused(office, code, tried, given, what):
    with office.refuses(InvalidInput, what):
        record(office, code, *tried.split(), **given)


def test_record_of_a_scan_that_nobody_announced_is_refused(office, code):
    plain, ours = announced(office, code, announced=False), announced(office, code)
    other = announced(office, office.institution("dale-office"))
    for scan in (plain, other):
        with office.refuses(WrongState, "no announced scan of this institution"):
            record(office, code, "announced-scan", "no", scan=scan)
    with office.refuses(NotFound):
        record(office, code, "announced-scan", "no", scan="scan-none")
    early = (office.clock() - timedelta(days=3)).isoformat()
    with office.refuses(InvalidInput, "no noticing"):
        record(office, code, "announced-scan", "yes", scan=ours, reported_at=early)


def test_only_the_cert_records(office, code):
    office.invite("the-lead", "institution-lead", institution=code)
    with office.refuses(NotAuthorised, "wrong-role"):
        record(office, code, "contact-test", "yes", person="the-lead", minutes=1)
