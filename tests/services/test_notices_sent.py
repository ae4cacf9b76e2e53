"""An institution hears of what is to come before it comes, and can stop it with a code."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState, WrongUsage
from cyberposture.model.gate import Window
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import sift
from cyberposture.services.people import people
from cyberposture.services.permission import authorise, expiry, notices, stop
from cyberposture.services.permission.ground import gather
from cyberposture.services.proof import audit
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule import calendar
from cyberposture.store import outbox

HOST, HOSTED = "127.72.0.1", "127.72.0.9"
PARTY = "Fictional Hosting Ltd"
SENDER = notices.Sender(("127.0.0.1", "::1"), "extension 4")
CODE = re.compile(r"\b[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}\b")


@pytest.fixture
def code(office):
    """An institution with a granted letter of which nobody told it yet."""
    code = office.institution()
    office.declare(code, HOST)
    grant(office, code, f"{HOST}/32", id="A-1")
    return code


def grant(office, code, *scope, **changes):
    letter = office.write("letter.txt", "We allow the checks below.")
    analyst = office.invite("a-analyst", "cert-analyst")
    officer = office.invite("o-officer", "authorising-officer")
    terms = office.terms(code, *scope, **changes)
    record = authorise.add(office.register, terms, letter, "a-analyst", analyst)
    authorise.grant(office.register, record.code, "o-officer", officer)


def write(office, reference="A-1", **options):
    return notices.write_notice(office.register, office.reports, SENDER, reference, **options)


def targets(office, scanner, code):
    return scan_views.preview(office.register, scanner, code)["targets"]


def test_nothing_is_sent_before_the_notice_went_out(office, code, scanner):
    request = scan.Request(code)
    for act in (lambda: None, lambda: write(office)):
        act()
        with pytest.raises(NotAuthorised, match="notice-not-sent") as caught:
            scan.run_scan(office.register, scanner, request)
        assert "authorise notice A-1" in str(caught.value.advice())
    assert targets(office, scanner, code) == []
    notices.record_sent(office.register, "A-1", "a-analyst", "by hand")
    assert targets(office, scanner, code) == [HOST]


def test_stop_is_told_before_a_missing_notice(office, code, scanner):
    stop.stop(office.register, institution=code)
    with pytest.raises(NotAuthorised, match="stopped"):
        scan.run_scan(office.register, scanner, scan.Request(code))


def test_new_letter_needs_a_notice_of_its_own(office, code, scanner):
    office.tell("A-1")
    office.declare(code, HOST, HOSTED)
    grant(office, code, f"{HOSTED}/32", id="A-2")
    assert targets(office, scanner, code) == [HOST]
    office.tell("A-2")
    assert targets(office, scanner, code) == [HOST, HOSTED]


def test_what_an_untold_letter_excludes_is_excluded_already(office, code):
    office.tell("A-1")
    grant(office, code, f"{HOSTED}/32", id="A-2", exclusions=[f"{HOST}/32"])
    with office.register.reading() as connection:
        now = office.clock()
        ground = gather(connection, office.id_of(code), now)
    plan = Plan(job="j", technique="tcp-ports", protocol="tcp", targets=(HOST,), ports=(80,),
                load=3, name=None, expected_s=1)  # fmt: skip
    sifted = sift(ground.question(plan, now))
    assert [pair.reason for pair in sifted.denied] == ["excluded"]


def test_institution_may_waive_it_in_writing(office, code, scanner):
    empty = office.write("empty.txt", "")
    with office.refuses(InvalidInput, "is empty"):
        notices.waive(office.register, "A-1", empty, "a-analyst")
    paper = office.write("waiver.txt", "We want no notice.")
    with office.refuses(NotAuthorised, "wrong-role"):
        notices.waive(office.register, "A-1", paper, "o-officer")
    notices.waive(office.register, "A-1", paper, "a-analyst")
    assert targets(office, scanner, code) == [HOST]
    (kept,) = notices.list_notices(office.register, "A-1")
    assert kept.kind == "waiver"
    (entry,) = audit.read_entries(office.register, kind="notice-waived")
    assert entry.data["letter_sha256"] == kept.text_sha256


def test_notice_names_all_that_somebody_needs_at_night(office, code):
    window = Window(weekdays=(0, 6), start="01:00", length_s=12_600, zone="Asia/Karachi")
    calendar.add_window(office.register, code, window)
    letter = write(office, language="ur")
    for part in ("Hill-Office", "A-1", "Monday, Sunday from 01:00, for 3:30 hours (Asia/Karachi)",
                 "Load 3", "127.0.0.1", "::1", "extension 4", f"{HOST}/32",
                 "Draft translation", "پیر، اتوار"):  # fmt: skip
        assert part in letter.text
    assert letter.text.index("NOTICE") < letter.text.index("Draft translation")
    assert len(set(CODE.findall(letter.text))) == 1
    assert notices.read_notice(office.register, "A-1") == letter.text
    rows = str(office.rows())
    assert CODE.findall(letter.text)[0].replace("-", "") not in rows.replace("-", "")


def test_notice_without_telephone_or_addresses_is_not_written(office, code):
    for sender in (notices.Sender(("127.0.0.1",), None), notices.Sender((), "extension 4")):
        with office.refuses(WrongState, "not set"):
            notices.write_notice(office.register, office.reports, sender, "A-1")


def test_notice_of_a_letter_that_allows_nothing_is_not_written(office, code):
    office.withdraw("A-1")
    with office.refuses(WrongState, "allows nothing"):
        write(office)


def test_notice_is_sent_once_and_acknowledged_after_that(office, code):
    with office.refuses(NotFound, "notice of"):
        notices.record_sent(office.register, "A-1", "a-analyst", "by hand")
    write(office)
    with office.refuses(WrongState, "not sent yet"):
        notices.record_acknowledged(office.register, "A-1", "a-analyst", "the porter")
    with office.refuses(InvalidInput):
        notices.record_sent(office.register, "A-1", "a-analyst", "")
    notices.record_sent(office.register, "A-1", "a-analyst", "by hand")
    with office.refuses(WrongState, "sent already"):
        notices.record_sent(office.register, "A-1", "a-analyst", "again")
    notices.record_acknowledged(office.register, "A-1", "a-analyst", "the porter")
    (kept,) = notices.list_notices(office.register, "A-1")
    assert (kept.sent_why, kept.acknowledged_why) == ("by hand", "the porter")


def code_on(text):
    return CODE.findall(text)[0]


def test_anybody_stops_with_the_code_and_it_is_renewed_when_two_agree(office, code):
    text = office.tell("A-1")
    nobody = replace(office.register, actor="account:night")
    made = stop.stop(nobody, code=f" {code_on(text).upper()} ", complaint="the pumps stutter")
    assert (made.scope, made.institution_id) == ("institution", office.id_of(code))
    (entry,) = audit.read_entries(office.register, kind="stopped")
    assert (entry.subject, entry.data["by_code"]) == (code, True)
    assert code_on(text) not in str(entry.data)
    office.invite("b-analyst", "cert-analyst")
    for person in ("a-analyst", "b-analyst"):
        key = people.read_key(office.key_of(person))
        stop.agree_to_resume(office.register, made.code, person, "cert-analyst", key)
    with office.refuses(NotFound, "stop code"):
        stop.stop(nobody, code=code_on(text))
    renewed = write(office).text
    assert code_on(renewed) != code_on(text)
    assert stop.stop(nobody, code=code_on(renewed)).institution_id == office.id_of(code)


def test_all_notices_of_an_institution_carry_the_same_code(office, code):
    grant(office, code, f"{HOSTED}/32", id="A-2")
    assert code_on(office.tell("A-1")) == code_on(office.tell("A-2"))
    office.institution("dale-office")
    grant(office, "dale-office", "127.73.0.1/32", id="A-3")
    assert code_on(office.tell("A-3")) != code_on(office.tell("A-1"))


@pytest.mark.parametrize("wrong", ["", "aaaa-aaaa-aaaa", "' or 1=1 --"])
def test_wrong_code_stops_nothing_and_is_not_repeated(office, code, wrong):
    office.tell("A-1")
    with office.refuses(NotFound) as caught:
        stop.stop(office.register, code=wrong)
    assert not wrong or wrong not in str(caught.value)
    with office.refuses(WrongUsage):
        stop.stop(office.register, code=wrong, everything=True)


def test_answer_to_a_caller_is_kept_with_the_stop(office, code):
    held = stop.stop(office.register, institution=code, complaint="who are you?")
    with office.refuses(InvalidInput):
        stop.answer(office.register, held.code, "a-analyst", " ")
    acting = replace(office.register, actor="a-analyst")
    stop.answer(acting, held.code, "a-analyst", "It was us; it has ended.")
    stop.acknowledge(office.register, held, "worker-1")
    (view,) = stop.list_views(office.register)
    assert view.record.answer == "It was us; it has ended."
    assert view.subject == f"institution {code}"
    assert [one.worker for one in view.acknowledged] == ["worker-1"]


# -- third parties ------------------------------------------------------------------------------


def hosted(office, code, party=PARTY):
    office.declare(
        code, HOST,
        {"id": "hosted", "kind": "host", "addresses": [HOSTED], "third_party": party},
    )  # fmt: skip


def entry(cidr, party=None):
    consent = {"consent": {"third_party": party, "letter_sha256": "cd" * 32}} if party else {}
    return {"cidr": cidr, "ports": None, "special_allowed": True, **consent}


@pytest.mark.parametrize("given", [entry("127.72.0.0/24"), entry("127.72.0.0/24", "Another Ltd")])
def test_letter_without_the_consent_of_the_third_party_is_refused(office, given):
    code = office.institution()
    hosted(office, code)
    with pytest.raises(InvalidInput, match=rf"\.yaml:\d+: {HOSTED} belongs to {PARTY}"):
        grant(office, code, given)
    assert authorise.list_standing(office.register) == []


def test_what_is_excluded_needs_no_consent(office, scanner):
    code = office.institution()
    hosted(office, code)
    office.authorise(code, entry("127.72.0.0/24"), exclusions=[f"{HOSTED}/32"])
    assert targets(office, scanner, code) == [HOST]


def test_letter_with_the_consent_of_this_very_party_covers_its_address(office, scanner):
    code = office.institution()
    hosted(office, code)
    office.authorise(code, entry(f"{HOST}/32"), entry(f"{HOSTED}/32", PARTY.upper()))
    assert targets(office, scanner, code) == [HOST, HOSTED]


def test_address_that_is_declared_a_third_partys_later_is_not_contacted(office, scanner):
    code = office.institution()
    office.declare(code, HOST, HOSTED)
    office.authorise(code, "127.72.0.0/24")
    assert targets(office, scanner, code) == [HOST, HOSTED]
    hosted(office, code)
    assert targets(office, scanner, code) == [HOST]


# -- endings ------------------------------------------------------------------------------------


def endings(office):
    return expiry.announce_endings(office.register, office.reports, "extension 4")


def test_endings_are_told_thirty_and_seven_days_ahead_and_each_once(office, code):
    office.tell("A-1")
    assert endings(office) == []
    office.clock.forward(days=334)
    assert endings(office) == []
    office.clock.forward(days=2)
    first = ["expiry-30-A-1-institution", "expiry-30-A-1-receiver"]
    assert endings(office) == first
    assert endings(office) == []
    office.clock.forward(days=25)
    assert endings(office) == [one.replace("30", "7") for one in first]
    office.clock.forward(days=30)
    assert endings(office) == []
    with office.register.reading() as connection:
        queued = outbox.list_messages(connection)
    assert [(one.recipient, one.subject) for one in queued[:2]] == [
        ("Porter, extension 9", "AUTHORISATION A-1 ENDS IN 30 DAYS"),
        ("a-analyst", "AUTHORISATION A-1 ENDS IN 30 DAYS"),
    ]
    assert audit.read_entries(office.register, kind="expiry-announced", institution=code)


def test_letter_that_is_short_from_the_start_gets_the_nearest_notice_only(office):
    code = office.institution()
    until = office.clock() + timedelta(days=5)
    office.authorise(code, f"{HOST}/32", id="A-9", valid_until=until.isoformat())
    assert endings(office) == ["expiry-7-A-9-institution", "expiry-7-A-9-receiver"]


def test_ending_of_a_withdrawn_letter_is_not_told(office, code):
    office.clock.forward(days=340)
    office.withdraw("A-1")
    assert endings(office) == []


def test_each_contact_of_a_letter_is_told_by_mail_or_telephone(office):
    code = office.institution()
    until = office.clock() + timedelta(days=5)
    contacts = ["Duty <duty@hill.example>", "Porter, extension 9"]
    office.authorise(
        code, f"{HOST}/32", id="A-9", valid_until=until.isoformat(), emergency_contacts=contacts
    )
    endings(office)
    with office.register.reading() as connection:
        queued = outbox.list_messages(connection)
    assert [(one.channel, one.recipient) for one in queued] == [
        ("mail", "duty@hill.example"),
        ("telephone", "Porter, extension 9"),
        ("inbox", "a-analyst"),
    ]
    assert queued[-1].person_id is not None
