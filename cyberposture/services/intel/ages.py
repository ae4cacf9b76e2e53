"""Lets no verdict stand on a table of others that has grown too old to speak."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Check, Checks, Expression
from cyberposture.model.intel import NEEDED_FOR, BundleKind, Used
from cyberposture.scanning.techniques import LOOKED_UP
from cyberposture.store.facts import JudgementRecord, list_facts

Tables = Mapping[UUID, Mapping[BundleKind, Used]]
_AT_ONCE = 500


def tables_of(check: Check) -> frozenset[BundleKind]:
    """Return the tables that a check's verdicts stand on; none where it asks no table."""
    if check.technique not in LOOKED_UP:
        return frozenset()
    waiting: list[Expression] = [
        one
        for one in (check.applies_when, check.fails_when, check.potential_when)
        if one is not None
    ]
    found: set[BundleKind] = set()
    while waiting:
        expression = waiting.pop()
        waiting += expression.parts()
        if expression.fact is not None:
            found.update(NEEDED_FOR.get(expression.fact.name, ()))
    return frozenset(found)


def without_stale(
    connection: Connection, checks: Checks, records: Iterable[JudgementRecord], as_of: datetime
) -> Iterator[JudgementRecord]:
    """Yield the judgements; one that stands on a table too old at `as_of` is not tested."""
    needed = {check.id: tables_of(check) for check in checks.checks}
    given = list(records)
    own = [one for one in given if needed.get(one.judgement.check)]
    tables = _tables_behind(connection, own)
    for record in given:
        kinds = needed.get(record.judgement.check, frozenset())
        stale = next(
            (
                used
                for fact in (record.facts if kinds else ())
                for kind, used in tables.get(fact, {}).items()
                if kind in kinds and used.valid_until < as_of
            ),
            None,
        )
        yield record if stale is None else _set_aside(record, stale)


def _set_aside(record: JudgementRecord, stale: Used) -> JudgementRecord:
    row = record.judgement
    if row.verdict in ("not-applicable", "not-tested"):
        return record
    says = f"The table {stale.kind} of {stale.as_of:%Y-%m-%d} is too old to speak of {row.address}."
    return replace(record, judgement=row.model_copy(update={"verdict": "not-tested", "says": says}))


def _tables_behind(connection: Connection, records: Iterable[JudgementRecord]) -> Tables:
    """Return, by fact, the tables that it was looked up in."""
    ids = sorted({fact for record in records for fact in record.facts}, key=str)
    found: dict[UUID, dict[BundleKind, Used]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        for record in list_facts(connection, ids=ids[start : start + _AT_ONCE]):
            if record.fact.technique in LOOKED_UP:
                used = [Used.model_validate(one) for one in record.fact.parameters["tables"]]
                found[record.id] = {one.kind: one for one in used}
    return found
