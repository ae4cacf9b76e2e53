"""The questions of one domain on one page, one card a control; each answer is kept by itself."""

from dataclasses import dataclass
from typing import Annotated, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import Conflict, Fault, InvalidInput
from cyberposture.model.assessments import Level
from cyberposture.services.assessments.questionnaire import (
    read_cards,
    read_questionnaire,
    save_answer,
)
from cyberposture.store.answers import AnswerRevision
from cyberposture.web.access import may
from cyberposture.web.pages.cards import (
    NOT_APPLICABLE,
    Typed,
    choice_of,
    reason_of,
    show_card,
    status_of,
)
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
DOMAIN = "/institutions/{institution}/rounds/{round_code}/answers/{domain}"
_LEVELS = {"0": 0, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True)
class Page:
    """Which questions are meant: those of one domain, for one institution, in one round."""

    institution: str
    round_code: str
    domain: str

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}/answers/{self.domain}"


class AnswerForm(BaseModel):
    """What a card sends: `seen` is the revision that the writer had before them."""

    form_key: str = Field("", max_length=200)
    level: str = Field("", max_length=20)
    reason: str = Field("", max_length=20_000)
    seen: int = Field(0, ge=0)


@dataclass(frozen=True)
class Trouble:
    """Why what was typed is not kept: a fault in it, or somebody else's answer."""

    typed: Typed
    fault: str = ""
    theirs: AnswerRevision | None = None


@router.get(DOMAIN)
def show_domain(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], page: Annotated[Page, Depends()]
) -> HTMLResponse:
    """Show the questions of a domain."""
    return _show(visit, page)


def _show(
    visit: Visit, page: Page, status: int = 200, trouble: Trouble | None = None
) -> HTMLResponse:
    asked = read_questionnaire(visit.register, page.institution, page.round_code)
    cards = read_cards(visit.register, page.institution, page.round_code, page.domain)
    place = next(n for n, one in enumerate(asked.domains) if one.id == page.domain)
    zone, words = ZoneInfo(asked.institution.zone), visit.words
    typed = None if trouble is None else trouble.typed
    theirs = None if trouble is None else trouble.theirs
    return visit.show(
        "domain.html.j2",
        status,
        asked=asked,
        due=words.day(asked.due, zone),
        domain=asked.domains[place],
        number=place + 1,
        after=asked.domains[place + 1] if place + 1 < len(asked.domains) else None,
        cards=[show_card(card, asked, words, typed) for card in cards],
        may_answer=asked.may_answer and may(visit.person.memberships, "answer", page.institution),
        trouble="" if typed is None else typed.control,
        fault="" if trouble is None else trouble.fault,
        theirs=None if theirs is None else _version(theirs, visit, zone),
    )


def _version(revision: AnswerRevision, visit: Visit, zone: ZoneInfo) -> dict[str, object]:
    """Return somebody else's answer as a conflict shows it."""
    words, choice = visit.words, choice_of(revision)
    named = {"": "card.unanswered", NOT_APPLICABLE: "card.does_not_apply"}
    return {
        "who": revision.act.actor,
        "time": words.minute(revision.act.at, zone),
        "choice": words.say(named.get(choice, f"level.{choice}")),
        "reason": reason_of(revision),
        "revision": revision.revision,
    }


@router.post(f"{DOMAIN}/{{control}}")
def keep_answer(
    visit: Annotated[Visit, Depends(Allowed("answer"))],
    page: Annotated[Page, Depends()],
    control: str,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Keep one answer; our script gets JSON, a browser without it the page again."""
    require_form_key(visit, form.form_key)
    typed = Typed(control, form.level, plain(form.reason))
    by_script = "application/json" in visit.request.headers.get("accept", "")
    try:
        written = _save(visit, page, typed, form.seen)
    except InvalidInput as error:
        said = error.faults[0].what
        if by_script:
            return JSONResponse({"fault": said}, 422)
        return _show(visit, page, 422, Trouble(typed, fault=said))
    except Conflict as error:
        if by_script:
            return JSONResponse({}, 409)
        theirs = cast("AnswerRevision", error.current)
        return _show(visit, page, 409, Trouble(typed, theirs=theirs))
    if not by_script:
        return RedirectResponse(f"{page.path}#{control}", 303)
    asked = read_questionnaire(visit.register, page.institution, page.round_code)
    said = str(status_of(written, visit.words, ZoneInfo(asked.institution.zone)))
    return JSONResponse({"revision": written.revision, "said": said})


def _save(visit: Visit, page: Page, typed: Typed, seen: int) -> AnswerRevision:
    does_not_apply = typed.level == NOT_APPLICABLE
    if does_not_apply and not typed.reason:
        raise InvalidInput(Fault("reason", str(visit.words.say("card.needs_reason"))))
    if typed.level not in ("", NOT_APPLICABLE, *_LEVELS):
        raise InvalidInput(Fault("level", str(visit.words.say("card.needs_level"))))
    return save_answer(
        visit.register,
        page.institution,
        page.round_code,
        typed.control,
        level=cast("Level | None", _LEVELS.get(typed.level)),
        not_applicable=typed.reason if does_not_apply else None,
        reason="" if does_not_apply else typed.reason,
        seen_revision=seen,
    )
