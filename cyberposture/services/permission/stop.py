"""The stop switch: anybody stops, at once; two people agree before anything is sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.addresses import read_address, read_cidr
from cyberposture.model.foundation import Model, Sentence
from cyberposture.model.people import Role
from cyberposture.scanning.permission.signing import require_signature, resumption_text, sign
from cyberposture.services.people.roles import require_role
from cyberposture.services.permission import stop_codes
from cyberposture.services.register import Change, Register
from cyberposture.store import institutions, people, scans, workers
from cyberposture.store import stops as store
from cyberposture.store.audit import find_head
from cyberposture.store.authorisations import find_authorisation
from cyberposture.store.contacts import Contact, list_contacts
from cyberposture.store.heads import SignedHead
from cyberposture.store.people import MembershipRecord
from cyberposture.store.stops import Acknowledgement, Resumption, StopRecord

ANALYSTS: frozenset[Role] = frozenset({"cert-analyst", "cert-administrator"})


class _Answer(Model):
    """What was said to whoever asked for a stop."""

    text: Sentence


def stop(
    register: Register,
    *,
    everything: bool = False,
    institution: str | None = None,
    cidr: str | None = None,
    scan: str | None = None,
    code: str | None = None,
    drain: bool = False,
    reason: str = "",
    complaint: str = "",
) -> StopRecord:
    """Stop all, one institution, an address range or one scan; it holds from the commit on.

    `code` is the one on a notice: it stops the institution that it was given to, and needs no name.
    What is being sent is ended within five seconds; with `drain` it comes to its end, and nothing
    new begins.

    Raises:
        WrongUsage: not exactly one of the five is given.
        InvalidInput: the range is no CIDR.
        NotFound: the institution or scan is not in the register, or the code is nobody's.
    """
    given = [one is not None for one in (institution, cidr, scan, code)]
    if sum([everything, *given]) != 1:
        raise WrongUsage(
            "say what is stopped: one of --all, --institution, --address, --scan, --code"
        )
    with register.change("stopped", reason=reason) as change:
        scope = _scope(change, institution, cidr, scan, code)
        change.subject, change.institution_id = scope.subject, scope.institution_id
        made = store.insert_stop(
            change.connection,
            change.by,
            scope=scope.kind,
            institution_id=scope.institution_id,
            cidr=scope.cidr,
            scan_id=scope.scan_id,
            speed="drain" if drain else "now",
            complaint=complaint,
        )
        told = {"scope": scope.kind, "speed": made.speed, "complaint": complaint}
        change.tell(stop=made.code, by_code=code is not None, **told)
    return made


class _Scope(NamedTuple):
    """What a stop is of, and the name by which it stands in the log."""

    kind: store.StopScope
    subject: str = ""
    institution_id: UUID | None = None
    cidr: str | None = None
    scan_id: UUID | None = None


def _scope(
    change: Change, institution: str | None, cidr: str | None, scan: str | None, code: str | None
) -> _Scope:
    connection = change.connection
    if institution is not None:
        owner_id = institutions.get_institution_id(connection, institution)
        return _Scope("institution", institution, owner_id)
    if code is not None:
        owner_id = stop_codes.find_owner(connection, code)
        owner = institutions.get_institution_by_id(connection, owner_id, as_of=change.now)
        return _Scope("institution", owner.institution.code, owner_id)
    if cidr is not None:
        return _Scope("cidr", cidr, cidr=_as_network(cidr))
    if scan is not None:
        record = scans.get_scan(connection, scan)
        return _Scope("scan", scan, record.institution_id, scan_id=record.id)
    return _Scope("all")


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

    When it ends, the institution's stop code is renewed, for the old one was read out to many.
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
            owner = record.institution_id
            if owner is not None and store.find_stop_code(change.connection, owner) is not None:
                stop_codes.renew(register, change, owner)
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


def answer(register: Register, code: str, person: str, text: str) -> None:
    """Record what was answered to whoever asked for a stop.

    Raises:
        InvalidInput: there is no answer.
        NotFound: there is no such stop or person.
        NotAuthorised: the person is not of the CERT.
    """
    build_row(_Answer, "--text", {"text": text})
    with register.change("stop-answered", code, reason=text) as change:
        require_role(change.connection, person, ANALYSTS, change.now)
        change.institution_id = store.get_stop(change.connection, code).institution_id
        store.record_answer(change.connection, code, change.by)
        change.tell(person=person, answer=text)


def acknowledge(register: Register, stopped: StopRecord, worker: str) -> None:
    """Record that a worker sends nothing any more that a stop concerns; the first time counts."""
    with register.change("stop-acknowledged", stopped.code) as change:
        change.institution_id = stopped.institution_id
        store.record_acknowledgement(change.connection, stopped, worker, at=change.now)
        change.tell(worker=worker)


def list_awaited(register: Register, stopped: StopRecord) -> list[str]:
    """Return the workers that are there and did not acknowledge a stop yet."""
    with register.reading() as connection:
        given = {one.worker for one in store.list_acknowledgements(connection, stopped.id)}
        there = workers.list_workers(connection, at=register.clock())
        return [one.name for one in there if one.name not in given]


def list_stops(register: Register, *, active_only: bool = False) -> list[StopRecord]:
    """Return the stops, oldest first."""
    with register.reading() as connection:
        if active_only:
            return store.list_active_stops(connection)
        return store.list_stops(connection)


@dataclass(frozen=True)
class StopView:
    """A stop with all that followed: which workers fell silent, and who agreed to go on."""

    record: StopRecord
    subject: str
    """What was stopped, as a person who agrees signs it."""
    acknowledged: tuple[Acknowledgement, ...]
    agreed: tuple[Resumption, ...]


def list_views(register: Register, *, active_only: bool = False) -> list[StopView]:
    """Return the stops with what followed, oldest first."""
    now = register.clock()
    with register.reading() as connection:
        found = store.list_active_stops(connection) if active_only else store.list_stops(connection)
        return [
            StopView(
                one,
                _stopped(connection, one, now),
                tuple(store.list_acknowledgements(connection, one.id)),
                tuple(store.list_resumptions(connection, one.id)),
            )
            for one in found
        ]


@dataclass(frozen=True)
class Who:
    """The answer to "is it us?": contacts with an address, and the head of the chain as proof."""

    address: str
    at: datetime
    running: tuple[Contact, ...]
    last: Contact | None
    institution: str | None
    signatory: str | None
    """Who signed the letter that allows the last contact, and in which role."""
    contacts: tuple[str, ...]
    """Whom to call: as the letter says, else as the institution does."""
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
        # A chunk that the gate refused was taken, and nothing of it was sent.
        tried = list_contacts(connection, address, until=moment, limit=200)
        found = [c for c in tried if c.gate is not None or c.ended_at is None]
        running = tuple(c for c in found if c.ended_at is None or c.ended_at > moment)
        last = found[0] if found else None
        name = signatory = None
        people_to_call: tuple[str, ...] = ()
        if last is not None:
            try:
                record = institutions.get_institution_by_id(
                    connection, last.institution_id, as_of=moment
                ).institution
                name, people_to_call = record.code, record.contacts
            except NotFound:
                name = str(last.institution_id)
            letter = find_authorisation(connection, (last.gate or {}).get("authorisation", ""))
            if letter is not None:
                signatory = f"{letter.terms['signatory']}, {letter.terms['signatory_role']}"
                people_to_call = tuple(letter.terms["emergency_contacts"])
            head = find_head(connection, last.institution_id)
        else:
            head = find_head(connection, None)
        return Who(address, moment, running, last, name, signatory, people_to_call, head)
