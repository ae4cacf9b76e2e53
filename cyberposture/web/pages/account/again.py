"""Asks once more who is there, before anything is added that opens the door later on."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cyberposture.errors import NotAuthorised
from cyberposture.services.people import own_account, signing_in
from cyberposture.web.gaps import gaps_in
from cyberposture.web.pages.sign_in import CAREFULLY
from cyberposture.web.sign_on import browser_of, keep_session
from cyberposture.web.surroundings import COOKIE, Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/account/again"
ON = ("/account", "/account/tokens")
"""Where one may be going on to."""
Own = Annotated[Visit, Depends(Allowed("keep-own-account"))]


def is_fresh(visit: Visit) -> bool:
    """Return whether this person showed a moment ago who they are."""
    return own_account.is_fresh(visit.register, visit.request.cookies[COOKIE])


def ask_again(visit: Visit, to: str) -> Response | None:
    """Return the way to this page where whoever asks signed in long ago, or None."""
    return None if is_fresh(visit) else RedirectResponse(f"{PLACE}?to={quote(to)}", 303)


@router.get(PLACE)
def show_again(visit: Own, to: str = "") -> HTMLResponse:
    """Ask for the password and the second factor."""
    return _show(visit, to)


def _show(
    visit: Visit, to: str, status: int = 200, faults: dict[str, str] | None = None
) -> HTMLResponse:
    account = own_account.read_account(visit.register, visit.request.cookies[COOKIE])
    kinds = {one.kind for one in account.factors}
    return visit.show(
        "account/again.html.j2", status, to=to if to in ON else ON[0], account=account,
        by_code=account.has_password and (not kinds or "authenticator" in kinds),
        by_key=account.has_password and "key" in kinds, wrong=status != 200 and not faults,
        fault=faults or {}, faults=list((faults or {}).items()),
    )  # fmt: skip


@router.post(PLACE, dependencies=CAREFULLY)
def take_up(
    visit: Own,
    form_key: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=100)] = "",
    to: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Begin the session anew for whoever shows both; a failure counts as one at the door."""
    require_form_key(visit, form_key)
    if gaps := gaps_in(visit.words, password=password, code=code):
        return _show(visit, to, 422, gaps)
    register = visit.register
    try:
        opened = signing_in.sign_in(
            register, visit.person.person, password, code, browser=browser_of(visit.request)
        )
    except NotAuthorised:
        return _show(visit, to, 422)
    signing_in.sign_out(register, visit.request.cookies[COOKIE])
    answer = visit.go(to if to in ON else ON[0], "shown-again")
    return keep_session(visit.portal, answer, opened.token)
