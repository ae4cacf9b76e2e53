"""Home: the next things to do, and how far each assessment is that the person takes part in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from cyberposture.services.assessments import submission
from cyberposture.services.assessments.questionnaire import (
    Questionnaire,
    list_running,
    read_questionnaire,
)
from cyberposture.store.assessments import SubmissionRecord
from cyberposture.web.access import Action, may
from cyberposture.web.surroundings import Allowed, Visit
from cyberposture.web.tasks import collect_tasks

router = APIRouter(include_in_schema=False)
NEXT_STEPS = 3
MOST_BESIDE = 20
"""So many of the other tasks are listed; more would hide what is next."""


@dataclass(frozen=True)
class Campaign:
    """One round of one institution: what is asked, until when, and how far it is."""

    asked: Questionnaire
    due: str
    may_scope: bool
    opens: Callable[[Action], bool]
    """Whether a page of this round is there for this person."""
    receipt: str
    """The receipt of what was handed in last; empty where nothing was."""
    handed_in: str
    """When that was, in words."""

    @property
    def path(self) -> str:
        """Where the pages of this round begin."""
        return f"/institutions/{self.asked.institution.code}/rounds/{self.asked.round_code}"


@router.get("/")
def show_home(visit: Annotated[Visit, Depends(Allowed("see-home"))]) -> HTMLResponse:
    """Show what is due, the next things to do, and how far everything is."""
    tasks = collect_tasks(visit)
    return visit.show(
        "home.html.j2",
        tasks=tasks[:NEXT_STEPS],
        beside=tasks[NEXT_STEPS : NEXT_STEPS + MOST_BESIDE],
        rounds=list(campaigns_of(visit)),
    )


def campaigns_of(visit: Visit) -> Iterator[Campaign]:
    """Yield the assessments that go on and that this person takes part in, the first due first."""
    for code, round_code in running_rounds(visit):
        asked = read_once(visit, code, round_code)
        zone = ZoneInfo(asked.institution.zone)
        last = _last_receipt(visit, asked)
        yield Campaign(
            asked,
            visit.words.day(asked.due, zone),
            visit.may("scope", code),
            partial(_may_here, visit, code),
            "" if last is None else last.receipt or str(last.number),
            "" if last is None else visit.words.minute(last.act.at, zone),
        )


def _may_here(visit: Visit, institution: str, action: Action) -> bool:
    return visit.may(action, institution)


def _last_receipt(visit: Visit, asked: Questionnaire) -> SubmissionRecord | None:
    """Return what was handed in last, where that was and this person may see its receipt."""
    code = asked.institution.code
    if asked.state in ("planned", "scoping", "answering") or not visit.may("see-summary", code):
        return None
    found = submission.list_submissions(visit.register, code, asked.round_code)
    return found[-1] if found else None


def read_once(visit: Visit, institution: str, round_code: str) -> Questionnaire:
    """Return a questionnaire, read once in a visit: home and what waits both look at it."""
    state = visit.request.state
    if not hasattr(state, "questionnaires"):
        state.questionnaires = {}
    known: dict[tuple[str, str], Questionnaire] = state.questionnaires
    key = (institution, round_code)
    if key not in known:
        asked = read_questionnaire(visit.register, *key)
        known[key] = asked.told_in(visit.words.language)
    return known[key]


def running_rounds(visit: Visit) -> tuple[tuple[str, str], ...]:
    """Return institution and round of what goes on where this person may see answers."""
    state = visit.request.state
    if not hasattr(state, "running"):
        state.running = tuple(_find_running(visit))
    found: tuple[tuple[str, str], ...] = state.running
    return found


def _find_running(visit: Visit) -> Iterator[tuple[str, str]]:
    held = visit.person.memberships
    for code in dict.fromkeys(one.institution for one in held if one.institution is not None):
        if may(held, "see-answers", code):
            for round_code in list_running(visit.register, code):
                if visit.helps_in(code, round_code):
                    yield code, round_code
