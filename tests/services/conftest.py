"""A CERT's office for tests: a register with content, keys and a settable clock, and short cuts.

A module runs on SQLite; one that says `ENGINES = ("sqlite", "postgresql")`, because locks or fences
are its point, runs on both, and with `--both-engines` every module does. Whatever
a test does, the audit chains must be intact when it ends.
"""

import json
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.engine import URL, make_url

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import Edition, identify
from cyberposture.content.loader import Content, load_content
from cyberposture.errors import CyberpostureError
from cyberposture.model.examples import ExampleFacts
from cyberposture.model.institutions import Institution
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.examples import compile_facts
from cyberposture.services import setup
from cyberposture.services.assessments import assess, importing, rounds
from cyberposture.services.catalogue.adoption import Draft
from cyberposture.services.findings import views as finding_views
from cyberposture.services.findings.judging import Judged, judge_scan
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.institutions import entries as institutions
from cyberposture.services.people import people
from cyberposture.services.permission import authorise, notices
from cyberposture.services.proof import audit
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scores.basis import Basis, gather_basis
from cyberposture.store import scans, tables
from cyberposture.store.audit import AuditLog
from cyberposture.store.blobs import BlobDoor
from cyberposture.store.database import Database, open_database
from cyberposture.store.facts import insert_facts
from cyberposture.store.findings import FindingRecord
from cyberposture.store.heads import HeadsFile

sys.path.insert(0, str(Path(__file__).parent))  # the fleet
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "content"))  # the small editions
SENDER = notices.Sender(("127.0.0.1",), "extension 4")
NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
MARKS = {
    "sqlite": [pytest.mark.store],
    "postgresql": [pytest.mark.store, pytest.mark.loopback],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on the engines that it names."""
    if "engine" in metafunc.fixturenames:
        usual = tuple(MARKS) if metafunc.config.getoption("--both-engines") else ("sqlite",)
        named = getattr(metafunc.module, "ENGINES", usual)
        metafunc.parametrize("engine", [pytest.param(one, marks=MARKS[one]) for one in named])


class Clock:
    """Stands where a test puts it, but for a millisecond a look: no two moments are the same."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._ticks = count()
        self.looks = 0

    def __call__(self) -> datetime:
        tick = next(self._ticks)
        self.looks = tick + 1
        return self._start + timedelta(milliseconds=tick)

    def is_at(self, start: datetime) -> bool:
        """Tell whether it was set to this moment and nobody has looked yet."""
        return self._start == start and self.looks == 0

    def forward(self, **time: float) -> None:
        """Let this much time pass."""
        self._start += timedelta(**time)


def administer(server: URL, statement: str) -> None:
    """Run one statement outside any transaction, as the server's owner."""
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def migrated(url: str) -> str:
    """Lay the tables of an empty database and return its URL."""
    database = open_database(url)
    database.migrate()
    database.close()
    return url


@pytest.fixture(scope="session")
def template_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file for tests to copy."""
    path = tmp_path_factory.mktemp("template") / "register.sqlite"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """The name of a migrated PostgreSQL database for tests to copy."""
    server, name = make_url(postgres_url), f"template_{uuid4().hex}"
    administer(server, f"CREATE DATABASE {name}")
    migrated(server.set(database=name).render_as_string(hide_password=False))
    return name


@pytest.fixture
def register_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated register of the test's own."""
    if engine == "sqlite":
        path = tmp_path / "register.sqlite"
        shutil.copy(request.getfixturevalue("template_file"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("template_database")
    server, name = make_url(request.getfixturevalue("postgres_url")), f"test_{uuid4().hex}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(register_url: str) -> Iterator[Database]:
    """An empty, migrated register."""
    opened = open_database(register_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def content() -> Content:
    """The content that the program carries."""
    return load_content(find_content(None))


@pytest.fixture(scope="session")
def edition(content: Content) -> Edition:
    """The digests of that content."""
    return identify(content.catalogue, content.checks, content.translations)


@pytest.fixture
def clock() -> Clock:
    """A clock at noon of a working day."""
    return Clock(NOON)


@pytest.fixture
def scanner() -> Scanner:
    """A scanner as the laboratory needs it: quick, and one connection at a time."""
    return Scanner(
        scanner_id="test-scanner",
        vantage="external",
        user_agent="cyberposture tests",
        search_path="/usr/local/bin:/usr/bin:/bin",
        has_raw_sockets=False,
        rate_pps=1000,
        connections_per_address=1,
        parallel_chunks=2,
        host_timeout_s=20,
        stop_poll_s=0.1,
        port_offset=0,
        trust_store=None,
        ticket_key=b"t" * 32,
        resolver=None,
    )


class Office:
    """A register in use: what a test needs before it comes to what it is about."""

    def __init__(self, register: Register, heads: HeadsFile, clock: Clock, folder: Path) -> None:
        self.register, self.heads, self.clock, self.folder = register, heads, clock, folder
        self.reports = find_content(None).reports
        self.signer = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self._numbers = count(1)

    def write(self, name: str, document: Any) -> Path:
        """Write a file: a text as it is, all else as JSON, which is YAML."""
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1))
        return path

    def institution(self, code: str = "hill-office", **changes: Any) -> str:
        """Register a fictional institution of the lowest tier that has a website."""
        fields = {"code": code, "name": code.title(), "sectors": ["government"], "tier": "A",
                  "features": ["web"], "contacts": ["Porter, extension 9"]}  # fmt: skip
        institutions.add_institution(self.register, Institution.model_validate(fields | changes))
        return code

    def declare(self, code: str, *hosts: dict[str, Any] | str) -> None:
        """Declare assets: a text is the address of a host, the rest assets as files hold them."""
        assets = [
            {"id": f"host-{number}", "kind": "host", "addresses": [asset]}
            if isinstance(asset, str)
            else asset
            for number, asset in enumerate(hosts, start=1)
        ]
        path = self.write(f"assets-{next(self._numbers)}.yaml", {"assets": assets})
        institutions.import_declaration(self.register, path, code)

    def key_of(self, person: str) -> Path:
        """Return where a person's private key is."""
        return self.folder / "keys" / f"{person}.key"

    def invite(self, code: str, role: Any, **options: Any) -> str:
        """Invite a person, once, and return their private key."""
        if not self.key_of(code).exists():
            people.invite(self.register, code, code.title(), role, self.key_of(code), **options)
        return people.read_key(self.key_of(code))

    def acting(self, person: str = "c-cert", role: Any = "cert-analyst") -> Register:
        """Return the register as a person works with it who is invited if need be."""
        self.invite(person, role)
        return replace(self.register, actor=person)

    def terms(self, code: str, *scope: dict[str, Any] | str, **changes: Any) -> Path:
        """Write the file of an authorisation's terms; a text in the scope is a CIDR."""
        number = next(self._numbers)
        now = self.clock()
        terms = {
            "id": f"A-{number}",
            "institution": code,
            "signatory": "Head of the office",
            "signatory_role": "head",
            "power_to_sign_checked": "compared with the register of offices",
            "valid_from": (now - timedelta(days=1)).isoformat(),
            "valid_until": (now + timedelta(days=365)).isoformat(),
            "scope": [
                {"cidr": entry, "ports": None, "special_allowed": True}
                if isinstance(entry, str)
                else entry
                for entry in scope
            ],
            "load": 3,
            "emergency_contacts": ["Porter, extension 9"],
        }
        return self.write(f"terms-{number}.yaml", terms | changes)

    def authorise(self, code: str, *scope: dict[str, Any] | str, **changes: Any) -> str:
        """Record and grant an authorisation; return its reference number."""
        letter = self.write("letter.txt", "We allow the checks below.")
        analyst = self.invite("a-analyst", "cert-analyst")
        officer = self.invite("o-officer", "authorising-officer")
        terms = self.terms(code, *scope, **changes)
        record = authorise.add(self.register, terms, letter, "a-analyst", analyst)
        authorise.grant(self.register, record.code, "o-officer", officer)
        self.tell(record.code)
        return record.code

    def tell(self, reference: str) -> str:
        """Write the notice of an authorisation, record it as sent, and return its text."""
        letter = notices.write_notice(self.register, self.reports, SENDER, reference)
        notices.record_sent(self.register, reference, "a-analyst", "by hand")
        return letter.text

    def withdraw(self, reference: str) -> None:
        """Have an authorisation withdrawn."""
        authorise.withdraw(
            self.register, reference, "a-analyst", self.invite("a-analyst", "cert-analyst"),
            withdrawn_by="the head of the office", reason="works on the network",
        )  # fmt: skip

    def seen(self, address: str, *, vantage: str = "external", **host: Any) -> list[Fact]:
        """Return the facts of a small host (written as in the examples of checks), seen now."""
        now = self.clock()
        facts = []
        for fact in compile_facts(ExampleFacts.model_validate(host), vantage):
            own = {"address": address, "started_at": now, "ended_at": now}
            if fact.host is not None:
                own["host"] = fact.host.model_copy(update={"address": address})
            for kind in ("tls", "http"):
                own[kind] = tuple(
                    one.model_copy(update={"address": address}) for one in getattr(fact, kind)
                )
            facts.append(fact.model_copy(update=own))
        return facts

    def judge(self, code: str, *looks: list[Fact], may_close: bool = True) -> Judged:
        """Keep facts as one scan of the institution, judge them, and return what came of it."""
        facts = [fact for look in looks for fact in look]
        with self.register.change("scan-imported", code) as change:
            change.institution_id = self.id_of(code)
            scan = scans.insert_scan(
                change.connection, change.institution_id, change.by, kind="imported",
                vantage=facts[0].vantage, authorisations=[], plan={},
                checks_digest=self.register.edition.checks, scanner="test",
            )  # fmt: skip
            at = change.now
            scans.record_state(change.connection, scan.id, "running", at=at)
            insert_facts(change.connection, change.institution_id, scan.id, facts, at=at)
            judged = judge_scan(
                self.register, change.connection, scan.id, change.by, may_close=may_close
            )
            scans.record_state(change.connection, scan.id, "done", at=at)
        return judged

    def look(self, code: str, address: str, **host: Any) -> Judged:
        """Look at one small host, a minute after whatever was before."""
        self.clock.forward(minutes=1)
        return self.judge(code, self.seen(address, **host))

    def id_of(self, code: str) -> UUID:
        """Return the id of an institution."""
        return institutions.get_institution(self.register, code).id

    def findings(self, check: str, code: str | None = None) -> list[FindingRecord]:
        """Return every finding of a check."""
        found = finding_views.list_findings(self.register, code)
        return [finding for finding in found if finding.key.check == check]

    def finding(self, check: str) -> FindingRecord:
        """Return the one finding of a check."""
        (finding,) = self.findings(check)
        return finding

    def open_round(self, code: str = "autumn", **options: Any) -> str:
        """Open a round."""
        due = self.clock() + timedelta(days=30)
        rounds.open_round(self.register, code, code.title(), due, **options)
        return code

    def answer(self, code: str, round_code: str, **levels: int | dict[str, Any] | None) -> None:
        """Answer controls (`IAM_10=2`) in an assessment, which is opened where there is none."""
        if not assess.list_assessments(self.register, institution=code, round_code=round_code):
            assess.open_assessment(self.register, code, round_code)
        rows = [
            {"control": control.replace("_", "-")}
            | (given if isinstance(given, dict) else {"level": given})
            for control, given in levels.items()
        ]
        path = self.write(f"answers-{next(self._numbers)}.yaml", {"answers": rows})
        importing.import_answers(self.register, path, code, round_code)

    def basis(
        self, code: str, round_code: str | None = None, as_of: datetime | None = None
    ) -> Basis:
        """Return what the score of an institution stands on."""
        moment = as_of or self.clock()
        with self.register.reading() as connection:
            return gather_basis(self.register, connection, code, round_code, moment)

    def standing(self, code: str, check: str, **when: Any) -> CheckStanding:
        """Return how a check stands for an institution."""
        return self.basis(code, **when).checks[check]

    def verify(self) -> None:
        """Require that every audit chain is intact."""
        database = self.register.database
        report = audit.verify_chains(database, self.heads, self.signer.public_key())
        assert report.faults == ()

    def rows(self) -> dict[str, list[str]]:
        """Return all rows of all tables, for a comparison."""
        with self.register.reading() as connection:
            return {
                table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
                for table in tables.metadata.sorted_tables
            }

    @contextmanager
    def refuses(self, error: type[CyberpostureError], match: str | None = None) -> Iterator[Any]:
        """Expect this error of the call inside, and that it leaves no row behind."""
        before = self.rows()
        with pytest.raises(error, match=match) as caught:
            yield caught
        assert self.rows() == before

    def entries(self) -> Counter[str]:
        """Return how many entries of each kind the audit log holds."""
        return Counter(entry.kind for entry in audit.read_entries(self.register))

    @contextmanager
    def adds(self, *kinds: str) -> Iterator[None]:
        """Expect exactly these audit entries of the calls inside, gate decisions set apart."""
        before = self.entries()
        yield
        added = self.entries() - before
        added.pop("gate", None)
        assert added == Counter(kinds)


@dataclass(frozen=True)
class Furnished:
    """An office as it is when nothing has happened in it yet, for tests to copy."""

    file: Path
    heads: bytes
    looks: int
    """How often furnishing looked at the clock."""

    def lay(self, register: Path, heads: Path, clock: Clock) -> None:
        """Let an empty register of SQLite hold what this one holds."""
        with (
            closing(sqlite3.connect(self.file)) as there,
            closing(sqlite3.connect(register)) as here,
        ):
            there.backup(here)
        heads.write_bytes(self.heads)
        for _ in range(self.looks):
            clock()


@pytest.fixture(scope="session")
def furnish(
    content: Content, edition: Edition, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Office]:
    """Furnish an office over a migrated register: deny list confirmed, edition adopted, no more.

    What it adopts is packed once: the second office over an empty file begins as a copy.
    """
    usual = Draft(content, edition)
    kept: list[Furnished] = []

    def make(
        database: Database,
        folder: Path,
        clock: Callable[[], datetime],
        under: Draft | None = None,
    ) -> Office:
        used = under or usual
        heads = HeadsFile(folder / "heads.jsonl")
        signer = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        register = Register(
            database=database,
            blobs=BlobDoor(b"m" * 32),
            audit=AuditLog(signer, heads),
            clock=clock,
            content=used.content,
            edition=used.edition,
            actor="amna-khan",
        )
        office, file = Office(register, heads, clock, folder), database.path
        fresh = clock if isinstance(clock, Clock) and clock.is_at(NOON) and used is usual else None
        if file and fresh and kept:
            kept[0].lay(file, heads.path, fresh)
            return office
        setup.confirm_empty_deny_list(register)
        setup.adopt_content(register)
        if file and fresh:
            copy = tmp_path_factory.mktemp("furnished") / "register.sqlite"
            with closing(sqlite3.connect(file)) as here, closing(sqlite3.connect(copy)) as there:
                here.backup(there)
            kept.append(Furnished(copy, heads.path.read_bytes(), fresh.looks))
        return office

    return make


@pytest.fixture
def office(
    furnish: Callable[..., Office], database: Database, tmp_path: Path, clock: Clock
) -> Iterator[Office]:
    """An office of the test's own."""
    office = furnish(database, tmp_path, clock)
    yield office
    office.verify()
