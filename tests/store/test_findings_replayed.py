"""A finding is what its events make it: replayed, they give what the register holds."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.errors import WrongState
from cyberposture.store import finding_changes as changes
from cyberposture.store.findings import FindingKey, findings_at, get_finding, life_of

STEPS = 14


@pytest.fixture
def acts(make):
    """Everything that can be done to a finding, each by its name."""

    def until(moment):
        return moment + timedelta(days=30)

    def mark(state):
        return lambda c, f, act: changes.mark_finding(c, f, state, act, until=until(act.at))

    def note(kind):
        return lambda c, f, act: changes.record_note(
            c, f, kind, act, details={"until": until(act.at).isoformat()}
        )

    return {
        "close": lambda c, f, act: changes.close_finding(c, f, act, closed_at=act.at),
        "reopen": lambda c, f, act: changes.reopen_finding(c, f, act, seen_at=act.at),
        "see": lambda c, f, act: changes.record_sight(c, f, seen_at=act.at, says="Again."),
        "worsen": lambda c, f, act: changes.record_severity(
            c, f, "worsened", act, severity="critical", is_potential=False
        ),
        "overturn": lambda c, f, act: changes.overturn_finding(c, f, act, until=until(act.at)),
        "uphold": lambda c, f, act: changes.unmark_finding(c, f, act, "upheld"),
        "return": changes.unmark_finding,
        **{state: mark(state) for state in ("false-positive", "accepted", "disputed")},
        **{k: note(k) for k in ("proposed", "refused", "lapsed", "announced", "acknowledged")},
    }


def test_replayed_events_give_the_state_that_is_kept_at_any_moment(database, make, acts):
    chance = random.Random(20261122)  # no secret: the same courses each time
    done, refused = set(), set()
    with database.transaction() as connection:
        owner = make.institution(connection).id
        for course in range(40):
            key = FindingKey(owner, f"host-{course}", "remote.no-telnet", "external", "tcp", 23)
            opened = changes.insert_finding(
                connection, key, make.act("judge"), address="39.32.10.7", severity="high",
                says="Telnet.", seen_at=make.act().at,
            )  # fmt: skip
            for step in range(1, STEPS):
                name = chance.choice(sorted(acts))
                before = get_finding(connection, opened.code)
                act = make.act("somebody", minutes=step)
                try:
                    acts[name](connection, opened.id, act)
                    done.add((name, before.state))
                except WrongState:
                    refused.add((name, before.state))
                    assert get_finding(connection, opened.code) == before
                kept, life = get_finding(connection, opened.code), life_of(connection, opened.id)
                assert (life.state, life.opened_at, life.closed_at, life.marked_until) == (
                    kept.state,
                    kept.opened_at,
                    kept.closed_at,
                    kept.marked_until,
                )
                (then,) = (
                    one for one in findings_at(connection, owner, act.at) if one.id == opened.id
                )
                assert replace(then, stretches=()) == kept
    assert {state for _, state in done} == {
        "open", "closed", "false-positive", "accepted", "disputed"
    }  # fmt: skip
    assert not done & refused
