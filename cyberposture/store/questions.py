"""Questions to the CERT, its answers, and what of them everybody may read.

What is shared stands in rows of its own that name no institution: nothing leads back from there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.reference_numbers import next_reference


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """What the CERT answered; a later answer stands beside the earlier ones."""

    number: int
    text: str
    act: Act


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """A question under its reference number, with its answers, oldest first."""

    id: UUID
    code: str
    institution_id: UUID
    institution: str
    round: str | None
    control: str | None
    text: str
    act: Act
    answers: tuple[QuestionAnswer, ...]


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """A question and its answer as everybody may read them."""

    code: str
    control: str | None
    question: str
    answer: str
    act: Act
    withdrawn_at: datetime | None


def insert_question(
    connection: Connection,
    institution_id: UUID,
    text: str,
    act: Act,
    *,
    assessment_id: UUID | None,
    control: str | None,
) -> str:
    """Enter a question under a fresh reference number and return that number."""
    code = next_reference(connection, "Q", act.at.year)
    connection.execute(
        sa.insert(t.questions),
        {
            "id": uuid4(),
            "code": code,
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "control": control,
            "text": text,
            **act.written(),
        },
    )
    return code


def insert_answer(connection: Connection, code: str, text: str, act: Act) -> QuestionRecord:
    """Write what the CERT answers and return the question as it stood before.

    Raises:
        NotFound: there is no such question.
    """
    q = t.questions
    connection.execute(sa.select(q.c.id).where(q.c.code == code).with_for_update())
    found = get_question(connection, code)
    connection.execute(
        sa.insert(t.question_answers),
        {
            "id": uuid4(),
            "institution_id": found.institution_id,
            "question_id": found.id,
            "number": len(found.answers) + 1,
            "text": text,
            **act.written(),
        },
    )
    return found


def get_question(connection: Connection, code: str) -> QuestionRecord:
    """Return a question.

    Raises:
        NotFound: there is none with this reference number.
    """
    found = _read_all(connection, _questions().where(t.questions.c.code == code))
    if not found:
        raise NotFound("question", code)
    return found[0]


def list_questions(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    institutions: Collection[str] | None = None,
    assessment_id: UUID | None = None,
    waiting_only: bool = False,
    limit: int = 200,
) -> list[QuestionRecord]:
    """Return questions, those that wait longest first, then the answered ones, the newest first."""
    q, a = t.questions, t.question_answers
    is_answered = sa.exists().where(a.c.question_id == q.c.id)
    query = _questions()
    if institution_id is not None:
        query = query.where(q.c.institution_id == institution_id)
    if institutions is not None:
        query = query.where(t.institutions.c.code.in_(list(institutions)))
    if assessment_id is not None:
        query = query.where(q.c.assessment_id == assessment_id)
    if waiting_only:
        query = query.where(~is_answered)
    found = _read_all(connection, query.order_by(is_answered, q.c.at.desc()).limit(limit))
    waiting = [one for one in found if not one.answers]
    return [*reversed(waiting), *(one for one in found if one.answers)]


def share_answer(
    connection: Connection, question: str, answer: str, act: Act, *, control: str | None
) -> str:
    """Write a question and its answer where everybody reads them; return their number."""
    code = next_reference(connection, "S", act.at.year)
    row = {"id": uuid4(), "code": code, "control": control, "question": question, "answer": answer}
    connection.execute(sa.insert(t.shared_answers), row | act.written())
    return code


def withdraw_shared(connection: Connection, code: str, act: Act) -> None:
    """Take a shared answer out of everybody's sight; the row stays.

    Raises:
        NotFound: there is none with this number.
        WrongState: it was withdrawn already.
    """
    s = t.shared_answers
    row = connection.execute(sa.select(s).where(s.c.code == code)).mappings().one_or_none()
    if row is None:
        raise NotFound("shared answer", code)
    if row["withdrawn_at"] is not None:
        raise WrongState(f"{code} was withdrawn already")
    connection.execute(sa.update(s).where(s.c.code == code).values(**act.ended("withdrawn")))


def list_shared(
    connection: Connection, *, words: str = "", controls: Collection[str] | None = None
) -> list[SharedAnswer]:
    """Return what everybody may read, the newest first; with `words`, only where all of them stand.

    A word is found in the question, in the answer, and in the id of the control.
    """
    s = t.shared_answers
    query = sa.select(s).where(s.c.withdrawn_at.is_(None)).order_by(s.c.at.desc()).limit(200)
    if controls is not None:
        query = query.where(s.c.control.in_(list(controls)))
    whole = s.c.question + " " + s.c.answer + " " + sa.func.coalesce(s.c.control, "")
    for word in words.split()[:8]:
        query = query.where(whole.icontains(word, autoescape=True))
    return [_read_shared(row) for row in connection.execute(query).mappings()]


def _questions() -> sa.Select[tuple[Any, ...]]:
    q, a = t.questions, t.assessments
    return (
        sa.select(q, t.institutions.c.code.label("institution"), t.rounds.c.code.label("round"))
        .join(t.institutions, t.institutions.c.id == q.c.institution_id)
        .outerjoin(a, a.c.id == q.c.assessment_id)
        .outerjoin(t.rounds, t.rounds.c.id == a.c.round_id)
    )


def _read_all(connection: Connection, query: sa.Select[tuple[Any, ...]]) -> list[QuestionRecord]:
    rows = connection.execute(query).mappings().all()
    a = t.question_answers
    hanging = sa.select(a).where(a.c.question_id.in_([row["id"] for row in rows]))
    given: dict[UUID, list[QuestionAnswer]] = {}
    for row in connection.execute(hanging.order_by(a.c.question_id, a.c.number)).mappings():
        answer = QuestionAnswer(row["number"], row["text"], read_act(row))
        given.setdefault(row["question_id"], []).append(answer)
    return [
        QuestionRecord(
            id=row["id"],
            code=row["code"],
            institution_id=row["institution_id"],
            institution=row["institution"],
            round=row["round"],
            control=row["control"],
            text=row["text"],
            act=read_act(row),
            answers=tuple(given.get(row["id"], ())),
        )
        for row in rows
    ]


def _read_shared(row: RowMapping) -> SharedAnswer:
    names = ("code", "control", "question", "answer", "withdrawn_at")
    return SharedAnswer(**{name: row[name] for name in names}, act=read_act(row))
