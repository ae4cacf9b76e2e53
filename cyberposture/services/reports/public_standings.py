"""On what the public figures of a round stand: for each institution that was asked, in a few words.

A score is named by its key, for it never changes; what does change is written out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection

from cyberposture.model.controls import Tier
from cyberposture.model.foundation import Model
from cyberposture.reporting.fixed import Fixed
from cyberposture.scoring.sampling import Estimate
from cyberposture.scoring.systemic import Dependency, Kind, Known
from cyberposture.services.register import Register
from cyberposture.services.reports.dependencies import gather_dependencies
from cyberposture.services.reports.nation_inputs import are_invented
from cyberposture.services.review.measuring import measure
from cyberposture.store import assessments, contradictions, findings, institutions, scores
from cyberposture.store.public_editions import PublicEdition, list_standings
from cyberposture.store.rounds import RoundRecord

Link = tuple[Kind, str, Known, bool, str]
"""A dependency without whose it is: kind, name, how it is known, whether it fails, through what."""
UNDECIDED: Final = ("open", "disputed")


class PublicStanding(Model):
    """On what the public figures of a round stand for one institution."""

    sector: str
    tier: Tier
    score: UUID | None = None
    """Its score of the round; None: it has not answered."""
    contradictions: int = 0
    failing: dict[str, int] = Field(default_factory=dict)
    """By check: at how many places it fails."""
    dependencies: tuple[Link, ...] = ()


class PublicTotals(Model):
    """What is told of all together and is no sum over institutions; it stays as told first."""

    complete: int = 0
    gap: Estimate | None = None
    is_invented: bool = False


Standings = Mapping[UUID, PublicStanding]


@dataclass(frozen=True, slots=True)
class PublicState:
    """All on which a round's public figures stand."""

    standings: Standings
    previous_id: UUID | None
    """That of the round before, beside which it stands."""
    totals: PublicTotals
    fixed: Fixed


def read_standings(connection: Connection, edition: PublicEdition) -> Standings:
    """Return on what an edition stands."""
    found = list_standings(connection, edition.id)
    return {key: PublicStanding.model_validate(one) for key, one in found.items()}


def dependencies_of(standings: Standings) -> Iterator[Dependency]:
    """Yield the dependencies of all; institutions are called by their keys."""
    for key, one in standings.items():
        yield from (Dependency(str(key), *link) for link in one.dependencies)


def gather_totals(
    register: Register, connection: Connection, campaign: RoundRecord
) -> PublicTotals:
    """Return what would be told of all together now."""
    sample = measure(register, connection, campaign)
    asked = assessments.list_assessments(connection, round_id=campaign.id)
    open_now = findings.list_findings(connection, states=UNDECIDED)
    return PublicTotals(
        complete=sample.complete,
        gap=sample.gap,
        is_invented=are_invented({one.institution_id for one in asked}, open_now),
    )


def gather_standings(
    register: Register, connection: Connection, campaign: RoundRecord
) -> Standings:
    """Return on what the public figures of a round would stand now."""
    now = register.clock()
    asked = {
        one.id: one.institution_id
        for one in assessments.list_assessments(connection, round_id=campaign.id)
    }
    everybody = set(asked.values())
    known = {
        one.id: one.institution
        for one in institutions.list_institutions(connection, as_of=now)
        if one.id in everybody
    }
    against: defaultdict[UUID, set[str]] = defaultdict(set)
    for claim in contradictions.list_contradictions(connection, states=UNDECIDED):
        if claim.assessment_id in asked:
            against[asked[claim.assessment_id]].add(claim.control)
    open_now = findings.list_findings(connection, states=UNDECIDED)
    failing: defaultdict[UUID, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for finding in open_now:
        failing[finding.key.institution_id][finding.key.check] += 1
    links: defaultdict[str, set[Link]] = defaultdict(set)
    names = {key: one.code for key, one in known.items()}
    for link in gather_dependencies(connection, names, open_now, now):
        links[link.institution].add((link.kind, link.name, link.known, link.fails, link.through))
    kept = scores.list_round_scores(connection, campaign.id)
    score_of = {one.institution_id: one.id for one in kept}
    return {
        key: PublicStanding(
            sector=one.sectors[0],
            tier=one.tier,
            score=score_of.get(key),
            contradictions=len(against[key]),
            failing=dict(failing[key]),
            dependencies=tuple(sorted(links[one.code])),
        )
        for key, one in sorted(known.items(), key=lambda item: str(item[0]))
    }
