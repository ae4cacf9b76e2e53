"""Proposes answers out of a statement of applicability: nobody's word until it is touched.

Only edges of the crosswalk that carry are followed: where both ask the same (`equal`), and where
what we ask is a part of what they ask (`subset`). Of the latter, only what is wholly there, or
wholly out of question, says something of the part. Level 3 is never proposed, and what stands
already, an answer or an earlier suggestion, is never changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cyberposture.errors import WrongState
from cyberposture.exchange.applicability import State, Stated, read_statement
from cyberposture.model.assessments import Answer, Level
from cyberposture.model.controls import Catalogue
from cyberposture.services.assessments.asked import is_said, open_asked, takes_answer
from cyberposture.services.assessments.assess import OPEN_STATES, find_answerable
from cyberposture.services.assessments.importing import begin_import, finish_import
from cyberposture.services.assessments.still_open import open_controls
from cyberposture.services.catalogue.neighbours import find_neighbour
from cyberposture.services.register import Register
from cyberposture.store import answering, answers, assessments

KIND = "statement"
_EQUAL: Mapping[State, Level] = {"whole": 2, "part": 1, "none": 0}
_SUBSET: Mapping[State, Level] = {"whole": 2}
_SAYS: Mapping[State, str] = {
    "whole": "implemented",
    "part": "implemented in part",
    "none": "not implemented",
    "not-applicable": "not applicable",
}


@dataclass(frozen=True)
class Proposed:
    """What a statement came to, and the code by which it is undone."""

    code: str
    proposed: dict[str, tuple[str, ...]]
    """The ids of the framework that each proposal rests on, by control."""
    answered: tuple[str, ...]
    """Controls that have an answer or a suggestion already, or that cannot be changed now."""
    unused: tuple[str, ...]
    """Ids of the statement that no edge of the crosswalk carries to a control that is asked."""


def propose_answers(
    register: Register, path: Path, framework: str, institution: str, round_code: str
) -> Proposed:
    """Suggest answers from a statement of applicability over a framework; return what it came to.

    Raises:
        InvalidInput: the file cannot be read, with the address of each fault; nothing was changed.
        NotFound: framework, institution, round or assessment is not there.
        WrongState: the assessment takes no answers any more, or nothing can be proposed.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
    stated = read_statement(path, find_neighbour(asked.catalogue, framework).ids)
    found = _proposals(asked.catalogue, framework, stated)
    wanted = {one.id for one in asked.controls if takes_answer(one)} & found.keys()
    with register.change("answers-proposed", institution) as change:
        connection = change.connection
        _, assessment = find_answerable(connection, institution, round_code)
        change.institution_id = assessment.institution_id
        act = begin_import(change, assessment, kind=KIND, file_name=path.name)
        before = answers.list_answers(connection, assessment.id, controls=sorted(wanted))
        said = {c for c, one in before.items() if is_said(one) or one.is_suggestion}
        free = sorted((wanted - said) & open_controls(connection, assessment))
        if not free:
            raise WrongState(
                f"nothing of {path.name} can be proposed",
                advice="its controls are answered already, or no edge leads to them",
            )
        if assessment.state != "clarification":
            assessments.record_state(
                connection, assessment.id, "answering", change.by, expected=OPEN_STATES
            )
        why = replace(change.by, reason=f"statement of applicability, {framework}: {path.name}")
        given = [_answer(control, framework, found[control]) for control in free]
        written = answering.record_answers(
            connection, assessment.id, given, why, is_suggestion=True, keeps_evidence=True
        )
        finish_import(change, act, before, written)
        rests_on = {control: tuple(one.id for one in found[control][1]) for control in free}
        change.tell(round=round_code, file=path.name, import_code=act.code, suggested=rests_on)
    used = {one.id for control in wanted for one in found[control][1]}
    unused = tuple(sorted({one.id for one in stated} - used))
    return Proposed(act.code, rests_on, tuple(sorted(wanted - set(free))), unused)


Grounds = tuple[Level | None, tuple[Stated, ...]]
"""The level that follows (None: it does not apply), and what it rests on."""


def _proposals(
    catalogue: Catalogue, framework: str, stated: Iterable[Stated]
) -> dict[str, Grounds]:
    """Return what follows for each control; where several edges speak, the lowest level counts."""
    by_id = {one.id: one for one in stated}
    levels: dict[str, list[tuple[Level, Stated]]] = defaultdict(list)
    outside: dict[str, list[Stated]] = defaultdict(list)
    for control in catalogue.controls:
        for edge in control.maps_to:
            one = by_id.get(edge.id) if edge.framework == framework else None
            if one is None or edge.relation not in ("equal", "subset"):
                continue
            if one.state == "not-applicable":
                outside[control.id].append(one)
                continue
            level = (_EQUAL if edge.relation == "equal" else _SUBSET).get(one.state)
            if level is not None:
                levels[control.id].append((level, one))
    found: dict[str, Grounds] = {c: (None, tuple(told)) for c, told in outside.items()}
    for control_id, told in levels.items():
        lowest = min(level for level, _ in told)
        found[control_id] = (lowest, tuple(one for _, one in told))
    return found


def _answer(control: str, framework: str, grounds: Grounds) -> Answer:
    level, told = grounds
    says = "; ".join(
        f"{framework} {one.id}: {_SAYS[one.state]}{f' ({one.reason})' if one.reason else ''}"
        for one in told
    )
    reason = f"From the statement of applicability. {says}"[:5_000]
    if level is None:
        return Answer(control=control, not_applicable=reason[:2_000])
    return Answer(control=control, level=level, reason=reason)
