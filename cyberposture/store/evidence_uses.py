"""Which piece of evidence serves which control of an assessment; a use is ended, never deleted."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.model.assessments import Evidence
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.evidence import EvidenceRecord, digests_of, list_evidence


@dataclass(frozen=True, slots=True)
class UseRecord:
    """That a piece serves a control of an assessment, from when, and until when."""

    id: UUID
    institution_id: UUID
    assessment_id: UUID
    control: str
    evidence_code: str
    import_id: UUID | None
    act: Act
    ended_at: datetime | None


def insert_use(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    control: str,
    code: str,
    import_id: UUID | None = None,
) -> bool:
    """Let a piece serve a control; return False where it does so already.

    Two at once must hold the assessment's lock.
    """
    present = list_uses(connection, assessment_id, controls=[control])
    if any(one.evidence_code == code for one in present):
        return False
    connection.execute(
        sa.insert(t.evidence_uses),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "control": control,
            "evidence_code": code,
            "import_id": import_id,
            **act.written(),
        },
    )
    return True


def end_use(connection: Connection, use_id: UUID, act: Act) -> None:
    """Let a piece serve a control no more."""
    u = t.evidence_uses
    change = sa.update(u).where(u.c.id == use_id, u.c.ended_at.is_(None))
    connection.execute(change.values(**act.ended("ended")))


def list_uses(
    connection: Connection,
    assessment_id: UUID,
    *,
    controls: Collection[str] | None = None,
    with_ended: bool = False,
) -> list[UseRecord]:
    """Return what serves the controls of an assessment, in the order in which it came."""
    u = t.evidence_uses
    query = sa.select(u).where(u.c.assessment_id == assessment_id)
    if controls is not None:
        query = query.where(u.c.control.in_(controls))
    if not with_ended:
        query = query.where(u.c.ended_at.is_(None))
    rows = connection.execute(query.order_by(u.c.at, u.c.evidence_code)).mappings()
    return [_read(row) for row in rows]


# Every answer and every card asks these: they are built once, not each time.
_RUNNING = (
    sa.select(t.evidence_uses)
    .where(t.evidence_uses.c.institution_id == sa.bindparam("institution_id"))
    .where(t.evidence_uses.c.ended_at.is_(None))
    .order_by(t.evidence_uses.c.at, t.evidence_uses.c.control)
)
_RUNNING_OF = _RUNNING.where(t.evidence_uses.c.evidence_code == sa.bindparam("code"))
_HELD = (
    sa.select(
        t.evidence_uses.c.control,
        t.evidence_uses.c.at.label("used_at"),
        t.evidence_uses.c.ended_at,
        t.evidence,
    )
    .join(
        t.evidence,
        sa.and_(
            t.evidence.c.institution_id == t.evidence_uses.c.institution_id,
            t.evidence.c.code == t.evidence_uses.c.evidence_code,
        ),
    )
    .where(t.evidence_uses.c.assessment_id == sa.bindparam("assessment_id"))
    .where(t.evidence.c.kind == "held")
    .order_by(t.evidence_uses.c.control, t.evidence.c.code, t.evidence.c.revision)
)
_HELD_OF = _HELD.where(t.evidence_uses.c.control.in_(sa.bindparam("controls", expanding=True)))


def list_uses_of(
    connection: Connection, institution_id: UUID, code: str | None = None
) -> list[UseRecord]:
    """Return where an institution's evidence (or one piece of it) serves now."""
    values: dict[str, Any] = {"institution_id": institution_id}
    if code is not None:
        values["code"] = code
    rows = connection.execute(_RUNNING if code is None else _RUNNING_OF, values).mappings()
    return [_read(row) for row in rows]


def pieces_now(
    connection: Connection, assessment_id: UUID, present: dict[str, tuple[Evidence, ...]]
) -> dict[str, tuple[Evidence, ...]]:
    """Return the files that stand behind each of these controls now, as answers name them.

    `present` holds what the newest answers name: a file that never was in the institution's list
    stays; of a listed one the newest revision stands, as long as it serves the control.
    """
    uses = list_uses(connection, assessment_id, controls=list(present), with_ended=True)
    if not uses:
        return present
    institution_id = uses[0].institution_id
    newest = {
        one.code: one for one in list_evidence(connection, institution_id, with_withdrawn=True)
    }
    listed = digests_of(connection, institution_id, {use.evidence_code for use in uses})
    found = {}
    for control, named in present.items():
        own = [use for use in uses if use.control == control]
        known = set[str]().union(*(listed[use.evidence_code] for use in own))
        current = [newest[use.evidence_code] for use in own if use.ended_at is None]
        pieces = [one for one in named if one.sha256 not in known]
        pieces += [p for one in current if _is_own_word(one) and (p := one.piece()) is not None]
        found[control] = tuple({one.sha256: one for one in pieces}.values())
    return found


def seen_pieces(
    connection: Connection,
    assessment_id: UUID,
    *,
    as_of: datetime | None = None,
    controls: Collection[str] | None = None,
) -> dict[str, tuple[Evidence, ...]]:
    """Return what the institution holds itself and a reviewer saw there (by `as_of`), by control.

    It is a reviewer's word, and so stands in no revision of the institution's answer.
    """
    values: dict[str, Any] = {"assessment_id": assessment_id}
    if controls is not None:
        values["controls"] = list(controls)
    newest: dict[tuple[str, str], RowMapping] = {}
    for row in connection.execute(_HELD if controls is None else _HELD_OF, values).mappings():
        ended = row["ended_at"]
        if ended is not None and (as_of is None or ended <= as_of):
            continue
        if as_of is not None and (row["used_at"] > as_of or row["at"] > as_of):
            continue
        newest[row["control"], row["code"]] = row
    found: dict[str, tuple[Evidence, ...]] = defaultdict(tuple)
    for (control, _), row in newest.items():
        if row["seen_at"] is not None and row["withdrawn_at"] is None and row["sha256"]:
            found[control] += (_piece(row),)
    return dict(found)


def _is_own_word(record: EvidenceRecord) -> bool:
    return record.kind == "file" and record.speaks_for_itself


def _piece(row: RowMapping) -> Evidence:
    return Evidence(
        title=row["title"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"] or 0,
        file_name=row["file_name"],
        dated=row["dated"],
        expires=row["expires"],
    )


def _read(row: RowMapping) -> UseRecord:
    names = ("id", "institution_id", "assessment_id", "control", "evidence_code", "import_id")
    named = {name: row[name] for name in names}
    return UseRecord(act=read_act(row), ended_at=row["ended_at"], **named)
