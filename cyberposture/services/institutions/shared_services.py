"""Services that one institution runs for others: answered once, used by many, weaker with either.

A provider names the service and answers controls for it, with what remains for each user and until
when the answer holds. Who uses it is kept with dates. How it enters a score: `scoring/sharing.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.assessments import Grade, Level, OwnGrade
from cyberposture.model.foundation import Code, Model, Sentence
from cyberposture.services.register import Register
from cyberposture.store import institutions, people, sharing
from cyberposture.store.institutions import get_institution_id
from cyberposture.store.openings import opening
from cyberposture.store.sharing import ServiceAnswer, ServiceRecord, UseRecord

LONGEST_DUTY = 2000


class _Named(Model):
    code: Code
    title: Sentence


@dataclass(frozen=True)
class Said:
    """What a provider says of one control for its service."""

    control: str
    level: Level
    expires: date
    duty: str = ""
    grade: OwnGrade = "E0"


@dataclass(frozen=True)
class Inherited:
    """One control of a service that an institution uses, as it stands at a moment."""

    service: ServiceRecord
    answer: ServiceAnswer


def found_service(
    register: Register, provider: str, code: str, title: str, *, reason: str = ""
) -> UUID:
    """Name a service that an institution runs for others and return its key.

    Raises:
        InvalidInput: code or title are not as they should be.
        NotFound: the provider is not in the register.
        WrongState: the code is taken.
    """
    named = build_row(_Named, "arguments", {"code": code, "title": title})
    with register.change("service-founded", named.code, reason=reason) as change:
        change.institution_id = get_institution_id(change.connection, provider)
        change.tell(title=named.title, provider=provider)
        return sharing.insert_service(
            change.connection, change.institution_id, named.code, named.title, change.by
        )


def answer_for_service(
    register: Register, code: str, said: Said, *, provider: str | None = None, reason: str = ""
) -> int:
    """Answer a control for a service and return the revision; a review from before is over.

    `provider` is the institution for which whoever acts may answer; None: any (the CERT).

    Raises:
        NotFound: there is no such service (of this provider).
        InvalidInput: the control is unknown or decided by the network alone, or it ran out.
        WrongState: the service is closed.
    """
    with register.change("service-answered", code, reason=reason) as change:
        service = _running(change.connection, code, provider)
        change.institution_id = service.provider_id
        _require_answerable(register, said, change.now)
        change.tell(control=said.control, level=said.level, expires=said.expires.isoformat())
        return sharing.insert_answer(
            change.connection, service.id, change.by, control=said.control, level=said.level,
            grade=said.grade, duty=said.duty.strip(), expires=said.expires,
        )  # fmt: skip


def _running(connection: Connection, code: str, provider: str | None) -> ServiceRecord:
    service = sharing.get_service(connection, code)
    if provider is not None and service.provider != provider:
        raise NotFound("service", code)
    if service.closed_at is not None:
        raise WrongState(f"the service {code} is closed")
    return service


def _require_answerable(register: Register, said: Said, now: datetime) -> None:
    faults = []
    known = {one.id: one for one in register.content.catalogue.controls}
    control = known.get(said.control)
    if control is None:
        faults.append(Fault("control", f"there is no control {said.control}"))
    elif control.evidence_mode == "N":
        faults.append(Fault("control", "the network alone decides this one"))
    if said.expires < now.date():
        faults.append(Fault("expires", "the last day of the answer is past"))
    if len(said.duty) > LONGEST_DUTY:
        faults.append(Fault("duty", f"at most {LONGEST_DUTY} characters"))
    if faults:
        raise InvalidInput(faults)


def review_service(
    register: Register, code: str, control: str, level: Level, grade: Grade, *, reason: str
) -> int:
    """Record what a reviewer found of a service's answer, and return the new revision.

    Raises:
        NotFound: there is no such service, or it was never answered for this control.
        NotAuthorised: the reviewer belongs to the provider.
        WrongState: the service is closed.
    """
    with register.change("service-reviewed", code, reason=reason) as change:
        connection = change.connection
        service = _running(connection, code, None)
        change.institution_id = service.provider_id
        held = people.list_memberships(connection, person=change.by.actor)
        if any(one.institution_id == service.provider_id for one in held):
            raise NotAuthorised(
                "own-house", "nobody reviews a house that they belong or belonged to"
            )
        standing = sharing.list_answers(connection, [service.id], as_of=change.now)
        said = next((one for one in standing if one.control == control), None)
        if said is None:
            raise NotFound("answer", f"{code} {control}")
        change.tell(control=control, level=level, grade=grade)
        return sharing.insert_answer(
            connection, service.id, change.by, control=control, level=said.level,
            grade=said.grade, duty=said.duty, expires=said.expires, reviewed=(level, grade),
        )  # fmt: skip


def use_service(
    register: Register, institution: str, code: str, *, valid_from: datetime | None = None,
    valid_until: datetime | None = None, reason: str = "",
) -> UUID:  # fmt: skip
    """Record that an institution uses a service and return the key of it.

    Raises:
        NotFound: institution or service are not in the register.
        WrongState: it uses the service already, runs it itself, or the service is closed.
    """
    with register.change("service-used", code, reason=reason) as change:
        connection = change.connection
        service = _running(connection, code, None)
        owner = get_institution_id(connection, institution)
        change.institution_id = owner
        if service.provider_id == owner:
            raise WrongState("a provider answers for itself, and does not use its own service")
        uses = sharing.list_uses(
            connection, as_of=change.now, institution_id=owner, service_id=service.id
        )
        if uses:
            raise WrongState(f"{institution} uses {code} already")
        change.tell(service=code)
        return sharing.insert_use(
            connection, owner, service.id, change.by, valid_from=valid_from or change.now,
            valid_until=valid_until,
        )  # fmt: skip


def leave_service(register: Register, institution: str, code: str, *, reason: str = "") -> None:
    """Record that an institution uses a service no longer.

    Raises:
        NotFound: institution or service are not there, or it does not use it.
    """
    with register.change("service-left", code, reason=reason) as change:
        service = sharing.get_service(change.connection, code)
        owner = get_institution_id(change.connection, institution)
        change.institution_id = owner
        sharing.end_use(change.connection, owner, service.id, change.by)


def close_service(register: Register, code: str, *, reason: str = "") -> None:
    """Record that a service is run no longer: its users answer for themselves from now on.

    Raises:
        NotFound: there is no such service.
        WrongState: it is closed already.
    """
    with register.change("service-closed", code, reason=reason) as change:
        service = _running(change.connection, code, None)
        change.institution_id = service.provider_id
        sharing.close_service(change.connection, service.id, change.by)


def inherited_by(
    connection: Connection, institution_id: UUID, *, as_of: datetime
) -> dict[str, list[Inherited]]:
    """Return what an institution inherits at a moment, by control."""
    uses = sharing.list_uses(connection, as_of=as_of, institution_id=institution_id)
    if not uses:
        return {}
    used = {one.service_id for one in uses}
    services = {
        one.id: one
        for one in sharing.list_services(connection)
        if one.id in used and (one.closed_at is None or one.closed_at > as_of)
    }
    found: dict[str, list[Inherited]] = {}
    for answer in sharing.list_answers(connection, list(services), as_of=as_of):
        found.setdefault(answer.control, []).append(Inherited(services[answer.service_id], answer))
    return found


@dataclass(frozen=True)
class ServiceView:
    """A service with what stands for it now, and who uses it."""

    service: ServiceRecord
    answers: tuple[ServiceAnswer, ...]
    users: tuple[UseRecord, ...]


def list_services(register: Register, provider: str | None = None) -> list[ServiceView]:
    """Return the services (of a provider, or all) by code, the closed ones included.

    Raises:
        NotFound: the provider is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, provider)
        services = sharing.list_services(connection, provider_id=owner)
        answers = sharing.list_answers(connection, [one.id for one in services], as_of=now)
        with opening(connection, "users-of-own-services"):
            uses = sharing.list_uses(connection, as_of=now)
    return [
        ServiceView(
            one,
            tuple(answer for answer in answers if answer.service_id == one.id),
            tuple(use for use in uses if use.service_id == one.id),
        )
        for one in services
    ]
