"""What many facts of one host say together, row by row of the table on reading nmap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cyberposture.model.observations import (
    ExtraPorts,
    Fact,
    HostFact,
    HTTPFact,
    PortFact,
    TLSFact,
)
from cyberposture.scanning.judging.hostview import HostView, view_host
from cyberposture.scanning.reading.states import State

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
ADDRESS = "192.0.2.7"


def a_fact(
    ports: dict[int, str] | None = None,
    *,
    tested: tuple[tuple[int, int], ...] | None = ((1, 100),),
    extra: tuple[ExtraPorts, ...] = (),
    hours: int = 0,
    services: dict[int, str] | None = None,
    **changes: Any,
) -> Fact:
    services = services or {}
    timed_out = changes.pop("timed_out", False)
    state = changes.pop("state", "up")
    host = HostFact(
        address=ADDRESS,
        state=state,
        timed_out=timed_out,
        ports=tuple(
            PortFact(
                protocol="tcp",
                port=port,
                state=word,
                service=services.get(port),
                method="probed" if port in services else None,
            )
            for port, word in (ports or {}).items()
        ),
        extra=extra,
    )
    fields: dict[str, Any] = {
        "address": ADDRESS,
        "technique": "tcp-ports",
        "outcome": "answered",
        "tested": None if tested is None else {"tcp": tested},
        "host": host,
        "started_at": NOON + timedelta(hours=hours),
    }
    return Fact(**{**fields, **changes})


def closed_rest(count: int, **changes: Any) -> tuple[ExtraPorts, ...]:
    return (ExtraPorts(**{"state": "closed", "count": count, **changes}),)


def state_of(port: int, *facts: Fact) -> State:
    return view_host(facts).state("tcp", port)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("open", State.OPEN),
        ("closed", State.CLOSED),
        ("filtered", State.FILTERED),
        ("unfiltered", State.INCONCLUSIVE),
        ("open|filtered", State.INCONCLUSIVE),
        ("closed|filtered", State.INCONCLUSIVE),
        ("unknown", State.INCONCLUSIVE),
        ("an invented word", State.INCONCLUSIVE),
    ],
)
def test_a_state_word_means_what_the_table_says(word: str, state: State) -> None:
    summed = (ExtraPorts(state=word, count=11, ranges=((30, 40),)),)
    view = view_host([a_fact({22: word, 80: "open"}, extra=summed)])
    assert (view.state("tcp", 22), view.state("tcp", 35)) == (state, state)
    assert view.state("udp", 35) is State.NOT_TESTED
    assert view.state("tcp", 80) is State.OPEN


def test_a_host_that_timed_out_is_inconclusive_and_never_closed() -> None:
    view = view_host([a_fact(timed_out=True)])
    assert {view.state("tcp", port) for port in range(1, 101)} == {State.INCONCLUSIVE}
    assert (view.tried, view.answered) == (True, False)


def test_a_timed_out_host_keeps_the_ports_it_showed_open_and_nothing_else() -> None:
    view = view_host([a_fact({22: "open", 23: "closed"}, timed_out=True)])
    assert view.state("tcp", 22) is State.OPEN
    assert view.state("tcp", 23) is State.INCONCLUSIVE


def test_a_run_that_ended_in_an_error_decides_no_port_that_it_names() -> None:
    fact = a_fact({22: "open", 23: "closed"}, services={22: "ssh"}, outcome="error")
    view = view_host([fact])
    assert {view.state("tcp", port) for port in (22, 23, 24)} == {State.INCONCLUSIVE}
    assert (view.tried, view.answered, view.services) == (True, False, {})


@pytest.mark.parametrize("outcome", ["timed-out", "no-answer", "error"])
def test_a_try_without_an_answer_is_inconclusive_for_what_was_asked(outcome: str) -> None:
    view = view_host([a_fact(outcome=outcome, host=None)])
    assert view.state("tcp", 22) is State.INCONCLUSIVE
    assert view.state("tcp", 101) is State.NOT_TESTED
    assert view.tried


def test_a_host_that_is_down_was_tried_in_vain() -> None:
    assert state_of(22, a_fact(state="down")) is State.INCONCLUSIVE


def test_a_failed_try_of_unknown_ports_leaves_every_port_of_its_protocol_open_to_doubt() -> None:
    view = view_host([a_fact(outcome="no-answer", host=None, tested=None)])
    assert view.state("tcp", 22) is State.INCONCLUSIVE
    assert view.state("udp", 161) is State.NOT_TESTED
    assert not view.is_clear("tcp")


def test_what_was_not_tested_stays_not_tested() -> None:
    view = view_host([a_fact(outcome="not-tested", host=None)])
    assert view.state("tcp", 22) is State.NOT_TESTED
    assert not view.tried


def test_a_host_found_by_discovery_alone_has_nothing_tested() -> None:
    view = view_host([a_fact(tested=None)])
    assert view.state("tcp", 22) is State.NOT_TESTED
    assert not view.tried


def test_the_rest_is_closed_where_its_only_group_accounts_for_it() -> None:
    assert state_of(50, a_fact({22: "open"}, extra=closed_rest(99))) is State.CLOSED


@pytest.mark.parametrize(
    "extra",
    [
        closed_rest(98),
        (ExtraPorts(state="closed", count=90), ExtraPorts(state="filtered", count=9)),
        (),
        closed_rest(99, protocol="any"),
    ],
    ids=["a count that does not fit", "a mixed rest", "no rest told", "a protocol not told"],
)
def test_a_rest_that_is_not_told_exactly_is_inconclusive(extra: tuple[ExtraPorts, ...]) -> None:
    view = view_host([a_fact({22: "open"}, extra=extra)])
    assert view.state("tcp", 50) is State.INCONCLUSIVE
    assert view.state("tcp", 101) is State.NOT_TESTED
    assert view.state("udp", 50) is State.NOT_TESTED
    assert not view.is_clear("tcp")


def test_ranges_tell_a_mixed_rest_apart() -> None:
    extra = (
        ExtraPorts(state="closed", count=49, ranges=((1, 21), (23, 50))),
        ExtraPorts(state="filtered", count=50, ranges=((51, 100),)),
    )
    view = view_host([a_fact({22: "open"}, extra=extra)])
    assert view.state("tcp", 21) is State.CLOSED
    assert view.state("tcp", 100) is State.FILTERED
    assert view.state("tcp", 101) is State.NOT_TESTED
    assert view.is_clear("tcp")


def test_without_what_was_asked_an_unnamed_port_is_not_tested() -> None:
    assert state_of(50, a_fact({22: "open"}, tested=None)) is State.NOT_TESTED


@pytest.mark.parametrize(
    "extra",
    [
        closed_rest(99),
        closed_rest(99, protocol="any"),
        (ExtraPorts(state="closed", count=49), ExtraPorts(state="filtered", count=50)),
    ],
    ids=["of one state", "of any protocol", "mixed"],
)
def test_without_what_was_asked_any_port_may_be_among_those_summed_up(
    extra: tuple[ExtraPorts, ...],
) -> None:
    view = view_host([a_fact({22: "open"}, tested=None, extra=extra)])
    assert view.state("tcp", 22) is State.OPEN
    assert view.state("tcp", 50) is State.INCONCLUSIVE
    assert view.state("udp", 50) is State.NOT_TESTED
    assert not view.is_clear("tcp")


@pytest.mark.parametrize("answer", ["open", "closed"])
def test_filtered_counts_only_where_the_host_answered_somewhere(answer: str) -> None:
    filtered = (ExtraPorts(state="filtered", count=100),)
    assert state_of(50, a_fact(extra=filtered)) is State.INCONCLUSIVE
    answered = a_fact({22: answer}, extra=(ExtraPorts(state="filtered", count=99),))
    assert state_of(50, answered) is State.FILTERED


@pytest.mark.parametrize(
    "extra",
    [
        closed_rest(9, ranges=((1, 9),)),
        (ExtraPorts(state="closed", count=50), ExtraPorts(state="filtered", count=49)),
    ],
    ids=["with its ranges", "in a mixed rest"],
)
@pytest.mark.parametrize("tested", [((1, 100),), None])
def test_ports_that_are_summed_up_as_closed_are_an_answer(
    extra: tuple[ExtraPorts, ...], tested: tuple[tuple[int, int], ...] | None
) -> None:
    view = view_host([a_fact({22: "filtered"}, tested=tested, extra=extra)])
    assert view.answered
    assert view.state("tcp", 22) is State.FILTERED


def test_a_sum_of_no_ports_is_neither_an_answer_nor_a_doubt() -> None:
    view = view_host([a_fact(tested=None, extra=closed_rest(0))])
    assert (view.answered, view.tried) == (False, False)


def test_an_answer_to_another_technique_makes_filtered_count() -> None:
    filtered = a_fact({}, extra=(ExtraPorts(state="filtered", count=100),))
    elsewhere = a_fact({502: "closed"}, tested=((502, 502),), technique="ot-ports", hours=-1)
    assert state_of(50, elsewhere, filtered) is State.FILTERED


def test_everything_filtered_that_was_open_before_is_perhaps_a_block() -> None:
    before = a_fact({22: "open"}, extra=closed_rest(99))
    after = a_fact(extra=(ExtraPorts(state="filtered", count=100),), hours=1)
    assert state_of(22, before, after) is State.OPEN


FORMERLY_OPEN = a_fact({22: "open", 443: "open"}, tested=((22, 22), (443, 443)))


@pytest.mark.parametrize("second", ["filtered", "open|filtered"])
def test_an_answer_elsewhere_excuses_no_run_that_silenced_all_that_was_open(second: str) -> None:
    ports = {22: "filtered", 443: second, 8080: "closed", 8443: "open", 23: "filtered"}
    view = view_host([FORMERLY_OPEN, a_fact(ports, tested=((1, 9000),), hours=1)])
    assert (view.state("tcp", 22), view.state("tcp", 443)) == (State.OPEN, State.OPEN)
    assert view.state("tcp", 23) is State.INCONCLUSIVE
    assert view.state("tcp", 8080) is State.CLOSED


@pytest.mark.parametrize("second", ["open", "closed"])
def test_one_formerly_open_port_that_still_answers_makes_filtered_count(second: str) -> None:
    after = a_fact({22: "filtered", 443: second}, tested=((22, 22), (443, 443)), hours=1)
    assert state_of(22, FORMERLY_OPEN, after) is State.FILTERED


def test_ports_that_were_not_tried_again_say_nothing_of_a_block() -> None:
    partly = a_fact({22: "filtered", 80: "closed"}, tested=((22, 22), (80, 80)), hours=1)
    assert state_of(22, FORMERLY_OPEN, partly) is State.OPEN
    elsewhere = a_fact({25: "filtered", 80: "closed"}, tested=((25, 25), (80, 80)), hours=1)
    assert state_of(25, FORMERLY_OPEN, elsewhere) is State.FILTERED


def test_a_newer_conclusive_answer_wins_whatever_the_order_of_the_facts() -> None:
    before = a_fact({22: "open"}, tested=((22, 22),))
    after = a_fact({22: "closed"}, tested=((22, 22),), hours=1)
    assert state_of(22, before, after) is State.CLOSED
    assert state_of(22, after, before) is State.CLOSED


def test_a_newer_try_in_vain_hides_no_older_answer() -> None:
    before = a_fact({22: "open"}, extra=closed_rest(99))
    after = a_fact(outcome="timed-out", host=None, hours=1)
    view = view_host([before, after])
    assert view.state("tcp", 22) is State.OPEN
    assert view.state("tcp", 23) is State.CLOSED
    assert view.is_clear("tcp")


def test_facts_without_a_moment_are_older_and_later_ones_newer() -> None:
    undated = a_fact({22: "open"}, started_at=None)
    undated_later = a_fact({22: "closed"}, started_at=None)
    assert state_of(22, undated, undated_later) is State.CLOSED
    assert state_of(22, undated_later, undated) is State.OPEN
    assert state_of(22, a_fact({22: "open"}), undated_later) is State.OPEN


@pytest.mark.parametrize("service", ["tcpwrapped", "ssl/tcpwrapped"])
def test_tcpwrapped_is_neither_open_nor_closed(service: str) -> None:
    view = view_host([a_fact({22: "open"}), a_fact({22: "open"}, services={22: service})])
    assert view.state("tcp", 22) is State.TCPWRAPPED
    assert view.answered
    assert (view.open_ports("tcp"), view.tls_ports(at_once=False)) == ([], [])
    assert not view.is_clear("tcp")


def test_an_answered_exchange_outweighs_tcpwrapped() -> None:
    wrapped = a_fact({443: "open"}, services={443: "tcpwrapped"})
    shake = TLSFact(address=ADDRESS, port=443, outcome="answered", version="TLSv1.3")
    spoken = Fact(
        address=ADDRESS,
        technique="tls-handshake",
        outcome="answered",
        tls=(shake,),
        started_at=NOON,
    )
    assert state_of(443, wrapped, spoken) is State.OPEN


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("answered", State.OPEN),
        ("no-http", State.OPEN),
        ("refused", State.CLOSED),
        ("timed-out", State.INCONCLUSIVE),
        ("failed", State.INCONCLUSIVE),
    ],
)
def test_our_own_exchange_tells_the_state_of_its_port(outcome: str, state: State) -> None:
    page = HTTPFact.model_validate(
        {"address": ADDRESS, "port": 8080, "tls": False, "outcome": outcome}
    )
    fact = Fact(address=ADDRESS, technique="http-exchange", outcome="answered", http=(page,))
    assert state_of(8080, fact) is state


def test_a_guessed_service_is_no_service() -> None:
    guess = PortFact(protocol="tcp", port=23, state="open", service="telnet", method="table")
    fact = a_fact().model_copy(
        update={"host": HostFact(address=ADDRESS, state="up", ports=(guess,))}
    )
    assert view_host([fact]).services == {}


def test_the_newest_service_stands() -> None:
    old = a_fact({22: "open"}, services={22: "ssh"})
    new = a_fact({22: "open"}, services={22: "http"}, hours=1)
    assert view_host([new, old]).services[("tcp", 22)].service == "http"


def test_a_sum_of_open_ports_that_nobody_named_leaves_doubt() -> None:
    view = view_host([a_fact({22: "closed"}, extra=(ExtraPorts(state="open", count=99),))])
    assert not view.is_clear("tcp")


def test_doubt_in_one_run_is_lifted_only_where_another_decided_all_of_it() -> None:
    doubt = a_fact(tested=((10, 60),), outcome="timed-out", host=None, hours=1)
    half = a_fact(tested=((1, 50),), extra=closed_rest(50, ranges=((1, 50),)))
    whole = a_fact(extra=closed_rest(100, ranges=((1, 100),)))
    assert not view_host([doubt, half]).is_clear("tcp")
    assert view_host([doubt, whole]).is_clear("tcp")


def web_of(*pages: HTTPFact) -> HostView:
    fact = Fact(address=ADDRESS, technique="http-exchange", outcome="answered", http=pages)
    return view_host([fact])


def a_page(port: int, tls: bool, outcome: str = "answered", **changes: Any) -> HTTPFact:
    return HTTPFact.model_validate(
        {"address": ADDRESS, "port": port, "tls": tls, "outcome": outcome, **changes}
    )


def test_web_ports_are_told_by_exchange_and_by_service() -> None:
    view = view_host(
        [
            a_fact({80: "open", 8443: "open", 22: "open"}, services={80: "http", 8443: "ssl/http"}),
            Fact(
                address=ADDRESS,
                technique="http-exchange",
                outcome="answered",
                http=(a_page(8080, False), a_page(9000, False, "no-http")),
            ),
        ]
    )
    assert view.web_ports(tls=False) == [80, 8080]
    assert view.web_ports(tls=True) == [8443]
    assert view.tls_ports(at_once=True) == [8443]


def test_a_page_asked_in_the_clear_at_a_tls_port_makes_no_plain_web_service() -> None:
    view = web_of(a_page(443, True), a_page(443, False, status=400))
    assert view.web_ports(tls=False) == []


def test_a_refused_exchange_makes_no_endpoint_but_an_unfinished_one_does() -> None:
    view = web_of(a_page(80, False, "refused"), a_page(8080, False, "timed-out"))
    assert view.web_ports(tls=False) == [8080]


def test_an_answer_is_kept_beside_a_newer_silence() -> None:
    answered = a_page(80, False, status=200)
    silent = a_page(80, False, "timed-out")
    for pages in ((answered, silent), (silent, answered)):
        assert web_of(*pages).web[(80, False)][None]["/"].outcome == "answered"


def test_hosts_with_equal_ports_are_alike_and_others_are_not() -> None:
    one = a_fact({22: "open"}, extra=closed_rest(99))
    other = a_fact({23: "open"}, extra=closed_rest(99))
    assert view_host([one]).likeness() == view_host([one]).likeness()
    assert view_host([one]).likeness() != view_host([other]).likeness()
    assert view_host([one], vantage="internal:a").likeness() != view_host([one]).likeness()
    assert view_host([a_fact({22: "open"}, services={22: "ssh"})]).likeness() is None
