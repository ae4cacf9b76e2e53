"""The portal in process, over a register in which every role is held by somebody."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the world
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "reporting"))  # the strict page

from world import World, settle


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two institutions of different sectors with rows of every kind, and a portal before them."""
    made = settle(tmp_path_factory.mktemp("world"))
    yield made
    made.runtime.close()
