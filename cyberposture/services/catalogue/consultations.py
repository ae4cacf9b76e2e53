"""A draft is opened to comments, groups are invited, events recorded, and an end is put to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, WrongState, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.consultations import (
    LEAST_DAYS,
    Consultation,
    ConsultationState,
    Event,
    Group,
)
from cyberposture.services.catalogue.adoption import Draft, find_meant
from cyberposture.services.catalogue.drafts import keep_draft, read_kept
from cyberposture.services.catalogue.pinned import restored
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Change, Register
from cyberposture.store import comments
from cyberposture.store import consultations as store
from cyberposture.store.comments import CommentRecord
from cyberposture.store.consultations import ConsultationRecord, EventRecord, GroupRecord
from cyberposture.store.editions import Adoption, list_adoptions

SHOWN = 10
"""How many reference numbers a refusal names."""


@dataclass(frozen=True)
class Tally:
    """How many comments there are, and of what kind; `outcomes` counts standing dispositions."""

    comments: int
    shown: int
    private: int
    hidden: int
    """By moderation, of those whose authors did not object to publication."""
    late: int
    outcomes: Counter[str]

    @property
    def waiting(self) -> int:
        """How many have no disposition yet."""
        return self.comments - self.outcomes.total()


@dataclass(frozen=True)
class ConsultationView:
    """A consultation with all that belongs to it but the comments themselves."""

    record: ConsultationRecord
    state: ConsultationState
    groups: tuple[GroupRecord, ...]
    events: tuple[EventRecord, ...]
    adoption: Adoption | None
    tally: Tally


def open_consultation(
    register: Register,
    code: str,
    title: str,
    draft: Draft,
    closes: datetime,
    *,
    zone: str,
    groups: Sequence[Group] = (),
    reason: str = "",
) -> ConsultationView:
    """Open a draft to everybody's comments and return the consultation.

    Raises:
        InvalidInput: a word is not as it should be, or the draft would be open for less than
            `LEAST_DAYS` days and no reason is given.
        WrongState: the code is taken, or a group is named twice.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("consultation-opened", code, reason=reason) as change:
        require_cert(change)
        if closes - change.now < timedelta(days=LEAST_DAYS) and not reason:
            raise InvalidInput(
                Fault("--closes", f"less than {LEAST_DAYS} days from now, and no reason is given"),
                advice="give --reason; it is printed in the report",
            )
        new = build_row(
            Consultation,
            "arguments",
            {
                "code": code,
                "title": title,
                "edition": draft.edition.catalogue,
                "version": draft.edition.version,
                "rules": draft.edition.rules,
                "checks": draft.edition.checks,
                "texts": draft.edition.texts,
                "draft": keep_draft(change, draft),
                "opens": change.now,
                "closes": closes,
                "zone": zone,
            },
        )
        record = store.insert_consultation(change.connection, new, change.by)
        for group in groups:
            store.insert_group(change.connection, record.id, group, change.by)
        invited = [group.model_dump(mode="json") for group in groups]
        change.tell(consultation=new.model_dump(mode="json"), groups=invited)
        return _view(change.connection, record, change.now)


def invite_group(register: Register, code: str, group: Group, *, reason: str = "") -> GroupRecord:
    """Record that a group is invited and return it.

    Raises:
        NotFound: there is no such consultation.
        WrongState: the group is invited already, or the consultation is over.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("group-invited", code, reason=reason) as change:
        require_cert(change)
        record = lock_unconcluded(change, code)
        made = store.insert_group(change.connection, record.id, group, change.by)
        change.tell(group=group.model_dump(mode="json"))
    return made


def record_event(register: Register, code: str, event: Event, *, reason: str = "") -> EventRecord:
    """Record a round table or another event under a reference number, and return it.

    Raises:
        NotFound: there is no such consultation.
        InvalidInput: its day is still to come.
        WrongState: the consultation is over.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("consultation-event", code, reason=reason) as change:
        require_cert(change)
        record = lock_unconcluded(change, code)
        # Somewhere on earth it is tomorrow already, up to fourteen hours ahead of UTC.
        if event.held_on > (change.now + timedelta(hours=14)).date():
            raise InvalidInput(Fault("--date", f"{event.held_on} is still to come"))
        made = store.insert_event(change.connection, record.id, event, change.by)
        change.tell(event=made.code, **event.model_dump(mode="json"))
    return made


def close_consultation(
    register: Register,
    code: str,
    *,
    adopted: str | None = None,
    abandoned: bool = False,
    reason: str = "",
) -> ConsultationView:
    """Take no more comments; with `adopted` or `abandoned` conclude the consultation. Return it.

    `adopted` names the adopted edition that came of it, by version or digest: this links the
    comments to it. Every comment must have its disposition then.

    Raises:
        WrongUsage: both are given.
        NotFound: consultation or adopted edition is not there.
        WrongState: the state or an open comment does not allow it, or no reason is given where
            one is needed: before the last day is over, and to abandon.
        NotAuthorised: whoever acts is not of the CERT.
    """
    if adopted is not None and abandoned:
        raise WrongUsage("a consultation ends in an adopted edition or is abandoned, not both")
    with register.change("consultation-closed", code, reason=reason) as change:
        require_cert(change)
        record = lock_unconcluded(change, code)
        concludes = adopted is not None or abandoned
        if record.closed is not None and not concludes:
            raise WrongState(f"the consultation {code} is closed already")
        _require_reason(change, record, abandoned)
        if record.closed is None:
            store.close_consultation(change.connection, record.id, change.by)
        adoption = None if adopted is None else _adoption_of(register, change, record, adopted)
        if concludes:
            number = None if adoption is None else adoption.number
            store.conclude_consultation(change.connection, record.id, change.by, adoption=number)
        view = _view(change.connection, store.get_consultation(change.connection, code), change.now)
        change.tell(
            state=view.state,
            adoption=None if adoption is None else adoption.number,
            rules=None if adoption is None else adoption.catalogue,
            comments=view.tally.comments,
            outcomes=dict(view.tally.outcomes),
        )
    return view


def _require_reason(change: Change, record: ConsultationRecord, abandoned: bool) -> None:
    """Return if a reason is given, or none is needed."""
    consultation = record.consultation
    early = record.closed is None and change.now < consultation.closes
    if (early or abandoned) and not change.by.reason:
        raise WrongState(
            f"{consultation.code} is open until {consultation.last_day} ({consultation.zone})"
            if early
            else f"{consultation.code} is abandoned for a reason only",
            advice="give --reason; it is printed in the report",
        )


def _adoption_of(
    register: Register, change: Change, record: ConsultationRecord, name: str
) -> Adoption:
    """Return the adoption that came of this consultation, after every question about it."""
    adoption = find_meant(change.connection, name)
    edition = f"{adoption.name} {adoption.version}"
    if adoption.name != record.consultation.edition:
        raise WrongState(f"{edition} is not of {record.consultation.edition}")
    if adoption.act.at < record.consultation.opens:
        raise WrongState(f"{edition} was adopted before this consultation opened")
    given = comments.list_comments(change.connection, consultation_id=record.id)
    waiting = [one.code for one in given if one.disposition is None]
    if waiting:
        raise WrongState(
            f"comments without a disposition: {len(waiting)} ({_some(waiting)})",
            advice="cyberposture consultation dispose C-… --outcome accepted|partly|rejected "
            "--reason …",
        )
    known = read_kept(change.connection, record.consultation.draft).controls.keys() | {
        control.id for control in restored(register, change.connection, adoption).catalogue.controls
    }
    lost = [
        f"{control} ({one.code})"
        for one in given
        if one.disposition is not None
        for control in one.disposition.disposition.changed
        if control not in known
    ]
    if lost:
        raise WrongState(f"neither the draft nor {edition} holds what was changed: {_some(lost)}")
    return adoption


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def lock_unconcluded(change: Change, code: str) -> ConsultationRecord:
    """Return the consultation, which nobody else changes meanwhile and which is not over.

    Raises:
        NotFound: there is none.
        WrongState: it ended in an adopted edition, or was abandoned.
    """
    record = store.lock_consultation(change.connection, code)
    if record.concluded is not None:
        raise WrongState(f"the consultation {code} is {record.state_at(change.now)}")
    return record


def list_consultations(register: Register) -> list[ConsultationView]:
    """Return all consultations, oldest first."""
    with register.reading() as connection:
        now = register.clock()
        return [_view(connection, record, now) for record in store.list_consultations(connection)]


def get_consultation(register: Register, code: str) -> ConsultationView:
    """Return one consultation.

    Raises:
        NotFound: there is none.
    """
    with register.reading() as connection:
        return view_of(connection, code, register.clock())


def view_of(connection: Connection, code: str, now: datetime) -> ConsultationView:
    """Return what `get_consultation` does, from a state that is being read already.

    Raises:
        NotFound: there is none.
    """
    return _view(connection, store.get_consultation(connection, code), now)


def _view(connection: Connection, record: ConsultationRecord, now: datetime) -> ConsultationView:
    adoptions = {one.number: one for one in list_adoptions(connection)}
    return ConsultationView(
        record=record,
        state=record.state_at(now),
        groups=tuple(store.list_groups(connection, record.id)),
        events=tuple(store.list_events(connection, record.id)),
        adoption=None if record.adoption is None else adoptions[record.adoption],
        tally=tally_of(comments.list_comments(connection, consultation_id=record.id)),
    )


def tally_of(given: Sequence[CommentRecord]) -> Tally:
    """Return the counts of these comments."""
    return Tally(
        comments=len(given),
        shown=sum(one.is_shown for one in given),
        private=sum(not one.said.is_public for one in given),
        hidden=sum(one.said.is_public and one.is_hidden for one in given),
        late=sum(bool(one.late_reason) for one in given),
        outcomes=Counter(
            one.disposition.disposition.outcome for one in given if one.disposition is not None
        ),
    )
