"""`cyberposture export`: what a person at the command line sees of it."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cyberposture.cli import export
from cyberposture.cli.surroundings import Surroundings
from cyberposture.errors import InvalidInput, NotFound, WrongState, WrongUsage
from cyberposture.exchange.oscal.results_out import results_document
from cyberposture.exchange.oscal.words import encode, own_values
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


def test_tables_go_into_a_folder_and_tell_rows_and_digests(run, tmp_path):
    out = tmp_path / "tables"
    told = json.loads(run("tables", "--out", str(out), "--format", "json", "--json").stdout)
    assert set(told) == {"folder", "format", "as_of", "rows", "sha256"}
    assert set(told["sha256"]) == {path.name for path in out.iterdir()}
    assert {f"{name}.jsonl" for name in told["rows"]} == set(told["sha256"])
    assert "is there already" in str(run("tables", "--out", str(out)).exception)


def test_findings_of_an_empty_register_are_a_sound_file(run, tmp_path):
    out = tmp_path / "findings.sarif"
    done = run("findings", "--out", str(out), "--format", "sarif")
    assert (done.exit_code, done.stdout) == (0, f"{out}: {out.stat().st_size} bytes\n")
    assert "sha256" in done.stderr
    assert json.loads(out.read_bytes())["runs"][0]["results"] == []


REFUSED = [
    (("oscal", "--institution", "x", "--out", "o", "--kind", "ssp"), WrongUsage),
    (("oscal", "--institution", "x", "--out", "o", "--kind", "plan"), WrongUsage),
    (("oscal", "--institution", "x", "--out", "o", "--oscal-version", "1.0"), WrongUsage),
    (("oscal", "--institution", "x", "--out", "o"), NotFound),
    (("oscal", "--institution", "x", "--out", "o", "--kind", "poam"), NotFound),
    (("findings", "--out", "o", "--format", "word"), WrongUsage),
    (("findings", "--out", "o", "--institution", "x"), NotFound),
    (("tables", "--out", "o", "--format", "xml"), WrongUsage),
    (("check", "none.json"), InvalidInput),
]


def test_what_makes_no_sense_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words, error in REFUSED:
        assert isinstance(run(*words).exception, error), words
        assert not (tmp_path / "o").exists()


def test_results_are_checked_without_a_register(tmp_path):
    samples = Path(__file__).parents[1] / "exchange" / "oscal"
    sys.path.insert(0, str(samples))
    try:
        from assessment_samples import a_score
    finally:
        sys.path.remove(str(samples))
    file = tmp_path / "results.json"
    document = results_document(a_score(), {})
    file.write_bytes(encode(document))

    def check(*words: str):
        return CliRunner().invoke(export.app, ["check", str(file), *words])

    assert check().stdout.startswith("calm-harbour-port, autumn, 2026-11-22 09:30 UTC: declared ")
    told = json.loads(check("--json").stdout)
    assert told["document_sha256"] == a_score().heading.document_sha256
    (result,) = document["assessment-results"]["results"]
    (declared,) = own_values(result["findings"][0], "declared")
    declared["value"] = "9999"
    file.write_bytes(encode(document))
    assert "the score's result was changed" in str(check().exception)
