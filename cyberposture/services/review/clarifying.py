"""Questions back: a reviewer reopens single controls, the institution answers those alone."""

from dataclasses import dataclass

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model, Sentence
from cyberposture.model.life import NEXT
from cyberposture.services.assessments.asked import Asked, open_asked, takes_answer
from cyberposture.services.assessments.still_open import ASKED, SETTLED
from cyberposture.services.register import Register
from cyberposture.services.review.assigning import require_assigned
from cyberposture.services.review.holding import hold
from cyberposture.services.review.standing import waiting_for_reply
from cyberposture.store import answers, assessments
from cyberposture.store import clarifications as store
from cyberposture.store.acts import Act
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.clarifications import Said
from cyberposture.store.steps import take_step


class _Text(Model):
    text: Sentence


def _require_text(text: str) -> str:
    return build_row(_Text, "arguments", {"text": text}).text


@dataclass(frozen=True)
class Thread:
    """What was asked and said about one control, and the answer as it is now."""

    control: str
    said: tuple[Said, ...]
    answer: AnswerRevision | None

    @property
    def is_open(self) -> bool:
        """Whether it waits for the institution."""
        return self.said[-1].kind == "asked"


def ask_back(
    register: Register, institution: str, round_code: str, control: str, question: str
) -> None:
    """Reopen one control with a question to the institution.

    Raises:
        InvalidInput: the question is empty, or the control takes no answer.
        NotAuthorised: the review was not given to whoever acts.
        NotFound: institution, round, assessment or control is not there.
        WrongState: the review is not under way, or a question on this control waits already.
    """
    text = _require_text(question)
    with register.change("clarification-asked", f"{institution}/{control}") as change:
        connection = change.connection
        hold(connection, institution, round_code)
        asked = open_asked(register, connection, institution, round_code)
        change.institution_id, assessment = asked.institution_id, asked.assessment
        require_assigned(
            connection, change.by.actor, assessment.id, asked.institution_id, change.now
        )
        _require_answerable(asked, control)
        if control in waiting_for_reply(connection, assessment):
            raise WrongState(
                f"a question on {control} waits for the institution already",
                advice="wait for its reply, then ask again if need be",
            )
        if assessment.state != "clarification":
            take_step(connection, assessment.id, "ask back", change.by)
        own = Act(change.by.actor, text, change.now)
        _say(connection, asked, control, own, kind="asked")
        assessments.record_event(
            connection, assessment.id, ASKED, own, details={"controls": [control]}
        )
        change.tell(round=round_code, control=control, question=text)


def _require_answerable(asked: Asked, control: str) -> None:
    found = asked.find(control)
    if found is None:
        raise NotFound("control in this assessment", control)
    if not takes_answer(found):
        what = f"{control} takes no answer: the network alone decides it"
        raise InvalidInput(Fault("control", what))


def _say(
    connection: Connection, asked: Asked, control: str, act: Act, *, kind: store.SaidKind
) -> None:
    answer = asked.given.get(control)
    store.record_said(
        connection, asked.institution_id, asked.assessment.id, control, act,
        kind=kind, answer_revision=0 if answer is None else answer.revision,
    )  # fmt: skip


def reply(register: Register, institution: str, round_code: str, control: str, text: str) -> int:
    """Say what the institution replies, and return how many questions still wait for it.

    The answer itself may have been changed before. With the last reply the review goes on.

    Raises:
        InvalidInput: the reply is empty.
        NotFound: institution, round or assessment is not there.
        WrongState: no question on this control waits.
    """
    said = _require_text(text)
    with register.change("clarification-replied", f"{institution}/{control}") as change:
        connection = change.connection
        hold(connection, institution, round_code)
        asked = open_asked(register, connection, institution, round_code)
        change.institution_id, assessment = asked.institution_id, asked.assessment
        waiting = store.open_controls(store.list_said(connection, assessment.id))
        if assessment.state not in ("clarification", "in-review") or control not in waiting:
            raise WrongState(
                f"nobody waits for a reply on {control}", advice=NEXT[assessment.state]
            )
        own = Act(change.by.actor, said, change.now)
        _say(connection, asked, control, own, kind="replied")
        assessments.record_event(
            connection, assessment.id, SETTLED, own, details={"controls": [control]}
        )
        left = len(waiting) - 1
        if left == 0 and assessment.state == "clarification":
            take_step(connection, assessment.id, "go on", change.by)
        change.tell(round=round_code, control=control, reply=said, left=left)
    return left


def list_threads(register: Register, institution: str, round_code: str) -> list[Thread]:
    """Return what was asked back and said, by control; what waits for the institution first.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        said = store.list_said(connection, asked.assessment.id)
        given = answers.list_answers(connection, asked.assessment.id)
    by_control: dict[str, list[Said]] = {}
    for one in said:
        by_control.setdefault(one.control, []).append(one)
    threads = [Thread(c, tuple(all_of), given.get(c)) for c, all_of in by_control.items()]
    return sorted(threads, key=lambda one: (not one.is_open, one.control))
