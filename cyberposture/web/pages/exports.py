"""Files for other programs, each put on record when it is given out: OSCAL, and findings."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response

from cyberposture.services.exports import oscal
from cyberposture.services.exports.findings import Format, make_findings
from cyberposture.services.exports.handing import Made, hand_out
from cyberposture.web.network.reach import institutions_open
from cyberposture.web.surroundings import Allowed, Visit

router = APIRouter(include_in_schema=False)
LIVE = "live"
"""Asks for the standing of this moment instead of that of a round."""


@router.get("/institutions/{institution}/results/download")
def send_oscal(
    visit: Annotated[Visit, Depends(Allowed("export-results"))],
    institution: str,
    kind: Literal["plan", "results", "poam"] = "results",
    round_code: str = LIVE,
) -> Response:
    """Send an institution's results, plan of action or (of a round) assessment plan as OSCAL."""
    register, chosen = visit.register, None if round_code == LIVE else round_code
    if kind == "plan":
        return _send(visit, oscal.make_plan(register, institution, round_code))
    make = oscal.make_results if kind == "results" else oscal.make_poam
    return _send(visit, make(register, institution, chosen))


@router.get("/institutions/{institution}/network/download")
def send_own_findings(
    visit: Annotated[Visit, Depends(Allowed("see-network"))],
    institution: str,
    form: Format = "csv",
) -> Response:
    """Send the findings of one institution."""
    return _send(visit, make_findings(visit.register, form, institution=institution))


@router.get("/cert/findings/download")
def send_findings(
    visit: Annotated[Visit, Depends(Allowed("see-findings"))],
    form: Format = "csv",
    institution: str = "",
) -> Response:
    """Send the findings of all institutions that this person may see, or of one of them."""
    among = institutions_open(visit, "see-findings")
    made = make_findings(visit.register, form, institution=institution or None, among=among)
    return _send(visit, made)


def _send(visit: Visit, made: Made) -> Response:
    """Return the file as an answer that a browser saves and never shows."""
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(hand_out(visit.register, made), media_type=made.media_type, headers=headers)
