"""How each check stands for an institution at one moment, over everything that is known of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.assessments import Round
from cyberposture.model.checks import Check, Checks, Protocol
from cyberposture.model.findings import STANDING, counts_since
from cyberposture.model.institutions import Declaration
from cyberposture.model.parameters import Clocks
from cyberposture.scanning.judging.coverage import aggregate
from cyberposture.scoring.assemble import Tally
from cyberposture.services.intel.ages import without_stale
from cyberposture.services.register import Register
from cyberposture.store import declarations, findings
from cyberposture.store.facts import JudgementRecord, list_latest_judgements
from cyberposture.store.findings import FindingRecord

UNDECIDED = "The institution disputes this, and it was not decided within the time for it."


@dataclass(frozen=True)
class CheckStanding:
    """One check's rows as they count now, and how many endpoints stand where."""

    check: Check
    rows: tuple[JudgementRecord, ...]
    tally: Tally
    fresh: tuple[FindingRecord, ...]


def repair_days(check: Check, clocks: Clocks, campaign: Round | None) -> int:
    """Return how many days a failure may last before it counts: the round's, else its severity's.

    A check's own clock counts where it is shorter than that of its severity.
    """
    if campaign is not None and campaign.repair_days is not None:
        return campaign.repair_days
    return clocks.days_to_repair(check.severity, check.repair_days)


def counts_from(finding: FindingRecord, days: int, clocks: Clocks) -> datetime:
    """Return the moment from which a standing finding, read with its events, enters the score.

    What comes back within the reopening time never stopped counting; later it begins anew.
    """
    since = counts_since(finding.stretches, clocks.reopen_days)
    return since + timedelta(days=days)


Place = tuple[str, str, Protocol | None, int | None, str, str]
"""Check, address, protocol, port, sub-key and vantage: one endpoint of one check."""


def _place(record: JudgementRecord) -> Place:
    row = record.judgement
    return (row.check, row.address, row.protocol, row.port, row.subkey, record.vantage)


def _place_of(finding: FindingRecord) -> Place:
    key = finding.key
    return (key.check, finding.address, key.protocol, key.port, key.subkey, key.vantage)


def _by_place(findings: Iterable[FindingRecord]) -> dict[Place, FindingRecord]:
    """Return the findings by endpoint; where two share one, the older counts."""
    ordered = sorted(findings, key=lambda finding: finding.first_seen, reverse=True)
    return {_place_of(finding): finding for finding in ordered}


def _is_set_aside(finding: FindingRecord, as_of: datetime) -> bool:
    """Return whether it was accepted that this is no finding; the mark ends by itself."""
    until = finding.marked_until
    return finding.state == "false-positive" and (until is None or as_of < until)


def _is_undecided(finding: FindingRecord, as_of: datetime) -> bool:
    """Return whether it is disputed and was not decided in time: then nobody knows."""
    until = finding.marked_until
    return finding.state == "disputed" and until is not None and until <= as_of


def _newest_looks(
    records: Iterable[JudgementRecord], counting: Mapping[Place, FindingRecord]
) -> list[JudgementRecord]:
    """Keep, for each check, address and vantage, the rows of the newest scan that tried it.

    An endpoint that was there in an older scan only (a port that is closed by now) is gone, unless
    its finding still stands: then nobody saw it mended.
    """
    groups: dict[tuple[str, str, str], list[JudgementRecord]] = defaultdict(list)
    for record in records:
        told = record.judgement
        groups[(told.check, told.address, record.vantage)].append(record)
    kept: list[JudgementRecord] = []
    for group in groups.values():
        tried = [r for r in group if r.judgement.verdict != "not-tested"] or group
        newest = max(tried, key=lambda r: (r.observed_at, r.judged_at))
        kept += [r for r in tried if r.scan_id == newest.scan_id or _place(r) in counting]
    return kept


def _with_findings(
    records: Iterable[JudgementRecord],
    standing: Mapping[Place, FindingRecord],
    oldest: datetime,
    as_of: datetime,
) -> Iterator[JudgementRecord]:
    """Let standing findings speak: a failure counts until it is known to be gone.

    A host that did not answer this time still has the flaw that it had, and so has one that may
    have shut us out. A false positive that was accepted as such does not count at all, and what is
    too old to speak counts as not tested.
    """
    for record in records:
        row = record.judgement
        finding = standing.get(_place(record))
        changed: dict[str, str] = {}
        if finding is not None and _is_set_aside(finding, as_of):
            changed = {"verdict": "not-applicable"}
        elif finding is not None and _is_undecided(finding, as_of):
            changed = {"verdict": "inconclusive", "says": UNDECIDED}
        elif finding is not None and not finding.is_potential and finding.last_seen >= oldest:
            changed = {"verdict": "fail", "says": finding.says}
        elif record.observed_at < oldest and row.verdict != "not-applicable":
            changed = {"verdict": "not-tested"}
        yield replace(record, judgement=row.model_copy(update=changed)) if changed else record


def standing_of(
    register: Register,
    connection: Connection,
    institution_id: UUID,
    as_of: datetime,
    campaign: Round | None,
    *,
    clocks: Clocks,
    checks: Checks | None = None,
) -> dict[str, CheckStanding]:
    """Return how each check stands for an institution at `as_of`, by check id.

    `clocks` are those of the edition that the score is computed under; `checks` are those that
    judged then, where it is not the present ones.
    """
    oldest = as_of - timedelta(days=clocks.observation_age_days)
    known = findings.findings_at(connection, institution_id, as_of)
    standing = _by_place(one for one in known if one.state in STANDING)
    latest = list_latest_judgements(connection, institution_id, as_of=as_of)
    told = _as_they_count(latest, standing, oldest, as_of)
    records = list(without_stale(connection, checks or register.content.checks, told, as_of))
    declared = declarations.get_declaration(connection, institution_id, as_of=as_of)
    found: dict[str, CheckStanding] = {}
    by_check = _by_check(records)
    for check in (checks or register.content.checks).checks:
        rows = tuple(by_check[check.id])
        fresh = _fresh(check, rows, standing, as_of, (clocks, campaign))
        tally = _tally(check, rows, _known(check, declared), len(fresh))
        found[check.id] = CheckStanding(check, rows, tally, fresh)
    return found


def _as_they_count(
    latest: Iterable[JudgementRecord],
    standing: Mapping[Place, FindingRecord],
    oldest: datetime,
    as_of: datetime,
) -> Iterator[JudgementRecord]:
    counting = {p: f for p, f in standing.items() if f.last_seen >= oldest}
    return _with_findings(_newest_looks(latest, counting), standing, oldest, as_of)


def _by_check(records: Iterable[JudgementRecord]) -> dict[str, list[JudgementRecord]]:
    found: dict[str, list[JudgementRecord]] = defaultdict(list)
    for record in records:
        found[record.judgement.check].append(record)
    return found


def failures_of(
    register: Register,
    connection: Connection,
    institution_id: UUID,
    as_of: datetime,
    observations: Collection[str],
    *,
    clocks: Clocks,
) -> tuple[tuple[str, str], ...]:
    """Return what checks that give these observations say of failures: observation, sentence.

    They are the failed rows that `standing_of` finds, without what only a score needs.
    """
    checks = [one for one in register.content.checks.checks if one.observation in observations]
    if not checks:
        return ()
    ids = [one.id for one in checks]
    latest = list_latest_judgements(connection, institution_id, as_of=as_of, checks=ids)
    if not latest:
        return ()
    oldest = as_of - timedelta(days=clocks.observation_age_days)
    known = findings.findings_of_checks(connection, institution_id, as_of, ids)
    standing = _by_place(one for one in known if one.state in STANDING)
    told = _as_they_count(latest, standing, oldest, as_of)
    by_check = _by_check(without_stale(connection, register.content.checks, told, as_of))
    return tuple(
        (check.observation, row.judgement.says)
        for check in checks
        for row in by_check[check.id]
        if row.judgement.verdict == "fail"
    )


def _known(check: Check, declared: Declaration) -> tuple[str, ...]:
    """Return the keys of all that the check would judge if everything were looked at."""
    subject = check.endpoints.subject
    if check.vantage == "internal":
        return _inside(declared) if subject == "host" else ()
    return declared.keys_of(subject)


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
    standing: Mapping[Place, FindingRecord],
    as_of: datetime,
    rule: tuple[Clocks, Round | None],
) -> tuple[FindingRecord, ...]:
    """Return the findings behind failed rows whose repair clock still runs."""
    clocks, campaign = rule
    days = repair_days(check, clocks, campaign)
    failed = {_place(record) for record in rows if record.judgement.verdict == "fail"}
    behind = (standing[place] for place in sorted(failed, key=str) if place in standing)
    return tuple(f for f in behind if counts_from(f, days, clocks) > as_of)


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
