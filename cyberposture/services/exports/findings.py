"""Findings for ticket systems: of one institution, or of all that a person may see."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from cyberposture.errors import WrongUsage
from cyberposture.exchange.findings.defectdojo import defectdojo_document
from cyberposture.exchange.findings.rows import findings_csv, findings_json
from cyberposture.exchange.findings.sarif import sarif_document
from cyberposture.exchange.findings.shape import OutFinding
from cyberposture.exchange.oscal.words import encode
from cyberposture.services.exports.handing import Made
from cyberposture.services.exports.open_work import marks_of
from cyberposture.services.findings import views
from cyberposture.services.register import Register
from cyberposture.store import institutions

Format = Literal["defectdojo", "sarif", "csv", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
_NAMES = {"defectdojo": "defectdojo.json", "sarif": "sarif", "csv": "csv", "json": "json"}
_MEDIA = {"csv": "text/csv; charset=utf-8", "sarif": "application/sarif+json"}


def make_findings(
    register: Register,
    form: Format,
    *,
    institution: str | None = None,
    among: Collection[str] | None = None,
) -> Made:
    """Return the findings by first sight, in one of the formats; they are not handed out yet.

    `among` are the institutions whose findings somebody may see; None: all.

    Raises:
        NotFound: the institution is not in the register.
        WrongUsage: there is no such format.
    """
    if form not in FORMATS:
        raise WrongUsage(f"no format {form!r}; there are: {', '.join(FORMATS)}")
    as_of = register.clock()
    found = list(_gather(register, institution, among, as_of))
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, institution)
    return Made(
        kind="findings-exported",
        name=f"{institution or 'findings'}-{as_of:%Y-%m-%d}.{_NAMES[form]}",
        media_type=_MEDIA.get(form, "application/json"),
        data=_written(form, found, as_of),
        as_of=as_of,
        institution=institution,
        institution_id=owner,
        facts={
            "format": form,
            "findings": len(found),
            "institutions": sorted({one.institution for one in found}),
        },
    )


def _written(form: Format, found: list[OutFinding], as_of: datetime) -> bytes:
    match form:
        case "defectdojo":
            return encode(defectdojo_document(found))
        case "sarif":
            return encode(sarif_document(found, as_of))
        case "csv":
            return findings_csv(found)
        case "json":
            return encode(findings_json(found, as_of))


def _gather(
    register: Register, institution: str | None, among: Collection[str] | None, as_of: datetime
) -> Iterator[OutFinding]:
    seen = [
        one
        for one in views.list_views(register, institution)
        if among is None or one.institution in among
    ]
    owners: dict[UUID, str] = {one.finding.key.institution_id: one.institution for one in seen}
    with register.reading() as connection:
        marks = {
            key: found for owner in owners for key, found in marks_of(connection, owner).items()
        }
        names = {
            owner: institutions.get_institution_by_id(connection, owner, as_of=as_of)
            for owner in owners
        }
    for one in seen:
        finding, check = one.finding, register.content.checks.find(one.finding.key.check)
        yield OutFinding(
            code=finding.code,
            institution=one.institution,
            institution_name=names[finding.key.institution_id].institution.name,
            check=finding.key.check,
            title=finding.key.check if check is None else check.title,
            why="" if check is None else check.why,
            remedy="" if check is None else check.remedy,
            severity=finding.severity,
            state=finding.state,
            says=finding.says,
            subject=finding.key.subject,
            address=finding.address,
            protocol=finding.key.protocol or "",
            port=finding.key.port,
            subkey=finding.key.subkey,
            vantage=finding.key.vantage,
            is_potential=finding.is_potential,
            is_urgent=one.is_urgent,
            first_seen=finding.first_seen,
            last_seen=finding.last_seen,
            closed_at=finding.closed_at,
            marked_until=finding.marked_until,
            repair_by=one.repair_by,
            mark_reason=next((mark.reason for mark in reversed(marks.get(finding.id, ()))), ""),
        )
