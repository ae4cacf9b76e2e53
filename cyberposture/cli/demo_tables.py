"""The demonstration's tables of others: small, made up, and taken in as real ones are."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cyberposture.clock import to_iso, utc_now
from cyberposture.errors import NotFound
from cyberposture.services.findings import from_intel as intel_observe
from cyberposture.services.intel import bundles as intel
from cyberposture.services.intel import taking_in as intel_import

MADE_UP = "CVE-2026-000000001"
"""A number that no flaw has: the numbers of real ones do not begin with noughts."""
_PRODUCT = "cpe:2.3:a:openbsd:openssh:*:*:*:*:*:*:*:*"


def write_tables(folder: Path, now: datetime) -> dict[str, Path]:
    """Write one table of each kind about products, and return where each is."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for kind, document in (("nvd", _flaws(now)), ("kev", _used(now)), ("support", _ends(now))):
        paths[kind] = folder / f"{kind}.json"
        paths[kind].write_text(json.dumps(document, indent=1) + "\n")
    return paths


def _flaws(now: datetime) -> dict[str, Any]:
    match = {"vulnerable": True, "criteria": _PRODUCT, "versionEndExcluding": "7.5"}
    node = {"operator": "OR", "negate": False, "cpeMatch": [match]}
    flaw = {"id": MADE_UP, "vulnStatus": "Analyzed", "configurations": [{"nodes": [node]}]}
    return {
        "resultsPerPage": 1,
        "startIndex": 0,
        "totalResults": 1,
        "format": "NVD_CVE",
        "version": "2.0",
        "timestamp": to_iso(now),
        "vulnerabilities": [{"cve": flaw}],
    }


def _used(now: datetime) -> dict[str, Any]:
    entry = {
        "cveID": MADE_UP,
        "vendorProject": "OpenBSD",
        "product": "OpenSSH",
        "vulnerabilityName": "A flaw that nobody has, made up for the demonstration",
        "dateAdded": "2026-01-05",
        "dueDate": "2026-01-26",
        "knownRansomwareCampaignUse": "Unknown",
    }
    return {
        "title": "Made up for the demonstration",
        "catalogVersion": "demonstration",
        "dateReleased": to_iso(now),
        "count": 1,
        "vulnerabilities": [entry],
    }


def _ends(now: datetime) -> dict[str, Any]:
    plain = {"product": "cpe:/a:mysql:mysql", "source": "made up for the demonstration"}
    ends = {"8.0": "2026-01-01", "9.0": "2035-01-01"}
    rows = [{**plain, "branch": branch, "ends_on": day} for branch, day in ends.items()]
    return {"as_of": to_iso(now), "products": rows}


def take_in_tables(register: Any, folder: Path) -> None:
    """Write the tables and take them in, so that the scans that follow ask them."""
    for kind, path in write_tables(folder, utc_now()).items():
        reason = "made up for the demonstration"
        intel_import.import_table(register, kind, [path], reason=reason)


def confirm_one_version(register: Any, institution: str, address: str, today: date) -> bool:
    """Have an institution confirm what its database says of itself; return whether it was seen.

    What was a question becomes a finding that counts.
    """
    try:
        intel.confirm_version(
            register, institution, address, 3306,
            version="8.0.99", person="Head of operations (invented)", on=today,
            reason="answered by telephone",
        )  # fmt: skip
    except NotFound:
        return False
    intel_observe.observe(register, institution, reason="the institution confirmed a version")
    return True
