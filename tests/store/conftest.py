"""The register for tests: the same empty, migrated database on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from cyberposture.store.database import Database, open_database

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
