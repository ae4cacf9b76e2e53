"""What a round's reviews say: how far claims reach too high, and how far reviewers agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.scores import ScoreParameters
from cyberposture.scoring.agreement import Agreement, measure_agreement
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.points import value_of
from cyberposture.scoring.sampling import Drawn, Estimate, estimate_gap
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Register
from cyberposture.store import answers, institutions, opinions, review_draws, rounds
from cyberposture.store.answers import ReviewRevision
from cyberposture.store.opinions import OpinionRecord
from cyberposture.store.review_draws import DrawRecord
from cyberposture.store.rounds import RoundRecord


@dataclass(frozen=True)
class Measured:
    """A round's reviews judged: `gap` speaks about the institutions that are `complete`."""

    drawn: int
    """At how many institutions something was drawn."""
    complete: int
    """At how many of them all that was drawn is reviewed."""
    gap: Estimate | None
    agreement: Agreement


def measure_round(
    register: Register, round_code: str, *, sectors: frozenset[str] | None = None
) -> Measured:
    """Return what the reviews of a round say, of all institutions or of these sectors' alone.

    An institution counts for the gap once all that was drawn from its claims is reviewed: what is
    missing is never guessed.

    Raises:
        NotFound: there is no such round.
    """
    with register.reading() as connection:
        record = rounds.get_round(connection, round_code)
        return measure(register, connection, record, sectors=sectors)


def measure(
    register: Register,
    connection: Connection,
    record: RoundRecord,
    *,
    sectors: frozenset[str] | None = None,
) -> Measured:
    """Return the same as `measure_round`, of one state of the register."""
    parameters = parameters_of(get_pinned(register, connection, record.round.edition).catalogue)
    draws = review_draws.list_draws(connection, record.id)
    reviews = answers.list_reviews_of_round(connection, record.id)
    spoken = opinions.list_opinions_of_round(connection, record.id)
    known = institutions.list_institutions(connection, as_of=register.clock())
    own = {one.id for one in known if sectors is None or sectors & set(one.institution.sectors)}
    draws = {key: one for key, one in draws.items() if one.institution_id in own}
    frame: list[Drawn] = []
    found: dict[tuple[str, str], int] = {}
    complete = 0
    for key, one in draws.items():
        units = _units(one)
        seen = _found(units, reviews.get(key, {}), parameters)
        if seen is not None:
            complete += 1
            frame += units
            found |= seen
    pairs = levels_of(pairs_of(one for one in spoken if one.institution_id in own))
    return Measured(len(draws), complete, estimate_gap(frame, found), measure_agreement(pairs))


def _units(draw: DrawRecord) -> list[Drawn]:
    """Return the frame of a draw, its parts told apart from those of other assessments."""
    units = (Drawn.model_validate(unit) for unit in draw.frame)
    return [one.model_copy(update={"part": f"{draw.assessment_id}/{one.part}"}) for one in units]


def _found(
    units: list[Drawn], reviews: Mapping[str, ReviewRevision], parameters: ScoreParameters
) -> dict[tuple[str, str], int] | None:
    """Return the points found of each drawn claim, or None where one is not reviewed yet.

    Where the institution came to say that a control does not apply, nothing of the claim was found.
    """
    drawn = [one for one in units if one.is_drawn]
    if not drawn or any(one.key not in reviews for one in drawn):
        return None
    return {
        (one.part, one.key): value_of(parameters, reviews[one.key].review.level) for one in drawn
    }


def pairs_of(spoken: Iterable[OpinionRecord]) -> list[tuple[OpinionRecord, OpinionRecord]]:
    """Return the newest opinions of first and second reviewers who looked at the same answer.

    Opinions that found no level say nothing of how far reviewers agree.
    """
    newest: dict[tuple[UUID, str, int], dict[str, OpinionRecord]] = {}
    for one in spoken:
        if one.review.level is not None:
            place = (one.assessment_id, one.review.control, one.answer_revision)
            newest.setdefault(place, {})[one.part] = one
    return [
        (parts["first"], parts["second"])
        for parts in newest.values()
        if {"first", "second"} <= parts.keys()
    ]


def levels_of(pairs: Iterable[tuple[OpinionRecord, OpinionRecord]]) -> list[tuple[int, int]]:
    """Return the levels that the two of each pair found."""
    return [
        (first.review.level, second.review.level)
        for first, second in pairs
        if first.review.level is not None and second.review.level is not None
    ]
