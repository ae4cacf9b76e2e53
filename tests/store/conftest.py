"""The register for tests: the same empty, migrated database on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url

from cyberposture.model.assessments import Answer, Evidence, Round
from cyberposture.model.institutions import Institution
from cyberposture.model.people import Person
from cyberposture.store.acts import Act
from cyberposture.store.assessments import AssessmentRecord, insert_assessment
from cyberposture.store.audit import AuditLog
from cyberposture.store.database import Database, open_database
from cyberposture.store.heads import HeadsFile
from cyberposture.store.institutions import InstitutionRecord, insert_institution
from cyberposture.store.people import PersonRecord, insert_person
from cyberposture.store.rounds import RoundRecord, insert_round
from cyberposture.store.scans import ScanRecord, insert_scan

NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
TODAY = NOON.date()
CONTROLS = ("GOV-01", "IAM-09", "IAM-10", "NET-03", "WEB-02")

ENGINES = [
    pytest.param("sqlite", marks=pytest.mark.store),
    pytest.param("postgresql", marks=[pytest.mark.store, pytest.mark.loopback]),
]


def administer(url: URL, statement: str) -> None:
    """Run one statement outside any transaction, as the server's owner."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a register that was never migrated."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'register.sqlite'}"
        return
    server = make_url(request.getfixturevalue("postgres_url"))
    name = f"test_{uuid4().hex}"
    administer(server, f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def laid_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file for tests to copy."""
    path = tmp_path_factory.mktemp("laid") / "register.sqlite"
    register = open_database(f"sqlite:///{path}")
    register.migrate()
    register.close()
    return path


@pytest.fixture(scope="session")
def laid_postgresql(postgres_url: str) -> str:
    """The name of a migrated PostgreSQL database for tests to copy."""
    name = f"laid_{uuid4().hex}"
    server = make_url(postgres_url)
    administer(server, f"CREATE DATABASE {name}")
    register = open_database(server.set(database=name).render_as_string(hide_password=False))
    register.migrate()
    register.close()
    return name


@pytest.fixture
def laid_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty, migrated register of the test's own."""
    if engine == "sqlite":
        path = tmp_path / "register.sqlite"
        shutil.copy(request.getfixturevalue("laid_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("laid_postgresql")
    server = make_url(request.getfixturevalue("postgres_url"))
    name = f"test_{uuid4().hex}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def open_register(laid_url: str) -> Iterator[Callable[[], Database]]:
    """Open the test's register, as often as it has processes or machines to play."""
    opened: list[Database] = []

    def open_again() -> Database:
        opened.append(open_database(laid_url))
        return opened[-1]

    yield open_again
    for register in opened:
        register.close()


@pytest.fixture
def database(open_register: Callable[[], Database]) -> Database:
    """An empty, migrated register."""
    return open_register()


class Make:
    """Makes valid things of which a test names only what it is about."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def act(self, actor: str = "amna-khan", *, minutes: float = 0, reason: str = "a test") -> Act:
        """An act some minutes after noon."""
        return Act(actor, reason, NOON + timedelta(minutes=minutes))

    def institution(self, connection: Connection, **changes: Any) -> InstitutionRecord:
        """A registered institution, fictional, with a code of its own."""
        code = f"institution-{next(self._numbers)}"
        fields = {"code": code, "name": code.title(), "sectors": ("energy",), "tier": "A"}
        return insert_institution(connection, Institution(**fields | changes), self.act())

    def person(self, connection: Connection, code: str) -> PersonRecord:
        """A registered person with some key."""
        person = Person(code=code, name=code.title(), public_key="ab" * 32, invited_at=NOON)
        return insert_person(connection, person, self.act())

    def round(self, connection: Connection) -> RoundRecord:
        """An open round."""
        new = Round(
            code=f"round-{next(self._numbers)}",
            title="A round",
            edition="0" * 64,
            opens=NOON,
            due=NOON + timedelta(days=60),
        )
        return insert_round(connection, new, self.act())

    def assessment(self, connection: Connection, **changes: Any) -> AssessmentRecord:
        """An assessment of a new institution in a new round."""
        institution_id = changes.pop("institution_id", None) or self.institution(connection).id
        round_id = changes.pop("round_id", None) or self.round(connection).id
        fields = {"controls": CONTROLS, "evidence_age_days": 365, "scope": {}}
        return insert_assessment(
            connection, institution_id, round_id, self.act(), **fields | changes
        )

    def scan(self, connection: Connection, institution_id: UUID | None = None) -> ScanRecord:
        """A planned run."""
        return insert_scan(
            connection,
            institution_id or self.institution(connection).id,
            self.act(),
            kind="manual",
            vantage="external",
            authorisations=["A-1"],
            plan={"techniques": ["ports"]},
            checks_digest="c" * 64,
            scanner="scanner-1",
        )

    def evidence(self, dated: date = TODAY, expires: date | None = None) -> Evidence:
        """A piece of evidence as an answer refers to it."""
        return Evidence(
            title="Access policy",
            sha256="e" * 64,
            size_bytes=3,
            file_name="policy.pdf",
            dated=dated,
            expires=expires,
        )

    def answer(self, control: str = "IAM-10", level: int | None = 2, **changes: Any) -> Answer:
        """An answer."""
        return Answer(**{"control": control, "level": level, "reason": "as agreed"} | changes)


@pytest.fixture
def make() -> Make:
    """The factory of this test."""
    return Make()


@pytest.fixture
def heads_file(tmp_path: Path) -> HeadsFile:
    """The file of audit heads, outside the database."""
    return HeadsFile(tmp_path / "heads.jsonl")


@pytest.fixture
def signer() -> Ed25519PrivateKey:
    """The key that signs audit heads."""
    return Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@pytest.fixture
def audit_log(signer: Ed25519PrivateKey, heads_file: HeadsFile) -> AuditLog:
    """An audit log that writes to the heads file of the test."""
    return AuditLog(signer, heads_file)
