"""The cards of a domain: each control as it is asked, with all that helps to answer it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.controls import Control
from cyberposture.model.people import Role
from cyberposture.services.assessments.asked import Asked, is_said, open_asked, takes_answer
from cyberposture.services.assessments.delegating import Division, may_answer_part
from cyberposture.services.assessments.library import ForCards, for_cards
from cyberposture.services.assessments.questionnaire import Questionnaire, questionnaire_of
from cyberposture.services.assessments.still_open import still_open
from cyberposture.services.findings.standing import failures_of
from cyberposture.services.institutions.shared_services import Inherited, inherited_by
from cyberposture.services.register import Register
from cyberposture.store import answers, assessments, delegations, remarks
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.delegations import Delegation
from cyberposture.store.remarks import Thread


@dataclass(frozen=True)
class Reader:
    """Who looks: their roles at the institution, if they are its reviewer, see its evidence."""

    person: str
    roles: frozenset[Role] = frozenset()
    is_reviewer: bool = False
    sees_evidence: bool = False


@dataclass(frozen=True)
class Earlier:
    """What the institution said last time: in which round, and what."""

    round: str
    answer: AnswerRevision


@dataclass(frozen=True)
class Card:
    """One control as it is asked, with what was said and what the network shows."""

    control: Control
    answer: AnswerRevision | None
    seen: tuple[str, ...]
    """Sentences of checks that speak against the good condition now."""
    takes_answer: bool
    is_open: bool
    """Whether whoever looks may answer it now."""
    holders: tuple[Delegation, ...]
    earlier: Earlier | None
    threads: tuple[Thread, ...]

    @property
    def is_answered(self) -> bool:
        """Whether the institution gave its word; a suggestion is nobody's."""
        return is_said(self.answer)


@dataclass(frozen=True)
class DomainPage:
    """All that the page of a domain shows."""

    asked: Questionnaire
    cards: tuple[Card, ...]
    left_out: tuple[Control, ...]
    """Controls of the domain that are not asked, because their condition does not hold."""
    evidence: ForCards | None = None
    """Only for whoever may see it."""
    inherited: Mapping[str, list[Inherited]] = field(default_factory=dict)
    """What providers answered of services that the institution uses, by control."""


def read_domain(
    register: Register, institution: str, round_code: str, domain: str, reader: Reader
) -> DomainPage:
    """Return the questions of a domain, in their order.

    Raises:
        NotFound: institution, round, assessment or domain is not there.
    """
    with register.reading() as connection:
        opened = open_asked(register, connection, institution, round_code)
        own = [control for control in opened.controls if control.domain == domain]
        if not own:
            raise NotFound("domain", domain, advice="see the list beside the questions")
        return _page(register, connection, opened, own, reader)


def read_control(
    register: Register, institution: str, round_code: str, control: str, reader: Reader
) -> tuple[DomainPage, tuple[AnswerRevision, ...]]:
    """Return one control as it is asked, and every revision of its answer, oldest first.

    Raises:
        NotFound: institution, round or assessment is not there, or the control is not asked.
    """
    with register.reading() as connection:
        opened = open_asked(register, connection, institution, round_code)
        asked = opened.find(control)
        if asked is None:
            raise NotFound("control", control)
        page = _page(register, connection, opened, [asked], reader)
        revisions = answers.list_answer_revisions(connection, opened.assessment.id, control)
    return page, tuple(revisions)


def _page(
    register: Register,
    connection: Connection,
    opened: Asked,
    own: list[Control],
    reader: Reader,
) -> DomainPage:
    now, codes = register.clock(), [control.id for control in own]
    division = Division(tuple(delegations.list_delegations(connection, opened.assessment.id)))
    clocks = opened.catalogue.clocks(opened.institution.sectors, now.date())
    against = {one.id: _observations_against(one) for one in own}
    failures = failures_of(
        register, connection, opened.institution_id, now, set().union(*against.values()),
        clocks=clocks,
    )  # fmt: skip
    known = assessments.list_assessments(connection, institution_id=opened.institution_id)
    earlier = _earlier(connection, opened, known, codes)
    may_change = still_open(connection, opened.assessment, opened.campaign)
    threads = _threads(connection, opened, codes, reader)
    cards = tuple(
        Card(
            control=control,
            answer=opened.given.get(control.id),
            seen=tuple(
                dict.fromkeys(says for code, says in failures if code in against[control.id])
            )
            or register.shown_before.get(control.id, ()),
            takes_answer=takes_answer(control),
            is_open=control.id in may_change
            and may_answer_part(division, reader.person, reader.roles, control.id),
            holders=division.holders(control.id),
            earlier=earlier.get(control.id),
            threads=tuple(threads.get(control.id, ())),
        )
        for control in own
    )
    domain = own[0].domain
    left_out = tuple(one for one in opened.left_out if one.domain == domain)
    return DomainPage(
        questionnaire_of(opened, division),
        cards,
        left_out,
        evidence=(
            for_cards(register, connection, opened, {one.id: one.round for one in known})
            if reader.sees_evidence
            else None
        ),
        inherited=inherited_by(connection, opened.institution_id, as_of=now),
    )


def _threads(
    connection: Connection, opened: Asked, codes: list[str], reader: Reader
) -> dict[str, list[Thread]]:
    """Return what people said to each other of the controls, as far as this reader may see it."""
    found: dict[str, list[Thread]] = {}
    for thread in remarks.list_threads(
        connection, opened.assessment.id, controls=codes, for_reviewer_only=reader.is_reviewer
    ):
        found.setdefault(thread.control, []).append(thread)
    return found


def _observations_against(control: Control) -> frozenset[str]:
    """Return the observations that can speak against the control."""
    return frozenset(o.code for o in control.observations if o.direction in ("C", "R"))


def _earlier(
    connection: Connection,
    opened: Asked,
    known: Sequence[AssessmentRecord],
    controls: Collection[str],
) -> dict[str, Earlier]:
    """Return what the institution said to these controls the last time that it said anything.

    `known` are all its assessments, the oldest first.
    """
    before = known[: [one.id for one in known].index(opened.assessment.id)]
    last = next((one for one in reversed(before) if one.answered), None)
    if last is None:
        return {}
    found = answers.list_answers(connection, last.id, controls=controls)
    return {c: Earlier(last.round, one) for c, one in found.items() if is_said(one)}


@dataclass(frozen=True)
class Line:
    """One control in the list of all that is asked."""

    control: Control
    answer: AnswerRevision | None
    holders: tuple[Delegation, ...]
    takes_answer: bool

    @property
    def is_answered(self) -> bool:
        """Whether the institution gave its word; a suggestion is nobody's."""
        return is_said(self.answer)


def search_controls(
    register: Register,
    institution: str,
    round_code: str,
    *,
    words: str = "",
    open_only: bool = False,
    whose: str | None = None,
) -> tuple[Questionnaire, list[Line]]:
    """Return what is asked, and those of its controls in whose texts every word stands.

    Texts are id, title, statement and levels, in every language. `open_only` leaves out what has an
    answer or takes none, `whose` what is not in this person's hands.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        opened = open_asked(register, connection, institution, round_code)
        division = Division(tuple(delegations.list_delegations(connection, opened.assessment.id)))
    wanted = words.casefold().split()
    lines = [
        Line(one, opened.given.get(one.id), division.holders(one.id), takes_answer(one))
        for one in opened.controls
        if not wanted or _holds(wanted, _texts(opened, one))
    ]
    if open_only:
        lines = [one for one in lines if one.takes_answer and not one.is_answered]
    if whose is not None:
        lines = [one for one in lines if division.has(whose, one.control.id)]
    return questionnaire_of(opened, division), lines


def _holds(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _texts(opened: Asked, control: Control) -> str:
    """Return everything that a control says, in every language, ready to be looked through."""
    said = [control.id, control.title, control.statement]
    if control.levels is not None:
        said += control.levels.model_dump().values()
    for one in opened.pinned.translations:
        if one.tells(control):
            told = one.controls[control.id]
            said += [told.title, told.statement]
            if told.levels is not None:
                said += told.levels.model_dump().values()
    return "\n".join(said).casefold()
