"""When a scan has ended, the lead and the contacts of its letter are told once, without details."""

from datetime import timedelta

import pytest
from contacts_on_record import run_contact

from cyberposture.services.people import people
from cyberposture.services.reports.letter_inputs import gather_letter
from cyberposture.services.review import scans_told, telling
from cyberposture.store import outbox

PORTAL = "https://portal.example"
HOST = "127.50.0.1"
OPEN = {"rest": "closed", "services": {"21": "ftp", "23": "telnet"}}
CLOSED = {"rest": "closed"}


@pytest.fixture
def code(office):
    code = office.institution(contacts=["Porter <porter@hill.example>"])
    office.invite("l-lead", "institution-lead", institution=code)
    office.invite("c-hand", "contributor", institution=code)
    people.set_contact(office.register, "l-lead", mail="lead@hill.example", language="ur")
    office.declare(code, HOST)
    return code


def tell(office):
    return telling.tell_news(office.register, office.reports, PORTAL)


def messages(office):
    with office.register.reading() as connection:
        return outbox.list_messages(connection, prefix="news-scanned")


def scan(office, code, host=OPEN, **terms):
    letter = office.authorise(code, "127.50.0.0/24", **terms)
    office.clock.forward(days=2)
    return run_contact(office, code, HOST, letter=letter, **host)


def test_the_lead_and_the_contacts_of_the_letter_are_told_once(office, code):
    contacts = ["Duty desk, duty@hill.example", "Gate, extension 9", "lead@hill.example"]
    run = scan(office, code, emergency_contacts=contacts)
    codes = tell(office)
    assert [one.rpartition("/")[0] for one in codes] == [f"news-scanned-{run}/1"] * 2
    assert tell(office) == []
    by_way = {(one.channel, one.recipient): one for one in messages(office)}
    assert set(by_way) == {("inbox", "l-lead"), ("mail", "duty@hill.example")}
    assert {one.language for one in by_way.values()} == {"ur"}
    assert all(one.institution_id == office.id_of(code) for one in by_way.values())


def test_it_counts_what_the_letter_counts_and_names_neither_place_nor_weakness(office, code):
    run = scan(office, code)
    tell(office)
    with office.register.reading() as connection:
        letter = gather_letter(office.register, connection, run, ())
        owner = letter.about.institution
        now = office.clock()
        facts = scans_told.facts_of(connection, run, owner, PORTAL, now)
    standing = [one.severity for one in letter.about.findings if one.state != "closed"]
    assert standing
    assert {name: facts[name] for name in ("critical", "high", "medium", "low")} == {
        name: standing.count(name) for name in ("critical", "high", "medium", "low")
    }
    told = messages(office)[0]
    home = f"{PORTAL}/institutions/{code}/network"
    for link in (f"{home}/last-letter?scan={run}", f"{home}/findings", f"{home}/stop"):
        assert f"\n{link}\n" in told.body
    for secret in (HOST, "telnet", "ftp", ":23"):
        assert secret not in told.body + told.subject


def test_nothing_seen_is_not_called_clean(office, code):
    scan(office, code, CLOSED)
    people.set_contact(office.register, "l-lead", mail="lead@hill.example", language="en")
    tell(office)
    told = messages(office)[0]
    assert "nothing that you have to mend" in told.body
    assert "not known to be clean" in told.body


def test_where_the_letter_names_no_mail_the_institutions_own_contact_is_told(office, code):
    people.disable(office.register, "l-lead", reason="left")
    scan(office, code, emergency_contacts=["Gate, extension 9"])
    tell(office)
    (told,) = messages(office)
    assert (told.channel, told.recipient, told.language) == ("mail", "porter@hill.example", "en")
    assert "asks the institution's lead" in told.body


def test_where_nobody_is_there_who_comes_is_told(office):
    code = office.institution()
    office.declare(code, HOST)
    scan(office, code, emergency_contacts=["Gate, extension 9"])
    assert tell(office) == []
    office.invite("n-lead", "institution-lead", institution=code)
    assert len(tell(office)) == 1


def test_a_withdrawn_letters_contacts_are_not_told_any_more_but_the_own_ones_are(office, code):
    letter = office.authorise(code, "127.50.0.0/24", emergency_contacts=["desk@gone.example"])
    office.clock.forward(days=2)
    run_contact(office, code, HOST, letter=letter, **OPEN)
    office.withdraw(letter)
    tell(office)
    mailed = {one.recipient for one in messages(office) if one.channel == "mail"}
    assert mailed == {"porter@hill.example"}


def test_a_scan_that_the_institution_was_to_notice_is_told_a_day_later(office, code):
    run = scan(office, code)
    with office.register.database.transaction() as connection:
        from sqlalchemy import update

        from cyberposture.store.tables import scans

        connection.execute(update(scans).values(plan={"announced": True}))
    assert tell(office) == []
    office.clock.forward(days=1)
    assert {one.rpartition("/")[0] for one in tell(office)} == {f"news-scanned-{run}/1"}


def told_of(office):
    return {one.rpartition("/")[0] for one in tell(office)}


def daily(office, code, letter, **host):
    """Scan a day later and return the scan's code."""
    office.clock.forward(days=1)
    return run_contact(office, code, HOST, letter=letter, **host)


def test_daily_scans_are_told_once_a_week_and_then_the_last_one(office, code):
    first = scan(office, code, CLOSED)
    assert told_of(office) == {f"news-scanned-{first}/1"}
    letter = office.authorise(code, "127.50.0.0/24")
    for _ in range(6):
        last = daily(office, code, letter, **CLOSED)
        assert told_of(office) == set()
    office.clock.forward(days=1)
    assert told_of(office) == {f"news-scanned-{last}/1"}
    assert told_of(office) == set()


def test_something_new_and_grave_is_told_at_once_and_once(office, code):
    scan(office, code, CLOSED)
    tell(office)
    letter = office.authorise(code, "127.50.0.0/24")
    grave = daily(office, code, letter, **OPEN)
    assert told_of(office) == {f"news-scanned-{grave}/1"}
    daily(office, code, letter, **OPEN)  # the same stands still
    assert told_of(office) == set()
    daily(office, code, letter, **CLOSED)
    back = daily(office, code, letter, **OPEN)  # it was mended, and came back
    assert told_of(office) == {f"news-scanned-{back}/1"}


def test_what_others_saw_and_what_is_old_is_not_told(office, code):
    scan(office, code)
    office.look(code, HOST, **OPEN)
    assert len(told_of(office)) == 1
    office.clock.forward(days=telling.LOOK_BACK / timedelta(days=1) + 1)
    assert tell(office) == []


def test_one_institution_s_week_is_not_another_s(office, code):
    scan(office, code, CLOSED)
    tell(office)
    other = office.institution("vale-office", contacts=["Porter <porter@vale.example>"])
    office.declare(other, "127.50.1.1")
    letter = office.authorise(other, "127.50.1.0/24")
    office.clock.forward(days=2)
    run = run_contact(office, other, "127.50.1.1", letter=letter, **CLOSED)
    assert told_of(office) == {f"news-scanned-{run}/1"}
