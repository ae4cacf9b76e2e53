"""Where one can go: the one table of places, of which each person sees what their roles open.

A place belongs to a group; people with many places see the groups first. A place of an institution
is shown on that institution's pages, and elsewhere to whoever belongs to one institution alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cyberposture.model.people import Membership
from cyberposture.web.access import Action, may

FEW = 6
"""Up to so many places stand side by side, without groups."""


@dataclass(frozen=True)
class Place:
    """One place: its words are `place.KEY`; `{institution}` in its path is filled in."""

    group: str
    key: str
    path: str
    action: Action


PLACES: Final = (
    # One line a place, in the order in which people see them; groups are words `group.KEY`.
    Place("work", "home", "/", "see-home"),
    Place("work", "evidence", "/institutions/{institution}/evidence", "see-evidence"),
    Place("work", "questions", "/institutions/{institution}/questions", "ask-the-cert"),
    Place("work", "declarations", "/institutions/{institution}/declarations", "declare"),
    Place("assessment", "scopes", "/cert/scopes", "confirm-scope"),
    Place("assessment", "desk-questions", "/cert/questions", "answer-question"),
    Place("network", "findings", "/cert/findings", "see-findings"),
    Place("network", "exposure", "/cert/exposure", "see-exposure"),
    Place("network", "contradictions", "/cert/contradictions", "see-contradictions"),
    Place("network", "scans", "/cert/scans", "see-scans"),
    Place("network", "authorisations", "/cert/authorisations", "oversee-authorisations"),
    Place("network", "schedule", "/cert/schedule", "see-schedule"),
    Place("network", "calendar", "/cert/calendar", "see-schedule"),
    Place("network", "contact", "/cert/contact", "see-scans"),
    Place("network", "stop", "/cert/stop", "stop-all-scans"),
    Place("network", "own-network", "/institutions/{institution}/network", "see-network"),
    Place("network", "own-findings", "/institutions/{institution}/network/findings", "see-network"),
    Place(
        "network",
        "own-contradictions",
        "/institutions/{institution}/network/contradictions",
        "see-network",
    ),
    Place(
        "network",
        "own-letters",
        "/institutions/{institution}/network/letters",
        "see-authorisations",
    ),
    Place("network", "own-stop", "/institutions/{institution}/network/stop", "stop-own-scans"),
    Place("record", "audit", "/cert/audit", "see-audit"),
    Place("record", "watch", "/cert/watch", "see-watch"),
    Place("assessment", "rounds", "/cert/rounds", "see-rounds"),
    Place("assessment", "reviews", "/cert/reviews", "see-review-queue"),
    Place("assessment", "plans", "/cert/plans", "accept-plan"),
    Place("results", "results", "/institutions/{institution}/results", "see-institution-results"),
    Place("results", "what-if", "/institutions/{institution}/what-if", "plan-improvements"),
    Place("results", "sectors", "/sectors", "see-sector-results"),
    Place("results", "nation", "/nation", "see-nation-results"),
    Place("results", "sets", "/cert/sets", "make-sets"),
    Place("results", "indicators", "/cert/indicators", "see-nation-results"),
    Place("record", "consultations", "/cert/consultations", "moderate-comments"),
    Place("people", "people", "/institutions/{institution}/people", "see-people"),
    Place("people", "institutions", "/cert/institutions", "see-institutions"),
    Place("people", "services", "/cert/services", "see-shared-services"),
    Place("people", "all-people", "/cert/people", "keep-people"),
    Place("work", "account", "/account", "keep-own-account"),
    Place("work", "tokens", "/account/tokens", "keep-tokens"),
)


BESIDE: Final = {
    "/cert/scan-now": "/cert/scans",
    "/cert/scan-import": "/cert/scans",
    "/cert/letters": "/cert/authorisations",
    "/cert/assessments": "/cert/reviews",
    "/cert/stops": "/cert/stop",
}
"""Pages that belong to a place whose address theirs does not begin with."""


@dataclass(frozen=True)
class Shown:
    """A place as one person sees it from one page."""

    key: str
    path: str
    is_here: bool


@dataclass(frozen=True)
class Menu:
    """What stands below a page's header: groups, if there are many places, and places."""

    groups: tuple[Shown, ...]
    places: tuple[Shown, ...]


def menu_for(
    held: Iterable[Membership],
    path: str,
    institution: str | None,
    places: Iterable[Place] = PLACES,
) -> Menu:
    """Return the menu of a page for somebody who holds these roles now."""
    held = tuple(held)
    codes = {one.institution for one in held if one.institution is not None}
    # A page of the CERT about an institution is none of that institution's own pages.
    named = institution if path.startswith("/institutions/") else None
    own = named or (codes.pop() if len(codes) == 1 else None)
    open_to = [(one, one.path.format(institution=own)) for one in _open_to(held, own, places)]
    here = _here([at for _, at in open_to], path)
    if len(open_to) <= FEW:
        return Menu((), tuple(Shown(one.key, at, at == here) for one, at in open_to))
    group = next((one.group for one, at in open_to if at == here), "work")
    firsts: dict[str, str] = {}
    for one, at in open_to:
        firsts.setdefault(one.group, at)
    groups = tuple(Shown(name, at, name == group) for name, at in firsts.items())
    beside = [(one, at) for one, at in open_to if one.group == group]
    return Menu(groups, tuple(Shown(one.key, at, at == here) for one, at in beside))


def _open_to(
    held: tuple[Membership, ...], own: str | None, places: Iterable[Place]
) -> Iterator[Place]:
    for one in places:
        needs_institution = "{institution}" in one.path
        if needs_institution and own is None:
            continue
        if may(held, one.action, own if needs_institution else None):
            yield one


def _here(paths: list[str], path: str) -> str | None:
    """Return the place that a page belongs to: the longest that its path begins with."""
    path = next((at for page, at in BESIDE.items() if f"{path}/".startswith(f"{page}/")), path)
    fitting = [at for at in paths if path == at or (at != "/" and path.startswith(f"{at}/"))]
    return max(fitting, key=len, default=None)
