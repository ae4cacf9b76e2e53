"""The review and what comes of it by command, over the register that the pages work with."""

import json
import secrets

import pytest
from typer.testing import CliRunner
from world import OWN, ROUND, settle

from cyberposture.cli.app import app
from cyberposture.clock import utc_now
from cyberposture.errors import NotAuthorised, WrongState
from cyberposture.model.people import Membership, Person
from cyberposture.services.assessments import questionnaire
from cyberposture.store import people

HERE = ["--institution", OWN, "--round", ROUND]
ADMIN = ["--by", "p-cert-administrator"]
FIRST, LEAD = ["--by", "p-reviewer"], ["--by", "p-institution-lead"]
SEEN = ["--level", "1", "--grade", "E2", "--reason", "seen on site", "--seen", "1"]


@pytest.fixture
def run(tmp_path):
    """Runs a command in a workspace, and returns what it wrote."""
    world = settle(tmp_path)
    with world.register.change("people-settled") as change:
        for code, role in (("r-second", "reviewer"), ("c-other", "cert-administrator")):
            made = Person(code=code, name=code, invited_at=utc_now(),
                          public_key=secrets.token_hex(32))  # fmt: skip
            people.insert_person(change.connection, made, change.by)
            held = Membership(person=code, role=role, valid_from=utc_now())
            people.insert_membership(change.connection, held, change.by)
    runner = CliRunner()

    def call(*words, refuses=None):
        done = runner.invoke(app, ["--workspace", str(tmp_path / "workspace"), *words])
        if refuses is not None:
            assert isinstance(done.exception, refuses), done.output
            return str(done.exception)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    call.world, call.folder = world, tmp_path
    yield call
    world.runtime.close()


@pytest.mark.slow
def test_an_assessment_goes_from_plan_to_plan_by_command(run):
    now = utc_now().isoformat()
    wave = {"code": "all", "title": "Everybody", "begins": now, "due": "2099-01-31T23:59:59+05:00"}
    plan = run.folder / "plan.yaml"
    plan.write_text(json.dumps({"cohorts": [wave], "drawn_share": 10_000}))
    assert "plan 1, 1 cohorts" in run("round", "plan", ROUND, str(plan), *ADMIN)
    assert "2 institutions are invited" in run("round", "invite", ROUND, "all", *ADMIN)
    for control in ("GOV-01", "IAM-09"):
        questionnaire.save_answer(
            run.world.acting("p-institution-lead"), OWN, ROUND, control, level=2,
            not_applicable=None, reason="so it is", seen_revision=0,
        )  # fmt: skip
    run("assessment", "submit", *HERE)
    known = json.loads(run("assessment", "reviewers", *HERE, "--json"))
    assert {one["person"]: one["part"] for one in known} == {"p-reviewer": "first",
                                                            "r-second": None}  # fmt: skip
    run("assessment", "assign", "r-second", *HERE, "--part", "second", *FIRST,
        refuses=NotAuthorised)  # fmt: skip
    run("assessment", "assign", "r-second", *HERE, "--part", "second", *ADMIN)
    assert "drawn by chance: GOV-08, IAM-09" in run("assessment", "take-up", *HERE, *FIRST)
    run("assessment", "review", "GOV-01", *HERE, "--level", "1", "--grade", "E2", "--reason", "x",
        refuses=WrongState)  # fmt: skip
    assert "GOV-01: half" in run("assessment", "find", "gov-01", *HERE, *SEEN, *FIRST)
    assert "GOV-01: settled" in run("assessment", "find", "gov-01", *HERE, *SEEN,
                                    "--by", "r-second")  # fmt: skip
    run("assessment", "ask", "IAM-09", *HERE, "--question", "Since when?", *FIRST)
    assert "0 questions wait" in run(
        "assessment", "reply", "IAM-09", *HERE, "--text", "May.", *LEAD
    )
    assert "Since when?" in run("assessment", "asked-back", *HERE)
    run("assessment", "release", *HERE, *ADMIN, refuses=WrongState)
    for control in ("IAM-09", "GOV-08"):
        run("assessment", "find", control, *HERE, *SEEN, *FIRST)
    claims = json.loads(run("assessment", "claims", *HERE, "--json"))
    assert {one["stand"] for one in claims} == {"settled"}
    assert "may comment until" in run("assessment", "release", *HERE, *ADMIN)
    assert "comment 1" in run("assessment", "comment", *HERE, "--text", "We see it otherwise.",
                              "--control", "GOV-01", *LEAD)  # fmt: skip
    run("assessment", "comment", *HERE, "--no-more", *LEAD)
    run("assessment", "finalise", *HERE, *ADMIN)
    measured = json.loads(run("round", "measure", ROUND, "--json"))
    assert (measured["complete"], measured["gap"]["error"]) == (1, 0)
    assert measured["gap"]["gap"] > 0
    assert measured["agreement"]["pairs"] == 1
    (row,) = json.loads(run("round", "funnel", ROUND, "--json"))
    assert (row["invited"], row["submitted"], row["reviewed"]) == (2, 1, 1)
    grounds = ["--grounds", "It was there.", "--control", "GOV-01"]
    code = run("assessment", "appeal", *HERE, *grounds, *LEAD).strip()
    corrected = ["--control", "GOV-01", "--level", "2", "--grade", "E2", "--reason", "it was"]
    own = ["--institution", OWN]
    assert "granted" in run("assessment", "decide", code, *own, *corrected, "--by", "c-other")
    assert "4 scores recomputed, 0 differ" in run("score", "recompute", "--verify")
    words = ["Sign it", "--keeper", "Head", "--due", "2099-01-01", "--control", "GOV-01"]
    action = run("assessment", "plan-add", *words, *HERE, "--budget", "none left", *LEAD).strip()
    run("assessment", "plan-hand-in", *HERE, *LEAD)
    run("assessment", "plan-decide", *HERE, "--accept", *ADMIN)
    run("assessment", "plan-progress", action, *HERE, "--progress", "done", "--seen", "1", *LEAD)
    told = json.loads(run("assessment", "plan", *HERE, "--json"))
    assert (told["stand"], told["actions"][action]["progress"]) == ("accepted", "done")
    run("assessment", "reopen", *HERE, "--reason", "a new paper", *ADMIN)
    run("assessment", "unassign", "r-second", *HERE, *ADMIN)
    assert "in-review" in run("assessment", "list", "--institution", OWN)
