"""Machines learn whether all is well, and nothing else that was not asked for."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from cyberposture.runtime import lay_workspace, open_runtime
from cyberposture.settings import Settings
from cyberposture.web.app import make_app


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """A new register that counts."""
    settings = Settings(workspace=tmp_path_factory.mktemp("health") / "workspace", metrics=True)
    lay_workspace(settings)
    opened = open_runtime(settings, "tests")
    yield opened
    opened.close()


def asked(runtime, path="/healthz", **more):
    return TestClient(make_app(runtime, **more)).get(path)


def test_all_is_well_and_that_is_all_that_is_said(runtime):
    answer = asked(runtime)
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["cache-control"] == "no-store"


def test_where_a_part_failed_it_is_not_well(runtime):
    answer = asked(runtime, is_whole=lambda: False)
    assert (answer.status_code, answer.text) == (503, "not ok\n")


def test_where_the_register_is_gone_it_is_not_well_and_not_said_why(runtime, tmp_path):
    lost = Settings(workspace=tmp_path / "lost")
    lay_workspace(lost)
    other = open_runtime(lost, "tests")
    app = TestClient(make_app(other))
    assert app.get("/healthz").status_code == 200
    other.close()
    for file in lost.workspace.glob("register.sqlite*"):
        file.write_bytes(b"no database" * 1000)
    answer = app.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "not ok\n")
    other.close()


def test_counts_name_nobody_and_are_an_option(runtime):
    answer = asked(runtime, "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "cyberposture_clock_late_seconds 0.0" in answer.text
    silent = replace(runtime, settings=runtime.settings.model_copy(update={"metrics": False}))
    assert asked(silent, "/metrics").status_code == 404
