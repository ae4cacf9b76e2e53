"""The portal of an opened pack: the same questions on a machine without network, for one person.

It listens on loopback alone, asks for the key that stood in the printed address, and imports
nothing that only POSIX has.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from pydantic import ValidationError

from cyberposture.content.translations import in_language
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.pack.file import OpenedPack
from cyberposture.model.offline import SealedReceipt, Signed
from cyberposture.runtime import Runtime
from cyberposture.services.assessments.cards import search_controls
from cyberposture.services.assessments.library import GivenOut
from cyberposture.services.assessments.offline import elsewhere
from cyberposture.services.assessments.questionnaire import read_questionnaire
from cyberposture.services.people.signing_in import SignedIn
from cyberposture.store.seals import fingerprint
from cyberposture.web.app import dress
from cyberposture.web.navigation import Place
from cyberposture.web.offline.showing import ShownReceipt, show_receipt
from cyberposture.web.pages import answers
from cyberposture.web.pages.institution import (
    controls,
    evidence,
    evidence_on_cards,
    one_control,
)
from cyberposture.web.pages.sign_in import choose_language
from cyberposture.web.surroundings import (
    Allowed,
    SignInFirst,
    Visit,
    make_portal,
    plain,
    require_form_key,
)
from cyberposture.web.uploads import Upload, as_download, read_upload

HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
KEY_COOKIE = "pack"
MOST_RECEIPT = 5_000_000
"""Bytes of the largest receipt that is kept."""
PLACES: Final = (
    Place("work", "pack-home", "/", "see-home"),
    Place("work", "pack-summary", "/summary", "answer"),
    Place("work", "pack-back", "/back", "answer"),
)
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Sitting:
    """One opened pack while it is served: the key of its printed address, and who answers."""

    pack: OpenedPack
    key: str
    person: SignedIn


def make_pack_app(runtime: Runtime, pack: OpenedPack) -> tuple[FastAPI, str]:
    """Return the application over an opened pack, and the path by which it is entered.

    Raises:
        InvalidInput: a file of words is missing or wrong.
    """
    app = FastAPI(title="cyberposture", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.portal = replace(make_portal(runtime), who=_whoever_sits_here, places=PLACES)
    memberships = elsewhere.list_roles(runtime.register)
    key = secrets.token_urlsafe(24)
    person = SignedIn(elsewhere.WRITER, pack.paper.name, secrets.token_urlsafe(24), memberships)
    app.state.sitting = Sitting(pack, key, person)
    for one in (
        router,
        answers.router,
        controls.router,
        one_control.router,
        evidence.router,
        evidence_on_cards.router,
    ):
        app.include_router(one)
    app.add_api_route("/language/{code}", choose_language)
    app.add_api_route("/open/{key}", _enter, response_class=RedirectResponse)
    app.add_api_route("/sign-in", _enter_first)
    app.add_api_route("/sign-out", _leave, methods=["POST"])
    dress(app)
    app.middleware("http")(_only_from_here)
    return app, f"/open/{key}"


async def _only_from_here(
    request: Request, go_on: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Refuse a name that leads here from elsewhere: a page of another site would read along."""
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name not in HOSTS:
        return PlainTextResponse("not here", 421)
    return await go_on(request)


def sitting_of(request: Request) -> Sitting:
    """Return the pack that is served."""
    found: Sitting = request.app.state.sitting
    return found


def _whoever_sits_here(request: Request) -> SignedIn:
    """Return the one person of an opened pack, if they came by the printed address.

    Raises:
        SignInFirst: they did not.
    """
    sitting = sitting_of(request)
    given = request.cookies.get(KEY_COOKIE, "")
    if not hmac.compare_digest(given.encode(), sitting.key.encode()):
        raise SignInFirst
    return sitting.person


def _enter(request: Request, key: str) -> Response:
    if not hmac.compare_digest(key.encode(), sitting_of(request).key.encode()):
        return _enter_first()
    answer = RedirectResponse("/", 303)
    answer.set_cookie(KEY_COOKIE, key, httponly=True, samesite="strict", path="/")
    return answer


def _enter_first() -> Response:
    return PlainTextResponse("open the address that the program printed when it started", 403)


def _leave() -> Response:
    answer = PlainTextResponse("closed; the printed address opens it again")
    answer.delete_cookie(KEY_COOKIE, path="/")
    return answer


@router.get("/")
def show_home(visit: Annotated[Visit, Depends(Allowed("see-home"))]) -> HTMLResponse:
    """Show what is asked, how far it is, and the way back to the register."""
    paper = sitting_of(visit.request).pack.paper
    asked = read_questionnaire(visit.register, paper.institution, paper.round)
    zone = ZoneInfo(asked.institution.zone)
    return visit.show(
        "pack/home.html.j2",
        asked=asked.told_in(visit.words.language),
        paper=paper,
        due=visit.words.minute(asked.due, zone),
        made=visit.words.minute(paper.made_at, zone),
        key=fingerprint(sitting_of(visit.request).pack.sealed.seal.key),
        changes=len(elsewhere.list_changes(visit.register, sitting_of(visit.request).pack)),
    )


@router.get("/summary")
def show_summary(visit: Annotated[Visit, Depends(Allowed("answer"))]) -> HTMLResponse:
    """Show what is answered and what is missing, before the return is made."""
    pack = sitting_of(visit.request).pack
    place = pack.paper.institution, pack.paper.round
    asked, missing = search_controls(visit.register, *place, open_only=True)
    texts = in_language(asked.translations, visit.words.language)
    return visit.show(
        "pack/summary.html.j2",
        asked=asked.told_in(visit.words.language),
        changes=[one.control for one in elsewhere.list_changes(visit.register, pack)],
        pieces=elsewhere.list_pieces(visit.register, pack),
        missing=[(one, texts.title_of(one.control)) for one in missing],
    )


class BackForm:
    """What the page for handing back sends: a signature, or nothing of it."""

    def __init__(
        self,
        form_key: Annotated[str, Form(max_length=200)] = "",
        name: Annotated[str, Form(max_length=200)] = "",
        office: Annotated[str, Form(max_length=200)] = "",
        day: Annotated[str, Form(max_length=20)] = "",
    ) -> None:
        self.form_key, self.day = form_key, day
        self.name, self.office = plain(name), plain(office)

    def signed(self) -> Signed | None:
        """Return the signature, or None where all of it is empty.

        Raises:
            InvalidInput: a part of it is missing or wrong.
        """
        if not (self.name or self.office or self.day):
            return None
        try:
            day = date.fromisoformat(self.day)
        except ValueError as error:
            raise InvalidInput(Fault("day", "a day such as 2026-11-30")) from error
        try:
            return Signed(name=self.name, office=self.office, day=day)
        except ValidationError as error:
            faults = [Fault(str(one["loc"][0]), one["msg"]) for one in error.errors()]
            raise InvalidInput(faults) from error


@router.get("/back")
def show_back(visit: Annotated[Visit, Depends(Allowed("answer"))]) -> HTMLResponse:
    """Show what goes back, where to sign, and the receipts that came."""
    return _show_back(visit)


def _show_back(
    visit: Visit,
    status: int = 200,
    *,
    faults: list[tuple[str, str]] | None = None,
    typed: BackForm | None = None,
) -> HTMLResponse:
    pack = sitting_of(visit.request).pack
    asked = read_questionnaire(visit.register, pack.paper.institution, pack.paper.round)
    zone = ZoneInfo(asked.institution.zone)
    kept = elsewhere.list_kept(visit.register)
    changes = elsewhere.list_changes(visit.register, pack)
    return visit.show(
        "pack/back.html.j2",
        status,
        asked=asked,
        changes=[one.control for one in changes],
        pieces=elsewhere.list_pieces(visit.register, pack),
        receipts=[_shown(visit, one, zone) for one in kept],
        faults=faults or [],
        typed={"name": typed.name, "office": typed.office, "day": typed.day} if typed else {},
    )


def _shown(visit: Visit, one: SealedReceipt, zone: ZoneInfo) -> ShownReceipt:
    return show_receipt(one, visit.words, zone, {})


@router.post("/back")
def hand_back(
    visit: Annotated[Visit, Depends(Allowed("answer"))], form: Annotated[BackForm, Depends()]
) -> Response:
    """Make the return and hand it out as a file."""
    require_form_key(visit, form.form_key)
    pack = sitting_of(visit.request).pack
    try:
        made = elsewhere.make_return(visit.register, pack, form.signed())
    except InvalidInput as error:
        faults = [(one.where, one.what) for one in error.faults]
        return _show_back(visit, 422, faults=faults, typed=form)
    kind = "application/zip" if made.file_name.endswith(".zip") else "application/json"
    return as_download(GivenOut(made.file_name, kind, made.data))


@router.post("/receipts/upload")
async def keep_receipt(visit: Annotated[Visit, Depends(Allowed("answer"))]) -> Response:
    """Keep a receipt that the register gave."""
    try:
        form = await read_upload(visit, MOST_RECEIPT)
        await run_in_threadpool(_keep, visit, form)
    except InvalidInput as error:
        faults = [("file", one.what) for one in error.faults]
        return await run_in_threadpool(lambda: _show_back(visit, 422, faults=faults))
    return visit.go("/back", "offline-receipt-kept")


def _keep(visit: Visit, form: Upload) -> None:
    if form.file is None:
        raise InvalidInput(Fault("file", visit.words.say("offline.choose")))
    elsewhere.keep_receipt(
        visit.register,
        sitting_of(visit.request).pack,
        file_name=form.file.name,
        data=form.file.data,
    )
