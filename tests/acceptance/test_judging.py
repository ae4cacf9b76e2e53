"""From real services through the real nmap to verdicts, by the checks that are shipped."""

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_checks
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.evaluate import judge_door
from cyberposture.scanning.reading.facts import read_facts
from cyberposture.scanning.reading.parse import parse

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

ADDRESS = "127.79.1.1"
SERVICES = (
    Service(kind="telnet", port=2323),
    Service(kind="ssh", port=2200),
    Service(kind="redis", port=6379, open_access=True),
    Service(kind="https", port=8443, tls_min="TLSv1.0", weak_suites=True),
    Service(kind="wrapped", port=5432),
)
CLOSED = (1433, 3306, 27017)
PORTS = ",".join(str(port) for port in sorted((*CLOSED, *(row.port for row in SERVICES))))
SCRIPTS = "redis-info,ssh2-enum-algos,ssl-enum-ciphers"


def scan(technique: str, *options: str) -> list[Fact]:
    command = ["nmap", "-n", "-Pn", "-sT", "-p", PORTS, *options, "-oX", "-", ADDRESS]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return list(read_facts(parse(BytesIO(done.stdout)), technique=technique))


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Fact]]]:
    folder: Path = tmp_path_factory.mktemp("authority")
    host = Host(code="mountain", address=ADDRESS, services=SERVICES)
    with Laboratory([host], Certificates(folder)):
        yield {
            "ports": scan("tcp-ports"),
            "versions": scan("service-versions", "-sV", "--script", SCRIPTS),
        }


def verdicts(facts: list[Fact]) -> dict[tuple[str, int | None], str]:
    rows: list[dict[str, Any]] = judge_door(facts, load_checks(find_content(None).scanners))
    return {(row["check"], row["port"]): row["verdict"] for row in rows}


@pytest.mark.parametrize(
    ("check", "port", "verdict"),
    [
        ("cleartext.no-telnet-or-r-login", 2323, "fail"),
        ("remote-access.ssh-not-on-the-internet", 2200, "fail"),
        ("remote-access.ssh-refuses-broken-encryption", 2200, "pass"),
        ("exposure.stores-ask-for-a-login", 6379, "fail"),
        ("tls.no-old-protocol-versions", 8443, "fail"),
        ("tls.suites-have-forward-secrecy", 8443, "fail"),
        ("exposure.no-database-on-the-internet", 3306, "pass"),
        ("exposure.no-database-on-the-internet", 5432, "inconclusive"),
        ("exposure.no-database-on-the-internet", 1521, "not-tested"),
        ("web.hsts-is-set", 8443, "not-tested"),
        ("ot.no-control-protocol-on-the-internet", None, "not-tested"),
        ("exposure.only-declared-ports-are-open", None, "not-tested"),
    ],
)
def test_a_real_service_gets_the_verdict_that_it_deserves(
    facts: dict[str, list[Fact]], check: str, port: int | None, verdict: str
) -> None:
    assert verdicts(facts["ports"] + facts["versions"])[(check, port)] == verdict


def test_a_port_scan_alone_decides_nothing_about_services(facts: dict[str, list[Fact]]) -> None:
    found = verdicts(facts["ports"])
    assert found[("exposure.no-database-on-the-internet", 3306)] == "pass"
    assert found[("exposure.no-database-on-the-internet", 5432)] == "inconclusive"
    assert "fail" not in found.values()
