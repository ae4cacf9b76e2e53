"""The compact row: what it keeps, and that its numbers keep their meaning for ever."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from score_documents import PARAMETERS, a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.errors import Corrupt, WrongUsage
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.reconcile import cases, reconcile
from cyberposture.scoring.rows import (
    STATES,
    lowest_ceiling,
    pack,
    stack,
    state_of,
    worth_of_states,
)

Plain = dict[str, Any]


def model(plain: Plain) -> ScoreDocument:
    return ScoreDocument.model_validate(plain)


def test_numbers_of_states_keep_their_meaning() -> None:
    # Stored rows name states by number: a change here needs a new version of the row.
    text = "\n".join(repr(tuple(state)) for state in STATES)
    assert len(STATES) == len(set(STATES)) == 881
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "717faca82e35fd87c4360d24a479677d7576cacee3337653b7edef8f52d0e9ed"
    )


@bounded
@given(documents())
def test_state_and_ceiling_decide_the_score_of_a_control(plain: Plain) -> None:
    document = model(plain)
    worth = dict(zip(STATES, worth_of_states(document.parameters), strict=True))
    for case in cases(document):
        score = reconcile(document.parameters, case)
        before = worth[state_of(document.parameters, case)]
        verified = before.verified
        limit = lowest_ceiling(document.parameters, case)
        if verified is not None and limit is not None:
            verified = min(verified, limit)
        change = {"id": score.id, "verified": verified, "contradiction": score.contradiction}
        assert before.model_copy(update=change) == score


def test_row_takes_two_bytes_a_control_and_four_a_ceiling() -> None:
    controls = [a_control(f"IAM-{n}") for n in range(10, 60)]
    verdicts = [a_row("IAM-20", fail=1), a_row("IAM-30", direction="R", fail=1)]
    assert len(pack(model(a_document(controls, verdicts=verdicts)))) == 4 + 2 * 50 + 4 * 2


def test_stacked_rows_keep_ceilings_with_their_institution_and_control() -> None:
    controls = [a_control("IAM-10"), a_control("IAM-11")]
    plain = [
        a_document(controls, verdicts=[a_row("IAM-11", fail=1)], observation_overdue=True),
        a_document(controls),
        a_document(
            controls,
            verdicts=[
                a_row("IAM-10", direction="R", fail=1),
                a_row("IAM-11", rollup="share", fail=1, **{"pass": 1}),
            ],
        ),
    ]
    rows = stack([pack(model(document)) for document in plain], 2)
    assert rows.overdue.tolist() == [True, False, False]
    found = zip(rows.limit_of.tolist(), rows.limit_at.tolist(), rows.limits.tolist(), strict=True)
    assert list(found) == [(0, 1, 0), (2, 0, 4000), (2, 1, 5000)]


def test_control_that_does_not_apply_keeps_no_ceiling() -> None:
    answers = [an_answer(level=None, not_applicable="approved")]
    assert len(pack(model(a_document(answers=answers, verdicts=[a_row(fail=1)])))) == 6


def test_ceiling_that_a_row_cannot_hold_is_refused() -> None:
    parameters = PARAMETERS | {"contradicted_cap": 2**16}
    verdicts = [a_row(direction="R", fail=1)]
    with pytest.raises(WrongUsage, match="65535"):
        pack(model(a_document(verdicts=verdicts, parameters=parameters)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda blob: blob[:-2],
        lambda blob: blob[:4],
        lambda blob: blob + b"\0\0",
        lambda blob: b"\2\0" + blob[2:],
        lambda blob: blob[:2] + b"\2\0" + blob[4:],
        lambda blob: blob[:4] + b"\xff\xff" + blob[6:],
        lambda blob: blob[:-4] + b"\1\0" + blob[-2:],
    ],
    ids=["cut", "empty", "longer", "version", "overdue", "state", "control"],
)
def test_damaged_row_is_not_scored(spoil: Any) -> None:
    blob = pack(model(a_document(verdicts=[a_row(fail=1)])))
    assert stack([blob], 1).limits.tolist() == [0]
    with pytest.raises(Corrupt):
        stack([spoil(blob)], 1)


def test_no_rows_are_no_institutions() -> None:
    rows = stack([], 3)
    assert rows.states.shape == (3, 0)
    assert rows.limits.size == 0
