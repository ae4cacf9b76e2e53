"""What `catalogue new` writes passes at once, and says what its author still owes."""

import shutil
from pathlib import Path

import pytest

from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.content.loader import Content, load_content
from cyberposture.content.reading.documents import build, read_text
from cyberposture.content.writing.starters import (
    find_notes,
    find_unwritten,
    start_check,
    start_control,
    start_report,
)
from cyberposture.errors import InvalidInput, NotFound, WrongState, WrongUsage
from cyberposture.model.controls import Control
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.examples import try_examples


@pytest.fixture
def folders(tmp_path: Path) -> ContentFolders:
    """A copy of the whole content."""
    for name in ("controls", "scanners", "reports"):
        shutil.copytree(find_content(None).root / name, tmp_path / name)
    return ContentFolders(tmp_path)


@pytest.fixture
def content() -> Content:
    return load_content(find_content(None))


def test_shipped_content_owes_nothing(content):
    assert find_unwritten(content) == {}
    assert find_notes(find_content(None)) == {}


def test_new_control_passes_and_lists_what_is_owed(folders, content):
    starter = start_control(
        folders, content, domain="IAM", title='Visitors: "signed" in', clause="3.5(1)"
    )
    starter.write()
    ((path, _),) = starter.files
    assert path.name == "IAM-13-visitors-signed-in.yaml"
    again = load_content(folders)
    made = again.catalogue.find("IAM-13")
    assert made is not None
    assert made.title == 'Visitors: "signed" in'
    owed = find_unwritten(again)
    assert set(owed) == {"IAM-13"}
    assert {"statement", "intent", "levels", "guidance", "evidence", "review"} <= set(
        owed["IAM-13"]
    )
    assert "title" not in owed["IAM-13"]


def test_where_a_control_comes_from_is_owed_until_its_note_is_gone(folders, content):
    starter = start_control(folders, content, domain="IAM", title="Visitors sign in", clause=None)
    starter.write()
    ((path, text),) = starter.files
    ((where, what),) = find_notes(folders).items()
    line = text.splitlines().index(f"  # Write here {what}") + 1
    assert where == f"controls/ncsp-2021/iam/{path.name}:{line}"
    assert what.startswith("D, Dg or Dc for I")
    path.write_text(text.replace(f"  # Write here {what}\n", ""), encoding="utf-8")
    assert find_notes(folders) == {}


def test_new_control_cites_the_policy_of_its_own_catalogue(folders, content):
    policy = content.catalogue.instruments[0]
    abroad = policy.model_copy(update={"id": "abroad", "short": "ABROAD", "edition": "2030"})
    framework = content.catalogue.framework.model_copy(update={"instrument": "abroad"})
    catalogue = content.catalogue.model_copy(
        update={"framework": framework, "instruments": (abroad, *content.catalogue.instruments)}
    )
    elsewhere = Content(catalogue, content.checks, content.reports)
    ((_, text),) = start_control(
        folders, elsewhere, domain="IAM", title="Visitors sign in", clause=None
    ).files
    (source,) = build(Control, read_text("x", text)).sources
    assert (source.instrument, source.edition) == ("ABROAD", "2030")


def test_new_control_without_a_clause_passes_too(folders, content):
    start_control(folders, content, domain="IAM", title="Visitors sign in", clause=None).write()
    assert load_content(folders).catalogue.find("IAM-13")


def test_no_control_follows_a_clause_for_the_nation(folders, content):
    national = next(c.id for c in content.catalogue.clauses if c.level == "Nat")
    with pytest.raises(WrongUsage, match="no control follows it"):
        start_control(folders, content, domain="IAM", title="Visitors sign in", clause=national)


def test_what_a_proposal_owes_is_found_too(folders, content):
    start_control(folders, content, domain="IAM", title="Visitors sign in", clause=None).write()
    made = load_content(folders).catalogue.find("IAM-13")
    catalogue = content.catalogue.model_copy(update={"proposed": (made,)})
    assert "intent" in find_unwritten(Content(catalogue, content.checks, ()))["IAM-13"]


def test_second_new_control_takes_the_next_number(folders, content):
    start_control(folders, content, domain="GOV", title="First of them", clause="3.5(1)").write()
    later = load_content(folders)
    ((path, _),) = start_control(
        folders, later, domain="GOV", title="Second of them", clause="3.5(1)"
    ).files
    assert path.name == "GOV-13-second-of-them.yaml"


def test_retired_number_is_not_given_again(folders, content):
    retired = folders.controls / "ncsp-2021" / "retired.yaml"
    row = '- {id: IAM-13, on: "2026-01-01", why: Nobody needs it any more.}\n'
    kept = retired.read_text(encoding="utf-8")
    retired.write_text(row if kept.strip().endswith("[]") else kept + row, encoding="utf-8")
    later = load_content(folders)
    ((path, _),) = start_control(
        folders, later, domain="IAM", title="Visitors sign in", clause="3.5(1)"
    ).files
    assert path.name.startswith("IAM-14-")


def test_new_check_passes_with_all_of_its_examples(folders, content):
    start_check(
        folders, content, check_id="exposure.no-gopher", observation="O-PORT", port=70
    ).write()
    checks = load_content(folders).checks
    assert checks.find("exposure.no-gopher") is not None
    compile_checks(checks)
    assert try_examples(checks) == []
    assert find_unwritten(load_content(folders))["exposure.no-gopher"] == [
        "why",
        "remedy",
        "sources",
    ]


def test_new_report_is_loaded_with_its_template(folders, content):
    start_report(
        folders, content, report_id="exports", title="Exports: a view", subject="nation"
    ).write()
    (made,) = (r for r in load_content(folders).reports if r.id == "exports")
    assert (made.title, made.subject) == ("Exports: a view", "nation")
    assert list(find_notes(folders).values()) == [
        "what the report tells; reports/README.md says what `view` holds.",
        "for whom this report is.",
    ]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"domain": "ZZZ"}, NotFound),
        ({"clause": "9.9"}, NotFound),
        ({"title": "Short"}, InvalidInput),
        ({"title": "Ensure that visitors sign in"}, InvalidInput),
        ({"title": "Two\nlines of title"}, WrongUsage),
    ],
)
def test_control_that_could_not_pass_is_not_begun(folders, content, given, error):
    usual = {"domain": "IAM", "title": "Visitors sign in", "clause": "3.5(1)"}
    with pytest.raises(error):
        start_control(folders, content, **{**usual, **given})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"check_id": "no-pack-in-front"}, WrongUsage),
        ({"check_id": "nowhere.no-gopher"}, NotFound),
        ({"check_id": "cleartext.no-telnet-or-r-login"}, WrongState),
        ({"observation": "O-NOTHING"}, NotFound),
        ({"port": 70_000}, InvalidInput),
        ({"check_id": "exposure.No Gopher"}, InvalidInput),
        ({"check_id": "exposure.../../no-gopher"}, InvalidInput),
    ],
)
def test_check_that_could_not_pass_is_not_begun(folders, content, given, error):
    usual = {"check_id": "exposure.no-gopher", "observation": "O-PORT", "port": 70}
    with pytest.raises(error):
        start_check(folders, content, **{**usual, **given})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"report_id": "nation"}, WrongState),
        ({"report_id": "../nation"}, InvalidInput),
        ({"subject": "planet"}, InvalidInput),
    ],
)
def test_report_that_could_not_pass_is_not_begun(folders, content, given, error):
    usual = {"report_id": "exports", "title": "Exports", "subject": "nation"}
    with pytest.raises(error):
        start_report(folders, content, **{**usual, **given})
