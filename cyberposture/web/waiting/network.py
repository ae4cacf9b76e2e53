"""What waits about the network: letters to grant, tell and sign; findings to decide and mend."""

from collections.abc import Iterator

from cyberposture.services.findings.listing import Asked, count_findings
from cyberposture.services.permission import requests, standing
from cyberposture.store.paging import Turn
from cyberposture.web.surroundings import Visit
from cyberposture.web.tasks import Task

URGENT, SOON = 3, 2
"""How heavy a task is among those that are due alike."""


def waiting_for(visit: Visit) -> Iterator[Task]:
    """Yield what somebody of the CERT, and somebody of an institution, has to do next."""
    if visit.may("oversee-authorisations"):
        yield from _letters(visit)
    if visit.may("judge-finding"):
        disputed = count_findings(visit.register, Asked(state="disputed"))
        yield from _task(visit, "decide", disputed, "/cert/findings?state=disputed")
    codes = {one.institution for one in visit.person.memberships if one.institution is not None}
    for code in sorted(codes):
        yield from _own(visit, code)


def _letters(visit: Visit) -> Iterator[Task]:
    counts = standing.page_letters(visit.register, turn=Turn(size=1)).counts
    place = "/cert/authorisations?state="
    if visit.may("grant-authorisation"):
        state = "awaits-grant"
        yield from _task(visit, "grant", counts["awaits-grant"], f"{place}{state}", SOON)
    if visit.may("request-authorisation"):
        state = "awaits-notice"
        yield from _task(visit, "tell", counts["awaits-notice"], f"{place}{state}", SOON)


def _own(visit: Visit, code: str) -> Iterator[Task]:
    home = f"/institutions/{code}/network"
    if visit.may("see-authorisations", code):
        waiting = len(requests.list_unanswered(visit.register, code))
        yield from _task(visit, "sign", waiting, f"{home}/letters", SOON)
    if visit.may("see-network", code):
        late = count_findings(visit.register, Asked(institution=code, is_late=True))
        yield from _task(visit, "mend", late, f"{home}/findings?late=yes", URGENT)


def _task(visit: Visit, key: str, count: int, place: str, weight: int = 0) -> Iterator[Task]:
    if count:
        said = visit.words.say
        what, note = said(f"net.task.{key}"), said("net.task.waiting", n=count)
        yield Task(what=str(what), place=place, note=str(note), weight=weight)
