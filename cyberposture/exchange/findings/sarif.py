"""Writes findings as SARIF 2.1.0: checks are rules, findings results with logical locations.

There are no files and no lines on a network, and none are made up. What is closed is left out:
a result is something that is there.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, sections 3.27
(result), 3.33 (logical location), 3.35 (suppression) and 3.49 (rule).
"""

from collections.abc import Sequence
from datetime import datetime

from cyberposture import __version__
from cyberposture.clock import to_iso
from cyberposture.exchange.findings.shape import OutFinding
from cyberposture.exchange.oscal.prose import Plain

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "cyberposture/finding/v1"
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SUPPRESSED = {"accepted": "accepted", "false-positive": "accepted", "disputed": "underReview"}


def sarif_document(findings: Sequence[OutFinding], as_of: datetime) -> Plain:
    """Return the log: one run with the findings that stand at `as_of`."""
    standing = [one for one in findings if one.state != "closed"]
    rules: dict[str, Plain] = {}
    for one in standing:
        rules.setdefault(one.check, _rule(one))
    places = {check: number for number, check in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "cyberposture",
                        "version": __version__,
                        "rules": list(rules.values()),
                    }
                },
                "invocations": [{"executionSuccessful": True, "endTimeUtc": _utc(as_of)}],
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, places[one.check]) for one in standing],
            }
        ],
    }


def _rule(one: OutFinding) -> Plain:
    made: Plain = {
        "id": one.check,
        "shortDescription": {"text": one.title},
        "defaultConfiguration": {"level": LEVELS[one.severity]},
    }
    if one.why:
        made["fullDescription"] = {"text": one.why}
    if one.remedy:
        made["help"] = {"text": one.remedy}
    return made


def _result(one: OutFinding, rule: int) -> Plain:
    made: Plain = {
        "ruleId": one.check,
        "ruleIndex": rule,
        # Only what fails has a level; what waits for confirmation is for somebody to look at.
        **(
            {"kind": "review", "level": "none"}
            if one.is_potential
            else {"kind": "fail", "level": LEVELS[one.severity]}
        ),
        "message": {"text": one.says},
        "locations": [
            {
                "logicalLocations": [
                    {
                        "name": one.place,
                        "fullyQualifiedName": f"{one.institution}/{one.place}",
                        "kind": "resource",
                    }
                ]
            }
        ],
        "fingerprints": {FINGERPRINT: one.code},
        "properties": {
            "institution": one.institution,
            "severity": one.severity,
            "state": one.state,
            "vantage": one.vantage,
            "firstSeen": _utc(one.first_seen),
            "lastSeen": _utc(one.last_seen),
            **({} if one.repair_by is None else {"repairBy": _utc(one.repair_by)}),
        },
    }
    if one.state in _SUPPRESSED:
        made["suppressions"] = [
            {
                "kind": "external",
                "status": _SUPPRESSED[one.state],
                **({"justification": one.mark_reason} if one.mark_reason else {}),
            }
        ]
    else:
        # An empty list says that suppressions are known, and that there is none here.
        made["suppressions"] = []
    return made


def _utc(moment: datetime) -> str:
    return to_iso(moment).replace("+00:00", "Z")
