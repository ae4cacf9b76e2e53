"""What is wrong in instruments, parameters, sectors and profiles is told with its line."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from edition_samples import first, write_edition

from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.content.editions import documents, identify, restore
from cyberposture.content.loader import load_catalogue, load_checks, load_content
from cyberposture.content.reading.documents import read_file
from cyberposture.errors import InvalidInput
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue

NO_CHECKS = Checks(packs=(), checks=(), observations=())
Change = Callable[[Any], None]


def changed(root: Path, file: str, change: Change) -> Path:
    """Write a small edition in which one file is otherwise; return its home."""
    home = write_edition(root, first()) / "controls" / "small"
    value = read_file(home / file).value
    change(value)
    (home / file).write_text(json.dumps(value, indent=1))
    return home


def faults(home: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load_catalogue(home.parent)
    return [str(fault) for fault in caught.value.faults]


def put(*path: str | int, value: Any) -> Change:
    """Return what sets one value deep inside a file."""

    def change(whole: Any) -> None:
        for step in path[:-1]:
            whole = whole[step]
        whole[path[-1]] = value

    return change


REFERENCE = {
    "parameter": "patch-days-exposed", "value": 7, "instrument": "nepra-it-ot-2022",
    "known": "S", "source": "Invented.", "read_on": "2026-11-22",
}  # fmt: skip

WRONG = {
    "instrument in force without a day": (
        "instruments.yaml", put(0, "in_force_from", value=None), "given where legal is in-force"
    ),
    "instrument of an unknown sector": (
        "instruments.yaml", put(0, "sectors", value=["space"]), "unknown sector space"
    ),
    "instrument twice": (
        "instruments.yaml", put(1, "id", value="ncsp-2021"),
        "instrument ncsp-2021 stands in controls/small/instruments.yaml:2 already",
    ),
    "two instruments of one name": (
        "instruments.yaml",
        lambda rows: rows[1].update(short="NCSP", edition="2021"),
        "instrument NCSP 2021 stands in",
    ),
    "policy that is no instrument": (
        "framework.yaml", put("instrument", value="another-2030"), "unknown instrument another-2030"
    ),
    "domain twice": (
        "framework.yaml", lambda whole: whole["domains"].append(whole["domains"][0]),
        "domain GOV stands in controls/small/framework.yaml:",
    ),
    "sector twice": (
        "framework.yaml", lambda whole: whole["sectors"].append(whole["sectors"][0]),
        "sector government stands in controls/small/framework.yaml:",
    ),
    "feature twice": (
        "framework.yaml", lambda whole: whole["features"].append(whole["features"][0]),
        "feature mail stands in controls/small/framework.yaml:",
    ),
    "cap at a band that is none": (
        "framework.yaml", put("scale", "gate_band", value="Middling"),
        "gate_band: no band is called 'Middling'",
    ),
    "band below the one before": (
        "framework.yaml", put("scale", "bands", 1, 1, value=9000),
        "bands.2.1: each band begins above the one before it",
    ),
    "no band": ("framework.yaml", put("scale", "bands", value=[]), "bands: at least one band"),
    "grade without a factor": (
        "framework.yaml", lambda whole: whole["scale"]["factors"].pop("E3"),
        "factors.E3: Field required",
    ),
    "framework twice": (
        "neighbours.yaml", lambda rows: rows.append(rows[0]),
        "framework nist-csf-2 stands in controls/small/neighbours.yaml:2 already",
    ),
    "pattern that is none": (
        "neighbours.yaml", put(0, "ids", value="(["), "no pattern of ids: unterminated"
    ),
    "retired on no day": (
        "retired.yaml",
        lambda rows: rows.append({"id": "GOV-44", "on": "20270131", "why": "So."}),
        "'20270131' is no day; write YYYY-MM-DD",
    ),
    "retired twice": (
        "retired.yaml",
        lambda rows: rows.extend([{"id": "GOV-44", "on": "2027-01-31", "why": "So."}] * 2),
        "retired id GOV-44 stands in controls/small/retired.yaml:2 already",
    ),
    "parameter that is not ours": (
        "parameters.yaml", put(0, "ours", value=False), "ours: Input should be True"
    ),
    "parameter for an unknown control": (
        "parameters.yaml", put(0, "controls", value=["GOV-49"]), "unknown control GOV-49"
    ),
    "parameter that the engine needs": (
        "parameters.yaml",
        lambda rows: rows.remove(next(r for r in rows if r["id"] == "reopen-days")),
        "the parameter reopen-days is missing",
    ),
    "number of an unknown instrument": (
        "parameters.yaml",
        put(4, "references", 0, "instrument", value="another-2030"),
        "unknown instrument another-2030",
    ),
    "number with a status of its own": (
        "parameters.yaml", put(4, "references", 0, "known", value="X"), "'V', 'S' or 'U'"
    ),
    "sector under another name": (
        "sectors/power.yaml", put("id", value="steam"), "the id must be the file's name: power"
    ),
    "factor of an unknown domain": (
        "sectors/power.yaml", put("domains", 0, "domain", value="XYZ"), "unknown domain XYZ"
    ),
    "factor twice": (
        "sectors/power.yaml", put("domains", 0, "domain", value="NET"), "NET stands here twice"
    ),
    "factor without measure": (
        "sectors/power.yaml",
        put("domains", 0, "factor_pct", value=400),
        "less than or equal to 200",
    ),
    "number of an unknown parameter": (
        "sectors/power.yaml",
        put("parameters", value=[REFERENCE | {"parameter": "lunch-minutes"}]),
        "unknown parameter lunch-minutes",
    ),
    "number of another sector's instrument": (
        "sectors/gas.yaml",
        put("parameters", value=[REFERENCE]),
        "nepra-it-ot-2022 does not bind the sector gas",
    ),
    "profile that skips a tier": (
        "profiles/cii.yaml", put("tiers", value=["A", "X"]), "from A on, in the order A, G, X"
    ),
    "two profiles of one tier": (
        "profiles/cii.yaml",
        put("tiers", value=["A", "G"]),
        "one profile holds all that tier G is asked; found: cii, enhanced",
    ),
    "profile with an unknown control": (
        "profiles/baseline.yaml",
        put("controls", value=[{"id": "GOV-49", "why": "So."}]),
        "unknown control GOV-49",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_rule_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    file, change, words = WRONG[case]
    found = [fault for fault in faults(changed(tmp_path, file, change)) if words in fault]
    assert found, faults(tmp_path / "controls" / "small")
    assert found[0].startswith(f"controls/small/{file.rpartition('/')[0]}")
    if "is missing" not in words and "one profile" not in words:
        assert found[0].split(": ")[0].rpartition(":")[2].isdigit(), found


def test_a_sector_without_a_table_is_told(tmp_path: Path) -> None:
    home = write_edition(tmp_path, first()) / "controls" / "small"
    (home / "sectors" / "dams.yaml").unlink()
    assert faults(home) == ["controls/small/sectors: the sector dams has no file dams.yaml"]


def test_a_profile_may_not_pick_what_its_tier_is_not_asked(tmp_path: Path) -> None:
    controls = first()
    controls["GOV-02"]["tier"] = "G"
    home = write_edition(tmp_path, controls) / "controls" / "small"
    start = {"id": "start", "title": "Start", "note": "Few.", "tiers": ["A"],
             "controls": [{"id": "GOV-02", "why": "So."}]}  # fmt: skip
    (home / "profiles" / "start.yaml").write_text(json.dumps(start, indent=1))
    (fault,) = faults(home)
    assert fault.endswith("GOV-02 is of tier G, which is not asked here")


def test_a_control_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    home = write_edition(tmp_path, first()) / "controls" / "small"
    start = {"id": "start", "title": "Start", "note": "Few.", "tiers": ["A"],
             "controls": [{"id": "GOV-02", "why": "So."}]}  # fmt: skip
    (home / "profiles" / "start.yaml").write_text(json.dumps(start, indent=1))
    (home / "gov" / "GOV-02-sample.yaml").write_text("id: [")
    (fault,) = faults(home)
    assert fault.startswith("controls/small/gov/GOV-02-sample.yaml:")


def proposal(**changes: Any) -> dict[str, Any]:
    return {
        "id": "GOV-91", "version": 1, "proposed": True, "gap": "Nobody thought of it.",
        "title": "Something that is proposed", "statement": "All of it is as it ought to be.",
        "evidence_mode": "Q", "weight": 3, "tier": "A", "sources": [],
    } | changes  # fmt: skip


def propose(root: Path, control: dict[str, Any], name: str | None = None) -> Path:
    home = write_edition(root, first()) / "controls" / "small"
    (home / "proposed").mkdir()
    path = home / "proposed" / f"{name or control['id']}-sample.yaml"
    path.write_text(json.dumps(control, indent=1))
    return home


def test_a_proposal_is_read_and_stands_apart(tmp_path: Path) -> None:
    catalogue = load_catalogue(propose(tmp_path, proposal()).parent)
    assert [c.id for c in catalogue.proposed] == ["GOV-91"]
    assert catalogue.find("GOV-91") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "GOV-20"}, "the number of GOV-20 is not from 90 to 99"),
        ({"proposed": False, "gap": None}, "sources: at least one clause"),
        ({"gap": None}, "gap: given for proposed controls"),
        ({"id": "XYZ-91"}, "unknown domain XYZ"),
    ],
)
def test_a_wrong_proposal_is_told(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    assert words in " ".join(faults(propose(tmp_path, proposal(**changes))))


def test_a_proposal_among_the_controls_is_refused(tmp_path: Path) -> None:
    controls = first() | {"GOV-10": proposal(id="GOV-10")}
    found = " ".join(faults(write_edition(tmp_path, controls) / "controls" / "small"))
    assert "proposed controls, and only those, are in proposed/" in found


def test_a_national_control_keeps_out_of_the_numbers_of_others(tmp_path: Path) -> None:
    one = proposal(id="GOV-51", sources=first()["GOV-01"]["sources"])
    del one["proposed"], one["gap"]
    found = " ".join(faults(write_edition(tmp_path, first() | {"GOV-51": one}) / "controls/small"))
    assert "the number of GOV-51 is not from 01 to 50" in found


def test_a_control_that_cites_an_unknown_instrument_is_refused(tmp_path: Path) -> None:
    controls = deepcopy(first())
    controls["GOV-01"]["sources"][0]["instrument"] = "Hearsay"
    found = faults(write_edition(tmp_path, controls) / "controls" / "small")
    assert any("unknown instrument Hearsay 2021" in fault for fault in found)


def test_observations_of_proposals_are_looked_up_as_well(tmp_path: Path) -> None:
    wrong = proposal(evidence_mode="Q+N", observations=[{"code": "O-NONSUCH", "direction": "C"}])
    root = propose(tmp_path, wrong).parents[1]
    with pytest.raises(InvalidInput) as caught:
        load_content(ContentFolders(root))
    assert "GOV-91-sample.yaml" in str(caught.value)
    assert "unknown observation O-NONSUCH" in str(caught.value)


# Digests


def digests(catalogue: Catalogue) -> tuple[str, str]:
    edition = identify(catalogue, NO_CHECKS)
    return edition.rules, edition.texts


RULES = {
    "factor": ("sectors/power.yaml", put("domains", 0, "factor_pct", value=149)),
    "default": ("parameters.yaml", put(0, "default", value=181)),
    "legal status": (
        "instruments.yaml",
        lambda rows: rows[3].update(legal="in-force", in_force_from="2026-01-01"),
    ),
    "reference": ("parameters.yaml", put(4, "references", 0, "known", value="S")),
    "profile": (
        "profiles/start.yaml",
        lambda one: one.update(controls=[{"id": "GOV-01", "why": "So."}]),
    ),
}
TEXTS = {
    "sector": ("sectors/power.yaml", put("special", value="Another. Word.")),
    "factor's reason": ("sectors/power.yaml", put("domains", 0, "why", value="Another word.")),
    "parameter": ("parameters.yaml", put(0, "why", value="Another word.")),
    "source": ("parameters.yaml", put(4, "references", 0, "source", value="Another word.")),
    "instrument": ("instruments.yaml", put(0, "title", value="Another word")),
    "profile": ("profiles/baseline.yaml", put("note", value="Another word.")),
}


def edition_of(root: Path, file: str, change: Change) -> Catalogue:
    if file == "profiles/start.yaml":
        home = write_edition(root, first()) / "controls" / "small"
        start: dict[str, Any] = {"id": "start", "title": "Start", "note": "Few.", "tiers": ["A"]}
        change(start)
        (home / file).write_text(json.dumps(start))
        return load_catalogue(home.parent)
    return load_catalogue(changed(root, file, change).parent)


@pytest.mark.parametrize("case", RULES)
def test_a_changed_rule_changes_the_digest_of_the_rules(tmp_path: Path, case: str) -> None:
    before = load_catalogue(write_edition(tmp_path / "before", first()) / "controls")
    after = edition_of(tmp_path / "after", *RULES[case])
    assert digests(after)[0] != digests(before)[0]


@pytest.mark.parametrize("case", TEXTS)
def test_a_changed_word_changes_the_digest_of_the_texts_alone(tmp_path: Path, case: str) -> None:
    before = load_catalogue(write_edition(tmp_path / "before", first()) / "controls")
    after = edition_of(tmp_path / "after", *TEXTS[case])
    assert digests(after)[0] == digests(before)[0]
    assert digests(after)[1] != digests(before)[1]


def test_a_proposal_changes_no_rule(tmp_path: Path) -> None:
    before = load_catalogue(write_edition(tmp_path / "before", first()) / "controls")
    after = load_catalogue(propose(tmp_path / "after", proposal()).parent)
    assert digests(after)[0] == digests(before)[0]
    assert digests(after)[1] != digests(before)[1]


def test_what_is_kept_of_an_edition_gives_back_its_rules_and_words() -> None:
    shipped = load_catalogue(find_content(None).controls)
    kept = documents(shipped, NO_CHECKS)
    assert restore(kept["catalogue"], kept["texts"]) == shipped


def test_checks_in_a_folder_without_a_pack_are_not_passed_over(tmp_path: Path) -> None:
    scanners = tmp_path / "scanners"
    shutil.copytree(find_content(None).scanners, scanners)
    (scanners / "tls" / "pack.yaml").unlink()
    with pytest.raises(InvalidInput) as caught:
        load_checks(scanners)
    assert [str(fault) for fault in caught.value.faults] == [
        "scanners/tls/pack.yaml: No such file or directory"
    ]
