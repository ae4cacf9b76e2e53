"""Every route of the portal, for every role, at its own institution and at another's.

The routes are found in the application, so that a new one is walked without being named here. If
a path asks for something unknown, one line in `world.py`, `_places`, says what stands there. What
is expected comes from the one table of roles and actions alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from browser import Answer, Browser
from fastapi.routing import APIRoute
from world import AT_AN_INSTITUTION, FOREIGN, FORM_KEY, NOWHERE, OWN, ROLES, SECTORS, World

from cyberposture.model.people import Role
from cyberposture.web.access import ACCESS, Action
from cyberposture.web.pages import find_routers
from cyberposture.web.surroundings import COOKIE, DRAFTS, Allowed

ROUTES = [r for router in find_routers() for r in router.routes if isinstance(r, APIRoute)]
SHARED = frozenset(
    {"institution", "sector", "round_code", "domain", "control", "consultation", "comment"}
)
"""Names in paths that do not stand for a row of one institution."""
REFUSAL = "this page is not for the roles that you hold"
_NAMES = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True)
class Walk:
    """One method of one route, and the action that it is for; None is for anybody."""

    method: str
    path: str
    action: Action | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        """What its path asks for."""
        return _NAMES.findall(self.path)

    def known(self, world: World, name: str) -> dict[str, str]:
        """Return what may stand at a name in this path, by institution."""
        before = self.path.partition("{" + name)[0] + "{" + name + "}"
        found = world.places.get(before) or world.places.get(name)
        if found is None:
            pytest.fail(
                f"{self}: nothing is known to stand at {{{name}}}; add a line {before!r} (or "
                f"{name!r}) to _places in tests/web/world.py with a value that belongs to {OWN} "
                f"and one of {FOREIGN}, or absent()"
            )
        return found

    def at(self, world: World, institution: str, **others: str) -> str:
        """Return the address at one institution; `others` are of another one."""
        filled = self.path
        for name in self.names:
            value = self.known(world, name)[others.get(name, institution)]
            filled = re.sub(r"{" + name + r"(:\w+)?}", value, filled)
        return filled

    def has_rows(self, world: World, institution: str) -> bool:
        """Return whether all that this path names was made for the institution."""
        if institution == NOWHERE:
            return False
        return all(len(set(self.known(world, n).values())) > 1 or n in SHARED for n in self.names)


def find_walks() -> Iterator[Walk]:
    """Yield every method of every route."""
    for route in ROUTES:
        asked = [one.call for one in route.dependant.dependencies]
        actions = [one.action for one in asked if isinstance(one, Allowed)]
        for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
            yield Walk(method, route.path, actions[0] if actions else None)


WALKS = list(find_walks())
GUARDED = [walk for walk in WALKS if walk.action is not None]


def is_open(walk: Walk, role: Role, institution: str) -> bool:
    """Return what the table says, read without the portal's own function."""
    assert walk.action is not None
    reach = ACCESS[walk.action].get(role)
    is_about_one = "institution" in walk.names or "sector" in walk.names
    if walk.action in DRAFTS and {"institution", "round_code"} <= set(walk.names):
        # Both institutions are still answering: nobody else reads along.
        return role in AT_AN_INSTITUTION and reach == "own" and institution == OWN
    if reach is None or reach == "all" or not is_about_one:
        return reach is not None
    if reach == "own" and "institution" in walk.names:
        return institution == OWN and role in AT_AN_INSTITUTION
    if reach == "assigned" and "institution" in walk.names:
        return institution == OWN
    # A page about a sector names nobody's institution: only a role for that sector reaches it.
    return institution == OWN if reach == "sector" or "institution" in walk.names else True


@pytest.fixture(scope="module")
def portal(world) -> Iterator[Browser]:
    browser = Browser(world.app)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def cookies(world) -> dict[Role, str]:
    return {role: world.session_of(world.person_of(role)) for role in ROLES}


def ask(portal: Browser, walk: Walk, address: str, cookie: str = "", key: str = "no") -> Answer:
    """Send the request; a form carries nothing but a key, which is not that of the session."""
    form = None if walk.method == "GET" else {"form_key": key}
    return portal.ask(walk.method, address, form=form, cookies={COOKIE: cookie} if cookie else {})


def said(answer: Answer, *places: str) -> str:
    """Return a page without the address that was asked for, and without our two houses' codes."""
    text = answer.text
    for place in (*places, *SECTORS, *SECTORS.values()):
        text = text.replace(place, "…")
    return re.sub(r'value="[^"]*"', "", re.sub(r"\?to=[^\"]*", "", text))


def test_the_portal_has_routes_for_each_kind_of_reach():
    assert len(GUARDED) > 3 and any("institution" in walk.names for walk in GUARDED)


@pytest.mark.parametrize("walk", GUARDED, ids=str)
def test_whoever_is_not_signed_in_is_sent_to_the_door(world, portal, walk):
    addresses = [walk.at(world, place) for place in (OWN, NOWHERE)]
    answers = [ask(portal, walk, address) for address in addresses]
    assert [(a.status, a.headers.get("location")) for a in answers] == [(303, "/sign-in")] * 2


def places_to_walk(walk: Walk, is_like_another: bool) -> tuple[str, ...]:
    """Return where a role is tried: once where the address is the same everywhere.

    Of the roles that reach every institution, and of those that reach none, the first is tried at
    each; the others at their own, where a slip would show.
    """
    return (OWN,) if is_like_another or not walk.names else (OWN, FOREIGN, NOWHERE)


@pytest.mark.parametrize("walk", GUARDED, ids=str)
def test_each_role_reaches_what_the_table_says_and_nothing_else(world, portal, cookies, walk):
    alike = {reach: [role for role in ROLES if ACCESS[walk.action].get(role) == reach][1:]
             for reach in ("all", None)}  # fmt: skip
    for role in ROLES:
        refusals = []
        for place in places_to_walk(walk, role in alike["all"] + alike[None]):
            address = walk.at(world, place)
            answer = ask(portal, walk, address, cookies[role])
            is_refused = answer.status == 403 and REFUSAL in answer.text
            assert is_refused is not is_open(walk, role, place), f"{walk} as {role} at {place}"
            if is_refused and place != OWN:
                refusals.append(said(answer, address, place, SECTORS[place]))
            elif is_refused:
                continue
            elif walk.method == "GET":
                usual = (200, 303) if walk.has_rows(world, place) else (200, 303, 404, 422)
                assert answer.status in usual, f"{walk} as {role} at {place}: {answer.text}"
            else:
                # The guard let it pass, and what is not a form of our own goes no further.
                assert answer.status in (403, 422), f"{walk} as {role}: {answer.status}"
        assert len(set(refusals)) <= 1, f"{walk} as {role}: refusals differ"


@pytest.mark.parametrize(
    "walk", [w for w in GUARDED if set(w.names) - SHARED and "institution" in w.names], ids=str
)
def test_what_belongs_to_another_is_not_there_at_ones_own(world, portal, cookies, walk):
    """An address that names one's own institution and somebody else's row finds nothing."""
    rows = set(walk.names) - SHARED
    for role in ROLES:
        if not is_open(walk, role, OWN):
            continue
        answers = []
        for place in (FOREIGN, NOWHERE):
            address = walk.at(world, OWN, **dict.fromkeys(rows, place))
            answer = ask(portal, walk, address, cookies[role], key=FORM_KEY)
            assert answer.status in (403, 404, 409, 422), f"{walk} as {role}: {address}"
            gone = [walk.known(world, name)[place] for name in rows]
            answers.append((answer.status, said(answer, address, *gone)))
        assert len(set(answers)) == 1, f"{walk} as {role}: not yours differs from not there"
