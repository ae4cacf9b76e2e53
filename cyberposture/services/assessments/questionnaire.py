"""What an institution is asked in a round, as its pages show it, and one answer at a time kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.translations import Translations
from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.model.assessments import Answer, Level
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.institutions import Institution
from cyberposture.services.assessments.assess import (
    FINAL_STATES,
    OPEN_STATES,
    find_answerable,
    find_parts,
)
from cyberposture.services.assessments.still_open import require_open
from cyberposture.services.catalogue.pinned import Pinned, get_pinned
from cyberposture.services.findings.standing import CheckStanding, standing_of
from cyberposture.services.register import Register
from cyberposture.store import answering, answers, assessments, institutions, rounds
from cyberposture.store.answers import AnswerRevision, ReviewRevision
from cyberposture.store.assessments import AssessmentRecord


@dataclass(frozen=True)
class Progress:
    """How far one domain is: what takes an answer there, and what has one."""

    id: str
    title: str
    asked: int
    answered: int


@dataclass(frozen=True)
class Card:
    """One control as it is asked, with what was said and what the network shows."""

    control: Control
    answer: AnswerRevision | None
    review: ReviewRevision | None
    seen: tuple[str, ...]
    """Sentences of checks that speak against the good condition now."""
    takes_answer: bool


@dataclass(frozen=True)
class Questionnaire:
    """An institution's assessment in a round as its home page shows it."""

    institution: Institution
    round_code: str
    title: str
    due: datetime
    state: str
    may_answer: bool
    domains: tuple[Progress, ...]
    translations: tuple[Translations, ...]

    @property
    def asked(self) -> int:
        """How many controls take an answer."""
        return sum(one.asked for one in self.domains)

    @property
    def answered(self) -> int:
        """How many of them have one."""
        return sum(one.answered for one in self.domains)


@dataclass(frozen=True)
class _Open:
    """An assessment with the edition that it asks under, as it stands now."""

    institution_id: UUID
    assessment: AssessmentRecord
    pinned: Pinned
    controls: tuple[Control, ...]
    given: dict[str, AnswerRevision]

    @property
    def catalogue(self) -> Catalogue:
        return self.pinned.catalogue


def _open(register: Register, connection: Connection, institution: str, code: str) -> _Open:
    institution_id, assessment = find_parts(connection, institution, code)
    campaign = rounds.get_round(connection, code).round
    pinned = get_pinned(register, connection, campaign.edition)
    layout = assessments.get_layout(connection, assessment.layout)
    found = (pinned.catalogue.find(one) for one in layout)
    controls = tuple(one for one in found if one is not None)
    given = answers.list_answers(connection, assessment.id)
    return _Open(institution_id, assessment, pinned, controls, given)


def _is_said(revision: AnswerRevision | None) -> bool:
    """Return whether an answer is the institution's own word: a suggestion is nobody's."""
    if revision is None or revision.is_suggestion:
        return False
    return revision.answer.level is not None or revision.answer.not_applicable is not None


def _takes_answer(control: Control) -> bool:
    return control.evidence_mode != "N"


def _progress(opened: _Open) -> Iterable[Progress]:
    for domain in opened.catalogue.framework.domains:
        own = [c for c in opened.controls if c.domain == domain.id]
        asked = [c for c in own if _takes_answer(c)]
        if own:
            answered = sum(_is_said(opened.given.get(c.id)) for c in asked)
            yield Progress(domain.id, domain.title, len(asked), answered)


def read_questionnaire(register: Register, institution: str, round_code: str) -> Questionnaire:
    """Return an institution's assessment in a round, with its progress by domain.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        now = register.clock()
        campaign = rounds.get_round(connection, round_code)
        opened = _open(register, connection, institution, round_code)
        record = institutions.get_institution(connection, institution, as_of=now)
        is_open = campaign.closed_at is None and opened.assessment.state in OPEN_STATES
        return Questionnaire(
            institution=record.institution,
            round_code=round_code,
            title=campaign.round.title,
            due=campaign.round.due,
            state=opened.assessment.state,
            may_answer=is_open and opened.assessment.state not in FINAL_STATES,
            domains=tuple(_progress(opened)),
            translations=opened.pinned.translations,
        )


def read_cards(
    register: Register, institution: str, round_code: str, domain: str
) -> tuple[Card, ...]:
    """Return the controls of one domain as they are asked, in their order.

    Raises:
        NotFound: institution, round, assessment or domain is not there.
    """
    with register.reading() as connection:
        opened = _open(register, connection, institution, round_code)
        own = [control for control in opened.controls if control.domain == domain]
        if not own:
            raise NotFound("domain", domain, advice="see the list beside the questions")
        now = register.clock()
        record = institutions.get_institution(connection, institution, as_of=now)
        campaign = rounds.get_round(connection, round_code).round
        clocks = opened.catalogue.clocks(record.institution.sectors, now.date())
        standing = standing_of(
            register, connection, opened.institution_id, now, campaign, clocks=clocks
        )
        reviews = answers.list_reviews(
            connection, opened.assessment.id, controls=[control.id for control in own]
        )
    return tuple(
        Card(
            control=control,
            answer=opened.given.get(control.id),
            review=reviews.get(control.id),
            seen=tuple(_against(control, standing.values())),
            takes_answer=_takes_answer(control),
        )
        for control in own
    )


def _against(control: Control, standing: Iterable[CheckStanding]) -> Iterable[str]:
    """Yield what checks that can speak against the control say now, each sentence once."""
    codes = {o.code for o in control.observations if o.direction in ("C", "R")}
    said: dict[str, None] = {}
    for one in standing:
        if one.check.observation in codes:
            for row in one.rows:
                if row.judgement.verdict == "fail":
                    said.setdefault(row.judgement.says)
    return said


def save_answer(
    register: Register,
    institution: str,
    round_code: str,
    control: str,
    *,
    level: Level | None,
    not_applicable: str | None,
    reason: str,
    seen_revision: int,
) -> AnswerRevision:
    """Keep one answer as a new revision and return it; its evidence stays as it was.

    `seen_revision` is the revision that the writer had before them (0: none).

    Raises:
        Conflict: somebody answered meanwhile; their revision is `current`, nothing was written.
        InvalidInput: the control takes no answer.
        NotFound: institution, round or assessment is not there, or the control is not asked.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    with register.change("answered", f"{institution}/{control}") as change:
        connection = change.connection
        change.institution_id, assessment = find_answerable(connection, institution, round_code)
        opened = _open(register, connection, institution, round_code)
        asked = next((one for one in opened.controls if one.id == control), None)
        if asked is None:
            raise NotFound("control", control)
        if not _takes_answer(asked):
            what = f"{control} takes no answer: the network alone decides it"
            raise InvalidInput(Fault("control", what))
        require_open(connection, assessment, [control])
        last = opened.given.get(control)
        given = Answer(
            control=control,
            level=level,
            not_applicable=not_applicable,
            reason=reason,
            evidence=() if last is None else last.answer.evidence,
        )
        if assessment.state not in ("answering", "clarification"):
            assessments.record_state(
                connection, assessment.id, "answering", change.by, expected=OPEN_STATES
            )
        written = answering.record_answer(
            connection, assessment.id, given, change.by, expected_revision=seen_revision
        )
        change.tell(round=round_code, control=control, revision=written.revision)
    return written
