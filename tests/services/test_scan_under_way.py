"""A scan under way: what was allowed when it was planned is asked about again before it is sent."""

import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cyberposture.clock import utc_now
from cyberposture.errors import NotAuthorised
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.services.permission import stop
from cyberposture.services.permission.denials import Denial
from cyberposture.services.proof import audit
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule import calendar
from cyberposture.store import tables
from cyberposture.store.facts import list_latest_judgements

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

OFFSET = needed_port_offset()
CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
VISITS = ("tcp-ports", "http-exchange")


@pytest.fixture
def clock():
    """The real time: nmap knows no other."""
    return utc_now


def address(number: int) -> str:
    return f"{NETWORK}.{number}"


def web_hosts(count: int) -> list[Host]:
    page = Service(kind="http", port=80)
    return [
        Host(code=f"www-{n}", address=address(n), services=(page,)) for n in range(1, count + 1)
    ]


@pytest.fixture
def laboratory(tmp_path) -> Callable[..., Laboratory]:
    """A factory of laboratories."""
    certificates = Certificates(tmp_path)

    def make(hosts: list[Host], offset: int = OFFSET) -> Laboratory:
        return Laboratory(hosts, certificates, offset)

    return make


@pytest.fixture
def one_by_one(scanner) -> scan.Scanner:
    """A scanner that sends one chunk after the other."""
    return replace(
        scanner, search_path=os.environ["PATH"], parallel_chunks=1, port_offset=OFFSET,
        host_timeout_s=15,
    )  # fmt: skip


def register_hosts(office, hosts: list[Host], techniques: tuple[str, ...] = VISITS, **terms) -> str:
    """Register an institution that declares the hosts and allows these techniques; return both."""
    code = office.institution()
    office.declare(code, *(host.address for host in hosts))
    return office.authorise(code, f"{NETWORK}.0/24", techniques=list(techniques), **terms)


def after_the_first(stage: str, act: Callable[[], None]) -> scan.Progress:
    """Return a progress that acts once, after the first chunk of a stage."""

    def progress(at: str, done: int, _of: int) -> None:
        if at == stage and done == 1:
            act()

    return progress


def reached(running: Laboratory, hosts: list[Host]) -> dict[str, int]:
    return {h.address: running.counters(h.address, 80).connections for h in hosts}


def denials(office) -> dict[str, str]:
    """Return the reason of each denial right before sending, by target."""
    return {
        entry.data["question"]["target"]: entry.data["answer"]["reason"]
        for entry in audit.read_entries(office.register, kind="gate")
        if entry.data["stage"] == "send" and entry.data["answer"]["decision"] == "deny"
    }


def test_what_was_forbidden_after_the_plan_is_not_contacted(office, laboratory, one_by_one):
    hosts = web_hosts(6)
    allowed, denied, stopped, elsewhere, also_allowed, withdrawn = (h.address for h in hosts)
    reference = register_hosts(office, hosts)
    before: dict[str, int] = {}

    def forbid() -> None:
        before.update(reached(running, hosts))
        calendar.add_denial(office.register, f"{denied}/32", reason="a clinic")
        stop.stop(office.register, cidr=stopped, reason="a call")
        office.institution("dale-office")
        office.authorise("dale-office", "10.0.0.0/8", exclusions=[f"{elsewhere}/32"])

    def progress(stage: str, done: int, of: int) -> None:
        if stage == "pages" and done == 1:
            forbid()
        if stage == "pages" and done == 5:
            office.withdraw(reference)

    with laboratory(hosts) as running:
        record = scan.run_scan(office.register, one_by_one, scan.Request("hill-office"), progress)
        after = reached(running, hosts)
    contacted = {one for one in after if after[one] > before[one]}
    assert contacted == {also_allowed}
    assert before[allowed] > before[withdrawn]
    assert denials(office) == {
        denied: "denied-nationally",
        stopped: "excluded",
        elsewhere: "excluded",
        withdrawn: "withdrawn",
    }
    assert record.state == "ended"
    chunks = scan_views.get_scan(office.register, record.code).chunks
    assert [c.state for c in chunks] == ["done", "done", "ended", "ended", "ended", "done", "ended"]


def test_stage_that_is_denied_whole_leaves_a_scan_that_is_not_done(office, laboratory, one_by_one):
    hosts = web_hosts(2)
    register_hosts(office, hosts)
    before: dict[str, int] = {}

    def forbid() -> None:
        before.update(reached(running, hosts))
        calendar.add_denial(office.register, f"{NETWORK}.0/24", reason="a clinic")

    with laboratory(hosts) as running:
        record = scan.run_scan(
            office.register, one_by_one, scan.Request("hill-office"),
            after_the_first("ports", forbid),
        )  # fmt: skip
        assert reached(running, hosts) == before
    assert record.state == "ended"
    assert record.summary["chunks"] == {"done": 1}
    assert {Denial(**one) for one in record.summary["denied"]} == {
        Denial(host.address, "http-exchange", "denied-nationally") for host in hosts
    }
    with office.register.reading() as connection:
        rows = [
            one.judgement
            for one in list_latest_judgements(
                connection, record.institution_id, as_of=office.clock()
            )
            if techniques(office)[one.judgement.check] == "http-exchange"
        ]
    assert {row.address for row in rows} == {host.address for host in hosts}
    assert {row.verdict for row in rows} == {"not-tested"}
    assert all("the gate denied it (denied-nationally)" in row.says for row in rows)


def techniques(office) -> dict[str, str]:
    return {check.id: check.technique for check in office.register.content.checks.checks}


def test_scan_within_the_limits_of_its_letter_is_done(office, laboratory, one_by_one):
    hosts = web_hosts(1)
    code = office.institution()
    office.declare(code, hosts[0].address)
    entry = {"cidr": f"{NETWORK}.0/24", "ports": [one_by_one.actual_port(80)],
             "special_allowed": True}  # fmt: skip
    office.authorise(code, entry, techniques=list(VISITS))
    with laboratory(hosts):
        record = scan.run_scan(office.register, one_by_one, scan.Request("hill-office"))
    assert record.state == "done"
    assert {one["reason"] for one in record.summary["denied"]} == {"port-not-allowed"}


def spoil(office, number: int, **values) -> None:
    """Change the row of a queued chunk as somebody with access to the database could."""
    c = tables.chunks.c
    with office.register.database.transaction() as connection:
        changed = connection.execute(
            sa.update(tables.chunks).where(c.number == number, c.state == "queued").values(**values)
        )
        assert changed.rowcount == 1


def rows_of(office) -> dict[int, dict]:
    with office.register.reading() as connection:
        return {
            r["number"]: dict(r) for r in connection.execute(sa.select(tables.chunks)).mappings()
        }


def test_manipulated_queue_widens_nothing(office, laboratory, one_by_one):
    hosts = web_hosts(9)
    register_hosts(office, hosts[:8])
    bystander = hosts[8].address
    before: dict[str, int] = {}
    after: dict[str, int] = {}

    def manipulate() -> None:
        before.update(reached(running, hosts))
        rows = rows_of(office)
        plans = {number: row["plan"] for number, row in rows.items()}
        spoil(office, 3, ticket="no-ticket")
        spoil(office, 4, plan={**plans[4], "targets": [*plans[4]["targets"], bystander]})
        spoil(office, 5, plan={**plans[5], "ports": [80, 443]})
        spoil(office, 6, ticket=rows[7]["ticket"])
        spoil(office, 8, plan={"targets": plans[8]["targets"]})
        spoil(office, 9, ticket=None)

    def progress(stage: str, done: int, of: int) -> None:
        if stage == "pages" and done == 1:
            manipulate()
        if stage == "pages" and done == of:
            after.update(reached(running, hosts))

    with laboratory(hosts) as running:
        record = scan.run_scan(office.register, one_by_one, scan.Request("hill-office"), progress)
        assert running.counters(bystander, 80).connections == 0
    contacted = {one for one in after if after[one] > before[one]}
    assert contacted == {hosts[5].address}
    chunks = {c.number: c for c in scan_views.get_scan(office.register, record.code).chunks}
    refused = [number for number, chunk in chunks.items() if chunk.state == "ended"]
    assert refused == [3, 4, 5, 6, 8, 9]
    assert all("bad-ticket" in chunks[number].detail for number in refused)
    on_record = audit.read_entries(office.register, kind="chunk-refused")
    assert [entry.data["chunk"] for entry in on_record] == refused
    assert {entry.data["reason"] for entry in on_record} == {"bad-ticket"}


def test_stop_of_the_institution_ends_the_scan_and_its_later_stages(office, laboratory, one_by_one):
    hosts = web_hosts(3)
    register_hosts(office, hosts)
    before: dict[str, int] = {}

    def halt() -> None:
        before.update(reached(running, hosts))
        stop.stop(office.register, institution="hill-office", reason="a call")

    with laboratory(hosts) as running:
        record = scan.run_scan(
            office.register, one_by_one, scan.Request("hill-office"), after_the_first("ports", halt)
        )
        assert reached(running, hosts) == before
    assert record.state == "ended"
    with pytest.raises(NotAuthorised, match="stopped"):
        scan.run_scan(office.register, one_by_one, scan.Request("hill-office"))


def test_withdrawal_ends_the_scan_and_its_later_stages(office, laboratory, one_by_one):
    hosts = web_hosts(3)
    reference = register_hosts(office, hosts)
    before: dict[str, int] = {}

    def withdraw() -> None:
        before.update(reached(running, hosts))
        office.withdraw(reference)

    with laboratory(hosts) as running:
        record = scan.run_scan(
            office.register, one_by_one, scan.Request("hill-office"),
            after_the_first("ports", withdraw),
        )  # fmt: skip
        assert reached(running, hosts) == before
    assert record.state == "ended"


def nmap_processes(target: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"nmap") and target.encode() in words:
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("how", ["stop", "withdraw"])
def test_running_nmap_is_ended_within_five_seconds(office, laboratory, one_by_one, how):
    slow = Host(code="slow", address=address(77), services=(Service(kind="slow", port=80),))
    reference = register_hosts(office, [slow], ("tcp-ports", "service-versions"))
    ended: list[float] = []

    def work() -> None:
        scan.run_scan(office.register, one_by_one, scan.Request("hill-office"))
        ended.append(time.monotonic())

    with laboratory([slow]) as running:
        thread = threading.Thread(target=work)
        thread.start()
        deadline = time.monotonic() + 30
        while running.counters(slow.address, 80).connections < 2:
            assert time.monotonic() < deadline, "version detection never began"
            time.sleep(0.05)
        assert len(stop.who(office.register, slow.address).running) == 1
        began = time.monotonic()
        if how == "stop":
            stop.stop(office.register, cidr=slow.address, reason="a call")
        else:
            office.withdraw(reference)
        thread.join(30)
    assert ended
    assert ended[0] - began < 5
    assert nmap_processes(slow.address) == []
    (view,) = scan_views.list_scans(office.register)
    assert view.record.state == "ended"
    assert stop.who(office.register, slow.address).running == ()


def test_request_for_one_barred_address_sends_nothing_at_all(office, laboratory, one_by_one):
    hosts = web_hosts(2)
    register_hosts(office, hosts, exclusions=[f"{address(2)}/32"])
    request = scan.Request("hill-office", addresses=(address(1), address(2)))
    with laboratory(hosts) as running:
        with pytest.raises(NotAuthorised, match="excluded"):
            scan.run_scan(office.register, one_by_one, request)
        assert set(reached(running, hosts).values()) == {0}
    assert scan_views.list_scans(office.register) == []
