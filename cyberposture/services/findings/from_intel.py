"""Asks the tables of others about everything that is known of an institution, and judges it.

Nothing is sent: what was seen before is looked up anew, and so are routes and places.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from cyberposture.model.checks import Check
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.declared import context_of, context_of_name
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.techniques import LOOKED_UP
from cyberposture.services.findings.following import Followed, Seen, follow
from cyberposture.services.intel.places import look_up_places, look_up_routes
from cyberposture.services.intel.versions import look_up_products
from cyberposture.services.register import Change, Register
from cyberposture.store import declarations, institutions, scans
from cyberposture.store.facts import (
    FactRecord,
    NewJudgement,
    insert_facts,
    insert_judgements,
    list_facts,
    list_latest_facts,
)
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.scans import ScanRecord

EXTERNAL = "external"


@dataclass(frozen=True)
class Observed:
    """What came of asking the tables about one institution from one vantage."""

    institution: str
    vantage: str
    scan: str
    facts: int
    verdicts: dict[str, int]
    findings: Followed


class _Known(NamedTuple):
    """An institution with what it declared and what was seen of it lately."""

    record: InstitutionRecord
    declaration: Declaration
    seen: list[FactRecord]


def observe(
    register: Register, institution: str | None = None, *, reason: str = ""
) -> list[Observed]:
    """Look up what is known of one institution, or of all, and return what came of it.

    What was seen longer ago than observations may be old is not looked up.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        if institution is not None:
            codes = [institutions.get_institution(connection, institution, as_of=now)]
        else:
            codes = institutions.list_institutions(connection, as_of=now)
    found: list[Observed] = []
    for record in codes:
        code = record.institution.code
        with register.change("tables-asked", code, reason=reason) as change:
            change.institution_id = record.id
            known = _gather(register, change, record)
            own = [_observe(register, change, known, vantage) for vantage in _vantages(known)]
            asked = [one for one in own if one is not None]
            change.tell(scans=[one.scan for one in asked], facts=sum(one.facts for one in asked))
        found += asked
    return found


def _gather(register: Register, change: Change, record: InstitutionRecord) -> _Known:
    connection, now = change.connection, change.now
    clocks = register.content.catalogue.clocks(record.institution.sectors, now.date())
    oldest = now - timedelta(days=clocks.observation_age_days)
    latest = list_latest_facts(connection, record.id, as_of=now)
    seen = [
        one for one in latest if one.observed_at >= oldest and one.fact.technique not in LOOKED_UP
    ]
    declaration = declarations.get_declaration(connection, record.id, as_of=now)
    return _Known(record, declaration, seen)


def _vantages(known: _Known) -> list[str]:
    """Return the vantages from which anything was seen; routes and places are seen from outside."""
    return list(dict.fromkeys([EXTERNAL, *(one.fact.vantage for one in known.seen)]))


def _observe(register: Register, change: Change, known: _Known, vantage: str) -> Observed | None:
    connection, now, record = change.connection, change.now, known.record
    seen = [one for one in known.seen if one.fact.vantage == vantage]
    told = look_up_products(connection, record.id, [one.fact for one in seen], now)
    if vantage == EXTERNAL:
        told += look_up_routes(connection, known.declaration, now)
        told += look_up_places(connection, known.declaration, now)
    if not told:
        return None
    scan = _begin(register, change, record, vantage, told)
    ids = insert_facts(connection, record.id, scan.id, told, at=now)
    rows = _judge(register, connection, known, seen, list_facts(connection, ids=ids))
    insert_judgements(
        connection,
        record.id,
        scan.id,
        rows,
        checks_digest=register.edition.checks,
        judged_at=now,
    )
    judgements = [row.judgement for row in rows]
    # The tables were asked now, whenever the product was seen: only so can a table, or a
    # confirmation, that came later close a finding.
    looked_at = dict.fromkeys((fact.address for fact in told), now)
    checks = {check.id: check for check in register.content.checks.checks}
    followed = follow(
        connection,
        Seen(record.id, vantage, looked_at, judgements, {}, may_close=True),
        known.declaration,
        checks,
        change.by,
    )
    verdicts: dict[str, int] = {}
    for one in judgements:
        verdicts[one.verdict] = verdicts.get(one.verdict, 0) + 1
    summary = {"verdicts": verdicts, "findings": vars(followed)}
    scans.record_state(connection, scan.id, "done", at=now, summary=summary)
    code = record.institution.code
    return Observed(code, vantage, scan.code, len(told), verdicts, followed)


def _begin(
    register: Register,
    change: Change,
    record: InstitutionRecord,
    vantage: str,
    told: Sequence[Fact],
) -> ScanRecord:
    """Enter the look-up as a run under which its facts are kept; it has no authorisation."""
    tables = {table["sha256"]: table for fact in told for table in fact.parameters["tables"]}
    scan = scans.insert_scan(
        change.connection,
        record.id,
        change.by,
        kind="tables",
        vantage=vantage,
        authorisations=[],
        plan={"tables": list(tables.values())},
        checks_digest=register.edition.checks,
        scanner="tables",
    )
    scans.record_state(change.connection, scan.id, "running", at=change.now)
    return scan


def _judge(
    register: Register,
    connection: Connection,
    known: _Known,
    seen: Iterable[FactRecord],
    told: Iterable[FactRecord],
) -> list[NewJudgement]:
    """Judge each new fact by the checks of its technique, together with what was seen before."""
    by_technique: dict[str, list[Check]] = {}
    for check in register.content.checks.checks:
        by_technique.setdefault(check.technique, []).append(check)
    judges = {t: compile_checks(checks) for t, checks in by_technique.items() if t in LOOKED_UP}
    before: dict[str, list[FactRecord]] = {}
    for record in seen:
        before.setdefault(record.fact.address, []).append(record)
    rows: list[NewJudgement] = []
    for record in told:
        fact, at = record.fact, record.observed_at
        judge = judges.get(fact.technique)
        if judge is None:
            continue
        if fact.subject == "host":
            looks = [*before.get(fact.address, ()), record]
            context = context_of(known.declaration, fact.address, fact.vantage, at)
        else:
            looks = [record]
            context = context_of_name(known.declaration, fact.subject, fact.address, at, None)
        facts = [one.fact for one in looks]
        ids = tuple(one.id for one in looks)
        rows += [
            NewJudgement(judgement, fact.vantage, at, ids)
            for judgement in judge.judge_host(facts, context, fact.vantage)
        ]
    return rows
