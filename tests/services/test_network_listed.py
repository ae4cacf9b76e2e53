"""What pages show of the network: lists that hold still, clocks, asking, and the calendar."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.gate import Window
from cyberposture.services.findings import acts, listing, views
from cyberposture.services.findings.listing import Asked
from cyberposture.services.permission import authorise, halting, requests, standing, stop
from cyberposture.services.permission.signed_copies import SignedCopy, record_signed
from cyberposture.services.proof import searching
from cyberposture.services.scans import asking, overview, seen
from cyberposture.services.schedule import calendar, month, schedules
from cyberposture.services.schedule.due import enter_declared
from cyberposture.services.scores import contradicted, score
from cyberposture.store import declarations
from cyberposture.store.audit_search import Wanted
from cyberposture.store.paging import Turn

TELNET = "cleartext.no-telnet-or-r-login"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}
HOSTS = [f"127.71.0.{number}" for number in range(1, 5)]
SAID = {
    "signatory": "B. Bari (invented)",
    "signatory_role": "Director",
    "power_to_sign_checked": "rang the office back",
    "emergency_contacts": ["Porter, extension 9"],
}


@pytest.fixture
def code(office):
    """An institution of four hosts, each with one finding by Telnet, a minute apart."""
    code = office.institution()
    office.declare(code, *HOSTS)
    for host in HOSTS:
        office.look(code, host, **OPEN)
    return code


def codes(page):
    return [one.finding.code for one in page.rows]


def schedule(office, code):
    """Enter what is declared into the schedule, as the drain does."""
    with office.register.database.transaction() as connection:
        declared = declarations.get_declaration(
            connection, office.id_of(code), as_of=office.clock()
        )
        enter_declared(connection, office.id_of(code), declared, office.clock(), ["external"])


def test_pages_of_findings_hold_still_while_new_ones_come(office, code):
    whole = codes(listing.page_findings(office.register, Asked(check=TELNET)).page)
    first = listing.page_findings(office.register, Asked(check=TELNET), Turn(size=2)).page
    office.look(code, "127.71.0.99", **OPEN)
    second = listing.page_findings(
        office.register, Asked(check=TELNET), Turn(after=first.after, size=2)
    ).page
    assert codes(first) + codes(second) == whole
    back = listing.page_findings(
        office.register, Asked(check=TELNET), Turn(before=second.before, size=2)
    ).page
    assert codes(back) == codes(first)
    assert (first.before, back.before) == ("", "")


def test_what_is_late_is_chosen_as_the_clocks_say_whatever_came_back(office, code):
    office.clock.forward(days=20)
    office.look(code, HOSTS[0], **CLOSED)  # mended
    office.look(code, HOSTS[1], **CLOSED)
    office.clock.forward(days=10)
    office.look(code, HOSTS[1], **OPEN)  # came back too soon: it never stopped counting
    office.look(code, "127.71.0.98", **OPEN)  # new
    office.clock.forward(hours=1)
    found = listing.page_findings(office.register, Asked(is_late=True), Turn(size=50))
    now = office.clock()
    exact = {
        one.finding.code
        for one in views.list_views(office.register)
        if one.repair_by is not None and one.repair_by <= now
    }
    assert set(codes(found.page)) == exact != set()
    assert found.count == len(exact)
    assert all(one.is_late for one in found.page.rows)
    late = {one.finding.address for one in found.page.rows}
    assert HOSTS[1] in late
    assert {HOSTS[0], "127.71.0.98"} & late == set()


def test_what_somebody_may_not_see_is_not_listed(office, code):
    assert listing.page_findings(office.register, Asked(among=frozenset())).count == 0
    with pytest.raises(NotFound):
        told = listing.page_findings(office.register, Asked(check=TELNET)).page.rows[0]
        office.institution("meadow-office")
        listing.get_finding(office.register, told.finding.code, institution="meadow-office")


def test_one_finding_comes_with_its_looks_and_facts(office, code):
    told = listing.page_findings(office.register, Asked(address=HOSTS[0], check=TELNET))
    whole = listing.get_finding(office.register, told.page.rows[0].finding.code)
    assert whole.looks[0].verdict == "fail"
    assert {fact.fact.address for fact in whole.facts} == {HOSTS[0]}
    assert [event.kind for event in whole.events] == ["opened"]


def test_a_dispute_waits_for_a_decision(office, code):
    office.invite("l-lodhi", "institution-lead", institution=code)
    told = listing.page_findings(office.register, Asked(address=HOSTS[0], check=TELNET))
    finding = told.page.rows[0].finding.code
    acts.dispute(office.register, finding, "l-lodhi", reason="a decoy", evidence="letter 12")
    assert listing.get_finding(office.register, finding).line.waits_for == "decision"
    assert listing.count_findings(office.register, Asked(state="disputed")) == 1


def test_asking_makes_an_address_due_and_is_bounded(office, code, scanner):
    schedule(office, code)
    before = asking.room_of(office.register, scanner, code)
    assert before.opening.why == "no authorisation is in force"
    asked = asking.ask(office.register, code, HOSTS[:2], reason="repaired")
    assert asked.left == asking.MOST_A_DAY - 2
    shown = {one.address: one for host in seen.look(office.register, code).hosts
             for one in host.addresses}  # fmt: skip
    assert shown[HOSTS[0]].is_asked_for
    assert not shown[HOSTS[2]].is_asked_for
    with office.refuses(InvalidInput, "no schedule"):
        asking.ask(office.register, code, ["127.71.0.250"])
    for _ in range(9):
        asking.ask(office.register, code, HOSTS[:2])
    with office.refuses(WrongState, "left to be asked"):
        asking.ask(office.register, code, HOSTS[:1])
    office.clock.forward(days=2)
    assert asking.room_of(office.register, scanner, code).left == asking.MOST_A_DAY


def test_what_nobody_looked_at_is_not_tested_and_what_is_old_is_stale(office, code):
    office.declare(code, *HOSTS, "127.71.0.200")
    found = seen.look(office.register, code)
    states = {one.address: one.state for host in found.hosts for one in host.addresses}
    assert states["127.71.0.200"] == "not-tested"
    assert states[HOSTS[0]] == "answers"
    assert (found.counts.declared, found.counts.fresh, found.counts.never) == (5, 4, 1)
    assert found.counts.not_allowed == 5
    ports = [(one.port, one.service) for one in found.hosts[0].addresses[0].services]
    assert ports == [(23, "telnet"), (443, "ssl/http")]
    office.clock.forward(days=found.fresh_days + 1)
    later = seen.look(office.register, code)
    assert (later.counts.fresh, later.counts.stale) == (0, 4)


def requested(office, code, **given):
    letter = requests.request_letter(
        office.register, office.reports, code, "A-7", load=3, days=30, special_allowed=True,
        language="ur", **given,
    )  # fmt: skip
    return letter, requests.get_letter(office.register, "A-7")


def test_a_letter_of_ours_is_kept_and_its_signed_copy_recorded_from_it(office, code):
    letter, asked = requested(office, code, exclusions=(f"{HOSTS[3]}/32",))
    assert [one.reference for one in requests.list_unanswered(office.register)] == ["A-7"]
    assert requests.read_text(office.register, asked) == letter.text
    register = office.acting("a-analyst")
    copy = SignedCopy(b"%PDF a signed copy", {})
    other = office.invite("o-officer", "observer")
    with office.refuses(InvalidInput, "signatory"):
        record_signed(
            register, asked, SAID | {"signatory": ""}, copy, office.invite("a-analyst", "")
        )
    with office.refuses(NotAuthorised):
        record_signed(register, asked, SAID, copy, other)
    record_signed(register, asked, SAID, copy, office.invite("a-analyst", ""))
    view = standing.get_letter(office.register, "A-7").view
    assert view.state == "awaits-grant"
    assert view.terms.request_sha256 == letter.sha256 == hashlib.sha256(
        letter.text.encode()).hexdigest()  # fmt: skip
    assert view.terms.exclusions == (f"{HOSTS[3]}/32",)
    assert len(view.terms.scope) == 3
    assert requests.list_unanswered(office.register) == []
    paper = standing.read_paper(office.register, "A-7", "letter", view.record.letter_sha256)
    assert paper == b"%PDF a signed copy"


def test_a_third_party_that_did_not_sign_keeps_a_letter_out(office):
    code = office.institution()
    hosted = {"id": "web", "kind": "host", "addresses": [HOSTS[0]], "third_party": "Cloud Nine"}
    office.declare(code, hosted)
    _, asked = requested(office, code)
    register, key = office.acting("a-analyst"), office.invite("a-analyst", "")
    with office.refuses(InvalidInput, "Cloud Nine"):
        record_signed(register, asked, SAID, SignedCopy(b"letter", {}), key)
    record_signed(register, asked, SAID, SignedCopy(b"letter", {"Cloud Nine": b"we agree"}), key)
    (entry,) = standing.get_letter(office.register, "A-7").view.terms.scope
    assert entry.consent.third_party == "Cloud Nine"
    sheet = entry.consent.letter_sha256
    assert standing.read_paper(office.register, "A-7", "letter", sheet) == b"we agree"
    with pytest.raises(NotFound):
        standing.read_paper(office.register, "A-7", "notice", sheet)


def test_letters_are_listed_by_how_far_they_are(office, code):
    granted = office.authorise(code, f"{HOSTS[0]}/32")
    soon = (office.clock() + timedelta(days=9)).isoformat()
    ending = office.authorise(code, f"{HOSTS[1]}/32", valid_until=soon)
    gone = office.authorise(code, f"{HOSTS[2]}/32")
    office.withdraw(gone)
    found = standing.page_letters(office.register, institution=code)
    states = {one.record.code: one.state for one in found.page.rows}
    assert states == {granted: "in-force", ending: "ends-soon", gone: "withdrawn"}
    assert {state: n for state, n in found.counts.items() if n} == {
        "in-force": 1, "ends-soon": 1, "withdrawn": 1
    }  # fmt: skip
    for letter, state in states.items():
        (one,) = standing.page_letters(office.register, state=state).page.rows
        assert one.record.code == letter
    office.institution("meadow-office")
    with pytest.raises(NotFound):
        standing.get_letter(office.register, granted, institution="meadow-office")
    with pytest.raises(NotFound):
        sha256 = authorise.list_standing(office.register)[0].record.letter_sha256
        standing.read_paper(office.register, granted, "letter", sha256, institution="meadow-office")


def test_the_stop_page_tells_what_holds_and_who_agreed(office, code):
    made = stop.stop(office.register, institution=code, reason="a call")
    stop.stop(office.register, everything=True, drain=True)
    found = halting.look(office.register)
    assert [one.record.scope for one in found.holding] == ["institution", "all"]
    elsewhere = halting.look(office.register, among={"meadow-office"})
    assert [one.record.scope for one in elsewhere.holding] == ["all"]
    office.invite("a-analyst", "cert-analyst")
    stop.agree_to_resume(
        office.register, made.code, "a-analyst", "cert-analyst", office.invite("a-analyst", "")
    )
    one = halting.get_stop(office.register, made.code)
    assert [each.act.actor for each in one.agreed] == ["a-analyst"]
    assert not one.is_lifted
    assert [each.record.code for each in halting.page_stops(office.register).rows][1] == made.code


def test_a_month_shows_windows_over_midnight_and_blackouts(office, code):
    calendar.add_window(
        office.register, code, Window(weekdays=(0,), start="22:00", length_s=4 * 3600,
                                      zone="Asia/Karachi"),
    )  # fmt: skip
    dark = calendar.add_blackout(
        office.register, "Eid", datetime(2026, 11, 24, 19, tzinfo=UTC),
        datetime(2026, 11, 25, 19, tzinfo=UTC), None,
    )  # fmt: skip
    found = month.show_month(office.register, code, date(2026, 11, 1))
    days = {day.day.day: day for week in found.weeks for day in week if day is not None}
    assert len(days) == 30
    assert [(one.begins, one.ends) for one in days[23].windows] == [("22:00", "24:00")]
    assert [(one.begins, one.ends) for one in days[24].windows] == [("00:00", "02:00")]
    assert [(one.begins, one.title, one.is_national) for one in days[25].blackouts] == [
        ("00:00", "Eid", True)
    ]
    assert days[19].is_today
    (window,) = found.windows
    with office.refuses(NotFound):
        calendar.end_window(office.register, code, dark.id)
    calendar.end_window(office.register, code, window.id)
    calendar.cancel_blackout(office.register, dark.id, reason="it moved")
    later = month.show_month(office.register, code, date(2026, 11, 1))
    assert (later.windows, later.blackouts) == ((), ())


def test_a_range_comes_off_the_deny_list_with_a_reason_and_stays_in_the_record(office):
    calendar.add_denial(office.register, "127.71.0.0/24", reason="a hospital")
    with office.refuses(InvalidInput):
        calendar.remove_denial(office.register, "127.71.0.0/24", reason="")
    left = calendar.remove_denial(office.register, "127.71.0.0/24", reason="it moved away")
    assert left.entries == ()
    with office.refuses(NotFound):
        calendar.remove_denial(office.register, "127.71.0.0/24", reason="again")


def test_a_schedule_that_was_paused_runs_again(office):
    schedules.add_schedule(office.register, "drain", "due", "interval", "60")
    schedules.remove_schedule(office.register, "drain", reason="works on the line")
    again = schedules.resume_schedule(office.register, "drain")
    assert again.is_enabled
    assert again.next_run is not None
    with office.refuses(WrongState, "runs already"):
        schedules.resume_schedule(office.register, "drain")


def test_scans_are_listed_and_counted(office, code):
    found = overview.page_scans(office.register, institution=code, turn=Turn(size=2))
    assert [one.institution for one in found.rows] == [code] * 2
    newest = found.rows[0].record.code
    page = overview.get_page(office.register, newest)
    assert page.progress.is_over
    assert page.previous == found.rows[1].record.code
    with pytest.raises(NotFound):
        overview.read_raw(office.register, newest, "0" * 64)


def test_the_record_is_searched_by_person_kind_and_time_page_by_page(office, code):
    office.acting("n-noor")
    stop.stop(office.acting("n-noor"), institution=code, reason="a call")
    (line,) = searching.search(office.register, wanted=Wanted(actor="n-noor")).lines
    assert (line.entry.kind, line.institution) == ("stopped", code)
    whole = searching.search(office.register)
    assert whole.lines[0].entry.act.at >= whole.lines[-1].entry.act.at
    after = searching.search(office.register, after=whole.lines[2].place)
    assert after.lines[0] == whole.lines[3]
    future = Wanted(since=office.clock() + timedelta(days=1))
    assert searching.search(office.register, wanted=future).lines == ()


def test_an_address_that_nobody_touched_says_so(office, code):
    found = searching.touched(office.register, "127.71.0.77")
    assert found.who.last is None
    assert found.traced is None
    assert found.who.head is not None


def test_a_contradiction_shows_the_claim_beside_what_was_seen(office, code):
    office.open_round()
    control = next(
        one.id for one in office.register.content.catalogue.controls
        if any(use.code == office.register.content.checks.find(TELNET).observation
               and use.direction in ("C", "R") for use in one.observations)
    )  # fmt: skip
    office.answer(code, "autumn", **{control.replace("-", "_"): {"level": 3, "reason": "Never."}})
    office.clock.forward(days=60)
    for host in HOSTS:
        office.look(code, host, **OPEN)
    score.score_live(office.register, code)
    found = contradicted.page_contradictions(office.register, institution=code)
    assert found.count == len(found.page.rows)
    assert contradicted.page_contradictions(office.register, among=()).count == 0
    for line in found.page.rows:
        assert line.claim is not None and line.claim.level == 3
        assert line.observed and line.more >= 0
        same, events = contradicted.get_contradiction(office.register, code, line.record.code)
        assert same == line
        assert events[0].kind == "opened"
        with pytest.raises(NotFound):
            contradicted.get_contradiction(office.register, "dale-office", line.record.code)
    assert found.count > 0
