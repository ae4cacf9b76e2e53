"""Questions to the CERT, its answers, and the list of both that every institution reads.

Who asked is known to the CERT alone. What is shared is written anew for everybody, and refused as
long as it names the institution or the person that asked.
"""

from collections.abc import Collection

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.services.assessments.asked import open_asked
from cyberposture.services.register import Register
from cyberposture.store import institutions, people, questions
from cyberposture.store.questions import QuestionRecord, SharedAnswer

LONGEST_QUESTION = 3000
SHORTEST_NAME = 4
"""Shorter names stand in too many words to be looked for."""


def ask(
    register: Register,
    institution: str,
    text: str,
    *,
    round_code: str | None = None,
    control: str | None = None,
) -> str:
    """Ask the CERT and return the question's reference number.

    Raises:
        InvalidInput: nothing is asked, or too much.
        NotFound: institution, round or assessment is not there, or the control is not asked.
    """
    _require_text("text", text)
    with register.change("question-asked", institution) as change:
        assessment_id = None
        if round_code is not None:
            asked = open_asked(register, change.connection, institution, round_code)
            institution_id, assessment_id = asked.institution_id, asked.assessment.id
            if control is not None and asked.find(control) is None:
                raise NotFound("control", control)
        else:
            institution_id = institutions.get_institution_id(change.connection, institution)
        change.institution_id = institution_id
        code = questions.insert_question(
            change.connection,
            institution_id,
            text,
            change.by,
            assessment_id=assessment_id,
            control=control,
        )
        change.subject = code
        change.tell(round=round_code, control=control)
    return code


def answer(register: Register, code: str, text: str) -> None:
    """Answer a question; a second answer stands beside the first.

    Raises:
        InvalidInput: nothing is said, or too much.
        NotFound: there is no such question.
    """
    _require_text("text", text)
    with register.change("question-answered", code) as change:
        found = questions.insert_answer(change.connection, code, text, change.by)
        change.institution_id = found.institution_id
        change.tell(number=len(found.answers) + 1)


def share(
    register: Register, code: str, question: str, said: str, *, control: str | None = None
) -> str:
    """Write a question and its answer for everybody, and return their number in the shared list.

    Raises:
        InvalidInput: nothing is said, or it names the institution or the person that asked.
        NotFound: there is no such question.
    """
    _require_text("question", question)
    _require_text("answer", said)
    with register.change("answer-shared") as change:
        found = questions.get_question(change.connection, code)
        names = _names(change.connection, found, register)
        faults = [
            Fault(where, f"names {name}: everybody would know who asked")
            for where, text in (("question", question), ("answer", said))
            for name in names
            if name.casefold() in text.casefold()
        ]
        if faults:
            raise InvalidInput(faults)
        shared = questions.share_answer(
            change.connection, question, said, change.by, control=control
        )
        # The entry stands in the centre's chain and does not say which question it was.
        change.subject = shared
        change.tell(control=control)
    return shared


def _names(connection: Connection, found: QuestionRecord, register: Register) -> list[str]:
    """Return what would tell who asked: names of the institution and of the person."""
    record = institutions.get_institution_by_id(
        connection, found.institution_id, as_of=register.clock()
    )
    person = people.find_person(connection, found.act.actor)
    known = [record.institution.name, record.institution.code, found.code, found.act.actor]
    if person is not None:
        known.append(person.person.name)
    return [one for one in dict.fromkeys(known) if len(one) >= SHORTEST_NAME]


def withdraw(register: Register, code: str, *, reason: str) -> None:
    """Take a shared answer out of everybody's sight, for a reason.

    Raises:
        InvalidInput: no reason is given.
        NotFound: there is none with this number.
        WrongState: it was withdrawn already.
    """
    _require_text("reason", reason)
    with register.change("answer-withdrawn", code, reason=reason) as change:
        questions.withdraw_shared(change.connection, code, change.by)


def get_question(register: Register, code: str) -> QuestionRecord:
    """Return one question.

    Raises:
        NotFound: there is none with this reference number.
    """
    with register.reading() as connection:
        return questions.get_question(connection, code)


def list_questions(
    register: Register,
    *,
    institution: str | None = None,
    institutions_only: Collection[str] | None = None,
    waiting_only: bool = False,
) -> list[QuestionRecord]:
    """Return questions: those that wait longest first, then the answered ones, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        return questions.list_questions(
            connection,
            institution_id=institutions.get_owner_id(connection, institution),
            institutions=institutions_only,
            waiting_only=waiting_only,
        )


def list_shared(
    register: Register, *, words: str = "", controls: Collection[str] | None = None
) -> list[SharedAnswer]:
    """Return what everybody may read, the newest first; with `words`, where all of them stand."""
    with register.reading() as connection:
        return questions.list_shared(connection, words=words, controls=controls)


def _require_text(where: str, text: str) -> None:
    if not text.strip():
        raise InvalidInput(Fault(where, "nothing is written here yet"))
    if len(text) > LONGEST_QUESTION:
        raise InvalidInput(Fault(where, f"at most {LONGEST_QUESTION} characters"))
