"""`cyberposture export`: what a person at the command line sees of it."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cyberposture.cli import export
from cyberposture.cli.surroundings import Surroundings
from cyberposture.errors import WrongState
from cyberposture.runtime import lay_workspace
from cyberposture.settings import load_settings


@pytest.fixture
def run(tmp_path: Path):
    """Run a command of the group in a workspace of its own."""
    workspace = tmp_path / "workspace"
    lay_workspace(load_settings(workspace=workspace))
    around = Surroundings(workspace, "nadia-khan")

    def invoke(*words: str):
        return CliRunner().invoke(export.app, list(words), obj=around)

    return invoke


def test_analysts_file_is_written_and_told_on_standard_output(run, tmp_path):
    out = tmp_path / "analysts.sqlite"
    done = run("analysts", str(out))
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{out} holds ")
    assert "controls: " in done.stderr
    assert "sha256" in done.stderr
    connection = sqlite3.connect(out)
    assert connection.execute("SELECT COUNT(*) > 0 FROM controls").fetchone() == (1,)
    connection.close()


def test_json_is_one_document_on_standard_output(run, tmp_path):
    out = tmp_path / "analysts.sqlite"
    told = json.loads(run("analysts", str(out), "--json").stdout)
    assert set(told) == {"path", "sha256", "size_bytes", "as_of", "rows"}
    assert told["size_bytes"] == out.stat().st_size


def test_file_that_is_there_is_replaced_with_force_only(run, tmp_path):
    out = tmp_path / "analysts.sqlite"
    out.write_text("mine")
    refused = run("analysts", str(out))
    assert isinstance(refused.exception, WrongState)
    assert refused.exception.advice() == "--force replaces it"
    assert run("analysts", str(out), "--force").exit_code == 0
