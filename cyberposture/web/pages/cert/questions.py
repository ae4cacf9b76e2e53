"""Questions of institutions at the CERT's desk: answered, and shared with everybody namelessly.

A reviewer sees the questions of the institutions that were assigned to them.
"""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput, NotFound
from cyberposture.services.assessments import asking
from cyberposture.services.people.names import names_of
from cyberposture.services.people.reach import assigned_to
from cyberposture.services.people.roles import CERT
from cyberposture.store.questions import QuestionRecord
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
QUESTIONS = "/cert/questions"
ONE = "/cert/questions/{institution}/{question}"
_HERE = ZoneInfo("Asia/Karachi")


class AnswerForm(BaseModel):
    """What the CERT answers, or shares."""

    form_key: str = Field("", max_length=200)
    answer: str = Field("", max_length=20_000)
    question: str = Field("", max_length=20_000)


class WithdrawForm(BaseModel):
    """Which shared answer goes, and why."""

    form_key: str = Field("", max_length=200)
    shared: str = Field("", max_length=40)
    reason: str = Field("", max_length=5000)


@dataclass(frozen=True)
class Place:
    """Which question is meant."""

    institution: str
    question: str

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/cert/questions/{self.institution}/{self.question}"


@router.get(QUESTIONS)
def list_questions(visit: Annotated[Visit, Depends(Allowed("answer-question"))]) -> HTMLResponse:
    """List the questions, those that wait longest first."""
    only = None
    if not {one.role for one in visit.person.memberships} & CERT:
        only = assigned_to(visit.register, visit.person.person)
    found = asking.list_questions(visit.register, institutions_only=only)
    rows = [(one, visit.words.day(one.act.at, _HERE)) for one in found]
    return visit.show("cert/questions.html.j2", rows=rows, may_withdraw=visit.may("confirm-scope"))


@router.get(ONE)
def show_question(
    visit: Annotated[Visit, Depends(Allowed("answer-question"))],
    place: Annotated[Place, Depends()],
) -> HTMLResponse:
    """Show one question with its answers."""
    return _show(visit, place)


def _get(visit: Visit, place: Place) -> QuestionRecord:
    found = asking.get_question(visit.register, place.question)
    if found.institution != place.institution:
        raise NotFound("question", place.question)
    return found


def _show(
    visit: Visit,
    place: Place,
    status: int = 200,
    *,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    found = _get(visit, place)
    words = visit.words
    names = names_of(visit.register, [found.act.actor, *(one.act.actor for one in found.answers)])
    return visit.show(
        "cert/question.html.j2",
        status,
        place=place,
        question=found,
        who=names.get(found.act.actor, found.act.actor),
        when=words.minute(found.act.at, _HERE),
        answers=[
            (words.minute(one.act.at, _HERE), names.get(one.act.actor, ""), one.text)
            for one in reversed(found.answers)
        ],
        last=found.answers[-1].text if found.answers else "",
        faults=faults or {},
        typed=typed or {},
    )


@router.post(f"{ONE}/answer")
def answer(
    visit: Annotated[Visit, Depends(Allowed("answer-question"))],
    place: Annotated[Place, Depends()],
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Answer the institution."""
    require_form_key(visit, form.form_key)
    _get(visit, place)
    text = plain(form.answer)
    try:
        asking.answer(visit.register, place.question, text)
    except InvalidInput as error:
        faults = {"answer": error.faults[0].what}
        return _show(visit, place, 422, faults=faults, typed={"answer": text})
    return visit.go(place.path, "question-answered")


@router.post(f"{ONE}/share")
def share(
    visit: Annotated[Visit, Depends(Allowed("answer-question"))],
    place: Annotated[Place, Depends()],
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Write question and answer for everybody, without whom it came from."""
    require_form_key(visit, form.form_key)
    found = _get(visit, place)
    question, said = plain(form.question), plain(form.answer)
    try:
        asking.share(visit.register, found.code, question, said, control=found.control)
    except InvalidInput as error:
        faults = {f"shared-{one.where}": one.what for one in error.faults}
        typed = {"shared-question": question, "shared-answer": said}
        return _show(visit, place, 422, faults=faults, typed=typed)
    return visit.go("/questions", "answer-shared")


@router.get(f"{QUESTIONS}/shared")
def list_shared(visit: Annotated[Visit, Depends(Allowed("confirm-scope"))]) -> HTMLResponse:
    """List what everybody reads, to withdraw what is no longer right."""
    return _show_shared(visit)


def _show_shared(visit: Visit, status: int = 200, *, fault: str = "", at: str = "") -> HTMLResponse:
    found = asking.list_shared(visit.register)
    rows = [(one, visit.words.day(one.act.at, _HERE)) for one in found]
    return visit.show("cert/shared.html.j2", status, rows=rows, fault=fault, at=at)


@router.post(f"{QUESTIONS}/shared")
def withdraw(
    visit: Annotated[Visit, Depends(Allowed("confirm-scope"))],
    form: Annotated[WithdrawForm, Form()],
) -> Response:
    """Take a shared answer out of everybody's sight."""
    require_form_key(visit, form.form_key)
    try:
        asking.withdraw(visit.register, form.shared, reason=plain(form.reason))
    except InvalidInput as error:
        return _show_shared(visit, 422, fault=error.faults[0].what, at=form.shared)
    return visit.go(f"{QUESTIONS}/shared", "answer-withdrawn")
