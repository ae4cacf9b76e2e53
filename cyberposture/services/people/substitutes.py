"""Who stands in for whom, and everybody who belongs to an institution with all of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.services.people.memberships import membership_within, require_giver
from cyberposture.services.people.signing_in import require_active
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, people, substitutions
from cyberposture.store.institutions import get_owner_id
from cyberposture.store.people import MembershipRecord, PersonRecord
from cyberposture.store.substitutions import SubstitutionRecord

LONGEST_SUBSTITUTION = timedelta(days=366)


def name_substitute(
    register: Register, membership_id: UUID, substitute: str, valid_until: datetime, *,
    valid_from: datetime | None = None, institution: str | None = None, reason: str = "",
) -> UUID:  # fmt: skip
    """Let somebody act with the role of another between two moments; return the key of it.

    Raises:
        InvalidInput: the end is not after the beginning, or too far; or it is the same person.
        NotFound: role or person are not there (at that institution).
        NotAuthorised: whoever acts may not give this role, or the substitute acts no more.
    """
    with register.change("substitute-named", reason=reason) as change:
        record = membership_within(change, membership_id, institution)
        held = record.membership
        change.subject, change.institution_id = held.person, record.institution_id
        if change.by.actor != held.person:
            require_giver(change, held.role, held.institution)
        other = _stand_in(change, substitute, institution)
        begins = max(valid_from or change.now, change.now)
        faults = []
        if substitute == held.person:
            faults.append(Fault("substitute", "nobody stands in for themselves"))
        if not begins < valid_until <= begins + LONGEST_SUBSTITUTION:
            faults.append(Fault("until", "after the beginning, and within a year of it"))
        if faults:
            raise InvalidInput(faults)
        key = substitutions.insert_substitution(
            change.connection, record, other.id, change.by, valid_from=begins,
            valid_until=valid_until,
        )  # fmt: skip
        change.tell(role=held.role, substitute=substitute, valid_from=to_iso(begins),
                    valid_until=to_iso(valid_until))  # fmt: skip
    return key


def _stand_in(change: Change, code: str, institution: str | None) -> PersonRecord:
    """Return who stands in; an institution names its own people, and learns of no others."""
    here = people.list_memberships(change.connection, as_of=change.now, person=code)
    if institution is not None and institution not in {one.membership.institution for one in here}:
        raise InvalidInput(Fault("substitute", "somebody who belongs to your institution"))
    record = people.get_person(change.connection, code)
    require_active(record)
    return record


def end_substitute(
    register: Register, substitution_id: UUID, *, institution: str | None = None, reason: str = ""
) -> None:
    """Let somebody stand in for another no longer.

    Raises:
        NotFound: there is no such substitute (at that institution), or it is over.
        NotAuthorised: whoever acts may not take this role away.
    """
    with register.change("substitute-ended", reason=reason) as change:
        found = [
            one for one in substitutions.list_substitutions(change.connection)
            if one.id == substitution_id
        ]  # fmt: skip
        if not found:
            raise NotFound("substitute", str(substitution_id))
        record = people.get_membership(change.connection, found[0].membership_id)
        if institution is not None and record.membership.institution != institution:
            raise NotFound("substitute", str(substitution_id))
        change.subject, change.institution_id = found[0].person, record.institution_id
        if change.by.actor not in (found[0].person, found[0].substitute):
            require_giver(change, record.membership.role, record.membership.institution)
        substitutions.end_substitution(change.connection, substitution_id, change.by)
        change.tell(substitute=found[0].substitute)


@dataclass(frozen=True)
class Belonging:
    """A person with the roles that they hold, will hold or held, and who stands in for them."""

    record: PersonRecord
    roles: tuple[MembershipRecord, ...]
    substitutes: tuple[SubstitutionRecord, ...]
    has_come_in: bool


def _gather(
    register: Register, connection: Connection, records: list[PersonRecord], owner: UUID | None
) -> list[Belonging]:
    ids = [one.id for one in records]
    held: dict[UUID, list[MembershipRecord]] = {}
    for one in people.list_memberships(connection, institution_id=owner, person_ids=ids):
        held.setdefault(one.person_id, []).append(one)
    now, stand_ins = register.clock(), dict[UUID, list[SubstitutionRecord]]()
    for sub in substitutions.list_substitutions(connection, institution_id=owner):
        if sub.ended_at is None and sub.valid_until > now:
            stand_ins.setdefault(sub.membership_id, []).append(sub)
    inside = accounts.who_came_in(connection, ids)
    return [
        Belonging(
            record,
            tuple(held.get(record.id, ())),
            tuple(s for m in held.get(record.id, ()) for s in stand_ins.get(m.id, ())),
            record.id in inside,
        )
        for record in records
    ]


def list_belonging(register: Register, institution: str | None = None) -> list[Belonging]:
    """Return the people (of an institution, or all) by name, with every role they had there.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        owner = get_owner_id(connection, institution)
        ids = None
        if owner is not None:
            held = people.list_memberships(connection, institution_id=owner)
            ids = {one.person_id for one in held}
        records = people.list_people(connection, ids=ids)
        records.sort(key=lambda one: (one.person.name.casefold(), one.person.code))
        return _gather(register, connection, records, owner)


def search_belonging(
    register: Register, words: str, *, limit: int, offset: int = 0
) -> tuple[list[Belonging], int]:
    """Return a page of all people whose name or code holds these words, and how many there are."""
    with register.reading() as connection:
        records, total = people.search_people(connection, words, limit=limit, offset=offset)
        return _gather(register, connection, records, None), total


def get_belonging(register: Register, code: str, institution: str | None = None) -> Belonging:
    """Return one person with the roles that they have or had (at an institution).

    Raises:
        NotFound: there is no such person (who ever belonged to that institution).
    """
    with register.reading() as connection:
        owner = get_owner_id(connection, institution)
        record = people.get_person(connection, code)
        (found,) = _gather(register, connection, [record], owner)
    if owner is not None and not found.roles:
        raise NotFound("person", code)
    return found
