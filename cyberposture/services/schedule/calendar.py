"""When scans may run and where never: windows, blackouts and the national deny list."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.addresses import read_cidr
from cyberposture.model.foundation import Model, Sentence
from cyberposture.model.gate import Window
from cyberposture.services.register import Register
from cyberposture.store import calendar as store
from cyberposture.store import institutions
from cyberposture.store.calendar import BlackoutRecord, DenyList, WindowRecord


class _Reasoned(Model):
    reason: Sentence


def add_window(register: Register, institution: str, window: Window) -> WindowRecord:
    """Give an institution a weekly window; from then on it is scanned inside its windows only.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.change("window-added", institution) as change:
        change.institution_id = institutions.get_institution_id(change.connection, institution)
        change.tell(window=window.model_dump(mode="json"))
        return store.insert_window(
            change.connection,
            change.institution_id,
            change.by,
            weekdays=window.weekdays,
            start=window.start,
            length_s=window.length_s,
            zone=window.zone,
        )


def add_blackout(
    register: Register, title: str, begins: datetime, ends: datetime, institution: str | None
) -> BlackoutRecord:
    """Forbid scans for a stretch of time, for one institution or (None) for the nation.

    Raises:
        WrongUsage: it ends before it begins.
        NotFound: the institution is not in the register.
    """
    if ends <= begins:
        raise WrongUsage("the blackout ends before it begins")
    with register.change("blackout-added", title) as change:
        change.institution_id = institutions.get_owner_id(change.connection, institution)
        change.tell(begins=begins.isoformat(), ends=ends.isoformat())
        return store.insert_blackout(
            change.connection,
            change.institution_id,
            change.by,
            title=title,
            starts_at=begins,
            ends_at=ends,
        )


def add_denial(register: Register, cidr: str, *, reason: str) -> DenyList:
    """Put an address range on the national deny list, which no authorisation outweighs.

    Raises:
        InvalidInput: it is no CIDR in canonical spelling.
    """
    try:
        read_cidr(cidr)
    except ValueError as error:
        raise InvalidInput(Fault("cidr", str(error))) from error
    with register.change("denial-added", cidr, reason=reason) as change:
        present = store.find_deny_list(change.connection, as_of=change.now)
        entries = [] if present is None else list(present.entries)
        entries.append({"cidr": cidr, "reason": reason})
        change.tell(entries=entries)
        return store.record_deny_list(change.connection, entries, change.by)


def confirm_deny_list(register: Register) -> DenyList:
    """Confirm the deny list as it stands; without a confirmed list nothing is sent."""
    with register.change("deny-list-confirmed") as change:
        present = store.find_deny_list(change.connection, as_of=change.now)
        entries = [] if present is None else list(present.entries)
        change.tell(entries=entries)
        return store.record_deny_list(change.connection, entries, change.by)


def end_window(register: Register, institution: str, window: UUID, *, reason: str = "") -> None:
    """Take a window from an institution; without any it may be scanned at all times.

    Raises:
        NotFound: there is no such institution, or no such window of it in force.
    """
    with register.change("window-ended", institution, reason=reason) as change:
        change.institution_id = institutions.get_institution_id(change.connection, institution)
        held = store.list_windows(change.connection, change.institution_id, as_of=change.now)
        found = next((one for one in held if one.id == window), None)
        if found is None:
            raise NotFound("window", str(window))
        store.end_window(change.connection, window, change.by)
        change.tell(weekdays=list(found.weekdays), start=found.start, length_s=found.length_s,
                    zone=found.zone)  # fmt: skip


def cancel_blackout(register: Register, blackout: UUID, *, reason: str = "") -> None:
    """Have a blackout count no more, before its end.

    Raises:
        NotFound: there is no such blackout in force.
    """
    with register.change("blackout-cancelled", reason=reason) as change:
        found = store.get_blackout(change.connection, blackout)
        change.subject, change.institution_id = found.title, found.institution_id
        store.cancel_blackout(change.connection, blackout, change.by)
        change.tell(begins=found.starts_at.isoformat(), ends=found.ends_at.isoformat())


def remove_denial(register: Register, cidr: str, *, reason: str) -> DenyList:
    """Take an address range off the national deny list; the revision before stays on record.

    Raises:
        InvalidInput: it is not said why.
        NotFound: the range is not on the list.
    """
    build_row(_Reasoned, "arguments", {"reason": reason})
    with register.change("denial-removed", cidr, reason=reason) as change:
        present = store.find_deny_list(change.connection, as_of=change.now)
        before = [] if present is None else list(present.entries)
        entries = [entry for entry in before if entry["cidr"] != cidr]
        if len(entries) == len(before):
            raise NotFound("entry of the deny list", cidr)
        change.tell(entries=entries)
        return store.record_deny_list(change.connection, entries, change.by)


@dataclass(frozen=True)
class Calendar:
    """What holds now for an institution, or (None) for the nation."""

    windows: tuple[WindowRecord, ...]
    blackouts: tuple[BlackoutRecord, ...]
    deny: DenyList | None


def list_calendar(register: Register, institution: str | None = None) -> Calendar:
    """Return windows, blackouts and deny list as they hold now.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        windows: tuple[WindowRecord, ...] = ()
        institution_id = institutions.get_owner_id(connection, institution)
        if institution_id is not None:
            windows = tuple(store.list_windows(connection, institution_id, as_of=now))
        return Calendar(
            windows,
            tuple(store.list_blackouts(connection, institution_id, as_of=now)),
            store.find_deny_list(connection, as_of=now),
        )
