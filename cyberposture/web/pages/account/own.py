"""One's own account: password, second keys, codes, sessions, and how one is written to."""

from typing import Annotated, Literal, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import segno
from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import CyberpostureError, InvalidInput, WrongState
from cyberposture.reporting.plain import given
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.people import own_account, signing_keys
from cyberposture.services.people.second_factors import Enrolment
from cyberposture.web.browsers import name_browser
from cyberposture.web.gaps import gaps_in
from cyberposture.web.pages.account.again import ask_again, is_fresh
from cyberposture.web.sign_on import place_of
from cyberposture.web.surroundings import COOKIE, LANGUAGES, Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/account"
ZONE = ZoneInfo("Asia/Karachi")
Own = Annotated[Visit, Depends(Allowed("keep-own-account"))]
Key = Annotated[str, Form(max_length=200)]


def _faults(error: CyberpostureError) -> dict[str, str]:
    if isinstance(error, InvalidInput):
        return {one.where.removeprefix("arguments"): one.what for one in error.faults}
    return {"": str(error)}


def _mail_fault(error: InvalidInput, visit: Visit) -> dict[str, str]:
    return {"mail": str(visit.words.say("account.mail_wrong"))}


@router.get(PLACE)
def show_account(visit: Own) -> HTMLResponse:
    """Show everything that opens the door for this person."""
    return _show(visit)


def _browser(visit: Visit, agent: str) -> str:
    """Return what people call the browser of a session, or what it said where nobody knows it."""
    browser, system = name_browser(agent)
    if browser and system:
        return visit.words.say("account.browser_on", browser=browser, system=system)
    return given(browser or agent) if agent else visit.words.say("account.unknown_browser")


def _show(visit: Visit, status: int = 200, faults: dict[str, str] | None = None) -> HTMLResponse:
    words = visit.words
    account = own_account.read_account(visit.register, visit.request.cookies[COOKIE])
    return visit.show(
        "account/own.html.j2",
        status,
        account=account,
        named={
            one.institution: get_institution(visit.register, one.institution).institution.name
            for one in account.roles
            if one.institution
        },
        is_fresh=is_fresh(visit),
        faults=faults or {},
        browser_of=lambda agent: _browser(visit, agent),
        day=lambda moment: words.day(moment, ZONE),
        minute=lambda moment: words.minute(moment, ZONE),
        languages=[(code, words.say(f"language.{code}")) for code in LANGUAGES],
    )


@router.post(f"{PLACE}/ways")
def keep_ways(
    visit: Own,
    form_key: Key = "",
    mail: Annotated[str, Form(max_length=254)] = "",
    language: Annotated[str, Form(max_length=2)] = "en",
) -> Response:
    """Keep where and in which language the person is written to."""
    require_form_key(visit, form_key)
    chosen = cast("Literal['en', 'ur']", language if language in LANGUAGES else "en")
    try:
        own_account.set_ways(visit.register, mail, chosen)
    except InvalidInput as error:
        return _show(visit, 422, _mail_fault(error, visit))
    return visit.go(PLACE, "ways-kept")


@router.post(f"{PLACE}/password")
def change_password(
    visit: Own,
    form_key: Key = "",
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Set another password."""
    require_form_key(visit, form_key)
    try:
        own_account.change_password(visit.register, visit.request.cookies[COOKIE], old, new)
    except (InvalidInput, WrongState) as error:
        faults = _faults(error)
        return _show(visit, 422, {"old": faults[""]} if "" in faults else faults)
    return visit.go(PLACE, "password-changed")


@router.post(f"{PLACE}/authenticators")
def begin_authenticator(
    visit: Own, form_key: Key = "", name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Begin one more authenticator."""
    require_form_key(visit, form_key)
    again = ask_again(visit, PLACE)
    if again is not None:
        return again
    if gaps := gaps_in(visit.words, authenticator=name):
        return _show(visit, 422, gaps)
    try:
        factor, _ = own_account.begin_authenticator(visit.register, name)
    except InvalidInput as error:
        return _show(visit, 422, {"authenticator": error.faults[0].what})
    return visit.go(f"{PLACE}/authenticators/{factor}")


@router.get(f"{PLACE}/authenticators/{{factor}}")
def show_authenticator(visit: Own, factor: UUID) -> HTMLResponse:
    """Show what an authenticator has to be told."""
    return _show_authenticator(
        visit, factor, own_account.waiting_authenticator(visit.register, factor)
    )


def _show_authenticator(
    visit: Visit, factor: UUID, begun: Enrolment, fault: str = ""
) -> HTMLResponse:
    picture = segno.make(begun.uri, error="m").svg_data_uri(scale=5, border=2)
    return visit.show(
        "account/new-authenticator.html.j2", 422 if fault else 200, factor=factor,
        picture=picture, seed=begun.seed, fault=fault,
    )  # fmt: skip


@router.post(f"{PLACE}/authenticators/{{factor}}")
def confirm_authenticator(
    visit: Own, factor: UUID, form_key: Key = "", code: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Confirm an authenticator by the code that it shows."""
    require_form_key(visit, form_key)
    try:
        own_account.confirm_authenticator(visit.register, factor, code)
    except InvalidInput as error:
        begun = own_account.waiting_authenticator(visit.register, factor)
        return _show_authenticator(visit, factor, begun, error.faults[0].what)
    return visit.go(PLACE, "factor-added")


@router.post(f"{PLACE}/keys")
def begin_key(
    visit: Own, form_key: Key = "", name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Ask for one more security key."""
    require_form_key(visit, form_key)
    again = ask_again(visit, PLACE)
    if again is not None:
        return again
    if not name.strip():
        return _show(visit, 422, {"key": str(visit.words.say("account.needs_name"))})
    asked = own_account.begin_key(visit.register, place_of(visit.portal))
    return visit.show("account/new-key.html.j2", asked=asked, name=name.strip())


@router.post(f"{PLACE}/keys/shown")
def add_key(
    visit: Own,
    form_key: Key = "",
    step: Annotated[str, Form(max_length=200)] = "",
    response: Annotated[str, Form(max_length=20_000)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keep the security key that answered."""
    require_form_key(visit, form_key)
    try:
        own_account.add_key(visit.register, step, response, name, place_of(visit.portal))
    except InvalidInput as error:
        return _show(visit, 422, {"key": error.faults[0].what})
    return visit.go(PLACE, "factor-added")


@router.post(f"{PLACE}/factors/{{factor}}/remove")
def remove_factor(visit: Own, factor: UUID, form_key: Key = "") -> Response:
    """Let a second key open nothing any more."""
    require_form_key(visit, form_key)
    own_account.remove_factor(visit.register, factor)
    return visit.go(PLACE, "factor-removed")


@router.post(f"{PLACE}/codes")
def renew_codes(visit: Own, form_key: Key = "") -> Response:
    """Make new recovery codes and show them this one time."""
    require_form_key(visit, form_key)
    again = ask_again(visit, PLACE)
    if again is not None:
        return again
    codes = own_account.renew_recovery_codes(visit.register)
    return visit.show("account/codes.html.j2", codes=codes)


@router.post(f"{PLACE}/sessions/end")
def end_other_sessions(visit: Own, form_key: Key = "") -> Response:
    """Sign out everywhere else."""
    require_form_key(visit, form_key)
    own_account.end_other_sessions(visit.register, visit.request.cookies[COOKIE])
    return visit.go(PLACE, "sessions-ended")


@router.post(f"{PLACE}/signing-key")
def make_signing_key(
    visit: Own, form_key: Key = "", reason: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Make the person's signing key and hand its private half over, this one time."""
    require_form_key(visit, form_key)
    code = visit.person.person
    try:
        private = signing_keys.make_signing_key(visit.register, code, reason=reason)
    except WrongState as error:
        return _show(visit, 422, {"reason": error.advice() or str(error)})
    answer = Response(private + "\n", media_type="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{code}.key"'
    return answer
