"""The other ways through the door: a security key, and single sign-on by another house."""

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from cyberposture.errors import NotAuthorised, NotFound
from cyberposture.services.people import signing_in, single_sign_on
from cyberposture.services.people.attempts import Opened
from cyberposture.services.people.single_sign_on import FactorAsked, Provider
from cyberposture.web.doorkeeper import at_the_door
from cyberposture.web.gaps import gaps_in
from cyberposture.web.pages.sign_in import (
    CAREFULLY,
    show_door_again,
    without_name_or_password,
)
from cyberposture.web.sign_on import (
    BACK,
    LINK_COOKIE,
    STEP_COOKIE,
    browser_of,
    keep_session,
    keep_step,
    place_of,
    provider_of,
)
from cyberposture.web.surroundings import DOOR, Portal, language_of, portal_of

router = APIRouter(include_in_schema=False)


@router.post("/sign-in/key", dependencies=CAREFULLY)
def ask_for_key(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Ask whoever knows the password for one of their security keys."""
    portal = portal_of(request)
    if (again := without_name_or_password(request, name, password)) is not None:
        return again
    try:
        asked = signing_in.ask_for_key(portal.register_of(DOOR), name, password, place_of(portal))
    except NotAuthorised:
        return show_door_again(request, name)
    return portal.render(request, "account/key-shown.html.j2", person=None, asked=asked)


@router.post("/sign-in/key/shown", dependencies=CAREFULLY)
def show_key(
    request: Request,
    step: Annotated[str, Form(max_length=200)] = "",
    response: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Let in whoever shows the key that was asked for."""
    portal = portal_of(request)
    try:
        opened = signing_in.sign_in_with_key(
            portal.register_of(DOOR), step, response, place_of(portal), browser=browser_of(request)
        )
    except NotAuthorised:
        return show_door_again(request, "")
    return keep_session(portal, RedirectResponse("/", 303), opened.token)


def _needed(portal: Portal) -> Provider:
    provider = provider_of(portal)
    if provider is None:
        raise NotFound("page", "/sign-in/sso")
    return provider


@router.get("/sign-in/sso", dependencies=[Depends(at_the_door)])
def begin(request: Request) -> Response:
    """Send somebody to the other house."""
    portal = portal_of(request)
    begun = single_sign_on.begin_sign_on(portal.register_of(DOOR), _needed(portal))
    return keep_step(portal, RedirectResponse(begun.address, 303), STEP_COOKIE, begun.token)


@router.get("/come-in/{token}/sso", dependencies=[Depends(at_the_door)])
def begin_link(request: Request, token: str) -> Response:
    """Send somebody to the other house, to take up their invitation there."""
    portal = portal_of(request)
    begun = single_sign_on.begin_link(portal.register_of(DOOR), _needed(portal), token)
    answer = RedirectResponse(begun.address, 303)
    keep_step(portal, answer, LINK_COOKIE, token)
    return keep_step(portal, answer, STEP_COOKIE, begun.token)


@router.get(BACK, dependencies=[Depends(at_the_door)])
def come_back(request: Request, code: str = "", state: str = "") -> Response:
    """Receive whom the other house sends back."""
    portal, token = portal_of(request), request.cookies.get(STEP_COOKIE, "")
    provider, register = _needed(portal), portal.register_of(DOOR)
    browser = browser_of(request)
    try:
        if single_sign_on.is_link(register, token):
            linked = single_sign_on.come_back_linked(
                register, provider, token=token, state=state, code=code, browser=browser
            )
            return _taken_up(request, linked.opened)
        found = single_sign_on.come_back(
            register, provider, place_of(portal), token=token, state=state, code=code,
            browser=browser,
        )  # fmt: skip
    except NotAuthorised:
        return portal.render(request, "account/sso-failed.html.j2", 403, person=None)
    if isinstance(found, FactorAsked):
        return portal.render(
            request, "account/sso-factor.html.j2", person=None, asked=found, fault=""
        )
    return _in(request, found)


def _in(request: Request, opened: Opened) -> Response:
    """Show that somebody is in.

    It is a page and no redirect: a strict cookie is not sent on a way that began elsewhere.
    """
    portal = portal_of(request)
    answer = portal.render(request, "account/sso-in.html.j2", person=None)
    return keep_session(portal, answer, opened.token)


def _taken_up(request: Request, opened: Opened | None) -> Response:
    portal = portal_of(request)
    if opened is not None:
        codes = opened.recovery_codes
        answer = portal.render(request, "recovery.html.j2", person=None, codes=codes, code="")
        return keep_session(portal, answer, opened.token)
    link = request.cookies.get(LINK_COOKIE, "")
    begun = signing_in.find_enrolment(portal.register_of(DOOR), link)
    if begun is None:
        raise NotFound("link", "…", advice="open your invitation link once more")
    picture = segno.make(begun.uri, error="m").svg_data_uri(scale=5, border=2)
    return portal.render(
        request, "factor.html.j2", person=None, token=link, picture=picture, seed=begun.seed,
        fault="", code=begun.person,
    )  # fmt: skip


@router.post("/sign-in/code", dependencies=CAREFULLY)
def show_code(
    request: Request,
    step: Annotated[str, Form(max_length=200)] = "",
    code: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Let in whom the other house knew and who shows a code of ours."""
    portal = portal_of(request)
    gaps = gaps_in(portal.words[language_of(request)], code=code)
    if gaps:
        return portal.render(
            request, "account/sso-factor.html.j2", 422, person=None,
            asked=FactorAsked(step, None), fault=gaps["code"],
        )  # fmt: skip
    try:
        opened = single_sign_on.finish_with_code(
            portal.register_of(DOOR), step, code, browser=browser_of(request)
        )
    except NotAuthorised:
        return show_door_again(request, "")
    return keep_session(portal, RedirectResponse("/", 303), opened.token)
