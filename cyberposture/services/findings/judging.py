"""Judges what a scan saw, keeps the judgements, and lets findings follow. It sends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Subject
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Judgement
from cyberposture.scanning.judging.declared import context_of, context_of_name
from cyberposture.scanning.judging.evaluate import Judge, compile_checks
from cyberposture.scanning.judging.hostview import HostView, view_host
from cyberposture.scanning.ports import PortKey
from cyberposture.scanning.techniques import AGES
from cyberposture.services.findings import ageing
from cyberposture.services.findings.following import Followed, Seen, fell_silent, follow
from cyberposture.services.intel.versions import TECHNIQUE, look_up_products
from cyberposture.services.permission.denials import Denial, list_denials
from cyberposture.services.register import Register
from cyberposture.services.schedule import due
from cyberposture.store import declarations, institutions, scans
from cyberposture.store.acts import Act
from cyberposture.store.facts import (
    FactRecord,
    NewJudgement,
    insert_facts,
    insert_judgements,
    list_facts,
    list_latest_facts,
    list_latest_judgements,
)
from cyberposture.store.scans import ScanRecord


@dataclass(frozen=True)
class Judged:
    """What came of judging one scan."""

    verdicts: dict[str, int]
    findings: Followed
    perhaps_blocked: bool
    denied: tuple[Denial, ...]


_Looks = Mapping[tuple[Subject, str], Sequence[FactRecord]]
"""Facts by what they speak of: the kind of subject and its key."""


def _by_subject(records: Iterable[FactRecord]) -> dict[tuple[Subject, str], list[FactRecord]]:
    found: dict[tuple[Subject, str], list[FactRecord]] = {}
    for record in records:
        found.setdefault((record.fact.subject, record.fact.address), []).append(record)
    return found


def _looked_at(records: Iterable[FactRecord]) -> datetime:
    return max(record.observed_at for record in records)


def _judge_subjects(
    judge: Judge,
    looks: _Looks,
    declaration: Declaration,
    vantage: str,
    *,
    denied: Mapping[str, Mapping[str, str]],
    official: tuple[str, ...] | None,
) -> tuple[list[NewJudgement], dict[str, HostView]]:
    """Return what is to be kept of each subject, and the views of those that are hosts."""
    rows: list[NewJudgement] = []
    views: dict[str, HostView] = {}
    for (subject, address), records in looks.items():
        observed_at = _looked_at(records)
        facts = [record.fact for record in records]
        if subject == "host":
            context = context_of(declaration, address, vantage, observed_at)
            views[address] = view_host(facts, context, vantage)
        else:
            context = context_of_name(declaration, subject, address, observed_at, official)
        # How old findings are was told of this very scan: no verdict on the network stands on it.
        ids = tuple(record.id for record in records if record.fact.technique != AGES)
        rows += [
            NewJudgement(judgement, vantage, observed_at, ids)
            for judgement in judge.judge_host(facts, context, vantage, denied.get(address, {}))
        ]
    return rows, views


def _began(scan: ScanRecord, looks: _Looks) -> datetime:
    """Return when a scan began; an imported one looked long before it is in the register."""
    seen = [record.observed_at for records in looks.values() for record in records]
    return min([scan.started_at or scan.act.at, *seen])


def _overtaken(
    connection: Connection, scan: ScanRecord, looked_at: Mapping[str, datetime], now: datetime
) -> frozenset[tuple[str, str]]:
    """Return each check and address on which a newer look than this imported one has decided."""
    if scan.kind not in ("imported", "recorded"):
        return frozenset()
    latest = list_latest_judgements(connection, scan.institution_id, as_of=now)
    return frozenset(
        (one.judgement.check, one.judgement.address)
        for one in latest
        if one.vantage == scan.vantage
        and one.judgement.verdict in ("pass", "fail", "not-applicable")
        and one.observed_at > looked_at.get(one.judgement.address, now)
    )


def _opened_before(
    connection: Connection, scan: ScanRecord, addresses: Iterable[str], began: datetime
) -> dict[str, list[PortKey]]:
    """Return the ports that the latest looks before `began` showed open, by address."""
    wanted = set(addresses)
    before = began - timedelta(microseconds=1)
    earlier = _by_subject(
        record
        for record in list_latest_facts(connection, scan.institution_id, as_of=before)
        if record.fact.address in wanted and record.fact.vantage == scan.vantage
    )
    views = {
        address: view_host([record.fact for record in records])
        for (subject, address), records in earlier.items()
        if subject == "host"
    }
    return {
        address: [
            (protocol, port) for protocol in ("tcp", "udp") for port in view.open_ports(protocol)
        ]
        for address, view in views.items()
    }


@dataclass(frozen=True)
class Look:
    """All that a scan saw, judged by the present checks; nothing of it is kept yet."""

    rows: list[NewJudgement]
    views: dict[str, HostView]
    looks: _Looks
    declaration: Declaration
    denied: tuple[Denial, ...]


def look_at(register: Register, connection: Connection, scan: ScanRecord, as_of: datetime) -> Look:
    """Judge every fact of a scan by the present checks, with what was declared at `as_of`."""
    declaration = declarations.get_declaration(connection, scan.institution_id, as_of=as_of)
    looks = _by_subject(list_facts(connection, scan_id=scan.id))
    judge = compile_checks(register.content.checks)
    denied = list_denials(connection, scan)
    listed = register.content.checks.official_domains
    owner = institutions.get_institution_by_id(connection, scan.institution_id, as_of=as_of)
    official = None if listed is None else listed.binding(owner.institution.sectors)
    rows, views = _judge_subjects(
        judge, looks, declaration, scan.vantage, denied=_by_target(denied), official=official
    )
    return Look(rows, views, looks, declaration, denied)


def _look_products_up(connection: Connection, scan: ScanRecord, at: datetime) -> None:
    """Keep, beside what the scan saw, what tables of others say of the products in it."""
    seen = [record.fact for record in list_facts(connection, scan_id=scan.id)]
    if any(fact.technique == TECHNIQUE for fact in seen):
        return
    told = look_up_products(connection, scan.institution_id, seen, at)
    insert_facts(connection, scan.institution_id, scan.id, told, at=at)


def _with_ages(
    register: Register, connection: Connection, scan: ScanRecord, look: Look, at: datetime
) -> list[NewJudgement]:
    """Keep how old the findings are that this scan saw again; return all rows, these judged too."""
    told = (record.fact.technique for records in look.looks.values() for record in records)
    if AGES in told:
        return look.rows
    answered = [address for address, view in look.views.items() if view.answered]
    facts = ageing.tell_ages(register, connection, scan, look.rows, answered, as_of=at)
    ids = insert_facts(connection, scan.institution_id, scan.id, facts, at=at)
    checks = register.content.checks.checks
    judge = compile_checks([one for one in checks if one.technique == AGES])
    aged = [
        NewJudgement(judgement, scan.vantage, fact.ended_at or at, (fact_id,))
        for fact, fact_id in zip(facts, ids, strict=True)
        for judgement in judge.judge_host([fact], None, scan.vantage)
    ]
    judged = {(row.judgement.check, row.judgement.address) for row in aged}
    kept = [r for r in look.rows if (r.judgement.check, r.judgement.address) not in judged]
    return kept + aged


def judge_scan(
    register: Register,
    connection: Connection,
    scan_id: UUID,
    act: Act,
    *,
    may_close: bool = True,
) -> Judged:
    """Judge every fact of a scan, keep the judgements, follow findings, and say when to look again.

    With `may_close` false, findings open and are seen again, but none is closed.

    Raises:
        NotFound: there is no such scan.
    """
    scan = scans.get_scan_by_id(connection, scan_id)
    _look_products_up(connection, scan, act.at)
    look = look_at(register, connection, scan, act.at)
    views, looks = look.views, look.looks
    rows = _with_ages(register, connection, scan, look, act.at)
    blocked = fell_silent(_opened_before(connection, scan, views, _began(scan, looks)), views)
    looked_at: dict[str, datetime] = {}
    for (_, address), records in looks.items():
        at = _looked_at(records)
        looked_at[address] = max(at, looked_at.get(address, at))
    overtaken = _overtaken(connection, scan, looked_at, act.at)
    insert_judgements(
        connection,
        scan.institution_id,
        scan_id,
        rows,
        checks_digest=register.edition.checks,
        judged_at=act.at,
    )
    judgements = [row.judgement for row in rows]
    seen = Seen(
        institution_id=scan.institution_id,
        vantage=scan.vantage,
        looked_at=looked_at,
        judgements=[j for j in judgements if (j.check, j.address) not in overtaken],
        views=views,
        may_close=may_close and not blocked,
    )
    checks = {check.id: check for check in register.content.checks.checks}
    followed = follow(connection, seen, look.declaration, checks, act)
    facts = [record.fact for records in looks.values() for record in records]
    due.record_looks(register, connection, scan, due.Seen(looked_at, judgements, facts), act.at)
    return Judged(_count(judgements), followed, blocked, look.denied)


def _by_target(denied: Iterable[Denial]) -> dict[str, dict[str, str]]:
    """Return by address, and there by technique, the reason for which it was denied."""
    found: dict[str, dict[str, str]] = {}
    for denial in denied:
        found.setdefault(denial.target, {}).setdefault(denial.technique, denial.reason)
    return found


def _count(judgements: Iterable[Judgement]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in judgements:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    return counts
