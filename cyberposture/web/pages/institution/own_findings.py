"""Findings as their institution sees them: what mends them, and what it can say or ask."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.errors import CyberpostureError
from cyberposture.model.findings import FindingState
from cyberposture.services.findings import acts, listing
from cyberposture.services.findings.listing import Asked
from cyberposture.services.scans import asking
from cyberposture.web.network.filled import KEY, Filled, Form, Trouble, key_of, missing, trouble_of
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
PLACE = "/institutions/{institution}/network/findings"
ONE = f"{PLACE}/{{finding}}"


@router.get(PLACE)
def list_findings(
    visit: Annotated[Visit, Depends(Allowed("see-network"))], institution: str
) -> HTMLResponse:
    """List the institution's findings by first sight."""
    state = chosen(visit, "state", get_args(FindingState))
    wanted = Asked(
        institution=institution,
        state=state,
        is_urgent=asked(visit, "urgent") == "yes",
        is_late=asked(visit, "late") == "yes",
        address=asked(visit, "address") or None,
        is_standing=state is None and asked(visit, "state") != "any",
    )
    found = listing.page_findings(visit.register, wanted, turn_of(visit))
    return show(
        visit, "institution/findings.html.j2", found=found, wanted=wanted, own=institution,
        pages=pager(visit, found.page), title_of=namer(visit), states=get_args(FindingState),
        shown=asked(visit, "state"), base=PLACE.format(institution=institution),
    )  # fmt: skip


@router.get(ONE)
def show_finding(
    visit: Annotated[Visit, Depends(Allowed("see-network"))], institution: str, finding: str
) -> HTMLResponse:
    """Show one finding with its remedy and its clock."""
    return _show(visit, institution, finding, NO_TROUBLE, EMPTY)


def _show(
    visit: Visit, institution: str, finding: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    whole = listing.get_finding(visit.register, finding, institution=institution)
    scanner = visit.portal.runtime.scanner
    base = PLACE.format(institution=institution)
    return show(
        visit, "institution/finding.html.j2", zone=whole.zone, trouble=trouble, whole=whole,
        typed=typed, line=whole.line, base=base, at=f"{base}/{finding}", own=institution,
        check=check_words(visit, whole.line.check, whole.line.finding.key.check),
        room=asking.room_of(visit.register, scanner, institution),
        may_ask=visit.may("ask-for-scan", institution),
        may_dispute=visit.may("dispute-finding", institution),
        may_accept=visit.may("accept-risk", institution),
    )  # fmt: skip


@router.post(f"{ONE}/dispute")
def dispute(
    visit: Annotated[Visit, Depends(Allowed("dispute-finding"))],
    institution: str,
    finding: str,
    form: Form,
) -> Response:
    """Dispute a finding; somebody who did not judge it decides."""
    require_form_key(visit, form.form_key)
    listing.get_finding(visit.register, finding, institution=institution)
    trouble = missing(visit, form, "reason", "evidence")
    if trouble is None:
        try:
            acts.dispute(
                visit.register, finding, visit.person.person, reason=form["reason"],
                evidence=form["evidence"],
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show(visit, institution, finding, trouble, form)
    return visit.go(ONE.format(institution=institution, finding=finding), "disputed")


@router.post(f"{ONE}/again")
def ask_again(
    visit: Annotated[Visit, Depends(Allowed("ask-for-scan"))],
    institution: str,
    finding: str,
    form: Form,
) -> Response:
    """Have the address of a finding looked at again after its repair."""
    require_form_key(visit, form.form_key)
    whole = listing.get_finding(visit.register, finding, institution=institution)
    address = whole.line.finding.address
    try:
        asking.ask(visit.register, institution, [address], reason=f"repaired: {finding}")
    except CyberpostureError as error:
        trouble = Trouble(409, {"": ". ".join(trouble_of(visit, error).faults.values())})
        return _show(visit, institution, finding, trouble, form)
    return visit.go(ONE.format(institution=institution, finding=finding), "asked")


@router.post(f"{ONE}/accept")
def accept(
    visit: Annotated[Visit, Depends(Allowed("accept-risk"))],
    institution: str,
    finding: str,
    form: Form,
) -> Response:
    """Take the risk of a finding for a time, as the institution's signatory."""
    require_form_key(visit, form.form_key)
    whole = listing.get_finding(visit.register, finding, institution=institution)
    trouble = missing(visit, form, "why", KEY)
    if trouble is None:
        try:
            acts.accept(
                visit.register, finding, visit.person.person, key_of(form), reason=form["why"],
                until=read_moment(f"{form['until']}T23:59", whole.zone),
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show(visit, institution, finding, trouble, form)
    return visit.go(ONE.format(institution=institution, finding=finding), "accepted")
