"""Each row of the table 'Reading nmap', on files written for the test."""

import io

import pytest

from cyberposture.model.observations import ExtraPorts, Fact, HostFact, PortFact, ScriptOutput
from cyberposture.scanning.parse import ParsedScan, parse
from cyberposture.scanning.reading import (
    compact_host,
    has_answered,
    is_conclusive,
    perhaps_blocked,
    read_facts,
    state_of,
)

REQUESTED = ["127.0.0.1", "127.0.0.2"]
SCANINFO = '<scaninfo type="connect" protocol="tcp" numservices="100" services="1-100"/>'
SUCCESS = '<runstats><finished time="1795322160" exit="success"/><hosts total="%d"/></runstats>'
ERROR = '<runstats><finished time="1795322160" exit="error" errormsg="no route"/></runstats>'
END = "</nmaprun>"


def make_element(
    address: str = "127.0.0.1", *, inside: str = "", attributes: str = "", state: str = "up"
) -> str:
    return (
        f'<host {attributes}><status state="{state}"/><address addr="{address}" addrtype="ipv4"/>'
        f"{inside}</host>"
    )


def read(*parts: str) -> ParsedScan:
    text = '<nmaprun scanner="nmap" start="1795322156" version="7.93">' + SCANINFO + "".join(parts)
    return parse(io.BytesIO(text.encode()), REQUESTED)


def facts_of(*parts: str) -> dict[str, Fact]:
    return {fact.address: fact for fact in read_facts(read(*parts), technique="tcp-ports")}


def outcomes_of(*parts: str) -> list[str]:
    facts = facts_of(*parts)
    return [facts[address].outcome for address in REQUESTED]


CLOSED = (
    '<ports><extraports state="closed" count="99"/>'
    '<port protocol="tcp" portid="22"><state state="open"/></port></ports>'
)


def test_a_host_that_timed_out_is_never_all_closed():
    facts = facts_of(make_element(attributes='timedout="true"'), SUCCESS % 1, END)
    fact = facts["127.0.0.1"]
    assert fact.outcome == "timed-out"
    assert {state_of(fact, "tcp", port) for port in (1, 22, 100)} == {"unknown"}
    assert state_of(fact, "tcp", 101) == "not-tested"
    assert not is_conclusive(fact, "tcp", 22)


def test_a_success_without_any_host_tested_nothing():
    assert outcomes_of(SUCCESS % 0, END) == ["not-tested", "not-tested"]


def test_a_success_that_looked_at_addresses_without_naming_one_tried_them():
    assert outcomes_of(SUCCESS % 2, END) == ["no-answer", "no-answer"]


def test_finished_hosts_of_a_cut_file_count_and_the_rest_is_not_tested():
    facts = facts_of(make_element(inside=CLOSED), "<host>")
    assert facts["127.0.0.1"].outcome == "answered"
    assert state_of(facts["127.0.0.1"], "tcp", 22) == "open"
    assert facts["127.0.0.2"].outcome == "not-tested"
    assert state_of(facts["127.0.0.2"], "tcp", 22) == "not-tested"


@pytest.mark.parametrize("statistics", ["", "<runstats><finished time='1'/></runstats>"])
def test_without_exit_or_statistics_only_the_end_makes_a_file_complete(statistics):
    assert outcomes_of(make_element(inside=CLOSED), statistics, END) == ["answered", "no-answer"]
    assert outcomes_of(make_element(inside=CLOSED), statistics) == ["answered", "not-tested"]


def test_an_error_makes_everything_inconclusive():
    facts = facts_of(make_element(inside=CLOSED), ERROR, END)
    assert {fact.outcome for fact in facts.values()} == {"error"}
    assert {state_of(fact, "tcp", 22) for fact in facts.values()} == {"unknown"}
    assert not has_answered(facts["127.0.0.1"])


def test_a_file_that_ends_in_an_error_is_complete_all_the_same():
    scan = read(ERROR, END)
    assert (scan.complete, scan.exit, scan.error) == (True, "error", "no route")


def test_a_host_that_is_missing_from_a_complete_file_is_never_clean():
    fact = facts_of(make_element(inside=CLOSED), SUCCESS % 2, END)["127.0.0.2"]
    assert fact.outcome == "no-answer"
    assert fact.host is None
    assert state_of(fact, "tcp", 22) == "unknown"
    assert not has_answered(fact)


def test_a_host_that_is_reported_down_gave_no_answer():
    facts = facts_of(make_element(state="down"), SUCCESS % 2, END)
    assert facts["127.0.0.1"].outcome == "no-answer"
    assert state_of(facts["127.0.0.1"], "tcp", 22) == "unknown"


@pytest.mark.parametrize("state", ["unknown", "skipped"])
def test_a_host_that_was_merely_listed_was_not_tested(state):
    facts = facts_of(make_element(state=state), SUCCESS % 1, END)
    assert facts["127.0.0.1"].outcome == "not-tested"


def test_an_address_that_stands_twice_gives_one_fact():
    twice = make_element(inside=CLOSED) * 2
    facts = list(read_facts(read(twice, SUCCESS % 2, END), technique="tcp-ports"))
    assert [fact.address for fact in facts] == REQUESTED


def test_an_address_with_one_time_out_is_open_where_that_was_seen_and_else_unknown():
    twice = make_element(inside=CLOSED.replace('count="99"', 'count="9"'))
    facts = facts_of(twice, make_element(attributes='timedout="true"'), SUCCESS % 2, END)
    assert facts["127.0.0.1"].outcome == "timed-out"
    assert state_of(facts["127.0.0.1"], "tcp", 22) == "open"
    assert state_of(facts["127.0.0.1"], "tcp", 23) == "unknown"


def test_a_fact_says_who_looked_how_when_and_at_what():
    scan = read(make_element(attributes='starttime="1795322157"'), SUCCESS % 1, END)
    digest = "ab" * 32
    first, second = read_facts(
        scan,
        technique="tcp-ports",
        vantage="internal:servers",
        artefact=digest,
        parameters={"rate_pps": 50},
    )
    assert (first.technique, first.vantage) == ("tcp-ports", "internal:servers")
    assert first.scanner == "nmap 7.93"
    assert first.artefact == second.artefact == digest
    assert first.tested == second.tested == {"tcp": ((1, 100),)}
    assert first.parameters == {"rate_pps": 50}
    assert first.started_at.isoformat() == "2026-11-22T04:35:57+00:00"
    assert first.ended_at.isoformat() == "2026-11-22T04:36:00+00:00"
    assert second.started_at.isoformat() == "2026-11-22T04:35:56+00:00"


def make_fact(
    *ports: PortFact,
    extra: tuple[ExtraPorts, ...] = (),
    tested: dict[str, tuple[tuple[int, int], ...]] | None = None,
) -> Fact:
    host = HostFact(address="127.0.0.1", state="up", ports=ports, extra=extra)
    return Fact(
        address="127.0.0.1", technique="tcp-ports", outcome="answered", host=host, tested=tested
    )


def make_port(number: int, state: str = "open", protocol: str = "tcp", **more: str) -> PortFact:
    return PortFact(protocol=protocol, port=number, state=state, **more)


def make_extra(state: str, *ranges: tuple[int, int], protocol: str = "tcp") -> ExtraPorts:
    count = sum(last - first + 1 for first, last in ranges)
    return ExtraPorts(protocol=protocol, state=state, count=count, ranges=ranges)


@pytest.mark.parametrize(
    "state",
    ["open", "closed", "filtered", "unfiltered", "open|filtered", "closed|filtered", "unknown"],
)
def test_every_state_of_nmap_is_told_named_or_summed_up(state):
    fact = make_fact(make_port(22, state), extra=(make_extra(state, (80, 90)),))
    assert state_of(fact, "tcp", 22) == state
    assert state_of(fact, "tcp", 85) == state
    assert state_of(fact, "udp", 85) == "not-tested"


@pytest.mark.parametrize("state", ["open|filtered", "closed|filtered", "unknown", "unfiltered"])
def test_a_state_that_is_open_to_doubt_is_inconclusive_for_that_port(state):
    fact = make_fact(make_port(53, state), make_port(22))
    assert not is_conclusive(fact, "tcp", 53)
    assert is_conclusive(fact, "tcp", 22)


@pytest.mark.parametrize("service", ["tcpwrapped", "ssl/tcpwrapped"])
def test_tcpwrapped_is_neither_open_nor_closed(service):
    fact = make_fact(make_port(8443, service=service, method="probed"))
    assert state_of(fact, "tcp", 8443) == "tcpwrapped"
    assert not is_conclusive(fact, "tcp", 8443)
    assert has_answered(fact)


def test_a_mixed_remainder_is_unknown_where_it_was_tested():
    mixed = tuple(ExtraPorts(state=state, count=50) for state in ("closed", "filtered"))
    fact = make_fact(extra=mixed, tested={"tcp": ((1, 100),)})
    assert state_of(fact, "tcp", 50) == "unknown"
    assert state_of(fact, "tcp", 101) == "not-tested"
    assert state_of(fact, "udp", 50) == "not-tested"


def test_a_mixed_remainder_is_unknown_everywhere_if_nobody_says_what_was_tested():
    mixed = tuple(ExtraPorts(state=state, count=50) for state in ("closed", "filtered"))
    assert state_of(make_fact(extra=mixed), "tcp", 50) == "unknown"


def test_filtered_is_conclusive_only_where_the_host_answered_somewhere():
    silent = make_fact(make_port(22, "filtered"), extra=(make_extra("filtered", (80, 90)),))
    assert not has_answered(silent)
    assert not is_conclusive(silent, "tcp", 22)
    for answer in (make_port(25, "open"), make_port(25, "closed")):
        fact = make_fact(make_port(22, "filtered"), answer)
        assert has_answered(fact)
        assert is_conclusive(fact, "tcp", 22)


def test_a_remainder_that_is_closed_is_an_answer():
    assert has_answered(make_fact(extra=(make_extra("closed", (1, 9)),)))
    assert has_answered(make_fact(extra=(ExtraPorts(state="closed", count=9),)))
    assert not has_answered(make_fact(extra=(ExtraPorts(state="closed", count=0),)))


FORMERLY_OPEN = {("tcp", 22), ("tcp", 443), ("udp", 53)}


def test_all_formerly_open_ports_filtered_at_once_is_perhaps_a_block():
    now = make_fact(
        make_port(22, "filtered"),
        make_port(53, "open|filtered", protocol="udp"),
        make_port(8080, "closed"),
        extra=(make_extra("filtered", (400, 500)),),
    )
    assert perhaps_blocked(FORMERLY_OPEN, now)


@pytest.mark.parametrize("state", ["open", "closed", "unknown"])
def test_one_port_that_is_not_silent_is_no_block(state):
    now = make_fact(make_port(22, "filtered"), make_port(443, state))
    assert not perhaps_blocked(FORMERLY_OPEN, now)


def test_ports_that_were_not_tried_again_say_nothing_of_a_block():
    tested = {"tcp": ((22, 22),)}
    assert perhaps_blocked(FORMERLY_OPEN, make_fact(make_port(22, "filtered"), tested=tested))
    assert not perhaps_blocked(FORMERLY_OPEN, make_fact(make_port(25, "filtered"), tested=tested))
    assert not perhaps_blocked(set(), make_fact(make_port(22, "filtered")))


def test_a_compact_host_keeps_rows_for_what_is_open_or_tells_something():
    banner = ScriptOutput(id="banner", output="x")
    telling = (
        make_port(22),
        make_port(53, "open", protocol="udp"),
        make_port(80, "closed").model_copy(update={"scripts": (banner,)}),
        make_port(81, "filtered", method="probed"),
    )
    quiet = (make_port(23, "closed"), make_port(24, "closed"), make_port(161, "filtered"))
    host = HostFact(
        address="127.0.0.1",
        state="up",
        ports=(*telling, *quiet),
        extra=(make_extra("closed", (1, 20)), ExtraPorts(state="filtered", count=5)),
    )
    compact = compact_host(host)
    assert compact.ports == telling
    assert compact.extra == (
        make_extra("closed", (1, 20), (23, 24)),
        ExtraPorts(state="filtered", count=5),
        make_extra("filtered", (161, 161)),
    )


def test_a_compact_host_says_of_every_port_what_the_host_said():
    ports = [make_port(n, ("open", "closed", "filtered", "unknown")[n % 4]) for n in range(1, 40)]
    host = HostFact(
        address="127.0.0.1",
        state="up",
        ports=tuple(ports),
        extra=(make_extra("closed", (50, 60)), make_extra("filtered", (40, 49))),
    )
    whole, compact = make_fact(), make_fact()
    whole = whole.model_copy(update={"host": host})
    compact = compact.model_copy(update={"host": compact_host(host)})
    assert len(compact.host.ports) == 9
    for port in range(1, 70):
        assert state_of(whole, "tcp", port) == state_of(compact, "tcp", port)


def test_a_host_with_nothing_to_sum_up_stays_as_it_is():
    host = HostFact(address="127.0.0.1", state="up", ports=(make_port(22),))
    assert compact_host(host) is host


def test_the_facts_of_a_scan_are_compact():
    ports = CLOSED.replace('count="99"', 'count="98"').replace(
        "</ports>", '<port protocol="tcp" portid="23"><state state="closed"/></port></ports>'
    )
    fact = facts_of(make_element(inside=ports), SUCCESS % 1, END)["127.0.0.1"]
    assert [port.port for port in fact.host.ports] == [22]
    assert [group.ranges for group in fact.host.extra] == [((1, 21), (23, 100))]


SAMPLES = {
    "all_excluded.xml": {"127.0.0.1": "not-tested"},
    "unresolved_name.xml": {"127.0.0.1": "not-tested"},
    "timedout_no_ports.xml": {"127.0.0.1": "timed-out"},
    "truncated_1_of_3.xml": {
        "127.0.0.1": "answered",
        "127.0.0.2": "not-tested",
        "127.0.0.3": "not-tested",
    },
    "resumed_3_of_3.xml": dict.fromkeys(["127.0.0.1", "127.0.0.2", "127.0.0.3"], "answered"),
    "mixed_family_v4_dropped.xml": {"::1": "answered", "127.0.0.1": "no-answer"},
    "duplicate_target.xml": {"127.0.0.1": "answered"},
    "discovery_only.xml": {"127.0.0.3": "answered", "127.0.0.4": "no-answer"},
}


@pytest.mark.parametrize("name", SAMPLES)
def test_recorded_files_read_as_the_table_says(name, shared):
    expected = SAMPLES[name]
    scan = parse(shared / "samples" / "nmap" / name, list(expected))
    found = {fact.address: fact.outcome for fact in read_facts(scan, technique="tcp-ports")}
    assert found.items() >= expected.items()


def test_a_mere_discovery_tests_no_port(shared):
    scan = parse(shared / "samples" / "nmap" / "discovery_only.xml")
    fact = next(read_facts(scan, technique="host-discovery"))
    assert fact.tested == {}
    assert state_of(fact, "tcp", 22) == "not-tested"
