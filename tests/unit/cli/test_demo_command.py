"""`cyberposture demo`: words for people, or one JSON document, and never both."""

import json

import pytest
from typer.testing import CliRunner

from cyberposture.cli import demo
from cyberposture.cli.app import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command over a demonstration of a moment; the real one takes a minute."""
    done = {
        "index": str(tmp_path / "index.html"),
        "reports": str(tmp_path / "reports"),
        "inputs": str(tmp_path / "inputs"),
        "workspace": str(tmp_path / "workspace"),
        "sentences": ["The network contradicts nobody."],
        "seconds": 61.4,
    }
    monkeypatch.setattr(demo, "run_demonstration", lambda out: done)

    def invoke(*words):
        return done, CliRunner().invoke(app, ["demo", "--out", str(tmp_path), *words]).stdout

    return invoke


def test_people_are_told_where_things_are_and_how_to_look_on(run):
    done, told = run()
    lines = dict(line.split("  ", 1) for line in told.splitlines() if line[:1].isalpha())
    assert lines["Start page"] == done["index"]
    assert {"Reports", "Inputs", "Workspace", "Took"} <= set(lines)
    assert "score explain IAM-09 --institution indus-valley-power" in told
    assert "  • The network contradicts nobody.\n" in told


def test_json_is_all_that_stands_on_standard_output(run):
    done, told = run("--json")
    assert json.loads(told) == done
