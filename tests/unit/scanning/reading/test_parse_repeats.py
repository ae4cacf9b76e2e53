"""An address that stands several times in a file is one host, and contradictions are kept open."""

import json
from typing import Any

import pytest

from cyberposture.errors import InvalidInput
from cyberposture.model.observations import HostFact
from cyberposture.scanning.reading.repeats import each_host_once, merge_hosts


def make_port(number: int, state: str = "open", **more: Any) -> dict[str, Any]:
    texts = ("reason", "service", "product", "version", "extra_info", "method")
    port = {"protocol": "tcp", "port": number, "state": state, "cpe": [], "scripts": []}
    return port | dict.fromkeys(texts) | more


def make_extra(state: str, *ranges: tuple[int, int], protocol: str = "tcp") -> dict[str, Any]:
    count = sum(last - first + 1 for first, last in ranges)
    return {"protocol": protocol, "state": state, "count": count, "ranges": ranges}


def make_vague(state: str, count: int, protocol: str = "tcp") -> dict[str, Any]:
    return {"protocol": protocol, "state": state, "count": count, "ranges": None}


def make_host(address: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
    host = {"address": address, "state": "up", "timed_out": False, "ports": [], "extra": []}
    return host | {"scripts": [], "started_at": None, "ended_at": None} | more


def states_of(host: dict[str, Any]) -> dict[int, str]:
    return {port["port"]: port["state"] for port in host["ports"]}


def extras_of(host: dict[str, Any]) -> list[tuple[str, int, Any]]:
    return [(row["state"], row["count"], row["ranges"]) for row in host["extra"]]


def test_records_that_agree_are_one():
    host = make_host(ports=[make_port(22)], extra=[make_extra("closed", (1, 21))])
    assert merge_hosts([host, host]) == host


def test_ports_of_all_records_are_united():
    merged = merge_hosts([make_host(ports=[make_port(n)]) for n in (443, 22, 80)])
    assert states_of(merged) == {22: "open", 80: "open", 443: "open"}


def test_a_port_on_which_records_disagree_is_unknown():
    records = [make_host(ports=[make_port(22, state)]) for state in ("open", "closed", "open")]
    assert states_of(merge_hosts(records)) == {22: "unknown"}


@pytest.mark.parametrize("turned", [False, True])
def test_a_named_port_that_another_record_sums_up_otherwise_is_unknown(turned):
    records = [make_host(ports=[make_port(22)]), make_host(extra=[make_extra("closed", (1, 30))])]
    merged = merge_hosts(records[::-1] if turned else records)
    assert states_of(merged) == {22: "unknown"}
    assert extras_of(merged) == [("closed", 29, ((1, 21), (23, 30)))]


def test_remainders_that_disagree_are_unknown_where_they_overlap():
    first = make_host(extra=[make_extra("closed", (1, 10))])
    second = make_host(extra=[make_extra("filtered", (8, 12))])
    assert extras_of(merge_hosts([first, second])) == [
        ("closed", 7, ((1, 7),)),
        ("filtered", 2, ((11, 12),)),
        ("unknown", 3, ((8, 10),)),
    ]


def test_an_open_port_that_another_record_does_not_name_is_unknown():
    mixed = [make_vague("closed", 50), make_vague("filtered", 49)]
    merged = merge_hosts([make_host(ports=[make_port(22)]), make_host(extra=mixed)])
    assert states_of(merged) == {22: "unknown"}
    assert extras_of(merged) == [("closed", 50, None), ("filtered", 49, None)]


def test_a_named_port_that_may_be_among_those_summed_up_keeps_its_state():
    mixed = [make_vague("closed", 50), make_vague("filtered", 49)]
    merged = merge_hosts([make_host(ports=[make_port(22, "closed")]), make_host(extra=mixed)])
    assert states_of(merged) == {22: "closed"}


def test_records_with_the_same_mixed_remainder_agree():
    mixed = [make_vague("closed", 50), make_vague("filtered", 49)]
    host = make_host(ports=[make_port(22)], extra=mixed)
    merged = merge_hosts([host, host])
    assert states_of(merged) == {22: "open"}
    assert extras_of(merged) == [("closed", 50, None), ("filtered", 49, None)]


def test_a_vague_remainder_of_another_protocol_says_nothing_of_this_one():
    vague = make_host(extra=[make_vague("closed", 5, protocol="udp")])
    assert states_of(merge_hosts([make_host(ports=[make_port(22)]), vague])) == {22: "open"}


def test_one_record_that_timed_out_makes_the_host_timed_out():
    merged = merge_hosts([make_host(ports=[make_port(22)]), make_host(timed_out=True)])
    assert merged["timed_out"]
    assert states_of(merged) == {22: "open"}


def test_a_host_is_up_if_one_record_says_so():
    assert merge_hosts([make_host(state="down"), make_host()])["state"] == "up"
    assert merge_hosts([make_host(state="down"), make_host(state="down")])["state"] == "down"


@pytest.mark.parametrize("turned", [False, True])
def test_a_probed_service_outweighs_a_guessed_one(turned):
    guessed = make_port(8022, service="oa-system", method="table", reason="syn-ack")
    probed = make_port(8022, service="ssh", product="OpenSSH", method="probed", cpe=["cpe:/a:x"])
    records = [make_host(ports=[guessed]), make_host(ports=[probed])]
    (port,) = merge_hosts(records[::-1] if turned else records)["ports"]
    assert (port["service"], port["method"], port["reason"]) == ("ssh", "probed", "syn-ack")
    assert port["cpe"] == ["cpe:/a:x"]


def test_scripts_are_united_each_report_once():
    reports = [{"id": "banner", "output": text, "tables": None} for text in ("a", "b")]
    ports = [make_port(21, scripts=[reports[0]]), make_port(21, scripts=reports)]
    merged = merge_hosts([make_host(ports=[port], scripts=reports) for port in ports])
    assert merged["ports"][0]["scripts"] == reports
    assert merged["scripts"] == reports


def test_the_host_lasted_from_the_first_record_to_the_last():
    day, noon, eve = (f"2026-11-22T{hour}:00:00+00:00" for hour in ("08", "12", "18"))
    records = [make_host(started_at=noon, ended_at=eve), make_host(started_at=day, ended_at=noon)]
    merged = merge_hosts([*records, make_host()])
    assert (merged["started_at"], merged["ended_at"]) == (day, eve)


def test_what_was_merged_is_a_host_fact():
    records = [
        make_host(ports=[make_port(22)], extra=[make_vague("closed", 3)]),
        make_host(extra=[make_extra("closed", (1, 30))]),
    ]
    assert HostFact.model_validate(merge_hosts(records)).ports[0].state == "unknown"


def test_an_address_that_comes_back_too_often_is_refused():
    host = make_host(extra=[make_extra("closed", (1, 10))])
    assert merge_hosts([host] * 100) == host
    with pytest.raises(InvalidInput, match=r"127\.0\.0\.1 comes back"):
        merge_hosts([host] * 101)


def test_each_address_is_given_once_in_order_of_appearance():
    addresses = ["127.0.0.3", "127.0.0.1", "127.0.0.3", "127.0.0.2", "127.0.0.1"]
    hosts = [make_host(a, ports=[make_port(n)]) for n, a in enumerate(addresses, start=1)]
    once = {address: json.loads(text) for address, text in each_host_once(hosts)}
    assert {address: list(states_of(host)) for address, host in once.items()} == {
        "127.0.0.3": [1, 3],
        "127.0.0.1": [2, 5],
        "127.0.0.2": [4],
    }


def test_more_hosts_than_memory_is_meant_to_hold_are_given_whole():
    product = "x" * 20_000
    hosts = [
        make_host(f"127.0.{n >> 8}.{n & 255}", ports=[make_port(n + 1, product=product)])
        for n in range(600)
    ]
    found = [json.loads(text) for _, text in each_host_once([*hosts, hosts[0]])]
    assert found == hosts
