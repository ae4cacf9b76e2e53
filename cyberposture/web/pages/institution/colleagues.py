"""Who answers what in a round: domains in colleagues' hands, and helpers of this one round."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput
from cyberposture.services.assessments import delegating
from cyberposture.services.assessments.questionnaire import read_questionnaire
from cyberposture.services.people.names import names_of
from cyberposture.store.delegations import Delegation, Helper
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
COLLEAGUES = "/institutions/{institution}/rounds/{round_code}/colleagues"


@dataclass(frozen=True)
class Place:
    """Which assessment is meant."""

    institution: str
    round_code: str

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}/colleagues"


class HandForm(BaseModel):
    """Who gets which parts, or gives one back."""

    form_key: str = Field("", max_length=200)
    person: str = Field("", max_length=64)
    part: list[str] = Field(default_factory=list, max_length=300)
    do: str = Field("give", max_length=10)


@router.get(COLLEAGUES)
def show_colleagues(
    visit: Annotated[Visit, Depends(Allowed("assign"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show who answers what."""
    return _show(visit, place)


def _show(
    visit: Visit,
    place: Place,
    status: int = 200,
    *,
    faults: list[tuple[str, str]] | None = None,
    typed: HandForm | None = None,
) -> HTMLResponse:
    where = (place.institution, place.round_code)
    asked = read_questionnaire(visit.register, *where).told_in(visit.words.language)
    colleagues = delegating.list_colleagues(visit.register, place.institution)
    helpers = delegating.list_helpers(visit.register, *where)
    helping = {one.person for one in helpers if one.is_running}
    parts: dict[str, list[Delegation]] = {}
    for one in asked.division.delegations:
        parts.setdefault(one.part[:3], []).append(one)
    return visit.show(
        "institution/colleagues.html.j2",
        status,
        place=place,
        asked=asked,
        parts=parts,
        colleagues=colleagues,
        helpers=[one for one in helpers if one.is_running],
        to_engage=[
            one for one in colleagues if "helper" in one.roles and one.person not in helping
        ],
        history=_history(visit, place, helpers, asked.institution.zone),
        faults=faults or [],
        typed_person="" if typed is None else typed.person,
        typed_parts=[] if typed is None else typed.part,
    )


def _history(
    visit: Visit, place: Place, helpers: list[Helper], zone_name: str
) -> list[tuple[str, str, str]]:
    """Return what was given to whom, and who was invited, the newest first."""
    zone, words = ZoneInfo(zone_name), visit.words
    given = delegating.list_history(visit.register, place.institution, place.round_code)
    acts = [*(one.act for one in given), *(one.act for one in helpers)]
    names = names_of(visit.register, [act.actor for act in acts])
    steps = [
        (one.act, words.say("hands.was_given" if one.is_running else "hands.was_given_and_back",
                            part=one.part, who=one.name))
        for one in given
    ]  # fmt: skip
    steps += [(one.act, words.say("hands.was_engaged", who=one.name)) for one in helpers]
    steps.sort(key=lambda step: step[0].at, reverse=True)
    return [
        (words.minute(act.at, zone), names.get(act.actor, act.actor), str(said))
        for act, said in steps
    ]


@router.post(COLLEAGUES)
def give_or_take_back(
    visit: Annotated[Visit, Depends(Allowed("assign"))],
    place: Annotated[Place, Depends()],
    form: Annotated[HandForm, Form()],
) -> Response:
    """Put parts into somebody's hands, or take one back."""
    require_form_key(visit, form.form_key)
    where = (place.institution, place.round_code, form.person)
    try:
        if form.do == "back" and form.part:
            delegating.take_back(visit.register, *where, form.part[0])
        else:
            delegating.delegate(visit.register, *where, form.part)
    except InvalidInput as error:
        faults = [(one.where, one.what) for one in error.faults]
        return _show(visit, place, 422, faults=faults, typed=form)
    return visit.go(place.path, "kept")


@router.post(f"{COLLEAGUES}/helpers")
def engage_or_let_go(
    visit: Annotated[Visit, Depends(Allowed("assign"))],
    place: Annotated[Place, Depends()],
    form: Annotated[HandForm, Form()],
) -> Response:
    """Let a helper help in this round, or let them go."""
    require_form_key(visit, form.form_key)
    where = (place.institution, place.round_code, form.person)
    try:
        if form.do == "back":
            delegating.let_helper_go(visit.register, *where)
        else:
            delegating.engage_helper(visit.register, *where)
    except InvalidInput as error:
        faults = [("helper", one.what) for one in error.faults]
        return _show(visit, place, 422, faults=faults, typed=form)
    return visit.go(place.path, "kept")
