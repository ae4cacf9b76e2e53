"""Words that the command line knows by heart: a wrong one is told with those that there are."""

from typing import get_args

import pytest
from typer.testing import CliRunner

from cyberposture.cli.app import app
from cyberposture.cli.options import one_of
from cyberposture.content.writing.schemas import KINDS
from cyberposture.errors import WrongUsage
from cyberposture.model.controls import Tier
from cyberposture.model.findings import FindingState
from cyberposture.model.people import Role
from cyberposture.store.contradictions import ContradictionState
from cyberposture.store.schedules import TriggerKind

ASKED = {
    "catalogue list --tier Z": ("tier", get_args(Tier)),
    "catalogue schema Z": ("schema", tuple(KINDS)),
    "contradiction mark c-1 --state Z --reason x": ("state", get_args(ContradictionState)),
    "finding list --state Z": ("state", get_args(FindingState)),
    "people invite a-khan --name A --role Z": ("role", get_args(Role)),
    "scan resume s-1 --by a-khan --role Z": ("role", get_args(Role)),
    "schedule add s --kind scan --trigger Z --spec 1": ("trigger", get_args(TriggerKind)),
}


def test_known_word_is_returned_as_it_is_known():
    assert one_of(get_args(Tier), "G", "tier") == "G"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a command in a workspace of this module's own."""
    workspace = str(tmp_path_factory.mktemp("workspace"))

    def invoke(line):
        return CliRunner().invoke(app, ["--workspace", workspace, *line.split()])

    assert invoke("init").exit_code == 0
    return invoke


@pytest.mark.parametrize("line", ASKED)
def test_unknown_word_is_wrong_usage_and_is_told_with_the_known_ones(line, run):
    what, known = ASKED[line]
    done = run(line)
    assert isinstance(done.exception, WrongUsage)
    assert str(done.exception) == f"no {what} 'Z'; there are: {', '.join(known)}"


def test_state_without_a_reason_is_wrong_usage(run):
    done = run("contradiction mark c-1 --comment x --state open")
    assert isinstance(done.exception, WrongUsage)
    assert str(done.exception) == "a state changes for a --reason"


def test_what_starts_next_stands_first(run):
    for code, day in (("later", "02"), ("sooner", "01")):
        spec = f"--trigger date --spec 2036-01-{day}T00:00:00Z"
        assert run(f"schedule add {code} --kind score {spec}").exit_code == 0
    shown = run("schedule next").stdout
    assert 0 < shown.index("sooner") < shown.index("later")
