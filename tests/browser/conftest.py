"""A real browser before a real portal on loopback, over the world in which every role is held."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))  # the world
sys.path.insert(0, str(Path(__file__).parent))

from serving import serving
from world import World, settle


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two institutions with rows of every kind."""
    made = settle(tmp_path_factory.mktemp("world"))
    yield made
    made.runtime.close()


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """Where the world's portal is served."""
    with serving(world.app) as place:
        yield place


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's own browser."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not on this machine; .ci/set-up test installs it")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()
