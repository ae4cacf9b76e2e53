"""The stop switch: anybody stops, at once; two people agree before anything is sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongUsage
from cyberposture.model.addresses import read_address, read_cidr
from cyberposture.model.people import Role
from cyberposture.scanning.permission.signing import require_signature, resumption_text, sign
from cyberposture.services.register import Register
from cyberposture.store import chunks, institutions, people, scans
from cyberposture.store import stops as store
from cyberposture.store.audit import find_head
from cyberposture.store.chunks import Contact
from cyberposture.store.heads import SignedHead
from cyberposture.store.people import MembershipRecord
from cyberposture.store.stops import Resumption, StopRecord

ANALYSTS: frozenset[Role] = frozenset({"cert-analyst", "cert-administrator"})


def stop(
    register: Register,
    *,
    everything: bool = False,
    institution: str | None = None,
    cidr: str | None = None,
    scan: str | None = None,
    reason: str = "",
    complaint: str = "",
) -> StopRecord:
    """Stop all, one institution, an address range or one scan; it holds from the commit on.

    Raises:
        WrongUsage: not exactly one of the four is given.
        InvalidInput: the range is no CIDR.
        NotFound: the institution or scan is not in the register.
    """
    given = [everything, institution is not None, cidr is not None, scan is not None]
    if sum(given) != 1:
        raise WrongUsage("say what is stopped: one of --all, --institution, --address, --scan")
    with register.change("stopped", reason=reason) as change:
        institution_id = scan_id = None
        scope: store.StopScope = "all"
        if institution is not None:
            scope, change.subject = "institution", institution
            institution_id = institutions.get_institution_id(change.connection, institution)
        elif cidr is not None:
            scope, change.subject = "cidr", cidr
            cidr = _as_network(cidr)
        elif scan is not None:
            scope, change.subject = "scan", scan
            record = scans.get_scan(change.connection, scan)
            scan_id, institution_id = record.id, record.institution_id
        change.institution_id = institution_id
        made = store.insert_stop(
            change.connection,
            change.by,
            scope=scope,
            institution_id=institution_id,
            cidr=cidr,
            scan_id=scan_id,
            complaint=complaint,
        )
        change.tell(stop=made.code, scope=scope, complaint=complaint)
    return made


def _as_network(text: str) -> str:
    try:
        cidr = text if "/" in text else f"{text}/{_bits(text)}"
        read_cidr(cidr)
    except ValueError as error:
        raise InvalidInput(Fault("--address", f"{text[:60]!r}: {error}")) from error
    return cidr


def _bits(text: str) -> int:
    return read_address(text).max_prefixlen


def agree_to_resume(
    register: Register, code: str, person: str, role: Role, private_key: str
) -> bool:
    """Record a person's signed word that may be sent again; return whether that ended the stop.

    One of the two must be an analyst, the other may be of the institution that is stopped; a stop
    of everything needs two analysts.

    Raises:
        NotFound: there is no such stop or person.
        NotAuthorised: the person does not hold the role, has no say in this, or acts no more; or
            the key is not the person's, or that of somebody who agreed already.
    """
    with register.change("resume-agreed", code) as change:
        record = store.get_stop(change.connection, code)
        change.institution_id = record.institution_id
        signer = people.get_person(change.connection, person).person
        if signer.disabled_at is not None:
            raise NotAuthorised("disabled-person", f"{person} acts no more")
        held = people.list_memberships(change.connection, as_of=change.now, person=person)
        if not any(_may_agree(one, role, record) for one in held):
            raise NotAuthorised("wrong-role", f"{person} is no {role} with a say in this")
        scope = _stopped(change.connection, record, change.now)
        said = resumption_text(code, scope, person, role, change.now)
        signature = sign(private_key, said)
        require_signature(signer.public_key, signature, said)
        by = type(change.by)(person, change.by.reason, change.now)
        agreed = store.record_resumption(change.connection, code, by, role=role)
        _require_two_keys(change.connection, agreed)
        analysts = sum(one.role in ANALYSTS for one in agreed)
        enough = len(agreed) >= 2 and analysts >= (2 if record.scope == "all" else 1)
        if enough:
            store.lift_stop(change.connection, code, at=change.now)
        change.tell(person=person, role=role, scope=scope, signature=signature, lifted=enough)
    return enough


def _stopped(connection: Connection, record: StopRecord, now: datetime) -> str:
    """Return what was stopped, as it is signed: the kind of scope and, but for `all`, its name."""
    if record.scope == "institution" and record.institution_id is not None:
        found = institutions.get_institution_by_id(connection, record.institution_id, as_of=now)
        return f"institution {found.institution.code}"
    if record.scope == "scan" and record.scan_id is not None:
        return f"scan {scans.get_scan_by_id(connection, record.scan_id).code}"
    return "all" if record.cidr is None else f"cidr {record.cidr}"


def _require_two_keys(connection: Connection, agreed: Sequence[Resumption]) -> None:
    """Return if no two of them share a key: two codes with one key are one person."""
    keys = {people.get_person(connection, one.act.actor).person.public_key for one in agreed}
    if len(keys) < len(agreed):
        raise NotAuthorised("same-person", "another person agreed with this key already")


def _may_agree(held: MembershipRecord, role: Role, stopped: StopRecord) -> bool:
    """Return whether somebody in this role may: an analyst, or one of the stopped institution."""
    if held.membership.role != role:
        return False
    of_its_own = held.institution_id is not None and held.institution_id == stopped.institution_id
    return role in ANALYSTS or of_its_own


def list_stops(register: Register, *, active_only: bool = False) -> list[StopRecord]:
    """Return the stops, oldest first."""
    with register.reading() as connection:
        if active_only:
            return store.list_active_stops(connection)
        return store.list_stops(connection)


@dataclass(frozen=True)
class Who:
    """The answer to "is it us?": contacts with an address, and the head of the chain as proof."""

    address: str
    at: datetime
    running: tuple[Contact, ...]
    last: Contact | None
    institution: str | None
    contacts: tuple[str, ...]
    head: SignedHead | None


def who(register: Register, address: str, at: datetime | None = None) -> Who:
    """Return whether we contact an address now, and who of us did last before `at`.

    Raises:
        InvalidInput: the text is no address in canonical spelling.
    """
    try:
        read_address(address)
    except ValueError as error:
        raise InvalidInput(Fault("address", f"{address[:60]!r}: {error}")) from error
    moment = at or register.clock()
    with register.reading() as connection:
        found = chunks.list_contacts(connection, address, until=moment)
        running = tuple(c for c in found if c.ended_at is None or c.ended_at > moment)
        last = found[0] if found else None
        name: str | None = None
        people_to_call: tuple[str, ...] = ()
        if last is not None:
            try:
                record = institutions.get_institution_by_id(
                    connection, last.institution_id, as_of=moment
                ).institution
                name, people_to_call = record.code, record.contacts
            except NotFound:
                name = str(last.institution_id)
            head = find_head(connection, last.institution_id)
        else:
            head = find_head(connection, None)
        return Who(address, moment, running, last, name, people_to_call, head)
