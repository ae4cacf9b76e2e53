"""The institution's result: shown for its comments, then final, with the appeal against it."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.scoring.explain import people as shown
from cyberposture.services.people.names import names_of
from cyberposture.services.review import appealing, outcome, releasing
from cyberposture.services.review.outcome import Outcome
from cyberposture.web.pages.cert.campaigns import Faults, leniently, located
from cyberposture.web.pages.cert.claims import title_in
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
RESULT = "/institutions/{institution}/rounds/{round_code}/result"


class CommentForm(BaseModel):
    """What the institution says, to one control or (none) to the whole."""

    form_key: str = Field("", max_length=200)
    control: str = Field("", max_length=10)
    text: str = Field("", max_length=20_000)


class AppealForm(BaseModel):
    """An appeal: its grounds and the controls that it is about."""

    form_key: str = Field("", max_length=200)
    controls: str = Field("", max_length=2_000)
    grounds: str = Field("", max_length=20_000)


def about_outcome(visit: Visit, found: Outcome) -> dict[str, Any]:
    """Return what a page shows of a result: its numbers in words, and all that was said to it."""
    words, zone = visit.words, ZoneInfo(found.asked.institution.zone)
    said = [c for one in found.controls for c in one.comments] + list(found.comments)
    names = names_of(visit.register, {one.act.actor for one in said})
    whole = None if found.result is None else found.result.institution
    return {
        "found": found,
        "whole": None if whole is None else {
            "band": whole.band or str(words.say("review.no_band")),
            "verified": shown(whole.verified),
            "declared": shown(whole.declared),
            "holding": whole.gates_holding,
        },
        "until": "" if found.comments_until is None else words.minute(found.comments_until, zone),
        "comments": [(words.minute(c.act.at, zone), names.get(c.act.actor, c.act.actor),
                      c.act.reason) for c in reversed(found.comments)],
        "outcomes": [
            (one, title_in(words, found.asked, one.control),
             [(words.minute(c.act.at, zone), names.get(c.act.actor, c.act.actor), c.act.reason)
              for c in one.comments])
            for one in found.controls
        ],
        "corrections": [
            (shown(one.old.summary.verified), shown(one.new.summary.verified),
             words.day(one.new.summary.act.at, zone), one.new.summary.act.reason, one.new.told)
            for one in found.corrections
        ],
    }  # fmt: skip


@router.get(RESULT)
def show_result(
    visit: Annotated[Visit, Depends(Allowed("reply-to-result"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show the result as it stands, with what was said to it."""
    return _show(visit, institution, round_code)


def _show(
    visit: Visit,
    institution: str,
    round_code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: dict[str, Any] | None = None,
) -> HTMLResponse:
    found = outcome.read_outcome(visit.register, institution, round_code)
    zone = ZoneInfo(found.asked.institution.zone)
    return visit.show(
        "institution/result.html.j2",
        status,
        asked=found.asked,
        round_code=round_code,
        state=found.asked.assessment.state,
        at=f"/institutions/{institution}/rounds/{round_code}/result",
        appeals=[
            (one, visit.words.minute(one.act.at, zone),
             "" if one.decided_at is None else visit.words.minute(one.decided_at, zone))
            for one in found.appeals
        ],
        faults=faults or [],
        fault=leniently(faults or []),
        typed=leniently(typed or {}),
        **about_outcome(visit, found),
    )  # fmt: skip


@router.post(f"{RESULT}/comments")
def comment(
    visit: Annotated[Visit, Depends(Allowed("reply-to-result"))],
    institution: str,
    round_code: str,
    form: Annotated[CommentForm, Form()],
) -> Response:
    """Keep a comment; it is printed beside the finding."""
    require_form_key(visit, form.form_key)
    control = form.control.strip().upper() or None
    text = plain(form.text)
    if not text:
        fault = str(visit.words.say("review.needs.comment"))
        return _show(
            visit, institution, round_code, 422, faults=[("text", fault)], typed=form.model_dump()
        )
    try:
        releasing.comment(visit.register, institution, round_code, control, text)
    except (WrongState, NotFound) as error:
        typed = form.model_dump()
        return _show(visit, institution, round_code, 409, faults=located(error), typed=typed)
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/result", "comment-kept")


@router.post(f"{RESULT}/no-more")
def say_no_more(
    visit: Annotated[Visit, Depends(Allowed("reply-to-result"))],
    institution: str,
    round_code: str,
    form: Annotated[CommentForm, Form()],
) -> Response:
    """Say that the institution has nothing to add."""
    require_form_key(visit, form.form_key)
    releasing.say_no_more(visit.register, institution, round_code)
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/result", "comments-ended")


@router.post(f"{RESULT}/appeal")
def appeal(
    visit: Annotated[Visit, Depends(Allowed("reply-to-result"))],
    institution: str,
    round_code: str,
    form: Annotated[AppealForm, Form()],
) -> Response:
    """Appeal against the final result."""
    require_form_key(visit, form.form_key)
    controls = form.controls.upper().replace(",", " ").split()
    grounds = plain(form.grounds)
    try:
        appealing.appeal(visit.register, institution, round_code, controls, grounds=grounds)
    except InvalidInput:
        fault = str(visit.words.say("review.needs.grounds"))
        faults, status = [("grounds", fault)], 422
    except (WrongState, NotFound) as error:
        faults, status = located(error), 409
    else:
        return visit.go(f"/institutions/{institution}/rounds/{round_code}/result", "appealed")
    return _show(visit, institution, round_code, status, faults=faults, typed=form.model_dump())
