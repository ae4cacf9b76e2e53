"""Improvement plans before the CERT: accepted, or returned with a reason."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput, WrongState
from cyberposture.services.assessments.questionnaire import read_questionnaire
from cyberposture.services.review import improving
from cyberposture.web.pages.cert.campaigns import Faults, leniently, located
from cyberposture.web.pages.institution.improvements import about_plan
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
PLANS = "/cert/plans"
ONE = "/cert/plans/{institution}/{round_code}"


class DecisionForm(BaseModel):
    """What the CERT says to a plan."""

    form_key: str = Field("", max_length=200)
    do: str = Field("", max_length=10)
    reason: str = Field("", max_length=5_000)


@router.get(PLANS)
def list_plans(visit: Annotated[Visit, Depends(Allowed("accept-plan"))]) -> HTMLResponse:
    """List the plans that were handed in, those that wait first."""
    return visit.show("cert/plans.html.j2", rows=improving.list_plans(visit.register))


@router.get(ONE)
def show_plan(
    visit: Annotated[Visit, Depends(Allowed("accept-plan"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show one plan."""
    return _show(visit, institution, round_code)


def _show(
    visit: Visit,
    institution: str,
    round_code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    reason: str = "",
) -> HTMLResponse:
    asked = read_questionnaire(visit.register, institution, round_code)
    plan = improving.read_plan(visit.register, institution, round_code)
    return visit.show(
        "cert/improvement.html.j2", status, asked=asked, round_code=round_code,
        faults=faults or [], fault=leniently(faults or []), reason=reason,
        **about_plan(visit, plan, ZoneInfo(asked.institution.zone)),
    )  # fmt: skip


@router.post(ONE)
def decide(
    visit: Annotated[Visit, Depends(Allowed("accept-plan"))],
    institution: str,
    round_code: str,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    """Accept a plan, or return it."""
    require_form_key(visit, form.form_key)
    reason, accepts = plain(form.reason), form.do == "accept"
    try:
        improving.decide_plan(
            visit.register, institution, round_code, accepts=accepts, reason=reason
        )
    except InvalidInput:
        fault = str(visit.words.say("review.needs.reason"))
        return _show(visit, institution, round_code, 422, faults=[("reason", fault)])
    except WrongState as error:
        return _show(visit, institution, round_code, 409, faults=located(error), reason=reason)
    return visit.go(PLANS, "plan-accepted" if accepts else "plan-returned")
