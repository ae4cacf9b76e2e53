"""`cyberposture pack` and `workbook`: what a person at the command line sees of them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cyberposture.cli import pack, workbook
from cyberposture.cli.surroundings import Surroundings
from cyberposture.clock import utc_now
from cyberposture.errors import InvalidInput, WrongState, WrongUsage
from cyberposture.model.institutions import Institution
from cyberposture.runtime import lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.services.assessments import assess, rounds
from cyberposture.services.institutions import entries
from cyberposture.settings import load_settings

WHERE = ("--institution", "hill-office", "--round", "autumn")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which one institution answers one round."""
    folder = tmp_path_factory.mktemp("cli") / "workspace"
    settings = load_settings(workspace=folder)
    lay_workspace(settings)
    runtime = open_runtime(settings, "nadia-khan")
    register = runtime.register
    setup.adopt_content(register)
    entries.add_institution(
        register,
        Institution(code="hill-office", name="Hill Office", sectors=("government",), tier="A"),
    )
    rounds.open_round(register, "autumn", "Autumn", utc_now().replace(year=2099))
    assess.open_assessment(register, "hill-office", "autumn", profile="start")
    runtime.close()
    return folder


@pytest.fixture
def run(workspace):
    """Run a command of one of the two groups."""

    def invoke(group, *words: object):
        around = Surroundings(workspace, "nadia-khan")
        return CliRunner().invoke(group.app, [str(word) for word in words], obj=around)

    return invoke


@pytest.mark.slow
def test_a_pack_goes_round_by_commands_alone(run, tmp_path):
    file, back, receipt = (tmp_path / one for one in ("a.pack.sqlite", "1.return.json", "r.json"))
    made = run(pack, "make", file, *WHERE, "--json")
    told = json.loads(made.stdout)
    assert made.exit_code == 0 and told["questions"] > 20
    checked = json.loads(run(pack, "check", file, "--json", "--key", told["fingerprint"]).stdout)
    assert (checked["pack"], checked["fingerprint"]) == (told["paper"], told["fingerprint"])
    other = run(pack, "check", file, "--key", "0" * 32)
    assert isinstance(other.exception, InvalidInput)
    signed = ("--signed-by", "A. Khan", "--office", "Director", "--day",
              utc_now().date().isoformat())  # fmt: skip
    assert isinstance(run(pack, "return", file, back, *signed[:2]).exception, WrongUsage)
    assert "return 1 with 0 answers" in run(pack, "return", file, back, *signed).stdout
    taken = run(pack, "take-in", back, *WHERE, "--receipt", receipt)
    assert "0 answers are taken" in taken.stdout and "recorded as attestation 1" in taken.stdout
    kept = run(pack, "keep", file, receipt, "--json")
    assert json.loads(kept.stdout) == json.loads(receipt.read_text())
    listed = json.loads(run(pack, "receipts", *WHERE, "--json").stdout)
    assert listed[0] == json.loads(receipt.read_text())
    assert isinstance(run(pack, "make", file, *WHERE).exception, WrongState)


@pytest.mark.slow
def test_a_workbook_goes_round_by_commands_alone(run, tmp_path):
    file = tmp_path / "a.xlsx"
    made = run(workbook, "make", file, *WHERE, "--language", "ur")
    assert made.exit_code == 0 and "sealed with the key" in made.stderr
    taken = json.loads(run(workbook, "take-in", file, *WHERE, "--json").stdout)
    assert taken["receipt"]["kind"] == "workbook"
    assert "workbook" in run(workbook, "receipts", *WHERE).stdout
    assert isinstance(run(workbook, "make", tmp_path / "b.xlsx", *WHERE, "--language", "xx")
                      .exception, WrongUsage)  # fmt: skip
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(file.read_bytes()[:500])
    assert isinstance(run(workbook, "take-in", cut, *WHERE).exception, InvalidInput)
