"""What every page has around it: the register, who is signed in, the language, and the answer."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import FileSystemLoader, StrictUndefined

from cyberposture.errors import NotAuthorised
from cyberposture.model.people import Membership
from cyberposture.reporting.issuer import issuer_of
from cyberposture.reporting.render import Renderer, Sandbox
from cyberposture.reporting.words import Words, load_words
from cyberposture.runtime import Runtime
from cyberposture.services.assessments.delegating import rounds_of_helper
from cyberposture.services.assessments.handed_in import is_handed_in
from cyberposture.services.people.reach import assigned_to, fence_of, sectors_of
from cyberposture.services.people.signing_in import SignedIn, find_signed_in
from cyberposture.services.register import Register
from cyberposture.web.access import ACCESS, Action, may
from cyberposture.web.navigation import PLACES, Menu, Place, menu_for
from cyberposture.web.refusals import Refusals

HERE = Path(__file__).parent
LANGUAGES = ("en", "ur")
LANGUAGE_COOKIE = "language"
COOKIE = "session"
DOOR = "portal"
"""Who acts where nobody is signed in yet."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


DRAFTS: Final[frozenset[Action]] = frozenset({"see-answers", "see-evidence", "comment"})
"""What shows answers, which are the institution's own until it hands them in."""


class SignInFirst(Exception):
    """Nobody is signed in, and the page is for people who are."""

    def __init__(self, *, has_ended: bool = False) -> None:
        super().__init__()
        self.has_ended = has_ended
        """There was a session, and it is over."""


@dataclass(frozen=True)
class Portal:
    """What all requests of one process share."""

    runtime: Runtime
    words: dict[str, Words]
    environment: Sandbox
    renderer: Renderer
    """Of reports, whose parts some pages show."""
    refusals: dict[str, Refusals]
    """What services refuse, as each language says it."""
    who: Callable[[Request], SignedIn]
    """Finds who asks, or raises SignInFirst."""
    places: tuple[Place, ...] = PLACES
    """Where one can go here, as far as one's roles open it."""

    @property
    def is_secure(self) -> bool:
        """Whether people reach the portal over HTTPS, so that cookies may demand it."""
        return self.runtime.settings.portal_url.startswith("https://")

    @property
    def address(self) -> str:
        """Where people reach the portal: every link that is handed on begins with it.

        It never comes from a request, which could name any host.
        """
        return self.runtime.settings.portal_url

    def register_of(self, actor: str) -> Register:
        """Return the register as this person works with it."""
        return replace(self.runtime.register, actor=actor)

    def render(
        self, request: Request, template: str, status: int = 200, **view: Any
    ) -> HTMLResponse:
        """Return a page in the language of the request."""
        words = self.words[language_of(request)]
        other = next(one for one in LANGUAGES if one != words.language)
        path, done = request.url.path, f"done.{request.query_params.get('done', '')}"
        frame = {
            "language": words.language,
            "direction": words.direction,
            "other": other,
            "path": path,
            "language_at": page_of(request),
            "menu": Menu((), ()),
            "cert": issuer_of(self.runtime.register.body, words.language),
            "done": words.say(done) if done != "done." and done in words.keys else "",
        }
        text = self.environment.get_template(template).render(
            say=words.say, in_words=self.refusals[words.language].say, **frame | view
        )
        return HTMLResponse(text, status)


def make_portal(runtime: Runtime) -> Portal:
    """Return what all requests share; templates and words are read once.

    Raises:
        InvalidInput: a file of words is missing or wrong, each fault with file and line.
    """
    shared = runtime.folders.reports / "_shared"
    environment = Sandbox(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    folders = [shared, *sorted(one for one in (HERE / "words").iterdir() if one.is_dir())]
    words = {code: load_words(folders, code) for code in LANGUAGES}
    refusals = {code: Refusals(words[LANGUAGES[0]], one) for code, one in words.items()}
    renderer = Renderer(runtime.folders.reports, runtime.register.body)
    return Portal(runtime, words, environment, renderer, refusals, signed_in)


def portal_of(request: Request) -> Portal:
    """Return what the process shares."""
    portal: Portal = request.app.state.portal
    return portal


def page_of(request: Request) -> str:
    """Return the address under which this page, or the one that its form is on, is there to read.

    It is empty where there is none: the answer to a form is no page that one can come back to.
    """
    path = request.url.path
    if request.method in ("GET", "HEAD"):
        return path
    pages: frozenset[str] = request.app.state.pages
    pattern: str = getattr(request.scope.get("route"), "path", "")
    while pattern and pattern not in pages:
        pattern, path = pattern.rpartition("/")[0], path.rpartition("/")[0]
    return path if pattern else ""


def reached_elsewhere(request: Request) -> str:
    """Return the host by which this request came, if links lead to another one; else "".

    It is for showing alone. A proxy beside us may speak of this machine by its own name.
    """
    here = request.headers.get("host", "")[:260]
    there = urlsplit(portal_of(request).address)
    if here == there.netloc or (_is_this_machine(here) and not _is_this_machine(there.netloc)):
        return ""
    return here


def _is_this_machine(host: str) -> bool:
    return host.startswith(("127.", "localhost", "[::1]"))


def language_of(request: Request) -> str:
    """Return the language that was chosen, else the first that the browser asks for and we have."""
    chosen = getattr(request.state, "language", None) or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    asked = request.headers.get("accept-language", "").lower()
    return "ur" if asked.startswith("ur") else "en"


def signed_in(request: Request) -> SignedIn:
    """Return who is signed in.

    Raises:
        SignInFirst: nobody is.
    """
    token = request.cookies.get(COOKIE)
    portal = portal_of(request)
    found = find_signed_in(portal.register_of(DOOR), token) if token else None
    if found is None:
        raise SignInFirst(has_ended=bool(token))
    request.state.person = found
    return found


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in and may do what the route is for."""

    request: Request
    portal: Portal
    person: SignedIn
    acts_for: str | None = None
    """In whose place this person acts here, where none of their own roles opens the page."""
    fence: UUID | None = None
    """The institution whose rows alone PostgreSQL shows to this request; None: no such bound."""

    @property
    def words(self) -> Words:
        """The words of the language that this person reads."""
        return self.portal.words[language_of(self.request)]

    def told(self, text: str) -> str:
        """Return what a service refused as this person reads it."""
        return self.portal.refusals[language_of(self.request)].say(text)

    @property
    def register(self) -> Register:
        """The register as this person works with it."""
        own = self.portal.register_of(self.person.person)
        return replace(own, acts_for=self.acts_for, fence=self.fence)

    def may(
        self, action: Action, institution: str | None = None, sector: str | None = None
    ) -> bool:
        """Return whether this person may do this, for this institution or sector if one is named.

        Sectors and assignments are looked up only where a role's reach depends on them.
        """
        held = self.person.memberships
        if sector is not None:
            return may(held, action, institution, sectors=(sector,))
        if institution is None or may(held, action, institution):
            return may(held, action, institution)
        reaches = {ACCESS[action].get(one.role) for one in held}
        sectors, assigned = frozenset[str](), frozenset[str]()
        if "sector" in reaches:
            sectors = sectors_of(self.register, institution)
        if "assigned" in reaches:
            assigned = assigned_to(self.register, self.person.person)
        return may(held, action, institution, sectors=sectors, assigned=assigned)

    def opens(self, action: Action) -> bool:
        """Return whether a page for this is there, for the institution that this one is about."""
        place = self.request.path_params.get("institution")
        return self.portal.places is PLACES and self.may(action, place)

    def helps_in(self, institution: str | None, round_code: str | None) -> bool:
        """Return whether this person, if a helper of the institution, was invited to this round."""
        held = self.person.memberships
        if (
            institution is None
            or round_code is None
            or ("helper", institution) not in {(one.role, one.institution) for one in held}
        ):
            return True
        return round_code in rounds_of_helper(self.register, institution, self.person.person)

    def show(self, template: str, status: int = 200, **view: Any) -> HTMLResponse:
        """Return a page for this person."""
        place = self.request.path_params.get("institution")
        path, places = self.request.url.path, self.portal.places
        menu = menu_for(self.person.memberships, path, place, places)
        frame = {"person": self.person, "menu": menu, "opens": self.opens}
        return self.portal.render(self.request, template, status, **frame | view)

    def go(self, path: str, done: str = "") -> RedirectResponse:
        """Return the way to a page that says what was done: the words `done.KEY`."""
        return RedirectResponse(f"{path}?done={done}" if done else path, 303)


@dataclass(frozen=True)
class Allowed:
    """The dependency by which a route declares its action, and which guards it."""

    action: Action

    def __call__(self, request: Request) -> Visit:
        """Return the visit of somebody who is signed in and may do this here.

        Raises:
            SignInFirst: nobody is signed in.
            NotAuthorised: their roles do not allow it.
        """
        # One dependency, not two: each that is no coroutine waits for a thread of its own.
        return allow(request, portal_of(request).who(request), self.action)


def allow(request: Request, person: SignedIn, action: Action) -> Visit:
    """Return the visit of somebody who may do this at the place that the address names.

    Raises:
        NotAuthorised: their roles do not allow it.
    """
    place = request.path_params
    visit = Visit(request, portal_of(request), person)
    if not visit.helps_in(place.get("institution"), place.get("round_code")):
        # A helper helps in one round: in any other they are nobody.
        held = tuple(
            one
            for one in person.memberships
            if (one.role, one.institution) != ("helper", place["institution"])
        )
        visit = replace(visit, person=replace(person, memberships=held))
    require_allowed(visit, action)
    return replace(visit, acts_for=_acts_for(visit, action), fence=_fence_for(visit, action))


def require_allowed(visit: Visit, action: Action) -> None:
    """Return if the roles held allow the action at the place that the address names.

    Raises:
        NotAuthorised: they do not.
    """
    place = visit.request.path_params
    is_allowed = visit.may(action, place.get("institution"), place.get("sector"))
    if not is_allowed or (action in DRAFTS and not _may_read_yet(visit)):
        raise NotAuthorised("not-allowed", "this page is not for the roles that you hold")


def _fence_for(visit: Visit, action: Action) -> UUID | None:
    """Return behind which institution the request stays: the one of its address, where reached.

    Whoever reaches every institution by the role that opens the page is behind none. Who reaches
    the place by nothing, though the guard let them pass, sees nobody's rows.
    """
    place = visit.request.path_params.get("institution")
    reaches = {ACCESS[action].get(one.role) for one in visit.person.memberships}
    if place is None or "all" in reaches:
        return None
    return fence_of(visit.register, place if visit.may(action, place) else None)


def _may_read_yet(visit: Visit) -> bool:
    """Return whether the answers that are meant may be read: by others once they are handed in."""
    institution, round_code = (
        visit.request.path_params.get(n) for n in ("institution", "round_code")
    )
    if institution is None or round_code is None:
        return True
    is_own = any(one.institution == institution for one in visit.person.memberships)
    return is_own or is_handed_in(visit.register, institution, round_code)


def _acts_for(visit: Visit, action: Action) -> str | None:
    """Return in whose place somebody acts whose own roles would not let them in."""
    place, held = visit.request.path_params, visit.person.memberships
    where = place.get("institution"), place.get("sector")
    own = tuple(one for one in held if one.acting_for is None)
    if len(own) == len(held) or _with(visit, own).may(action, *where):
        return None
    return next(one.acting_for for one in held if _with(visit, (*own, one)).may(action, *where))


def _with(visit: Visit, held: tuple[Membership, ...]) -> Visit:
    return replace(visit, person=replace(visit.person, memberships=held))


def show_to_anybody(
    request: Request, template: str, status: int = 200, **view: Any
) -> HTMLResponse:
    """Return a page that is open to everybody, with the menu of whoever happens to be signed in."""
    portal, token = portal_of(request), request.cookies.get(COOKIE)
    person: SignedIn | None = getattr(request.state, "person", None)
    if person is None and token:
        person = find_signed_in(portal.register_of(DOOR), token)
    if person is None:
        return portal.render(request, template, status, person=None, **view)
    return Visit(request, portal, person).show(template, status, **view)


def require_form_key(visit: Visit, given: str) -> None:
    """Return if a form came from one of our own pages.

    Raises:
        NotAuthorised: it did not.
    """
    if not hmac.compare_digest(given.encode(), visit.person.form_key.encode()):
        raise NotAuthorised("not-our-form", "this form did not come from a page of yours")


def plain(text: str, longest: int = 5_000) -> str:
    """Return what somebody typed with its line ends made alike and nothing invisible in it."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))[:longest].strip()
