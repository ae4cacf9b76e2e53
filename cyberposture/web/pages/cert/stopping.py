"""The stop page: what runs, what holds; stop at once or after what is being sent; go on by two."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import HTMLResponse

from cyberposture.errors import CyberpostureError
from cyberposture.services.permission import halting, stop
from cyberposture.web.network.agreeing import agree, roles_to_agree
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, asked, pager, show, turn_of
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/stop"
STOPS = "/cert/stops"
Code = Annotated[str, Path(alias="stop")]


@router.get(PLACE)
def show_stop(visit: Annotated[Visit, Depends(Allowed("stop-all-scans"))]) -> HTMLResponse:
    """Show what runs and what is stopped, and stop more."""
    given = {name: asked(visit, name) for name in ("institution", "scan", "address")}
    return _show(visit, NO_TROUBLE, Filled(given, {}))


def _show(visit: Visit, trouble: Trouble, typed: Filled) -> HTMLResponse:
    return show(
        visit, "cert/stop.html.j2", trouble=trouble, found=halting.look(visit.register),
        typed=typed, place=PLACE,
    )  # fmt: skip


@router.post(PLACE)
def stop_now(visit: Annotated[Visit, Depends(Allowed("stop-all-scans"))], form: Form) -> Response:
    """Stop; nothing but what is stopped has to be said."""
    require_form_key(visit, form.form_key)
    what = form["what"]
    named = form[what] if what in ("institution", "scan", "address") else ""
    if what != "all" and not named:
        said = str(visit.words.say("parts.needed"))
        return _show(visit, Trouble(422, {what or "institution": said}), form)
    try:
        made = stop.stop(
            visit.register,
            everything=what == "all",
            institution=named if what == "institution" else None,
            scan=named if what == "scan" else None,
            cidr=named if what == "address" else None,
            drain=form["speed"] == "drain",
            reason=form["reason"] or form["reason_for_all"],
            complaint=form["complaint"],
        )
    except CyberpostureError as error:
        return _show(visit, trouble_of(visit, error), form)
    return visit.go(f"{STOPS}/{made.code}", "stopped")


@router.get(STOPS)
def list_stops(visit: Annotated[Visit, Depends(Allowed("stop-all-scans"))]) -> HTMLResponse:
    """List the stops that there ever were, the newest first."""
    page = halting.page_stops(visit.register, turn_of(visit))
    return show(visit, "cert/stops.html.j2", page=page, pages=pager(visit, page), place=STOPS)


@router.get(f"{STOPS}/{{stop}}")
def show_one(
    visit: Annotated[Visit, Depends(Allowed("stop-all-scans"))], code: Code
) -> HTMLResponse:
    """Show one stop: who fell silent, what was answered, who agrees to go on."""
    return _show_one(visit, code, NO_TROUBLE, EMPTY)


def _show_one(visit: Visit, code: str, trouble: Trouble, typed: Filled) -> HTMLResponse:
    return show(
        visit, "cert/stopped.html.j2", trouble=trouble, one=halting.get_stop(visit.register, code),
        typed=typed, place=f"{STOPS}/{code}", roles=roles_to_agree(visit, None),
    )  # fmt: skip


@router.post(f"{STOPS}/{{stop}}/resume")
def resume(
    visit: Annotated[Visit, Depends(Allowed("stop-all-scans"))], code: Code, form: Form
) -> Response:
    """Agree, under one's own key, that may be sent again."""

    def again(trouble: Trouble) -> HTMLResponse:
        return _show_one(visit, code, trouble, form)

    return agree(
        visit, code, form, again, roles=roles_to_agree(visit, None), place=f"{STOPS}/{code}"
    )


@router.post(f"{STOPS}/{{stop}}/answer")
def answer(
    visit: Annotated[Visit, Depends(Allowed("stop-all-scans"))], code: Code, form: Form
) -> Response:
    """Record what was answered to whoever asked for a stop."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, "text")
    if trouble is None:
        try:
            stop.answer(visit.register, code, visit.person.person, form["text"])
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show_one(visit, code, trouble, form)
    return visit.go(f"{STOPS}/{code}", "kept")
