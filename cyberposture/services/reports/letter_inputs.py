"""Fills the inputs of the letter after a scan: of the institution's facts, those of this scan."""

from dataclasses import replace

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.reporting.letter_inputs import LetterInputs
from cyberposture.services.findings.of_scan import span_of
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import InstitutionGatherer
from cyberposture.store import facts, institutions, scans


def gather_letter(
    register: Register, connection: Connection, code: str, sources: tuple[str, ...]
) -> LetterInputs:
    """Return what a scan showed as it stands now: later scans may have closed what it opened.

    Raises:
        NotFound: there is no such scan, or it has not begun.
    """
    scan = scans.get_scan(connection, code)
    owner = institutions.get_institution_by_id(
        connection, scan.institution_id, as_of=register.clock()
    )
    whole = InstitutionGatherer(register, connection, owner.institution.code, None).gather()
    run = next((one for one in whole.scans if one.code == code), None)
    if run is None:
        raise NotFound("scan", code)
    seen = facts.looked_at(connection, scan.id)
    span = span_of(connection, scan)
    asked = frozenset(str(target) for target in scan.plan.get("targets", ())) | seen.keys()
    run = replace(run, started_at=span.began)
    return LetterInputs(
        about=replace(
            whole,
            scans=(run,),
            findings=tuple(f for f in whole.findings if span.shows(f)),
            unjudged=tuple(one for one in whole.unjudged if one.address in asked),
            authorisations=tuple(a for a in whole.authorisations if a.id in scan.authorisations),
            refusals=(),
        ),
        scan=run,
        looked_at=len(asked),
        sources=sources,
    )
