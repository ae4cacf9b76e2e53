"""Decides what becomes of each answer that a file brought: taken, the same already, or a clash.

Nothing is overwritten that somebody else said since the paper was made. What the same writer took
in before on the same paper is theirs to correct.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cyberposture.exchange.questionnaire.form import as_cell, from_cell
from cyberposture.model.assessments import Answer
from cyberposture.model.offline import BadPlace, Clash, Given, Said
from cyberposture.services.assessments.offline.papers import said_by, said_in
from cyberposture.store.answers import AnswerRevision


@dataclass(frozen=True)
class Ground:
    """What the answers of a file are laid beside."""

    seen: Mapping[str, AnswerRevision]
    """The answers as they stood when the paper was made."""
    now: Mapping[str, AnswerRevision]
    own: Mapping[str, int]
    """The revision that the same writer took in last on the same paper, by control."""
    open: frozenset[str]
    """The controls whose answers may change now."""
    not_theirs: Mapping[str, str]
    """The controls that whoever hands the file in may not answer, and why."""


@dataclass
class Merged:
    """The answers to write, and what becomes of the others."""

    answers: list[Answer] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    unchanged: int = 0
    clashes: list[Clash] = field(default_factory=list)
    faults: list[BadPlace] = field(default_factory=list)


def merge(given: tuple[Given, ...], ground: Ground) -> Merged:
    """Return what becomes of each answer."""
    merged = Merged()
    for one in given:
        _merge_one(one, ground, merged)
    return merged


def _merge_one(one: Given, ground: Ground, merged: Merged) -> None:
    seen, now = ground.seen.get(one.control), ground.now.get(one.control)
    if not one.confirms and _is_alike(one, said_by(seen)):
        merged.unchanged += 1
        return
    if one.confirms and (seen is None or not seen.is_suggestion):
        what = "nothing is suggested for this control; choose a level"
        merged.faults.append(BadPlace(where=one.where, what=what))
        return
    wanted = _wanted(one, seen, now)
    if now is not None and not now.is_suggestion and now.answer == wanted:
        merged.same.append(one.control)
        return
    reason = ground.not_theirs.get(one.control)
    if one.control not in ground.open:
        reason = "this answer was handed in, and nobody asked about it again"
    if reason is not None:
        merged.faults.append(BadPlace(where=one.where, what=reason))
        return
    revision = 0 if now is None else now.revision
    if revision not in (0 if seen is None else seen.revision, ground.own.get(one.control)):
        merged.clashes.append(_clash(one, now, wanted))
        return
    merged.answers.append(wanted)


def _wanted(one: Given, seen: AnswerRevision | None, now: AnswerRevision | None) -> Answer:
    if one.confirms and seen is not None:
        return seen.answer
    last = None if now is None else now.answer
    wanted = one.onto(last)
    if last is not None and wanted.not_applicable is None and _as_read(last.reason) == one.text:
        # A cell cannot hold every sign: who left the text alone keeps it as it was.
        return wanted.model_copy(update={"reason": last.reason})
    return wanted


def _is_alike(one: Given, said: Said) -> bool:
    return one.choice == said.choice and one.text in (said.text, _as_read(said.text))


def _as_read(text: str) -> str:
    return from_cell(as_cell(text))


def _clash(one: Given, now: AnswerRevision | None, wanted: Answer) -> Clash:
    assert now is not None  # a revision of 0 is never newer than the one that was seen
    return Clash(
        control=one.control,
        where=one.where,
        yours=said_in(wanted),
        theirs=said_by(now),
        revision=now.revision,
        by=now.act.actor,
        at=now.act.at,
    )
