"""Facts, judgements, findings and contradictions: what stands, and what stood at any moment."""

from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa

from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.model.observations import Fact, HostFact, HTTPFact, Judgement, PortFact
from cyberposture.store import contradictions
from cyberposture.store import tables as t
from cyberposture.store.facts import (
    NewJudgement,
    insert_facts,
    insert_judgements,
    list_facts,
    list_judgements,
    list_latest_facts,
    list_latest_judgements,
)
from cyberposture.store.finding_changes import (
    close_finding,
    insert_finding,
    mark_finding,
    record_note,
    record_severity,
    record_sight,
    reopen_finding,
    unmark_finding,
)
from cyberposture.store.findings import (
    FindingKey,
    find_finding,
    get_finding,
    list_events,
    list_findings,
    list_states,
)


@pytest.fixture
def scan(database, make):
    with database.transaction() as connection:
        return make.scan(connection)


def fact(make, minutes=None, **changes):
    fields = {"address": "39.32.10.7", "technique": "ports", "outcome": "answered"}
    ended = None if minutes is None else make.act(minutes=minutes).at
    return Fact(**fields | {"ended_at": ended} | changes)


def test_fact_comes_back_as_it_was_seen_hostile_text_too(database, make, scan):
    port = PortFact(protocol="tcp", port=22, state="open", product="\x00\u202e<script>", cpe=("a",))
    seen = fact(
        make,
        5,
        name="web.example",
        tested={"tcp": ((1, 100),)},
        host=HostFact(address="39.32.10.7", state="up", ports=(port,)),
        http=(HTTPFact(address="39.32.10.7", port=80, tls=False, outcome="answered"),),
        artefact="a" * 64,
        started_at=make.act(minutes=4).at,
    )
    with database.transaction() as connection:
        (fact_id,) = insert_facts(
            connection, scan.institution_id, scan.id, [seen], at=make.act(minutes=6).at
        )
    with database.reading() as connection:
        (kept,) = list_facts(connection, scan_id=scan.id)
        assert list_facts(connection, ids=[fact_id]) == [kept]
        with pytest.raises(WrongUsage):
            list_facts(connection)
    assert kept.fact == seen
    assert kept.observed_at == make.act(minutes=5).at


def test_newest_look_stands_for_each_address_name_technique_and_vantage(database, make, scan):
    looks = [
        fact(make, 1),
        fact(make, 9, outcome="timed-out"),
        fact(make, 5),
        fact(make, 2, technique="tls"),
        fact(make, 3, vantage="internal:plant"),
        fact(make, 4, name="web.example"),
        fact(make, 6, address="39.32.10.8"),
    ]
    with database.transaction() as connection:
        insert_facts(connection, scan.institution_id, scan.id, looks, at=make.act(minutes=9).at)

        def outcomes(minutes, **wanted):
            as_of = make.act(minutes=minutes).at
            found = list_latest_facts(connection, scan.institution_id, as_of=as_of, **wanted)
            return [(kept.fact.address[-1], kept.fact.outcome) for kept in found]

        assert outcomes(9).count(("7", "timed-out")) == 1
        assert len(outcomes(9)) == 5
        assert len(outcomes(9, address="39.32.10.7")) == 4
        assert outcomes(8) == [], "nothing was recorded yet"


def judge(make, verdict, minutes, **changes):
    fields = {"check": "remote.no-telnet", "version": 1, "address": "39.32.10.7"}
    endpoint = {"protocol": "tcp", "port": 23, "verdict": verdict, "says": f"It is {verdict}."}
    told = Judgement(**fields | endpoint | changes)
    return NewJudgement(told, "external", make.act(minutes=minutes).at)


def test_newest_look_decides_and_of_several_judgements_over_it_the_newest(database, make, scan):
    def keep(connection, judged, *new):
        insert_judgements(
            connection,
            scan.institution_id,
            scan.id,
            new,
            checks_digest="c" * 64,
            judged_at=make.act(minutes=judged).at,
        )

    with database.transaction() as connection:
        keep(
            connection, 1, judge(make, "fail", 1), judge(make, "fail", 1, protocol=None, port=None)
        )
        keep(connection, 5, judge(make, "pass", 5))
        keep(connection, 9, judge(make, "fail", 1), judge(make, "inconclusive", 5))

        def verdicts(minutes, **wanted):
            as_of = make.act(minutes=minutes).at
            found = list_latest_judgements(connection, scan.institution_id, as_of=as_of, **wanted)
            return [(kept.judgement.port, kept.judgement.verdict) for kept in found]

        assert verdicts(0) == []
        assert verdicts(4) == [(None, "fail"), (23, "fail")]
        assert verdicts(5) == [(None, "fail"), (23, "pass")]
        assert verdicts(9) == [(None, "fail"), (23, "inconclusive")]
        assert verdicts(9, verdict="fail") == [(None, "fail")]
        assert verdicts(5, verdict="fail") == [(None, "fail")], "what a pass hides stays hidden"
        everything = list_judgements(connection, scan_id=scan.id)
        again = list_judgements(connection, scan_id=scan.id, judged_at=make.act(minutes=9).at)
    assert len(everything) == 5
    assert sorted(kept.judgement.verdict for kept in again) == ["fail", "inconclusive"]


def test_judgement_names_the_facts_and_the_edition_that_it_stands_on(database, make, scan):
    with database.transaction() as connection:
        ids = insert_facts(
            connection,
            scan.institution_id,
            scan.id,
            [fact(make, 1), fact(make, 2)],
            at=make.act(minutes=2).at,
        )
        new = replace(judge(make, "fail", 2), facts=tuple(ids))
        insert_judgements(
            connection,
            scan.institution_id,
            scan.id,
            [new],
            checks_digest="c" * 64,
            judged_at=make.act(minutes=3).at,
        )
        (kept,) = list_judgements(connection, scan_id=scan.id)
    assert (kept.judgement, kept.facts) == (new.judgement, tuple(ids))
    assert kept.checks_digest == "c" * 64


@pytest.fixture
def key(scan):
    return FindingKey(
        scan.institution_id, "mail-host", "remote.no-telnet", "external", protocol="tcp", port=23
    )


@pytest.fixture
def finding(database, make, key):
    with database.transaction() as connection:
        return insert_finding(
            connection,
            key,
            make.act("judge"),
            address="39.32.10.7",
            severity="high",
            says="Telnet answers.",
            seen_at=make.act(minutes=-5).at,
        )


def test_finding_is_known_by_its_key_and_opened_once(database, make, key, finding):
    with database.transaction() as connection:
        assert find_finding(connection, key) == finding
        for other in (
            replace(key, port=2323),
            replace(key, protocol="udp"),
            replace(key, protocol=None, port=None),
            replace(key, subkey="a"),
            replace(key, vantage="internal:plant"),
            replace(key, subject="web-host"),
        ):
            assert find_finding(connection, other) is None
        with pytest.raises(WrongState, match="already"):
            insert_finding(
                connection,
                key,
                make.act(),
                address="39.32.10.8",
                severity="low",
                says="",
                seen_at=make.act().at,
            )
    assert (finding.state, finding.key, finding.first_seen) == (
        "open",
        key,
        make.act(minutes=-5).at,
    )


def test_finding_of_a_host_as_a_whole_is_unique_too(database, make, key):
    whole = replace(key, protocol=None, port=None)
    with database.transaction() as connection:
        fields = {"address": "39.32.10.7", "severity": "low", "says": "", "seen_at": make.act().at}
        record = insert_finding(connection, whole, make.act(), **fields)
        assert record.key == whole
        row = dict(connection.execute(sa.select(t.findings)).mappings().one())
    with pytest.raises(WrongState, match="contradicts"), database.transaction() as connection:
        connection.execute(sa.insert(t.findings), row | {"id": uuid4(), "code": "f-other"})


def test_finding_closes_comes_back_and_keeps_every_event(database, make, finding):
    with database.transaction() as connection:
        closed = close_finding(
            connection, finding.id, make.act("judge", minutes=10), closed_at=make.act(minutes=9).at
        )
        with pytest.raises(WrongState):
            close_finding(connection, finding.id, make.act(), closed_at=make.act().at)
        back = reopen_finding(
            connection, finding.id, make.act("judge", minutes=20), seen_at=make.act(minutes=19).at
        )
        with pytest.raises(WrongState):
            reopen_finding(connection, finding.id, make.act(), seen_at=make.act().at)
        record_note(
            connection,
            finding.id,
            "announced",
            make.act(minutes=21),
            details={"to": "duty room"},
        )
        events = list_events(connection, finding_id=finding.id)
        since = list_events(
            connection, institution_id=finding.key.institution_id, since=make.act(minutes=20).at
        )
    assert (closed.state, closed.closed_at) == ("closed", make.act(minutes=9).at)
    assert (back.first_seen, back.opened_at, back.closed_at) == (
        finding.first_seen,
        make.act(minutes=19).at,
        None,
    )
    assert [(event.kind, event.state) for event in events] == [
        ("opened", "open"),
        ("closed", "closed"),
        ("reopened", "open"),
        ("announced", "open"),
    ]
    assert [event.number for event in since] == [3, 4]


def test_finding_set_aside_comes_back_when_its_time_is_over(database, make, finding):
    with database.transaction() as connection:
        marked = mark_finding(
            connection,
            finding.id,
            "accepted",
            make.act("signatory", reason="we replace it in March"),
            until=make.act(minutes=60).at,
            details={"second": "amna-khan"},
        )
        due = list_findings(connection, marked_before=make.act(minutes=61).at)
        assert list_findings(connection, marked_before=make.act(minutes=60).at) == []
        back = unmark_finding(connection, finding.id, make.act("clock", minutes=61))
        with pytest.raises(WrongState):
            unmark_finding(connection, finding.id, make.act("clock"))
    assert (marked.state, marked.marked_until) == ("accepted", make.act(minutes=60).at)
    assert due == [marked]
    assert (back.state, back.marked_until) == ("open", None)


def test_older_sight_changes_nothing(database, make, finding):
    with database.transaction() as connection:
        record_sight(connection, finding.id, seen_at=make.act(minutes=-60).at, says="Old.")
        assert get_finding(connection, finding.code) == finding
        record_sight(
            connection, finding.id, seen_at=make.act().at, says="New.", address="39.32.10.9"
        )
        seen = get_finding(connection, finding.code)
    assert (seen.last_seen, seen.says, seen.address) == (make.act().at, "New.", "39.32.10.9")
    assert seen.first_seen == finding.first_seen


def test_worse_finding_is_an_event_and_a_closed_one_cannot_worsen(database, make, finding):
    with database.transaction() as connection:
        worse = record_severity(
            connection,
            finding.id,
            "worsened",
            make.act(),
            severity="critical",
            is_potential=False,
        )
        close_finding(connection, finding.id, make.act(), closed_at=make.act().at)
        with pytest.raises(WrongState, match="closed"):
            record_severity(
                connection, finding.id, "eased", make.act(), severity="low", is_potential=False
            )
    assert worse.severity == "critical"


def test_findings_are_listed_by_what_they_are(database, make, finding):
    owner = finding.key.institution_id
    with database.transaction() as connection:
        other = make.institution(connection).id
        assert list_findings(connection, institution_id=owner, states=["open"]) == [finding]
        assert list_findings(connection, check="remote.no-telnet") == [finding]
        assert list_findings(connection, address="39.32.10.7") == [finding]
        assert list_findings(connection, institution_id=other) == []
        assert list_findings(connection, states=["closed"]) == []
        with pytest.raises(NotFound):
            get_finding(connection, finding.code, institution_id=other)


def test_states_of_findings_are_read_as_of_a_moment(database, make, finding):
    with database.transaction() as connection:
        close_finding(connection, finding.id, make.act(minutes=10), closed_at=make.act().at)

        def states(minutes):
            as_of = make.act(minutes=minutes).at
            return list_states(connection, finding.key.institution_id, as_of=as_of)

        assert states(-1) == {}
        assert states(9) == {finding.id: "open"}
        assert states(10) == {finding.id: "closed"}


def test_contradiction_keeps_both_sides_the_comment_and_its_course(database, make, finding):
    with database.transaction() as connection:
        assessment = make.assessment(connection, institution_id=finding.key.institution_id)
        fields = {"control": "IAM-10", "check": "remote.no-telnet", "finding_id": finding.id}
        opened = contradictions.insert_contradiction(
            connection,
            assessment.institution_id,
            assessment.id,
            make.act("judge"),
            answer_revision=1,
            level=3,
            **fields,
        )
        with pytest.raises(WrongState, match="already"):
            contradictions.insert_contradiction(
                connection,
                assessment.institution_id,
                assessment.id,
                make.act("judge"),
                answer_revision=2,
                level=3,
                **fields,
            )
        contradictions.record_comment(
            connection, opened.code, "It is a test system.", make.act("lead", minutes=5)
        )
        kept = contradictions.record_state(
            connection, opened.code, "upheld", make.act("rafi", minutes=9)
        )
        with pytest.raises(WrongState):
            contradictions.record_state(connection, opened.code, "upheld", make.act())
        events = contradictions.list_events(connection, kept.id)
        assert contradictions.list_contradictions(
            connection, assessment_id=assessment.id, states=["upheld"]
        ) == [kept]
        assert contradictions.list_contradictions(connection, states=["open"]) == []
        other = make.institution(connection).id
        with pytest.raises(NotFound):
            contradictions.get_contradiction(connection, kept.code, institution_id=other)
        back = contradictions.record_state(connection, opened.code, "open", make.act(minutes=20))
    assert (kept.comment, kept.closed_at) == ("It is a test system.", make.act(minutes=9).at)
    assert [(event.kind, event.act.reason) for event in events] == [
        ("opened", "a test"),
        ("commented", "It is a test system."),
        ("became upheld", "a test"),
    ]
    assert back.closed_at is None
