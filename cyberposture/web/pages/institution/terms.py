"""The terms of a round, read before anything is answered: who sees what, and until when."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.model.campaigns import ALWAYS_SHOWN
from cyberposture.services.assessments import campaigns
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
TERMS = "/institutions/{institution}/rounds/{round_code}/terms"


class NoteForm(BaseModel):
    """That the terms were read."""

    form_key: str = Field("", max_length=200)


@router.get(TERMS)
def show_terms(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show the terms, and whether they were noted."""
    told = campaigns.read_terms(visit.register, institution, round_code)
    zone = ZoneInfo(told.zone)
    due = told.campaign.record.round.due if told.invitation is None else told.invitation.due_at
    noted = None if told.invitation is None else told.invitation.noted_at
    return visit.show(
        "institution/terms.html.j2", told=told, institution=institution, round_code=round_code,
        due=visit.words.day(due, zone), may_note=visit.may("submit", institution),
        noted="" if noted is None else visit.words.minute(noted, zone), always=ALWAYS_SHOWN,
    )  # fmt: skip


@router.post(TERMS)
def note_terms(
    visit: Annotated[Visit, Depends(Allowed("submit"))],
    institution: str,
    round_code: str,
    form: Annotated[NoteForm, Form()],
) -> Response:
    """Note the terms and begin with the scope."""
    require_form_key(visit, form.form_key)
    opened = campaigns.note_terms(visit.register, institution, round_code)
    onward = "scope" if opened.state in ("planned", "scoping") else "controls"
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/{onward}", "terms-noted")
