"""The life of an institution: renamed, moved, merged, split, closed, each from a date on.

Nothing that was is rewritten: a change is a version from its date, a merger or a split a link from
those that ended to those that followed. Scores stay with the institution that earned them; a panel
counts who existed on its day, and a trend names where a line comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.institutions import Institution
from cyberposture.services.institutions.entries import faults_of
from cyberposture.services.register import Change, Register
from cyberposture.store import institutions as store
from cyberposture.store import successions
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.successions import SuccessionRecord

CHANGEABLE = frozenset({"name", "sectors", "tier", "features", "zone", "parent", "contacts"})


@dataclass(frozen=True)
class Lineage:
    """What an institution was called and where it stood over time, and whom it followed."""

    versions: tuple[InstitutionRecord, ...]
    before: tuple[SuccessionRecord, ...]
    after: tuple[SuccessionRecord, ...]


def change_institution(
    register: Register, code: str, changes: Mapping[str, Any], *,
    valid_from: datetime | None = None, reason: str = "",
) -> InstitutionRecord:  # fmt: skip
    """Record that an institution is called or stands otherwise from a date (else now) on.

    Raises:
        NotFound: it or its parent is not in the register.
        InvalidInput: a value is not as it should be, or it would stand below itself.
        WrongState: nothing changes.
    """
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise InvalidInput(Fault("arguments", f"cannot change {', '.join(sorted(unknown))}"))
    with register.change("institution-changed", code, reason=reason) as change:
        since = valid_from or change.now
        record = store.get_institution(change.connection, code, as_of=since)
        given = record.institution.model_dump() | dict(changes)
        institution = build_row(Institution, "arguments", given)
        if institution == record.institution:
            raise WrongState(f"{code} stands like that already")
        faults = faults_of(register, institution, "arguments")
        if _stands_below(change, institution.parent, code, since):
            faults.append(Fault("arguments", "parent: an institution cannot stand below itself"))
        if faults:
            raise InvalidInput(faults)
        change.institution_id = record.id
        told = institution.model_dump(mode="json")
        change.tell(valid_from=to_iso(since), changes={name: told[name] for name in changes})
        return store.record_change(change.connection, institution, change.by, valid_from=since)


def _stands_below(change: Change, parent: str | None, code: str, at: datetime) -> bool:
    seen = set[str]()
    while parent is not None and parent not in seen:
        if parent == code:
            return True
        seen.add(parent)
        parent = store.get_institution(change.connection, parent, as_of=at).institution.parent
    return False


def close_institution(
    register: Register, code: str, *, at: datetime | None = None, reason: str
) -> InstitutionRecord:
    """Record that an institution exists no longer from a date (else now) on.

    Raises:
        NotFound: it is not in the register.
        WrongState: it is closed already.
    """
    with register.change("institution-closed", code, reason=reason) as change:
        record = _close(change, code, at or change.now)
        change.institution_id = record.id
        change.tell(at=to_iso(at or change.now))
    return record


def _close(change: Change, code: str, at: datetime) -> InstitutionRecord:
    record = store.get_institution(change.connection, code, as_of=max(at, change.now))
    if record.institution.active_until is not None:
        raise WrongState(f"{code} is closed already")
    closed = record.institution.model_copy(update={"active_until": at})
    return store.record_change(change.connection, closed, change.by, valid_from=at)


def merge_institutions(
    register: Register, codes: Sequence[str], into: str, *, at: datetime | None = None, reason: str
) -> None:
    """Record that institutions went up in another one, which exists already, from a date on.

    Raises:
        InvalidInput: none is named, or one is to go up in itself.
        NotFound: one of them is not in the register.
        WrongState: one of them is closed already.
    """
    if not codes or into in codes or len(set(codes)) != len(codes):
        raise InvalidInput(Fault("arguments", "name others than the one that they go up in, once"))
    with register.change("institutions-merged", into, reason=reason) as change:
        since = at or change.now
        successor = store.get_institution(change.connection, into, as_of=since)
        change.institution_id = successor.id
        for code in codes:
            ended = _close(change, code, since)
            successions.insert_succession(
                change.connection, ended.id, successor.id, change.by, kind="merged",
                valid_from=since,
            )  # fmt: skip
        change.tell(merged=list(codes), at=to_iso(since))


def split_institution(
    register: Register, code: str, parts: Sequence[str], *, at: datetime | None = None,
    closes: bool = True, reason: str,
) -> None:  # fmt: skip
    """Record that an institution became several, which are in the register, from a date on.

    With `closes` it ends; without, it goes on beside those that left it.

    Raises:
        InvalidInput: fewer than one part is named, or one is itself.
        NotFound: one of them is not in the register.
        WrongState: it is closed already.
    """
    if not parts or code in parts or len(set(parts)) != len(parts):
        raise InvalidInput(Fault("arguments", "name the parts, each once, and not the whole"))
    with register.change("institution-split", code, reason=reason) as change:
        since = at or change.now
        whole = store.get_institution(change.connection, code, as_of=since)
        change.institution_id = whole.id
        for part in parts:
            follows = store.get_institution(change.connection, part, as_of=max(since, change.now))
            successions.insert_succession(
                change.connection, whole.id, follows.id, change.by, kind="split", valid_from=since
            )
        if closes:
            _close(change, code, since)
        change.tell(parts=list(parts), at=to_iso(since), closes=closes)


def read_lineage(register: Register, code: str) -> Lineage:
    """Return how an institution stood over time, whom it followed, and who followed it.

    Raises:
        NotFound: it is not in the register.
    """
    with register.reading() as connection:
        owner = store.get_institution_id(connection, code)
        links = successions.list_successions(connection, code=code)
        return Lineage(
            tuple(store.list_versions(connection, owner)),
            tuple(one for one in links if one.successor == code),
            tuple(one for one in links if one.predecessor == code),
        )
