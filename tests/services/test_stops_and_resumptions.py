"""Anybody stops, at once; sending again takes two people, and two analysts after a global stop."""

import pytest
import sqlalchemy as sa

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState, WrongUsage
from cyberposture.scanning.permission.signing import (
    generate_key_pair,
    require_signature,
    resumption_text,
)
from cyberposture.services.people import people
from cyberposture.services.permission import stop
from cyberposture.services.permission.ground import gather
from cyberposture.services.proof import audit
from cyberposture.services.scans import scan
from cyberposture.store import tables

HOST = "127.59.0.1"


@pytest.fixture
def code(office):
    """An institution that may be scanned, two analysts, and a lead of its own."""
    code = office.institution()
    office.declare(code, HOST)
    office.authorise(code, f"{HOST}/32")
    office.invite("b-analyst", "cert-analyst")
    office.invite("the-lead", "institution-lead", institution=code)
    return code


def stops_all(office, code, address=HOST):
    """Return whether the gate would refuse this address for a stop."""
    with office.register.reading() as connection:
        ground = gather(connection, office.id_of(code), office.clock())
    return ground.stopped or any(cidr.startswith(address) for cidr in ground.excluded_elsewhere)


def agree(office, record, person, role="cert-analyst", key=None):
    private = key or people.read_key(office.key_of(person))
    return stop.agree_to_resume(office.register, record.code, person, role, private)


@pytest.mark.parametrize(
    "what", [{"everything": True}, {"institution": "hill-office"}, {"cidr": HOST}]
)
def test_stop_holds_from_its_commit_on(office, code, what):
    assert not stops_all(office, code)
    stop.stop(office.register, **what, reason="a call", complaint="the pumps stutter")
    assert stops_all(office, code)
    (held,) = stop.list_stops(office.register, active_only=True)
    assert (held.complaint, held.act.reason) == ("the pumps stutter", "a call")


@pytest.mark.parametrize("what", [{}, {"everything": True, "cidr": HOST}])
def test_stop_names_exactly_one_thing(office, what):
    with office.refuses(WrongUsage, "what is stopped"):
        stop.stop(office.register, **what)


@pytest.mark.parametrize("cidr", ["127.1", "127.59.0.1/24", "::ffff:127.0.0.1", "everything"])
def test_stop_of_no_range_is_refused(office, cidr):
    with office.refuses(InvalidInput):
        stop.stop(office.register, cidr=cidr)


def test_one_person_does_not_lift_a_stop(office, code):
    held = stop.stop(office.register, institution=code)
    assert not agree(office, held, "a-analyst")
    assert stops_all(office, code)
    with office.refuses(WrongState, "agreed already"):
        agree(office, held, "a-analyst")


def test_contact_and_analyst_lift_the_stop_of_an_institution(office, code):
    held = stop.stop(office.register, institution=code)
    assert not agree(office, held, "the-lead", "institution-lead")
    assert agree(office, held, "a-analyst")
    assert not stops_all(office, code)
    with office.refuses(WrongState):
        agree(office, held, "b-analyst")


def test_stop_of_everything_takes_two_analysts(office, code):
    held = stop.stop(office.register, everything=True)
    with office.refuses(NotAuthorised, "wrong-role"):
        agree(office, held, "the-lead", "institution-lead")
    assert not agree(office, held, "a-analyst")
    assert stops_all(office, code)
    assert agree(office, held, "b-analyst")
    assert not stops_all(office, code)


def test_two_people_without_an_analyst_lift_nothing(office, code):
    office.invite("other-lead", "institution-lead", institution=code)
    held = stop.stop(office.register, institution=code)
    assert not agree(office, held, "the-lead", "institution-lead")
    assert not agree(office, held, "other-lead", "institution-lead")
    assert stops_all(office, code)


def test_lead_of_another_institution_has_no_say(office, code):
    office.institution("dale-office")
    office.invite("stranger", "institution-lead", institution="dale-office")
    held = stop.stop(office.register, institution=code)
    with office.refuses(NotAuthorised, "wrong-role"):
        agree(office, held, "stranger", "institution-lead")


def test_role_that_is_not_held_counts_nothing(office, code):
    held = stop.stop(office.register, institution=code)
    with office.refuses(NotAuthorised, "wrong-role"):
        agree(office, held, "the-lead", "cert-analyst")


def test_person_who_left_agrees_to_nothing(office, code):
    held = stop.stop(office.register, institution=code)
    people.disable(office.register, "b-analyst")
    with office.refuses(NotAuthorised, "disabled-person"):
        agree(office, held, "b-analyst")


def test_unknown_stop_and_person_are_named(office, code):
    held = stop.stop(office.register, institution=code)
    key = people.read_key(office.key_of("a-analyst"))
    with office.refuses(NotFound):
        agree(office, held, "nobody", key=key)
    with office.refuses(NotFound):
        stop.agree_to_resume(office.register, "s-none", "a-analyst", "cert-analyst", key)


def test_agreement_under_the_key_of_another_person_is_refused(office, code):
    held = stop.stop(office.register, institution=code)
    for key in (generate_key_pair().private_key, people.read_key(office.key_of("b-analyst"))):
        with office.refuses(NotAuthorised, "bad-signature"):
            agree(office, held, "a-analyst", key=key)
    assert stops_all(office, code)


def test_two_names_with_one_key_do_not_lift_a_stop(office, code):
    held = stop.stop(office.register, institution=code)
    agree(office, held, "a-analyst")
    p = tables.people
    with office.register.database.transaction() as connection:
        key = connection.execute(
            sa.select(p.c.public_key).where(p.c.code == "a-analyst")
        ).scalar_one()
        connection.execute(sa.update(p).where(p.c.code == "b-analyst").values(public_key=key))
    with office.refuses(NotAuthorised, "same-person"):
        agree(office, held, "b-analyst", key=people.read_key(office.key_of("a-analyst")))
    assert stops_all(office, code)


@pytest.mark.parametrize(
    ("what", "scope"),
    [
        ({"everything": True}, "all"),
        ({"institution": "hill-office"}, "institution hill-office"),
        ({"cidr": HOST}, f"cidr {HOST}/32"),
    ],
)
def test_audit_log_holds_what_was_signed_and_the_signature(office, code, what, scope):
    held = stop.stop(office.register, **what)
    agree(office, held, "a-analyst")
    (entry,) = audit.read_entries(office.register, kind="resume-agreed")
    said = resumption_text(held.code, scope, "a-analyst", entry.data["role"], entry.act.at)
    assert (entry.subject, entry.data["scope"]) == (held.code, scope)
    (person,) = [
        record.person
        for record, _ in people.list_people(office.register)
        if record.person.code == "a-analyst"
    ]
    require_signature(person.public_key, entry.data["signature"], said)


def test_another_stop_holds_when_one_is_lifted(office, code):
    first = stop.stop(office.register, institution=code)
    stop.stop(office.register, cidr=HOST)
    agree(office, first, "a-analyst")
    agree(office, first, "b-analyst")
    assert stops_all(office, code)


def test_stop_of_one_institution_covers_its_addresses_in_the_hands_of_another(office, code):
    office.institution("dale-office")
    stop.stop(office.register, institution=code)
    assert stops_all(office, "dale-office")
    assert not stops_all(office, "dale-office", "127.59.0.2")


def test_stopped_institution_is_not_scanned_and_is_again_after_the_resumption(
    office, code, scanner
):
    held = stop.stop(office.register, institution=code)
    with pytest.raises(NotAuthorised, match="stopped"):
        scan.run_scan(office.register, scanner, scan.Request(code))
    agree(office, held, "a-analyst")
    agree(office, held, "the-lead", "institution-lead")
    with office.register.reading() as connection:
        assert not gather(connection, office.id_of(code), office.clock()).stopped
