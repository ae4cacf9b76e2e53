"""Gathers from the register all that the gate is asked with, as it stands at one moment."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Corrupt, Denied, NotAuthorised, WrongState
from cyberposture.model.addresses import read_address
from cyberposture.model.authorisations import AuthorisationTerms, Grant, Receipt
from cyberposture.model.gate import (
    Blackout,
    ChunkQuestion,
    CIDREntry,
    GateAuthorisation,
    Window,
)
from cyberposture.model.people import Person
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.scope import IntervalSet, number_of
from cyberposture.scanning.permission.signing import require_two_people
from cyberposture.scanning.techniques import Technique, find_technique
from cyberposture.store import authorisations, calendar, declarations, notices, people, stops
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
    untold: frozenset[str] = frozenset()
    """Authorisations of which no notice went out yet: nothing is sent under them."""

    def counting(self) -> tuple[GateAuthorisation, ...]:
        """Return the authorisations of which the institution was told, or wants no notice."""
        return tuple(one for one in self.authorisations if one.id not in self.untold)

    def question(self, plan: Plan, now: datetime) -> ChunkQuestion:
        """Return the whole question for a plan, as the audit log keeps it.

        Of what is denied or excluded for everybody it holds what touches a target: the log of one
        institution does not tell of the addresses of others.
        """
        technique = find_technique(plan.technique)
        # A letter that does not name a technique allows nothing of it, whoever's address; one of
        # which nobody was told allows nothing at all. What they exclude is excluded all the same.
        asked = [one for one in self.counting() if mentions(self.terms[one.id], technique)]
        left_out = [one for one in self.authorisations if one not in asked and one.granted]
        kept_out = [cidr for one in left_out for cidr in one.exclusions]
        elsewhere = dict.fromkeys([*self.excluded_elsewhere, *kept_out])
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
                "deny": tuple(_touching(self.deny, plan.targets)),
                "excluded_elsewhere": tuple(_touching(elsewhere, plan.targets)),
                "authorisations": asked,
                "windows": self.windows,
                "blackouts": self.blackouts,
                "targets": plan.targets,
                "ports": plan.ports,
            }
        )

    def waiting_for_notice(self, denied: Denied, now: datetime) -> list[str]:
        """Return the letters that would count for a denied address had the institution been told.

        None where another reason stands against it: a stop, or a letter that counts already.
        """
        told = any(covers(one, denied.target) for one in self.counting() if one.granted)
        if told or denied.reason in ("stopped", "bad-target"):
            return []
        return sorted(
            one.id
            for one in self.authorisations
            if one.id in self.untold
            and one.granted
            and one.withdrawn_at is None
            and one.valid_from <= now < one.valid_until
            and covers(one, denied.target)
        )

    def without(self, cidrs: Iterable[str]) -> "Ground":
        """Return the same ground on which nothing in these ranges is contacted."""
        kept_out = dict.fromkeys([*self.excluded_elsewhere, *cidrs])
        return replace(self, excluded_elsewhere=tuple(kept_out))

    def exclusions(self) -> tuple[str, ...]:
        """Return every CIDR that must not be contacted, for nmap's own second net."""
        own = (cidr for one in self.authorisations for cidr in one.exclusions)
        return tuple(dict.fromkeys([*self.deny, *self.excluded_elsewhere, *own]))


def _touching(cidrs: Iterable[str], targets: Iterable[str]) -> Iterator[str]:
    """Yield those of the CIDRs that hold one of the targets."""
    numbers = sorted(number_of(read_address(target)) for target in targets)
    for cidr in cidrs:
        ((first, last),) = IntervalSet.of_cidrs([cidr])
        place = bisect_left(numbers, first)
        if place < len(numbers) and numbers[place] <= last:
            yield cidr


def covers(authorisation: GateAuthorisation, target: str) -> bool:
    """Return whether the authorisation names the address, whatever it allows of it."""
    address = ip_address(target)
    networks = [ip_network(e.cidr) for e in authorisation.scope if isinstance(e, CIDREntry)]
    return any(n.version == address.version and address in n for n in networks)


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
) -> tuple[tuple[GateAuthorisation, ...], dict[str, AuthorisationTerms], frozenset[str]]:
    known = {record.person.code: record.person for record in people.list_people(connection)}
    found: list[GateAuthorisation] = []
    by_id: dict[str, AuthorisationTerms] = {}
    told = notices.list_told(connection, institution_id)
    untold: set[str] = set()
    for record in authorisations.list_authorisations(connection, institution_id=institution_id):
        terms = AuthorisationTerms.model_validate({**record.terms, "id": record.code})
        granted = is_granted(record, known)
        found.append(terms.for_gate(granted=granted, withdrawn_at=record.withdrawn_at))
        by_id[terms.id] = terms
        if record.id not in told:
            untold.add(terms.id)
    return tuple(found), by_id, frozenset(untold)


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
        granted, terms, untold = _authorised(connection, institution_id)
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
            window_of(w) for w in calendar.list_windows(connection, institution_id, as_of=now)
        ),
        blackouts=tuple(
            Blackout.model_validate({"from": b.starts_at, "until": b.ends_at})
            for b in calendar.list_blackouts(connection, institution_id, as_of=now)
        ),
        untold=untold,
    )


def window_of(record: calendar.WindowRecord) -> Window:
    """Return the window as the gate is asked with it."""
    return Window(
        weekdays=record.weekdays, start=record.start, length_s=record.length_s, zone=record.zone
    )
