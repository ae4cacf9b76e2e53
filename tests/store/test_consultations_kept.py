"""Consultations: numbers without a gap, nothing overwritten, and mail addresses kept apart."""

import threading
from datetime import timedelta
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.model.consultations import (
    Comment,
    Consultation,
    Disposition,
    Event,
    Group,
    ModerationAction,
    Outcome,
)
from cyberposture.store import comments, consultations, reference_numbers
from cyberposture.store import tables as t
from cyberposture.store.consultations import ConsultationRecord


def open_one(connection: Connection, make: Any, code: str = "draft-1") -> ConsultationRecord:
    act = make.act()
    new = Consultation(
        code=code, title="The draft", edition="NCSP-2021", version="1.1",
        rules="a" * 64, checks="b" * 64, texts="c" * 64, draft="d" * 64,
        opens=act.at, closes=act.at + timedelta(days=30),
    )  # fmt: skip
    return consultations.insert_consultation(connection, new, act)


def say(connection: Connection, consultation: ConsultationRecord, act: Any, **said: Any) -> str:
    plain = {"control": "IAM-10", "author": "Reader", "text": "It should say when."} | said
    return comments.insert_comment(
        connection, consultation.id, Comment.model_validate(plain), act, group_id=None,
        event_id=None,
    )  # fmt: skip


def test_reference_numbers_follow_one_another_in_each_series(database):
    with database.transaction() as connection:
        got = [
            reference_numbers.next_reference(connection, letter, year)
            for letter, year in (("C", 2026), ("C", 2026), ("E", 2026), ("C", 2027), ("C", 2026))
        ]
    assert got == ["C-2026-0001", "C-2026-0002", "E-2026-0001", "C-2027-0001", "C-2026-0003"]


def test_a_number_that_was_given_up_is_given_again(database):
    with pytest.raises(WrongState), database.transaction() as connection:
        reference_numbers.next_reference(connection, "C", 2026)
        raise WrongState("changed my mind")
    with database.transaction() as connection:
        assert reference_numbers.next_reference(connection, "C", 2026) == "C-2026-0001"


def test_many_at_once_never_get_the_same_number(open_register):
    got: list[str] = []

    def take(register: Any) -> None:
        for _ in range(10):
            with register.transaction() as connection:
                got.append(reference_numbers.next_reference(connection, "C", 2026))

    threads = [threading.Thread(target=take, args=(open_register(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"C-2026-{number:04}" for number in range(1, 31)]


def test_a_consultation_is_closed_when_its_last_day_is_over_and_its_end_is_an_act(database, make):
    with database.transaction() as connection:
        record = open_one(connection, make)
        closes = record.consultation.closes
        before = closes - timedelta(microseconds=1)
        assert [record.state_at(at) for at in (before, closes)] == ["open", "closed"]
        consultations.close_consultation(connection, record.id, make.act(minutes=1))
        closed = consultations.get_consultation(connection, "draft-1")
        assert closed.state_at(record.consultation.opens) == "closed"
        assert closed.closed == make.act(minutes=1)
        consultations.conclude_consultation(connection, record.id, make.act(), adoption=3)
        assert consultations.get_consultation(connection, "draft-1").state_at(before) == "adopted"
        other = open_one(connection, make, "draft-2")
        consultations.conclude_consultation(connection, other.id, make.act(), adoption=None)
        listed = consultations.list_consultations(connection)
        assert [one.state_at(before) for one in listed] == ["adopted", "abandoned"]


def test_a_code_and_a_group_are_taken_once(database, make):
    with database.transaction() as connection:
        record = open_one(connection, make)
        group = Group(name="Colleges (fictional)", kind="academia", note="by letter")
        consultations.insert_group(connection, record.id, group, make.act(minutes=1))
        with pytest.raises(WrongState, match="draft-1"):
            open_one(connection, make)
        with pytest.raises(WrongState, match="Colleges"):
            consultations.insert_group(connection, record.id, group, make.act())
        (kept,) = consultations.list_groups(connection, record.id)
        assert (kept.group, kept.invited_at) == (group, make.act(minutes=1).at)
        with pytest.raises(NotFound):
            consultations.lock_consultation(connection, "draft-9")


def test_events_are_listed_by_their_day(database, make):
    with database.transaction() as connection:
        record = open_one(connection, make)
        for day in ("2026-12-02", "2026-11-25"):
            event = Event.model_validate(
                {"title": "Round table", "held_on": day, "place": "Hill town", "host": "A college",
                 "attendance": 40}
            )  # fmt: skip
            consultations.insert_event(connection, record.id, event, make.act())
        listed = consultations.list_events(connection, record.id)
    assert [(one.code, str(one.event.held_on)) for one in listed] == [
        ("E-2026-0002", "2026-11-25"),
        ("E-2026-0001", "2026-12-02"),
    ]


def test_a_comment_comes_back_as_it_was_made(database, make):
    hostile = "=HYPERLINK(1) <b>'; DROP TABLE comments; --\u202e ملک\nsecond line"
    with database.transaction() as connection:
        record = open_one(connection, make)
        group = consultations.insert_group(
            connection, record.id, Group(name="Colleges", kind="academia"), make.act()
        )
        code = comments.insert_comment(
            connection, record.id,
            Comment(clause="3.5(1)", author="A. Reader", affiliation="A college", text=hostile,
                    is_public=False, on_behalf=True),
            make.act(), group_id=group.id, event_id=None, late_reason="came by post",
        )  # fmt: skip
        found = comments.get_comment(connection, code)
    assert (found.about, found.control, found.clause) == ("3.5(1)", None, "3.5(1)")
    assert (found.said.text, found.said.author, found.said.group) == (
        hostile, "A. Reader", "Colleges",
    )  # fmt: skip
    assert (found.on_behalf, found.late_reason, found.is_shown) == (True, "came by post", False)
    assert found.act == make.act()
    assert found.consultation == "draft-1"


def test_a_text_that_cannot_be_kept_is_refused_whole(database, make):
    with database.transaction() as connection:
        record = open_one(connection, make)
    with pytest.raises(InvalidInput, match="cannot be kept"), database.transaction() as connection:
        say(connection, record, make.act(), text="a\x00b")
    with database.reading() as connection:
        assert comments.list_comments(connection) == []


def test_a_mail_address_comes_with_no_comment(database, make):
    with database.transaction() as connection:
        record = open_one(connection, make)
        code = say(connection, record, make.act(), email="reader@example.test")
        say(connection, record, make.act(minutes=1))
        first, second = comments.list_comments(connection, consultation_id=record.id)
        assert "example.test" not in repr(first)
        assert first.code == code
        assert comments.find_contact(connection, first.id) == "reader@example.test"
        assert comments.find_contact(connection, second.id) is None


@pytest.mark.parametrize(
    "engine",
    [pytest.param("postgresql", marks=[pytest.mark.store, pytest.mark.loopback])],
    indirect=True,
)
def test_a_mail_address_is_outside_the_fence_of_every_institution(laid_url, database, make):
    with database.transaction() as connection:
        say(connection, open_one(connection, make), make.act(), email="reader@example.test")
    engine = sa.create_engine(laid_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "DO $$ BEGIN CREATE ROLE app LOGIN PASSWORD 'app'; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO app")
        connection.exec_driver_sql("SET ROLE app")
        asked = sa.select(sa.func.count()).select_from(t.comment_contacts)
        assert connection.execute(asked).scalar_one() == 1
        connection.exec_driver_sql(
            "SELECT set_config('cyberposture.institution', gen_random_uuid()::text, true)"
        )
        assert connection.execute(asked).scalar_one() == 0
    engine.dispose()


def test_a_revision_changes_what_it_says_and_keeps_the_rest(database, make):
    with database.transaction() as connection:
        record = open_one(connection, make)
        code = say(connection, record, make.act())
        assert comments.revise_comment(connection, code, make.act(minutes=1), text="Better.") == 2
        comments.revise_comment(connection, code, make.act(minutes=2), is_public=False)
        found = comments.get_comment(connection, code)
        told = comments.list_revisions(connection, found.id)
    assert [(r.revision, r.text, r.is_public) for r in told] == [
        (1, "It should say when.", True), (2, "Better.", True), (3, "Better.", False),
    ]  # fmt: skip
    assert found.said == told[-1]
    assert found.act == make.act()


ACTS = some.one_of(
    some.tuples(some.just("moderate"), some.sampled_from(get_args(ModerationAction))),
    some.tuples(some.just("dispose"), some.sampled_from(get_args(Outcome))),
    some.tuples(some.just("revise"), some.booleans()),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=some.lists(some.tuples(some.integers(0, 2), ACTS), max_size=12))
def test_whatever_happens_to_comments_each_has_one_standing_disposition_or_none(
    database, make, acts
):
    """What stands is the last of its kind, and everything before it is kept."""
    with database.transaction() as connection:
        code = (
            f"draft-{connection.execute(sa.select(sa.func.count(t.consultations.c.id))).scalar()}"
        )
        record = open_one(connection, make, code)
        codes = [say(connection, record, make.act(minutes=n)) for n in range(3)]
        done: dict[str, list[tuple[str, Any]]] = {one: [] for one in codes}
        for minute, (which, (kind, what)) in enumerate(acts):
            act = make.act(minutes=10 + minute)
            match kind:
                case "moderate":
                    comments.record_moderation(connection, codes[which], what, act)
                case "dispose":
                    given_ = Disposition(outcome=what, reason=f"because {minute}")
                    comments.record_disposition(connection, codes[which], given_, act)
                case "revise":
                    comments.revise_comment(connection, codes[which], act, is_public=what)
            done[codes[which]].append((kind, what))
        found = comments.list_comments(connection, consultation_id=record.id)
        assert found == [comments.get_comment(connection, one) for one in codes]
        for one in found:
            of_kind = {k: [w for kind, w in done[one.code] if kind == k]
                       for k in ("moderate", "dispose", "revise")}  # fmt: skip
            kept = comments.list_dispositions(connection, one.id)
            assert [d.disposition.outcome for d in kept] == of_kind["dispose"]
            assert one.disposition == (kept[-1] if kept else None)
            assert one.first_disposed_at == (kept[0].act.at if kept else None)
            assert one.is_hidden == (of_kind["moderate"][-1:] == ["hide"])
            assert [m.action for m in comments.list_moderations(connection, one.id)] == (
                of_kind["moderate"]
            )
            assert one.said.is_public == ([True, *of_kind["revise"]][-1])
            assert one.said.revision == 1 + len(of_kind["revise"])


def test_comments_on_one_control_are_found_over_all_consultations(database, make):
    with database.transaction() as connection:
        for number, control in enumerate(("IAM-10", "IAM-09", "IAM-10")):
            record = open_one(connection, make, f"draft-{number}")
            say(connection, record, make.act(minutes=number), control=control)
        found = comments.list_comments(connection, control="IAM-10")
    assert [one.consultation for one in found] == ["draft-0", "draft-2"]


def test_what_is_said_of_a_comment_that_is_not_there_is_refused(database, make):
    with database.transaction() as connection:
        for call in (
            lambda: comments.get_comment(connection, "C-2026-0001"),
            lambda: comments.revise_comment(connection, "C-2026-0001", make.act(), text="x"),
            lambda: comments.record_moderation(connection, "C-2026-0001", "hide", make.act()),
        ):
            with pytest.raises(NotFound, match="C-2026-0001"):
                call()
