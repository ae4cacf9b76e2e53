"""Facts as they were seen and judgements over them; neither is ever overwritten.

A judgement made anew over archived facts is a new row, and an older look at an endpoint never
hides a newer one, however late it was judged.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from cyberposture.errors import WrongUsage
from cyberposture.model.checks import Verdict
from cyberposture.model.observations import Fact, Judgement
from cyberposture.store import tables as t

CONCLUSIVE: tuple[Verdict, ...] = ("pass", "fail", "not-applicable")
"""The verdicts that decide something."""


@dataclass(frozen=True, slots=True)
class FactRecord:
    """A fact under the key of the register; `observed_at` is when the look ended."""

    id: UUID
    institution_id: UUID
    scan_id: UUID
    chunk_id: UUID | None
    observed_at: datetime
    fact: Fact


@dataclass(frozen=True, slots=True)
class NewJudgement:
    """A judgement to keep, over facts that are kept already."""

    judgement: Judgement
    vantage: str
    observed_at: datetime
    facts: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgementRecord:
    """A judgement under the key of the register."""

    id: UUID
    institution_id: UUID
    scan_id: UUID
    judgement: Judgement
    vantage: str
    facts: tuple[UUID, ...]
    checks_digest: str
    observed_at: datetime
    judged_at: datetime


def insert_facts(
    connection: Connection,
    institution_id: UUID,
    scan_id: UUID,
    facts: Iterable[Fact],
    *,
    at: datetime,
    chunk_id: UUID | None = None,
) -> list[UUID]:
    """Keep facts of one run, recorded `at`, and return their ids in order.

    One that does not say when it ended counts as observed when it was recorded.
    """
    rows: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "scan_id": scan_id,
            "chunk_id": chunk_id,
            "address": fact.address,
            "name": fact.name or "",
            "technique": fact.technique,
            "vantage": fact.vantage,
            "outcome": fact.outcome,
            "started_at": fact.started_at,
            "observed_at": fact.ended_at or at,
            "artefact_sha256": fact.artefact,
            "body": fact.model_dump_json(exclude_defaults=True),
            "at": at,
        }
        for fact in facts
    ]
    if rows:
        connection.execute(sa.insert(t.facts), rows)
    return [row["id"] for row in rows]


def list_facts(
    connection: Connection,
    *,
    scan_id: UUID | None = None,
    ids: Sequence[UUID] | None = None,
) -> list[FactRecord]:
    """Return the facts of a run, or those with these ids, by time and address.

    Raises:
        WrongUsage: neither was asked for.
    """
    f = t.facts
    query = sa.select(f).order_by(f.c.observed_at, f.c.address, f.c.technique, f.c.id)
    if scan_id is not None:
        query = query.where(f.c.scan_id == scan_id)
    elif ids is not None:
        query = query.where(f.c.id.in_(ids))
    else:
        raise WrongUsage("facts are listed by run or by id")
    return [_read_fact(row) for row in connection.execute(query).mappings()]


def list_latest_facts(
    connection: Connection,
    institution_id: UUID,
    *,
    as_of: datetime,
    address: str | None = None,
    techniques: Collection[str] | None = None,
) -> list[FactRecord]:
    """Return the newest look (at `as_of`) at each address by each technique from each vantage.

    Looks under different names are different looks; `techniques` are all that are asked for.
    """
    f = t.facts
    chosen = sa.true() if techniques is None else f.c.technique.in_(sorted(techniques))
    query = _latest(
        f,
        (f.c.address, f.c.name, f.c.technique, f.c.vantage),
        (f.c.observed_at.desc(), f.c.at.desc(), f.c.id),
        f.c.institution_id == institution_id,
        f.c.observed_at <= as_of,
        f.c.at <= as_of,
        chosen,
    )
    if address is not None:
        query = query.where(query.selected_columns.address == address)
    return [_read_fact(row) for row in connection.execute(query).mappings()]


def insert_judgements(
    connection: Connection,
    institution_id: UUID,
    scan_id: UUID,
    judgements: Iterable[NewJudgement],
    *,
    checks_digest: str,
    judged_at: datetime,
) -> list[UUID]:
    """Keep judgements made under one edition of the checks, and return their ids in order."""
    rows: list[dict[str, Any]] = []
    for new in judgements:
        told = new.judgement
        rows.append(
            {
                "id": uuid4(),
                "institution_id": institution_id,
                "scan_id": scan_id,
                "check_id": told.check,
                "version": told.version,
                "address": told.address,
                "protocol": told.protocol or "",
                "port": told.port or 0,
                "subkey": told.subkey,
                "vantage": new.vantage,
                "verdict": told.verdict,
                "says": told.says,
                "facts": [str(fact_id) for fact_id in new.facts],
                "checks_digest": checks_digest,
                "observed_at": new.observed_at,
                "judged_at": judged_at,
            }
        )
    if rows:
        connection.execute(sa.insert(t.judgements), rows)
    return [row["id"] for row in rows]


def looked_at(connection: Connection, scan_id: UUID) -> dict[str, datetime]:
    """Return the addresses of which a run brought facts, each with the moment of the first."""
    f = t.facts
    query = (
        sa.select(f.c.address, sa.func.min(f.c.observed_at).label("first"))
        .where(f.c.scan_id == scan_id)
        .group_by(f.c.address)
    )
    return {row.address: row.first for row in connection.execute(query)}


def list_judgements(
    connection: Connection, *, scan_id: UUID, judged_at: datetime | None = None
) -> list[JudgementRecord]:
    """Return the judgements over a run (all of them, or those of one moment), by check, address."""
    j = t.judgements
    query = (
        sa.select(j)
        .where(j.c.scan_id == scan_id)
        .order_by(j.c.check_id, j.c.address, j.c.protocol, j.c.port, j.c.subkey, j.c.judged_at)
    )
    if judged_at is not None:
        query = query.where(j.c.judged_at == judged_at)
    return [_read_judgement(row) for row in connection.execute(query).mappings()]


def list_latest_judgements(
    connection: Connection,
    institution_id: UUID,
    *,
    as_of: datetime,
    verdict: Verdict | None = None,
    checks: Collection[str] | None = None,
) -> list[JudgementRecord]:
    """Return what stands (at `as_of`) for each endpoint of each check from each vantage.

    That is the newest look at the endpoint, and of several judgements over it the newest. `checks`
    are all that are asked for.
    """
    values: dict[str, Any] = {"institution_id": institution_id, "as_of": as_of}
    if checks is not None:
        values["checks"] = sorted(checks)
    query = _latest_judgements(only_some=checks is not None)
    if verdict is not None:
        query = query.where(query.selected_columns.verdict == verdict)
    return [_read_judgement(row) for row in connection.execute(query, values).mappings()]


@cache
def _latest_judgements(*, only_some: bool) -> sa.Select[Any]:
    """Return the query for what stands, of all checks or some; each is built once."""
    j, as_of = t.judgements, sa.bindparam("as_of", type_=t.judgements.c.judged_at.type)
    chosen = j.c.check_id.in_(sa.bindparam("checks", expanding=True))
    return _latest(
        j,
        (j.c.check_id, j.c.address, j.c.protocol, j.c.port, j.c.subkey, j.c.vantage),
        (j.c.observed_at.desc(), j.c.judged_at.desc(), j.c.id),
        j.c.institution_id == sa.bindparam("institution_id"),
        j.c.observed_at <= as_of,
        j.c.judged_at <= as_of,
        *((chosen,) if only_some else ()),
    )


def list_conclusive(connection: Connection) -> dict[str, datetime]:
    """Return when each check last gave a conclusive verdict about anything, by check id."""
    j = t.judgements.c
    query = (
        sa.select(j.check_id, sa.func.max(j.observed_at).label("last"))
        .where(j.verdict.in_(CONCLUSIVE))
        .group_by(j.check_id)
    )
    return {row.check_id: row.last for row in connection.execute(query)}


def _latest(
    table: Table,
    key: Sequence[sa.Column[Any]],
    newest_first: Sequence[sa.ColumnElement[Any]],
    *conditions: sa.ColumnElement[bool],
) -> sa.Select[Any]:
    """Return the query for the first row of each key in that order, sorted by the key."""
    place = sa.func.row_number().over(partition_by=key, order_by=newest_first)
    ranked = sa.select(table, place.label("place")).where(*conditions).subquery()
    order = (ranked.c[column.name] for column in key)
    return sa.select(ranked).where(ranked.c.place == 1).order_by(*order)


def _read_fact(row: RowMapping) -> FactRecord:
    return FactRecord(
        row["id"],
        row["institution_id"],
        row["scan_id"],
        row["chunk_id"],
        row["observed_at"],
        Fact.model_validate_json(row["body"]),
    )


def _read_judgement(row: RowMapping) -> JudgementRecord:
    judgement = Judgement(
        check=row["check_id"],
        version=row["version"],
        address=row["address"],
        protocol=row["protocol"] or None,
        port=row["port"] or None,
        subkey=row["subkey"],
        verdict=row["verdict"],
        says=row["says"],
    )
    return JudgementRecord(
        row["id"],
        row["institution_id"],
        row["scan_id"],
        judgement,
        row["vantage"],
        tuple(UUID(fact_id) for fact_id in row["facts"]),
        row["checks_digest"],
        row["observed_at"],
        row["judged_at"],
    )
