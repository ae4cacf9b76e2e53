"""Answers and reviews are revisions that nothing overwrites, and the compact row follows them."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyberposture.errors import Conflict, Corrupt, NotFound, WrongState
from cyberposture.model.assessments import Review
from cyberposture.store import tables as t
from cyberposture.store.answer_rows import (
    DAY_ZERO,
    Cell,
    evidence_until,
    find_row,
    list_rows,
    rebuild_row,
    unpack_cells,
)
from cyberposture.store.answering import record_answer, record_answers, record_review
from cyberposture.store.answers import (
    list_answer_revisions,
    list_answers,
    list_review_revisions,
    list_standing,
)
from cyberposture.store.assessments import list_assessments
from cyberposture.store.layouts import get_layout

TODAY = date(2026, 11, 19)
CONTROLS = ("GOV-01", "IAM-09", "IAM-10", "NET-03", "WEB-02")


@pytest.fixture
def assessment(database, make):
    with database.transaction() as connection:
        return make.assessment(connection)


def review(control="IAM-10", level=1, grade="E2", **changes):
    fields = {"control": control, "level": level, "grade": grade, "reason": "seen on site"}
    return Review(**fields | changes)


def test_every_answer_is_a_revision_and_none_is_overwritten(database, make, assessment):
    for minutes, level in enumerate((0, 2, 1)):
        with database.transaction() as connection:
            act = make.act(f"person-{level}", minutes=minutes)
            written = record_answer(connection, assessment.id, make.answer(level=level), act)
        assert written.revision == minutes + 1
    with database.reading() as connection:
        revisions = list_answer_revisions(connection, assessment.id, "IAM-10")
        present = list_answers(connection, assessment.id)
    assert [kept.answer.level for kept in revisions] == [0, 2, 1]
    assert [kept.act.actor for kept in revisions] == ["person-0", "person-2", "person-1"]
    assert present == {"IAM-10": revisions[-1]}


def test_answer_comes_back_as_it_was_given(database, make, assessment):
    given_answer = make.answer(
        reason="ہاں، جزوی طور پر", evidence=(make.evidence(), make.evidence(expires=TODAY))
    )
    with database.transaction() as connection:
        record_answer(connection, assessment.id, given_answer, make.act())
    with database.reading() as connection:
        assert list_answers(connection, assessment.id)["IAM-10"].answer == given_answer


def test_answers_are_read_as_they_stood_at_a_moment(database, make, assessment):
    for minutes in (0, 10):
        with database.transaction() as connection:
            answer = make.answer(level=minutes // 10)
            record_answer(connection, assessment.id, answer, make.act(minutes=minutes))
    with database.reading() as connection:
        at = make.act(minutes=5).at
        assert list_answers(connection, assessment.id, as_of=at)["IAM-10"].answer.level == 0
        assert list_answers(connection, assessment.id, as_of=make.act(minutes=-1).at) == {}


def test_second_of_two_people_on_one_answer_is_shown_the_first(database, make, assessment):
    with database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer(level=1), make.act("amna-khan"))
    with pytest.raises(Conflict) as conflict, database.transaction() as connection:
        record_answer(
            connection,
            assessment.id,
            make.answer(level=3),
            make.act("bilal-shah"),
            expected_revision=0,
        )
    assert conflict.value.current.answer.level == 1
    assert conflict.value.current.act.actor == "amna-khan"
    with database.reading() as connection:
        assert len(list_answer_revisions(connection, assessment.id, "IAM-10")) == 1


def test_request_repeated_after_a_lost_reply_writes_nothing_new(database, make, assessment):
    for _ in range(2):
        with database.transaction() as connection:
            kept = record_answer(
                connection, assessment.id, make.answer(), make.act(), expected_revision=0
            )
    assert kept.revision == 1
    with database.reading() as connection:
        assert len(list_answer_revisions(connection, assessment.id, "IAM-10")) == 1


def test_one_conflict_among_many_answers_writes_none_of_them(database, make, assessment):
    with database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer(level=1), make.act())
    answers = [make.answer("GOV-01"), make.answer("IAM-10", level=3)]
    with pytest.raises(Conflict), database.transaction() as connection:
        record_answers(
            connection, assessment.id, answers, make.act(), expected={"GOV-01": 0, "IAM-10": 0}
        )
    with database.reading() as connection:
        assert set(list_answers(connection, assessment.id)) == {"IAM-10"}


def test_control_that_is_not_asked_is_refused(database, make, assessment):
    with pytest.raises(NotFound, match="OTS-01"), database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer("OTS-01"), make.act())


def test_suggestion_counts_as_no_answer_until_it_is_confirmed(database, make, assessment):
    with database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer(), make.act(), is_suggestion=True)
        assert list_standing(connection, assessment.id) == {}
        assert progress(connection) == (0, 0)
        record_answer(connection, assessment.id, make.answer(), make.act(minutes=1))
        standing = list_standing(connection, assessment.id)
        assert progress(connection) == (1, 0)
    assert standing["IAM-10"].answer.revision == 2


def progress(connection):
    """Return how many controls are answered and reviewed."""
    (record,) = list_assessments(connection)
    return record.answered, record.reviewed


def test_reviews_are_revisions_of_their_own_beside_the_answer(database, make, assessment):
    with database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer(level=3), make.act())
        record_review(connection, assessment.id, review(), make.act("rafi"), answer_revision=1)
        record_review(
            connection, assessment.id, review(level=2), make.act("sana"), answer_revision=1
        )
        kept = list_review_revisions(connection, assessment.id, "IAM-10")
        assert progress(connection) == (1, 1)
    assert [(r.review.level, r.act.actor, r.act.reason) for r in kept] == [
        (1, "rafi", "seen on site"),
        (2, "sana", "seen on site"),
    ]


def test_review_of_an_answer_that_changed_meanwhile_is_refused(database, make, assessment):
    with database.transaction() as connection:
        for level in (1, 2):
            record_answer(connection, assessment.id, make.answer(level=level), make.act())
    with pytest.raises(Conflict) as conflict, database.transaction() as connection:
        record_review(connection, assessment.id, review(), make.act(), answer_revision=1)
    assert conflict.value.current.revision == 2


def test_reviewers_level_stands_when_the_answer_changes_after_it(database, make, assessment):
    with database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer(level=1), make.act())
        record_review(connection, assessment.id, review(level=0), make.act(), answer_revision=1)
        record_answer(connection, assessment.id, make.answer(level=3), make.act())
        standing = list_standing(connection, assessment.id)["IAM-10"]
    assert (standing.answer.answer.level, standing.review.review.level) == (3, 0)


def test_approval_counts_only_for_the_claim_that_was_looked_at(database, make, assessment):
    claim = make.answer(level=None, not_applicable="we have no mail")
    approval = review(level=None, grade=None, approves_not_applicable=True)
    with database.transaction() as connection:
        record_answer(connection, assessment.id, claim, make.act())
        record_review(connection, assessment.id, approval, make.act(), answer_revision=1)
        assert cells(connection, assessment)["IAM-10"].not_applicable == "approved"
        other = make.answer(level=None, not_applicable="we do not like the question")
        record_answer(connection, assessment.id, other, make.act())
        assert cells(connection, assessment)["IAM-10"].not_applicable == "claimed"
        assert list_standing(connection, assessment.id)["IAM-10"].review is None


def test_approval_of_what_nobody_claimed_is_refused(database, make, assessment):
    approval = review(level=None, grade=None, approves_not_applicable=True)
    with database.transaction() as connection:
        record_answer(connection, assessment.id, make.answer(), make.act())
        with pytest.raises(WrongState, match="not claimed"):
            record_review(connection, assessment.id, approval, make.act(), answer_revision=1)


def cells(connection, assessment):
    """Return what the compact row says, by control."""
    row = find_row(connection, assessment.id)
    controls = get_layout(connection, row.layout)
    return dict(zip(controls, unpack_cells(row.cells), strict=True))


def test_compact_row_says_what_was_answered_and_reviewed(database, make, assessment):
    with database.transaction() as connection:
        answer = make.answer(level=2, evidence=(make.evidence(expires=TODAY),))
        record_answer(connection, assessment.id, answer, make.act())
        record_review(
            connection, assessment.id, review(level=3, grade="E3"), make.act(), answer_revision=1
        )
        claim = make.answer("WEB-02", level=None, not_applicable="no pages")
        record_answer(connection, assessment.id, claim, make.act())
        found = cells(connection, assessment)
        row = find_row(connection, assessment.id)
    nothing = Cell(None, None, None, None, None)
    assert found == dict.fromkeys(CONTROLS, nothing) | {
        "IAM-10": Cell(2, None, 3, "E3", TODAY),
        "WEB-02": Cell(None, "claimed", None, None, None),
    }
    assert len(row.cells) == 3 * len(CONTROLS)


@pytest.mark.parametrize(
    ("expires", "age_days", "until"),
    [
        (None, 30, TODAY + timedelta(days=30)),
        (TODAY + timedelta(days=10), 30, TODAY + timedelta(days=10)),
        (TODAY + timedelta(days=90), 30, TODAY + timedelta(days=30)),
    ],
)
def test_evidence_speaks_until_it_expires_or_is_too_old(make, expires, age_days, until):
    assert evidence_until([make.evidence(expires=expires)], age_days) == until


def test_one_current_piece_of_evidence_is_enough(make):
    pieces = [make.evidence(expires=TODAY), make.evidence()]
    assert evidence_until(pieces, 30) == TODAY + timedelta(days=30)
    assert evidence_until([], 30) is None


answers_of_any_kind = st.one_of(
    st.fixed_dictionaries({"level": st.sampled_from([None, 0, 1, 2, 3])}),
    st.just({"level": None, "not_applicable": "no such thing here"}),
)
days = st.dates(date(1999, 12, 1), date(2190, 1, 1))
steps = st.lists(
    st.tuples(
        st.sampled_from(CONTROLS),
        answers_of_any_kind,
        st.lists(st.tuples(days, st.none() | days), max_size=2),
        st.booleans(),
        st.none() | st.tuples(st.integers(0, 3), st.sampled_from(["E0", "E1", "E2", "E3"])),
        st.booleans(),
    ),
    max_size=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_compact_row_rebuilt_from_the_answers_equals_the_one_written(database, make, steps):
    with database.transaction() as connection:
        assessment = make.assessment(connection)
        for minutes, step in enumerate(steps):
            play(connection, make, assessment, minutes, step)
        written = find_row(connection, assessment.id)
        counts = [
            (record.answered, record.reviewed)
            for record in list_assessments(connection, round_id=assessment.round_id)
        ]
        connection.execute(
            sa.delete(t.answer_rows).where(t.answer_rows.c.assessment_id == assessment.id)
        )
        rebuilt = rebuild_row(connection, assessment.id, make.act().at)
        again = rebuild_row(connection, assessment.id, make.act().at)
        recounted = [
            (record.answered, record.reviewed)
            for record in list_assessments(connection, round_id=assessment.round_id)
        ]
    assert rebuilt == again
    assert counts == recounted
    assert written == (rebuilt if steps else None)


def play(connection, make, assessment, minutes, step):
    """Write the answer of one step and, where it says so, a review of it."""
    control, fields, evidence, is_suggestion, judged, approves = step
    pieces = tuple(make.evidence(dated=dated, expires=expires) for dated, expires in evidence)
    answer = make.answer(control, evidence=pieces, **fields)
    act = make.act(minutes=minutes)
    kept = record_answer(connection, assessment.id, answer, act, is_suggestion=is_suggestion)
    if approves and answer.not_applicable is not None:
        view = review(control, level=None, grade=None, approves_not_applicable=True)
    elif judged is not None:
        view = review(control, level=judged[0], grade=judged[1])
    else:
        return
    record_review(connection, assessment.id, view, act, answer_revision=kept.revision)


@given(st.binary(max_size=30))
def test_any_bytes_are_a_row_or_are_refused(raw):
    try:
        found = unpack_cells(raw)
    except Corrupt:
        return
    assert len(found) * 3 == len(raw)
    for cell in found:
        assert (cell.review_level is None) == (cell.review_grade is None)
        assert cell.evidence_until is None or cell.evidence_until > DAY_ZERO


def test_rows_of_a_round_are_listed_without_those_of_others(database, make):
    with database.transaction() as connection:
        round_id = make.round(connection).id
        own = [make.assessment(connection, round_id=round_id) for _ in range(3)]
        foreign = make.assessment(connection)
        for assessment in (*own, foreign):
            record_answer(connection, assessment.id, make.answer(), make.act())
        rows = list_rows(connection, [round_id])
    assert {row.assessment_id for row in rows} == {assessment.id for assessment in own}
    assert {row.layout for row in rows} == {own[0].layout}
