"""The table 'Reading nmap' against the real nmap: each odd file is made on loopback and judged."""

import contextlib
import hashlib
import io
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_checks
from cyberposture.errors import InvalidInput
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.hostview import view_host
from cyberposture.scanning.reading.facts import read_facts
from cyberposture.scanning.reading.parse import ParsedScan, parse, parse_door
from cyberposture.scanning.reading.states import State
from cyberposture.services.findings.following import fell_silent

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="the nmap program is not installed"),
]

HOST, OTHER, THIRD = "127.66.7.1", "127.66.7.2", "127.66.7.3"
BOUNDS = ("-n", "--max-retries", "1", "--host-timeout", "30s")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")


def run_nmap(options: str, *targets: str) -> bytes:
    """Return the XML of one bounded run; the targets lie in loopback and nowhere else."""
    assert all(ipaddress.ip_network(target).is_loopback for target in targets)
    command = ["nmap", *BOUNDS, *options.split(), "-oX", "-", *targets]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).stdout


def read(xml: bytes, *requested: str) -> ParsedScan:
    return parse(io.BytesIO(xml), requested)


def facts_of(xml: bytes, *requested: str) -> dict[str, Fact]:
    digest = hashlib.sha256(xml).hexdigest()
    facts = read_facts(read(xml, *requested), technique="tcp-ports", artefact=digest)
    return {fact.address: fact for fact in facts}


def state(fact: Fact, port: int, protocol: str = "tcp") -> State:
    return view_host([fact]).state(protocol, port)


def verdicts_of(*facts: Fact) -> set[str]:
    """Return every verdict that the checks that are shipped give on these facts of one host."""
    checks = compile_checks(load_checks(find_content(None).scanners))
    return {row.verdict for row in checks.judge_host(facts, None, "external")}


@contextmanager
def listening(address: str = HOST, kind: int = socket.SOCK_STREAM) -> Iterator[int]:
    """Hold a port open, with room for callers that nobody answers, and give its number."""
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            server.listen(64)
        yield server.getsockname()[1]


@contextmanager
def overfull(port: int = 0) -> Iterator[int]:
    """Hold a port whose queue is full: the system drops what comes, as a packet filter would."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, port))
        server.listen(0)
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                caller.connect(server.getsockname())
        yield server.getsockname()[1]


@contextmanager
def slamming() -> Iterator[int]:
    """Accept every caller and hang up at once without a word, as tcpwrapped services do."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen(64)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port on which nothing listens."""
    with listening(kind=kind) as port:
        return port


def test_open_closed_and_filtered_are_told_apart():
    with listening() as open_port, overfull() as silent_port:
        closed_port = free_port()
        ports = f"{open_port},{silent_port},{closed_port}"
        fact = facts_of(run_nmap(f"-Pn -sT -p {ports}", HOST), HOST)[HOST]
    assert fact.outcome == "answered"
    assert state(fact, open_port) is State.OPEN
    assert state(fact, closed_port) is State.CLOSED
    assert state(fact, silent_port) is State.FILTERED
    assert state(fact, open_port, "udp") is State.NOT_TESTED


def test_a_host_that_is_silent_on_every_port_decides_nothing():
    with overfull() as silent_port:
        fact = facts_of(run_nmap(f"-Pn -sT -p {silent_port}", HOST), HOST)[HOST]
    assert fact.host.state == "up"
    assert [told.state for told in fact.host.extra] == ["filtered"]
    assert state(fact, silent_port) is State.INCONCLUSIVE
    assert not view_host([fact]).answered
    assert verdicts_of(fact) == {"inconclusive"}


def test_all_formerly_open_ports_filtered_at_once_is_perhaps_a_block():
    with listening() as first, listening() as second:
        options = f"-Pn -sT -p {first},{second}"
        before = facts_of(run_nmap(options, HOST), HOST)[HOST]
    was_open = [("tcp", port) for port in view_host([before]).open_ports("tcp")]
    assert was_open == sorted([("tcp", first), ("tcp", second)])
    assert not fell_silent({HOST: was_open}, {HOST: view_host([before])})
    with overfull(first), overfull(second):
        now = facts_of(run_nmap(options, HOST), HOST)[HOST]
    assert fell_silent({HOST: was_open}, {HOST: view_host([now])})
    assert {state(now, first), state(now, second)} == {State.INCONCLUSIVE}
    assert view_host([before, now]).open_ports("tcp") == sorted([first, second])
    assert verdicts_of(now) == {"inconclusive"}


def test_what_nmap_sums_up_has_its_ranges():
    with listening() as port:
        low, high = port - 40, port + 40
        xml = run_nmap(f"-Pn -sT -p {low}-{high}", HOST)
    (host,) = read(xml).hosts
    (extra,) = (group for group in host.extra if group.state == "closed")
    named = {told.port for told in host.ports}
    summed = {number for first, last in extra.ranges for number in range(first, last + 1)}
    assert port in named
    assert named | summed == set(range(low, high + 1))
    assert extra.count == len(summed)


def test_a_host_that_timed_out_is_never_all_closed():
    command = "-Pn -sT -p 1-65535 --host-timeout 50ms"
    xml = run_nmap(command, HOST)
    assert b'exit="success"' in xml
    scan, fact = read(xml, HOST), facts_of(xml, HOST)[HOST]
    assert scan.complete
    assert scan.hosts[0].timed_out
    assert scan.not_reported == ()
    assert fact.outcome == "timed-out"
    assert state(fact, 22) is State.INCONCLUSIVE
    assert verdicts_of(fact) == {"inconclusive"}
    assert parse_door(io.BytesIO(xml))["hosts"][0]["timed_out"] is True


def test_a_run_in_which_everything_was_excluded_tested_nothing():
    xml = run_nmap(f"-Pn -sT -p 1-5 --exclude {HOST}", HOST)
    scan = read(xml, HOST)
    assert (scan.complete, scan.exit, scan.hosts) == (True, "success", ())
    fact = facts_of(xml, HOST)[HOST]
    assert fact.outcome == "not-tested"
    assert state(fact, 3) is State.NOT_TESTED
    assert verdicts_of(fact) == {"not-tested"}


def test_a_run_without_any_target_tested_nothing(tmp_path):
    empty = tmp_path / "targets.txt"
    empty.write_text("")
    xml = run_nmap(f"-Pn -sT -p 1-5 -iL {empty}")
    assert read(xml, HOST).exit == "success"
    assert facts_of(xml, HOST)[HOST].outcome == "not-tested"


def test_a_run_that_is_killed_counts_its_finished_hosts_and_no_other(tmp_path):
    path = tmp_path / "killed.xml"
    options = "-Pn -sT -p 1-100 --max-hostgroup 1 --max-rate 60"
    command = ["nmap", *BOUNDS, *options.split(), "-oX", str(path), HOST, OTHER, THIRD]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        wait_for_text(path, b"</host>")
        child.send_signal(signal.SIGKILL)
    scan = parse(path, [HOST, OTHER, THIRD])
    assert (scan.complete, scan.exit) == (False, None)
    assert [host.address for host in scan.hosts] == [HOST]
    assert f"{path}:" in scan.warnings[0]
    facts = facts_of(path.read_bytes(), HOST, OTHER, THIRD)
    assert [facts[address].outcome for address in (HOST, OTHER, THIRD)] == [
        "answered",
        "not-tested",
        "not-tested",
    ]
    assert state(facts[HOST], 50) is State.CLOSED
    assert state(facts[OTHER], 50) is State.NOT_TESTED
    assert verdicts_of(facts[THIRD]) == {"not-tested"}


def wait_for_text(path: Path, text: bytes) -> None:
    for _ in range(300):
        if path.exists() and text in path.read_bytes():
            return
        time.sleep(0.1)
    pytest.fail(f"nmap did not write {text!r} within 30 s")


@pytest.mark.parametrize(
    "fault", ["-e nosuchdev0", "--script no-such-script -p 1", "-p 99999"], ids=lambda text: text
)
def test_a_run_that_ends_in_an_error_is_inconclusive(fault):
    xml = run_nmap(f"-Pn -sT {fault}", HOST)
    scan = read(xml, HOST)
    assert (scan.exit, scan.complete) == ("error", True)
    assert scan.error
    fact = facts_of(xml, HOST)[HOST]
    assert fact.outcome == "error"
    assert verdicts_of(fact) == {"inconclusive"}


def test_what_nmap_prints_instead_of_xml_is_refused(tmp_path):
    xml = run_nmap(f"-Pn -sT -p 1-5 -iL {tmp_path / 'no-such-list'}")
    with pytest.raises(InvalidInput, match="nmaprun"):
        read(xml, HOST)


def test_a_host_that_is_missing_from_a_complete_file_is_never_clean():
    with overfull() as silent_port:
        xml = run_nmap(f"--unprivileged -sT -PS{silent_port} -p {silent_port}", HOST)
    scan, fact = read(xml, HOST), facts_of(xml, HOST)[HOST]
    assert (scan.complete, scan.exit, scan.addresses) == (True, "success", 1)
    assert fact.outcome == "no-answer"
    assert state(fact, silent_port) is State.INCONCLUSIVE
    assert verdicts_of(fact) == {"inconclusive"}


def test_a_host_that_is_named_as_down_gave_no_answer():
    with overfull() as silent_port:
        xml = run_nmap(f"-v --unprivileged -sT -PS{silent_port} -p {silent_port}", HOST)
    assert read(xml).hosts[0].state == "down"
    assert facts_of(xml, HOST)[HOST].outcome == "no-answer"


def test_an_address_of_the_other_family_is_dropped_and_never_clean():
    facts = facts_of(run_nmap("-6 -Pn -sT -p 1-5", "::1", HOST), "::1", HOST)
    assert facts["::1"].outcome == "answered"
    assert facts[HOST].outcome == "no-answer"


def test_a_target_that_is_given_twice_is_one_host():
    xml = run_nmap("-Pn -sT -p 1-50", HOST, f"{HOST}/32")
    assert xml.count(b"</host>") == 2
    (host,) = read(xml).hosts
    assert [(group.state, group.ranges) for group in host.extra] == [("closed", ((1, 50),))]
    assert state(facts_of(xml)[HOST], 25) is State.CLOSED


def test_a_mere_discovery_tests_no_port():
    xml = run_nmap("-sn", HOST, OTHER)
    facts = facts_of(xml, HOST, OTHER)
    assert [fact.outcome for fact in facts.values()] == ["answered", "answered"]
    assert facts[HOST].tested == {}
    assert state(facts[HOST], 22) is State.NOT_TESTED


def test_a_mere_list_contacts_nobody():
    assert facts_of(run_nmap("-sL", HOST), HOST)[HOST].outcome == "not-tested"


def test_tcpwrapped_is_neither_an_open_service_nor_closed():
    with slamming() as port:
        xml = run_nmap(f"-Pn -sT -sV --version-light -p {port}", HOST)
    fact = facts_of(xml, HOST)[HOST]
    assert state(fact, port) is State.TCPWRAPPED
    assert view_host([fact]).open_ports("tcp") == []
    assert not view_host([fact]).is_clear("tcp")


@as_root
def test_a_silent_udp_port_is_inconclusive_and_a_refusing_one_is_closed():
    with listening(kind=socket.SOCK_DGRAM) as silent_port:
        closed_port = free_port(socket.SOCK_DGRAM)
        xml = run_nmap(f"-Pn -sU -p {silent_port},{closed_port}", HOST)
    fact = facts_of(xml, HOST)[HOST]
    assert "open|filtered" in {told.state for told in (*fact.host.ports, *fact.host.extra)}
    assert state(fact, silent_port, "udp") is State.INCONCLUSIVE
    assert state(fact, closed_port, "udp") is State.CLOSED


@as_root
def test_tcp_and_udp_in_one_run_are_told_apart():
    xml = run_nmap("-Pn -sT -sU -p T:1-40,U:1-3", HOST)
    scan = read(xml)
    assert set(scan.tested) == {"tcp", "udp"}
    fact = facts_of(xml)[HOST]
    assert state(fact, 39) is State.CLOSED
    assert state(fact, 2, "udp") is State.CLOSED
    assert state(fact, 39, "udp") is State.NOT_TESTED


def test_every_beginning_of_a_fresh_file_is_read_as_far_as_it_goes():
    with listening() as port:
        xml = run_nmap(f"-Pn -sT -p {port},1-30", HOST, OTHER)
    whole = {host.address for host in read(xml).hosts}
    first_tag = xml.index(b">", xml.index(b"<nmaprun"))
    for cut in range(first_tag + 1, len(xml)):
        scan = read(xml[:cut])
        assert scan.complete == (b"</nmaprun>" in xml[:cut])
        assert {host.address for host in scan.hosts} <= whole
