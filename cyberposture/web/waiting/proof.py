"""What waits of proof: answers to attest, a return to hand in, evidence that runs out."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cyberposture.errors import NotFound
from cyberposture.services.assessments import library, submission
from cyberposture.services.institutions.entries import get_institution
from cyberposture.web.access import may
from cyberposture.web.pages.home import read_once, running_rounds
from cyberposture.web.surroundings import Visit
from cyberposture.web.tasks import Task

MINUTES_ATTEST, MINUTES_HAND_IN, MINUTES_PIECE = 15, 2, 5
_NOT_SIGNED = {"not-attested", "fallen"}


def waiting_for(visit: Visit) -> Iterator[Task]:
    """Yield what the signatory signs, what the lead hands in, and what somebody keeps current."""
    for institution, round_code in running_rounds(visit):
        if visit.may("attest", institution) or visit.may("submit", institution):
            yield from _sign_or_hand_in(visit, institution, round_code)
    held = visit.person.memberships
    for code in dict.fromkeys(one.institution for one in held if one.institution is not None):
        if may(held, "attach-evidence", code):
            yield from _runs_out(visit, code)


def _sign_or_hand_in(visit: Visit, institution: str, round_code: str) -> Iterator[Task]:
    try:
        left = {
            one.kind for one in submission.list_blockers(visit.register, institution, round_code)
        }
    except NotFound:
        return
    place = f"/institutions/{institution}/rounds/{round_code}/summary"
    asked, words = read_once(visit, institution, round_code), visit.words
    whose, due = asked.institution.name, asked.due
    until = words.day(due, ZoneInfo(asked.institution.zone))
    if left and left <= _NOT_SIGNED and visit.may("attest", institution):
        what = str(words.say("summary.task.attest"))
        yield Task(what, place, MINUTES_ATTEST, due, until, whose, weight=90)
    elif left and left <= _NOT_SIGNED and visit.may("submit", institution):
        what = str(words.say("summary.task.ask"))
        yield Task(what, place, MINUTES_HAND_IN, due, until, whose, weight=90)
    elif not left and visit.may("submit", institution):
        what = str(words.say("summary.task.hand_in"))
        yield Task(what, place, MINUTES_HAND_IN, due, until, whose, weight=95)


def _runs_out(visit: Visit, institution: str) -> Iterator[Task]:
    found = library.list_library(visit.register, institution)
    ending = sum(one.speaks in ("soon", "expired") and bool(one.serves) for one in found)
    if ending:
        yield Task(
            what=str(visit.words.say("evidence.task", n=ending)),
            place=f"/institutions/{institution}/evidence",
            minutes=MINUTES_PIECE * ending,
            whose=get_institution(visit.register, institution).institution.name,
            weight=20,
        )
