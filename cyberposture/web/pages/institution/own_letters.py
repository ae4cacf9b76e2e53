"""An institution's own letters: what it allowed, on which paper, and how it takes it back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.errors import CyberpostureError, NotFound
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.permission import authorise, requests, standing
from cyberposture.web.network.filled import (
    OWN_KEY,
    Filled,
    Form,
    Trouble,
    key_of,
    missing,
    trouble_of,
)
from cyberposture.web.network.letters import send_paper
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, asked, pager, show, turn_of
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/institutions/{institution}/network/letters"
ONE = f"{PLACE}/{{reference:path}}"
See = Annotated[Visit, Depends(Allowed("see-authorisations"))]


@router.get(PLACE)
def list_letters(visit: See, institution: str) -> HTMLResponse:
    """List what is allowed, and the letters that wait to be signed."""
    owner = get_institution(visit.register, institution).institution
    found = standing.page_letters(visit.register, institution=institution, turn=turn_of(visit))
    return show(
        visit, "institution/letters.html.j2", zone=owner.zone, found=found,
        pages=pager(visit, found.page), owner=owner, place=PLACE.format(institution=institution),
        waiting=requests.list_unanswered(visit.register, institution),
    )  # fmt: skip


@router.get(f"{ONE}/papers/{{kind}}/{{sha256}}")
def hand_out_paper(
    visit: See, institution: str, reference: str, kind: str, sha256: str
) -> Response:
    """Hand out a paper of one's own, to be saved."""
    return send_paper(visit, institution, reference, kind, sha256)


@router.get(f"{ONE}/letter")
def show_letter(visit: See, institution: str, reference: str) -> HTMLResponse:
    """Show our letter in both languages, to be printed and signed."""
    letter = requests.get_letter(visit.register, reference, asked(visit, "sha256") or None)
    if letter.institution != institution:
        raise NotFound("letter", reference)
    text = requests.read_text(visit.register, letter)
    back = PLACE.format(institution=institution)
    return show(visit, "letter.html.j2", letter=letter, text=text, back=f"{back}/{reference}")


@router.get(ONE)
def show_one(visit: See, institution: str, reference: str) -> HTMLResponse:
    """Show one authorisation with its papers and its life."""
    return _show(visit, institution, reference, NO_TROUBLE, EMPTY)


def _show(
    visit: Visit, institution: str, reference: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    place = f"{PLACE.format(institution=institution)}/{reference}"
    back = PLACE.format(institution=institution)
    owner = get_institution(visit.register, institution).institution
    try:
        whole = standing.get_letter(visit.register, reference, institution=institution)
    except NotFound:
        letter = requests.get_letter(visit.register, reference)
        if letter.institution != institution:
            raise NotFound("letter", reference) from None
        return show(
            visit, "institution/requested.html.j2", zone=owner.zone, letter=letter, place=place,
            back=back,
        )  # fmt: skip
    return show(
        visit, "institution/letter.html.j2", zone=owner.zone, trouble=trouble, whole=whole,
        one=whole.view, typed=typed, place=place, back=back,
    )  # fmt: skip


@router.post(f"{ONE}/withdraw")
def withdraw(
    visit: Annotated[Visit, Depends(Allowed("withdraw-authorisation"))],
    institution: str,
    reference: str,
    form: Form,
) -> Response:
    """Take an authorisation back; checks under it end at once."""
    require_form_key(visit, form.form_key)
    standing.require_own(visit.register, reference, institution)
    trouble = missing(visit, form, "withdrawn_by", "reason")
    if trouble is None:
        try:
            authorise.withdraw(
                visit.register, reference, visit.person.person,
                key_of(form, OWN_KEY) if form.files.get(OWN_KEY) else None,
                withdrawn_by=form["withdrawn_by"], reason=form["reason"],
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show(visit, institution, reference, trouble, form)
    return visit.go(f"{PLACE.format(institution=institution)}/{reference}", "letter_withdrawn")
