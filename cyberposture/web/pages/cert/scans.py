"""Scans: the list, one with its progress and who was contacted, two side by side, and a new one."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, BackgroundTasks, Depends, Response
from fastapi.responses import HTMLResponse, JSONResponse

from cyberposture.errors import CyberpostureError, NotFound, WrongState
from cyberposture.services.findings import rejudging, scan_diff
from cyberposture.services.reports.subjects import About
from cyberposture.services.scans import overview, scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.scans.here import run_here
from cyberposture.services.scans.overview import Progress
from cyberposture.store.scans import ScanState
from cyberposture.web.gaps import gaps_in
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import (
    EMPTY,
    NO_TROUBLE,
    asked,
    chosen,
    namer,
    pager,
    show,
    turn_of,
)
from cyberposture.web.sending import send_report
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/scans"
NEW = "/cert/scan-now"
MOST_LISTED = 200
"""So many addresses of a plan are listed; the others are counted."""


@router.get(PLACE)
def list_scans(visit: Annotated[Visit, Depends(Allowed("see-scans"))]) -> HTMLResponse:
    """List scans, the newest first."""
    institution = asked(visit, "institution")
    state = chosen(visit, "state", get_args(ScanState))
    page = overview.page_scans(
        visit.register, institution=institution or None, state=state, turn=turn_of(visit)
    )
    return show(
        visit, "cert/scans.html.j2", page=page, pages=pager(visit, page), institution=institution,
        states=get_args(ScanState), shown=state or "",
    )  # fmt: skip


@router.get(f"{PLACE}/compare")
def compare(visit: Annotated[Visit, Depends(Allowed("see-scans"))]) -> HTMLResponse:
    """Put two scans side by side."""
    before, after = asked(visit, "older"), asked(visit, "newer")
    found, trouble = None, NO_TROUBLE
    if before and after:
        try:
            found = scan_diff.compare(visit.register, before, after)
        except (NotFound, WrongState) as error:
            trouble = trouble_of(visit, error)
    return show(
        visit, "cert/compare.html.j2", trouble=trouble, found=found, older=before, newer=after,
        title_of=namer(visit), checks=visit.register.content.checks,
    )  # fmt: skip


@router.get(f"{PLACE}/{{run}}")
def show_scan(visit: Annotated[Visit, Depends(Allowed("see-scans"))], run: str) -> HTMLResponse:
    """Show one scan: how far it is, what came of it, and chunk by chunk who was contacted."""
    return _show_scan(visit, run, NO_TROUBLE)


def _show_scan(visit: Visit, code: str, trouble: Trouble) -> HTMLResponse:
    text = asked(visit, "from")
    first = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
    page = overview.get_page(visit.register, code, max(1, first), asked(visit, "address") or None)
    return show(
        visit, "cert/scan.html.j2", trouble=trouble, page=page, one=page.progress,
        place=f"{PLACE}/{code}", address=asked(visit, "address"), live=_live(visit, page.progress),
    )  # fmt: skip


def _live(visit: Visit, one: Progress) -> dict[str, Any]:
    """Return what changes while a scan runs: texts by name, the meter, and whether it is over."""
    words = visit.words
    texts = {
        "state": words.say(f"net.scan.{one.scan.state}"),
        "chunks": words.say("net.scans.chunks_of", n=one.done, of=one.of),
        "addresses": one.tally.addresses,
        "over": words.say("net.scans.over") if one.is_over else "",
    }
    return {
        "texts": {name: str(text) for name, text in texts.items()},
        "done": one.done,
        "of": max(1, one.of),
        "over": one.is_over,
    }


@router.get(f"{PLACE}/{{run}}/progress")
def tell_progress(visit: Annotated[Visit, Depends(Allowed("see-scans"))], run: str) -> JSONResponse:
    """Tell our script how far a scan is."""
    return JSONResponse(_live(visit, overview.get_progress(visit.register, run)))


@router.get(f"{PLACE}/{{run}}/letter")
def read_letter(visit: Annotated[Visit, Depends(Allowed("see-scans"))], run: str) -> Response:
    """Send the letter that tells the institution what this scan showed."""
    sent_from = visit.portal.runtime.settings.source_addresses
    return send_report(visit, "letter", "cert", About(scan=run, sent_from=sent_from))


@router.get(f"{PLACE}/{{run}}/raw/{{raw}}")
def send_raw(
    visit: Annotated[Visit, Depends(Allowed("see-scans"))], run: str, raw: str
) -> Response:
    """Hand out a raw file as it was kept, to be saved and never shown."""
    data = overview.read_raw(visit.register, run, raw)
    name = f"{run}-{raw[:12]}.raw"
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post(f"{PLACE}/{{run}}/rejudge")
def rejudge(
    visit: Annotated[Visit, Depends(Allowed("judge-finding"))], run: str, form: Form
) -> Response:
    """Judge the kept facts of a scan by the present checks; nothing is sent."""
    require_form_key(visit, form.form_key)
    try:
        (done,) = rejudging.rejudge(visit.register, scan=run)
    except WrongState as error:
        return _show_scan(visit, run, trouble_of(visit, error))
    return show(
        visit, "cert/rejudged.html.j2", found=done, title_of=namer(visit), place=f"{PLACE}/{run}",
        checks=visit.register.content.checks,
    )  # fmt: skip


@router.get(NEW)
def plan_scan(visit: Annotated[Visit, Depends(Allowed("run-scan"))]) -> HTMLResponse:
    """Say what a scan would contact and what is refused; nothing is sent."""
    institution, trouble = asked(visit, "institution"), NO_TROUBLE
    if "institution" in visit.request.query_params and not institution:
        trouble = Trouble(422, gaps_in(visit.words, institution=institution))
    return _plan(visit, institution, trouble, EMPTY)


def _plan(visit: Visit, institution: str, trouble: Trouble, typed: Filled) -> HTMLResponse:
    found: dict[str, Any] | None = None
    if institution:
        try:
            scanner = visit.portal.runtime.scanner
            found = scan_views.preview(visit.register, scanner, institution)
        except (NotFound, WrongState) as error:
            trouble = trouble if trouble.faults else trouble_of(visit, error)
    return show(
        visit, "cert/plan.html.j2", trouble=trouble, plan=found, institution=institution,
        typed=typed, most=MOST_LISTED, place=NEW,
    )  # fmt: skip


@router.post(NEW)
def begin_scan(
    visit: Annotated[Visit, Depends(Allowed("run-scan"))], form: Form, later: BackgroundTasks
) -> Response:
    """Begin a scan; the workers of its vantage do it, or this process where there are none."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, "institution", "why")
    if trouble is not None:
        return _plan(visit, form["institution"], trouble, form)
    register, scanner = visit.register, visit.portal.runtime.scanner
    try:
        load = form.number("load") if form["load"] else None
        request = scan.Request(form["institution"], load=load, reason=form["why"])
        begun = scan.begin_scan(register, scanner, request)
    except CyberpostureError as error:
        return _plan(visit, form["institution"], trouble_of(visit, error), form)
    answer = visit.go(f"{PLACE}/{begun.code}", "begun")
    if not register.database.has_queue:
        # The page does not wait for it; should this process end, the clock goes on with it.
        later.add_task(run_here, register, scanner, begun.id)
    return answer
