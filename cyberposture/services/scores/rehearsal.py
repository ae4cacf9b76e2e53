"""A dry run of a draft over all institutions: what would become of their answers and scores.

It writes nothing. Answers and network stay as they are, so whatever differs comes of the rules, or
of controls that would have to be answered anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from cyberposture.content.comparing.books import book_of
from cyberposture.content.comparing.differences import compare
from cyberposture.errors import Fault
from cyberposture.model.assessments import Answer, Review
from cyberposture.model.comparison import Change, Comparison
from cyberposture.model.controls import Catalogue, Chosen, Profile
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import InstitutionScore, ScoreDocument
from cyberposture.scoring.assemble import applies
from cyberposture.services.catalogue.adoption import Draft, compare_with, find_faults
from cyberposture.services.catalogue.migration import FATES, inherit
from cyberposture.services.catalogue.pinned import Pinned, restored
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import (
    Basis,
    answers_of,
    document_under,
    gather_basis,
    profile_of,
    rescore,
    reviews_of,
)
from cyberposture.store import assessments, institutions
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.editions import find_adoption

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fates:
    """What becomes of an institution's answers, by the ids of controls; see `migration`.

    The answers themselves are let go: a dry run holds every institution at once.
    """

    carried: tuple[str, ...]
    suggested: tuple[str, ...]
    kept: tuple[str, ...]
    unanswered: tuple[str, ...]


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
    answers: Fates
    dropped_profile: str | None
    """The profile of the assessment where the draft has none of that name: it is told and scored
    by what became of the controls that the profile picked out."""

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
    institution = basis.institution.institution
    catalogue = draft.content.catalogue
    before = profile_of(basis.pinned.catalogue, basis.assessment)
    profile = _profile_after(before, catalogue, changes)
    answers = inherit(
        changes, answers_of(basis.answers), _answerable(catalogue, institution, profile)
    )
    reviews = _carried_reviews(changes, reviews_of(basis.answers))

    def score(given: dict[str, Answer]) -> InstitutionScore:
        return rescore(basis, draft.content, given, reviews, profile=profile).institution

    carried = {control: one.answer for control, one in answers.carried.items()}
    suggested = {control: one.answer for control, one in answers.suggested.items()}
    is_dropped = before is not None and catalogue.find_profile(before.id) is None
    return Effect(
        institution=institution.code,
        round=campaign,
        edition=basis.pinned.edition.version,
        before=basis.result.institution,
        after=score(carried),
        confirmed=score(carried | suggested),
        answers=Fates(
            carried=tuple(sorted(carried)),
            suggested=tuple(sorted(suggested)),
            kept=answers.kept,
            unanswered=answers.unanswered,
        ),
        dropped_profile=before.id if before is not None and is_dropped else None,
    )


def _profile_after(
    before: Profile | None, catalogue: Catalogue, changes: tuple[Change, ...]
) -> Profile | None:
    """Return the profile under a draft: where the draft dropped it, what became of its controls."""
    if before is None:
        return None
    found = catalogue.find_profile(before.id)
    if found is not None or before.controls is None:
        return found or before
    chosen = {one.id: one.why for one in before.controls}
    links = (link for change in changes for link in change.links if link.old in chosen)
    heirs = {link.new: Chosen(id=link.new, why=chosen[link.old]) for link in links}
    return before.model_copy(update={"controls": tuple(heirs.values())})


def _answerable(
    catalogue: Catalogue, institution: Institution, profile: Profile | None
) -> list[str]:
    """Return the controls that an institution would have to answer: asked of it, and applying."""
    selected = catalogue.of_profile(profile or catalogue.profile_of(institution.tier))
    return [c.id for c in selected if c.evidence_mode != "N" and applies(c, institution)]


def _carried_reviews(changes: tuple[Change, ...], reviews: dict[str, Review]) -> dict[str, Review]:
    """Return the reviews of controls that still ask the same, under their present ids."""
    return {
        link.new: reviews[link.old].model_copy(update={"control": link.new})
        for change in changes
        if FATES[change.kind] == "carried"
        for link in change.links
        if link.old in reviews
    }


def redrawn(basis: Basis, edition: Pinned) -> ScoreDocument:
    """Return what an institution's score would be computed from under another edition.

    Answers and reviews are carried over as an adoption would, every suggestion being confirmed.
    """
    catalogue, institution = edition.catalogue, basis.institution.institution
    books = (
        book_of(basis.pinned.catalogue, basis.pinned.edition.rules),
        book_of(catalogue, edition.edition.rules),
    )
    changes = compare(*books).changes
    profile = _profile_after(
        profile_of(basis.pinned.catalogue, basis.assessment), catalogue, changes
    )
    answers = inherit(
        changes, answers_of(basis.answers), _answerable(catalogue, institution, profile)
    )
    given = {c: one.answer for c, one in {**answers.suggested, **answers.carried}.items()}
    said = (given, _carried_reviews(changes, reviews_of(basis.answers)))
    return document_under(basis, catalogue, basis.judged_by, said, profile=profile)


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before
