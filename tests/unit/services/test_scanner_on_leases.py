"""A scanner on leases begins once, waits its turn at an address, and tells what it did not do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cyberposture.exchange.shared_folder import SharedFolder
from cyberposture.model.leases import Lease, Result, Sign
from cyberposture.scanning.permission.leases import QUIET_S, seal, unseal
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.zone import Identity, ZoneScanner

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CENTRE, PLANT = generate_key_pair(), generate_key_pair()
NAME, TARGET = "plant-1", "127.90.0.1"
FIRST, SECOND = f"{'a' * 32}-1", f"{'b' * 32}-1"
SCANNER = Scanner(
    scanner_id=NAME, vantage="internal:plant", user_agent="x", search_path="",
    has_raw_sockets=False, rate_pps=5, connections_per_address=1, parallel_chunks=1,
    host_timeout_s=60, stop_poll_s=1, port_offset=0, trust_store=None, ticket_key=b"",
)  # fmt: skip


class Zone:
    """A scanner, the folder that it shares, and a centre that signs what a test says."""

    def __init__(self, folder: Path) -> None:
        self.shared, self.own = SharedFolder(folder / "shared"), SharedFolder(folder / "own")
        for one in (self.shared, self.own):
            one.path.mkdir()
        self.wall, self.ticks_s, self.serial = NOW, 1000.0, 0
        self.scanner = self.start()

    def start(self) -> ZoneScanner:
        """Start the scanner anew, on the same machine; it gives its first sign of life."""
        identity = Identity(NAME, PLANT.private_key, CENTRE.public_key)
        clocks = (lambda: self.wall, lambda: self.ticks_s)
        self.scanner = ZoneScanner(identity, SCANNER, self.shared, self.own, clocks)
        self.scanner.look()
        return self.scanner

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.ticks_s += seconds

    def sign(self) -> Sign:
        data = self.shared.find("signs", NAME)
        assert data is not None
        return unseal(Sign, PLANT.public_key, data)[0]

    def lend(self, lease_id: str = FIRST, *, under: str = "A-1", **changes: Any) -> None:
        self.serial += 1
        plan = {
            "job": "j", "technique": "tls-handshake", "protocol": "tcp", "targets": [TARGET],
            "ports": [443], "load": 2, "name": None, "expected_s": 5,
        }  # fmt: skip
        letter = {
            "id": "A-1", "granted": True, "valid_from": NOW - timedelta(days=1),
            "valid_until": NOW + timedelta(days=1), "withdrawn_at": None, "load": 3,
            "scope": [{"cidr": "127.90.0.0/24", "ports": None, "special_allowed": True}],
            "exclusions": changes.pop("exclusions", []),
        }  # fmt: skip
        question = {
            "gate": 1, "now": self.wall, "expected_s": 5, "name": None, "resolved": [],
            "protocol": "tcp", "load": 2, "stop": False, "deny": [], "excluded_elsewhere": [],
            "authorisations": [letter], "windows": [], "blackouts": [], "targets": [TARGET],
            "ports": [443],
        }  # fmt: skip
        fields = {
            "id": lease_id, "serial": self.serial, "state": "send", "scanner": NAME,
            "signed_at": self.wall, "expires_at": self.wall + timedelta(seconds=60),
            "answers": self.sign().nonce, "plan": plan, "question": question,
            "authorisation": under, "terms_sha256": "0" * 64,
            "manners": {"rate_pps": 5, "connections": 1, "host_timeout_s": 60, "port_offset": 0,
                        "user_agent": "x"},
        }  # fmt: skip
        lease = Lease.model_validate(fields | changes)
        self.shared.place(f"leases-{NAME}", lease_id, seal(lease, CENTRE.private_key))

    def result(self, lease_id: str = FIRST) -> Result:
        data = self.shared.find(f"results-{NAME}", lease_id)
        assert data is not None
        return unseal(Result, PLANT.public_key, data)[0]


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path)


def test_lease_is_begun_once_and_ends_before_it_is_over(zone: Zone) -> None:
    zone.lend()
    (errand,) = zone.scanner.look()
    assert zone.scanner.look() == []
    assert not errand.must_stop()
    zone.pass_by(60 - QUIET_S)
    assert errand.must_stop()


def test_renewal_prolongs_and_what_was_taken_back_stays_so(zone: Zone) -> None:
    zone.lend()
    (errand,) = zone.scanner.look()
    zone.pass_by(40)
    zone.scanner.look()
    zone.lend()
    zone.scanner.look()
    zone.pass_by(30)
    assert not errand.must_stop()
    zone.lend(state="stop")
    zone.scanner.look()
    assert errand.must_stop()
    zone.lend()
    zone.scanner.look()
    assert errand.must_stop()


def test_lease_copied_under_another_name_is_refused(zone: Zone) -> None:
    zone.lend()
    data = zone.shared.find(f"leases-{NAME}", FIRST)
    assert data is not None
    zone.shared.remove(f"leases-{NAME}", FIRST)
    zone.shared.place(f"leases-{NAME}", SECOND, data)
    assert zone.scanner.look() == []
    assert zone.sign().refused[SECOND].startswith("replayed")


def test_second_lease_at_an_address_waits_for_the_first(zone: Zone) -> None:
    zone.lend(FIRST, exclusions=[f"{TARGET}/32"])
    zone.lend(SECOND)
    (errand,) = zone.scanner.look()
    assert errand.lease.id == FIRST
    assert zone.scanner.look() == []
    zone.scanner.run(errand)
    assert [one.lease.id for one in zone.scanner.look()] == [SECOND]


def test_scanner_that_ended_in_the_midst_of_it_says_so_and_sends_nothing_again(zone: Zone) -> None:
    zone.lend()
    assert len(zone.scanner.look()) == 1
    again = zone.start()
    assert zone.sign().refused[FIRST].startswith("stale")
    zone.lend()
    assert again.look() == []
    assert zone.result().outcome == "lost"


def test_lease_that_is_taken_back_before_it_began_is_answered(zone: Zone) -> None:
    zone.lend(state="stop")
    assert zone.scanner.look() == []
    assert (zone.result().outcome, zone.result().lease_sha256) == ("stopped", None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exclusions": [f"{TARGET}/32"]}, "excluded"),
        ({"under": "A-2"}, "other-terms"),
    ],
)
def test_gate_is_asked_in_the_zone_and_its_refusal_is_told(
    zone: Zone, changes: dict[str, Any], why: str
) -> None:
    zone.lend(**changes)
    (errand,) = zone.scanner.look()
    assert zone.scanner.run(errand) == "refused"
    zone.scanner.look()
    assert zone.result().outcome == "refused"
    assert zone.result().said.startswith(why)


def test_permission_that_ended_meanwhile_is_refused_in_the_zone(zone: Zone) -> None:
    zone.lend()
    (errand,) = zone.scanner.look()
    zone.wall += timedelta(days=1)
    assert zone.scanner.run(errand) == "refused"


def test_result_is_placed_again_until_the_centre_has_it(zone: Zone) -> None:
    zone.lend(exclusions=[f"{TARGET}/32"])
    (errand,) = zone.scanner.look()
    zone.scanner.run(errand)
    for _ in range(2):
        zone.scanner.look()
        assert zone.result().lease == FIRST
        zone.shared.remove(f"results-{NAME}", FIRST)
    assert zone.own.names("results") == [FIRST]
    zone.lend(state="received")
    zone.scanner.look()
    assert zone.own.names("results") == []
    assert zone.shared.names(f"results-{NAME}") == []


def test_renewed_lease_of_a_result_that_is_kept_begins_nothing(zone: Zone) -> None:
    zone.lend(exclusions=[f"{TARGET}/32"])
    (errand,) = zone.scanner.look()
    zone.scanner.run(errand)
    zone.lend()
    assert zone.scanner.look() == []
    assert zone.start().look() == []
