"""What waits before the network can speak: an institution that declared nothing of its own yet."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cyberposture.services.institutions.entries import get_declaration
from cyberposture.web.pages.home import read_once, running_rounds
from cyberposture.web.surroundings import Visit
from cyberposture.web.tasks import Task

MINUTES = 15
OPEN = frozenset({"planned", "scoping", "answering"})


def waiting_for(visit: Visit) -> Iterator[Task]:
    """Yield that addresses are to be declared, where the network decides and none is known."""
    seen: set[str] = set()
    for institution, round_code in running_rounds(visit):
        if institution in seen or not visit.may("declare", institution):
            continue
        asked = read_once(visit, institution, round_code)
        if asked.state not in OPEN or not asked.network_alone:
            continue
        seen.add(institution)
        if get_declaration(visit.register, institution).assets:
            continue
        yield Task(
            what=str(visit.words.say("tasks.declare")),
            place=f"/institutions/{institution}/declarations",
            minutes=MINUTES,
            due=asked.due,
            until=visit.words.day(asked.due, ZoneInfo(asked.institution.zone)),
            whose=asked.institution.name,
            note=str(visit.words.say("tasks.declare_note", n=asked.network_alone)),
            weight=60,
        )
