"""What the exposure report is made from: findings week by week, and who was not looked at."""

from dataclasses import replace

import pytest

from cyberposture.content.editions import identify
from cyberposture.errors import NotFound
from cyberposture.services.catalogue import adoption
from cyberposture.services.catalogue.adoption import Draft
from cyberposture.services.findings import acts
from cyberposture.services.reports.exposure_inputs import gather_exposure

TELNET = "cleartext.no-telnet-or-r-login"
HOST, OTHER, UNSEEN = "127.50.0.1", "127.50.0.2", "127.50.0.3"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}


@pytest.fixture
def code(office):
    """An institution with three declared hosts, of which one answers by Telnet, one not at all."""
    code = office.institution()
    office.declare(code, HOST, OTHER, UNSEEN)
    office.look(code, HOST, **OPEN)
    return code


def gathered(office, institution=None):
    with office.register.reading() as connection:
        return gather_exposure(office.register, connection, institution)


def telnet(office):
    return [one for one in gathered(office).findings if one.check == TELNET]


def test_a_finding_stands_in_time_and_is_late_once_its_clock_is_over(office, code):
    (one,) = telnet(office)
    assert (one.institution, one.address, one.port, one.sort) == (code, HOST, 23, "open")
    assert one.due is not None
    office.clock.forward(days=(one.due - office.clock()).days + 1)
    (one,) = telnet(office)
    assert one.sort == "late"


def test_weeks_tell_what_came_what_stood_and_what_was_fixed(office, code):
    office.clock.forward(days=8)
    office.look(code, HOST, **CLOSED)
    office.clock.forward(days=7)
    office.look(code, HOST, **OPEN)
    weeks = gathered(office).weeks
    at_telnet = [one for one in gathered(office).findings if one.check == TELNET]
    assert len(at_telnet) == 1
    assert weeks[-1].back >= 1
    assert weeks[-2].fixed >= 1
    assert weeks[-3].new >= 1
    standing = weeks[-1].late + weeks[-1].open + weeks[-1].aside
    assert standing == len(gathered(office).findings)
    before = weeks[-3].late + weeks[-3].open + weeks[-3].aside
    assert before == weeks[-3].new
    assert all(week.new == 0 for week in weeks[:-3])


def with_days(office, days):
    """Adopt the same edition with so many days for repairs, and go on under it."""
    content = office.register.content
    parameters = tuple(
        one.model_copy(update={"default": days}) if one.id.startswith("repair-days-") else one
        for one in content.catalogue.parameters
    )
    catalogue = content.catalogue.model_copy(update={"parameters": parameters, "version": "9.0"})
    edition = identify(catalogue, content.checks, content.translations)
    new = replace(office.register, content=replace(content, catalogue=catalogue), edition=edition)
    with new.change("edition-adopted", edition.catalogue, reason="agreed") as change:
        adoption.record(change, Draft(new.content, edition))
    office.register = new


def test_past_weeks_are_late_by_the_clocks_of_their_own_edition(office, code):
    office.clock.forward(days=12)
    before = [(week.late, week.open) for week in gathered(office).weeks[-2:]]
    assert before[-1][1] > 0
    office.clock.forward(days=1)
    with_days(office, 0)
    office.clock.forward(days=6)
    weeks = gathered(office).weeks
    assert (weeks[-2].late, weeks[-2].open) == before[-1]
    assert weeks[-1].open == 0
    assert weeks[-1].late == sum(before[-1])


def test_a_check_that_was_used_before_it_was_adopted_has_its_clock_in_past_weeks(office, code):
    content = office.register.content
    without = tuple(one for one in content.checks.checks if one.id != TELNET)
    fewer = replace(content, checks=content.checks.model_copy(update={"checks": without}))
    edition = identify(fewer.catalogue, fewer.checks, fewer.translations)
    old = replace(office.register, content=fewer, edition=edition)
    with old.change("edition-adopted", edition.catalogue, reason="agreed") as change:
        adoption.record(change, Draft(fewer, edition))
    office.clock.forward(days=100)
    weeks = gathered(office).weeks
    assert weeks[-1].late > 0 and weeks[-2].late == weeks[-1].late


def test_what_people_dispute_is_set_aside_and_still_stands(office, code):
    office.clock.forward(days=1)
    office.invite("l-lodhi", "institution-lead", institution=code)
    acts.dispute(
        office.register, office.finding(TELNET).code, "l-lodhi",
        reason="It is a decoy.", evidence="A photograph",
    )  # fmt: skip
    (one,) = telnet(office)
    assert (one.sort, one.state) == ("aside", "disputed")
    assert gathered(office).weeks[-1].aside == 1


def test_addresses_are_seen_silent_stale_or_never_looked_at(office, code):
    office.look(code, OTHER, outcome="no-answer")
    (look,) = gathered(office).looks
    assert (look.known, look.answered, look.silent, look.stale, look.never) == (3, 1, 1, 0, 1)
    office.clock.forward(days=gathered(office).age_days + 1)
    (look,) = gathered(office).looks
    assert (look.answered, look.silent, look.stale, look.never) == (0, 0, 2, 1)
    assert look.last is not None


def test_who_authorised_contact_is_counted_while_it_is_in_force(office, code):
    assert gathered(office).authorised == 0
    reference = office.authorise(code, f"{HOST}/32")
    office.tell(reference)
    assert gathered(office).authorised == 1
    assert gathered(office, office.institution("dale-office")).authorised == 0
    office.withdraw(reference)
    assert gathered(office).authorised == 0


def test_one_institution_is_told_of_alone(office, code):
    other = office.institution("dale-office")
    office.declare(other, "127.50.1.1")
    office.look(other, "127.50.1.1", **OPEN)
    assert {one.institution for one in gathered(office).findings} == {code, other}
    mine = gathered(office, other)
    assert {one.institution for one in mine.findings} == {other}
    assert [one.institution for one in mine.looks] == [other]
    assert mine.institution == other
    with pytest.raises(NotFound):
        gathered(office, "nobody")
