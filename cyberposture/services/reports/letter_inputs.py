"""Fills the inputs of the letter after a scan: of the institution's facts, those of this scan."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.reporting.inputs import SeenFinding
from cyberposture.reporting.letter_inputs import LetterInputs
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import InstitutionGatherer
from cyberposture.store import facts, institutions, scans
from cyberposture.store.scans import ScanRecord


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
    began = min([run.started_at, *seen.values()])
    until = _next_began(connection, scan)
    asked = frozenset(str(target) for target in scan.plan.get("targets", ())) | seen.keys()
    run = replace(run, started_at=began)
    return LetterInputs(
        about=replace(
            whole,
            scans=(run,),
            findings=tuple(f for f in whole.findings if _is_of(f, began, until)),
            unjudged=tuple(one for one in whole.unjudged if one.address in asked),
            authorisations=tuple(a for a in whole.authorisations if a.id in scan.authorisations),
            refusals=(),
        ),
        scan=run,
        looked_at=len(asked),
        sources=sources,
    )


def _next_began(connection: Connection, scan: ScanRecord) -> datetime | None:
    """Return when the next scan of this institution from the same vantage began, if one did."""
    later = [
        one
        for one in scans.list_scans(connection, institution_id=scan.institution_id)
        if one.vantage == scan.vantage and one.act.at > scan.act.at
    ]
    if not later:
        return None
    after = min(later, key=lambda one: one.act.at)
    return min([after.started_at or after.act.at, *facts.looked_at(connection, after.id).values()])


def _is_of(finding: SeenFinding, began: datetime, until: datetime | None) -> bool:
    """Return whether a scan that began then opened, saw again or closed this finding."""
    if until is not None and finding.first_seen >= until:
        return False
    if finding.closed_at is not None:
        return finding.closed_at >= began and (until is None or finding.closed_at < until)
    return finding.last_seen >= began
