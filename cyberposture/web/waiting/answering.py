"""What waits at institutions: the scope to describe, the domains that are not finished."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cyberposture.services.assessments.delegating import Division
from cyberposture.services.assessments.questionnaire import (
    Progress,
    Questionnaire,
    read_part,
)
from cyberposture.services.assessments.scoping import read_scoping
from cyberposture.web.pages.home import read_once, running_rounds
from cyberposture.web.surroundings import Visit
from cyberposture.web.tasks import Task

MINUTES_EACH = 4
"""What answering one control takes, for the estimate beside a step."""
MINUTES_SCOPE = 20


def waiting_for(visit: Visit) -> Iterator[Task]:
    """Yield what this person can do next in each assessment that goes on."""
    for institution, round_code in running_rounds(visit):
        if not visit.may("answer", institution):
            continue
        asked = _part(visit, institution, round_code)
        until = visit.words.day(asked.due, ZoneInfo(asked.institution.zone))
        if asked.state in ("planned", "scoping"):
            yield from _describe(visit, asked, until)
        elif asked.may_answer:
            yield from _answer(visit, asked, until)


def _part(visit: Visit, institution: str, round_code: str) -> Questionnaire:
    """Return what is asked; of a divided assessment only what is in this person's hands, if any."""
    asked = read_once(visit, institution, round_code)
    person = visit.person.person
    if not _has_a_part(asked.division, person):
        return asked
    mine = read_part(visit.register, institution, round_code, person)
    return mine.told_in(visit.words.language)


def _has_a_part(division: Division, person: str) -> bool:
    return bool(division.parts_of(person))


def _describe(visit: Visit, asked: Questionnaire, until: str) -> Iterator[Task]:
    code, round_code = asked.institution.code, asked.round_code
    if not visit.may("scope", code):
        return
    scoping = read_scoping(visit.register, code, round_code)
    if scoping.waiting is not None:
        return
    key = "tasks.scope_again" if scoping.returned else "tasks.scope"
    yield Task(
        what=str(visit.words.say(key)),
        place=f"/institutions/{code}/rounds/{round_code}/scope",
        minutes=MINUTES_SCOPE,
        due=asked.due,
        until=until,
        whose=asked.institution.name,
        weight=100,
    )


def _answer(visit: Visit, asked: Questionnaire, until: str) -> Iterator[Task]:
    base = f"/institutions/{asked.institution.code}/rounds/{asked.round_code}/answers"
    for place, domain in enumerate(asked.domains):
        still = domain.asked - domain.answered
        if still:
            yield Task(
                what=str(visit.words.say("tasks.answer", title=domain.title)),
                place=f"{base}/{domain.id}",
                minutes=MINUTES_EACH * still,
                due=asked.due,
                until=until,
                whose=asked.institution.name,
                note=str(visit.words.say("home.task", n=still)),
                weight=_weight(place, domain),
            )


def _weight(place: int, domain: Progress) -> int:
    """What was begun comes first: an open page is finished sooner than a new one."""
    return (50 if domain.answered else 0) - place
