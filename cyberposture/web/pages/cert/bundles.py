"""Bundles of evidence: everything behind one score, finding or contact, to be saved and given."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import CyberpostureError
from cyberposture.services.assessments.library import GivenOut
from cyberposture.services.proof.bundle.making import make_bundle
from cyberposture.services.proof.bundle.matter import Kind, Subject
from cyberposture.services.schedule.month import NATION_ZONE
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import NO_TROUBLE, asked, read_moment, show
from cyberposture.web.surroundings import Allowed, Visit, require_form_key
from cyberposture.web.uploads import as_download

router = APIRouter(include_in_schema=False)
PLACE = "/cert/audit/bundle"
KINDS: tuple[Kind, ...] = get_args(Kind)


@router.get(PLACE)
def ask_bundle(visit: Annotated[Visit, Depends(Allowed("see-audit"))]) -> HTMLResponse:
    """Ask what a bundle is to be about; other pages name it in the address."""
    typed = Filled({name: asked(visit, name) for name in ("kind", "name", "at")}, {})
    return _show(visit, NO_TROUBLE, typed)


def _show(visit: Visit, trouble: Trouble, typed: Filled) -> HTMLResponse:
    key = visit.register.audit.key
    return show(visit, "cert/bundle.html.j2", trouble=trouble, typed=typed, kinds=KINDS, key=key)


@router.post(PLACE)
def send_bundle(visit: Annotated[Visit, Depends(Allowed("see-audit"))], form: Form) -> Response:
    """Make a bundle, put it on record, and send it as a file that a browser saves."""
    require_form_key(visit, form.form_key)
    runtime, trouble = visit.portal.runtime, missing(visit, form, "name")
    if trouble is None:
        try:
            kind = next((one for one in KINDS if one == form["kind"]), KINDS[-1])
            at = read_moment(form["at"], NATION_ZONE)
            subject = Subject(kind, form["name"].strip(), at)
            made = make_bundle(visit.register, runtime.folders.reports, runtime.heads_file, subject)
            return as_download(GivenOut(made.file_name, "application/zip", made.data))
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    return _show(visit, trouble, form)
