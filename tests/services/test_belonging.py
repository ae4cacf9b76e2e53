"""Roles with dates, who may give them, who stands in for whom, and what every act then says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.people import memberships, people, roles, signing_in, substitutes
from cyberposture.services.people.memberships import Given, Invitation
from cyberposture.services.proof import audit
from cyberposture.store import outbox
from cyberposture.store import people as kept


@pytest.fixture
def lead(office):
    """The register as the lead of hill-office works with it; meadow-office is another house."""
    office.institution("hill-office")
    office.institution("meadow-office")
    office.invite("c-admin", "cert-administrator")
    office.invite("l-lead", "institution-lead", institution="hill-office")
    return replace(office.register, actor="l-lead")


@pytest.fixture
def admin(office, lead):
    return replace(office.register, actor="c-admin")


def roles_of(office, code):
    with office.register.reading() as connection:
        held = kept.list_held(connection, code, as_of=office.clock())
    return [(one.membership.role, one.membership.institution) for one in held]


def member(office, role="contributor", institution="hill-office", **given):
    return Invitation("m-member", "M. Member", Given(role, institution, **given))


def test_a_lead_invites_to_their_own_institution_and_the_link_brings_in(office, lead):
    with office.adds("person-invited"):
        token = memberships.invite_person(lead, member(office))
    assert signing_in.whose_link(office.register, token).name == "M. Member"
    assert roles_of(office, "m-member") == [("contributor", "hill-office")]
    entry = [e for e in audit.read_entries(office.register) if e.kind == "person-invited"][-1]
    assert (entry.act.actor, entry.data["role"], entry.data["institution"]) == (
        "l-lead", "contributor", "hill-office",
    )  # fmt: skip
    assert token not in str(office.rows())


@pytest.mark.parametrize(
    "given",
    [
        Given("contributor", "meadow-office"),
        Given("cert-administrator"),
        Given("reviewer"),
        Given("sector-regulator", sector="government"),
    ],
)
def test_a_lead_gives_no_role_elsewhere_or_above(office, lead, given):
    with office.refuses(NotAuthorised, match="given by the CERT"):
        memberships.invite_person(lead, Invitation("m-member", "M. Member", given))
    office.invite("n-known", "observer", institution="hill-office")
    with office.refuses(NotAuthorised):
        memberships.grant(lead, "n-known", given)


def test_the_audit_of_an_institution_is_given_by_the_cert_and_for_a_time(office, lead, admin):
    until = office.clock() + timedelta(days=30)
    auditor = Given("auditor", "hill-office", valid_until=until)
    with office.refuses(NotAuthorised):
        memberships.invite_person(lead, Invitation("a-audit", "A. Audit", auditor))
    memberships.invite_person(admin, Invitation("a-audit", "A. Audit", auditor))
    assert roles_of(office, "a-audit") == [("auditor", "hill-office")]
    office.clock.forward(days=31)
    assert roles_of(office, "a-audit") == []
    with office.refuses(InvalidInput, match="until"):
        memberships.grant(admin, "a-audit", Given("auditor", "meadow-office"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given("institution-lead"), "an institution is needed"),
        (Given("cert-analyst", "hill-office"), "an institution has no place"),
        (Given("sector-regulator"), "a sector is needed"),
        (Given("sector-regulator", sector="astrology"), "unknown sector"),
        (Given("observer", "hill-office", sector="water"), "a sector has no place"),
    ],
)
def test_a_role_stands_where_it_belongs(office, admin, given, said):
    with office.refuses(InvalidInput, match=said):
        memberships.grant(admin, "l-lead", given)


def test_whoever_holds_no_such_role_gives_none(office, lead):
    office.invite("c-analyst", "cert-analyst")
    with office.refuses(NotAuthorised):
        memberships.invite_person(replace(office.register, actor="c-analyst"), member(office))


def test_several_roles_are_held_and_each_ends_by_itself(office, lead, admin):
    memberships.grant(admin, "l-lead", Given("observer", "meadow-office"))
    with office.refuses(WrongState, match="already"):
        memberships.grant(admin, "l-lead", Given("observer", "meadow-office"))
    assert len(roles_of(office, "l-lead")) == 2
    (belonging,) = substitutes.list_belonging(office.register, "meadow-office")
    memberships.end(admin, belonging.roles[0].id, reason="moved on")
    assert roles_of(office, "l-lead") == [("institution-lead", "hill-office")]
    (still,) = substitutes.list_belonging(office.register, "meadow-office")
    assert still.roles[0].membership.valid_until is not None  # the row stays


def test_a_lead_ends_no_role_of_another_house(office, lead):
    office.invite("o-other", "observer", institution="meadow-office")
    (other,) = substitutes.list_belonging(office.register, "meadow-office")
    with office.refuses(NotAuthorised):
        memberships.end(lead, other.roles[0].id)
    with office.refuses(NotFound):
        memberships.end(lead, other.roles[0].id, institution="hill-office")


def test_the_last_administrator_stays(office, admin):
    everybody = substitutes.list_belonging(office.register)
    (own,) = [one for one in everybody if one.record.person.code == "c-admin"]
    with office.refuses(WrongState, match="last administrator"):
        memberships.end(admin, own.roles[0].id)
    with office.refuses(WrongState, match="last administrator"):
        people.disable(admin, "c-admin")


def test_a_lead_makes_no_link_for_somebody_who_is_more_than_their_own(office, lead, admin):
    memberships.invite_person(lead, member(office))
    assert memberships.send_new_link(lead, "m-member", institution="hill-office")
    memberships.grant(admin, "m-member", Given("cert-analyst"))
    with office.refuses(NotFound):
        memberships.send_new_link(lead, "m-member", institution="hill-office")
    with office.refuses(NotFound):
        memberships.send_new_link(lead, "c-admin", institution="hill-office")


def test_where_a_mail_address_is_known_the_letter_is_queued(office, lead):
    asked = replace(member(office), mail="m.member@hill.example", language="ur")
    token = memberships.invite_person(lead, asked, letter=lambda t: ("Come in", f"https://p/{t}"))
    with office.register.reading() as connection:
        (message,) = outbox.list_messages(connection)
    assert (message.recipient, message.language, message.channel) == (
        "m.member@hill.example", "ur", "mail",
    )  # fmt: skip
    assert token in message.body


def test_a_code_is_suggested_from_the_name_and_is_free(office, lead):
    assert memberships.suggest_code(office.register, "Zoë Ahmed-Khan") == "z-khan"
    assert memberships.suggest_code(office.register, "L. Lead") == "l-lead-2"
    assert memberships.suggest_code(office.register, "Madonna") == "madonna"
    assert memberships.suggest_code(office.register, "عامر خان").startswith("person-")


def stand_in(office, register, until_days=10, **options):
    office.invite("s-sub", "observer", institution="hill-office")
    (lead_role,) = [
        role
        for one in substitutes.list_belonging(office.register, "hill-office")
        for role in one.roles
        if role.membership.role == "institution-lead"
    ]
    until = office.clock() + timedelta(days=until_days)
    return substitutes.name_substitute(register, lead_role.id, "s-sub", until, **options)


def test_a_substitute_acts_with_the_role_between_two_dates(office, lead):
    begins = office.clock() + timedelta(days=2)
    stand_in(office, lead, valid_from=begins)
    assert roles_of(office, "s-sub") == [("observer", "hill-office")]
    office.clock.forward(days=3)
    assert ("institution-lead", "hill-office") in roles_of(office, "s-sub")
    with office.register.reading() as connection:
        assert roles.require_role(
            connection, "s-sub", frozenset({"institution-lead"}), office.clock()
        )
    office.clock.forward(days=10)
    assert roles_of(office, "s-sub") == [("observer", "hill-office")]


def test_every_act_of_a_substitute_names_both(office, lead):
    stand_in(office, lead)
    acting = replace(office.register, actor="s-sub", acts_for="l-lead")
    memberships.invite_person(acting, member(office), reason="summer")
    entry = [e for e in audit.read_entries(office.register) if e.kind == "person-invited"][-1]
    assert (entry.act.actor, entry.data["acting_for"], entry.act.reason) == (
        "s-sub", "l-lead", "for l-lead; summer",
    )  # fmt: skip


def test_a_substitution_ends_with_the_role_or_before_its_time(office, lead, admin):
    key = stand_in(office, lead)
    substitutes.end_substitute(lead, key)
    assert roles_of(office, "s-sub") == [("observer", "hill-office")]
    with office.refuses(NotFound):
        substitutes.end_substitute(lead, key)
    stand_in(office, lead)
    office.invite("k-lead", "institution-lead", institution="hill-office")
    people.disable(admin, "l-lead")
    assert roles_of(office, "s-sub") == [("observer", "hill-office")]


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_substitution_has_an_end_within_a_year(office, lead, days):
    office.invite("s-sub", "observer", institution="hill-office")
    with office.refuses(InvalidInput, match="until"):
        stand_in(office, lead, until_days=days)
