"""The portal in process, over a register in which every role is held by somebody."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

sys.path.insert(0, str(Path(__file__).parent))  # the world
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "reporting"))  # the strict page

from world import World, settle

from cyberposture.store.database import open_database

POSTGRESQL = pytest.param("postgresql", marks=[pytest.mark.store, pytest.mark.loopback])
"""The engine whose fence keeps institutions apart, for tests that name it."""
_ACCOUNT = """
DO $$ BEGIN CREATE ROLE app LOGIN PASSWORD 'app'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app;
GRANT USAGE ON SCHEMA procrastinate TO app;
GRANT ALL ON ALL TABLES IN SCHEMA procrastinate TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA procrastinate TO app
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Walk the pages on SQLite; with `--both-engines` over the fences of PostgreSQL as well."""
    is_named = any(
        mark.args[0] == "world" for mark in metafunc.definition.iter_markers("parametrize")
    )
    defined = metafunc.definition._fixtureinfo.name2fixturedefs.get("world", ())
    is_ours = bool(defined) and defined[-1].scope == "module"
    if is_ours and not is_named and metafunc.config.getoption("--both-engines"):
        metafunc.parametrize("world", ["sqlite", POSTGRESQL], indirect=True, scope="module")


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Two institutions of different sectors with rows of every kind, and a portal before them."""
    url = None
    if getattr(request, "param", "sqlite") == "postgresql":
        url = behind_fences(request.getfixturevalue("postgres_url"))
    made = settle(tmp_path_factory.mktemp("world"), url)
    yield made
    made.runtime.close()


def behind_fences(server: str) -> str:
    """Return the URL of a new register, for an account that its fences hold."""
    url = make_url(server).set(drivername="postgresql", database=f"web_{uuid4().hex}")
    _administer(make_url(server).set(drivername="postgresql"), f"CREATE DATABASE {url.database}")
    register = open_database(url.render_as_string(hide_password=False))
    register.migrate()
    register.close()
    _administer(url, _ACCOUNT)
    return url.set(username="app", password="app").render_as_string(hide_password=False)


def _administer(url: URL, statement: str) -> None:
    """Run statements as the server's owner, outside any transaction."""
    address = url.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)
