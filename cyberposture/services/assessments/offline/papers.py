"""Makes the workbook of an assessment: sealed, on record, and with all that answering needs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cyberposture.content.translations import Translations, in_language
from cyberposture.errors import WrongState
from cyberposture.exchange.questionnaire.form import Form, Part, Question, headings
from cyberposture.exchange.questionnaire.write import write_form
from cyberposture.model.assessments import Answer
from cyberposture.model.controls import Control
from cyberposture.model.offline import Choice, Language, Paper, PaperKind, Said, SealedPaper
from cyberposture.reporting.words import Words, load_words
from cyberposture.services.assessments.asked import Asked, open_asked, takes_answer
from cyberposture.services.assessments.questionnaire import speaks_against
from cyberposture.services.assessments.still_open import open_controls
from cyberposture.services.findings.standing import standing_of
from cyberposture.services.register import Register
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.codes import new_code
from cyberposture.store.seals import fingerprint

PAPER, RECEIPT, RETURN = (
    "cyberposture paper 1",
    "cyberposture receipt 1",
    "cyberposture return 1",
)
"""What a seal of ours says of the document under it."""
LANGUAGES: tuple[Language, ...] = ("en", "ur")
_WORDS = Path(__file__).parents[3] / "exchange" / "questionnaire" / "words"


@dataclass(frozen=True)
class Made:
    """A paper that was made: its bytes, what it says of itself, and the register's fingerprint."""

    paper: Paper
    data: bytes
    sha256: str
    fingerprint: str
    file_name: str


@dataclass(frozen=True)
class Gathered:
    """All that a paper tells of an assessment, read in one consistent state."""

    asked: Asked
    questions: tuple[Control, ...]
    """The controls that take an answer, in their order."""
    seen: Mapping[str, tuple[str, ...]]
    """What the network shows against each control, those that take no answer included."""
    now: datetime


def words_in(reports: Path, language: str) -> Words:
    """Return the words of papers in a language, over those that all reports share.

    Raises:
        InvalidInput: a file of words is missing or wrong.
    """
    return load_words([reports / "_shared", _WORDS], language)


def said_by(revision: AnswerRevision | None) -> Said:
    """Return an answer as a paper shows it; a suggestion is nobody's word."""
    if revision is None or revision.is_suggestion:
        return Said(choice="", text="")
    return said_in(revision.answer)


def said_in(answer: Answer) -> Said:
    """Return what an answer says, as people see it."""
    if answer.not_applicable is not None:
        return Said(choice="na", text=answer.not_applicable)
    choices: dict[int | None, Choice] = {None: "", 0: "0", 1: "1", 2: "2", 3: "3"}
    return Said(choice=choices[answer.level], text=answer.reason)


def gather(register: Register, institution: str, round_code: str) -> Gathered:
    """Return what a paper tells of an assessment that its institution still answers.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: the assessment takes no answers any more.
    """
    with register.reading() as connection:
        now = register.clock()
        asked = open_asked(register, connection, institution, round_code)
        if not open_controls(connection, asked.assessment):
            raise WrongState(
                f"the assessment of {institution} in {round_code} takes no answers now",
                advice="a paper is made while the questions are open",
            )
        clocks = asked.catalogue.clocks(asked.institution.sectors, now.date())
        standing = standing_of(
            register, connection, asked.institution_id, now, asked.campaign.round, clocks=clocks
        )
        looks = tuple(standing.values())
    return Gathered(
        asked=asked,
        questions=tuple(one for one in asked.controls if takes_answer(one)),
        seen={one.id: speaks_against(one, looks) for one in asked.controls},
        now=now,
    )


def paper_of(
    register: Register,
    gathered: Gathered,
    *,
    kind: PaperKind,
    language: Language,
    headings: Mapping[str, tuple[str, ...]] | None = None,
    contents: Mapping[str, str] | None = None,
) -> SealedPaper:
    """Return what a new paper says of itself, under the register's seal."""
    asked = gathered.asked
    revisions = {control: one.revision for control, one in asked.given.items()}
    edition = asked.pinned.edition
    paper = Paper(
        code=new_code(kind),
        kind=kind,
        institution=asked.institution.code,
        name=asked.institution.name,
        round=asked.campaign.round.code,
        title=asked.campaign.round.title,
        due=asked.due,
        edition=edition.rules,
        edition_name=f"{edition.catalogue} {edition.version}",
        language=language,
        made_at=gathered.now,
        made_by=register.actor,
        seen={one.id: revisions.get(one.id, 0) for one in gathered.questions},
        headings=dict(headings or {}),
        contents=dict(contents or {}),
    )
    return SealedPaper(paper=paper, seal=register.audit.seal(PAPER, paper.model_dump(mode="json")))


def make_workbook(
    register: Register, reports: Path, institution: str, round_code: str, language: Language
) -> Made:
    """Make the workbook of an assessment, put on record that it left, and return it.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: the assessment takes no answers any more.
        InvalidInput: a text of the catalogue fits in no cell.
    """
    words = words_in(reports, language)
    gathered = gather(register, institution, round_code)
    asked = gathered.asked
    parts = _parts(gathered, words)
    paper = paper_of(
        register,
        gathered,
        kind="workbook",
        language=language,
        headings=headings(words, tuple(part.domain for part in parts)),
    )
    by_network = len(asked.controls) - len(gathered.questions)
    due = words.minute(asked.due, ZoneInfo(asked.institution.zone))
    form = Form(paper, due, parts, by_network, fingerprint(paper.seal.key))
    data = write_form(form, words)
    name = f"{institution}-{round_code}-{language}.xlsx"
    return record_made(register, gathered, paper, data, name)


def record_made(
    register: Register, gathered: Gathered, paper: SealedPaper, data: bytes, file_name: str
) -> Made:
    """Put on record that a paper left, and return it."""
    sha256 = hashlib.sha256(data).hexdigest()
    with register.change("taken-out", paper.paper.code) as change:
        change.institution_id = gathered.asked.institution_id
        change.tell(
            round=paper.paper.round,
            kind=paper.paper.kind,
            language=paper.paper.language,
            sha256=sha256,
            questions=len(paper.paper.seen),
        )
    return Made(paper.paper, data, sha256, fingerprint(paper.seal.key), file_name)


def _parts(gathered: Gathered, words: Words) -> tuple[Part, ...]:
    asked = gathered.asked
    texts = in_language(asked.pinned.translations, words.language)
    titles = texts.names(asked.catalogue)["domains"]
    found = []
    for domain in asked.catalogue.framework.domains:
        own = tuple(
            _question(control, gathered, texts, words)
            for control in gathered.questions
            if control.domain == domain.id
        )
        if own:
            found.append(Part(domain.id, titles[domain.id], own))
    return tuple(found)


def _question(control: Control, gathered: Gathered, texts: Translations, words: Words) -> Question:
    is_told = texts.tells(control)
    told = texts.controls[control.id] if is_told else control
    levels = (texts.controls[control.id].levels if is_told else None) or control.levels
    proofs = [proof.what for proof in control.evidence]
    if is_told:
        proofs = list(texts.controls[control.id].evidence) or proofs
    last = gathered.asked.given.get(control.id)
    said = said_by(last)
    return Question(
        control=control.id,
        title=told.title,
        statement=told.statement,
        levels={} if levels is None else levels.model_dump(by_alias=True),
        guidance=_guidance(control, gathered.asked, words),
        proofs=tuple(proofs),
        seen=gathered.seen[control.id],
        choice=said.choice,
        text=said.text,
        suggested="" if last is None or not last.is_suggestion else _suggested(last, words),
        is_draft=texts.state(control) == "draft",
    )


def _guidance(control: Control, asked: Asked, words: Words) -> str:
    sized = [f"{words.name('paper.size', size)}: {text}" for size, text in control.guidance.items()]
    sectors = asked.institution.sectors
    notes = [control.sector_notes[one] for one in sectors if one in control.sector_notes]
    return "\n\n".join([*sized, *notes])


def _suggested(last: AnswerRevision, words: Words) -> str:
    answer = last.answer
    code = "na" if answer.not_applicable is not None else answer.level
    choice = "" if code is None else words.say(f"paper.choice.{code}")
    lines = [choice, answer.not_applicable or answer.reason, last.act.reason]
    return "\n".join(line for line in lines if line)
