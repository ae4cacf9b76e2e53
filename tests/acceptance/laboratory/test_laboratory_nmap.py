"""nmap itself recognises every service of the laboratory, and survives the awkward ones."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest

from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Kind, Service
from cyberposture.laboratory.kinds import SHEETS
from cyberposture.laboratory.laboratory import Counters, Laboratory
from cyberposture.laboratory.ports import needed_port_offset

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

OFFSET = needed_port_offset()
NOT_NAMED_WHEN_MOVED = {"dns", "ldap", "smb-old"}
NAMED_KINDS: list[Kind] = [
    kind for kind, sheet in SHEETS.items() if sheet.nmap_name and sheet.speaker
]
UDP_KINDS: list[Kind] = [
    kind for kind, sheet in SHEETS.items() if sheet.answerer and sheet.nmap_name
]
VARIANTS: dict[str, tuple[Service, str]] = {
    "site-neglected": (Service(kind="http", port=8080, site="neglected"), "http"),
    "site-hostile": (
        Service(kind="http", port=8081, banner="Apache/2.4 <script>alert(1)</script>"),
        "http",
    ),
    "https-expired": (Service(kind="https", port=443, certificate="expired"), "ssl/http"),
    "https-weak": (
        Service(kind="https", port=443, weak_suites=True, tls_min="TLSv1.0", tls_max="TLSv1.2"),
        "ssl/http",
    ),
    "https-short-key": (Service(kind="https", port=443, certificate="weak-key"), "ssl/http"),
    "smtp-upgrade": (Service(kind="smtp", port=25, tls="starttls"), "smtp"),
    "imap-tls": (Service(kind="imap", port=993, tls="implicit"), "ssl/imap"),
    "pop3-tls": (Service(kind="pop3", port=995, tls="implicit"), "ssl/pop3"),
    "smtp-tls": (Service(kind="smtp", port=465, tls="implicit"), "ssl/smtp"),
    "redis-open": (Service(kind="redis", port=6379, open_access=True), "redis"),
    "ssh-odd": (Service(kind="ssh", port=2222, password_login=True), "ssh"),
    "ssh-outdated": (Service(kind="ssh", port=22, weak_suites=True), "ssh"),
    "vnc-open": (Service(kind="vnc", port=5900, open_access=True), "vnc"),
    "rdp-unguarded": (Service(kind="rdp", port=3389, network_level=False), "ms-wbt-server"),
    "smb-old": (Service(kind="smb", port=445, version_one=True), "microsoft-ds"),
    "mysql-tls": (Service(kind="mysql", port=3306, tls="starttls"), "mysql"),
    "postgresql-tls": (Service(kind="postgresql", port=5432, tls="starttls"), "postgresql"),
    "smtp-relay": (Service(kind="smtp", port=25, open_access=True), "smtp"),
    "rsync-open": (Service(kind="rsync", port=873, open_access=True), "rsync"),
    "ssh-one": (Service(kind="ssh", port=22, version_one=True), "ssh"),
    "mqtt-open": (Service(kind="mqtt", port=1883, open_access=True), "mqtt"),
}
AWKWARD: dict[str, Service] = {
    "slow": Service(kind="slow", port=7001),
    "endless": Service(kind="endless", port=7003),
    "broken-tls": Service(kind="broken-tls", port=7443),
    "endless-header": Service(kind="http", port=8082, site="endless-header"),
}
SPARED = Host(code="spared", address="127.78.4.9", services=(Service(kind="modbus", port=502),))


@dataclass(frozen=True)
class Seen:
    """What nmap reported, by code of the host."""

    named: dict[str, Any]
    datagrams: dict[str, Any]
    awkward: dict[str, Any]
    scripts: dict[str, dict[str, str]]
    spared: Counters
    laboratory: Laboratory


def hosts_of(third: int, services: dict[str, Service]) -> list[Host]:
    return [
        Host(code=code, address=f"127.78.{third}.{n}", services=(service,))
        for n, (code, service) in enumerate(services.items(), start=1)
    ]


def run_nmap(hosts: list[Host], *options: str, udp: bool = False) -> dict[str, ElementTree.Element]:
    """Scan the hosts' ports in one run; return nmap's element of each host, by code."""
    offset = 0 if udp else OFFSET
    ports = {s.port + (offset if s.port < 1024 else 0) for host in hosts for s in host.services}
    listed = ",".join(str(port) for port in sorted(ports))
    done = subprocess.run(
        [
            *("nmap", "-n", "-Pn", "-sU" if udp else "-sT", "-p", listed, "-oX", "-"),
            *(*options, *(host.address for host in hosts)),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    codes = {host.address: host.code for host in hosts}
    found = ElementTree.fromstring(done.stdout).findall("host")
    return {codes[host.find("address").get("addr")]: host for host in found}


def run_scripts(hosts: list[Host]) -> dict[str, dict[str, str]]:
    names = "ssl-enum-ciphers,ssh2-enum-algos,redis-info,rdp-enum-encryption"
    seen = run_nmap(hosts, "-sV", "--version-light", "--script", names)
    return {
        code: {script.get("id"): script.get("output") for script in host.iter("script")}
        for code, host in seen.items()
    }


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Iterator[Seen]:
    """Everything scanned once, in runs side by side: nmap waits six seconds for mute services."""
    usual = {kind: Service(kind=kind, port=SHEETS[kind].usual_port) for kind in NAMED_KINDS}
    named = hosts_of(5, usual)
    named += hosts_of(6, {code: service for code, (service, _) in VARIANTS.items()})
    datagrams = hosts_of(
        7, {kind: Service(kind=kind, port=SHEETS[kind].usual_port) for kind in UDP_KINDS}
    )
    awkward = hosts_of(8, AWKWARD)
    scripted = [
        host
        for host in named
        if host.code in ("https", "https-weak", "ssh-outdated", "redis-open", "rdp-unguarded")
    ]
    plan = [*named, *datagrams, *awkward, SPARED]
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    with Laboratory(plan, certificates, OFFSET) as laboratory, ThreadPoolExecutor() as pool:
        version = ("-sV", "--version-light")
        all_named = pool.submit(run_nmap, named, *version)
        all_scripts = pool.submit(run_scripts, scripted)
        all_awkward = pool.submit(run_nmap, awkward, *version, "--host-timeout", "15s")
        reached = pool.submit(run_nmap, [SPARED])
        may_udp = os.geteuid() == 0
        all_udp = pool.submit(run_nmap, datagrams, *version, udp=True) if may_udp else None
        reached.result()
        yield Seen(
            all_named.result(),
            all_udp.result() if all_udp else {},
            all_awkward.result(),
            all_scripts.result(),
            laboratory.counters(SPARED.address, 502),
            laboratory,
        )


def service_of(host: ElementTree.Element) -> dict[str, str]:
    """Return what nmap says of the service on the host's one open port."""
    (port,) = [p for p in host.iter("port") if p.find("state").get("state") == "open"]
    service = port.find("service")
    return {} if service is None else service.attrib


def name_of(host: ElementTree.Element) -> str | None:
    """Return what nmap calls that service, if it found it out in an exchange."""
    service = service_of(host)
    if service.get("method") != "probed":
        return None
    return ("ssl/" if service.get("tunnel") == "ssl" else "") + service["name"]


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_nmap_names_the_kind(seen, kind):
    if OFFSET and kind in NOT_NAMED_WHEN_MOVED:
        pytest.skip("nmap does not look for it on a moved port")
    assert name_of(seen.named[kind]) == SHEETS[kind].nmap_name


@pytest.mark.parametrize("code", VARIANTS)
def test_nmap_names_the_variant(seen, code):
    if OFFSET and code in NOT_NAMED_WHEN_MOVED:
        pytest.skip("nmap does not look for it on a moved port")
    assert name_of(seen.named[code]) == VARIANTS[code][1]


@pytest.mark.skipif(os.geteuid() != 0, reason="nmap scans UDP only as root")
@pytest.mark.parametrize("kind", UDP_KINDS)
def test_nmap_names_the_datagram_service(seen, kind):
    assert name_of(seen.datagrams[kind]) == SHEETS[kind].nmap_name


def test_nmap_cannot_judge_the_slow_service(seen):
    host = seen.awkward["slow"]
    assert host.get("timedout") == "true" or name_of(host) is None


@pytest.mark.parametrize("code", [code for code in AWKWARD if code != "slow"])
def test_nmap_comes_to_an_end_with_the_ill_mannered(seen, code):
    host = seen.awkward[code]
    timed_out = host.get("timedout") == "true"
    assert timed_out or name_of(host) in {None, "ssl/oracleas-https"}


def test_nmap_hears_hostile_text_and_the_version_that_an_old_site_tells(seen):
    assert "<script>" in service_of(seen.named["site-hostile"])["extrainfo"]
    assert service_of(seen.named["site-neglected"])["version"] == "2.2.8"


def test_nmap_lists_just_the_tls_versions_and_suites_that_are_offered(seen):
    kept = seen.scripts["https"]["ssl-enum-ciphers"]
    assert re.findall(r"TLSv1\.\d", kept) == ["TLSv1.2", "TLSv1.3"]
    assert "_RSA_WITH_" not in kept.replace("ECDHE_RSA", "")
    weak = seen.scripts["https-weak"]["ssl-enum-ciphers"]
    assert re.findall(r"TLSv1\.\d", weak) == ["TLSv1.0", "TLSv1.1", "TLSv1.2"]
    assert "ECDHE" not in weak


def test_nmap_reads_what_the_weak_services_tell(seen):
    assert "diffie-hellman-group1-sha1" in seen.scripts["ssh-outdated"]["ssh2-enum-algos"]
    assert "Version:" in seen.scripts["redis-open"]["redis-info"]
    assert "Native RDP: SUCCESS" in seen.scripts["rdp-unguarded"]["rdp-enum-encryption"]


def test_fragile_service_proves_that_a_port_scan_sent_it_nothing(seen):
    assert seen.spared.connections >= 1
    assert seen.spared.bytes_received == 0


def test_fragile_service_proves_that_version_detection_did_not_spare_it(seen):
    (probed,) = [e for e in seen.laboratory.listening() if e.host == "modbus"]
    assert seen.laboratory.counters(probed.address, probed.port).bytes_received > 0
