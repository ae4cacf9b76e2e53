"""What a set tells of ourselves: scores that were corrected, and how we behaved on networks."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.services.proof.replay import replay
from cyberposture.services.register import Register
from cyberposture.store import scores, stops


@dataclass(frozen=True, slots=True)
class Corrected:
    """One final score of the round that a later one corrects."""

    institution_id: UUID
    at: datetime
    before: int | None
    after: int | None
    reason: str
    controls: tuple[str, ...]
    """The controls whose verified value changed."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the whole audit log says of our own acts."""

    contacts: int
    """Pieces of scans in which something was contacted."""
    pairs: int
    """Addresses with their ports that were contacted in these."""
    complaints: int
    stops: int
    outside: int
    """Entries that do not follow from what was allowed."""
    faults: tuple[tuple[str, int], ...]
    """Their kinds, with how many there are of each."""


def read_corrections(
    connection: Connection, round_id: UUID, *, among: Collection[UUID] | None = None
) -> tuple[Corrected, ...]:
    """Return every correction of a final score of this round, the oldest first.

    With `among`, those of these institutions alone: the public reads of whom it may name.
    """
    found = []
    for summary in scores.list_scores(connection, round_id=round_id, kind="round"):
        if summary.corrects_id is None:
            continue
        if among is not None and summary.institution_id not in among:
            continue
        new = scores.get_score(connection, summary.id)
        old = scores.get_score(connection, summary.corrects_id)
        found.append(
            Corrected(
                institution_id=summary.institution_id,
                at=summary.act.at,
                before=old.summary.verified,
                after=summary.verified,
                reason=summary.act.reason,
                controls=_changed(old.result, new.result),
            )
        )
    return tuple(found)


def read_conduct(register: Register, connection: Connection) -> Conduct:
    """Return our own figures: every decision and every contact of the log is gone through again."""
    report = replay(register.database, register.blobs)
    every = stops.list_stops(connection)
    kinds = Counter(one.kind for one in report.violations)
    return Conduct(
        contacts=report.contacts,
        pairs=report.pairs,
        complaints=sum(bool(one.complaint) for one in every),
        stops=len(every),
        outside=report.found,
        faults=tuple(sorted(kinds.items())),
    )


def _changed(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    before = {one["id"]: one.get("verified") for one in old["controls"]}
    return tuple(
        one["id"] for one in new["controls"] if before.get(one["id"]) != one.get("verified")
    )
