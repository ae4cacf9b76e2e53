"""The portal in process, over a register in which every role is held by somebody."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).parent))  # the world
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "reporting"))  # the strict page

from browser import Browser
from world import World, settle

POSTGRESQL = pytest.param("postgresql", marks=[pytest.mark.store, pytest.mark.loopback])
"""The engine whose fence keeps institutions apart, for tests that name it."""
_ACCOUNT = """
DO $$ BEGIN CREATE ROLE app LOGIN PASSWORD 'app'; EXCEPTION WHEN duplicate_object THEN NULL; END $$
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


def behind_fences(address: str) -> str:
    """Return the URL of a new register of an account that its fences hold: no superuser."""
    owner = make_url(address).set(drivername="postgresql")
    url = owner.set(database=f"web_{uuid4().hex}", username="app", password="app")
    with psycopg.connect(owner.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute(_ACCOUNT)
        server.execute(f"CREATE DATABASE {url.database} OWNER app")
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def browser(world: World) -> Iterator[Browser]:
    """Ask the portal in process."""
    made = Browser(world.app)
    yield made
    made.close()
