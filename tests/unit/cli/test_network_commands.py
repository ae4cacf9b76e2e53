"""What the command line does to calendar, schedule and looks, besides adding to them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cyberposture.cli import calendar, scan, schedule
from cyberposture.cli.surroundings import Surroundings
from cyberposture.errors import InvalidInput
from cyberposture.model.institutions import Institution
from cyberposture.runtime import lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.services.institutions.entries import add_institution
from cyberposture.settings import load_settings

WHERE = ("--institution", "hill-office")


@pytest.fixture
def run(tmp_path: Path):
    """Run a command in a workspace with one institution."""
    workspace = tmp_path / "workspace"
    settings = load_settings(workspace=workspace)
    lay_workspace(settings)
    runtime = open_runtime(settings, "tests")
    setup.confirm_empty_deny_list(runtime.register)
    office = Institution(code="hill-office", name="Hill (invented)", sectors=("government",),
                         tier="A")  # fmt: skip
    add_institution(runtime.register, office)
    runtime.close()
    around = Surroundings(workspace, "nadia-khan")

    def invoke(group, *words: str):
        return CliRunner().invoke(group.app, list(words), obj=around)

    return invoke


def test_what_was_added_to_the_calendar_is_taken_off_again(run):
    run(calendar, "add", "window", *WHERE, "--weekday", "1", "--start", "02:00",
        "--length-s", "3600")  # fmt: skip
    run(calendar, "add", "blackout", "--title", "Eid", "--from", "2031-01-01T00:00:00+05:00",
        "--until", "2031-01-02T00:00:00+05:00")  # fmt: skip
    run(calendar, "add", "deny", "198.51.100.0/24", "--reason", "a hospital")
    found = json.loads(run(calendar, "list", *WHERE, "--json").stdout)
    window, blackout = found["windows"][0]["id"], found["blackouts"][0]["id"]
    assert run(calendar, "end-window", *WHERE, window).exit_code == 0
    assert run(calendar, "cancel-blackout", blackout).exit_code == 0
    done = run(calendar, "remove-denial", "198.51.100.0/24", "--reason", "it moved")
    assert done.stdout == "0 entries on the deny list\n"
    left = json.loads(run(calendar, "list", *WHERE, "--json").stdout)
    assert left == {"windows": [], "blackouts": [], "deny": []}
    wrong = run(calendar, "end-window", *WHERE, "the-one-at-night")
    assert isinstance(wrong.exception, InvalidInput)


def test_a_schedule_that_was_removed_is_resumed(run):
    run(schedule, "add", "drain", "--kind", "due", "--trigger", "interval", "--spec", "60")
    run(schedule, "remove", "drain")
    assert "drain is on; next " in run(schedule, "resume", "drain").stdout


def test_an_address_that_nobody_declared_is_not_asked_for(run):
    wrong = run(scan, "ask", *WHERE, "--address", "192.0.2.1")
    assert isinstance(wrong.exception, InvalidInput)
    assert "in no schedule" in str(wrong.exception)
