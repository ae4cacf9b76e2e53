"""Sets of reports: asked for here, made beside the portal, and fetched when they are there."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse, HTMLResponse

from cyberposture.errors import CyberpostureError
from cyberposture.reporting.paper import has_printer
from cyberposture.services.assessments.rounds import list_rounds
from cyberposture.services.reports.sets import asked, fetching, working
from cyberposture.web.network.filled import Filled, Form, Trouble, trouble_of
from cyberposture.web.network.saying import sectors_named
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, show
from cyberposture.web.pages.cert.services import offered
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/sets"
FETCHED: Final = "application/zip"
Make = Annotated[Visit, Depends(Allowed("make-sets"))]


@router.get(PLACE)
def list_sets(visit: Make) -> HTMLResponse:
    """List what was asked for, and offer to ask for more."""
    return _show(visit, NO_TROUBLE, EMPTY)


def _show(visit: Visit, trouble: Trouble, typed: Filled) -> HTMLResponse:
    with visit.register.one_state():
        sets = asked.list_sets(visit.register)
        rounds = [one.round.code for one in reversed(list_rounds(visit.register))]
        institutions = offered(visit)
    sectors = sectors_named(visit)
    return show(
        visit, "cert/sets.html.j2", trouble=trouble, typed=typed, sets=sets, rounds=rounds,
        readers=asked.READERS, offered=[*institutions, *sectors], place=PLACE,
        prints=has_printer(), kept_days=working.KEPT.days, most_kept=working.MOST_KEPT,
    )  # fmt: skip


@router.post(PLACE)
def ask_for_set(visit: Make, form: Form) -> Response:
    """Ask for a set; it is made beside the portal."""
    require_form_key(visit, form.form_key)
    try:
        asked.ask(
            visit.register, form["reader"], form["round"], form["about"],
            language=form["language"] or "both", with_pdf=form["pdf"] == "yes",
        )  # fmt: skip
    except CyberpostureError as error:
        return _show(visit, trouble_of(visit, error), form)
    return visit.go(PLACE, "set-asked")


@router.get(f"{PLACE}/{{set_code}}/download")
def fetch_set(visit: Make, set_code: str) -> Response:
    """Send a set as one file, and put it on record."""
    got = fetching.fetch(visit.register, visit.portal.runtime.sets_folder, set_code)
    headers = {
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Manifest-SHA256": got.manifest_sha256,
    }
    return FileResponse(got.path, media_type=FETCHED, filename=got.name, headers=headers)
