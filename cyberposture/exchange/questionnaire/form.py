"""What stands in a workbook of one assessment, decided already: the writer only lays it out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cyberposture.model.offline import Choice, SealedPaper

QUESTIONS, EVIDENCE, ATTESTATION = "questions", "evidence", "attestation"
"""The kinds of sheets that are filled in, as the first cell of each says it."""
KEYS = {
    QUESTIONS: ("control", "asked", "levels", "answer", "how", "earlier", "network", "evidence",
                "guidance"),
    EVIDENCE: ("control", "title", "dated", "expires", "place", "digest"),
    ATTESTATION: ("label", "value"),
}  # fmt: skip
"""The columns of each kind of sheet after the hidden first one."""
SIGNED = ("attest", "name", "office", "day")
"""The rows of the sheet for the signatory."""
ORIGIN, LISTS = "_origin", "_lists"
CHOICES: tuple[Choice, ...] = ("0", "1", "2", "3", "na")
CONFIRMS = "suggested"
"""Beside the choices: what was suggested is right as it stands."""
ROOM = 200
"""Rows for evidence."""

_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_GUARD = "_\u2060"
"""A joiner that nobody sees keeps a text from being taken for the escape of a sign."""
LONGEST = 32_000


class Words(Protocol):
    """The words of one language, as reports and pages read them too."""

    language: str
    direction: str

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence with this key."""
        ...


@dataclass(frozen=True)
class Question:
    """One control as the workbook asks it, all texts in the workbook's language."""

    control: str
    title: str
    statement: str
    levels: Mapping[str, str]
    guidance: str
    proofs: tuple[str, ...]
    seen: tuple[str, ...]
    """What the network shows against it."""
    choice: Choice
    text: str
    suggested: str
    """What was answered last, where it is only suggested now."""
    is_draft: bool = False
    """Its translation has not been reviewed yet."""


@dataclass(frozen=True)
class Part:
    """The questions of one domain: one sheet."""

    domain: str
    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Form:
    """A whole workbook before it is written; its paper is sealed with the headings already."""

    paper: SealedPaper
    due: str
    parts: tuple[Part, ...]
    by_network: int
    """How many controls more are decided by what the network shows."""
    fingerprint: str


def as_cell(text: str) -> str:
    """Return a text as a cell holds it and gives it back: with a mark for what no cell can hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", lines)
    return _ESCAPE.sub(_GUARD, plain)[:LONGEST].strip()


def from_cell(text: str) -> str:
    """Return the text that a cell stands for."""
    return text.replace(_GUARD, "_").strip()


def headings(words: Words, domains: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return each sheet that is filled in, by its name, with the headings of its columns."""
    found = {domain: _heads(words, QUESTIONS) for domain in domains}
    for kind in (EVIDENCE, ATTESTATION):
        found[sheet_name(words, kind)] = _heads(words, kind)
    return found


def sheet_name(words: Words, kind: str) -> str:
    """Return the name of a sheet that is not named after a domain."""
    return str(words.say(f"paper.sheet.{kind}"))


def choice_texts(words: Words) -> dict[str, str]:
    """Return what a drop-down offers, with the code of each: choices, and the confirmation."""
    return {str(words.say(f"paper.choice.{one}")): one for one in (*CHOICES, CONFIRMS)}


def _heads(words: Words, kind: str) -> tuple[str, ...]:
    return tuple(as_cell(words.say(f"paper.head.{kind}.{key}")) for key in KEYS[kind])
