"""The one page that a signatory reads: what holds the result down, and what is claimed bare.

It says what the score would find now, and keeps nothing of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cyberposture.content.translations import Translations
from cyberposture.model.controls import Control
from cyberposture.model.institutions import Institution
from cyberposture.services.assessments.answers_digest import (
    AnswersNow,
    Attested,
    answers_now,
    find_attested,
)
from cyberposture.services.assessments.asked import open_asked, takes_answer
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import Basis, gather_basis
from cyberposture.store import assessments
from cyberposture.store.answers import Standing
from cyberposture.store.assessments import SubmissionRecord

BOLD = 2
"""From this level on a claim is about the whole scope."""


@dataclass(frozen=True)
class Contradicted:
    """A claim of level 2 or 3 that the network speaks against, in the network's sentences."""

    control: Control
    level: int
    seen: tuple[str, ...]


@dataclass(frozen=True)
class NotApplicable:
    """A control that is said not to apply, and why."""

    control: Control
    reason: str


@dataclass(frozen=True)
class Said:
    """One answer as it is signed: a level, or that the control does not apply, and the words."""

    control: Control
    level: int | None
    applies: bool
    words: str


@dataclass(frozen=True)
class DomainLevels:
    """How many controls of a domain were answered with which level, and how many with none."""

    id: str
    title: str
    levels: tuple[int, int, int, int]
    not_applicable: int
    open: int


@dataclass(frozen=True)
class Summary:
    """All that one reads before signing."""

    institution: Institution
    round_code: str
    title: str
    state: str
    due: datetime
    gates: tuple[Control, ...]
    """Gates that would hold the result down as things stand."""
    contradicted: tuple[Contradicted, ...]
    bare: tuple[Control, ...]
    """Claims of level 2 or 3 that nothing stands behind: neither evidence nor the network."""
    not_applicable: tuple[NotApplicable, ...]
    domains: tuple[DomainLevels, ...]
    said: tuple[Said, ...]
    """Every answer that is signed, in the order of the controls."""
    was_looked_at: bool
    """The network was looked at, so that it could disagree."""
    now: AnswersNow
    attested: Attested | None
    submissions: tuple[SubmissionRecord, ...]
    translations: tuple[Translations, ...]
    domain_names: Mapping[str, Mapping[str, str]]
    """By language other than English: what each domain is called."""


def read_summary(register: Register, institution: str, round_code: str) -> Summary:
    """Return the summary of an institution's answers in a round, as they stand now.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        basis = gather_basis(register, connection, institution, round_code, register.clock())
        assessment, campaign = basis.assessment, basis.campaign
        assert assessment is not None and campaign is not None
        now = answers_now(connection, assessment)
        attested = find_attested(connection, assessment)
        opened = open_asked(register, connection, institution, round_code)
        submissions = tuple(assessments.list_submissions(connection, assessment.id))
    asked = tuple(one for one in opened.controls if takes_answer(one))
    known = {control.id: control for control in basis.pinned.catalogue.controls}
    return Summary(
        institution=basis.institution.institution,
        round_code=round_code,
        title=campaign.title,
        state=assessment.state,
        due=assessment.due_at or campaign.due,
        gates=tuple(known[one] for one in basis.result.institution.gates_holding if one in known),
        contradicted=tuple(_contradicted(basis, known)),
        bare=tuple(_bare(basis, known)),
        not_applicable=tuple(_not_applicable(asked, basis.answers)),
        domains=tuple(_domains(basis, asked)),
        said=tuple(_said(asked, now, basis.answers)),
        was_looked_at=any(one.rows for one in basis.checks.values()),
        now=now,
        attested=attested,
        submissions=submissions,
        translations=basis.pinned.translations,
        domain_names={
            one.language: one.names(basis.pinned.catalogue)["domains"]
            for one in basis.pinned.translations
        },
    )


def _level(standing: Standing | None) -> int | None:
    answer = None if standing is None else standing.answer
    return None if answer is None else answer.answer.level


def _contradicted(basis: Basis, known: Mapping[str, Control]) -> Iterable[Contradicted]:
    for scored in basis.result.controls:
        level = _level(basis.answers.get(scored.id))
        if scored.contradiction and level is not None:
            control = known[scored.id]
            yield Contradicted(control, level, tuple(_against(control, basis.checks.values())))


def _against(control: Control, checks: Iterable[CheckStanding]) -> Iterable[str]:
    """Yield what the checks say that speak against a control, each sentence once."""
    codes = {use.code for use in control.observations if use.direction in ("C", "R")}
    said: dict[str, None] = {}
    for one in checks:
        if one.check.observation in codes:
            for row in one.rows:
                if row.judgement.verdict == "fail":
                    said.setdefault(row.judgement.says)
    return said


def _bare(basis: Basis, known: Mapping[str, Control]) -> Iterable[Control]:
    for scored in basis.result.controls:
        level = _level(basis.answers.get(scored.id))
        if level is not None and level >= BOLD and scored.grade == "E0":
            yield known[scored.id]


def _not_applicable(
    asked: Iterable[Control], given: Mapping[str, Standing]
) -> Iterable[NotApplicable]:
    for control in asked:
        standing = given.get(control.id)
        answer = None if standing is None else standing.answer
        if answer is not None and answer.answer.not_applicable is not None:
            yield NotApplicable(control, answer.answer.not_applicable)


def _said(
    asked: Iterable[Control], now: AnswersNow, given: Mapping[str, Standing]
) -> Iterable[Said]:
    for control in asked:
        standing = given.get(control.id)
        if control.id in now.revisions and standing is not None and standing.answer is not None:
            answer = standing.answer.answer
            aside = answer.not_applicable
            yield Said(control, answer.level, aside is None, aside or answer.reason)


def _domains(basis: Basis, asked: tuple[Control, ...]) -> Iterable[DomainLevels]:
    left_out = {one.control.id for one in _not_applicable(asked, basis.answers)}
    for domain in basis.pinned.catalogue.framework.domains:
        own = [one.id for one in asked if one.domain == domain.id]
        if not own:
            continue
        levels = Counter(_level(basis.answers.get(one)) for one in own)
        aside = sum(one in left_out for one in own)
        yield DomainLevels(
            domain.id,
            domain.title,
            (levels[0], levels[1], levels[2], levels[3]),
            aside,
            levels[None] - aside,
        )
