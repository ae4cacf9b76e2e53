"""Each row of the table 'Reading nmap', from files made for the test to states and verdicts.

What facts say together, however they were made, is tried in `test_hostview.py`.
"""

import io

import pytest
from check_samples import a_check
from view_samples import states_of

from cyberposture.model.observations import ExtraPorts, Fact, HostFact, PortFact, ScriptOutput
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.hostview import view_host
from cyberposture.scanning.reading.facts import compact_host, read_facts
from cyberposture.scanning.reading.parse import ParsedScan, parse
from cyberposture.scanning.reading.states import State

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


NO_OPEN_PORTS = a_check(endpoints={"ports": [22, 23]}, fails_when={"port_open": "any"})


def verdicts_of(fact: Fact) -> dict[int | None, str]:
    """Return what a check of ports 22 and 23, which must not be open, says of the host."""
    rows = compile_checks([NO_OPEN_PORTS]).judge_host([fact], None, "external")
    return {row.port: row.verdict for row in rows}


CLOSED = (
    '<ports><extraports state="closed" count="99"/>'
    '<port protocol="tcp" portid="22"><state state="open"/></port></ports>'
)


def test_a_host_that_answers_is_judged_port_by_port():
    fact = facts_of(make_element(inside=CLOSED), SUCCESS % 1, END)["127.0.0.1"]
    assert states_of(fact, 22, 23, 101) == [State.OPEN, State.CLOSED, State.NOT_TESTED]
    assert verdicts_of(fact) == {22: "fail", 23: "pass"}


def test_a_host_that_timed_out_is_never_all_closed():
    fact = facts_of(make_element(attributes='timedout="true"'), SUCCESS % 1, END)["127.0.0.1"]
    assert fact.outcome == "timed-out"
    assert set(states_of(fact, 1, 22, 100)) == {State.INCONCLUSIVE}
    assert states_of(fact, 101) == [State.NOT_TESTED]
    assert verdicts_of(fact) == {None: "inconclusive"}


def test_a_success_without_any_host_tested_nothing():
    assert outcomes_of(SUCCESS % 0, END) == ["not-tested", "not-tested"]
    for fact in facts_of(SUCCESS % 0, END).values():
        assert states_of(fact, 22) == [State.NOT_TESTED]
        assert verdicts_of(fact) == {None: "not-tested"}


def test_a_success_that_looked_at_addresses_without_naming_one_tried_them():
    assert outcomes_of(SUCCESS % 2, END) == ["no-answer", "no-answer"]


def test_finished_hosts_of_a_cut_file_count_and_the_rest_is_not_tested():
    facts = facts_of(make_element(inside=CLOSED), "<host>")
    first, second = facts["127.0.0.1"], facts["127.0.0.2"]
    assert (first.outcome, second.outcome) == ("answered", "not-tested")
    assert (states_of(first, 22), states_of(second, 22)) == ([State.OPEN], [State.NOT_TESTED])
    assert verdicts_of(first) == {22: "fail", 23: "pass"}
    assert verdicts_of(second) == {None: "not-tested"}


@pytest.mark.parametrize("statistics", ["", "<runstats><finished time='1'/></runstats>"])
def test_without_exit_or_statistics_only_the_end_makes_a_file_complete(statistics):
    assert outcomes_of(make_element(inside=CLOSED), statistics, END) == ["answered", "no-answer"]
    assert outcomes_of(make_element(inside=CLOSED), statistics) == ["answered", "not-tested"]


def test_an_error_makes_everything_inconclusive():
    facts = facts_of(make_element(inside=CLOSED), ERROR, END)
    for fact in facts.values():
        assert fact.outcome == "error"
        assert states_of(fact, 22, 23) == [State.INCONCLUSIVE] * 2
        assert not view_host([fact]).answered
        assert verdicts_of(fact) == {None: "inconclusive"}


def test_a_file_that_ends_in_an_error_is_complete_all_the_same():
    scan = read(ERROR, END)
    assert (scan.complete, scan.exit, scan.error) == (True, "error", "no route")


def test_a_host_that_is_missing_from_a_complete_file_is_never_clean():
    fact = facts_of(make_element(inside=CLOSED), SUCCESS % 2, END)["127.0.0.2"]
    assert (fact.outcome, fact.host) == ("no-answer", None)
    assert states_of(fact, 22) == [State.INCONCLUSIVE]
    assert not view_host([fact]).answered
    assert verdicts_of(fact) == {None: "inconclusive"}


def test_a_host_that_is_reported_down_gave_no_answer():
    fact = facts_of(make_element(state="down"), SUCCESS % 2, END)["127.0.0.1"]
    assert fact.outcome == "no-answer"
    assert states_of(fact, 22) == [State.INCONCLUSIVE]
    assert verdicts_of(fact) == {None: "inconclusive"}


@pytest.mark.parametrize("state", ["unknown", "skipped"])
def test_a_host_that_was_merely_listed_was_not_tested(state):
    fact = facts_of(make_element(state=state), SUCCESS % 1, END)["127.0.0.1"]
    assert fact.outcome == "not-tested"
    assert verdicts_of(fact) == {None: "not-tested"}


def test_an_address_that_stands_twice_gives_one_fact():
    twice = make_element(inside=CLOSED) * 2
    facts = list(read_facts(read(twice, SUCCESS % 2, END), technique="tcp-ports"))
    assert [fact.address for fact in facts] == REQUESTED
    assert states_of(facts[0], 22, 23) == [State.OPEN, State.CLOSED]


def test_an_address_with_one_time_out_is_open_where_that_was_seen_and_else_undecided():
    once = make_element(inside=CLOSED.replace('count="99"', 'count="9"'))
    facts = facts_of(once, make_element(attributes='timedout="true"'), SUCCESS % 2, END)
    fact = facts["127.0.0.1"]
    assert fact.outcome == "timed-out"
    assert states_of(fact, 22, 23) == [State.OPEN, State.INCONCLUSIVE]
    assert verdicts_of(fact) == {22: "fail", 23: "inconclusive"}


PORT = '<port protocol="tcp" portid="%d"><state state="%s"/>%s</port>'
WRAPPED = '<service name="tcpwrapped" method="probed" conf="8" %s/>'


@pytest.mark.parametrize("tunnel", ["", 'tunnel="ssl"'])
def test_tcpwrapped_is_neither_an_open_service_nor_closed(tunnel):
    ports = f"<ports>{PORT % (22, 'open', WRAPPED % tunnel)}{PORT % (23, 'closed', '')}</ports>"
    fact = facts_of(make_element(inside=ports), SUCCESS % 1, END)["127.0.0.1"]
    assert states_of(fact, 22, 23) == [State.TCPWRAPPED, State.CLOSED]
    assert verdicts_of(fact) == {22: "inconclusive", 23: "pass"}


def test_open_or_filtered_is_inconclusive_for_that_port():
    ports = f"<ports>{PORT % (22, 'open|filtered', '')}{PORT % (23, 'closed', '')}</ports>"
    fact = facts_of(make_element(inside=ports), SUCCESS % 1, END)["127.0.0.1"]
    assert states_of(fact, 22, 23) == [State.INCONCLUSIVE, State.CLOSED]
    assert verdicts_of(fact) == {22: "inconclusive", 23: "pass"}


MIXED = '<extraports state="closed" count="50"/><extraports state="filtered" count="49"/>'


def test_a_mixed_remainder_is_inconclusive_where_it_was_tested():
    ports = f"<ports>{MIXED}{PORT % (22, 'open', '')}</ports>"
    fact = facts_of(make_element(inside=ports), SUCCESS % 1, END)["127.0.0.1"]
    assert states_of(fact, 22, 23) == [State.OPEN, State.INCONCLUSIVE]
    assert states_of(fact, 101) == [State.NOT_TESTED]
    assert verdicts_of(fact) == {22: "fail", 23: "inconclusive"}


def test_a_mixed_remainder_is_inconclusive_everywhere_if_nobody_says_what_was_tested():
    ports = f"<ports>{MIXED}{PORT % (22, 'open', '')}</ports>"
    parts = ("<scaninfo/>", make_element(inside=ports), SUCCESS % 1, END)
    fact = facts_of(*parts)["127.0.0.1"]
    assert fact.tested is None
    assert states_of(fact, 22, 23, 101) == [State.OPEN, State.INCONCLUSIVE, State.INCONCLUSIVE]
    assert verdicts_of(fact) == {22: "fail", 23: "inconclusive"}


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


def make_port(number: int, state: str = "open", protocol: str = "tcp", **more: str) -> PortFact:
    return PortFact(protocol=protocol, port=number, state=state, **more)


def make_extra(state: str, *ranges: tuple[int, int], protocol: str = "tcp") -> ExtraPorts:
    count = sum(last - first + 1 for first, last in ranges)
    return ExtraPorts(protocol=protocol, state=state, count=count, ranges=ranges)


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
    whole = Fact(address=host.address, technique="tcp-ports", outcome="answered", host=host)
    compact = whole.model_copy(update={"host": compact_host(host)})
    assert len(compact.host.ports) == 9
    numbers = range(1, 70)
    assert states_of(whole, *numbers) == states_of(compact, *numbers)
    assert set(states_of(whole, *numbers)) == set(State) - {State.TCPWRAPPED}


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
    assert states_of(fact, 22) == [State.NOT_TESTED]
    assert verdicts_of(fact) == {None: "not-tested"}
