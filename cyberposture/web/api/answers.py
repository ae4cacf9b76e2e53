"""Assessments and answers for the institutions' own tools: read, and written without overwriting.

Every answer carries its revision as an ETag; who writes says with If-Match which revision they had
before them, so that nobody's words are lost. Source: RFC 9110, 13.1.1; RFC 6585, 3.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from cyberposture.errors import Conflict, Fault, InvalidInput, NotFound
from cyberposture.model.assessments import Level
from cyberposture.model.controls import Control
from cyberposture.services.assessments import assess
from cyberposture.services.assessments.asked import Asked, read_asked, takes_answer
from cyberposture.services.assessments.questionnaire import save_answer
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.web.api.bearer import PREFIX, Permitted, problem, problems
from cyberposture.web.api.pages import MOST, After, Limit, Page, page_of
from cyberposture.web.surroundings import Visit, plain

router = APIRouter(prefix=PREFIX, tags=["assessments"])
ROUND = "/institutions/{institution}/rounds/{round_code}"
_TAG = re.compile(r'\s*"(?P<revision>[0-9]{1,9})"\s*')
Readers = Annotated[Visit, Depends(Permitted("see-answers", "answers"))]


@dataclass(frozen=True)
class Place:
    """Which answer is meant."""

    institution: str
    round_code: str
    control: str


class AssessmentShape(BaseModel):
    """What an institution is asked in one round, and how far it is."""

    round: str
    state: str
    due: datetime | None = Field(description="Where it differs from the round's own date.")
    controls: int
    answered: int


class AnswerShape(BaseModel):
    """An answer as it stands; revision 0: there is none yet."""

    control: str
    revision: int
    level: int | None
    not_applicable: str | None = Field(description="Why it does not apply, if it does not.")
    reason: str
    is_suggestion: bool = Field(description="Carried over and nobody's word yet.")
    by: str | None
    at: datetime | None


class QuestionShape(BaseModel):
    """One control as it is asked."""

    control: str
    domain: str
    title: str
    statement: str
    levels: dict[str, str]
    takes_answer: bool = Field(description="False where the network alone decides.")
    answer: AnswerShape


class AnswerGiven(BaseModel):
    """An answer to keep: a level, or why the control does not apply, or neither to take it back."""

    model_config = ConfigDict(extra="forbid")

    level: Literal[0, 1, 2, 3] | None = None
    not_applicable: str | None = Field(default=None, max_length=5_000)
    reason: str = Field(default="", max_length=5_000)


def answer_shape(control: str, given: AnswerRevision | None) -> AnswerShape:
    """Return an answer, or the lack of one, for a machine."""
    if given is None:
        return AnswerShape(
            control=control, revision=0, level=None, not_applicable=None, reason="",
            is_suggestion=False, by=None, at=None,
        )  # fmt: skip
    said = given.answer
    return AnswerShape(
        control=control, revision=given.revision, level=said.level,
        not_applicable=said.not_applicable, reason=said.reason,
        is_suggestion=given.is_suggestion, by=given.act.actor, at=given.act.at,
    )  # fmt: skip


def question_shape(asked: Asked, control: Control) -> QuestionShape:
    """Return one control with its answer for a machine."""
    levels = {} if control.levels is None else control.levels.model_dump(by_alias=True)
    return QuestionShape(
        control=control.id,
        domain=control.domain,
        title=control.title,
        statement=control.statement,
        levels={str(level): text for level, text in sorted(levels.items())},
        takes_answer=takes_answer(control),
        answer=answer_shape(control.id, asked.given.get(control.id)),
    )


def _assessment_shape(one: AssessmentRecord) -> AssessmentShape:
    return AssessmentShape(
        round=one.round, state=one.state, due=one.due_at, controls=one.controls,
        answered=one.answered,
    )  # fmt: skip


@router.get("/institutions/{institution}/rounds", responses=problems())
def list_assessments(
    visit: Readers, institution: str, after: After = "", limit: Limit = MOST
) -> Page[AssessmentShape]:
    """List the rounds in which an institution is asked."""
    found = assess.list_assessments(visit.register, institution=institution)
    return page_of(found, lambda one: one.round, _assessment_shape, after, limit)


@router.get(f"{ROUND}/questions", responses=problems())
def list_questions(
    visit: Readers, institution: str, round_code: str, after: After = "", limit: Limit = 50
) -> Page[QuestionShape]:
    """List what is asked, in its order, each with the answer as it stands."""
    asked = read_asked(visit.register, institution, round_code)
    return page_of(
        asked.controls, lambda one: one.id, lambda one: question_shape(asked, one), after, limit
    )


@router.get(f"{ROUND}/answers/{{control}}", responses={304: {}, **problems()}, response_model=None)
def read_answer(
    visit: Readers,
    place: Annotated[Place, Depends()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Read one answer; its revision is the ETag."""
    asked = read_asked(visit.register, place.institution, place.round_code)
    if asked.find(place.control) is None:
        raise NotFound("control", place.control)
    shown = answer_shape(place.control, asked.given.get(place.control))
    if if_none_match is not None and _revision(if_none_match, "If-None-Match") == shown.revision:
        return Response(status_code=304, headers={"ETag": f'"{shown.revision}"'})
    return _answer(shown)


@router.put(f"{ROUND}/answers/{{control}}", responses=problems(409, 412, 428), response_model=None)
def keep_answer(
    visit: Annotated[Visit, Depends(Permitted("answer", "answers-write"))],
    place: Annotated[Place, Depends()],
    given: AnswerGiven,
    if_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Keep one answer as a new revision, unless somebody else did meanwhile."""
    if if_match is None:
        detail = 'say with If-Match which revision you had before you; "0" where there was none'
        return problem(428, "say-which-revision", detail)
    level: Level | None = given.level
    reason = plain(given.reason)
    aside = None if given.not_applicable is None else plain(given.not_applicable)
    if aside is not None and (level is not None or not aside):
        raise InvalidInput(Fault("not_applicable", "a reason, and no level beside it"))
    try:
        written = save_answer(
            visit.register, place.institution, place.round_code, place.control,
            level=level, not_applicable=aside, reason="" if aside else reason,
            seen_revision=_revision(if_match, "If-Match"),
        )  # fmt: skip
    except Conflict:
        detail = "somebody answered meanwhile: read the answer again, and nothing is lost"
        return problem(412, "answered-meanwhile", detail)
    return _answer(answer_shape(place.control, written))


def _answer(shown: AnswerShape) -> Response:
    body = shown.model_dump_json()
    headers = {"ETag": f'"{shown.revision}"'}
    return Response(body, media_type="application/json", headers=headers)


def _revision(tag: str, header: str) -> int:
    found = _TAG.fullmatch(tag)
    if found is None:
        raise InvalidInput(Fault(header, 'a revision in quotation marks, such as "3"'))
    return int(found["revision"])
