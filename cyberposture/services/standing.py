"""How each check stands for an institution at one moment, over everything that is known of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.assessments import Round
from cyberposture.model.checks import Check, Protocol
from cyberposture.model.controls import Clocks
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Judgement
from cyberposture.scanning.coverage import aggregate
from cyberposture.scoring.assemble import Tally
from cyberposture.services.register import Register
from cyberposture.store import declarations, findings
from cyberposture.store.facts import JudgementRecord, list_latest_judgements
from cyberposture.store.findings import FindingRecord


@dataclass(frozen=True)
class CheckStanding:
    """One check's rows as they count now, and how many endpoints stand where."""

    check: Check
    rows: tuple[JudgementRecord, ...]
    tally: Tally
    fresh: tuple[FindingRecord, ...]


def repair_days(check: Check, clocks: Clocks, campaign: Round | None) -> int:
    """Return how many days a failure may last before it counts: round, then check, then default."""
    if campaign is not None and campaign.repair_days is not None:
        return campaign.repair_days
    return clocks.repair_days[check.severity] if check.repair_days is None else check.repair_days


def counts_from(finding: FindingRecord, days: int, clocks: Clocks) -> datetime:
    """Return the moment from which a standing finding enters the score.

    What comes back within the reopening time never stopped counting; later it begins anew.
    """
    again = finding.opened_at - finding.first_seen > timedelta(days=clocks.reopen_days)
    return (finding.opened_at if again else finding.first_seen) + timedelta(days=days)


def _newest_looks(records: Iterable[JudgementRecord]) -> list[JudgementRecord]:
    """Keep, for each check, address and vantage, the rows of the newest scan that tried it.

    An endpoint that was there in an older scan only (a port that is closed by now) is gone.
    """
    groups: dict[tuple[str, str, str], list[JudgementRecord]] = defaultdict(list)
    for record in records:
        told = record.judgement
        groups[(told.check, told.address, record.vantage)].append(record)
    kept: list[JudgementRecord] = []
    for group in groups.values():
        tried = [r for r in group if r.judgement.verdict != "not-tested"] or group
        newest = max(tried, key=lambda r: (r.observed_at, r.judged_at))
        kept += [r for r in tried if r.scan_id == newest.scan_id]
    return kept


Place = tuple[str, str, Protocol | None, int | None, str]
"""Check, address, protocol, port and sub-key: one endpoint of one check."""


def _place(row: Judgement) -> Place:
    return (row.check, row.address, row.protocol, row.port, row.subkey)


def _place_of(finding: FindingRecord) -> Place:
    key = finding.key
    return (key.check, finding.address, key.protocol, key.port, key.subkey)


def _with_findings(
    records: Sequence[JudgementRecord], standing: Sequence[FindingRecord], oldest: datetime
) -> list[JudgementRecord]:
    """Let standing findings speak where the newest look gave no usable answer.

    A host that did not answer this time still has the flaw that it had; a false positive that was
    accepted as such does not count at all; what is too old to speak counts as not tested.
    """
    by_place = {_place_of(f): f for f in standing}
    told: list[JudgementRecord] = []
    for record in records:
        row = record.judgement
        finding = by_place.get(_place(row))
        verdict = row.verdict
        if record.observed_at < oldest and verdict != "not-applicable":
            verdict = "not-tested"
        elif finding is not None and finding.state == "false-positive":
            verdict = "not-applicable"
        elif finding is not None and verdict in ("inconclusive", "not-tested"):
            verdict = "fail"
        if verdict == row.verdict:
            told.append(record)
        else:
            changed = row.model_copy(update={"verdict": verdict})
            told.append(_replaced(record, changed))
    return told + _unmentioned(records, standing, oldest)


def _replaced(record: JudgementRecord, judgement: Judgement) -> JudgementRecord:
    return JudgementRecord(
        record.id, record.institution_id, record.scan_id, judgement, record.vantage,
        record.facts, record.checks_digest, record.observed_at, record.judged_at,
    )  # fmt: skip


def _unmentioned(
    records: Sequence[JudgementRecord], standing: Sequence[FindingRecord], oldest: datetime
) -> list[JudgementRecord]:
    """Return a failed row for each standing finding whose endpoint the newest look never named."""
    named = {_place(record.judgement) for record in records}
    hosts: dict[tuple[str, str, str], JudgementRecord] = {}
    for record in records:
        if record.judgement.port is None:
            host_key = (record.judgement.check, record.judgement.address, record.vantage)
            hosts[host_key] = record
    found = []
    for finding in standing:
        key = finding.key
        place = _place_of(finding)
        host = hosts.get((key.check, finding.address, key.vantage))
        if finding.state == "false-positive" or place in named or host is None:
            continue
        if finding.last_seen < oldest or host.judgement.verdict == "not-applicable":
            continue
        row = host.judgement.model_copy(
            update={
                "protocol": key.protocol,
                "port": key.port,
                "subkey": key.subkey,
                "verdict": "fail",
                "says": finding.says,
            }
        )
        found.append(_replaced(host, row))
    return found


def standing_of(
    register: Register,
    connection: Connection,
    institution_id: UUID,
    as_of: datetime,
    campaign: Round | None,
) -> dict[str, CheckStanding]:
    """Return how each check stands for an institution at `as_of`, by check id."""
    clocks = register.content.catalogue.framework.clocks
    oldest = as_of - timedelta(days=clocks.observation_age_days)
    standing = findings.list_findings(
        connection, institution_id=institution_id, states=findings.STANDING
    )
    latest = list_latest_judgements(connection, institution_id, as_of=as_of)
    records = _with_findings(_newest_looks(latest), standing, oldest)
    declared = declarations.get_declaration(connection, institution_id, as_of=as_of)
    known = {
        "any": declared.addresses(),
        "external": declared.addresses(),
        "internal": _inside(declared),
    }
    found: dict[str, CheckStanding] = {}
    for check in register.content.checks.checks:
        rows = tuple(r for r in records if r.judgement.check == check.id)
        fresh = _fresh(check, rows, standing, as_of, (clocks, campaign))
        tally = _tally(check, rows, known[check.vantage], len(fresh))
        found[check.id] = CheckStanding(check, rows, tally, fresh)
    return found


def _inside(declared: Declaration) -> tuple[str, ...]:
    """Return the addresses that must be looked at from inside: none where there is no inside.

    Who declares a single zone, or none, has not said that any part is kept from another.
    """
    hosts = declared.hosts()
    zones = {asset.id for asset in declared.assets if asset.kind == "zone"}
    zones |= {host.zone for host in hosts if host.zone is not None}
    if len(zones) < 2:
        return ()
    return tuple(a for host in hosts if host.zone for a in host.addresses)


def _fresh(
    check: Check,
    rows: Sequence[JudgementRecord],
    standing: Sequence[FindingRecord],
    as_of: datetime,
    rule: tuple[Clocks, Round | None],
) -> tuple[FindingRecord, ...]:
    """Return the findings behind failed rows whose repair clock still runs."""
    clocks, campaign = rule
    days = repair_days(check, clocks, campaign)
    failed = {(*_place(r.judgement), r.vantage) for r in rows if r.judgement.verdict == "fail"}
    return tuple(
        f
        for f in standing
        if f.key.check == check.id
        and (*_place_of(f), f.key.vantage) in failed
        and counts_from(f, days, clocks) > as_of
    )


def _tally(
    check: Check, rows: Sequence[JudgementRecord], known: Sequence[str], fresh: int
) -> Tally:
    """Return the five counts; where a check does not concern an institution they are all 0."""
    counted = aggregate([record.judgement for record in rows], known, [check])[check.id]
    return Tally(
        passed=counted.passed,
        fail=counted.failed - fresh,
        fresh=fresh,
        inconclusive=counted.inconclusive,
        not_tested=counted.not_tested,
    )


def tallies(standing: Mapping[str, CheckStanding]) -> dict[str, Tally]:
    """Return the counts by check id."""
    return {check_id: one.tally for check_id, one in standing.items()}
