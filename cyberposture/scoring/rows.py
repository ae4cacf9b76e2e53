"""The compact row: one institution's claims and verdicts as two bytes a control.

A row holds the *state* of each control, which decides its points but for one thing: the ceilings
of checks that failed, which stand behind it as a short list. What a state is worth is never
written down: `worth_of_states` asks the same functions that score a single institution.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cyberposture.errors import Corrupt, WrongUsage
from cyberposture.model.assessments import Grade, NotApplicable
from cyberposture.model.scores import (
    LARGEST,
    VERSION,
    ControlScore,
    ScoredAnswer,
    ScoredControl,
    ScoreDocument,
    ScoredReview,
    ScoreParameters,
    VerdictRow,
)
from cyberposture.scoring.points import ceiling, passed_enough
from cyberposture.scoring.reconcile import Case, cases, reconcile, stated_grade

GRADES: tuple[Grade, ...] = ("E0", "E1", "E2", "E3")
HEAD = 2
"""Numbers before the states: the version of scoring, and whether observation is overdue."""
HIGHEST_LIMIT = 0xFFFF
"""The highest ceiling that a row can hold; all numbers in a row have 16 bits."""


class State(NamedTuple):
    """What decides the points of one control, ceilings apart."""

    network_only: bool = False
    not_applicable: NotApplicable | None = None
    level: int | None = None
    review_level: int | None = None
    grade: Grade = "E0"
    """The reviewer's grade where there is one, else the answer's."""
    failed: bool = False
    """A check that decides or contradicts failed."""
    decided: bool = False
    """A check that decides counts as passed."""
    undecided: bool = False
    """A check that decides does not count as passed; asked of network-only controls alone."""
    supported: bool = False
    """A check that supports counts as passed."""


LEFT_OUT = State(not_applicable="condition")
"""The state of every control that does not apply, for whichever reason."""


def _every_state() -> Iterator[State]:
    """Yield every state there is, in the order that numbers them in stored rows for ever."""
    yield LEFT_OUT
    for seen in product((False, True), repeat=4):
        yield State(True, None, None, None, "E0", *seen)
    claims: list[tuple[NotApplicable | None, int | None]] = [("claimed", None), (None, None)]
    claims += [(None, level) for level in range(4)]
    standings: list[tuple[int | None, Grade]] = [(None, "E0"), (None, "E1")]
    standings += product(range(4), GRADES)
    for (claim, level), (reviewed, grade) in product(claims, standings):
        for failed, decided, supported in product((False, True), repeat=3):
            yield State(False, claim, level, reviewed, grade, failed, decided, False, supported)


STATES = tuple(_every_state())
NUMBERS = {state: number for number, state in enumerate(STATES)}


@dataclass(frozen=True)
class Rows:
    """The rows of n institutions over the same c controls, ready to be scored together."""

    overdue: NDArray[np.bool_]
    """n: whether observation is overdue."""
    states: NDArray[np.uint16]
    """c × n: the number of each control's state."""
    limit_of: NDArray[np.int64]
    """m: the institution that each ceiling belongs to."""
    limit_at: NDArray[np.int64]
    """m: the control that each ceiling stands over."""
    limits: NDArray[np.int64]
    """m: the ceilings, in basis points."""


def pack(document: ScoreDocument) -> bytes:
    """Return the compact row: 2 bytes for each of two heads and c states, 4 for each ceiling.

    Controls stand in the order of their ids. The row is rebuilt from its document at any time.

    Raises:
        WrongUsage: a parameter is too large for a row.
    """
    parameters = document.parameters
    ordered = cases(document)
    states = [NUMBERS[state_of(parameters, case)] for case in ordered]
    limits = [
        (column, limit)
        for column, case in enumerate(ordered)
        if case.is_applicable and (limit := lowest_ceiling(parameters, case)) is not None
    ]
    if any(limit > HIGHEST_LIMIT for _, limit in limits):
        raise WrongUsage(f"a compact row holds ceilings up to {HIGHEST_LIMIT} basis points")
    numbers = [VERSION, int(document.observation_overdue), *states]
    numbers += [number for pair in limits for number in pair]
    return np.array(numbers, dtype="<u2").tobytes()


def state_of(parameters: ScoreParameters, case: Case) -> State:
    """Return the state that a case is in."""
    if not case.is_applicable:
        return LEFT_OUT
    deciding = [row for row in case.rows if row.direction == "C" and row.all > 0]
    passed = [row for row in case.rows if passed_enough(parameters, row)]
    answer = None if case.is_network_only else case.answer
    return State(
        network_only=case.is_network_only,
        not_applicable="claimed" if case.is_claimed_away else None,
        level=answer.level if answer else None,
        review_level=case.review.level if case.review else None,
        grade=stated_grade(case),
        failed=bool(case.failed()),
        decided=any(row.direction == "C" for row in passed),
        undecided=case.is_network_only and any(row not in passed for row in deciding),
        supported=any(row.direction == "S" for row in passed),
    )


def lowest_ceiling(parameters: ScoreParameters, case: Case) -> int | None:
    """Return the lowest ceiling over a case, or None where no check limits it."""
    ceilings = (ceiling(parameters, row) for row in case.rows)
    return min((limit for limit in ceilings if limit is not None), default=None)


def worth_of_states(parameters: ScoreParameters) -> tuple[ControlScore, ...]:
    """Return the score of a control in each state, as it is before any ceiling."""
    unlimited = parameters.model_copy(update={"contradicted_cap": LARGEST})
    return tuple(reconcile(unlimited, _example(state)) for state in STATES)


def _example(state: State) -> Case:
    """Return a case that is in this state, with the fewest rows that bring it there."""
    reviewed = state.review_level is not None
    answer = ScoredAnswer(
        control="",
        level=state.level,
        not_applicable=state.not_applicable,
        grade="E1" if state.grade == "E1" else "E0",
        review=ScoredReview(level=state.review_level or 0, grade=state.grade) if reviewed else None,
    )
    rows = {
        "fail": (state.failed, "R"),
        "pass": (state.decided, "C"),
        "inconclusive": (state.undecided, "C"),
    }
    present = [_example_row(kind, way) for kind, (is_there, way) in rows.items() if is_there]
    if state.supported:
        present.append(_example_row("pass", "S"))
    control = ScoredControl(
        id="", domain="", weight=1, gate=False, evidence="N" if state.network_only else "Q+N"
    )
    return Case(control, answer, tuple(present))


def _example_row(kind: str, direction: str) -> VerdictRow:
    counts = dict.fromkeys(("pass", "fail", "fresh", "inconclusive", "not_tested"), 0) | {kind: 1}
    names = {"control": "", "check": "", "direction": direction, "rollup": "worst"}
    return VerdictRow.model_validate(names | counts)


def stack(blobs: Sequence[bytes], controls: int) -> Rows:
    """Return the rows of many institutions over `controls` controls, in the order given.

    Raises:
        Corrupt: a row is not of this length or version, or holds a number that no row can hold.
    """
    head = 2 * (HEAD + controls)
    lengths = np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs)) - head
    if np.any(lengths < 0) or np.any(lengths % 4):
        raise Corrupt(f"a compact row is not one of {controls} controls")
    fixed = np.frombuffer(b"".join([blob[:head] for blob in blobs]), dtype="<u2")
    fixed = fixed.reshape(len(blobs), HEAD + controls)
    pairs = np.frombuffer(b"".join([blob[head:] for blob in blobs]), dtype="<u2").reshape(-1, 2)
    states = np.ascontiguousarray(fixed[:, HEAD:].T)
    sound = (
        np.all(fixed[:, 0] == VERSION)
        and np.all(fixed[:, 1] <= 1)
        and np.all(states < len(STATES))
        and np.all(pairs[:, 0] < controls)
    )
    if not sound:
        raise Corrupt("a compact row is of another version, or damaged")
    return Rows(
        overdue=fixed[:, 1] == 1,
        states=states,
        limit_of=np.repeat(np.arange(len(blobs), dtype=np.int64), lengths // 4),
        limit_at=pairs[:, 0].astype(np.int64),
        limits=pairs[:, 1].astype(np.int64),
    )
