"""Contradictions as their institution sees them: its claim beside what was seen, and its word."""

from functools import partial
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.services.scores import contradicted, contradictions
from cyberposture.store.contradictions import ContradictionState
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, tried
from cyberposture.web.network.showing import (
    EMPTY,
    NO_TROUBLE,
    chosen,
    namer,
    pager,
    show,
    turn_of,
)
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/institutions/{institution}/network/contradictions"
ONE = f"{PLACE}/{{contradiction}}"


@router.get(PLACE)
def list_own(
    visit: Annotated[Visit, Depends(Allowed("see-network"))], institution: str
) -> HTMLResponse:
    """List the institution's contradictions, the newest first."""
    state = chosen(visit, "state", get_args(ContradictionState))
    found = contradicted.page_contradictions(
        visit.register, institution=institution, state=state, turn=turn_of(visit)
    )
    return show(
        visit, "institution/contradictions.html.j2", found=found, pages=pager(visit, found.page),
        shown=state or "", states=get_args(ContradictionState), title_of=namer(visit),
        place=PLACE.format(institution=institution),
    )  # fmt: skip


@router.get(ONE)
def show_own(
    visit: Annotated[Visit, Depends(Allowed("see-network"))], institution: str, contradiction: str
) -> HTMLResponse:
    """Show one contradiction with what was said to it."""
    return _show(visit, institution, contradiction, NO_TROUBLE, EMPTY)


def _show(
    visit: Visit, institution: str, code: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    line, events = contradicted.get_contradiction(visit.register, institution, code)
    place = PLACE.format(institution=institution)
    return show(
        visit, "institution/contradiction.html.j2", trouble=trouble, line=line, events=events,
        typed=typed, title_of=namer(visit), at=f"{place}/{code}", place=place,
        may_comment=visit.may("dispute-finding", institution),
    )  # fmt: skip


@router.post(f"{ONE}/comments")
def comment(
    visit: Annotated[Visit, Depends(Allowed("dispute-finding"))],
    institution: str,
    contradiction: str,
    form: Form,
) -> Response:
    """Keep the institution's comment, which is printed beside the contradiction."""
    require_form_key(visit, form.form_key)
    contradicted.get_contradiction(visit.register, institution, contradiction)
    said = partial(contradictions.comment, visit.register, contradiction, form["text"])
    trouble = missing(visit, form, "text") or tried(visit, said)
    if trouble is not None:
        return _show(visit, institution, contradiction, trouble, form)
    place = PLACE.format(institution=institution)
    return visit.go(f"{place}/{contradiction}", "contradiction-commented")
