"""Questions to the CERT: what an institution asked and was told, and what everybody may read."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput
from cyberposture.services.assessments import asking
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.people.names import names_of
from cyberposture.store.questions import QuestionRecord
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
SHARED = "/questions"
OWN = "/institutions/{institution}/questions"
_HERE = ZoneInfo("Asia/Karachi")


class QuestionForm(BaseModel):
    """What is asked."""

    form_key: str = Field("", max_length=200)
    question: str = Field("", max_length=20_000)


@router.get(SHARED)
def list_shared(
    visit: Annotated[Visit, Depends(Allowed("see-home"))],
    q: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """List what others asked and what the CERT answered, for everybody."""
    words = plain(q, 200)
    found = asking.list_shared(visit.register, words=words)
    shown = [(one, visit.words.day(one.act.at, _HERE)) for one in found]
    own = sorted(
        {one.institution for one in visit.person.memberships if one.institution is not None}
    )
    asks = [code for code in own if visit.may("ask-the-cert", code)]
    return visit.show(
        "institution/shared-questions.html.j2",
        q=words,
        shown=shown,
        asks=asks,
        answers=visit.may("answer-question"),
    )


@router.get(OWN)
def show_own(
    visit: Annotated[Visit, Depends(Allowed("ask-the-cert"))], institution: str
) -> HTMLResponse:
    """Show what this institution asked and what it was told."""
    return _show(visit, institution)


def _show(
    visit: Visit, institution: str, status: int = 200, *, fault: str = "", typed: str = ""
) -> HTMLResponse:
    record = get_institution(visit.register, institution)
    found = asking.list_questions(visit.register, institution=institution)
    return visit.show(
        "institution/questions.html.j2",
        status,
        institution=record.institution,
        shown=show_questions(visit, found, ZoneInfo(record.institution.zone)),
        fault=fault,
        typed=typed,
    )


def show_questions(
    visit: Visit, found: Sequence[QuestionRecord], zone: ZoneInfo
) -> list[dict[str, object]]:
    """Return questions to the CERT in words, each with what was answered."""
    names = names_of(visit.register, [one.act.actor for one in found])
    return [
        {
            "code": one.code,
            "control": one.control or "",
            "round": one.round or "",
            "text": one.text,
            "who": names.get(one.act.actor, one.act.actor),
            "when": visit.words.minute(one.act.at, zone),
            "answers": [(visit.words.minute(a.act.at, zone), a.text) for a in one.answers],
        }
        for one in found
    ]


@router.post(OWN)
def ask(
    visit: Annotated[Visit, Depends(Allowed("ask-the-cert"))],
    institution: str,
    form: Annotated[QuestionForm, Form()],
) -> Response:
    """Ask the CERT something that belongs to no question of a round."""
    require_form_key(visit, form.form_key)
    text = plain(form.question)
    try:
        asking.ask(visit.register, institution, text)
    except InvalidInput as error:
        return _show(visit, institution, 422, fault=error.faults[0].what, typed=text)
    return visit.go(f"/institutions/{institution}/questions", "question-asked")
