"""More time: the lead asks for it with a reason, and reads what the CERT said."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import Fault, InvalidInput
from cyberposture.services.assessments import extending
from cyberposture.services.assessments.questionnaire import Questionnaire, read_questionnaire
from cyberposture.services.people.names import names_of
from cyberposture.store.extensions import ExtensionRecord
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
MORE_TIME = "/institutions/{institution}/rounds/{round_code}/more-time"


@dataclass(frozen=True)
class Place:
    """Which assessment is meant."""

    institution: str
    round_code: str

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}/more-time"


class TimeForm(BaseModel):
    """Until which day, and why."""

    form_key: str = Field("", max_length=200)
    wished: str = Field("", max_length=20)
    reason: str = Field("", max_length=5000)


@router.get(MORE_TIME)
def show_time(
    visit: Annotated[Visit, Depends(Allowed("submit"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show the date that holds and what was asked for."""
    return _show(visit, place)


def _show(
    visit: Visit,
    place: Place,
    status: int = 200,
    *,
    faults: list[tuple[str, str]] | None = None,
    typed: TimeForm | None = None,
) -> HTMLResponse:
    where = (place.institution, place.round_code)
    asked = read_questionnaire(visit.register, *where)
    known = extending.list_extensions(visit.register, *where)
    return visit.show(
        "institution/more-time.html.j2",
        status,
        place=place,
        asked=asked,
        due=visit.words.day(asked.due, ZoneInfo(asked.institution.zone)),
        waits=any(one.decision is None for one in known),
        history=_history(visit, asked, known),
        faults=faults or [],
        wished="" if typed is None else typed.wished,
        reason="" if typed is None else plain(typed.reason),
    )


def _history(
    visit: Visit, asked: Questionnaire, known: list[ExtensionRecord]
) -> list[tuple[str, str, str]]:
    zone, words = ZoneInfo(asked.institution.zone), visit.words
    decided = [one.decision.act for one in known if one.decision is not None]
    names = names_of(visit.register, [act.actor for act in [*decided, *(k.act for k in known)]])
    steps = []
    for one in known:
        day = words.day(one.wished, zone)
        steps.append((one.act, words.say("time.was_asked", day=day, why=one.act.reason)))
        if one.decision is not None:
            until = "" if one.decision.until is None else words.day(one.decision.until, zone)
            key, act = f"time.was_{one.decision.outcome}", one.decision.act
            steps.append((act, words.say(key, day=until, why=act.reason)))
    steps.sort(key=lambda step: step[0].at, reverse=True)
    return [
        (words.minute(act.at, zone), names.get(act.actor, act.actor), str(said))
        for act, said in steps
    ]


@router.post(MORE_TIME)
def ask_for_time(
    visit: Annotated[Visit, Depends(Allowed("submit"))],
    place: Annotated[Place, Depends()],
    form: Annotated[TimeForm, Form()],
) -> Response:
    """Ask the CERT for more time."""
    require_form_key(visit, form.form_key)
    where = (place.institution, place.round_code)
    asked = read_questionnaire(visit.register, *where)
    try:
        wished = end_of_day(form.wished, asked.institution.zone)
        extending.ask_for_time(visit.register, *where, wished, reason=plain(form.reason))
    except InvalidInput as error:
        faults = [(one.where, one.what) for one in error.faults]
        return _show(visit, place, 422, faults=faults, typed=form)
    return visit.go(place.path, "time-asked")


def end_of_day(text: str, zone: str) -> datetime:
    """Return the last second of a day in a zone: a due date ends at midnight there.

    Raises:
        InvalidInput: the text is no day.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(Fault("wished", "choose a day, such as 2026-12-20")) from error
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))
