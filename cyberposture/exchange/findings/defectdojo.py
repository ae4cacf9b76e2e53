"""Writes findings in DefectDojo's generic format, with the keys that its reader takes, no others.

Source: DefectDojo, dojo/tools/generic/json_parser.py, read in November 2026: three keys are
required, an unknown key is refused.
"""

from collections.abc import Iterable

from cyberposture.clock import to_iso
from cyberposture.exchange.findings.shape import OutFinding
from cyberposture.exchange.oscal.prose import Plain

NAME = "cyberposture"


def defectdojo_document(findings: Iterable[OutFinding]) -> Plain:
    """Return the document; a finding keeps its code as the tool's unique id."""
    return {"name": NAME, "type": NAME, "findings": [_finding(one) for one in findings]}


def _finding(one: OutFinding) -> Plain:
    is_closed = one.state == "closed"
    is_false = one.state == "false-positive"
    endpoint: Plain = {"host": one.address}
    if one.port is not None:
        endpoint |= {"port": one.port, "protocol": one.protocol}
    made: Plain = {
        "title": f"{one.title} ({one.place})"[:500],
        "description": "\n\n".join(text for text in (one.says, one.why) if text),
        "severity": one.severity.capitalize(),
        "mitigation": one.remedy,
        "date": one.first_seen.date().isoformat(),
        "active": not is_closed and not is_false,
        "verified": not one.is_potential,
        "false_p": is_false,
        "risk_accepted": one.state == "accepted",
        "under_review": one.state == "disputed",
        "is_mitigated": is_closed,
        "dynamic_finding": True,
        "static_finding": False,
        "unique_id_from_tool": one.code,
        "vuln_id_from_tool": one.check,
        "service": one.institution,
        "endpoints": [endpoint],
        "tags": [
            f"vantage-{one.vantage.replace(':', '-')}",
            *(["urgent"] if one.is_urgent else []),
        ],
    }
    if one.closed_at is not None:
        made["mitigated"] = to_iso(one.closed_at)
    if one.repair_by is not None:
        made["planned_remediation_date"] = one.repair_by.date().isoformat()
    if one.mark_reason:
        made["severity_justification"] = one.mark_reason
    return made
