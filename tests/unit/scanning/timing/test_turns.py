"""Each institution gets the same share, whatever it has waiting; ageing lifts what waited long."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.timing.intervals import CALMEST, DAY_US, interval_us
from cyberposture.scanning.timing.turns import Turn, is_aged, ring, urgency, visit

NOW = 1_800_000_000_000_000


@dataclass(frozen=True)
class Target:
    name: str
    priority: int = 300
    due_us: int = NOW
    rank: int = 0


def targets(count: int) -> list[Target]:
    return [Target(f"t{n:05}", rank=n) for n in range(count)]


def serve_all(waiting: dict[str, list[Target]], cost: dict[str, int], visits: int, quantum: int):
    """Go round and return the scanner seconds that each institution got."""
    turns = {code: Turn(code) for code in waiting}
    spent: Counter[str] = Counter()
    for number in range(1, visits + 1):
        standing = [
            (turns[code], min(urgency(one, NOW) for one in due))
            for code, due in waiting.items()
            if due
        ]
        if not standing:
            break
        first = ring(standing)[0]
        code = first.institution
        done = visit(first, waiting[code], NOW, cost_s=cost[code], quantum_s=quantum, number=number)
        turns[code] = done.turn
        spent[code] += cost[code] * len(done.served)
        served = {id(one) for one in done.served}
        waiting[code] = [one for one in waiting[code] if id(one) not in served]
    return spent, turns


def test_large_institution_does_not_crowd_out_a_small_one():
    waiting = {"large": targets(1000), "small": targets(10)}
    spent, _ = serve_all(waiting, {"large": 60, "small": 60}, visits=10, quantum=120)
    assert spent == {"large": 600, "small": 600}


def test_within_an_institution_priority_then_time_then_rank_decide():
    due = [
        Target("calm", 500, NOW - 9 * DAY_US),
        Target("later", 100, NOW - 1),
        Target("second", 100, NOW - 2, rank=2),
        Target("first", 100, NOW - 2, rank=1),
        Target("exploited", 0, NOW),
    ]
    done = visit(Turn("a"), due, NOW, cost_s=1, quantum_s=5, number=1)
    assert [one.name for one in done.served] == ["exploited", "first", "second", "later", "calm"]


def test_what_waited_two_intervals_goes_before_all_that_is_less_late():
    aged = Target("aged", 400, NOW - 28 * DAY_US)
    due = [Target("urgent", 100, NOW - DAY_US), aged]
    done = visit(Turn("a"), due, NOW, cost_s=1, quantum_s=1, number=1)
    assert done.served == (aged,)
    assert is_aged(400, NOW - 28 * DAY_US, NOW)
    assert not is_aged(400, NOW - 28 * DAY_US + 1, NOW)


def test_what_was_missed_in_a_downtime_is_caught_up_by_priority():
    missed = [Target(f"p{p}", p, NOW - 3 * DAY_US) for p in (500, 300, 400, 200)]
    done = visit(Turn("a"), missed, NOW, cost_s=1, quantum_s=9, number=1)
    assert [one.name for one in done.served] == ["p200", "p300", "p400", "p500"]


def test_credit_is_kept_while_work_waits_and_lost_when_none_does():
    saving = visit(Turn("a"), targets(3), NOW, cost_s=100, quantum_s=60, number=1)
    assert (saving.served, saving.turn) == ((), Turn("a", 1, 60))
    paid = visit(saving.turn, targets(3), NOW, cost_s=100, quantum_s=60, number=2)
    assert (len(paid.served), paid.turn.credit_s) == (1, 20)
    last = visit(paid.turn, targets(1), NOW, cost_s=100, quantum_s=600, number=3)
    assert (len(last.served), last.turn.credit_s) == (1, 0)


def test_newcomer_with_the_more_urgent_work_is_visited_first():
    calm, urgent = (500, NOW, 0), (0, NOW, 0)
    order = ring([(Turn("b"), calm), (Turn("c", 4), urgent), (Turn("a"), urgent)])
    assert [one.institution for one in order] == ["a", "b", "c"]


@pytest.mark.parametrize("wrong", [{"cost_s": 0}, {"quantum_s": 0}])
def test_visit_that_would_serve_nobody_ever_is_refused(wrong):
    with pytest.raises(ValueError, match="from 1"):
        visit(Turn("a"), [], NOW, **{"cost_s": 1, "quantum_s": 1, "number": 1} | wrong)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 40), min_size=2, max_size=4),
    st.integers(1, 60),
    st.integers(1, 6),
)
def test_shares_differ_by_one_quantum_and_one_target_at_the_most(costs, quantum, rounds):
    """As long as all have work waiting."""
    waiting = {code: targets(rounds * quantum // cost + 1) for code, cost in costs.items()}
    spent, _ = serve_all(waiting, costs, visits=rounds * len(costs), quantum=quantum)
    for code, cost in costs.items():
        assert rounds * quantum - cost < spent[code] <= rounds * quantum


@given(st.integers(1, 20), st.integers(1, 90), st.integers(5, 50))
def test_everything_is_served_in_the_end_and_nothing_twice(count, cost, quantum):
    waiting = {"a": targets(count), "b": targets(3)}
    spent, turns = serve_all(
        waiting, {"a": cost, "b": 1}, visits=2 * (count * cost // quantum + count + 9),
        quantum=quantum,
    )  # fmt: skip
    assert spent["a"] == count * cost
    assert spent["b"] == 3
    assert turns["a"].credit_s == 0


@given(
    st.lists(st.tuples(st.integers(0, CALMEST), st.integers(0, 400)), min_size=2, max_size=40),
)
def test_nothing_that_aged_waits_behind_what_is_neither_aged_nor_more_late(given_):
    due = [Target(f"{n}", p, NOW - days * DAY_US, n) for n, (p, days) in enumerate(given_)]
    served = visit(Turn("a"), due, NOW, cost_s=1, quantum_s=99, number=1).served
    for place, one in enumerate(served):
        if NOW - one.due_us >= 2 * interval_us(one.priority):
            for before in served[:place]:
                assert before.due_us <= one.due_us or before.priority == 0
