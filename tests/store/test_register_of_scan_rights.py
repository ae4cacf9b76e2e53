"""Authorisations, calendar and stop switch: kept as they were said, and never edited."""

import hashlib

import pytest
import rfc8785

from cyberposture.errors import NotFound, WrongState
from cyberposture.store.authorisations import (
    find_authorisation,
    get_authorisation,
    insert_authorisation,
    list_authorisations,
    record_grant,
    record_withdrawal,
)
from cyberposture.store.calendar import (
    cancel_blackout,
    end_window,
    find_deny_list,
    insert_blackout,
    insert_window,
    list_blackouts,
    list_windows,
    record_deny_list,
)
from cyberposture.store.stops import (
    find_institution_by_stop_code,
    get_stop,
    insert_stop,
    issue_stop_code,
    lift_stop,
    list_acknowledgements,
    list_active_stops,
    list_stops,
    record_acknowledgement,
    record_answer,
    record_resumption,
)

TERMS = {"id": "A-1", "scope": [{"cidr": "39.32.10.0/28", "ports": None}], "load": 3}


@pytest.fixture
def record(database, make):
    """Record an authorisation of a new institution."""

    def run(code="A-1", institution_id=None):
        with database.transaction() as connection:
            return insert_authorisation(
                connection,
                institution_id or make.institution(connection).id,
                make.act("receiver"),
                code=code,
                terms=TERMS,
                receipt={"person": "receiver", "signature": "00"},
                letter_sha256="a" * 64,
                valid_from=make.act().at,
                valid_until=make.act(minutes=9999).at,
            )

    return run


def test_terms_are_kept_with_the_digest_that_is_signed(database, record, make):
    record()
    with database.reading() as connection:
        kept = get_authorisation(connection, "A-1")
    assert kept.terms == TERMS
    assert kept.terms_sha256 == hashlib.sha256(rfc8785.dumps(TERMS)).hexdigest()
    assert (kept.grants, kept.withdrawn_at) == ((), None)
    assert kept.act.actor == "receiver"


def test_grants_are_appended_and_each_person_gives_one(database, record, make):
    record()
    with database.transaction() as connection:
        for person in ("officer", "second"):
            document = {"person": person, "signature": "11"}
            kept = record_grant(connection, "A-1", document, make.act(person))
        with pytest.raises(WrongState, match="officer"):
            record_grant(connection, "A-1", {}, make.act("officer"))
    assert [grant["person"] for grant in kept.grants] == ["officer", "second"]


def test_withdrawal_stands_beside_the_grant_and_ends_it(database, record, make):
    record()
    with database.transaction() as connection:
        record_grant(connection, "A-1", {"person": "officer"}, make.act("officer"))
        kept = record_withdrawal(
            connection,
            "A-1",
            {"reason": "no more"},
            make.act(minutes=5),
            withdrawn_at=make.act(minutes=4).at,
        )
        with pytest.raises(WrongState, match="withdrawn"):
            record_grant(connection, "A-1", {}, make.act("second"))
        with pytest.raises(WrongState, match="already"):
            record_withdrawal(connection, "A-1", {}, make.act(), withdrawn_at=make.act().at)
    assert len(kept.grants) == 1
    assert kept.withdrawal == {"reason": "no more"}
    assert kept.withdrawn_at == make.act(minutes=4).at


def test_authorisations_are_listed_by_institution(database, record):
    own = record()
    record("A-2")
    record("A-3", own.institution_id)
    with pytest.raises(WrongState, match="A-1"):
        record()
    with database.reading() as connection:
        codes = [
            kept.code for kept in list_authorisations(connection, institution_id=own.institution_id)
        ]
        assert len(list_authorisations(connection)) == 3
        assert find_authorisation(connection, "A-9") is None
        with pytest.raises(NotFound):
            get_authorisation(connection, "A-9")
    assert codes == ["A-1", "A-3"]


def test_windows_in_force_are_read_as_of_a_moment(database, make):
    with database.transaction() as connection:
        owner, other = make.institution(connection).id, make.institution(connection).id
        window = insert_window(
            connection,
            owner,
            make.act(),
            weekdays=[3, 5],
            start="01:00",
            length_s=14_400,
            zone="Asia/Karachi",
        )
        end_window(connection, window.id, make.act(minutes=30))
        with pytest.raises(NotFound):
            end_window(connection, window.id, make.act(minutes=31))
        found = [
            [kept.weekdays for kept in list_windows(connection, owner, as_of=moment)]
            for moment in (make.act(minutes=m).at for m in (-1, 0, 29, 30))
        ]
        assert list_windows(connection, other, as_of=make.act().at) == []
    assert found == [[], [(3, 5)], [(3, 5)], []]


def test_national_blackouts_hold_for_every_institution(database, make):
    with database.transaction() as connection:
        owner, other = make.institution(connection).id, make.institution(connection).id
        for institution_id, title in ((None, "Eid"), (owner, "Audit"), (other, "Move")):
            blackout = insert_blackout(
                connection,
                institution_id,
                make.act(),
                title=title,
                starts_at=make.act(minutes=10).at,
                ends_at=make.act(minutes=20).at,
            )
        cancel_blackout(connection, blackout.id, make.act(minutes=5))

        def titles(institution_id, minutes=0):
            found = list_blackouts(connection, institution_id, as_of=make.act(minutes=minutes).at)
            return sorted(kept.title for kept in found)

        assert titles(owner) == ["Audit", "Eid"]
        assert titles(other) == ["Eid", "Move"]
        assert titles(other, 6) == titles(None) == ["Eid"]
        assert titles(owner, 20) == []


def test_newest_deny_list_counts_and_tells_its_age(database, make):
    with database.transaction() as connection:
        assert find_deny_list(connection, as_of=make.act().at) is None
        for minutes in (0, 10):
            entries = [{"cidr": f"39.33.{minutes}.0/24", "reason": "hospital"}]
            record_deny_list(connection, entries, make.act(minutes=minutes))
        old = find_deny_list(connection, as_of=make.act(minutes=9).at)
        new = find_deny_list(connection, as_of=make.act(minutes=11).at)
    assert (old.revision, new.revision) == (1, 2)
    assert new.entries[0]["cidr"] == "39.33.10.0/24"
    assert new.act.at == make.act(minutes=10).at


def test_stop_holds_until_two_people_agree(database, make):
    with database.transaction() as connection:
        stop = insert_stop(
            connection, make.act("telephone", reason="it hurts"), scope="all", complaint="slow"
        )
    with database.transaction() as connection:
        assert list_active_stops(connection) == [stop]
        record_resumption(connection, stop.code, make.act("amna-khan"), role="cert-analyst")
        with pytest.raises(WrongState, match="two people"):
            lift_stop(connection, stop.code, at=make.act(minutes=1).at)
        with pytest.raises(WrongState, match="another person"):
            record_resumption(connection, stop.code, make.act("amna-khan"), role="contact")
        agreed = record_resumption(
            connection, stop.code, make.act("bilal-shah", minutes=1), role="cert-analyst"
        )
        assert list_active_stops(connection) == [stop], "agreeing lifts nothing by itself"
        lifted = lift_stop(connection, stop.code, at=make.act(minutes=2).at)
        assert list_active_stops(connection) == []
        with pytest.raises(WrongState, match="already"):
            lift_stop(connection, stop.code, at=make.act(minutes=3).at)
    assert [given.act.actor for given in agreed] == ["amna-khan", "bilal-shah"]
    assert lifted.resumed_at == make.act(minutes=2).at


def test_stop_is_committed_before_anyone_else_reads_it(open_register, make):
    stopping, watching = open_register(), open_register()
    with watching.reading() as connection:
        assert list_active_stops(connection) == []
    with stopping.transaction() as connection:
        stop = insert_stop(connection, make.act(), scope="cidr", cidr="39.32.10.0/28")
    with watching.reading() as connection:
        assert [held.code for held in list_active_stops(connection)] == [stop.code]


def test_stops_are_read_as_of_a_moment_with_what_was_answered(database, make):
    with database.transaction() as connection:
        scan = make.scan(connection)
        stop = insert_stop(
            connection,
            make.act(),
            scope="scan",
            scan_id=scan.id,
            institution_id=scan.institution_id,
            speed="drain",
        )
        record_answer(connection, stop.code, make.act(reason="we are sorry"))
        for worker in ("worker-1", "worker-2", "worker-1"):
            record_acknowledgement(connection, stop, worker, at=make.act(minutes=1).at)
        acknowledged = [a.worker for a in list_acknowledgements(connection, stop.id)]
        kept = get_stop(connection, stop.code)
        assert list_stops(connection) == [kept]
        assert list_stops(connection, as_of=make.act(minutes=-1).at) == []
        with pytest.raises(NotFound):
            record_answer(connection, "s-none", make.act())
    assert sorted(acknowledged) == ["worker-1", "worker-2"]
    assert (kept.answer, kept.speed, kept.scan_id) == ("we are sorry", "drain", scan.id)


def test_new_stop_code_ends_the_one_before(database, make):
    with database.transaction() as connection:
        owner = make.institution(connection).id
        for digest in ("a" * 64, "b" * 64):
            issue_stop_code(connection, owner, digest, make.act())
        assert find_institution_by_stop_code(connection, "a" * 64) is None
        assert find_institution_by_stop_code(connection, "b" * 64) == owner
        assert find_institution_by_stop_code(connection, "c" * 64) is None
