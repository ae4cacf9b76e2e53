"""`catalogue show CONTROL`: all that somebody needs to answer a control, or to review it."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cyberposture.cli.app import app
from cyberposture.content.bundle import find_content
from cyberposture.content.loader import Content, load_content
from cyberposture.errors import NotFound, WrongUsage

CHECKOUT = Path(__file__).parents[3]


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["catalogue", *words], env=environment or None)


def words_of(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(find_content(None))


@pytest.mark.parametrize("identity", ["IAM-01", "OTI-02", "INC-04", "NET-02"])
def test_everything_that_people_read_of_a_control_is_shown(content: Content, identity: str) -> None:
    done = run("show", identity.lower())
    assert done.exit_code == 0, done.exception
    control = content.catalogue.find(identity)
    assert control is not None
    levels = [] if control.levels is None else control.levels.model_dump().values()
    texts = [
        control.title, control.statement, control.intent, control.weight_reason, *levels,
        *control.guidance.values(), *(proof.what for proof in control.evidence), *control.review,
        *control.sector_notes.values(), *(one.why for one in control.maps_to),
    ]  # fmt: skip
    shown = words_of(done.stdout)
    assert [text for text in texts if text and words_of(text) not in shown] == []
    assert max(len(line) for line in done.stdout.splitlines()) <= 100
    clauses = {clause.id: clause.text for clause in content.catalogue.clauses}
    assert all(words_of(clauses[source.clause]) in shown for source in control.sources)
    codes = {use.code for use in control.observations}
    assert all(c.id in shown for c in content.checks.checks if c.observation in codes)


def test_when_a_control_is_asked_is_said_in_words() -> None:
    assert "Asked only where this holds: feature ot" in run("show", "OTI-02").stdout
    assert "Asked only where" not in run("show", "IAM-01").stdout


def test_a_proposal_is_shown_as_one(content: Content) -> None:
    shown = words_of(run("show", "HRA-91").stdout)
    assert "Proposed: not from the policy, and nobody is asked it." in shown
    assert json.loads(run("show", "HRA-91", "--json").stdout)["proposed"] is True


def test_of_a_retired_control_it_is_said_since_when_and_why(tmp_path: Path) -> None:
    shipped = find_content(None).root
    for name in ("scanners", "reports"):
        (tmp_path / name).symlink_to(shipped / name)
    home = tmp_path / "controls" / "small"
    home.mkdir(parents=True)
    for path in (shipped / "controls" / "ncsp-2021").iterdir():
        if path.name != "retired.yaml":
            (home / path.name).symlink_to(path)
    row = '- {id: IAM-49, on: "2027-01-31", why: "IAM-03 covers both."}\n'
    (home / "retired.yaml").write_text(row)
    error = run("show", "IAM-49", CYBERPOSTURE_CONTENT=str(tmp_path)).exception
    assert isinstance(error, NotFound)
    assert error.advice() == "it was retired on 2027-01-31: IAM-03 covers both."


@pytest.mark.parametrize(
    "words", [("--domain", "XYZ"), ("--tier", "B"), ("--catalogue", "ism", "--tier", "A")]
)
def test_a_list_of_nothing_that_exists_is_refused(words: tuple[str, ...]) -> None:
    assert isinstance(run("list", *words).exception, WrongUsage)


def test_a_control_is_shown_in_another_language_marked_as_the_draft_that_it_is(content) -> None:
    (urdu,) = content.translations
    identity = next(i for i, one in urdu.controls.items() if one.status == "draft")
    texts, control = urdu.controls[identity], content.catalogue.find(identity)
    shown = words_of(run("show", identity, "--language", "ur").stdout)
    assert "In ur: a draft that nobody has reviewed yet. Translator: " in shown
    said = (texts.title, texts.statement, *texts.levels.model_dump().values(), *texts.evidence)
    assert [text for text in said if words_of(text) not in shown] == []
    assert control.statement not in shown
    assert words_of(control.intent) in shown
    told = json.loads(run("show", identity, "--language", "ur", "--json").stdout)
    assert told["statement"] == control.statement
    assert told["translation"]["statement"] == texts.statement
    assert told["translation"]["state"] == "draft"
    assert "translation" not in json.loads(run("show", identity, "--json").stdout)


def test_a_control_that_is_not_translated_is_shown_in_english(content, tmp_path) -> None:
    control = content.catalogue.controls[0]
    for name in ("controls", "scanners", "reports"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    (path,) = tmp_path.glob(f"controls/*/*/{control.id}-*.ur.yaml")
    path.unlink()
    environment = {"CYBERPOSTURE_CONTENT": str(tmp_path)}
    shown = words_of(run("show", control.id, "--language", "ur", **environment).stdout)
    assert "There is no text in ur yet: the English is shown." in shown
    assert words_of(control.statement) in shown


@pytest.mark.parametrize(
    "words",
    [("IAM-01", "--language", "xx"), ("--profile", "start", "--language", "ur"),
     ("--profile", "start", "--edition", "1.0")],
)  # fmt: skip
def test_a_language_that_there_is_not_is_refused(words: tuple[str, ...]) -> None:
    assert isinstance(run("show", *words).exception, WrongUsage)
