"""Reminders go out 30, 7 and 1 days before the last day of where the institution is, each once."""

from datetime import UTC, datetime

import pytest

from cyberposture.services.assessments import assess, delegating, reminding, rounds
from cyberposture.services.people import people
from cyberposture.store import assessments, outbox

PORTAL = "https://portal.example"
DUE = datetime(2026, 12, 31, 19, 0, tzinfo=UTC)  # midnight of the first of January in Karachi


@pytest.fixture
def code(office):
    """An institution that is asked, with a lead who reads Urdu."""
    code = office.institution()
    rounds.open_round(office.register, "autumn", "Autumn", DUE)
    assess.open_assessment(office.register, code, "autumn")
    office.invite("l-lead", "institution-lead", institution=code)
    people.set_contact(office.register, "l-lead", mail="lead@hill.example", language="ur")
    return code


def remind(office):
    return reminding.remind(office.register, office.reports, PORTAL)


def at(office, *moment):
    """Put the clock to a moment in UTC."""
    there = datetime(*moment, tzinfo=UTC)
    office.clock.forward(seconds=(there - office.clock()).total_seconds())


def messages(office):
    with office.register.reading() as connection:
        return outbox.list_messages(connection, prefix="reminder-")


def test_reminders_begin_at_midnight_where_the_institution_is(office, code):
    # The last day is the 31st of December; thirty days before it begins in Karachi at 19:00 UTC.
    at(office, 2026, 11, 30, 18, 59)
    assert remind(office) == []
    at(office, 2026, 11, 30, 19, 1)
    assert remind(office) == ["reminder-autumn-hill-office-20261231-30-l-lead"]
    assert remind(office) == []
    at(office, 2026, 12, 23, 19, 1)
    assert remind(office) == ["reminder-autumn-hill-office-20261231-7-l-lead"]
    at(office, 2026, 12, 29, 18, 59)
    assert remind(office) == []
    at(office, 2026, 12, 29, 19, 1)
    assert remind(office) == ["reminder-autumn-hill-office-20261231-1-l-lead"]
    at(office, 2027, 1, 3)
    assert remind(office) == []
    assert office.entries()["reminded"] == 3


def test_after_a_standstill_the_nearest_alone_is_written(office, code):
    at(office, 2026, 12, 28)
    assert remind(office) == ["reminder-autumn-hill-office-20261231-7-l-lead"]
    assert "3" in messages(office)[0].subject


def test_it_is_written_in_the_language_of_its_reader(office, code):
    office.invite("m-lead", "institution-lead", institution=code)
    at(office, 2026, 12, 30, 12)
    assert len(remind(office)) == 2
    urdu, english = messages(office)
    assert (urdu.language, english.language) == ("ur", "en")
    assert urdu.subject.startswith("کل آخری دن ہے")
    assert english.subject == "Tomorrow is the last day: Autumn"
    for message in (urdu, english):
        assert "2026-12-31" in message.body and PORTAL in message.body
        assert "Asia/Karachi" in message.body


def test_contributor_is_reminded_of_what_is_in_their_hands_and_open(office, code):
    for person in ("c-busy", "c-done", "c-free"):
        office.invite(person, "contributor", institution=code)
    delegating.delegate(office.register, code, "autumn", "c-busy", ["IAM"])
    delegating.delegate(office.register, code, "autumn", "c-done", ["GOV-01"])
    with office.register.reading() as connection:
        (one,) = assessments.list_assessments(connection)
    assert one.state in ("planned", "scoping", "answering")
    office.answer(code, "autumn", GOV_01=1)
    at(office, 2026, 12, 2)
    remind(office)
    assert [message.recipient for message in messages(office)] == ["c-busy", "l-lead"]
    assert "Some of what you were asked" in messages(office)[0].body


def test_more_time_has_reminders_of_its_own(office, code):
    at(office, 2026, 12, 30, 12)
    remind(office)
    with office.register.change("extended-by-test") as change:
        (one,) = assessments.list_assessments(change.connection)
        later = datetime(2027, 1, 10, 12, tzinfo=UTC)
        assessments.record_extension(change.connection, one.id, later, change.by)
    assert remind(office) == ["reminder-autumn-hill-office-20270110-30-l-lead"]


@pytest.mark.parametrize("end", ["closed", "handed in"])
def test_what_is_over_is_not_reminded_of(office, code, end):
    if end == "closed":
        rounds.close_round(office.register, "autumn")
    else:
        with office.register.change("handed-in-by-test") as change:
            (one,) = assessments.list_assessments(change.connection)
            assessments.record_state(
                change.connection, one.id, "submitted", change.by, expected=(one.state,)
            )
    at(office, 2026, 12, 30, 12)
    assert remind(office) == []


def test_every_reminder_is_listed_with_its_delivery(office, code):
    at(office, 2026, 12, 2)
    remind(office)
    (shown,) = reminding.list_reminders(office.register, "autumn")
    assert (shown.institution, shown.person, shown.days, shown.state, shown.delivered_at) == (
        code, "l-lead", 30, "queued", None,
    )  # fmt: skip


def test_institution_that_nobody_leads_is_noted_once(office):
    code = office.institution()
    rounds.open_round(office.register, "autumn", "Autumn", DUE)
    assess.open_assessment(office.register, code, "autumn")
    at(office, 2026, 12, 30, 12)
    assert remind(office) == remind(office) == []
    assert office.entries()["reminded"] == 1
