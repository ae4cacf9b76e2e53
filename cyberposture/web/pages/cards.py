"""What a card shows of one control, in words: all that a template needs, decided already."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cyberposture.content.translations import Translations, in_language
from cyberposture.model.controls import Control
from cyberposture.reporting.words import Words
from cyberposture.services.assessments.cards import Card, Earlier, Reader
from cyberposture.services.assessments.questionnaire import Questionnaire
from cyberposture.store.answers import AnswerRevision
from cyberposture.web.surroundings import Visit
from cyberposture.web.written import Typed, mark_of

NOT_APPLICABLE = "na"
MOST_SEEN = 3
"""So many sentences of the network stand on a card; the others are counted."""


@dataclass(frozen=True)
class Choice:
    """One thing that can be chosen: what is sent, what it is called, what it means here."""

    value: str
    name: str
    text: str


@dataclass(frozen=True)
class Proof:
    """What would convince, and how old it may be."""

    what: str
    age: str


@dataclass(frozen=True)
class Said:
    """What was answered once: the choice in words, and what stands beside it."""

    choice: str
    reason: str
    when: str = ""
    who: str = ""
    source: str = ""
    """Where a suggestion comes from; empty where somebody gave the answer."""


@dataclass(frozen=True)
class ShownCard:
    """One control as its card shows it."""

    id: str
    title: str
    statement: str
    intent: str
    weight: int
    is_gate: bool
    is_draft: bool
    """Its texts are a translation that nobody has reviewed yet."""
    choices: tuple[Choice, ...]
    chosen: str
    reason: str
    had: int
    """The revision that what stands here was made from; 0: none."""
    met: int
    """The newer one of somebody else that stands beside it; 0: none."""
    was: str
    """By what it is seen whether something was changed on the card."""
    status: str
    proofs: tuple[Proof, ...]
    seen: tuple[str, ...]
    more: int
    takes_answer: bool
    may_answer: bool
    is_suggestion: bool
    source: str
    """Where a suggestion comes from."""
    with_whom: str
    """In whose hands it is; empty where nothing was given to anybody."""
    earlier: Said | None
    earlier_round: str
    talk: str
    """How many threads there are, in words."""
    after: str
    """The control of the next card; empty on the last."""


def reader_of(visit: Visit, institution: str) -> Reader:
    """Return who looks at the cards of an institution.

    Who holds no role there, such as a reviewer, sees of its talk only what is marked for them.
    """
    held = [one for one in visit.person.memberships if one.institution == institution]
    roles = frozenset(one.role for one in held)
    return Reader(
        visit.person.person,
        roles,
        is_reviewer=not roles,
        sees_evidence=visit.may("see-evidence", institution),
    )


def choice_of(revision: AnswerRevision | None) -> str:
    """Return which choice an answer took: a level, `na`, or none."""
    if revision is None:
        return ""
    if revision.answer.not_applicable is not None:
        return NOT_APPLICABLE
    level = revision.answer.level
    return "" if level is None else str(level)


def reason_of(revision: AnswerRevision | None) -> str:
    """Return what an answer says beside its choice."""
    return "" if revision is None else revision.answer.not_applicable or revision.answer.reason


def in_words(choice: str, words: Words) -> str:
    """Return what people call a choice, such as `1 In part`."""
    if choice in ("", NOT_APPLICABLE):
        return str(words.say("card.does_not_apply" if choice else "card.unanswered"))
    return f"{choice} {words.say(f'level.{choice}')}"


def said_of(
    revision: AnswerRevision, words: Words, zone: ZoneInfo, names: Mapping[str, str]
) -> Said:
    """Return one revision of an answer in words."""
    return Said(
        choice=in_words(choice_of(revision), words),
        reason=reason_of(revision),
        when=words.minute(revision.act.at, zone),
        who=names.get(revision.act.actor, revision.act.actor),
        source=revision.act.reason if revision.is_suggestion else "",
    )


def status_of(
    revision: AnswerRevision | None, words: Words, zone: ZoneInfo, names: Mapping[str, str]
) -> str:
    """Return when an answer was kept and by whom, or that there is none."""
    if revision is None:
        return words.say("card.unanswered")
    if revision.is_suggestion:
        return words.say("card.suggested")
    who = names.get(revision.act.actor, revision.act.actor)
    if not choice_of(revision):
        return words.say("card.no_level", time=words.minute(revision.act.at, zone), who=who)
    time = words.minute(revision.act.at, zone)
    return words.say("card.saved", time=time, who=who)


def _choices(control: Control, texts: Translations, words: Words) -> tuple[Choice, ...]:
    levels = control.levels
    if texts.tells(control):
        levels = texts.controls[control.id].levels or levels
    given = {} if levels is None else levels.model_dump(by_alias=True)
    meant = [Choice(n, words.say(f"level.{n}"), text) for n, text in sorted(given.items())]
    aside = Choice(
        NOT_APPLICABLE, words.say("card.does_not_apply"), words.say("card.does_not_apply_help")
    )
    return (*meant, aside)


def _proofs(control: Control, texts: Translations, words: Words) -> tuple[Proof, ...]:
    said = [proof.what for proof in control.evidence]
    if texts.tells(control):
        said = list(texts.controls[control.id].evidence) or said
    ages = [_age(proof.max_age_days, words) for proof in control.evidence]
    return tuple(Proof(what, age) for what, age in zip(said, ages, strict=False))


def _age(days: int, words: Words) -> str:
    years, rest = divmod(days, 365)
    return str(words.say("card.age", n=days) if rest else words.say("card.years", n=years))


def _talk(card: Card, words: Words) -> str:
    waiting = sum(not thread.is_resolved for thread in card.threads)
    if not card.threads:
        return str(words.say("card.talk_none"))
    return str(words.say("card.talk", n=len(card.threads), open=waiting))


def _kept(card: Card) -> Typed:
    """Return what the register holds of a card, as if it had been typed."""
    level, reason = choice_of(card.answer), reason_of(card.answer)
    had = 0 if card.answer is None else card.answer.revision
    return Typed(card.control.id, level, reason, had, was=mark_of(level, reason))


def show_card(
    card: Card,
    asked: Questionnaire,
    words: Words,
    names: Mapping[str, str],
    typed: Typed | None = None,
    *,
    after: str = "",
) -> ShownCard:
    """Return what a card shows; what was typed and not kept stands in the place of the answer."""
    control, zone = card.control, ZoneInfo(asked.institution.zone)
    texts = in_language(asked.translations, words.language)
    told = texts.controls[control.id] if texts.tells(control) else control
    shown = typed or _kept(card)
    is_suggestion = card.answer is not None and card.answer.is_suggestion
    earlier: Earlier | None = card.earlier
    return ShownCard(
        id=control.id,
        title=told.title,
        statement=told.statement,
        intent=control.intent or "",
        weight=control.weight,
        is_gate=control.gate is not None,
        is_draft=texts.state(control) == "draft",
        choices=_choices(control, texts, words),
        chosen=shown.level,
        reason=shown.reason,
        had=shown.had,
        met=shown.met,
        was=shown.was,
        status=status_of(card.answer, words, zone, names),
        proofs=_proofs(control, texts, words),
        seen=card.seen[:MOST_SEEN],
        more=max(0, len(card.seen) - MOST_SEEN),
        takes_answer=card.takes_answer,
        may_answer=card.is_open,
        is_suggestion=is_suggestion,
        source=card.answer.act.reason if card.answer is not None and is_suggestion else "",
        with_whom=words.say("frame.comma").join(one.name for one in card.holders),
        earlier=None if earlier is None else said_of(earlier.answer, words, zone, names),
        earlier_round="" if earlier is None else earlier.round,
        talk=_talk(card, words),
        after=after,
    )
