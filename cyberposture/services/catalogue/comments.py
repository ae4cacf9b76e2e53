"""Comments on a draft: made by anybody, moderated and answered by the CERT, never overwritten.

The audit log holds reference numbers and digests; what people wrote stands in the register alone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput, WrongState, WrongUsage
from cyberposture.exchange.comments import ReadComment, read_comments
from cyberposture.exchange.sheets import MAX_BYTES, fault_in
from cyberposture.model.consultations import Amendment, Comment, Disposition, ModerationAction
from cyberposture.services.catalogue.consultations import lock_unconcluded
from cyberposture.services.catalogue.drafts import KeptDraft, read_kept
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Change, Register
from cyberposture.store import comments as store
from cyberposture.store import consultations
from cyberposture.store.comments import (
    CommentRecord,
    CommentRevision,
    DispositionRecord,
    Moderation,
)
from cyberposture.store.consultations import ConsultationRecord


@dataclass(frozen=True)
class CommentHistory:
    """A comment with everything that happened to it, oldest first."""

    record: CommentRecord
    revisions: tuple[CommentRevision, ...]
    moderations: tuple[Moderation, ...]
    dispositions: tuple[DispositionRecord, ...]


@dataclass(frozen=True)
class _Ground:
    """What a new comment is compared with."""

    draft: KeptDraft
    groups: dict[str, UUID]
    events: dict[str, UUID]
    said: dict[tuple[str, str, str], str]
    """Where it stands already, by what it is about, who said it, and what."""


def enter(
    register: Register, consultation: str, comment: Comment, *, late: str = ""
) -> CommentRecord:
    """Enter one comment under a reference number and return it.

    Anybody may comment while the consultation is open. The CERT alone enters a comment on
    somebody's behalf, or a late one, for which `late` is the reason.

    Raises:
        NotFound: there is no such consultation.
        InvalidInput: the draft has no such control or clause, or there is no such group or event.
        WrongState: it is closed, or this very comment is there already.
        NotAuthorised: only the CERT may enter it so.
    """
    with register.change("comment-entered") as change:
        record, reason = _lock_open(change, consultation, late)
        if comment.on_behalf:
            require_cert(change)
        ground = _ground(change.connection, record)
        faults = _faults(ground, comment, "arguments")
        if faults:
            raise InvalidInput(faults)
        change.subject = _insert(change, record, ground, comment, reason)
        change.tell(
            consultation=consultation,
            about=comment.control or comment.clause or "",
            sha256=hashlib.sha256(comment.text.encode()).hexdigest(),
            is_public=comment.is_public,
            on_behalf=comment.on_behalf,
            event=comment.event,
            late=bool(reason),
        )
        return store.get_comment(change.connection, change.subject)


def import_comments(
    register: Register, consultation: str, path: Path, *, late: str = ""
) -> list[str]:
    """Enter all comments of a CSV file, or none, and return their reference numbers.

    Raises:
        NotFound: there is no such consultation.
        InvalidInput: with every fault of the file, each at its line and column.
        WrongState: it is closed, and `late` gives no reason.
        NotAuthorised: whoever acts is not of the CERT.
    """
    rows = read_comments(path)
    digest = hashlib.sha256(read_bytes(path, MAX_BYTES)).hexdigest()
    with register.change("comments-imported", consultation) as change:
        require_cert(change)
        record, reason = _lock_open(change, consultation, late)
        ground = _ground(change.connection, record)
        faults = _all_faults(ground, rows)
        if faults:
            raise InvalidInput(faults)
        given = [row.comment for row in rows if row.comment is not None]
        codes = [_insert(change, record, ground, comment, reason) for comment in given]
        change.tell(
            file=path.name,
            sha256=digest,
            comments=len(codes),
            first=codes[0],
            last=codes[-1],
            late=bool(reason),
        )
    return codes


def amend(
    register: Register, code: str, amendment: Amendment, *, reason: str = ""
) -> CommentRecord:
    """Write a new revision of a comment, as its author asked, and return the comment.

    Whether it is published may change at any time, what it says until the consultation is over.

    Raises:
        NotFound: there is no such comment.
        WrongState: the consultation is over.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("comment-amended", code, reason=reason) as change:
        require_cert(change)
        present = store.get_comment(change.connection, code)
        if amendment.text is not None:
            lock_unconcluded(change, present.consultation)
        changes = amendment.model_dump(exclude_none=True)
        revision = store.revise_comment(change.connection, code, change.by, **changes)
        found = store.get_comment(change.connection, code)
        change.tell(
            revision=revision,
            sha256=hashlib.sha256(found.said.text.encode()).hexdigest(),
            is_public=found.said.is_public,
        )
    return found


def moderate(
    register: Register, code: str, action: ModerationAction, *, reason: str
) -> CommentRecord:
    """Hide a comment, or show it again, and return it; the reason is published in its place.

    Raises:
        NotFound: there is no such comment.
        WrongUsage: no reason is given.
        WrongState: it is hidden, or shown, already.
        NotAuthorised: whoever acts is not of the CERT.
    """
    if not reason.strip():
        raise WrongUsage("a comment is hidden or shown again for a --reason")
    with register.change("comment-moderated", code, reason=reason) as change:
        require_cert(change)
        present = store.get_comment(change.connection, code)
        if present.is_hidden == (action == "hide"):
            raise WrongState(f"{code} is {'hidden' if present.is_hidden else 'shown'} already")
        made = store.record_moderation(change.connection, code, action, change.by)
        change.tell(action=action, number=made.number)
        return store.get_comment(change.connection, code)


def dispose(register: Register, code: str, disposition: Disposition) -> CommentRecord:
    """Record what came of a comment and return it; an earlier disposition stays in its history.

    Raises:
        NotFound: there is no such comment.
        WrongState: the consultation is over.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("comment-disposed", code, reason=disposition.reason) as change:
        require_cert(change)
        lock_unconcluded(change, store.get_comment(change.connection, code).consultation)
        made = store.record_disposition(change.connection, code, disposition, change.by)
        change.tell(
            outcome=disposition.outcome,
            changed=list(disposition.changed),
            revision=made.revision,
        )
        return store.get_comment(change.connection, code)


def read_contact(register: Register, code: str, *, reason: str) -> str | None:
    """Return the mail address of an author, or None; that it was read goes on record.

    Raises:
        NotFound: there is no such comment.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("contact-read", code, reason=reason) as change:
        require_cert(change)
        found = store.find_contact(change.connection, store.get_comment(change.connection, code).id)
        change.tell(is_known=found is not None)
    return found


def list_comments(register: Register, consultation: str) -> list[CommentRecord]:
    """Return the comments of a consultation in the order in which they came in.

    Raises:
        NotFound: there is no such consultation.
    """
    with register.reading() as connection:
        record = consultations.get_consultation(connection, consultation)
        return store.list_comments(connection, consultation_id=record.id)


def get_comment(register: Register, code: str) -> CommentHistory:
    """Return one comment with its history.

    Raises:
        NotFound: there is no such comment.
    """
    with register.reading() as connection:
        record = store.get_comment(connection, code)
        return CommentHistory(
            record,
            tuple(store.list_revisions(connection, record.id)),
            tuple(store.list_moderations(connection, record.id)),
            tuple(store.list_dispositions(connection, record.id)),
        )


def _lock_open(change: Change, code: str, late: str) -> tuple[ConsultationRecord, str]:
    """Return the consultation and why a comment is late; empty while it is open."""
    record = lock_unconcluded(change, code)
    if record.state_at(change.now) == "open":
        return record, ""
    if not late.strip():
        raise WrongState(
            f"the consultation {code} is closed and takes no more comments",
            advice="the CERT may enter a late one for a reason: --late REASON",
        )
    require_cert(change)
    return record, late.strip()


def _ground(connection: Connection, record: ConsultationRecord) -> _Ground:
    given = store.list_comments(connection, consultation_id=record.id)
    groups = consultations.list_groups(connection, record.id)
    events = consultations.list_events(connection, record.id)
    return _Ground(
        draft=read_kept(connection, record.consultation.draft),
        groups={one.group.name: one.id for one in groups},
        events={one.code: one.id for one in events},
        said={(one.about, one.said.author, one.said.text): one.code for one in given},
    )


def _key(comment: Comment) -> tuple[str, str, str]:
    return (comment.control or comment.clause or "", comment.author, comment.text)


def _all_faults(ground: _Ground, rows: Sequence[ReadComment]) -> list[Fault]:
    """Return the faults of all rows, those between them too."""
    faults: list[Fault] = []
    seen: dict[tuple[str, str, str], str] = {}
    for row in rows:
        where, comment = row.where, row.comment
        if comment is None:
            faults += row.faults
            # A cell that is wrong in itself is not looked for among what there is.
            wrong = {fault.what.partition(": ")[0] for fault in row.faults}
            asked = {c: v for c, v in row.cells.items() if f"column {c}" not in wrong}
            faults += _unknown(ground, asked, where)
            continue
        faults += _faults(ground, comment, where)
        if _key(comment) in seen:
            faults.append(Fault(where, f"this comment stands in {seen[_key(comment)]} already"))
        seen.setdefault(_key(comment), where)
    return faults


def _faults(ground: _Ground, comment: Comment, where: str) -> list[Fault]:
    """Return for what a comment cannot be taken."""
    faults = _unknown(ground, comment.model_dump(), where)
    if _key(comment) in ground.said:
        faults.append(Fault(where, f"this comment is {ground.said[_key(comment)]} already"))
    return faults


def _unknown(ground: _Ground, given: Mapping[str, str | None], where: str) -> list[Fault]:
    """Return what is named and not there, by column."""
    known = (
        ("control", ground.draft.controls, "the draft has no such control"),
        ("clause", ground.draft.clauses, "the draft has no such clause"),
        ("group", ground.groups, "no such group is invited"),
        ("event", ground.events, "no such event is recorded"),
    )
    return [
        fault_in(where, column, f"{value}: {what}")
        for column, names, what in known
        if (value := given.get(column)) is not None and value not in names
    ]


def _insert(
    change: Change, record: ConsultationRecord, ground: _Ground, comment: Comment, late: str
) -> str:
    return store.insert_comment(
        change.connection,
        record.id,
        comment,
        change.by,
        group_id=None if comment.group is None else ground.groups[comment.group],
        event_id=None if comment.event is None else ground.events[comment.event],
        late_reason=late,
    )
