"""What waits at the CERT's desk: scopes to look at, and questions to answer."""

from collections.abc import Iterator

from cyberposture.services.assessments import asking, scoping
from cyberposture.services.people.reach import assigned_to
from cyberposture.services.people.roles import CERT
from cyberposture.store.questions import QuestionRecord
from cyberposture.web.surroundings import Visit
from cyberposture.web.tasks import Task

MINUTES_SCOPE = 10
MINUTES_QUESTION = 5


def waiting_for(visit: Visit) -> Iterator[Task]:
    """Yield how many scopes and questions wait for whoever may decide on them."""
    if visit.may("confirm-scope"):
        waiting = scoping.list_waiting(visit.register)
        if waiting:
            yield Task(
                what=str(visit.words.say("tasks.scopes", n=len(waiting))),
                place="/cert/scopes",
                minutes=MINUTES_SCOPE * len(waiting),
                weight=80,
            )
    if visit.may("answer-question"):
        n = len(waiting_questions(visit))
        if n:
            yield Task(
                what=str(visit.words.say("tasks.questions", n=n)),
                place="/cert/questions",
                minutes=MINUTES_QUESTION * n,
                weight=70,
            )


def waiting_questions(visit: Visit) -> list[QuestionRecord]:
    """Return the questions that nobody answered and that this person may answer."""
    only = None
    if not {one.role for one in visit.person.memberships} & CERT:
        only = assigned_to(visit.register, visit.person.person)
    return asking.list_questions(visit.register, institutions_only=only, waiting_only=True)
