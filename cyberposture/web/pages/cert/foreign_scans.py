"""Takes in a scan that somebody else made: a file of nmap XML, under an authorisation of ours."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import CyberpostureError, Fault, InvalidInput
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.services.permission import standing
from cyberposture.services.scans import taking_in
from cyberposture.web.network.filled import Filled, Trouble, missing, trouble_of
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, asked, show
from cyberposture.web.pages.cert.services import offered
from cyberposture.web.surroundings import Allowed, Visit
from cyberposture.web.uploads import UPLOADS, Upload, read_upload

router = APIRouter(include_in_schema=False)
PLACE = "/cert/scan-import"
Runs = Annotated[Visit, Depends(Allowed("run-scan"))]


@router.get(PLACE)
def show_import(visit: Runs) -> HTMLResponse:
    """Ask for a file of nmap XML, and under which authorisation it was made."""
    return _show(visit, NO_TROUBLE, Filled({"institution": asked(visit, "institution")}, {}))


def _most_bytes(visit: Visit) -> int:
    return visit.portal.runtime.settings.upload_bytes


def _show(visit: Visit, trouble: Trouble, typed: Filled = EMPTY) -> HTMLResponse:
    institution = typed["institution"]
    letters: list[Any] = []
    if institution and "institution" not in trouble.faults:
        try:
            letters = list(standing.page_letters(visit.register, institution=institution).page.rows)
        except CyberpostureError as error:
            trouble = Trouble(422, {**trouble.faults, "institution": str(error)})
    return show(
        visit, "cert/scan-import.html.j2", trouble=trouble, typed=typed, place=PLACE,
        offered=offered(visit), letters=[one.record.code for one in letters],
        megabytes=_most_bytes(visit) // 1_000_000,
    )  # fmt: skip


@router.post(f"{PLACE}{UPLOADS}")
async def take_in(visit: Runs) -> Response:
    """Take a file in: what was in scope is kept and judged, and nothing of the rest."""
    upload = Upload({}, None)
    try:
        upload = await read_upload(visit, _most_bytes(visit))
    except UnfitFile:
        said = visit.words.say("taken.too_large", n=_most_bytes(visit) // 1_000_000)
        return await run_in_threadpool(_show, visit, Trouble(422, {"file": str(said)}))
    return await run_in_threadpool(_take, visit, upload)


def _take(visit: Visit, upload: Upload) -> Response:
    files = {} if upload.file is None else {"file": upload.file.data}
    form = Filled(upload.fields, {}, files)
    trouble = missing(visit, form, "institution", "authorisation", "file")
    if trouble is not None:
        return _show(visit, trouble, form)
    try:
        code, refused = _import(visit, upload)
    except InvalidInput as error:
        return _show(visit, Trouble(422, dict(map(_placed, error.faults[:1]))), form)
    except CyberpostureError as error:
        return _show(visit, trouble_of(visit, error), form)
    return visit.go(f"/cert/scans/{code}", "scan-taken-in-part" if refused else "scan-taken-in")


def _placed(fault: Fault) -> tuple[str, str]:
    """Return the field that a fault is about, and what is wrong in which line."""
    field = "requested" if "requested" in fault.where else "file"
    return field, f"{fault.where.rpartition('/')[2]}: {fault.what}"


def _import(visit: Visit, upload: Upload) -> tuple[str, list[str]]:
    assert upload.file is not None
    form = upload.fields
    with tempfile.TemporaryDirectory() as folder:
        # The name is what the register keeps; it leads nowhere on this machine.
        path = Path(folder) / (Path(upload.file.name).name[:100] or "scan.xml")
        path.write_bytes(upload.file.data)
        requested = None
        if form.get("requested", "").strip():
            requested = Path(folder) / "requested"
            requested.write_text(form["requested"])
        scan, refused = taking_in.import_scan(
            visit.register, path, form["institution"].strip(), form["authorisation"].strip(),
            requested=requested, ran_by=form.get("ran_by", "")[:200],
        )  # fmt: skip
    return scan.code, refused
