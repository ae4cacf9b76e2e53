"""Questions back: what reviewers ask about single answers, and what the institution replies."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput, WrongState
from cyberposture.services.assessments.questionnaire import read_questionnaire
from cyberposture.services.people.names import names_of
from cyberposture.services.review import clarifying
from cyberposture.web.pages.cert.campaigns import Faults, located
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
QUESTIONS = "/institutions/{institution}/rounds/{round_code}/clarifications"


class ReplyForm(BaseModel):
    """What the institution replies."""

    form_key: str = Field("", max_length=200)
    text: str = Field("", max_length=20_000)


@router.get(QUESTIONS)
def show_questions(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show what was asked back, what waits first."""
    return _show(visit, institution, round_code)


def _show(
    visit: Visit,
    institution: str,
    round_code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    trouble: str = "",
    typed: str = "",
) -> HTMLResponse:
    asked = read_questionnaire(visit.register, institution, round_code)
    threads = clarifying.list_threads(visit.register, institution, round_code)
    names = names_of(visit.register, {one.act.actor for t in threads for one in t.said})
    zone = ZoneInfo(asked.institution.zone)
    at = f"/institutions/{institution}/rounds/{round_code}"
    shown = [
        (one, [(visit.words.minute(said.act.at, zone), names.get(said.act.actor, said.act.actor),
                said.act.reason) for said in reversed(one.said)],
         f"{at}/answers/{one.control.split('-', maxsplit=1)[0]}/{one.control}")
        for one in threads
    ]  # fmt: skip
    return visit.show(
        "institution/clarifications.html.j2",
        status,
        asked=asked,
        round_code=round_code,
        at=at,
        threads=shown,
        waiting=sum(one.is_open for one in threads),
        may_reply=visit.may("answer", institution)
        and asked.state in ("clarification", "in-review"),
        faults=faults or [],
        trouble=trouble,
        typed=typed,
    )


@router.post(f"{QUESTIONS}/{{control}}")
def reply(
    visit: Annotated[Visit, Depends(Allowed("answer"))],
    institution: str,
    round_code: str,
    control: str,
    form: Annotated[ReplyForm, Form()],
) -> Response:
    """Reply to the reviewer's question on one control."""
    require_form_key(visit, form.form_key)
    text = plain(form.text, 2_000)
    where = (institution, round_code)
    try:
        clarifying.reply(visit.register, *where, control, text)
    except InvalidInput:
        fault = str(visit.words.say("review.needs.reply"))
        faults = [(f"reply-{control}", fault)]
        return _show(visit, *where, 422, faults=faults, trouble=control, typed=text)
    except WrongState as error:
        return _show(visit, *where, 409, faults=located(error), trouble=control, typed=text)
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/clarifications", "replied")
