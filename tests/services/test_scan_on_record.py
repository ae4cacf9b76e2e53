"""A real scan leaves a log from which everything that it contacted can be proved and traced."""

import os
import random
import shutil
from dataclasses import replace

import pytest

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.services.proof import provenance, replay
from cyberposture.services.scans import scan

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
OFFSET = needed_port_offset()


@pytest.fixture
def clock():
    """The real time: nmap knows no other."""
    return utc_now


def test_scan_is_proved_from_its_log_and_each_contact_names_who_allowed_it(
    office, scanner, tmp_path
):
    www = Host(
        code="www", address=f"{NETWORK}.1",
        services=(Service(kind="http", port=80), Service(kind="telnet", port=23)),
    )  # fmt: skip
    code = office.institution()
    office.declare(code, www.address, f"{NETWORK}.2")
    letter = office.authorise(code, f"{NETWORK}.0/24")
    used = replace(scanner, search_path=os.environ["PATH"], port_offset=OFFSET)
    with Laboratory([www], Certificates(tmp_path), OFFSET):
        record = scan.run_scan(office.register, used, scan.Request(code, is_announced=True))
    assert record.state == "done"
    assert record.plan["announced"] is True
    report = replay.replay(office.register.database, office.register.blobs)
    assert report.violations == []
    assert report.contacts == report.files > 3
    assert report.decisions > report.contacts

    found = provenance.trace_contact(office.register, www.address)
    told = provenance.document(found)
    assert (told["authorisation"], told["institution"]) == (letter, code)
    assert (told["received_by"], told["granted_by"]) == ("a-analyst", ["o-officer"])
    assert told["signatory"] == "Head of the office"
    assert told["rule"]["reason"] == "allowed"
    assert told["rule"]["scope"]["cidr"] == f"{NETWORK}.0/24"
    assert told["letter_sha256"] and told["told_at"] < told["began"]
    assert provenance.trace_contact(office.register, f"{NETWORK}.77") is None
    before = provenance.trace_contact(office.register, www.address, record.started_at)
    assert before is None
