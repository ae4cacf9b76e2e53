"""A real browser before a real portal on loopback, over the world in which every role is held."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))  # the world

from world import World, settle


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two institutions with rows of every kind."""
    made = settle(tmp_path_factory.mktemp("world"))
    yield made
    made.runtime.close()


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """Where the portal is served."""
    settings = uvicorn.Config(world.app, host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


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
