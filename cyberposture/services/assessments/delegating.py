"""Who answers what: parts of an assessment in colleagues' hands, and helpers from outside.

A part is a domain or one control of it; the control's own delegation goes before its domain's.
Where anything is delegated, a contributor answers only what is in their hands. A helper helps in
the one assessment that the lead invited them to.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, WrongState
from cyberposture.model.people import Role
from cyberposture.services.assessments.asked import open_asked
from cyberposture.services.register import Register
from cyberposture.store import delegations, institutions, people
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.delegations import Delegation, Helper

ANSWERS: frozenset[Role] = frozenset({"institution-lead", "helper", "contributor"})
"""To them a part can be given."""


@dataclass(frozen=True)
class Colleague:
    """Somebody to whom a part can be given."""

    person: str
    name: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Division:
    """How an assessment is divided among people now."""

    delegations: tuple[Delegation, ...] = ()

    def holders(self, control: str) -> tuple[Delegation, ...]:
        """Return in whose hands a control is: its own delegations, else those of its domain."""
        own = tuple(one for one in self.delegations if one.part == control)
        return own or tuple(one for one in self.delegations if one.part == control[:3])

    def has(self, person: str, control: str) -> bool:
        """Return whether a control is in this person's hands."""
        return any(one.person == person for one in self.holders(control))

    def parts_of(self, person: str) -> tuple[str, ...]:
        """Return the parts in this person's hands."""
        return tuple(one.part for one in self.delegations if one.person == person)


def may_answer_part(division: Division, person: str, roles: Collection[Role], control: str) -> bool:
    """Return whether this person answers this control: contributors only what is theirs."""
    if not division.delegations or set(roles) != {"contributor"}:
        return True
    return division.has(person, control)


def roles_at(
    connection: Connection, person: str, institution_id: UUID, now: datetime
) -> frozenset[Role]:
    """Return the roles that a person holds for an institution now; none for who is no person."""
    held = people.list_memberships(
        connection, as_of=now, person=person, institution_id=institution_id
    )
    return frozenset(one.membership.role for one in held)


def require_own_parts(
    connection: Connection,
    assessment: AssessmentRecord,
    person: str,
    controls: Collection[str],
    now: datetime,
) -> None:
    """Return if these controls are for this person to answer.

    Raises:
        NotAuthorised: one of them is in somebody else's hands, or they help in another round.
    """
    roles = roles_at(connection, person, assessment.institution_id, now)
    if "helper" in roles and not roles & {"institution-lead", "contributor"}:
        helping = delegations.list_helpers(connection, assessment_id=assessment.id, person=person)
        if not helping:
            raise NotAuthorised("not-your-round", f"{person} helps in another round")
    division = Division(tuple(delegations.list_delegations(connection, assessment.id)))
    for control in controls:
        if not may_answer_part(division, person, roles & ANSWERS, control):
            names = ", ".join(one.name for one in division.holders(control))
            raise NotAuthorised(
                "not-your-part",
                f"{control} is not among what you were asked to answer",
                advice=f"ask {names}" if names else "ask the lead of your institution",
            )


def read_division(register: Register, institution: str, round_code: str) -> Division:
    """Return how an assessment is divided now.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        return Division(tuple(delegations.list_delegations(connection, asked.assessment.id)))


def list_history(register: Register, institution: str, round_code: str) -> list[Delegation]:
    """Return every delegation of an assessment, those that were taken back as well.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        return delegations.list_delegations(connection, asked.assessment.id, running_only=False)


def list_colleagues(register: Register, institution: str) -> list[Colleague]:
    """Return the people of an institution to whom a part can be given, by name.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        return sorted(
            _colleagues(connection, institution_id, register.clock()), key=lambda one: one.name
        )


def _colleagues(connection: Connection, institution_id: UUID, now: datetime) -> list[Colleague]:
    held = people.list_memberships(connection, as_of=now, institution_id=institution_id)
    roles: dict[str, list[Role]] = {}
    for one in held:
        if one.membership.role in ANSWERS:
            roles.setdefault(one.membership.person, []).append(one.membership.role)
    return [
        Colleague(one.person.code, one.person.name, tuple(roles[one.person.code]))
        for one in people.list_people(connection)
        if one.person.code in roles and one.person.disabled_at is None
    ]


def delegate(
    register: Register, institution: str, round_code: str, person: str, parts: Sequence[str]
) -> None:
    """Put parts of an assessment into somebody's hands: all of them, or none.

    Raises:
        NotFound: institution, round or assessment is not there.
        InvalidInput: a part is not asked, or the person does not answer for this institution.
    """
    with register.change("delegated", f"{institution}/{person}") as change:
        connection = change.connection
        asked = open_asked(register, connection, institution, round_code)
        change.institution_id = asked.institution_id
        colleagues = {
            one.person for one in _colleagues(connection, asked.institution_id, change.now)
        }
        known = {one.id for one in asked.controls} | {one.domain for one in asked.controls}
        faults = [
            Fault("parts", f"{part} is not asked here") for part in parts if part not in known
        ]
        if person not in colleagues:
            faults.append(Fault("person", "choose somebody who answers for your institution"))
        if not parts:
            faults.append(Fault("parts", "choose at least one domain or control"))
        if faults:
            raise InvalidInput(faults)
        running = Division(tuple(delegations.list_delegations(connection, asked.assessment.id)))
        person_id = people.get_person(connection, person).id
        new = [part for part in dict.fromkeys(parts) if part not in running.parts_of(person)]
        for part in new:
            delegations.insert_delegation(
                connection,
                asked.institution_id,
                asked.assessment.id,
                change.by,
                person_id=person_id,
                part=part,
            )
        change.tell(round=round_code, person=person, parts=new)


def take_back(
    register: Register, institution: str, round_code: str, person: str, part: str
) -> None:
    """Take a part out of somebody's hands; what they answered stays.

    Raises:
        NotFound: institution, round or assessment is not there, or the part is not theirs.
    """
    with register.change("delegation-taken-back", f"{institution}/{person}") as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        delegations.end_delegation(change.connection, asked.assessment.id, person, part, change.by)
        change.tell(round=round_code, person=person, part=part)


def engage_helper(register: Register, institution: str, round_code: str, person: str) -> None:
    """Let somebody who holds the role of a helper help in this one assessment.

    Raises:
        NotFound: institution, round, assessment or person is not there.
        InvalidInput: they are no helper of this institution.
        WrongState: they help in this assessment already.
    """
    with register.change("helper-engaged", f"{institution}/{person}") as change:
        connection = change.connection
        asked = open_asked(register, connection, institution, round_code)
        change.institution_id = asked.institution_id
        person_id = people.get_person(connection, person).id
        if "helper" not in roles_at(connection, person, asked.institution_id, change.now):
            raise InvalidInput(Fault("person", f"{person} is no helper of {institution}"))
        if delegations.list_helpers(connection, assessment_id=asked.assessment.id, person=person):
            raise WrongState(f"{person} helps in {round_code} already")
        delegations.insert_helper(
            connection, asked.institution_id, asked.assessment.id, change.by, person_id=person_id
        )
        change.tell(round=round_code, person=person)


def let_helper_go(register: Register, institution: str, round_code: str, person: str) -> None:
    """End somebody's help in an assessment; what they answered stays.

    Raises:
        NotFound: institution, round or assessment is not there, or they do not help there.
    """
    with register.change("helper-let-go", f"{institution}/{person}") as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        delegations.end_help(change.connection, asked.assessment.id, person, change.by)
        change.tell(round=round_code, person=person)


def list_helpers(register: Register, institution: str, round_code: str) -> list[Helper]:
    """Return who helps in an assessment, and who did.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        return delegations.list_helpers(
            connection, assessment_id=asked.assessment.id, running_only=False
        )


def rounds_of_helper(register: Register, institution: str, person: str) -> frozenset[str]:
    """Return the rounds in which somebody helps an institution now."""
    with register.reading() as connection:
        institution_id = institutions.find_institution_id(connection, institution)
        if institution_id is None:
            return frozenset()
        found = delegations.list_helpers(connection, institution_id=institution_id, person=person)
        return frozenset(one.round for one in found)
