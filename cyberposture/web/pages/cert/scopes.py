"""Scopes that institutions sent: the CERT confirms each, or returns it with a reason."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput
from cyberposture.services.assessments import scoping
from cyberposture.services.institutions import entries
from cyberposture.web.pages.institution.scope import about_scope
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
SCOPES = "/cert/scopes"
ONE = "/cert/scopes/{institution}/{round_code}"
_HERE = ZoneInfo("Asia/Karachi")


class DecisionForm(BaseModel):
    """What the CERT says to the revision that it looked at."""

    form_key: str = Field("", max_length=200)
    revision: int = Field(0, ge=0)
    do: str = Field("", max_length=10)
    reason: str = Field("", max_length=5000)


@router.get(SCOPES)
def list_scopes(visit: Annotated[Visit, Depends(Allowed("confirm-scope"))]) -> HTMLResponse:
    """List what waits."""
    found = scoping.list_waiting(visit.register)
    names = {
        one.institution.code: one.institution.name
        for one in entries.list_institutions(visit.register)
    }
    rows = [(one, names.get(one.institution, ""), visit.words.day(one.act.at, _HERE))
            for one in found]  # fmt: skip
    return visit.show("cert/scopes.html.j2", rows=rows)


@router.get(ONE)
def show_scope(
    visit: Annotated[Visit, Depends(Allowed("confirm-scope"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show the newest scope that was sent, and what would follow."""
    return _show(visit, institution, round_code)


def _show(
    visit: Visit, institution: str, round_code: str, status: int = 200, fault: str = ""
) -> HTMLResponse:
    found = scoping.read_scoping(visit.register, institution, round_code)
    sent = [one for one in found.history if one.is_sent]
    scope = sent[-1].scope if sent else found.scope
    then = scoping.follow(found.asked, scope)
    return visit.show(
        "cert/scope.html.j2",
        status,
        scope=scope,
        waiting=found.waiting,
        fault=fault,
        **about_scope(visit, found, then),
    )


@router.post(ONE)
def decide(
    visit: Annotated[Visit, Depends(Allowed("confirm-scope"))],
    institution: str,
    round_code: str,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    """Confirm the scope, or return it with a reason."""
    require_form_key(visit, form.form_key)
    where = (institution, round_code, form.revision)
    reason = plain(form.reason)
    try:
        if form.do == "confirm":
            scoping.confirm_scope(visit.register, *where, reason=reason)
        else:
            scoping.return_scope(visit.register, *where, reason=reason)
    except InvalidInput as error:
        return _show(visit, institution, round_code, 422, error.faults[0].what)
    return visit.go(SCOPES, "scope-confirmed" if form.do == "confirm" else "scope-returned")
