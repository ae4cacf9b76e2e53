"""Authorisations: the list by institution and state, and one whole, with its papers."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from cyberposture.errors import NotFound
from cyberposture.services.permission import requests, standing
from cyberposture.store.authorisations import LetterState
from cyberposture.web.network.filled import Filled, Trouble
from cyberposture.web.network.letters import send_paper
from cyberposture.web.network.showing import (
    EMPTY,
    NO_TROUBLE,
    asked,
    chosen,
    pager,
    show,
    turn_of,
)
from cyberposture.web.surroundings import Allowed, Visit

router = APIRouter(include_in_schema=False)
PLACE = "/cert/authorisations"
See = Annotated[Visit, Depends(Allowed("oversee-authorisations"))]


@router.get(PLACE)
def list_authorisations(visit: See) -> HTMLResponse:
    """List authorisations, the newest first, and the letters that nobody sent back yet."""
    institution = asked(visit, "institution")
    state = chosen(visit, "state", get_args(LetterState))
    found = standing.page_letters(
        visit.register, institution=institution or None, state=state,
        turn=turn_of(visit),
    )  # fmt: skip
    return show(
        visit, "cert/authorisations.html.j2", found=found, pages=pager(visit, found.page),
        institution=institution, shown=state or "", states=get_args(LetterState), place=PLACE,
        waiting=requests.list_unanswered(visit.register, institution or None),
        may_request=visit.may("request-authorisation"),
    )  # fmt: skip


@router.get(f"{PLACE}/{{institution}}/{{reference:path}}/papers/{{kind}}/{{sha256}}")
def hand_out_paper(
    visit: See, institution: str, reference: str, kind: str, sha256: str
) -> Response:
    """Hand out a paper of an authorisation, to be saved."""
    return send_paper(visit, institution, reference, kind, sha256)


@router.get(f"{PLACE}/{{institution}}/{{reference:path}}/letter")
def show_letter(visit: See, institution: str, reference: str) -> HTMLResponse:
    """Show our letter in both languages, to be printed and signed."""
    letter = requests.get_letter(visit.register, reference, asked(visit, "sha256") or None)
    if letter.institution != institution:
        raise NotFound("letter", reference)
    text = requests.read_text(visit.register, letter)
    return show(
        visit, "letter.html.j2", letter=letter, text=text, back=f"{PLACE}/{institution}/{reference}"
    )


@router.get(f"{PLACE}/{{institution}}/{{reference:path}}")
def show_authorisation(visit: See, institution: str, reference: str) -> Response:
    """Show one authorisation, or the letter of ours that may become one."""
    return show_one(visit, institution, reference, NO_TROUBLE, EMPTY)


def show_one(
    visit: Visit, institution: str, reference: str, trouble: Trouble, typed: Filled
) -> Response:
    """Return the page of one authorisation, with a form that was wrong, if any."""
    place = f"{PLACE}/{institution}/{reference}"
    view: dict[str, Any] = {
        "typed": typed,
        "place": place,
        "reference": reference,
        "institution": institution,
    }
    try:
        whole = standing.get_letter(visit.register, reference)
    except NotFound:
        letter = requests.get_letter(visit.register, reference)
        if letter.institution != institution:
            raise NotFound("letter", reference) from None
        return show(visit, "cert/requested.html.j2", trouble=trouble, letter=letter, **view)
    if whole.view.institution != institution:
        raise NotFound("letter", reference)
    return show(
        visit, "cert/authorisation.html.j2", trouble=trouble, whole=whole, one=whole.view, **view
    )


def back_to(institution: str, reference: str, done: str) -> RedirectResponse:
    """Return the way back to one authorisation after something was done."""
    return RedirectResponse(f"{PLACE}/{institution}/{reference}?done={done}", 303)
