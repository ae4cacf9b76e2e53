"""Comments on drafts: every revision, every act of moderation, and every disposition are kept.

How to reach an author is kept apart and comes with no comment: only `find_contact` tells it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from cyberposture.errors import NotFound
from cyberposture.model.consultations import Comment, Disposition, ModerationAction
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.reference_numbers import next_reference


@dataclass(frozen=True, slots=True)
class CommentRevision:
    """What a comment said from one act on; `group` is the name of a group, or None."""

    revision: int
    author: str
    affiliation: str
    group: str | None
    text: str
    is_public: bool
    act: Act


@dataclass(frozen=True, slots=True)
class Moderation:
    """That a comment was hidden or shown again; its act says why."""

    number: int
    action: ModerationAction
    act: Act


@dataclass(frozen=True, slots=True)
class DispositionRecord:
    """What came of a comment; the reason is that of the disposition, and of its act."""

    revision: int
    disposition: Disposition
    act: Act


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """A comment as it stands; its act entered it."""

    id: UUID
    code: str
    consultation: str
    control: str | None
    clause: str | None
    event: str | None
    on_behalf: bool
    late_reason: str
    act: Act
    said: CommentRevision
    moderation: Moderation | None
    """The last act of moderation."""
    disposition: DispositionRecord | None
    """The standing one, which is the last."""
    first_disposed_at: datetime | None

    @property
    def is_hidden(self) -> bool:
        """Whether moderation hides it now."""
        return self.moderation is not None and self.moderation.action == "hide"

    @property
    def is_shown(self) -> bool:
        """Whether everybody may read it: its author does not object, and nobody hid it."""
        return self.said.is_public and not self.is_hidden

    @property
    def about(self) -> str:
        """The id of the control or clause; empty for the draft as a whole."""
        return self.control or self.clause or ""


def insert_comment(
    connection: Connection,
    consultation_id: UUID,
    comment: Comment,
    act: Act,
    *,
    group_id: UUID | None,
    event_id: UUID | None,
    late_reason: str = "",
) -> str:
    """Enter a comment under a fresh reference number and return that number."""
    comment_id = uuid4()
    code = next_reference(connection, "C", act.at.year)
    connection.execute(
        sa.insert(t.comments),
        {
            "id": comment_id,
            "consultation_id": consultation_id,
            "code": code,
            **comment.model_dump(include={"control", "clause", "on_behalf"}),
            "event_id": event_id,
            "late_reason": late_reason,
            **act.written(),
        },
    )
    said = comment.model_dump(include={"author", "affiliation", "text", "is_public"})
    _insert_revision(connection, comment_id, 1, {**said, "group_id": group_id}, act)
    if comment.email:
        row = {"comment_id": comment_id, "email": comment.email, **act.written()}
        connection.execute(sa.insert(t.comment_contacts), row)
    return code


def revise_comment(connection: Connection, code: str, act: Act, **changes: Any) -> int:
    """Write a new revision of a comment with these changes and return its number.

    Raises:
        NotFound: there is no such comment.
    """
    comment_id = _lock(connection, code)
    r = t.comment_revisions
    query = sa.select(r).where(r.c.comment_id == comment_id).order_by(r.c.revision.desc()).limit(1)
    last = connection.execute(query).mappings().one()
    kept = {name: last[name] for name in ("author", "affiliation", "group_id", "text", "is_public")}
    _insert_revision(connection, comment_id, last["revision"] + 1, kept | changes, act)
    return int(last["revision"]) + 1


def record_moderation(
    connection: Connection, code: str, action: ModerationAction, act: Act
) -> Moderation:
    """Hide a comment or show it again, and return that act.

    Raises:
        NotFound: there is no such comment.
    """
    comment_id = _lock(connection, code)
    m = t.comment_moderations
    number = _next(connection, m, m.c.number, comment_id)
    row = {"comment_id": comment_id, "number": number, "action": action, **act.written()}
    connection.execute(sa.insert(m), row)
    return Moderation(number, action, act)


def record_disposition(
    connection: Connection, code: str, disposition: Disposition, act: Act
) -> DispositionRecord:
    """Write what came of a comment and return it; earlier dispositions stay.

    Raises:
        NotFound: there is no such comment.
    """
    comment_id = _lock(connection, code)
    d = t.comment_dispositions
    revision = _next(connection, d, d.c.revision, comment_id)
    by = Act(act.actor, disposition.reason, act.at)
    connection.execute(
        sa.insert(d),
        {
            "comment_id": comment_id,
            "revision": revision,
            "outcome": disposition.outcome,
            "changed": list(disposition.changed),
            **by.written(),
        },
    )
    return DispositionRecord(revision, disposition, by)


def list_comments(
    connection: Connection, *, consultation_id: UUID | None = None, control: str | None = None
) -> list[CommentRecord]:
    """Return comments as they stand, in the order in which they came in."""
    c = t.comments
    query = _comments().order_by(c.c.at, c.c.code)
    if consultation_id is not None:
        query = query.where(c.c.consultation_id == consultation_id)
    if control is not None:
        query = query.where(c.c.control == control)
    return _read_all(connection, query)


def get_comment(connection: Connection, code: str) -> CommentRecord:
    """Return one comment as it stands.

    Raises:
        NotFound: there is none with this reference number.
    """
    found = _read_all(connection, _comments().where(t.comments.c.code == code))
    if not found:
        raise NotFound("comment", code)
    return found[0]


def list_revisions(connection: Connection, comment_id: UUID) -> list[CommentRevision]:
    """Return every revision of a comment, oldest first."""
    query = _revisions().where(t.comment_revisions.c.comment_id == comment_id)
    return [_read_revision(row) for row in connection.execute(query).mappings()]


def list_moderations(connection: Connection, comment_id: UUID) -> list[Moderation]:
    """Return every act of moderation on a comment, oldest first."""
    query = _moderations().where(t.comment_moderations.c.comment_id == comment_id)
    return [_read_moderation(row) for row in connection.execute(query).mappings()]


def list_dispositions(connection: Connection, comment_id: UUID) -> list[DispositionRecord]:
    """Return every disposition of a comment, oldest first; the last stands."""
    query = _dispositions().where(t.comment_dispositions.c.comment_id == comment_id)
    return [_read_disposition(row) for row in connection.execute(query).mappings()]


def find_contact(connection: Connection, comment_id: UUID) -> str | None:
    """Return the mail address that an author left for an answer, or None."""
    query = sa.select(t.comment_contacts.c.email).where(
        t.comment_contacts.c.comment_id == comment_id
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def _lock(connection: Connection, code: str) -> UUID:
    query = sa.select(t.comments.c.id).where(t.comments.c.code == code).with_for_update()
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("comment", code)
    return found


def _next(connection: Connection, table: Table, column: sa.Column[int], comment_id: UUID) -> int:
    query = sa.select(sa.func.max(column)).where(table.c.comment_id == comment_id)
    return (connection.execute(query).scalar_one() or 0) + 1


def _insert_revision(
    connection: Connection, comment_id: UUID, revision: int, said: Mapping[str, Any], act: Act
) -> None:
    row = {"comment_id": comment_id, "revision": revision, **said, **act.written()}
    connection.execute(sa.insert(t.comment_revisions), row)


def _comments() -> sa.Select[tuple[Any, ...]]:
    c, e, k = t.comments, t.consultation_events, t.consultations
    return (
        sa.select(c, e.c.code.label("event"), k.c.code.label("consultation"))
        .join(k, k.c.id == c.c.consultation_id)
        .outerjoin(e, e.c.id == c.c.event_id)
    )


def _revisions() -> sa.Select[tuple[Any, ...]]:
    r, g = t.comment_revisions, t.consultation_groups
    return (
        sa.select(r, g.c.name.label("group"))
        .outerjoin(g, g.c.id == r.c.group_id)
        .order_by(r.c.comment_id, r.c.revision)
    )


def _moderations() -> sa.Select[tuple[Any, ...]]:
    m = t.comment_moderations
    return sa.select(m).order_by(m.c.comment_id, m.c.number)


def _dispositions() -> sa.Select[tuple[Any, ...]]:
    d = t.comment_dispositions
    return sa.select(d).order_by(d.c.comment_id, d.c.revision)


def _read_all(connection: Connection, query: sa.Select[tuple[Any, ...]]) -> list[CommentRecord]:
    """Return the comments of a query, with what hangs on them read in one query a kind."""
    rows = connection.execute(query).mappings().all()
    ids = query.with_only_columns(t.comments.c.id).order_by(None)

    def hanging(table: Table, what: sa.Select[tuple[Any, ...]]) -> dict[UUID, list[RowMapping]]:
        found: dict[UUID, list[RowMapping]] = {}
        for row in connection.execute(what.where(table.c.comment_id.in_(ids))).mappings():
            found.setdefault(row["comment_id"], []).append(row)
        return found

    said = hanging(t.comment_revisions, _revisions())
    moderated = hanging(t.comment_moderations, _moderations())
    disposed = hanging(t.comment_dispositions, _dispositions())
    return [
        _read(row, said[row["id"]], moderated.get(row["id"], ()), disposed.get(row["id"], ()))
        for row in rows
    ]


def _read(
    row: RowMapping,
    said: Iterable[RowMapping],
    moderated: Iterable[RowMapping],
    disposed: Iterable[RowMapping],
) -> CommentRecord:
    revisions, moderations, dispositions = list(said), list(moderated), list(disposed)
    return CommentRecord(
        id=row["id"],
        code=row["code"],
        consultation=row["consultation"],
        control=row["control"],
        clause=row["clause"],
        event=row["event"],
        on_behalf=row["on_behalf"],
        late_reason=row["late_reason"],
        act=read_act(row),
        said=_read_revision(revisions[-1]),
        moderation=_read_moderation(moderations[-1]) if moderations else None,
        disposition=_read_disposition(dispositions[-1]) if dispositions else None,
        first_disposed_at=dispositions[0]["at"] if dispositions else None,
    )


def _read_revision(row: RowMapping) -> CommentRevision:
    names = ("revision", "author", "affiliation", "group", "text", "is_public")
    return CommentRevision(**{name: row[name] for name in names}, act=read_act(row))


def _read_moderation(row: RowMapping) -> Moderation:
    return Moderation(row["number"], row["action"], read_act(row))


def _read_disposition(row: RowMapping) -> DispositionRecord:
    said = {name: row[name] for name in ("outcome", "reason", "changed")}
    return DispositionRecord(row["revision"], Disposition(**said), read_act(row))
