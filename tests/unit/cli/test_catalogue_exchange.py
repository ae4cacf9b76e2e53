"""`cyberposture catalogue import|imported|crosswalk|export`: what a person sees of them."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cyberposture.cli.catalogue import commands as catalogue
from cyberposture.cli.surroundings import Surroundings
from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_catalogue, load_content
from cyberposture.content.translations import Translations
from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.exchange.oscal.ours_in import read_own_catalogue, read_own_translations
from cyberposture.exchange.oscal.read import read_document
from cyberposture.runtime import lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.settings import load_settings

pytestmark = pytest.mark.slow

FOREIGN = {
    "catalog": {
        "uuid": "11111111-2222-4333-8444-555555555501",
        "metadata": {
            "title": "Rules of the harbour",
            "last-modified": "2026-01-01T00:00:00Z",
            "version": "7",
            "oscal-version": "1.2.1",
        },
        "controls": [
            {
                "id": "h-1",
                "title": "Mooring\u001b[2J",
                "props": [{"name": "status", "value": "withdrawn"}],
                "links": [{"href": "#gone"}],
                "controls": [{"id": "h-1.1", "title": "In storms"}],
            }
        ],
    }
}


@pytest.fixture
def run(tmp_path: Path):
    """Run a command of the group in a workspace of its own."""
    workspace = tmp_path / "workspace"
    settings = load_settings(workspace=workspace)
    lay_workspace(settings)
    runtime = open_runtime(settings, "nadia-khan")
    setup.adopt_content(runtime.register)
    runtime.close()
    around = Surroundings(workspace, "nadia-khan")

    def invoke(*words: object):
        return CliRunner().invoke(catalogue.app, [str(word) for word in words], obj=around)

    return invoke


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.json"
    path.write_text(json.dumps(FOREIGN))
    return path


def test_an_import_is_told_with_its_remarks_apart(run, harbour):
    done = run("import", harbour)
    assert done.exit_code == 0
    assert done.stdout == "harbour: Rules of the harbour 7, 2 controls in 0 groups\n"
    assert done.stderr == "harbour.json: $.catalog: 1 links lead to #gone, which is not here\n"
    assert "which was here already" in run("import", harbour).stdout


def test_json_of_an_import_is_one_document(run, harbour):
    told = json.loads(run("import", harbour, "--as", "quay", "--json").stdout)
    assert (told["id"], told["controls"], told["new"], told["own"]) == ("quay", 2, True, None)
    assert told["remarks"][0]["where"] == "harbour.json: $.catalog"


def test_the_controls_of_an_import_are_listed(run, harbour):
    run("import", harbour)
    listed = json.loads(run("list", "--catalogue", "harbour", "--json").stdout)
    assert [(one["id"], one["parent"], one["status"], one["weight"]) for one in listed] == [
        ("h-1", None, "withdrawn", None),
        ("h-1.1", "h-1", None, None),
    ]
    assert set(listed[0]) > {"id", "title", "domain", "weight", "tier"}
    assert "\x1b" not in run("list", "--catalogue", "harbour").stdout
    assert "harbour" in run("imported").stdout
    assert json.loads(run("imported", "--json").stdout)[0]["version"] == "7"


def test_an_import_goes_out_as_it_came(run, harbour, tmp_path):
    run("import", harbour)
    out = tmp_path / "again.json"
    assert run("export", "--catalogue", "harbour", "--out", out).exit_code == 0
    assert out.read_bytes() == harbour.read_bytes()


def test_ours_goes_out_as_a_folder_and_comes_back(run, tmp_path):
    out = tmp_path / "deep" / "oscal"
    done = run("export", "--format", "oscal", "--out", out)
    assert done.exit_code == 0
    names = {path.name for path in out.iterdir()}
    assert {"catalog.json", "mapping.json", "profile-baseline.json"} <= names
    assert done.stdout.splitlines()[0] == str(out / "catalog.json")
    ours = load_catalogue(find_content(None).controls)
    document = read_document("x", (out / "catalog.json").read_bytes())
    assert read_own_catalogue(document) == ours
    (texts,) = (one.controls for one in read_own_translations(document))
    back = json.loads(run("import", out / "catalog.json", "--as", "ours", "--json").stdout)
    assert back["own"] == {
        "catalogue": ours.framework.id,
        "version": ours.framework.version,
        "controls": len(ours.controls),
        "translations": {"ur": len(texts)},
    }
    assert "this is our own export of" in run("import", out / "catalog.json", "--as", "ours").stdout
    crossed = json.loads(run("import", out / "mapping.json", "--as", "cross", "--json").stdout)
    assert sum(one["edges"] for one in crossed["crosswalks"]) == sum(
        len(control.maps_to) for control in ours.controls
    )
    assert json.loads(run("crosswalk", "cross", "--json").stdout)[0]["edges"]
    assert "edges to" in run("import", out / "mapping.json", "--as", "cross").stdout


def test_an_exported_profile_is_resolved_beside_its_catalogue(run, tmp_path):
    out = tmp_path / "oscal"
    run("export", "--out", out)
    told = json.loads(run("import", out / "profile-baseline.json", "--json").stdout)
    ours = load_catalogue(find_content(None).controls)
    assert told["controls"] == len(ours.selected("A"))
    resolved = tmp_path / "resolved.json"
    run("export", "--catalogue", told["id"], "--resolved", "--out", resolved)
    assert read_document("x", resolved.read_bytes()).kind == "catalog"


def test_one_file_holds_what_a_profile_leaves(run, tmp_path):
    out = tmp_path / "start.json"
    run("export", "--out", out, "--profile", "start", "--sector", "power", "--modified",
        "2027-01-01T05:00:00+05:00")  # fmt: skip
    document = read_document("x", out.read_bytes())
    assert document.body["metadata"]["last-modified"] == "2027-01-01T00:00:00Z"
    ours = load_catalogue(find_content(None).controls)
    chosen = {control.id for control in ours.of_profile(ours.find_profile("start"))}
    found = {c["id"] for group in document.body["groups"] for c in group["controls"]}
    assert found and found <= chosen


def test_exporting_twice_gives_the_same_bytes(run, tmp_path):
    for name in ("a", "b"):
        run("export", "--out", tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_files_that_are_there_are_replaced_with_force_only(run, tmp_path):
    out = tmp_path / "oscal"
    out.mkdir()
    (out / "catalog.json").write_text("mine")
    assert isinstance(run("export", "--out", out).exception, WrongState)
    assert (out / "catalog.json").read_text() == "mine"
    assert run("export", "--out", out, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("export", "--format", "stone", "--out", "x"), WrongUsage),
        (("export", "--out", "x", "--modified", "yesterday"), WrongUsage),
        (("export", "--out", "x", "--profile", "golden"), NotFound),
        (("export", "--out", "x.json", "--catalogue", "nobody"), NotFound),
        (("export", "--out", "no/folder/x.json"), NotFound),
        (("list", "--catalogue", "nobody"), NotFound),
        (("crosswalk", "nobody"), NotFound),
        (("import", "x", "--format", "stone"), WrongUsage),
    ],
    ids=str,
)
def test_wrong_words_are_told(run, tmp_path, monkeypatch, words, error):
    monkeypatch.chdir(tmp_path)
    assert isinstance(run(*words).exception, error)
    assert not (tmp_path / "x").exists()


def test_a_control_whose_title_is_its_id_is_listed_by_its_statement(run, tmp_path):
    """As the catalogue of Australia calls its controls."""
    said = "Quays are lit from dusk to dawn."
    control = {"id": "h-9", "title": "Control: H-9",
               "parts": [{"name": "statement", "prose": said}]}  # fmt: skip
    whole = {"id": "h-10", "title": "Control of h-10 by the harbour master"}
    body = FOREIGN["catalog"] | {"controls": [control, whole]}
    path = tmp_path / "quays.json"
    path.write_text(json.dumps({"catalog": body}))
    run("import", path)
    lines = [
        " ".join(line.split()) for line in run("list", "--catalogue", "quays").stdout.splitlines()
    ]
    assert f"h-9 {said}" in lines
    assert "h-10 Control of h-10 by the harbour master" in lines


@pytest.mark.parametrize("sides", [("", "-"), ("-", " ")])
def test_an_empty_side_of_a_comparison_is_refused(run, sides):
    error = run("diff", *sides).exception
    assert isinstance(error, WrongUsage)
    assert "a side of the comparison is empty" in str(error)


@pytest.fixture
def later(monkeypatch, tmp_path: Path) -> None:
    """Other content in use than what was adopted: without any translation."""
    root = tmp_path / "later"
    plain = shutil.ignore_patterns("*.ur.yaml")
    for name in ("controls", "scanners"):
        shutil.copytree(find_content(None).root / name, root / name, ignore=plain)
    (root / "reports").symlink_to(find_content(None).reports)
    monkeypatch.setenv("CYBERPOSTURE_CONTENT", str(root))


def test_an_adopted_edition_is_shown_and_goes_out_with_its_translations(run, later, tmp_path):
    content = load_content(find_content(None))
    (urdu,) = content.translations
    identity, texts = next(iter(urdu.controls.items()))
    assert isinstance(run("show", identity, "--language", "ur").exception, WrongUsage)
    shown = run("show", identity, "--language", "ur", "--edition", "1.0")
    assert texts.title in shown.stdout
    run(
        "export",
        "--edition",
        "1.0",
        "--modified",
        "2026-11-22T00:00:00Z",
        "--out",
        tmp_path / "o.json",
    )
    document = read_document("x", (tmp_path / "o.json").read_bytes())
    assert read_own_catalogue(document) == content.catalogue
    assert read_own_translations(document) == (Translations("ur", urdu.controls),)
    book = run("export", "--format", "html", "--language", "ur", "--edition", "NCSP-2021 1.0",
               "--out", tmp_path)  # fmt: skip
    assert book.stdout.strip().endswith("catalogue-NCSP-2021-1.0-ur.html")
    assert texts.title in (tmp_path / "catalogue-NCSP-2021-1.0-ur.html").read_text()
    error = run("show", identity, "--edition", "9.9").exception
    assert isinstance(error, NotFound)
