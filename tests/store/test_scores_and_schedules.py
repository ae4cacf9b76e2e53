"""Scores are never changed, schedules are rows, and no message is queued twice."""

import hashlib
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
import rfc8785

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import indicators
from cyberposture.store.assessments import (
    get_assessment,
    insert_assessment,
    list_assessments,
    list_events,
    list_submissions,
    record_extension,
    record_scope,
    record_state,
    record_submission,
)
from cyberposture.store.due import (
    DueTarget,
    count_due,
    find_due,
    hold_due,
    insert_due,
    list_due,
    list_stale,
    list_targets,
    record_due,
    remove_due,
)
from cyberposture.store.evidence import (
    get_evidence,
    insert_evidence,
    list_evidence,
    list_revisions,
    record_revision,
    withdraw_evidence,
)
from cyberposture.store.outbox import (
    find_message,
    list_deliveries,
    list_messages,
    queue_message,
    record_delivery,
    take_message,
)
from cyberposture.store.schedules import (
    disable_schedule,
    enable_schedule,
    get_schedule,
    insert_schedule,
    list_schedules,
    record_next_run,
    record_run,
)
from cyberposture.store.scores import (
    find_score,
    get_score,
    insert_score,
    list_compact_scores,
    list_round_scores,
    list_scores,
)
from cyberposture.store.turns import (
    TurnRecord,
    forget_buckets,
    last_visit,
    list_standing,
    list_turns,
    lock_buckets,
    record_buckets,
    record_turn,
)

DOCUMENT = {"scoring": 1, "answers": [{"control": "IAM-10", "level": 2}], "title": "ضابطہ"}


def result(verified=5000, band="Established"):
    whole = {"declared": 7000, "verified": verified, "coverage": 9000, "band": band}
    return {"institution": whole, "controls": []}


@pytest.fixture
def keep(make):
    """Keep a score."""

    def run(connection, institution_id, minutes=0, verified=5000, **changes):
        fields = {"round_id": None, "as_of": make.act(minutes=minutes).at}
        digests = dict.fromkeys(("catalogue_digest", "checks_digest", "texts_digest"), "d" * 64)
        return insert_score(
            connection,
            institution_id,
            make.act(minutes=minutes),
            document=DOCUMENT,
            result=result(verified),
            **fields | digests | changes,
        )

    return run


def test_score_is_kept_with_all_that_it_stands_on(database, make, keep):
    with database.transaction() as connection:
        owner = make.institution(connection).id
        score = keep(connection, owner)
        kept = get_score(connection, score.summary.id, institution_id=owner)
        with pytest.raises(NotFound):
            get_score(connection, score.summary.id, institution_id=make.institution(connection).id)
    assert kept == score
    assert (kept.document, kept.result) == (DOCUMENT, result())
    assert kept.document_sha256 == hashlib.sha256(rfc8785.dumps(DOCUMENT)).hexdigest()
    assert (kept.summary.kind, kept.summary.band, kept.summary.verified) == (
        "live",
        "Established",
        5000,
    )


def test_newest_live_score_and_the_rounds_score_are_found_apart(database, make, keep):
    with database.transaction() as connection:
        owner, round_id = make.institution(connection).id, make.round(connection).id
        for minutes, verified in ((0, 1000), (10, 2000)):
            keep(connection, owner, minutes, verified)
        keep(connection, owner, 5, 3000, round_id=round_id)

        def verified(**wanted):
            found = find_score(connection, owner, **wanted)
            return found and found.summary.verified

        assert verified() == 2000
        assert verified(as_of=make.act(minutes=9).at) == 1000
        assert verified(as_of=make.act(minutes=-1).at) is None
        assert verified(round_id=round_id) == 3000
        assert [s.verified for s in list_scores(connection, institution_id=owner)] == [
            1000,
            3000,
            2000,
        ]
        assert len(list_scores(connection, kind="round", round_id=round_id)) == 1


def test_correction_stands_for_the_score_that_it_names(database, make, keep):
    with database.transaction() as connection:
        owner, round_id = make.institution(connection).id, make.round(connection).id
        wrong = keep(connection, owner, 0, 1000, round_id=round_id, compact=b"old")
        right = keep(
            connection,
            owner,
            10,
            2000,
            round_id=round_id,
            as_of=make.act().at,
            compact=b"new",
            corrects_id=wrong.summary.id,
            told="the regulator",
        )
        found = find_score(connection, owner, round_id=round_id)
        before = find_score(connection, owner, round_id=round_id, as_of=make.act(minutes=5).at)
        assert list_round_scores(connection, round_id) == [right.summary]
        assert [row.compact for row in list_compact_scores(connection, [round_id])] == [b"new"]
        with pytest.raises(WrongState, match="corrected already"):
            keep(connection, owner, 20, round_id=round_id, corrects_id=wrong.summary.id)
        with pytest.raises(WrongState, match="same institution"):
            keep(connection, owner, 20, corrects_id=right.summary.id)
        with pytest.raises(NotFound):
            keep(connection, owner, 20, corrects_id=owner)
    assert (found, found.told, before) == (right, "the regulator", wrong)


def test_assessment_lives_through_its_states_and_keeps_every_event(database, make):
    with database.transaction() as connection:
        opened = make.assessment(connection, scope={"mail": True})
        record_scope(connection, opened.id, {"mail": False}, make.act("lead", minutes=1))
        record_extension(connection, opened.id, make.act(minutes=99).at, make.act("cert"))
        record_state(
            connection, opened.id, "answering", make.act("cert"), expected=["planned", "scoping"]
        )
        with pytest.raises(WrongState, match="answering, not submitted"):
            record_state(connection, opened.id, "in-review", make.act(), expected=["submitted"])
        kept = get_assessment(connection, opened.institution_id, opened.round_id)
        events = list_events(connection, opened.id)
        with pytest.raises(NotFound):
            get_assessment(connection, opened.round_id, opened.round_id)
    assert (kept.state, kept.scope, kept.due_at) == (
        "answering",
        {"mail": False},
        make.act(minutes=99).at,
    )
    assert [(event.kind, event.state) for event in events] == [
        ("opened", "planned"),
        ("scoped", "planned"),
        ("extended", "planned"),
        ("became answering", "answering"),
    ]
    assert events[1].details == {"before": {"mail": True}, "after": {"mail": False}}


def test_institution_has_one_assessment_a_round_and_lists_filter(database, make):
    with database.transaction() as connection:
        first = make.assessment(connection)
        make.assessment(connection, round_id=first.round_id, state="submitted")
        with pytest.raises(WrongState, match="already"):
            insert_assessment(
                connection,
                first.institution_id,
                first.round_id,
                make.act(),
                controls=["GOV-01"],
                evidence_age_days=1,
                scope={},
            )
        submitted = list_assessments(connection, round_id=first.round_id, state="submitted")
        own = list_assessments(connection, institution_id=first.institution_id)
    assert len(submitted) == 1
    assert own == [first]
    assert first.controls == 5


def test_returns_are_frozen_one_after_another(database, make):
    with database.transaction() as connection:
        assessment = make.assessment(connection)
        for minutes in (0, 10):
            record_submission(
                connection,
                assessment.id,
                make.act("lead", minutes=minutes),
                revisions={"IAM-10": minutes + 1},
                digest="d" * 64,
                signatory="minister",
                signature="5a" * 64,
            )
        kept = list_submissions(connection, assessment.id)
    assert [(s.number, s.revisions) for s in kept] == [(1, {"IAM-10": 1}), (2, {"IAM-10": 11})]
    assert kept[0].act == make.act("lead")


def test_evidence_is_revised_and_withdrawn_but_never_lost(database, make):
    with database.transaction() as connection:
        owner, other = make.institution(connection).id, make.institution(connection).id
        first = insert_evidence(
            connection,
            owner,
            make.act(),
            kind="file",
            title="Policy",
            dated=date(2026, 1, 1),
            sha256="e" * 64,
            size_bytes=3,
            file_name="policy.pdf",
        )
        second = record_revision(
            connection, owner, first.code, make.act(minutes=1), expires=date(2027, 1, 1)
        )
        held = insert_evidence(
            connection, owner, make.act(), kind="held", title="Plan", dated=date(2026, 2, 1)
        )
        assert list_evidence(connection, owner) == [held, second]
        assert list_evidence(connection, other) == []
        withdraw_evidence(connection, owner, first.code, make.act(minutes=2))
        assert list_evidence(connection, owner) == [held]
        assert len(list_evidence(connection, owner, with_withdrawn=True)) == 2
        with pytest.raises(WrongState, match="withdrawn"):
            record_revision(connection, owner, first.code, make.act(), title="x")
        with pytest.raises(NotFound):
            get_evidence(connection, other, first.code)
        revisions = list_revisions(connection, owner, first.code)
        assert get_evidence(connection, owner, first.code, revision=1) == first
    assert [(r.revision, r.expires) for r in revisions][:2] == [(1, None), (2, date(2027, 1, 1))]
    assert revisions[2].withdrawn_at == make.act(minutes=2).at
    assert (second.piece().expires, held.piece()) == (date(2027, 1, 1), None)


def test_schedule_is_a_row_that_says_what_runs_when(database, make):
    with database.transaction() as connection:
        fields = {"kind": "scan", "trigger_kind": "cron", "trigger_spec": "0 1 * * 3"}
        given = {**fields, "zone": "Asia/Karachi", "arguments": {"profile": "exposed"}}
        record = insert_schedule(connection, None, make.act(), code="weekly", **given)
        insert_schedule(connection, None, make.act(), code="nightly", **given)
        with pytest.raises(WrongState, match="weekly"):
            insert_schedule(connection, None, make.act(), code="weekly", **given)
        record_run(
            connection,
            "weekly",
            ran_at=make.act(minutes=1).at,
            next_run=make.act(minutes=90).at,
        )
        disable_schedule(connection, "nightly", make.act("bilal-shah", minutes=2))
        enabled = list_schedules(connection, enabled_only=True)
        off = get_schedule(connection, "nightly")
        enable_schedule(connection, "nightly", make.act(minutes=3))
        record_next_run(connection, "nightly", make.act(minutes=80).at)
        assert [kept.code for kept in list_schedules(connection)] == ["nightly", "weekly"]
        assert get_schedule(connection, "nightly").is_enabled
        with pytest.raises(NotFound):
            enable_schedule(connection, "never", make.act())
    assert record.arguments == {"profile": "exposed"}
    assert [(kept.code, kept.next_run) for kept in enabled] == [("weekly", make.act(minutes=90).at)]
    assert (off.is_enabled, off.act.actor) == (False, "bilal-shah")


def test_due_targets_come_by_institution_priority_and_time(database, make):
    with database.transaction() as connection:
        first, second = make.institution(connection).id, make.institution(connection).id
        make.institution(connection)

        def due(owner, target, priority, minutes, vantage="external", **changes):
            moment = make.act(minutes=minutes).at
            record_due(
                connection, DueTarget(owner, target, "ports", vantage, priority, moment, **changes)
            )

        due(first, "39.32.10.7", 3, 10)
        due(first, "39.32.10.8", 1, 20)
        due(first, "39.32.10.9", 3, 5, rank=2)
        due(first, "39.32.10.6", 3, 5, rank=1)
        due(first, "39.32.10.6", 0, 5, "internal:office")
        due(second, "39.40.0.1", 0, 1)
        due(second, "39.40.0.2", 0, 999)
        due(second, "39.40.0.1", 2, 7, attempts=1)
        at, here = make.act(minutes=30).at, {"vantage": "external"}
        standing = list_standing(connection, at=at, limit=9, **here)
        waiting = [(turn.institution_id, earliest) for turn, earliest in standing]
        record_turn(connection, TurnRecord(first, "external", 7, 60))
        turned = list_standing(connection, at=at, limit=1, **here)
        passed = TurnRecord(second, "external", 8, not_before=make.act(minutes=31).at, why="night")
        record_turn(connection, passed)
        left = list_standing(connection, at=at, limit=9, **here)
        assert last_visit(connection) == 8
        targets = [d.target[-1] for d in list_due(connection, first, at=at, limit=3, **here)]
        moved = find_due(connection, second, "39.40.0.1", "ports", "external")
        assert list_due(connection, first, at=make.act(minutes=-1).at, limit=9, **here) == []
        assert find_due(connection, first, "39.40.0.1", "ports", "external") is None
        # Of four, the two most urgent and the two that waited longest are found.
        both = [d.target[-1] for d in list_due(connection, first, at=at, limit=2, **here)]
        assert remove_due(connection, first, keep=["39.32.10.7"], **here) == 3
        assert remove_due(connection, first) == 2
    assert waiting == [(first, make.act(minutes=5).at), (second, make.act(minutes=7).at)]
    assert [turn.institution_id for turn, _ in turned] == [second]
    assert [turn for turn, _ in left] == [TurnRecord(first, "external", 7, 60)]
    assert targets == ["8", "6", "9", "7"]
    assert both == ["8", "6", "9"]
    assert (moved.priority, moved.attempts) == (2, 1)


def test_target_that_is_seen_to_is_nobody_elses_until_its_time_is_over(database, make):
    with database.transaction() as connection:
        owner = make.institution(connection).id
        for number in (1, 2):
            target = DueTarget(owner, f"39.32.10.{number}", "ports", "external", 3, make.act().at)
            assert insert_due(connection, target)
            assert not insert_due(connection, target)
        (one, _) = list_targets(connection, institution_id=owner)
        hold_due(connection, [one], until=make.act(minutes=10).at)

        def free(minutes):
            at = make.act(minutes=minutes).at
            found = list_due(connection, owner, at=at, vantage="external", limit=9)
            assert count_due(connection, owner, at=at, vantage="external") == len(found)
            return [d.target for d in found]

        assert free(9) == ["39.32.10.2"]
        assert free(10) == ["39.32.10.1", "39.32.10.2"]


def test_targets_that_nobody_looked_at_in_time_are_found(database, make):
    with database.transaction() as connection:
        owner = make.institution(connection).id
        for number, (looked, due) in enumerate([(None, 90), (5, 90), (50, 90), (5, 20)]):
            seen = None if looked is None else make.act(minutes=looked).at
            target = DueTarget(owner, f"39.32.10.{number}", "ports", "external", 3,
                               make.act(minutes=due).at, looked_at=seen)  # fmt: skip
            record_due(connection, target)
        stale = list_stale(connection, vantage="external", looked_before=make.act(minutes=40).at,
                           due_after=make.act(minutes=60).at)  # fmt: skip
        assert {d.target[-1] for d in stale} == {"0", "1"}
        soon = list_targets(connection, due_by=make.act(minutes=30).at, limit=5)
        assert [d.target[-1] for d in soon] == ["3"]


def test_turns_are_kept_by_vantage(database, make):
    with database.transaction() as connection:
        owner = make.institution(connection).id
        first = TurnRecord(owner, "external", 3, 40)
        record_turn(connection, TurnRecord(owner, "external", 1, 10, make.act().at, "a window"))
        record_turn(connection, TurnRecord(owner, "internal:office", 2))
        record_turn(connection, first)
        assert list_turns(connection, vantage="external") == [first]
        assert len(list_turns(connection, institution_id=owner)) == 2


def test_buckets_are_locked_together_and_forgotten_when_full(database, make):
    with database.transaction() as connection:
        at, later = make.act().at, make.act(minutes=5).at
        assert lock_buckets(connection, ["system", "address:39.32.10.7"], at=at) == {
            "system": at, "address:39.32.10.7": at,
        }  # fmt: skip
        record_buckets(connection, {"system": later})
        record_buckets(connection, {})
        assert lock_buckets(connection, ["system"], at=make.act(minutes=9).at) == {"system": later}
        assert forget_buckets(connection, full_before=later) == 1


def test_message_is_queued_once_and_retried_until_delivered(database, make):
    with database.transaction() as connection:
        fields = {"channel": "mail", "recipient": "lead@example.invalid", "subject": "Reminder"}
        for code in ("remind-1", "remind-2", "remind-1"):
            new = queue_message(
                connection, make.act(), code=code, body="30 days", language="en", **fields
            )
        assert new is False

        ids = {one.code: one.id for one in list_messages(connection)}

        def take(code, minutes):
            return take_message(
                connection,
                ids[code],
                at=make.act(minutes=minutes).at,
                again_at=make.act(minutes=minutes + 10).at,
            )

        def came(message, outcome, minutes, again=None):
            record_delivery(
                connection, message, recipient="lead@example.invalid", outcome=outcome,
                answer=outcome, at=make.act(minutes=minutes).at,
                again_at=None if again is None else make.act(minutes=again).at,
            )  # fmt: skip

        assert take("remind-1", 9).attempts == 1
        second = take("remind-2", 0)
        assert take("remind-2", 9) is None
        came(second, "later", 9, again=15)
        came(find_message(connection, "remind-1"), "accepted", 9)
        assert take("remind-1", 999) is None
        again = take("remind-2", 15)
        assert (again.attempts, again.problem) == (2, "later")
        came(again, "later", 16)
        assert take("remind-2", 999) is None
        states = [(m.code, m.state, m.attempts) for m in list_messages(connection)]
        told = [(d.number, d.outcome) for d in list_deliveries(connection, [ids["remind-2"]])]
        with pytest.raises(NotFound):
            came(replace(again, id=uuid4()), "accepted", 20)
    assert states == [("remind-1", "delivered", 1), ("remind-2", "failed", 2)]
    assert told == [(1, "later"), (2, "later")]


def test_indicator_keeps_every_value_that_it_had(database, make):
    with database.transaction() as connection:
        for minutes, value in enumerate(("40 %", "55 %")):
            indicators.record_indicator(
                connection,
                "NAT-01",
                make.act(minutes=minutes),
                value=value,
                source="annual report",
                dated=date(2026, 6, 30),
            )
        then = indicators.list_indicators(connection, as_of=make.act().at)
        now = indicators.list_indicators(connection, as_of=make.act(minutes=1).at)
        assert [r.revision for r in indicators.list_revisions(connection, "NAT-01")] == [1, 2]
    assert [r.value for r in (*then, *now)] == ["40 %", "55 %"]
