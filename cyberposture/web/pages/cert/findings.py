"""Findings of all institutions: listed by what has to be done, shown with evidence, and judged."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.errors import CyberpostureError
from cyberposture.model.findings import FindingState
from cyberposture.services.findings import acts, listing
from cyberposture.services.findings.listing import Asked
from cyberposture.web.network.filled import KEY, Filled, Form, Trouble, key_of, missing, trouble_of
from cyberposture.web.network.reach import institutions_open
from cyberposture.web.network.showing import (
    EMPTY,
    NO_TROUBLE,
    asked,
    check_words,
    chosen,
    namer,
    pager,
    read_moment,
    show,
    turn_of,
)
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/findings"


@router.get(PLACE)
def list_findings(visit: Annotated[Visit, Depends(Allowed("see-findings"))]) -> HTMLResponse:
    """List findings, those that the network shows unless another state is asked for."""
    state = chosen(visit, "state", get_args(FindingState))
    wanted = Asked(
        institution=asked(visit, "institution") or None,
        among=institutions_open(visit, "see-findings"),
        state=state,
        is_urgent=asked(visit, "urgent") == "yes",
        is_late=asked(visit, "late") == "yes",
        address=asked(visit, "address") or None,
        is_standing=state is None and asked(visit, "state") != "any",
    )
    found = listing.page_findings(visit.register, wanted, turn_of(visit))
    return show(
        visit, "cert/findings.html.j2", found=found, wanted=wanted, pages=pager(visit, found.page),
        title_of=namer(visit), states=get_args(FindingState), shown=asked(visit, "state"),
        base=PLACE, own="",
    )  # fmt: skip


@router.get(f"{PLACE}/{{institution}}/{{finding}}")
def show_finding(
    visit: Annotated[Visit, Depends(Allowed("see-findings"))], institution: str, finding: str
) -> HTMLResponse:
    """Show one finding: what, since when, until when, why we believe it, what happened."""
    return _show(visit, institution, finding, NO_TROUBLE, EMPTY)


def _show(
    visit: Visit, institution: str, finding: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    whole = listing.get_finding(visit.register, finding, institution=institution)
    return show(
        visit, "cert/finding.html.j2", trouble=trouble, zone=whole.zone, whole=whole, typed=typed,
        line=whole.line, check=check_words(visit, whole.line.check, whole.line.finding.key.check),
        may_judge=visit.may("judge-finding"), base=PLACE, at=f"{PLACE}/{institution}/{finding}",
    )  # fmt: skip


@router.post(f"{PLACE}/{{institution}}/{{finding}}/acknowledge")
def acknowledge(
    visit: Annotated[Visit, Depends(Allowed("judge-finding"))],
    institution: str,
    finding: str,
    form: Form,
) -> Response:
    """Record who of the institution took note of an urgent finding."""
    require_form_key(visit, form.form_key)
    listing.get_finding(visit.register, finding, institution=institution)
    trouble = missing(visit, form, "who")
    if trouble is None:
        try:
            acts.acknowledge(visit.register, finding, who=form["who"], reason=form["how"])
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show(visit, institution, finding, trouble, form)
    return visit.go(f"{PLACE}/{institution}/{finding}", "acknowledged")


@router.post(f"{PLACE}/{{institution}}/{{finding}}/propose")
def propose(
    visit: Annotated[Visit, Depends(Allowed("judge-finding"))],
    institution: str,
    finding: str,
    form: Form,
) -> Response:
    """Put forward that a finding is a false positive; a second person decides."""
    require_form_key(visit, form.form_key)
    whole = listing.get_finding(visit.register, finding, institution=institution)
    trouble = missing(visit, form, "reason", "evidence", KEY)
    if trouble is None:
        try:
            acts.propose_false_positive(
                visit.register, finding, visit.person.person, key_of(form), reason=form["reason"],
                evidence=form["evidence"], until=read_moment(f"{form['until']}T23:59", whole.zone),
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show(visit, institution, finding, trouble, form)
    return visit.go(f"{PLACE}/{institution}/{finding}", "proposed")


@router.post(f"{PLACE}/{{institution}}/{{finding}}/decide")
def decide(
    visit: Annotated[Visit, Depends(Allowed("judge-finding"))],
    institution: str,
    finding: str,
    form: Form,
) -> Response:
    """Decide a dispute or a proposal, as somebody who had no say in the finding before."""
    require_form_key(visit, form.form_key)
    listing.get_finding(visit.register, finding, institution=institution)
    trouble = missing(visit, form, "decision", "why", KEY)
    if trouble is None:
        try:
            acts.decide(
                visit.register, finding, visit.person.person, key_of(form),
                stands=form["decision"] == "stands", reason=form["why"],
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show(visit, institution, finding, trouble, form)
    return visit.go(f"{PLACE}/{institution}/{finding}", "decided")
