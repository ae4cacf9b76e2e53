"""An institution stops the checks, at once, and agrees to go on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.responses import HTMLResponse

from cyberposture.errors import NotFound
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.permission import halting, stop
from cyberposture.web.network.agreeing import agree, roles_to_agree
from cyberposture.web.network.filled import Filled, Form, Trouble
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, show
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/institutions/{institution}/network/stop"
Own = Annotated[Visit, Depends(Allowed("stop-own-scans"))]
Code = Annotated[str, Path(alias="stop")]


@router.get(PLACE)
def show_stop(visit: Own, institution: str) -> HTMLResponse:
    """Show what runs and what is stopped; one button stops everything of this institution."""
    owner = get_institution(visit.register, institution).institution
    return show(
        visit, "institution/stop.html.j2", zone=owner.zone, owner=owner,
        found=halting.look(visit.register, among={institution}),
        place=PLACE.format(institution=institution),
        telephone=visit.portal.runtime.settings.duty_telephone,
    )  # fmt: skip


@router.post(PLACE)
def stop_now(visit: Own, institution: str, form: Form) -> Response:
    """Stop everything of this institution; nothing has to be said for that."""
    require_form_key(visit, form.form_key)
    made = stop.stop(
        visit.register, institution=institution, drain=form["speed"] == "drain",
        reason=form["reason"],
    )  # fmt: skip
    return visit.go(f"{PLACE.format(institution=institution)}/{made.code}", "stopped")


@router.get(f"{PLACE}/{{stop}}")
def show_one(visit: Own, institution: str, code: Code) -> HTMLResponse:
    """Show one stop of this institution, and how to go on."""
    return _show_one(visit, institution, code, NO_TROUBLE, EMPTY)


def _own(visit: Visit, institution: str, code: str) -> halting.Halted:
    one = halting.get_stop(visit.register, code)
    if one.institution != institution:
        raise NotFound("stop", code)
    return one


def _show_one(
    visit: Visit, institution: str, code: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    owner = get_institution(visit.register, institution).institution
    return show(
        visit, "institution/stopped.html.j2", zone=owner.zone, trouble=trouble, typed=typed,
        one=_own(visit, institution, code), roles=roles_to_agree(visit, institution),
        back=PLACE.format(institution=institution),
        place=f"{PLACE.format(institution=institution)}/{code}",
    )  # fmt: skip


@router.post(f"{PLACE}/{{stop}}/resume")
def resume(visit: Own, institution: str, code: Code, form: Form) -> Response:
    """Agree, under one's own key, that may be sent again."""
    require_form_key(visit, form.form_key)
    _own(visit, institution, code)

    def again(trouble: Trouble) -> HTMLResponse:
        return _show_one(visit, institution, code, trouble, form)

    place = f"{PLACE.format(institution=institution)}/{code}"
    return agree(visit, code, form, again, roles=roles_to_agree(visit, institution), place=place)
