"""No more is sent than flows into the buckets, at any of the four levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.timing.buckets import (
    BURST_S,
    MILLION,
    Rate,
    demand,
    keys_of,
    manners_for,
    reserve,
    take,
    wait_us,
)

NOW = 1_800_000_000_000_000
RATES = st.builds(Rate, st.integers(1, 1000), st.integers(1, 5000))


def test_five_packets_a_second_to_an_address():
    manners = manners_for(5)
    wanted = demand(["39.32.10.7"], "hill-office", 50)
    wait, buckets = reserve({}, wanted, manners, NOW)
    assert wait == 0
    wait, none = reserve(buckets, demand(["39.32.10.7"], "hill-office", 5), manners, NOW)
    assert (wait, none) == (MILLION, {})
    wait, _ = reserve(
        buckets, demand(["39.32.10.7"], "hill-office", 5), manners, NOW + MILLION
    )  # fmt: skip
    assert wait == 0


def test_neighbours_share_the_bucket_of_their_network():
    assert keys_of("39.32.10.7", "a")[2] == keys_of("39.32.10.200", "b")[2] == (
        "network:39.32.10.0/24"
    )  # fmt: skip
    assert keys_of("2001:db8:1:2::1", "a")[2] == "network:2001:db8:1::/48"
    assert demand(["39.32.10.7", "39.32.10.8"], "a", 3) == {
        "system": 6, "institution:a": 6, "network:39.32.10.0/24": 6,
        "address:39.32.10.7": 3, "address:39.32.10.8": 3,
    }  # fmt: skip


def test_address_that_is_busy_holds_nobody_else_up():
    manners = manners_for(5)
    _, buckets = reserve({}, demand(["39.32.10.7"], "a", 60), manners, NOW)
    assert reserve(buckets, demand(["39.32.10.7"], "b", 1), manners, NOW)[0] > 0
    assert reserve(buckets, demand(["39.32.10.8"], "b", 1), manners, NOW)[0] == 0


def test_more_than_a_bucket_holds_is_taken_once_it_is_full_and_paid_back():
    rate = Rate(5, 50)
    assert wait_us(None, rate, 200, NOW) == 0
    after = take(None, rate, 200, NOW)
    assert after == NOW + 40 * MILLION
    assert wait_us(after, rate, 10, NOW) == 32 * MILLION


def test_clock_that_is_put_back_lets_nothing_flow_in():
    rate = Rate(5, 50)
    spent = take(None, rate, 50, NOW)
    assert wait_us(spent, rate, 5, NOW) == MILLION
    assert wait_us(spent, rate, 5, NOW - 60 * MILLION) == 61 * MILLION
    assert take(spent, rate, 0, NOW - 60 * MILLION) == spent


def test_nothing_is_taken_where_one_level_refuses():
    manners = manners_for(1)
    empty = {"system": NOW + BURST_S * MILLION}
    wait, changed = reserve(empty, demand(["39.32.10.7"], "a", 1), manners, NOW)
    assert 0 < wait <= MILLION // 256 + 1
    assert changed == {}
    assert reserve(empty, demand(["39.32.10.7"], "a", 1), manners, NOW + wait)[0] == 0


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (-5, 5)])
def test_rate_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="from 1"):
        Rate(*wrong)


@given(RATES, st.lists(st.tuples(st.integers(0, 20 * MILLION), st.integers(1, 400)), max_size=40))
def test_over_any_time_no_more_is_sent_than_rate_and_burst_allow(rate, asked):
    bucket, now, sent = None, NOW, []
    for pause, tokens in asked:
        now += pause
        wait = wait_us(bucket, rate, tokens, now)
        now += wait
        assert wait_us(bucket, rate, tokens, now) == 0
        bucket = take(bucket, rate, tokens, now)
        sent.append((now, tokens))
    for first in range(len(sent)):
        total = 0
        for at, tokens in sent[first:-1]:
            total += tokens
            # Each was taken while the debt of those before was paid: only the last may overdraw.
            before = total - tokens
            assert before * MILLION <= rate.burst * MILLION + rate.per_s * (at - sent[first][0])


@given(RATES, st.integers(1, 5000), st.integers(0, 10**12))
def test_waiting_is_exact(rate, tokens, passed):
    bucket = take(None, rate, rate.burst, NOW)
    now = NOW + passed
    wait = wait_us(bucket, rate, tokens, now)
    assert wait_us(bucket, rate, tokens, now + wait) == 0
    if wait:
        assert wait_us(bucket, rate, tokens, now + wait - 1) > 0


def test_burst_is_what_flows_in_ten_seconds():
    assert BURST_S == 10
    assert manners_for(5).address == Rate(5, 50)
    assert manners_for(5).network.per_s == 80


def test_rates_of_the_upper_levels_follow_from_the_first_or_are_given() -> None:
    usual = manners_for(5)
    assert (usual.network.per_s, usual.institution.per_s, usual.system.per_s) == (80, 80, 1280)
    told = manners_for(5, network_pps=7, institution_pps=50, system_pps=200)
    assert [rate.per_s for rate in (told.address, told.network)] == [5, 7]
    assert [rate.per_s for rate in (told.institution, told.system)] == [50, 200]
    assert told.network.burst == 7 * BURST_S


def test_level_with_the_fewest_tokens_decides() -> None:
    manners = manners_for(1000, network_pps=10)
    wanted = demand(["192.0.2.1"], "hill-office", 100)
    wait, full = reserve({}, wanted, manners, 0)
    assert wait == 0
    wait, _ = reserve(full, wanted, manners, 0)
    assert wait == 100 * MILLION // 10
