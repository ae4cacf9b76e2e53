"""Gathers from the register all that the gate is asked with, as it stands at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Corrupt, NotAuthorised, WrongState
from cyberposture.model.authorisations import AuthorisationTerms, Grant, Receipt
from cyberposture.model.gate import Blackout, ChunkQuestion, GateAuthorisation, Window
from cyberposture.model.people import Person
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.signing import require_two_people
from cyberposture.scanning.techniques import Technique, find_technique
from cyberposture.store import authorisations, calendar, declarations, people, stops
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.stops import StopRecord


@dataclass(frozen=True)
class Ground:
    """What stands for and against contacting an institution at one moment."""

    stopped: bool
    deny: tuple[str, ...]
    excluded_elsewhere: tuple[str, ...]
    authorisations: tuple[GateAuthorisation, ...]
    terms: dict[str, AuthorisationTerms]
    windows: tuple[Window, ...]
    blackouts: tuple[Blackout, ...]

    def question(self, plan: Plan, now: datetime) -> ChunkQuestion:
        """Return the whole question for a plan, as the audit log keeps it."""
        return ChunkQuestion.model_validate(
            {
                "gate": 1,
                "now": now,
                "expected_s": plan.expected_s,
                "name": plan.name,
                "resolved": plan.resolved,
                "protocol": plan.protocol,
                "load": plan.load,
                "stop": self.stopped,
                "deny": self.deny,
                "excluded_elsewhere": self.excluded_elsewhere,
                # A letter that does not name a technique allows nothing of it, whoever's address.
                "authorisations": [
                    one
                    for one in self.authorisations
                    if mentions(self.terms[one.id], find_technique(plan.technique))
                ],
                "windows": self.windows,
                "blackouts": self.blackouts,
                "targets": plan.targets,
                "ports": plan.ports,
            }
        )

    def exclusions(self) -> tuple[str, ...]:
        """Return every CIDR that must not be contacted, for nmap's own second net."""
        own = (cidr for one in self.authorisations for cidr in one.exclusions)
        return tuple(dict.fromkeys([*self.deny, *self.excluded_elsewhere, *own]))


def mentions(terms: AuthorisationTerms, technique: Technique) -> bool:
    """Return whether terms allow a technique: expressly, or by naming none and asking for no more.

    What needs express mention (`opt_in`) must stand in their list.
    """
    if terms.techniques is None:
        return not technique.opt_in
    return technique.code in terms.techniques


def is_granted(record: AuthorisationRecord, known: dict[str, Person]) -> bool:
    """Return whether two people signed these very terms; anything else is no grant."""
    return any(_holds(record, document, known) for document in record.grants)


def _holds(record: AuthorisationRecord, grant: dict[str, Any], known: dict[str, Person]) -> bool:
    try:
        require_two_people(
            AuthorisationTerms.model_validate(record.terms),
            Receipt.model_validate(record.receipt),
            Grant.model_validate(grant),
            known,
        )
    except (NotAuthorised, ValueError):
        return False
    return True


def _authorised(
    connection: Connection, institution_id: UUID
) -> tuple[tuple[GateAuthorisation, ...], dict[str, AuthorisationTerms]]:
    known = {record.person.code: record.person for record in people.list_people(connection)}
    found: list[GateAuthorisation] = []
    by_id: dict[str, AuthorisationTerms] = {}
    for record in authorisations.list_authorisations(connection, institution_id=institution_id):
        terms = AuthorisationTerms.model_validate({**record.terms, "id": record.code})
        granted = is_granted(record, known)
        found.append(terms.for_gate(granted=granted, withdrawn_at=record.withdrawn_at))
        by_id[terms.id] = terms
    return tuple(found), by_id


def concerns(stop: StopRecord, institution_id: UUID, scan_id: UUID | None) -> bool:
    """Return whether a stop ends everything for this institution or scan."""
    match stop.scope:
        case "all":
            return True
        case "institution":
            return stop.institution_id == institution_id
        case "scan":
            return scan_id is not None and stop.scan_id == scan_id
        case _:
            return False


def _stopped_addresses(stop: StopRecord) -> tuple[str, ...]:
    return (stop.cidr,) if stop.scope == "cidr" and stop.cidr is not None else ()


def _excluded_elsewhere(
    connection: Connection, institution_id: UUID, active: Sequence[StopRecord], now: datetime
) -> tuple[str, ...]:
    """Return what other institutions excluded or stopped, and every stopped address range."""
    found: list[str] = [cidr for stop in active for cidr in _stopped_addresses(stop)]
    for record in authorisations.list_authorisations(connection):
        if record.institution_id != institution_id:
            found.extend(record.terms.get("exclusions", ()))
    for stop in active:
        if stop.scope == "institution" and stop.institution_id not in (None, institution_id):
            declared = declarations.get_declaration(connection, stop.institution_id, as_of=now)
            for address in declared.addresses():
                bits = ip_address(address).max_prefixlen
                found.append(str(ip_network(f"{address}/{bits}")))
    return tuple(dict.fromkeys(found))


def gather(
    connection: Connection, institution_id: UUID, now: datetime, scan_id: UUID | None = None
) -> Ground:
    """Return the ground for questions about this institution (and this scan) at `now`.

    Raises:
        WrongState: nobody ever confirmed a national deny list, so that nothing may be sent.
        Corrupt: what allows or forbids cannot be read, so that nothing may be sent either.
    """
    active = stops.list_active_stops(connection)
    denied = calendar.find_deny_list(connection, as_of=now)
    if denied is None:
        raise WrongState(
            "no national deny list was ever confirmed, so nothing is sent",
            advice="cyberposture calendar add deny … or: cyberposture calendar confirm-deny-list",
        )
    try:
        granted, terms = _authorised(connection, institution_id)
        elsewhere = _excluded_elsewhere(connection, institution_id, active, now)
    except (ValueError, TypeError) as error:
        raise Corrupt(
            "an authorisation or a key in the register cannot be read, so nothing is sent",
            advice="cyberposture audit verify",
        ) from error
    return Ground(
        stopped=any(concerns(stop, institution_id, scan_id) for stop in active),
        deny=tuple(str(entry["cidr"]) for entry in denied.entries),
        excluded_elsewhere=elsewhere,
        authorisations=granted,
        terms=terms,
        windows=tuple(
            _window(w) for w in calendar.list_windows(connection, institution_id, as_of=now)
        ),
        blackouts=tuple(
            Blackout.model_validate({"from": b.starts_at, "until": b.ends_at})
            for b in calendar.list_blackouts(connection, institution_id, as_of=now)
        ),
    )


def _window(record: calendar.WindowRecord) -> Window:
    return Window(
        weekdays=record.weekdays, start=record.start, length_s=record.length_s, zone=record.zone
    )
