"""What an institution is asked in a round, as its home shows it, and one answer at a time kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cyberposture.content.translations import Translations
from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.model.assessments import Answer, Level
from cyberposture.model.controls import Control
from cyberposture.model.institutions import Institution
from cyberposture.services.assessments.asked import Asked, is_said, open_asked, takes_answer
from cyberposture.services.assessments.assess import OPEN_STATES, require_answerable
from cyberposture.services.assessments.delegating import Division, require_own_parts
from cyberposture.services.assessments.still_open import require_open
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.register import Register
from cyberposture.store import answering, assessments, delegations, institutions, rounds
from cyberposture.store.answers import AnswerRevision


@dataclass(frozen=True)
class Progress:
    """How far one domain is: what takes an answer there, and what has one."""

    id: str
    title: str
    asked: int
    answered: int
    network_alone: int = 0
    """How many stand beside them that nobody answers: the network decides."""


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
    division: Division
    domain_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By language other than English: what each domain is called."""

    def told_in(self, language: str) -> "Questionnaire":
        """Return the same with its domains named in this language, as far as they have names."""
        names = self.domain_names.get(language, {})
        told = (replace(one, title=names.get(one.id, one.title)) for one in self.domains)
        return replace(self, domains=tuple(told))

    @property
    def asked(self) -> int:
        """How many controls take an answer."""
        return sum(one.asked for one in self.domains)

    @property
    def network_alone(self) -> int:
        """How many controls the network decides alone."""
        return sum(one.network_alone for one in self.domains)

    @property
    def answered(self) -> int:
        """How many of them have one."""
        return sum(one.answered for one in self.domains)


def count_domains(opened: Asked, only: frozenset[str] | None = None) -> Iterable[Progress]:
    """Yield how far each domain is; `only` are the controls that are counted, None: all."""
    by_domain: dict[str, list[Control]] = {}
    for control in opened.controls:
        by_domain.setdefault(control.domain, []).append(control)
    for domain in opened.catalogue.framework.domains:
        own = by_domain.get(domain.id, [])
        asked = [c for c in own if takes_answer(c) and (only is None or c.id in only)]
        if own and (asked or only is None):
            answered = sum(is_said(opened.given.get(c.id)) for c in asked)
            alone = sum(not takes_answer(c) for c in own)
            yield Progress(domain.id, domain.title, len(asked), answered, alone)


def questionnaire_of(
    opened: Asked, division: Division, only: frozenset[str] | None = None
) -> Questionnaire:
    """Return what is asked and how far it is; `only` are the controls that are counted."""
    is_open = opened.campaign.closed_at is None and opened.assessment.state in OPEN_STATES
    return Questionnaire(
        institution=opened.institution,
        round_code=opened.campaign.round.code,
        title=opened.campaign.round.title,
        due=opened.due,
        state=opened.assessment.state,
        may_answer=is_open,
        domains=tuple(count_domains(opened, only)),
        translations=opened.pinned.translations,
        division=division,
        domain_names={
            one.language: one.names(opened.catalogue)["domains"]
            for one in opened.pinned.translations
        },
    )


def read_questionnaire(register: Register, institution: str, round_code: str) -> Questionnaire:
    """Return an institution's assessment in a round, with its progress by domain.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        opened = open_asked(register, connection, institution, round_code)
        division = Division(tuple(delegations.list_delegations(connection, opened.assessment.id)))
    return questionnaire_of(opened, division)


def read_part(register: Register, institution: str, round_code: str, person: str) -> Questionnaire:
    """Return what `read_questionnaire` does, counting only what is in this person's hands.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        opened = open_asked(register, connection, institution, round_code)
        division = Division(tuple(delegations.list_delegations(connection, opened.assessment.id)))
    only = frozenset(one.id for one in opened.controls if division.has(person, one.id))
    return questionnaire_of(opened, division, only)


def list_running(register: Register, institution: str) -> list[str]:
    """Return the rounds in which an institution's assessment goes on, the one due first first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        opened = assessments.list_assessments(connection, institution_id=institution_id)
        known = {one.round.code: one for one in rounds.list_rounds(connection)}
    going = [one for one in opened if one.state not in ("finalised", "archived")]
    open_ones = [one for one in going if known[one.round].closed_at is None]
    open_ones.sort(key=lambda one: one.due_at or known[one.round].round.due)
    return [one.round for one in open_ones]


def speaks_against(control: Control, standing: Iterable[CheckStanding]) -> tuple[str, ...]:
    """Return what checks that can speak against the control say now, each sentence once."""
    codes = {o.code for o in control.observations if o.direction in ("C", "R")}
    said: dict[str, None] = {}
    for one in standing:
        if one.check.observation in codes:
            for row in one.rows:
                if row.judgement.verdict == "fail":
                    said.setdefault(row.judgement.says)
    return tuple(said)


@dataclass(frozen=True)
class Kept:
    """An answer as it was kept, and whose it is."""

    revision: AnswerRevision
    institution: Institution


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
    """Keep one answer as `keep_answer` does, and return its revision alone."""
    return keep_answer(
        register, institution, round_code, control, level=level, not_applicable=not_applicable,
        reason=reason, seen_revision=seen_revision,
    ).revision  # fmt: skip


def keep_answer(
    register: Register,
    institution: str,
    round_code: str,
    control: str,
    *,
    level: Level | None,
    not_applicable: str | None,
    reason: str,
    seen_revision: int,
) -> Kept:
    """Keep one answer as a new revision and return it; its evidence stays as it was.

    `seen_revision` is the revision that the writer had before them (0: none).

    Raises:
        Conflict: somebody answered meanwhile; their revision is `current`, nothing was written.
        InvalidInput: the control takes no answer.
        NotAuthorised: the control is in somebody else's hands.
        NotFound: institution, round or assessment is not there, or the control is not asked.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    with register.change("answered", f"{institution}/{control}") as change:
        connection = change.connection
        opened = open_asked(register, connection, institution, round_code, answered=False)
        change.institution_id, assessment = opened.institution_id, opened.assessment
        require_answerable(assessment, opened.campaign)
        asked = opened.find(control)
        if asked is None:
            raise NotFound("control", control)
        if not takes_answer(asked):
            what = f"{control} takes no answer: the network alone decides it"
            raise InvalidInput(Fault("control", what))
        require_open(connection, assessment, [control])
        require_own_parts(connection, assessment, change.by.actor, [control], change.now)
        given = Answer(control=control, level=level, not_applicable=not_applicable, reason=reason)
        written = answering.record_answer(
            connection, assessment.id, given, change.by, expected_revision=seen_revision,
            keeps_evidence=True,
        )  # fmt: skip
        change.tell(round=round_code, control=control, revision=written.revision)
    return Kept(written, opened.institution)
