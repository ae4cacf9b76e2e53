"""Tells of each host for how long its findings have outlived the days allowed for repair.

It is a fact like any other: kept with the scan that saw the findings once more, and judged by a
check. What was repaired has no age, and what waits for confirmation or was accepted has none.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cyberposture.model.observations import Fact, Judgement
from cyberposture.scanning.techniques import AGES
from cyberposture.services.findings.standing import repair_days
from cyberposture.services.register import Register
from cyberposture.store import findings, institutions
from cyberposture.store.facts import NewJudgement
from cyberposture.store.findings import FindingRecord
from cyberposture.store.scans import ScanRecord

DAYS_OVERDUE: Final = "days-overdue"

_Place = tuple[str, str, str | None, int | None, str]
"""Check, address, protocol, port and sub-key of one failure."""


def _failing(rows: Iterable[Judgement]) -> set[_Place]:
    return {
        (row.check, row.address, row.protocol, row.port, row.subkey)
        for row in rows
        if row.verdict == "fail"
    }


def _place(finding: FindingRecord) -> _Place:
    key = finding.key
    return (key.check, finding.address, key.protocol, key.port, key.subkey)


def tell_ages(
    register: Register,
    connection: Connection,
    scan: ScanRecord,
    rows: Sequence[NewJudgement],
    addresses: Iterable[str],
    *,
    as_of: datetime,
) -> list[Fact]:
    """Return a fact for each of the hosts that answered: days past the repair clock, 0 for none.

    A finding is as old as its present stretch when this scan saw it again; the clock is that of its
    check, as it stands for the institution.
    """
    owner = institutions.get_institution_by_id(connection, scan.institution_id, as_of=as_of)
    catalogue, checks = register.content.catalogue, register.content.checks
    seen_at = {row.judgement.address: row.observed_at for row in rows}
    failing = _failing(row.judgement for row in rows)
    overdue: dict[str, int] = {address: 0 for address in addresses if address in seen_at}
    for one in findings.list_findings(
        connection, institution_id=scan.institution_id, states={"open"}
    ):
        check, at = checks.find(one.key.check), seen_at.get(one.address)
        is_seen = one.key.vantage == scan.vantage and _place(one) in failing
        if check is None or at is None or one.is_potential or not is_seen:
            continue
        clocks = catalogue.clocks(owner.institution.sectors, at.date())
        ends = one.opened_at + timedelta(days=repair_days(check, clocks, None))
        if one.address in overdue and at > ends:
            overdue[one.address] = max(overdue[one.address], (at - ends).days + 1)
    return [_fact(scan, address, days, seen_at[address]) for address, days in overdue.items()]


def _fact(scan: ScanRecord, address: str, days: int, at: datetime) -> Fact:
    return Fact(
        address=address,
        technique=AGES,
        vantage=scan.vantage,
        ended_at=at,
        scanner="findings",
        outcome="answered",
        told={DAYS_OVERDUE: days},
    )
