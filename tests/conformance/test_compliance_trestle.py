"""Our OSCAL as an independent implementation takes it, which `make conformance` installs."""

import json
import subprocess
from pathlib import Path

import pytest

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.loader import load_content
from cyberposture.exchange.oscal.files import export_folder
from cyberposture.exchange.oscal.read import read_document
from cyberposture.exchange.oscal.resolve import resolve
from cyberposture.exchange.oscal.select import standing_controls

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = CHECKOUT / "build" / "conformance" / "bin"
KINDS = {"catalog": "catalogs", "profile": "profiles", "mapping": "mapping-collections"}
RESOLVE = """
import json, pathlib, sys
from trestle.core.catalog.catalog_interface import CatalogInterface
from trestle.core.profile_resolver import ProfileResolver
root = pathlib.Path(sys.argv[1])
made = ProfileResolver.get_resolved_profile_catalog(root, root / sys.argv[2])
print(json.dumps(sorted(CatalogInterface(made).get_control_ids())))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (PROGRAMS / "trestle").exists(), reason="make conformance installs it"),
]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command to its good end and return what it printed."""
    done = subprocess.run(
        [str(part) for part in command], check=False, capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    content = load_content(ContentFolders(CHECKOUT))
    return export_folder(
        content.catalogue,
        modified="2026-11-22T00:00:00Z",
        translations=content.translations,
        sector="power",
    )


@pytest.fixture(scope="module")
def workspace(files, tmp_path_factory) -> Path:
    """A workspace of the other program, with each of our files imported by it."""
    folder = tmp_path_factory.mktemp("conformance")
    root = folder / "workspace"
    root.mkdir()
    run(PROGRAMS / "trestle", "init", cwd=root)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        run(PROGRAMS / "trestle", "import", "-f", folder / name, "-o", Path(name).stem, cwd=root)
    return root


def test_it_imports_every_file(files, workspace):
    for name in files:
        kind = KINDS[name.removesuffix(".json").split("-")[0]]
        (kept,) = (workspace / kind / Path(name).stem).glob("*.json")
        assert kept.stat().st_size > 1_000


def test_it_finds_every_file_valid(files, workspace):
    said = run(PROGRAMS / "trestle", "validate", "--all", cwd=workspace)
    assert said.count("VALID: ") == len(files)
    assert "INVALID" not in said


def test_it_keeps_every_value_of_the_catalogue(files, workspace):
    kept = json.loads((workspace / "catalogs" / "catalog" / "catalog.json").read_bytes())
    ours = json.loads(files["catalog.json"])
    for document in (kept, ours):
        del document["catalog"]["metadata"]["last-modified"]
        del document["catalog"]["uuid"]
    assert kept == ours


def test_it_resolves_our_profiles_to_the_same_controls(files, workspace):
    whole = read_document("catalog.json", files["catalog.json"])
    for name in files:
        if not name.startswith("profile-"):
            continue
        document = json.loads(files[name])
        document["profile"]["imports"][0]["href"] = "trestle://catalogs/catalog/catalog.json"
        del document["profile"]["back-matter"]
        path = workspace / "profiles" / Path(name).stem / "profile.json"
        path.write_text(json.dumps(document))
        theirs = run(PROGRAMS / "python", "-c", RESOLVE, workspace, path.relative_to(workspace),
                     cwd=workspace)  # fmt: skip
        ours = resolve(read_document(name, files[name]), lambda wanted: whole).catalogue
        ids = sorted(standing.control["id"] for standing in standing_controls(ours.body))
        assert json.loads(theirs.splitlines()[-1]) == ids
