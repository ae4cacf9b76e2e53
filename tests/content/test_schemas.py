"""The schemas for editors accept every file that is here, and refuse what the models refuse."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.content.reading.documents import read_file
from cyberposture.content.writing.schemas import KINDS, find_strays, schema_of

ROOT = find_content(None).root


@cache
def validator(kind: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schema_of(kind))


def files(kind: str) -> list[Path]:
    """Return the files of a kind; a translation has the language before its ending."""
    found = {path for place in KINDS[kind].places for path in ROOT.glob(place)}
    if kind.endswith("-translation"):
        return sorted(found)
    others = {"pack.yaml"} if kind == "check" else set()
    return sorted(p for p in found if p.name.count(".") == 1 and p.name not in others)


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_fits_the_schema_of_its_kind(kind: str) -> None:
    for path in files(kind):
        faults = [error.message for error in validator(kind).iter_errors(read_file(path).value)]
        assert faults == [], path


def test_every_content_file_has_a_schema() -> None:
    folders = ("controls", "scanners")
    there = {path for folder in folders for path in (ROOT / folder).rglob("*.yaml")}
    there |= set((ROOT / "reports").glob("*/report.yaml"))
    assert there - {path for kind in KINDS for path in files(kind)} == set()


@pytest.mark.parametrize(
    "name",
    [
        "controls/small/GOV-01-in-no-domain.yaml",
        "controls/small/gov/GOV-01-other-ending.yml",
        "controls/small/gov/deep/GOV-01-too-deep.yaml",
        "controls/small/gov/GOV-01-LOUD.YAML",
        "scanners/in-no-pack.yaml",
    ],
)
def test_file_that_nothing_reads_is_found(tmp_path: Path, name: str) -> None:
    places = ["controls/small/framework.yaml", "controls/small/gov/GOV-01-here.yaml",
              "controls/small/gov/GOV-01-here.ur.yaml", "scanners/cleartext/pack.yaml",
              "controls/overlays/bank/overlay.yaml", "controls/overlays/bank/GOV-51-more.yaml",
              "controls/README.md", name]  # fmt: skip
    for place in places:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [fault.where for fault in find_strays(ContentFolders(tmp_path))] == [name]


def test_shipped_content_has_no_file_that_nothing_reads() -> None:
    assert find_strays(find_content(None)) == []


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("control", {"wieght": 3}),
        ("control", {"weight": 4}),
        ("control", {"tier": "B"}),
        ("control", {"id": "iam-1"}),
        ("check", {"severity": "awful"}),
        ("check", {"rollup": "mean"}),
        ("report", {"subject": "planet"}),
        ("profile", {"tiers": []}),
        ("sector", {"id": "Big Sector"}),
    ],
)
def test_schema_refuses_what_an_author_mistypes(kind: str, spoil: dict[str, Any]) -> None:
    good = read_file(files(kind)[0]).value
    assert validator(kind).is_valid(good)
    assert not validator(kind).is_valid({**good, **spoil})


def test_missing_field_is_told() -> None:
    good = dict(read_file(files("control")[0]).value)
    del good["statement"]
    assert not validator("control").is_valid(good)
