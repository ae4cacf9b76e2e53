"""What becomes of an institution's old answers under another edition: one rule a kind of change.

It proposes and writes nothing; old answers stay where they are, whatever is decided here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cyberposture.model.assessments import Answer, Evidence
from cyberposture.model.comparison import Change, ChangeKind

Fate = Literal["carried", "suggested", "kept", "unanswered"]

FATES: dict[ChangeKind, Fate] = {
    "unchanged": "carried",
    "reworded": "carried",
    "weaker": "carried",
    "stronger": "suggested",
    "split": "suggested",
    "merged": "suggested",
    "removed": "kept",
    "new": "unanswered",
}
"""carried: the answer still says what is asked. suggested: somebody must look whether it does.
kept: it stays on record and is asked no more. unanswered: nobody was asked before."""

_LONGEST_REASON = 5_000


@dataclass(frozen=True)
class Inherited:
    """An old answer under the id that it now answers, with where it comes from."""

    answer: Answer
    kind: ChangeKind
    origins: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Inheritance:
    """What becomes of all answers of one institution; all but `kept` are among what is asked."""

    carried: dict[str, Inherited]
    suggested: dict[str, Inherited]
    kept: tuple[str, ...]
    """Old controls whose answers find nothing that is asked."""
    unanswered: tuple[str, ...]
    """Controls asked that inherit nothing."""


def inherit(
    changes: Iterable[Change], answers: Mapping[str, Answer], asked: Collection[str]
) -> Inheritance:
    """Return what becomes of `answers` (by old control) for the controls that are now `asked`."""
    given = {control: answer for control, answer in answers.items() if _says_something(answer)}
    found: dict[Fate, dict[str, Inherited]] = {"carried": {}, "suggested": {}}
    used: set[str] = set()
    for change in changes:
        for control in change.new:
            origins = tuple(link.old for link in change.links if link.new == control)
            if control not in asked or not origins or not all(o in given for o in origins):
                continue
            answer = _combine(control, {origin: given[origin] for origin in origins})
            heir = Inherited(answer, change.kind, origins, change.why)
            found[FATES[change.kind]][control] = heir
            used.update(origins)
    inherited = found["carried"].keys() | found["suggested"].keys()
    return Inheritance(
        carried=found["carried"],
        suggested=found["suggested"],
        kept=tuple(sorted(given.keys() - used)),
        unanswered=tuple(sorted(set(asked) - inherited)),
    )


def _says_something(answer: Answer) -> bool:
    return answer.level is not None or answer.not_applicable is not None


def _combine(control: str, parts: Mapping[str, Answer]) -> Answer:
    """Return one answer for several: the lowest level, all evidence, each reason by its origin.

    It claims that the control does not apply only where all of them did.
    """
    if len(parts) == 1:
        (only,) = parts.values()
        return only.model_copy(update={"control": control})
    levels = [part.level for part in parts.values() if part.level is not None]
    return Answer(
        control=control,
        level=min(levels, default=None),
        not_applicable=(
            None if levels else _by_origin({o: p.not_applicable or "" for o, p in parts.items()})
        ),
        reason=_by_origin({origin: part.reason for origin, part in parts.items()}),
        evidence=_united([part.evidence for part in parts.values()]),
    )


def _by_origin(texts: Mapping[str, str]) -> str:
    told = "\n".join(f"{origin}: {text}" for origin, text in texts.items() if text)
    return told[:_LONGEST_REASON]


def _united(pieces: Sequence[tuple[Evidence, ...]]) -> tuple[Evidence, ...]:
    """Return each piece once: the one that several answers rest on is the same file."""
    once = {(one.sha256, one.title): one for each in pieces for one in each}
    return tuple(once.values())
