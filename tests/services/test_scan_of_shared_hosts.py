"""A provider's address is asked once for all whom it serves, and judged for each of them."""

import os
import random
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.services import files
from cyberposture.services.proof import audit
from cyberposture.services.proof.replay import replay
from cyberposture.services.scans import scan
from cyberposture.services.scans.sharing import SHARED_FOR
from cyberposture.store.facts import list_facts, list_judgements

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]
_CHANCE = random.SystemRandom()
MAIL = f"127.{_CHANCE.randrange(96, 250)}.{_CHANCE.randrange(256)}.5"
CONSENT = {"third_party": "Fictional Hosting Ltd", "letter_sha256": "cd" * 32}
ENTRY = {"cidr": f"{MAIL}/32", "ports": None, "special_allowed": True, "consent": CONSENT}


class LaterClock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **step: float) -> None:
        self.ahead += timedelta(**step)


@pytest.fixture
def clock():
    """A clock that goes, because nmap knows no other."""
    return LaterClock()


@pytest.fixture
def provider(tmp_path):
    """A mail server in the clear that several institutions use."""
    host = Host(code="mail", address=MAIL, services=(Service(kind="telnet", port=23),))
    authority = tmp_path / "authority"
    authority.mkdir()
    with Laboratory([host], Certificates(authority), needed_port_offset()) as running:
        yield running


def look(office, scanner, code, kind="scheduled"):
    here = replace(
        scanner, search_path=os.environ["PATH"], host_timeout_s=15,
        port_offset=needed_port_offset(), rate_pps=1000,
    )  # fmt: skip
    return scan.run_scan(office.register, here, scan.Request(code, kind=kind))


def contacts_with(provider):
    time.sleep(0.2)  # what was just closed is counted
    return provider.counters(MAIL, 23).connections


def seen_of(office, record):
    with office.register.reading() as connection:
        facts = [one.fact for one in list_facts(connection, scan_id=record.id)]
        rows = [one.judgement for one in list_judgements(connection, scan_id=record.id)]
    return facts, {(r.check, r.port): r.verdict for r in rows}


def served(office, code, consent=CONSENT):
    office.institution(code)
    office.declare(code, MAIL)
    return office.authorise(code, ENTRY | {"consent": consent})


def test_one_contact_serves_all_whose_letters_name_the_provider(office, scanner, provider):
    for code in ("hill-office", "dale-office"):
        served(office, code)
    first = look(office, scanner, "hill-office")
    met = contacts_with(provider)
    assert met > 0
    second = look(office, scanner, "dale-office")
    assert contacts_with(provider) == met
    assert (second.state, second.summary["chunks"]) == ("done", {})

    theirs, verdicts = seen_of(office, first)
    ours, own_verdicts = seen_of(office, second)
    assert own_verdicts == verdicts
    assert "fail" in own_verdicts.values()
    looks = [fact for fact in ours if fact.host is not None]
    assert looks
    assert {fact.parameters["shared-from"].split("/")[0] for fact in looks} == {first.code}
    assert {fact.ended_at for fact in looks} <= {fact.ended_at for fact in theirs}
    # The raw file that an auditor may ask for lies with each of them, under its own key.
    raws = {fact.artefact for fact in ours if fact.artefact}
    kept = {one.sha256 for one in files.list_files(office.register, "dale-office", "scan")}
    assert raws and raws <= kept
    told = [e for e in audit.read_entries(office.register, institution="dale-office")
            if e.kind == "scan-stage" and "shared" in e.data]  # fmt: skip
    assert {one["address"] for entry in told for one in entry.data["shared"]} == {MAIL}
    assert audit.read_entries(office.register, institution="dale-office", kind="gate")
    assert replay(office.register.database, office.register.blobs).violations == []


def test_what_is_old_asked_for_or_a_manual_scan_is_looked_at_anew(office, scanner, provider):
    for code in ("hill-office", "dale-office"):
        served(office, code)
    look(office, scanner, "hill-office")
    met = contacts_with(provider)
    look(office, scanner, "dale-office", kind="manual")
    assert contacts_with(provider) > met
    met = contacts_with(provider)
    office.clock.forward(seconds=SHARED_FOR.total_seconds())
    look(office, scanner, "dale-office")
    assert contacts_with(provider) > met
