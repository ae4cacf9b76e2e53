"""Our assessment plan, results and plan of action, as an independent implementation takes them.

Which scores and plans they are does not matter here: they are those of the unit tests.
"""

import contextlib
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve()
PROGRAM = HERE.parents[2] / "build" / "conformance" / "bin" / "trestle"
SAMPLES = HERE.parents[1] / "unit" / "exchange" / "oscal"
KINDS = {
    "assessment-plan": "assessment-plans",
    "assessment-results": "assessment-results",
    "plan-of-action-and-milestones": "plan-of-action-and-milestones",
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.exists(), reason="make conformance installs it"),
]


def run(*words: str | Path, cwd: Path) -> str:
    """Run the other program to its good end and return what it printed."""
    done = subprocess.run(
        [str(PROGRAM), *map(str, words)], check=False, capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    sys.path.insert(0, str(SAMPLES))
    try:
        from assessment_samples import documents_of_each_kind
    finally:
        sys.path.remove(str(SAMPLES))
    return documents_of_each_kind()


@pytest.fixture(scope="module")
def workspace(documents, tmp_path_factory) -> Path:
    """A workspace of the other program, into which it took each of our documents."""
    folder = tmp_path_factory.mktemp("assessments")
    root = folder / "workspace"
    root.mkdir()
    run("init", cwd=root)
    for kind, document in documents.items():
        path = folder / f"{kind}.json"
        path.write_text(json.dumps(document))
        run("import", "-f", path, "-o", "ours", cwd=root)
    return root


def test_it_finds_every_document_valid(workspace):
    said = run("validate", "--all", cwd=workspace)
    assert said.count("VALID: ") == len(KINDS)
    assert "INVALID" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_every_value(documents, workspace, kind):
    (path,) = (workspace / KINDS[kind] / "ours").glob("*.json")
    kept, ours = json.loads(path.read_bytes())[kind], documents[kind][kind]
    for document in (kept, ours):
        document["metadata"].pop("last-modified")
        document.pop("uuid")
    assert normal(kept) == normal(ours)


def normal(value: Any) -> Any:
    """Return a value with its moments in one spelling."""
    if isinstance(value, dict):
        return {key: normal(one) for key, one in value.items()}
    if isinstance(value, list):
        return [normal(one) for one in value]
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(value) if "T" in value else value
    return value
