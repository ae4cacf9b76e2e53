"""Many institutions at once: the batch and the single computation are held together."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from score_documents import PARAMETERS, a_control, a_document, an_answer, batches, bounded

from cyberposture.errors import WrongUsage
from cyberposture.model.scores import InstitutionScore, ScoreDocument
from cyberposture.scoring.nation import (
    CONFIDENCES,
    NULL,
    NationScores,
    basis_of,
    compute_many,
    score_rows,
)
from cyberposture.scoring.rollup import compute
from cyberposture.scoring.rows import pack, stack

Plain = dict[str, Any]


def models(batch: list[Plain]) -> list[ScoreDocument]:
    return [ScoreDocument.model_validate(plain) for plain in batch]


def or_none(value: np.int64) -> int | None:
    return None if value == NULL else int(value)


def named(names: list[str], place: np.int64) -> str | None:
    return None if place == NULL else names[place]


def assert_same(scores: NationScores, at: int, document: ScoreDocument) -> None:
    result = compute(document)
    whole: InstitutionScore = result.institution
    for field in ("declared", "verified", "claims_verified", "coverage", "examined"):
        assert or_none(getattr(scores, field)[at]) == getattr(whole, field), field
    bands = [name for name, _ in document.parameters.bands]
    assert named(bands, scores.band[at]) == whole.band
    assert named(list(CONFIDENCES), scores.confidence[at]) == whole.confidence
    overdue = document.observation_overdue and bool(whole.gates_unknown)
    assert bool(scores.is_held[at]) == (bool(whole.gates_holding) or overdue)
    for place, domain in enumerate(result.domains):
        for field in ("declared", "verified", "claims_verified", "coverage"):
            value = getattr(scores, f"domain_{field}")[place, at]
            assert or_none(value) == getattr(domain, field), (domain.id, field)


@bounded
@given(batches())
def test_batch_gives_what_each_document_gives_alone(batch: list[Plain]) -> None:
    documents = models(batch)
    scores = compute_many(documents)
    for at, document in enumerate(documents):
        assert_same(scores, at, document)


def test_every_array_holds_64_bit_integers_or_truths() -> None:
    scores = compute_many(models([a_document()]))
    kinds = {array.dtype for array in vars(scores).values()}
    assert kinds == {np.dtype(np.int64), np.dtype(np.bool_)}


def test_batch_has_no_upper_limit_on_institutions() -> None:
    documents = models([a_document(answers=[an_answer(level=n)]) for n in range(4)])
    blobs = [pack(document) for document in documents] * 250
    scores = score_rows(basis_of(documents[0]), stack(blobs, 1))
    assert scores.verified.reshape(250, 4).tolist() == [[0, 3200, 6400, 8000]] * 250


def test_batch_of_nothing_is_refused() -> None:
    with pytest.raises(WrongUsage, match="at least one"):
        compute_many([])


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": PARAMETERS | {"share_cap": 1}},
        {"controls": [a_control(weight=4)]},
        {"domains": [{"id": "IAM", "factor_pct": 99}]},
    ],
    ids=["parameters", "controls", "domains"],
)
def test_documents_that_do_not_share_an_edition_are_refused(change: Plain) -> None:
    with pytest.raises(WrongUsage, match="shares parameters, domains and controls"):
        compute_many(models([a_document(), a_document(**change)]))


@pytest.mark.parametrize(
    "change",
    [
        {"controls": [a_control(weight=2**16)]},
        {"controls": [a_control(weight=2**15), a_control("IAM-10", weight=2**15)]},
        {"parameters": PARAMETERS | {"values": [0, 1, 2, 2**32]}},
        {"domains": [{"id": "IAM", "factor_pct": 2**52}]},
    ],
    ids=["weight", "weights-of-a-domain", "value", "factor"],
)
def test_numbers_that_might_run_over_are_refused(change: Plain) -> None:
    with pytest.raises(WrongUsage, match="too large for a batch"):
        compute_many(models([a_document(**change)]))


def test_largest_numbers_that_are_taken_do_not_run_over() -> None:
    controls = [a_control(f"IAM-{n}", weight=5 * 4369) for n in (10, 11, 12)]
    reviews = [an_answer(c["id"], 3, review={"level": 3, "grade": "E2"}) for c in controls]
    domains = [{"id": "IAM", "factor_pct": 7 * 10**9}]
    [document] = models([a_document(controls, reviews, domains=domains)])
    assert_same(compute_many([document]), 0, document)
    assert compute(document).institution.verified == 10000
