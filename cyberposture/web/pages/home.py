"""Home: what is to be done next, for each institution that the person belongs to."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from cyberposture.services.assessments import assess
from cyberposture.services.assessments.questionnaire import (
    Progress,
    Questionnaire,
    read_questionnaire,
)
from cyberposture.web.access import may
from cyberposture.web.surroundings import Allowed, Visit

router = APIRouter(include_in_schema=False)
NEXT_STEPS = 3
MINUTES_EACH = 4
"""What answering one control takes, for the estimate beside a step."""


@dataclass(frozen=True)
class Task:
    """One thing to do next: a domain that is not finished yet."""

    domain: Progress
    minutes: int
    place: str


@dataclass(frozen=True)
class Campaign:
    """One round of one institution: what is asked, until when, and what comes next."""

    asked: Questionnaire
    due: str
    tasks: tuple[Task, ...]


def _tasks(one: Questionnaire) -> tuple[Task, ...]:
    open_domains = [d for d in one.domains if d.answered < d.asked]
    # What was begun comes first: an open page is finished sooner than a new one.
    open_domains.sort(key=lambda domain: domain.answered == 0)
    base = f"/institutions/{one.institution.code}/rounds/{one.round_code}/answers"
    return tuple(
        Task(d, MINUTES_EACH * (d.asked - d.answered), f"{base}/{d.id}")
        for d in open_domains[:NEXT_STEPS]
    )


@router.get("/")
def show_home(visit: Annotated[Visit, Depends(Allowed("see-home"))]) -> HTMLResponse:
    """Show what is due, the next things to do, and how far everything is."""
    codes = dict.fromkeys(
        one.institution for one in visit.person.memberships if one.institution is not None
    )
    found = []
    for code in codes:
        if may(visit.person.memberships, "see-answers", code):
            opened = assess.list_assessments(visit.register, institution=code)
            found += [read_questionnaire(visit.register, code, one.round) for one in opened]
    # What was due last stands first: it is the one that is under way.
    found.sort(key=lambda one: one.due, reverse=True)
    rounds = [Campaign(one, _day(visit, one), _tasks(one)) for one in found]
    return visit.show("home.html.j2", rounds=rounds)


def _day(visit: Visit, one: Questionnaire) -> str:
    return visit.words.day(one.due, ZoneInfo(one.institution.zone))
