"""Scanners on leases: who is trusted, what their signed word is worth, what a vantage has alike."""

import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from cyberposture.cli.app import app
from cyberposture.errors import InvalidInput, NotAuthorised, WrongState, WrongUsage
from cyberposture.model.leases import Result
from cyberposture.model.plans import Plan
from cyberposture.runtime import lay_workspace
from cyberposture.scanning.permission.gate import permit
from cyberposture.scanning.permission.leases import pack, seal, unseal
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services.permission import zone_scanners
from cyberposture.services.permission.gate_log import GateLog
from cyberposture.services.permission.ground import gather
from cyberposture.services.proof.replay import replay
from cyberposture.services.scans.watchdog import Watchdog
from cyberposture.settings import load_settings
from cyberposture.store.acts import Act

NAME, VANTAGE, HOST, CODE = "plant-1", "internal:plant", "127.71.0.1", "hill-office"
KEY, FALSE_KEY = generate_key_pair(), generate_key_pair()
RAW = json.dumps({"technique": "tls-handshake", "targets": [HOST], "ports": [80], "name": None,
                  "started_at": "2026-11-19T12:00:00Z", "ended_at": "2026-11-19T12:00:00Z",
                  "seen": [{"address": HOST, "port": 80}]}).encode()  # fmt: skip


def test_scanner_is_trusted_by_the_cert_until_it_ends(office):
    cert = office.acting()
    with office.adds("zone-scanner-added"):
        zone_scanners.add(cert, NAME, VANTAGE, KEY.public_key)
    with office.refuses(WrongState, "is the scanner of"):
        zone_scanners.add(cert, "plant-2", VANTAGE, KEY.public_key)
    with office.adds("zone-scanner-ended"):
        zone_scanners.end(cert, NAME)
    assert zone_scanners.list_all(office.register) == []
    with office.refuses(WrongState, "never used again"):
        zone_scanners.add(cert, NAME, VANTAGE, KEY.public_key)
    zone_scanners.add(cert, "plant-2", VANTAGE, KEY.public_key)


def test_only_the_cert_trusts_a_scanner_and_only_in_a_zone(office):
    reviewer = office.acting("r-reviewer", "reviewer")
    with office.refuses(NotAuthorised, "wrong-role"):
        zone_scanners.add(reviewer, NAME, VANTAGE, KEY.public_key)
    cert = office.acting()
    with office.refuses(WrongUsage, "stands in a zone"):
        zone_scanners.add(cert, NAME, "external", KEY.public_key)
    with office.refuses(InvalidInput, "64 hexadecimal"):
        zone_scanners.add(cert, NAME, VANTAGE, "0" * 63)
    with office.refuses(InvalidInput):
        zone_scanners.add(cert, "Plant One", VANTAGE, KEY.public_key)


class Contact:
    """One contact from a zone, as lending writes it to the log."""

    def __init__(self, office) -> None:
        self.office = office
        office.institution(CODE)
        office.declare(CODE, HOST)
        self.letter = office.authorise(CODE, f"{HOST}/32")
        zone_scanners.add(office.acting(), NAME, VANTAGE, KEY.public_key)

    def write(self, *, key: str = KEY.private_key, raw: bytes = RAW, lasts_s: float = 1) -> None:
        """Write decision and contact; `key` signs the scanner's word about `raw`."""
        register, owner = self.office.register, self.office.id_of(CODE)
        plan = Plan(job="j", technique="tls-handshake", protocol="tcp", targets=(HOST,),
                    ports=(80,), load=2, name=None, expected_s=10)  # fmt: skip
        with register.database.transaction() as connection:
            now = register.clock()
            question = gather(connection, owner, now).question(plan, now)
            about = {"scan": "scan-1", "chunk": 1, "stage": "send"}
            log = GateLog(register.audit, connection, owner, Act("w", "", now), about)
            log.allowed(question, permit(plan, question).answer)
        body, facts_sha256, raw_sha256 = pack([], raw)
        word = Result(
            lease=f"{'0' * 32}-1", scanner=NAME, lease_sha256="0" * 64,
            lease_expires_at=now + timedelta(seconds=60), outcome="finished", said="",
            sender="probe", began_at=now, ended_at=now + timedelta(seconds=lasts_s),
            facts_sha256=facts_sha256, raw_sha256=raw_sha256,
        )  # fmt: skip
        _, signed = unseal(Result, _public(key), seal(word, key, body))
        self.office.clock.forward(seconds=90)
        with register.change("chunk-run", "scan-1") as change:
            change.institution_id = owner
            kept = register.blobs.put(change.connection, owner, "scan", RAW, change.by)
            change.tell(chunk=1, technique=plan.technique, targets=[HOST], outcome="finished",
                        authorisation=self.letter, artefact_sha256=kept,
                        zone={"text": signed.text, "signature": signed.signature})  # fmt: skip

    def violations(self) -> list[str]:
        return [one.what for one in replay(self.office.register.database, None).violations]


def _public(key: str) -> str:
    return next(one.public_key for one in (KEY, FALSE_KEY) if one.private_key == key)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, []),
        ({"key": FALSE_KEY.private_key}, ["the scanner's word is signed by no key on record"]),
        ({"raw": b"{}"}, ["plant-1 signed another raw file"]),
        ({"lasts_s": 63}, ["plant-1 went on after its lease"]),
    ],
)
def test_replay_believes_a_scanner_of_a_zone_by_its_signature(office, how, said):
    contact = Contact(office)
    contact.write(**how)
    found = contact.violations()
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


@pytest.mark.parametrize(
    "changes",
    [{"rate_pps": 9}, {"institution_pps": 100}, {"parallel_chunks": 9}, {"user_agent": "other"},
     {"has_raw_sockets": True}],
)  # fmt: skip
def test_worker_that_is_set_up_otherwise_than_its_vantage_is_refused(office, scanner, changes):
    with Watchdog(office.register, scanner), Watchdog(office.register, scanner):
        with (
            office.refuses(WrongState, "is set up otherwise: .* there and .* here"),
            Watchdog(office.register, replace(scanner, **changes)),
        ):
            raise AssertionError
        elsewhere = replace(scanner, vantage="internal:office", **changes)
        with Watchdog(office.register, elsewhere):
            pass
    with Watchdog(office.register, replace(scanner, **changes)):
        pass


def test_worker_that_died_is_forgotten_and_a_new_set_up_holds(office, scanner):
    with ExitStack() as living:
        living.enter_context(Watchdog(office.register, replace(scanner, stop_poll_s=1)))
        office.clock.forward(seconds=31)
        with Watchdog(office.register, replace(scanner, rate_pps=9)):
            pass


def test_commands_make_keys_and_tell_who_is_trusted(tmp_path, monkeypatch):
    workspace = tmp_path / "workspace"
    monkeypatch.setenv("CYBERPOSTURE_WORKSPACE", str(workspace))

    def told(*words: str):
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    key = told("zone", "key", NAME, "--out", str(tmp_path / "plant.key"), "--json")
    lay_workspace(load_settings())
    centre = told("zone", "centre-key", "--json")
    assert centre == told("zone", "centre-key", "--json")
    CliRunner().invoke(app, ["init"])
    added = told("zone", "add", NAME, "--vantage", VANTAGE, "--public-key", key["public_key"],
                 "--by", "administrator", "--json")  # fmt: skip
    assert (added["name"], added["vantage"], added["by"]) == (NAME, VANTAGE, "administrator")
    assert told("zone", "list", "--json") == [added]
    assert "due" in {row["kind"] for row in told("schedule", "list", "--json")}
