"""Contradictions of all institutions: what was claimed beside what the network shows."""

from functools import partial
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.services.scores import contradicted
from cyberposture.services.scores import contradictions as service
from cyberposture.store.contradictions import ContradictionState
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, tried
from cyberposture.web.network.reach import institutions_open
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
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/contradictions"


@router.get(PLACE)
def list_contradictions(
    visit: Annotated[Visit, Depends(Allowed("see-contradictions"))],
) -> HTMLResponse:
    """List contradictions, the newest first."""
    state = chosen(visit, "state", get_args(ContradictionState))
    institution, control = asked(visit, "institution"), asked(visit, "control")
    found = contradicted.page_contradictions(
        visit.register, institution=institution or None,
        among=institutions_open(visit, "see-contradictions"), control=control or None,
        state=state, turn=turn_of(visit),
    )  # fmt: skip
    return show(
        visit, "cert/contradictions.html.j2", found=found, pages=pager(visit, found.page),
        institution=institution, control=control, shown=state or "", title_of=namer(visit),
        states=get_args(ContradictionState), place=PLACE,
    )  # fmt: skip


@router.get(f"{PLACE}/{{institution}}/{{contradiction}}")
def show_contradiction(
    visit: Annotated[Visit, Depends(Allowed("see-contradictions"))],
    institution: str,
    contradiction: str,
) -> HTMLResponse:
    """Show one contradiction with its events."""
    return _show(visit, institution, contradiction, NO_TROUBLE, EMPTY)


def _show(
    visit: Visit, institution: str, code: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    line, events = contradicted.get_contradiction(visit.register, institution, code)
    return show(
        visit, "cert/contradiction.html.j2", trouble=trouble, line=line, events=events,
        typed=typed, title_of=namer(visit), states=get_args(ContradictionState),
        place=f"{PLACE}/{institution}/{code}", may_mark=visit.may("judge-finding"),
    )  # fmt: skip


@router.post(f"{PLACE}/{{institution}}/{{contradiction}}/comments")
def remark(
    visit: Annotated[Visit, Depends(Allowed("judge-finding"))],
    institution: str,
    contradiction: str,
    form: Form,
) -> Response:
    """Say something to a contradiction, which the institution reads."""
    require_form_key(visit, form.form_key)
    contradicted.get_contradiction(visit.register, institution, contradiction)
    said = partial(service.remark, visit.register, contradiction, form["text"])
    trouble = missing(visit, form, "text") or tried(visit, said)
    if trouble is not None:
        return _show(visit, institution, contradiction, trouble, form)
    return visit.go(f"{PLACE}/{institution}/{contradiction}", "contradiction-remarked")


@router.post(f"{PLACE}/{{institution}}/{{contradiction}}")
def settle(
    visit: Annotated[Visit, Depends(Allowed("judge-finding"))],
    institution: str,
    contradiction: str,
    form: Form,
) -> Response:
    """Say how a contradiction was settled; the answer stays as it was given."""
    require_form_key(visit, form.form_key)
    contradicted.get_contradiction(visit.register, institution, contradiction)
    trouble = missing(visit, form, "reason")
    state: ContradictionState | None = next(
        (one for one in get_args(ContradictionState) if one == form["state"]), None
    )
    if state is None:
        said = str(visit.words.say("parts.needed"))
        trouble = Trouble(422, {"state": said, **(trouble.faults if trouble else {})})
    if trouble is None and state is not None:
        mark = partial(service.mark, visit.register, contradiction, state, reason=form["reason"])
        trouble = tried(visit, mark)
    if trouble is not None:
        return _show(visit, institution, contradiction, trouble, form)
    return visit.go(f"{PLACE}/{institution}/{contradiction}", "marked")
