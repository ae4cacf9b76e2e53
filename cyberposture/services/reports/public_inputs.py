"""From what the public figures stand on to what a view reads, put together anew.

Nothing of the register's present state comes along but what is told of no institution: rules,
national indicators, how many were ever named, and at how many the result changed since.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.reporting import inputs as given
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.statistics import Standing
from cyberposture.services.catalogue.indicators import views_at
from cyberposture.services.catalogue.pinned import Pinned, get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.services.reports.nation_inputs import baseline_of
from cyberposture.services.reports.public_standings import (
    PublicStanding,
    PublicState,
    Standings,
    dependencies_of,
    read_standings,
)
from cyberposture.store import institutions, rounds, scores
from cyberposture.store.public_editions import get_edition
from cyberposture.store.rounds import RoundRecord
from cyberposture.store.scores import ScoreRecord


@dataclass(frozen=True, slots=True)
class _Scored:
    """A score with its result over the baseline."""

    record: ScoreRecord
    document: ScoreDocument
    baseline: ScoreResult | None


def public_inputs(
    register: Register,
    connection: Connection,
    campaign: RoundRecord,
    state: PublicState,
) -> given.NationInputs:
    """Return what a view reads of a state of a round's public figures.

    Institutions are called by their keys, and have no names.
    """
    standings, totals = state.standings, state.totals
    edition = get_pinned(register, connection, campaign.round.edition)
    title, previous = _previous(register, connection, state.previous_id)
    found = {key: _scored(connection, edition, one) for key, one in standings.items()}
    now = register.clock()
    zones = [r.institution.zone for r in institutions.list_institutions(connection, as_of=now)]
    return given.NationInputs(
        content=content_of(register, edition),
        round_code=campaign.round.code,
        round_title=campaign.round.title,
        as_of=max((one.record.summary.as_of for one in found.values() if one), default=now),
        zone=max(set(zones), key=zones.count) if zones else "UTC",
        rows=tuple(_row(key, one, found[key]) for key, one in standings.items()),
        parameters=parameters_of(edition.catalogue),
        audit_head=head_of(connection, None),
        previous_title=title,
        previous=previous,
        dependencies=tuple(dependencies_of(standings)),
        sample=given.ReviewSample(totals.complete, totals.gap),
        named=state.fixed.named,
        failures=tuple(_failures(standings)),
        indicators=_indicators(register, connection, now),
        is_invented=totals.is_invented,
        fixed=state.fixed,
    )


def _scored(connection: Connection, edition: Pinned, one: PublicStanding) -> _Scored | None:
    if one.score is None:
        return None
    record = scores.get_score(connection, one.score)
    document = ScoreDocument.model_validate(record.document)
    return _Scored(record, document, baseline_of(edition.catalogue, document))


def _row(key: UUID, one: PublicStanding, scored: _Scored | None) -> given.InstitutionRow:
    return given.InstitutionRow(
        code=str(key),
        name="",
        sector=one.sector,
        tier=one.tier,
        result=None if scored is None else ScoreResult.model_validate(scored.record.result),
        baseline=None if scored is None else scored.baseline,
        contradictions=one.contradictions,
        observation_overdue=scored is not None and scored.document.observation_overdue,
    )


def _previous(
    register: Register, connection: Connection, previous_id: UUID | None
) -> tuple[str | None, tuple[Standing, ...] | None]:
    """Return the title of the round before, and how all stood as the public was told of it."""
    if previous_id is None:
        return None, None
    edition = get_edition(connection, previous_id)
    campaign = next(one for one in rounds.list_rounds(connection) if one.id == edition.round_id)
    pinned = get_pinned(register, connection, campaign.round.edition)
    found = []
    for key, one in read_standings(connection, edition).items():
        scored = _scored(connection, pinned, one)
        base = None if scored is None or scored.baseline is None else scored.baseline.institution
        known = base is not None and base.band is not None
        found.append(
            Standing(
                institution=str(key),
                verified=base.verified if base is not None and known else None,
                band=None if base is None else base.band,
                has_answered=scored is not None,
            )
        )
    return campaign.round.title, tuple(found)


def _failures(standings: Standings) -> Iterator[given.CheckFailure]:
    places: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for key, one in standings.items():
        for check, count in one.failing.items():
            places[check][str(key)] = count
    for check, at in sorted(places.items()):
        yield given.CheckFailure(check, tuple(sorted(at)), sum(at.values()))


def _indicators(
    register: Register, connection: Connection, now: datetime
) -> tuple[given.EnteredIndicator, ...]:
    return tuple(
        given.EnteredIndicator(one.indicator)
        if one.record is None
        else given.EnteredIndicator(
            one.indicator, one.record.value, one.record.source, one.record.dated, one.is_due
        )
        for one in views_at(register, connection, now)
    )
