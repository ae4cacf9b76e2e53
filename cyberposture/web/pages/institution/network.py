"""What we see of an institution, and how it asks to be looked at again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.errors import CyberpostureError, NotFound
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.reports.subjects import About
from cyberposture.services.scans import asking, seen
from cyberposture.services.scans.views import find_newest_done, get_scan
from cyberposture.web.network.filled import Filled, Form, Trouble, trouble_of
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, asked, show
from cyberposture.web.sending import send_report
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/institutions/{institution}/network"


@router.get(PLACE)
def show_network(
    visit: Annotated[Visit, Depends(Allowed("see-network"))], institution: str
) -> HTMLResponse:
    """Show what answers from outside at what is declared, and what was not tested."""
    return _show(visit, institution, NO_TROUBLE, EMPTY)


def _show(visit: Visit, institution: str, trouble: Trouble, typed: Filled) -> HTMLResponse:
    text = asked(visit, "page")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
    owner = get_institution(visit.register, institution).institution
    scanner = visit.portal.runtime.scanner
    return show(
        visit, "institution/network.html.j2", zone=owner.zone, trouble=trouble, typed=typed,
        seen=seen.look(visit.register, institution, number), owner=owner,
        room=asking.room_of(visit.register, scanner, institution),
        place=PLACE.format(institution=institution),
        has_letter=find_newest_done(visit.register, institution) is not None,
    )  # fmt: skip


@router.get(f"{PLACE}/last-letter")
def read_last_letter(
    visit: Annotated[Visit, Depends(Allowed("see-network"))], institution: str
) -> Response:
    """Send the letter that tells what the newest scan showed, or the one that is asked for."""
    wanted = asked(visit, "scan")
    found = wanted or find_newest_done(visit.register, institution)
    if found is None or (wanted and get_scan(visit.register, wanted).institution != institution):
        raise NotFound("letter", wanted or institution)
    sent_from = visit.portal.runtime.settings.source_addresses
    return send_report(visit, "letter", "board", About(scan=found, sent_from=sent_from))


@router.post(f"{PLACE}/again")
def ask_again(
    visit: Annotated[Visit, Depends(Allowed("ask-for-scan"))], institution: str, form: Form
) -> Response:
    """Have addresses looked at as soon as turn and windows allow; the gate is asked as always."""
    require_form_key(visit, form.form_key)
    place = PLACE.format(institution=institution)
    try:
        asking.ask(visit.register, institution, form.lines("addresses"), reason=form["reason"])
    except CyberpostureError as error:
        return _show(visit, institution, trouble_of(visit, error), form)
    return visit.go(place, "asked")
