"""A dry run of a draft over all institutions: what would become of their answers and scores.

It writes nothing. Answers and network stay as they are, so whatever differs comes of the rules, or
of controls that would have to be answered anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from cyberposture.errors import Fault
from cyberposture.model.assessments import Answer, Review
from cyberposture.model.comparison import Change, Comparison
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import InstitutionScore
from cyberposture.services.adoption import Draft, compare_with, find_faults
from cyberposture.services.basis import (
    Basis,
    answers_of,
    gather_basis,
    profile_of,
    rescore,
    reviews_of,
)
from cyberposture.services.migration import FATES, Inheritance, inherit
from cyberposture.services.pinned import Pinned, restored
from cyberposture.services.register import Register
from cyberposture.store import assessments, institutions
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.editions import find_adoption

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Effect:
    """What a draft would do to one institution's latest assessment."""

    institution: str
    round: str
    edition: str
    """The version that the assessment was opened under."""
    before: InstitutionScore
    after: InstitutionScore
    """With what can be carried over; the rest unanswered until somebody looks at it."""
    confirmed: InstitutionScore
    """As `after`, if each suggestion were confirmed as it is."""
    answers: Inheritance

    @property
    def because_of_rules(self) -> int | None:
        """Basis points by which the verified score moves for the rules alone."""
        return _difference(self.before.verified, self.confirmed.verified)

    @property
    def because_of_open_answers(self) -> int | None:
        """Basis points by which it lies lower until the suggestions are looked at."""
        return _difference(self.confirmed.verified, self.after.verified)


@dataclass(frozen=True)
class Rehearsal:
    """What a draft changes, what forbids its adoption, and its effect on each institution."""

    in_force: Pinned | None
    comparison: Comparison | None
    faults: tuple[Fault, ...]
    effects: tuple[Effect, ...]
    without_answers: tuple[str, ...]
    """Institutions that never answered anything."""


def rehearse(
    register: Register, draft: Draft, progress: Progress = lambda stage, done, of: None
) -> Rehearsal:
    """Return what would change if the draft were adopted now.

    Raises:
        Corrupt: the bytes kept of an edition are damaged.
    """
    now = register.clock()
    with register.reading() as connection:
        last = find_adoption(connection)
        in_force = None if last is None else restored(register, connection, last)
        known = institutions.list_institutions(connection, as_of=now)
        latest = _latest(connection)
        effects = []
        comparisons: dict[str, Comparison] = {}
        for number, record in enumerate(known, start=1):
            if record.id in latest:
                code, campaign = record.institution.code, latest[record.id].round
                basis = gather_basis(register, connection, code, campaign, now)
                rules = basis.pinned.edition.rules
                if rules not in comparisons:
                    comparisons[rules] = compare_with(basis.pinned, draft)
                effects.append(_effect(basis, campaign, draft, comparisons[rules].changes))
            progress("institutions", number, len(known))
        return Rehearsal(
            in_force=in_force,
            comparison=None if in_force is None else compare_with(in_force, draft),
            faults=tuple(find_faults(register, connection, draft)),
            effects=tuple(effects),
            without_answers=tuple(r.institution.code for r in known if r.id not in latest),
        )


def _latest(connection: Connection) -> dict[Any, AssessmentRecord]:
    """Return the latest assessment in which anything was answered, by institution."""
    found = assessments.list_assessments(connection)
    return {one.institution_id: one for one in found if one.answered}


def _effect(basis: Basis, campaign: str, draft: Draft, changes: tuple[Change, ...]) -> Effect:
    asked = asked_of(draft, basis.institution.institution, basis.assessment)
    answers = inherit(changes, answers_of(basis.answers), asked)
    reviews = _carried_reviews(changes, reviews_of(basis.answers))

    def score(given: dict[str, Answer]) -> InstitutionScore:
        return rescore(basis, draft.content, given, reviews).institution

    carried = {control: one.answer for control, one in answers.carried.items()}
    suggested = {control: one.answer for control, one in answers.suggested.items()}
    return Effect(
        institution=basis.institution.institution.code,
        round=campaign,
        edition=basis.pinned.edition.version,
        before=basis.result.institution,
        after=score(carried),
        confirmed=score(carried | suggested),
        answers=answers,
    )


def asked_of(
    draft: Draft, institution: Institution, assessment: AssessmentRecord | None
) -> list[str]:
    """Return the controls that an institution would have to answer, in its profile."""
    catalogue = draft.content.catalogue
    profile = profile_of(catalogue, assessment) or catalogue.profile_of(institution.tier)
    selected = catalogue.of_profile(profile)
    return [control.id for control in selected if control.evidence_mode != "N"]


def _carried_reviews(changes: tuple[Change, ...], reviews: dict[str, Review]) -> dict[str, Review]:
    """Return the reviews of controls that still ask the same, under their present ids."""
    return {
        link.new: reviews[link.old].model_copy(update={"control": link.new})
        for change in changes
        if FATES[change.kind] == "carried"
        for link in change.links
        if link.old in reviews
    }


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before
