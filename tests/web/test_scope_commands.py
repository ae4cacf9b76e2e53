"""The commands for scopes and questions, over the register that the pages work with."""

import json

import pytest
from typer.testing import CliRunner
from world import OWN, settle

from cyberposture.cli.app import app
from cyberposture.model.scopes import Scope
from cyberposture.services.assessments import asking, scoping

SPRING = ["--institution", OWN, "--round", "spring"]


@pytest.fixture
def run(tmp_path):
    """Runs a command in a workspace, expects its exit code and returns what it wrote."""
    world = settle(tmp_path)
    runner = CliRunner()

    def call(*words, code=0):
        done = runner.invoke(app, ["--workspace", str(tmp_path / "workspace"), *words])
        assert done.exit_code == code, done.output
        return done.output

    call.register = world.register
    yield call
    world.runtime.close()


@pytest.mark.slow
def test_scopes_and_questions_are_handled_from_the_command_line(run):
    due = "2099-06-30T23:59:00+05:00"
    run("round", "open", "spring", "--title", "Spring", "--due", due)
    run("assessment", "open", "--scope-first", *SPRING)
    scope = Scope(profile="start", features=("web",))
    scoping.keep_scope(run.register, OWN, "spring", scope, send=True)
    (waiting,) = json.loads(run("assessment", "scope", "waiting", "--json"))
    assert (waiting["institution"], waiting["revision"]) == (OWN, 1)
    run("assessment", "scope", "return", "1", *SPRING, "--reason", "And mail?")
    shown = run("assessment", "scope", "show", *SPRING)
    assert "scoping; profile start; features: web" in shown and "And mail?" in shown
    scoping.keep_scope(run.register, OWN, "spring", scope, send=True)
    assert f"{OWN} answers" in run("assessment", "scope", "confirm", "2", *SPRING)
    told = json.loads(run("assessment", "scope", "show", *SPRING, "--json"))
    assert told["state"] == "answering" and told["follows"]["because"].keys() == {"web"}
    code = asking.ask(run.register, OWN, "Since when?")
    assert code in run("assessment", "questions", "list", "--waiting")
    run("assessment", "questions", "answer", code, "--text", "Since March.")
    known = json.loads(run("assessment", "questions", "list", "--json"))
    assert ["Since March."] in [one["answers"] for one in known]
    asking.share(run.register, code, "Since when does it count?", "Since March.")
    assert "Since March." in run("assessment", "questions", "shared", "--words", "march")
