"""The door: signing in and out, coming in by an invitation, and choosing a language."""

import re
from collections.abc import Sequence
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound
from cyberposture.model.people import Person
from cyberposture.services.people import signing_in
from cyberposture.services.people.second_factors import Enrolment
from cyberposture.services.people.signing_in import LinkUsed
from cyberposture.web.doorkeeper import at_the_door
from cyberposture.web.gaps import gaps_in
from cyberposture.web.languages import keep_language
from cyberposture.web.navigation import PLACES
from cyberposture.web.sign_on import browser_of, keep_session
from cyberposture.web.surroundings import (
    COOKIE,
    DOOR,
    Allowed,
    Visit,
    language_of,
    portal_of,
    require_form_key,
)
from cyberposture.web.written import NO_WAY, Unkept, WayBack, typed_again, unkept_in

router = APIRouter(include_in_schema=False)
_ANSWERS = re.compile(
    r"/institutions/[^/]+/rounds/[^/]+/answers/[A-Z]{3}(?:/[A-Z]{3}-[0-9]{2}/written)?"
)
"""Where forms go that are shown again with all that they bring."""


def from_own_page(request: Request) -> None:
    """Return if a form of nobody in particular was sent from a page of ours.

    Raises:
        NotAuthorised: another site sent it.
    """
    if not _is_from_own_page(request):
        raise NotAuthorised("not-our-form", "this form did not come from a page of ours")


def _is_from_own_page(request: Request) -> bool:
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


CAREFULLY = [Depends(from_own_page), Depends(at_the_door)]
"""What stands before every form of the door."""


@router.get("/sign-in")
def show_door(request: Request, ended: str = "") -> HTMLResponse:
    """Ask for name, password and code; say so where a session is over."""
    return show_the_door(request, has_ended=bool(ended))


async def typed_in(request: Request) -> list[Unkept]:
    """Return what somebody wrote and chose in a form that cannot be kept just now."""
    if request.method != "POST" or "application/json" in request.headers.get("accept", ""):
        return []
    # What another site sends is nobody's words.
    return unkept_in(await _sent_in(request)) if _is_from_own_page(request) else []


async def way_back(request: Request) -> WayBack:
    """Return how what was sent is put back on its page once somebody is signed in again."""
    if _ANSWERS.fullmatch(request.url.path) is None:
        return NO_WAY
    return WayBack(request.url.path, tuple(typed_again(await _sent_in(request))))


async def _sent_in(request: Request) -> list[tuple[str, str]]:
    form = await request.form()
    return [(name, one) for name, one in form.multi_items() if isinstance(one, str)]


def show_the_door(
    request: Request, status: int = 200, *, name: str = "", wrong: bool = False,
    has_ended: bool = False, typed: Sequence[Unkept] = (), back: WayBack = NO_WAY,
    faults: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """Show the door; `typed` is what somebody had written who comes from a page of ours."""
    portal = portal_of(request)
    has_sign_on = portal.runtime.settings.sso_issuer is not None
    return portal.render(
        request, "sign-in.html.j2", status, person=None, name=name, wrong=wrong,
        faults=faults or {},
        has_ended=has_ended, typed=typed, back=back, has_sign_on=has_sign_on,
        has_door=portal.places is PLACES,
    )  # fmt: skip


def show_door_again(request: Request, name: str) -> HTMLResponse:
    """Say that something was not right, whatever it was."""
    return show_the_door(request, 403, name=name, wrong=True)


def without_name_or_password(request: Request, name: str, password: str) -> HTMLResponse | None:
    """Return the door where one of the two is not typed, else None; no account counts that."""
    words = portal_of(request).words[language_of(request)]
    faults = gaps_in(words, name=name, password=password)
    return show_the_door(request, 422, name=name, faults=faults) if faults else None


@router.post("/sign-in", dependencies=CAREFULLY)
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Let somebody in, or say that something was not right."""
    portal = portal_of(request)
    if (asked := without_name_or_password(request, name, password)) is not None:
        return asked
    try:
        opened = signing_in.sign_in(
            portal.register_of(DOOR), name, password, code, browser=browser_of(request)
        )
    except NotAuthorised:
        return show_door_again(request, name)
    return keep_session(portal, RedirectResponse("/", 303), opened.token)


@router.post("/sign-out")
def sign_out(
    request: Request,
    visit: Annotated[Visit, Depends(Allowed("see-home"))],
    form_key: Annotated[str, Form()] = "",
) -> Response:
    """End the session."""
    require_form_key(visit, form_key)
    signing_in.sign_out(visit.register, request.cookies[COOKIE])
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.get("/come-in/{token}")
def show_invitation(request: Request, token: str) -> HTMLResponse:
    """Ask for a password, or, once there is one, for the first code."""
    portal = portal_of(request)
    register = portal.register_of(DOOR)
    try:
        begun = signing_in.find_enrolment(register, token)
    except LinkUsed:
        return portal.render(request, "link-used.html.j2", 404, person=None)
    if begun is not None:
        return _show_factor(request, token, begun, fault="")
    return _show_invitation(request, token, signing_in.whose_link(register, token))


def _show_invitation(
    request: Request, token: str, who: Person, status: int = 200, fault: str = ""
) -> HTMLResponse:
    portal = portal_of(request)
    settings = portal.runtime.settings
    return portal.render(
        request, "come-in.html.j2", status, person=None, token=token, who=who, fault=fault,
        has_sign_on=settings.sso_issuer is not None,
    )  # fmt: skip


@router.post("/come-in/{token}", dependencies=CAREFULLY)
def set_password(
    request: Request, token: str, password: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    """Keep the password and show the second factor."""
    portal = portal_of(request)
    register = portal.register_of(DOOR)
    try:
        begun = signing_in.begin_account(register, token, password)
    except InvalidInput as error:
        who = signing_in.whose_link(register, token)
        return _show_invitation(request, token, who, 422, error.faults[0].what)
    return _show_factor(request, token, begun, fault="")


def _show_factor(request: Request, token: str, begun: Enrolment, fault: str) -> HTMLResponse:
    picture = segno.make(begun.uri, error="m").svg_data_uri(scale=5, border=2)
    return portal_of(request).render(
        request, "factor.html.j2", 422 if fault else 200, person=None, token=token,
        picture=picture, seed=begun.seed, fault=fault, code=begun.person,
    )  # fmt: skip


@router.post("/come-in/{token}/confirm", dependencies=CAREFULLY)
def confirm(
    request: Request, token: str, code: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Open the account, begin a session, and show the recovery codes once."""
    portal = portal_of(request)
    register = portal.register_of(DOOR)
    begun = signing_in.find_enrolment(register, token)
    if begun is None:
        raise NotFound("account", "…", advice="set a password first")
    try:
        opened = signing_in.confirm_account(register, token, code, browser=browser_of(request))
    except InvalidInput as error:
        return _show_factor(request, token, begun, error.faults[0].what)
    answer = portal.render(
        request, "recovery.html.j2", person=None, codes=opened.recovery_codes, code=begun.person
    )
    return keep_session(portal, answer, opened.token)


@router.get("/language/{code}")
def choose_language(request: Request, code: str, to: str = "/") -> Response:
    """Remember the language and go back to the page that it was chosen on."""
    back = to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
    return keep_language(request, RedirectResponse(back, 303), code)
