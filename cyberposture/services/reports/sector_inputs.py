"""Fills the inputs of a sector's report: its institutions in one round, and in those before."""

from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.scores import ScoreDocument
from cyberposture.reporting import sector_inputs as given
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.nation_inputs import NationGatherer, baseline_of
from cyberposture.store import assessments, contradictions, institutions, rounds, scores
from cyberposture.store.rounds import RoundRecord

PAST = 4
"""So many rounds before the present one are looked at."""


def gather_sector(
    register: Register, connection: Connection, round_code: str, sector: str, *, is_whole: bool
) -> given.SectorInputs:
    """Return everything about one sector; with `is_whole`, about all sectors in its place.

    Raises:
        NotFound: there is no such round.
    """
    gatherer = NationGatherer(register, connection, round_code, None if is_whole else sector)
    nation = gatherer.gather()
    if is_whole:
        return given.SectorInputs(nation, sector, is_whole=True)
    own = {
        one.id: one.institution.code
        for one in institutions.list_institutions(connection, as_of=register.clock(), sector=sector)
    }
    earlier = [
        one for one in rounds.list_rounds(connection)
        if one.round.opens < gatherer.round.round.opens
    ]  # fmt: skip
    return given.SectorInputs(
        nation=nation,
        sector=sector,
        past=tuple(_past(register, connection, one, own) for one in earlier[-PAST:]),
        contradictions=_contradictions(connection, gatherer.round, own),
    )


def _past(
    register: Register, connection: Connection, campaign: RoundRecord, own: dict[UUID, str]
) -> given.PastRound:
    edition = get_pinned(register, connection, campaign.round.edition)
    stood = {}
    for institution_id, code in own.items():
        kept = scores.find_score(connection, institution_id, round_id=campaign.id)
        if kept is None:
            continue
        result = baseline_of(edition.catalogue, ScoreDocument.model_validate(kept.document))
        if result is not None and result.institution.band is not None:
            stood[code] = (result.institution.declared, result.institution.claims_verified)
    return given.PastRound(campaign.round.code, campaign.round.title, stood)


def _contradictions(
    connection: Connection, campaign: RoundRecord, own: dict[UUID, str]
) -> tuple[given.OpenContradiction, ...]:
    asked = {
        one.id: own[one.institution_id]
        for one in assessments.list_assessments(connection, round_id=campaign.id)
        if one.institution_id in own
    }
    found = contradictions.list_contradictions(connection, states=("open", "disputed"))
    return tuple(
        given.OpenContradiction(asked[one.assessment_id], one.control, one.check)
        for one in found
        if one.assessment_id in asked
    )
