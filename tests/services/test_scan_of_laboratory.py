"""One scan of real services, looked at from every side: stages, manners, evidence, verdicts."""

import io
import json
import os
import random
import shutil
from dataclasses import dataclass

import pytest

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Counters, Laboratory
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.model.gate import GateQuestion
from cyberposture.scanning.permission.gate import decide
from cyberposture.scanning.reading.parse import parse
from cyberposture.scanning.techniques import is_fragile
from cyberposture.services import files
from cyberposture.services.findings import views as finding_views
from cyberposture.services.permission import stop
from cyberposture.services.proof import audit
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.scans.conduct import STAGES
from cyberposture.store.chunks import ChunkRecord
from cyberposture.store.database import open_database
from cyberposture.store.facts import FactRecord, JudgementRecord, list_facts, list_judgements

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.store,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

CODE = "hill-office"
OFFSET = needed_port_offset()
# A network for each run, so that two runs on one machine do not meet on the loopback interface.
CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
WWW, SWITCH, STORE, PUMP, SLOW, QUIET, EXCLUDED, FORGOTTEN = (
    f"{NETWORK}.{number}" for number in range(1, 9)
)
TELNET = "cleartext.no-telnet-or-r-login"
HOSTS = (
    Host(
        code="www",
        address=WWW,
        names=("www.hill-office.example",),
        services=(
            Service(kind="http", port=80, site="redirect"),
            Service(kind="https", port=443),
        ),
    ),
    Host(code="switch", address=SWITCH, services=(Service(kind="telnet", port=23),)),
    Host(
        code="store",
        address=STORE,
        services=(Service(kind="redis", port=6379, open_access=True),),
    ),
    Host(
        code="pump",
        address=PUMP,
        services=(Service(kind="modbus", port=502), Service(kind="telnet", port=23)),
    ),
    Host(code="slow", address=SLOW, services=(Service(kind="slow", port=80),)),
    Host(code="quiet", address=QUIET),
    Host(code="excluded", address=EXCLUDED, services=(Service(kind="telnet", port=23),)),
    Host(code="forgotten", address=FORGOTTEN, services=(Service(kind="telnet", port=23),)),
)


@dataclass(frozen=True)
class Scanned:
    """The office after the scan, and all that the scan left."""

    office: object
    view: scan_views.ScanView
    facts: list[FactRecord]
    judgements: list[JudgementRecord]
    reached: dict[tuple[str, int], Counters]
    progress: list[tuple[str, int, int]]

    @property
    def chunks(self) -> tuple[ChunkRecord, ...]:
        return self.view.chunks

    def verdicts(self, address: str) -> dict[tuple[str, int | None], str]:
        return {
            (j.judgement.check, j.judgement.port): j.judgement.verdict
            for j in self.judgements
            if j.judgement.address == address
        }


@pytest.fixture(scope="module")
def scanned(furnish, template_file, tmp_path_factory):
    """One scan of every host, under an authorisation that leaves one of them out."""
    folder = tmp_path_factory.mktemp("scanned")
    path = folder / "register.sqlite"
    path.write_bytes(template_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    office = furnish(database, folder, utc_now)
    office.institution(CODE, features=["web", "ot"])
    hosts = [
        {"id": host.code, "kind": "host", "addresses": [host.address], "names": list(host.names)}
        for host in HOSTS
        if host.code != "forgotten"
    ]
    office.declare(CODE, *hosts)
    office.authorise(
        CODE,
        f"{NETWORK}.0/24",
        exclusions=[f"{EXCLUDED}/32"],
        techniques=[
            *("tcp-ports", "tcp-connect", "service-versions", "tls-scripts", "tls-handshake"),
            *("http-exchange", "ot-ports"),
        ],
    )
    certificates = Certificates(folder)
    scanner = scan.Scanner(
        scanner_id="test-scanner", vantage="external", user_agent="cyberposture tests",
        search_path=os.environ["PATH"], has_raw_sockets=False, rate_pps=1000,
        connections_per_address=1, parallel_chunks=3, host_timeout_s=12, stop_poll_s=0.1,
        port_offset=OFFSET, trust_store=certificates.ca_file, ticket_key=b"t" * 32,
    )  # fmt: skip
    progress: list[tuple[str, int, int]] = []
    with Laboratory(HOSTS, certificates, OFFSET) as laboratory:
        record = scan.run_scan(
            office.register, scanner, scan.Request(CODE), lambda *said: progress.append(said)
        )
        reached = {
            (host.address, service.port): laboratory.counters(host.address, service.port)
            for host in HOSTS
            for service in host.services
        }
    with office.register.reading() as connection:
        facts = list_facts(connection, scan_id=record.id)
        judgements = list_judgements(connection, scan_id=record.id)
    view = scan_views.get_scan(office.register, record.code)
    yield Scanned(office, view, facts, judgements, reached, progress)
    office.verify()
    database.close()


def test_scan_ends_with_every_chunk_done(scanned):
    assert scanned.view.record.state == "done"
    assert {chunk.state for chunk in scanned.chunks} == {"done"}
    assert scanned.view.record.summary["chunks"] == {"done": len(scanned.chunks)}


def test_stages_follow_each_other(scanned):
    order = {"ot-ports": 0, "tcp-ports": 1, "tls-handshake": 2, "http-exchange": 2,
             "service-versions": 3, "tls-scripts": 3}  # fmt: skip
    places = [order[chunk.plan["technique"]] for chunk in scanned.chunks]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2, 3}
    stages = [e.data["stage"] for e in audit.read_entries(
        scanned.office.register, kind="scan-stage")]  # fmt: skip
    assert stages == list(STAGES)


def test_progress_counts_each_stage_to_its_end(scanned):
    last = {stage: (done, of) for stage, done, of in scanned.progress}
    assert all(done == of for done, of in last.values())
    assert sum(of for _, of in last.values()) == len(scanned.chunks)


def test_versions_are_asked_of_open_ports_alone(scanned):
    opened = {
        (record.fact.address, port.port)
        for record in scanned.facts
        if record.fact.technique == "tcp-ports" and record.fact.host is not None
        for port in record.fact.host.ports
        if port.state == "open"
    }
    asked = {
        (target, port - OFFSET if OFFSET and port >= OFFSET else port)
        for chunk in scanned.chunks
        if chunk.plan["technique"] in ("service-versions", "tls-scripts")
        for target in chunk.plan["targets"]
        for port in chunk.plan["ports"]
    }
    assert asked
    assert asked <= opened


def test_fragile_service_gets_a_bare_connection_and_its_host_nothing_more(scanned):
    modbus = scanned.reached[(PUMP, 502)]
    assert modbus.connections >= 1
    assert modbus.bytes_received == 0
    assert scanned.reached[(PUMP, 23)].connections == 0
    techniques = {c.plan["technique"] for c in scanned.chunks if PUMP in c.plan["targets"]}
    assert techniques == {"ot-ports"}


def test_fragile_ports_are_asked_for_by_no_other_technique(scanned):
    for chunk in scanned.chunks:
        if chunk.plan["technique"] != "ot-ports":
            assert not any(is_fragile("tcp", port) for port in chunk.plan["ports"])


@pytest.mark.parametrize("address", [EXCLUDED, FORGOTTEN], ids=["excluded", "undeclared"])
def test_address_that_may_not_be_contacted_is_not(scanned, address):
    assert scanned.reached[(address, 23)] == Counters(0, 0)
    assert all(address not in chunk.plan["targets"] for chunk in scanned.chunks)
    assert stop.who(scanned.office.register, address).last is None


def test_refused_address_is_named_with_the_reason(scanned):
    refused = scanned.view.record.plan["refused"]
    assert {(one["target"], one["reason"]) for one in refused} == {(EXCLUDED, "excluded")}
    decisions = audit.gate_decisions(audit.read_entries(scanned.office.register, kind="gate"))
    denied = {d["question"]["target"] for d in decisions if d["answer"]["decision"] == "deny"}
    assert denied == {EXCLUDED}


@pytest.mark.parametrize(
    ("address", "check", "port", "verdict"),
    [
        (SWITCH, TELNET, 23, "fail"),
        (STORE, "exposure.stores-ask-for-a-login", 6379, "fail"),
        (PUMP, "ot.no-control-protocol-on-the-internet", 502, "fail"),
        (WWW, TELNET, 23, "pass"),
        (WWW, "tls.certificate-is-in-date", 443, "pass"),
        (WWW, "web.hsts-is-set", 443, "pass"),
        (QUIET, TELNET, 23, "pass"),
        (QUIET, "ot.no-control-protocol-on-the-internet", 502, "pass"),
    ],
    ids={host.address: host.code for host in HOSTS}.get,
)
def test_real_services_get_the_verdicts_that_they_deserve(scanned, address, check, port, verdict):
    assert scanned.verdicts(address)[(check, port)] == verdict


def test_slow_host_is_inconclusive_and_never_clean(scanned):
    verdicts = scanned.verdicts(SLOW)
    pages = {verdict for (check, _), verdict in verdicts.items() if check.startswith("web.")}
    assert pages == {"inconclusive"}
    counted = scanned.office.basis(CODE).checks["web.no-directory-listing"].tally
    assert counted.inconclusive >= 1


def test_failures_became_findings(scanned):
    found = {(f.key.check, f.address) for f in finding_views.list_findings(scanned.office.register)}
    assert {
        (TELNET, SWITCH),
        ("exposure.stores-ask-for-a-login", STORE),
        ("ot.no-control-protocol-on-the-internet", PUMP),
    } <= found
    assert not {address for _, address in found} & {QUIET, EXCLUDED, FORGOTTEN}


def test_every_fact_leads_to_a_raw_file_that_holds_its_address(scanned, tmp_path):
    register = scanned.office.register
    looks = [record for record in scanned.facts if record.chunk_id is not None]
    for number, record in enumerate(looks):
        assert record.fact.artefact is not None
        out = tmp_path / f"raw-{number}"
        files.write_file(register, CODE, record.fact.artefact, out)
        if record.fact.scanner.endswith("probe"):
            assert record.fact.address in json.loads(out.read_bytes())["targets"]
        else:
            parsed = parse(io.BytesIO(out.read_bytes()))
            assert record.fact.address in [host.address for host in parsed.hosts]


def pairs(question: dict[str, object]) -> list[GateQuestion]:
    """Return the questions of the pure door that a question of the log stands for."""
    rest = {k: v for k, v in question.items() if k not in ("targets", "ports")}
    if "targets" not in question:
        return [GateQuestion.model_validate(question)]
    return [
        GateQuestion.model_validate({**rest, "target": target, "port": port})
        for target in question["targets"]
        for port in question["ports"] or [None]
    ]


def test_logged_questions_handed_to_the_pure_door_give_the_logged_answers(scanned):
    decisions = list(audit.gate_decisions(audit.read_entries(scanned.office.register, kind="gate")))
    assert decisions
    for decision in decisions:
        for question in pairs(decision["question"]):
            assert decide(question).model_dump() == decision["answer"]


def test_every_chunk_was_asked_about_again_right_before_it_was_sent(scanned):
    entries = audit.read_entries(scanned.office.register, kind="gate")
    sent = [entry.data["chunk"] for entry in entries if entry.data["stage"] == "send"]
    assert sorted(sent) == [chunk.number for chunk in scanned.chunks]


def test_each_chunk_names_its_authorisation(scanned):
    assert {chunk.gate["authorisation"] for chunk in scanned.chunks} == set(
        scanned.view.record.authorisations
    )
    ran = audit.read_entries(scanned.office.register, kind="chunk-run")
    assert {entry.data["authorisation"] for entry in ran} == set(scanned.view.record.authorisations)


def test_anybody_is_told_whether_it_was_us(scanned):
    who = stop.who(scanned.office.register, SWITCH)
    assert who.running == ()
    assert who.last is not None
    assert (who.institution, who.contacts) == (CODE, ("Porter, extension 9",))
    assert who.head is not None
    before = who.last.started_at - (utc_now() - who.last.started_at) * 100
    assert stop.who(scanned.office.register, SWITCH, before).last is None
