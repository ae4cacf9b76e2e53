"""One scan of a street of hosts: every planted fault is found, and none on those that are clean."""

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Counters, Laboratory
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.scanning.techniques import TECHNIQUES
from cyberposture.services.scans import scan
from cyberposture.store.database import open_database
from cyberposture.store.facts import list_judgements

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.store,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

CODE = "hill-office"
OFFSET = needed_port_offset()
# A network for each run, so that two runs on one machine do not meet on the loopback interface.
_CHANCE = random.SystemRandom()
NETWORK = f"127.{_CHANCE.randrange(96, 250)}.{_CHANCE.randrange(256)}"


def service(kind: str, port: int, **options: object) -> Service:
    return Service.model_validate({"kind": kind, "port": port, **options})


CLEAN: dict[str, tuple[Service, ...]] = {
    "www": (service("http", 80, site="redirect"), service("https", 443)),
    "mail": (service("smtp", 25, tls="starttls"), service("imap", 993, tls="implicit")),
    "clock": (service("ntp", 123),),
    "quiet": (),
}
FAULTY: dict[str, tuple[tuple[Service, ...], set[str]]] = {
    "open-relay": (
        (service("smtp", 25, open_access=True),),
        {
            "mail-servers.relay-is-refused",
            "mail-servers.logins-wait-for-encryption",
            "cleartext.mail-servers-offer-tls",
        },
    ),
    "broken-mail": (
        (service("smtp", 25, tls="starttls", broken_upgrade=True),),
        {"mail-servers.encryption-works"},
    ),
    "old-mail": (
        (
            service(
                "smtp",
                25,
                tls="starttls",
                tls_min="TLSv1.0",
                tls_max="TLSv1.1",
                certificate="expired",
            ),
        ),
        {"mail-servers.transport-is-modern", "mail-servers.certificate-is-in-date"},
    ),
    "desktop": (
        (service("rdp", 3389, network_level=False), service("vnc", 5900, open_access=True)),
        {
            "remote-access.desktops-want-a-login-first",
            "remote-access.screens-ask-for-a-password",
            "remote-access.no-remote-desktop-on-the-internet",
        },
    ),
    "share": (
        (
            service("smb", 445, version_one=True, signing=False),
            service("rsync", 873, open_access=True),
        ),
        {
            "exposure.shares-refuse-version-one",
            "exposure.shares-insist-on-signing",
            "exposure.no-file-share-on-the-internet",
            "exposure.backup-modules-are-not-listed",
        },
    ),
    "gateway": (
        (service("ssh", 22, version_one=True, weak_suites=True), service("ftp", 21)),
        {
            "remote-access.ssh-has-no-old-protocol",
            "remote-access.ssh-agrees-on-keys-safely",
            "remote-access.ssh-not-on-the-internet",
            "cleartext.ftp-offers-encryption",
            "cleartext.no-plain-ftp",
        },
    ),
    "databases": (
        (service("mysql", 3306), service("postgresql", 5432)),
        {
            "cleartext.database-logins-can-be-encrypted",
            "exposure.no-database-on-the-internet",
        },
    ),
    "wrong-clock": (
        (service("ntp", 123, open_access=True, offset_s=90, in_step=False),),
        {
            "time.server-lists-no-clients",
            "time.control-is-closed-to-strangers",
            "time.server-is-in-step",
            "time.clock-is-right",
        },
    ),
    "core": (
        (service("diameter", 3868), service("gtp", 2123), service("ipmi", 623)),
        {
            "telecom.no-signalling-on-the-internet",
            "telecom.no-mobile-tunnel-on-the-internet",
            "remote-access.no-server-management-on-the-internet",
        },
    ),
    "stores": (
        (
            service("http", 9200, site="index"),
            service("http", 80, site="bucket"),
            service("amqp", 5672),
        ),
        {
            "exposure.no-cluster-store-on-the-internet",
            "exposure.search-index-asks-for-a-login",
            "exposure.object-stores-list-nothing",
            "exposure.no-message-broker-on-the-internet",
            "web.plain-http-leads-to-https",
        },
    ),
    "careless-site": (
        (service("https", 443, site="careless", contact_file="expired", tls_max="TLSv1.2"),),
        {
            "web.contact-file-is-valid",
            "web.scripts-stand-in-files-of-their-own",
            "web.addresses-are-not-passed-on",
            "web.sessions-stay-on-their-site",
            "tls.newest-version-is-offered",
        },
    ),
    "left-lying": (
        (service("https", 443, site="stray", contact_file="none"),),
        {"web.no-stray-files", "web.contact-file-is-valid"},
    ),
    "devices": (
        (service("rtsp", 554), service("http", 37777), service("http", 8291)),
        {
            "exposure.no-camera-on-the-internet",
            "exposure.no-recorder-on-the-internet",
            "remote-access.no-appliance-console-on-the-internet",
        },
    ),
    "plant": (
        (service("controller", 1911), service("controller", 20000), service("telnet", 23)),
        {
            "ot.no-field-equipment-on-the-internet",
            "ot.no-control-protocol-on-the-internet",
        },
    ),
}


def hosts() -> list[Host]:
    streets = {**CLEAN, **{code: services for code, (services, _) in FAULTY.items()}}
    return [
        Host(
            code=code,
            address=f"{NETWORK}.{number}",
            names=(f"{code}.hill-office.example",),
            services=services,
        )
        for number, (code, services) in enumerate(streets.items(), start=1)
    ]


@dataclass(frozen=True)
class Walked:
    """Verdicts by host and check, and what the laboratory received."""

    verdicts: dict[str, dict[str, set[str]]]
    reached: dict[tuple[str, int], Counters]

    def failed(self, code: str) -> set[str]:
        return {check for check, found in self.verdicts[code].items() if "fail" in found}


@pytest.fixture(scope="module")
def walked(furnish, template_file, tmp_path_factory) -> Iterator[Walked]:
    folder = tmp_path_factory.mktemp("walked")
    path = folder / "register.sqlite"
    path.write_bytes(template_file.read_bytes())
    database = open_database(f"sqlite:///{path}")
    office = furnish(database, folder, utc_now)
    office.institution(CODE, features=["web", "mail", "ot"])
    street = hosts()
    office.declare(
        CODE,
        *(
            {"id": h.code, "kind": "host", "addresses": [h.address], "names": list(h.names)}
            for h in street
        ),
    )
    techniques = [t.code for t in TECHNIQUES.values() if t.load in (2, 3) and not t.raw_sockets]
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=techniques)
    certificates = Certificates(folder)
    scanner = scan.Scanner(
        scanner_id="test-scanner", vantage="external", user_agent="cyberposture tests",
        search_path=os.environ["PATH"], has_raw_sockets=False, rate_pps=2000,
        connections_per_address=2, parallel_chunks=12, host_timeout_s=40, stop_poll_s=0.1,
        port_offset=OFFSET, trust_store=certificates.ca_file, ticket_key=b"t" * 32,
    )  # fmt: skip
    with Laboratory(street, certificates, OFFSET) as laboratory:
        record = scan.run_scan(office.register, scanner, scan.Request(CODE))
        reached = {
            (host.code, one.port): laboratory.counters(host.address, one.port)
            for host in street
            for one in host.services
        }
    codes = {host.address: host.code for host in street}
    verdicts: dict[str, dict[str, set[str]]] = {host.code: {} for host in street}
    with office.register.reading() as connection:
        for row in list_judgements(connection, scan_id=record.id):
            judged = row.judgement
            if judged.address in codes:
                own = verdicts[codes[judged.address]].setdefault(judged.check, set())
                own.add(judged.verdict)
    yield Walked(verdicts, reached)
    database.close()


@pytest.mark.parametrize("code", FAULTY)
def test_every_planted_fault_is_found(walked, code):
    assert FAULTY[code][1] <= walked.failed(code)


@pytest.mark.parametrize("code", CLEAN)
def test_nothing_is_found_on_a_clean_host(walked, code):
    assert walked.failed(code) == set()


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("mail", "mail-servers.relay-is-refused"),
        ("mail", "mail-servers.encryption-works"),
        ("mail", "mail-servers.transport-is-modern"),
        ("mail", "mail-servers.certificate-is-in-date"),
        ("mail", "mail-servers.logins-wait-for-encryption"),
        ("www", "web.contact-file-is-valid"),
        ("www", "web.no-stray-files"),
        ("www", "tls.newest-version-is-offered"),
        ("clock", "time.server-lists-no-clients"),
        ("clock", "time.clock-is-right"),
        ("clock", "time.server-is-in-step"),
        ("quiet", "telecom.no-mobile-tunnel-on-the-internet"),
        ("quiet", "remote-access.no-server-management-on-the-internet"),
    ],
)
def test_what_is_well_kept_passes_and_is_not_merely_left_open(walked, code, check):
    assert walked.verdicts[code][check] == {"pass"}


@pytest.mark.parametrize("port", [1911, 20000])
def test_control_equipment_is_never_sent_a_byte(walked, port):
    counted = walked.reached[("plant", port)]
    assert counted.connections >= 1
    assert counted.bytes_received == 0


def test_a_host_that_answers_on_a_fragile_port_gets_nothing_more(walked):
    assert walked.reached[("plant", 23)] == Counters(0, 0)
    assert walked.failed("plant") == FAULTY["plant"][1]
