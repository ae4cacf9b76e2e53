"""Who belongs where: invitations and roles with dates, each given by whoever may.

The CERT's administrator gives every role; a lead gives those of their own institution that stand
below the CERT's. Whoever works on the machine itself and is nobody in the register (the command
line) is not limited here.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.people import Membership, Person, Role
from cyberposture.services.people import signing_in
from cyberposture.services.people.roles import administrators
from cyberposture.services.people.second_factors import new_token
from cyberposture.services.register import Change, Register
from cyberposture.store import outbox, people
from cyberposture.store.institutions import get_institution_id
from cyberposture.store.openings import opening
from cyberposture.store.people import MembershipRecord, PersonRecord

OF_AN_INSTITUTION: Final[frozenset[Role]] = frozenset(
    {"institution-lead", "signatory", "contributor", "helper", "observer", "auditor"}
)
OF_A_SECTOR: Final[frozenset[Role]] = frozenset({"sector-regulator"})
A_LEAD_GIVES: Final[frozenset[Role]] = OF_AN_INSTITUTION - {"auditor"}
"""Whom an institution is audited by is not for the institution to say."""
NEEDS_AN_END: Final[frozenset[Role]] = frozenset({"auditor", "helper"})
"""Roles that are given for a task, and end with it."""
_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Given:
    """A role as somebody gives it; without `valid_from` it begins at once."""

    role: Role
    institution: str | None = None
    sector: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True)
class Invitation:
    """Somebody who is to come in."""

    code: str
    name: str
    given: Given
    mail: str | None = None
    language: Literal["en", "ur"] | None = None


Letter = Callable[[str], tuple[str, str]]
"""Writes the mail that carries a link, from the secret part of it: subject and body."""


def suggest_code(register: Register, name: str) -> str:
    """Return a free code for somebody of this name, such as `a-khan` for A. Khan."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = _WORDS.findall(plain)
    if not words:
        return f"person-{secrets.token_hex(3)}"
    first = f"{words[0][0]}-{words[-1]}" if len(words) > 1 else words[0]
    stem = first[:40].strip("-")
    with register.reading() as connection:
        number, code = 1, stem
        while people.find_person(connection, code) is not None:
            number += 1
            code = f"{stem}-{number}"
    return code


def invite_person(
    register: Register, invitation: Invitation, *, letter: Letter | None = None, reason: str = ""
) -> str:
    """Register a person with a role and return the secret part of the link that brings them in.

    They have no signing key until they make one. Where a mail address and a letter are there, the
    letter with the link is queued.

    Raises:
        InvalidInput: code, name, mail, role or dates are not as they should be.
        NotAuthorised: whoever acts may not give this role there.
        NotFound: the institution is not in the register.
        WrongState: the code is taken.
    """
    token = new_token()
    with register.change("person-invited", invitation.code, reason=reason) as change:
        membership = _checked(register, change, invitation.code, invitation.given)
        given = {"code": invitation.code, "name": invitation.name, "invited_at": change.now,
                 "mail": invitation.mail, "language": invitation.language}  # fmt: skip
        person = build_row(Person, "arguments", given)
        record = people.insert_person(change.connection, person, change.by)
        held = people.insert_membership(change.connection, membership, change.by)
        change.institution_id = held.institution_id
        change.tell(name=person.name, **_told(membership))
        signing_in.keep_link(change, record, token)
        if letter is not None and person.mail is not None:
            _queue(change, record, letter, token)
    return token


def send_new_link(
    register: Register, code: str, *, institution: str | None = None,
    letter: Letter | None = None, reason: str = "",
) -> str:  # fmt: skip
    """Make a link in place of all earlier ones, queue its letter, and return its secret part.

    Raises:
        NotFound: there is no such person (at that institution).
        NotAuthorised: they act no more, or are nobody that whoever acts may give a role.
    """
    token = new_token()
    with register.change("sign-in-link-made", code, reason=reason) as change:
        record = _person_within(change, code, institution)
        signing_in.keep_link(change, record, token)
        if letter is not None and record.person.mail is not None:
            _queue(change, record, letter, token)
    return token


def _queue(change: Change, record: PersonRecord, letter: Letter, token: str) -> None:
    subject, body = letter(token)
    person = record.person
    assert person.mail is not None  # asked before
    outbox.queue_message(
        change.connection, change.by, code=f"link-{person.code}-{to_iso(change.now)}",
        channel="mail", recipient=person.mail, subject=subject, body=body,
        language=person.language or "en", person_id=record.id,
    )  # fmt: skip
    change.tell(mail=person.mail)


def grant(register: Register, code: str, given: Given, *, reason: str = "") -> UUID:
    """Give a person one more role and return the key of the membership.

    Raises:
        InvalidInput: the role needs an institution, a sector or an end, or the dates are wrong.
        NotAuthorised: whoever acts may not give this role there, or the person acts no more.
        NotFound: person or institution are not in the register.
        WrongState: they hold that role already.
    """
    with register.change("role-given", code, reason=reason) as change:
        connection = change.connection
        signing_in.require_active(people.get_person(connection, code))
        membership = _checked(register, change, code, given)
        for one in people.list_memberships(connection, as_of=membership.valid_from, person=code):
            same = one.membership
            if (same.role, same.institution, same.sector) == (
                given.role, given.institution, given.sector,
            ):  # fmt: skip
                raise WrongState(f"{code} holds this role already")
        record = people.insert_membership(connection, membership, change.by)
        change.institution_id = record.institution_id
        change.tell(**_told(membership))
    return record.id


def _checked(register: Register, change: Change, code: str, given: Given) -> Membership:
    """Return the membership that is given, once place, dates and right were looked at."""
    faults = _faults_of(register, given, change.now)
    if faults:
        raise InvalidInput(faults)
    require_giver(change, given.role, given.institution)
    return build_row(Membership, "arguments", {
        "person": code, "role": given.role, "institution": given.institution,
        "sector": given.sector, "valid_from": given.valid_from or change.now,
        "valid_until": given.valid_until,
    })  # fmt: skip


def _faults_of(register: Register, given: Given, now: datetime) -> list[Fault]:
    faults = []
    sectors = {one.id for one in register.content.catalogue.framework.sectors}
    is_local, is_of_sector = given.role in OF_AN_INSTITUTION, given.role in OF_A_SECTOR
    if is_local is not (given.institution is not None):
        said = "is needed for this role" if is_local else "has no place in this role"
        faults.append(Fault("institution", f"an institution {said}"))
    if is_of_sector is not (given.sector is not None):
        said = "is needed for this role" if is_of_sector else "has no place in this role"
        faults.append(Fault("sector", f"a sector {said}"))
    elif given.sector is not None and given.sector not in sectors:
        faults.append(Fault("sector", f"unknown sector; known: {', '.join(sorted(sectors))}"))
    begins = given.valid_from or now
    if given.valid_until is None and given.role in NEEDS_AN_END:
        faults.append(Fault("until", "this role is given for a time: say until when"))
    elif given.valid_until is not None and given.valid_until <= max(begins, now):
        faults.append(Fault("until", "the end is after the beginning, and not past"))
    return faults


def _roles_of_actor(change: Change) -> list[Membership] | None:
    """Return the roles with which whoever acts acts; None where they work on the machine."""
    if people.find_person(change.connection, change.by.actor) is None:
        return None
    held = people.list_held(change.connection, change.by.actor, as_of=change.now)
    return [one.membership for one in held]


def require_giver(change: Change, role: Role, institution: str | None) -> None:
    """Return if whoever acts may give and take this role there.

    Raises:
        NotAuthorised: `not-yours-to-give`.
    """
    held = _roles_of_actor(change)
    if held is None or any(one.role == "cert-administrator" for one in held):
        return
    leads = {one.institution for one in held if one.role == "institution-lead"}
    if institution is not None and institution in leads and role in A_LEAD_GIVES:
        return
    raise NotAuthorised("not-yours-to-give", "this role is given by the CERT")


def _person_within(change: Change, code: str, institution: str | None) -> PersonRecord:
    """Return a person; with an institution, one whose every role is of it and below the CERT's.

    Raises:
        NotFound: there is none.
    """
    record = people.get_person(change.connection, code)
    if institution is None:
        return record
    # Behind the fence a role held elsewhere is not there, and must not look as if it were not held.
    with opening(change.connection, "people-elsewhere"):
        held = people.list_memberships(change.connection, as_of=change.now, person=code)
    own = [one.membership for one in held if one.membership.institution == institution]
    if not own or len(own) != len(held) or any(one.role not in A_LEAD_GIVES for one in own):
        # A new link takes over everything that the person may do, so all of it has to be here.
        raise NotFound("person", code)
    change.institution_id = get_institution_id(change.connection, institution)
    return record


def _told(membership: Membership) -> dict[str, object]:
    told = membership.model_dump(mode="json", exclude={"person", "acting_for"})
    return {name: value for name, value in told.items() if value is not None}


def end(
    register: Register, membership_id: UUID, *, institution: str | None = None,
    at: datetime | None = None, reason: str = "",
) -> Membership:  # fmt: skip
    """Let a role end, now or at a moment to come, and return it; with it end its substitutes.

    Raises:
        NotFound: there is no such role (at that institution).
        NotAuthorised: whoever acts may not take this role away.
        WrongState: it is over already, or is the last administrator's.
        InvalidInput: the moment is past.
    """
    with register.change("role-ended", reason=reason) as change:
        record = membership_within(change, membership_id, institution)
        held = record.membership
        change.subject, change.institution_id = held.person, record.institution_id
        require_giver(change, held.role, held.institution)
        until = at or change.now
        if until < change.now:
            raise InvalidInput(Fault("until", "a role cannot end in the past"))
        if held.valid_until is not None and held.valid_until <= change.now:
            raise WrongState("this role is over already")
        _require_another_administrator(change, record)
        people.end_membership(change.connection, membership_id, change.by, valid_until=until)
        change.tell(role=held.role, valid_until=to_iso(until))
    return held.model_copy(update={"valid_until": until})


def membership_within(
    change: Change, membership_id: UUID, institution: str | None
) -> MembershipRecord:
    """Return a role under its key; with an institution, one of that institution.

    Raises:
        NotFound: there is none.
    """
    record = people.get_membership(change.connection, membership_id)
    if institution is not None and record.membership.institution != institution:
        raise NotFound("membership", str(membership_id))
    return record


def _require_another_administrator(change: Change, ending: MembershipRecord) -> None:
    if ending.membership.role != "cert-administrator":
        return
    others = administrators(change.connection, change.now) - {ending.membership.person}
    if not others:
        raise WrongState("this is the last administrator of the CERT: name another one first")
