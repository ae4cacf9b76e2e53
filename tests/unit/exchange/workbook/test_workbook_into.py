"""A workbook brought into a folder: only what changed is written, all of it or nothing."""

import os
import re
from pathlib import Path

import pytest
from workbook_samples import (
    append,
    both,
    cell,
    content,
    copied_controls,
    drop,
    edited,
    few_workbook,
    put,
)

from cyberposture.content.loader import find_catalogue, load_catalogue
from cyberposture.errors import InvalidInput, WrongState
from cyberposture.exchange.workbook.into import plan_import, write_import

CODES = frozenset(one.code for one in content().checks.observations)


@pytest.fixture
def controls(tmp_path) -> Path:
    return copied_controls(tmp_path)


def files(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*.yaml"))}


def planned(folder: Path, change) -> list[tuple[str, str, tuple[str, ...]]]:
    plan = plan_import(folder, "w.xlsx", edited(change), CODES)
    return [(c.kind, Path(c.file).name, c.what) for c in plan.changes]


def brought(folder: Path, change, data: bytes | None = None) -> set[str]:
    """Bring a change in and return the names of the files that it touched."""
    before = files(folder)
    write_import(plan_import(folder, "w.xlsx", edited(change, data), CODES))
    after = files(folder)
    assert not [p for p in folder.rglob("*") if p.name.endswith(".new")]
    return {
        Path(name).name for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }  # fmt: skip


def refusal(folder: Path, change) -> str:
    before = files(folder)
    with pytest.raises(InvalidInput) as caught:
        plan_import(folder, "w.xlsx", edited(change), CODES)
    assert files(folder) == before
    return str(caught.value)


def test_an_unchanged_workbook_changes_nothing(controls):
    plan = plan_import(controls, "w.xlsx", few_workbook(), CODES)
    assert (plan.changes, plan.texts) == ((), {})


def test_a_plan_alone_writes_nothing(controls):
    before = files(controls)
    assert planned(controls, put("Controls", "Weight", "IAM-10", 3)) == [
        ("changed", "IAM-10-no-cleartext-logins.yaml", ("weight",))
    ]
    assert files(controls) == before


def test_a_changed_cell_changes_its_lines_alone(controls):
    path = next(controls.rglob("IAM-10-no*.yaml"))
    before = path.read_text().splitlines()
    change = both(
        put("Controls", "Weight", "IAM-10", 3),
        put("Controls", "Title", "IAM-10", "No login in the clear: not one"),
        put("Sources", "Derivation", "IAM-10", "D"),
    )
    assert brought(controls, change) == {path.name}
    after = path.read_text().splitlines()
    assert set(after) - set(before) == {
        'title: "No login in the clear: not one"', "weight: 3",
        '  - {instrument: NCSP, edition: "2021", clause: "3.5(1)", derivation: D}',
    }  # fmt: skip
    control = load_catalogue(controls).find("IAM-10")
    assert control is not None
    assert (control.weight, control.sources[0].derivation) == (3, "D")


def test_a_new_control_gets_a_file_in_its_domain(controls):
    change = both(
        append("Controls", Control="IAM-40", Title="Keys are counted: each one, each year",
               Statement="Each year every key is counted.", Tier="A", Weight=1,
               Evidence_mode="Q", Version=1, Applies_when="feature mail or sector gas",
               Evidence="90 | The list of keys\n365 | Its minutes"),
        append("Sources", Control="IAM-40", Instrument="NCSP", Edition="2021",
               Clause="3.5(1)", Derivation="I"),
        append("Sector notes", Control="IAM-40", Sector="gas", Note="Keys of valves too."),
    )  # fmt: skip
    assert brought(controls, change) == {"IAM-40-keys-are-counted-each-one.yaml"}
    control = load_catalogue(controls).find("IAM-40")
    assert control is not None
    assert control.evidence_age_days == 365
    assert control.sector_notes == {"gas": "Keys of valves too."}


def retire(identity: str):
    return both(
        *(drop(name, identity) for name in ("Controls", "Sources", "Sector notes", "Crossings")),
        append("Retired", Control=identity, Day="2027-01-31", Why="Merged into another."),
    )


def test_a_control_that_is_retired_loses_its_files_with_their_translations(controls):
    path = next(controls.rglob("GOV-11-*.yaml"))
    beside = path.with_name(f"{path.stem.split('.')[0]}.ur.yaml")
    had_translation = beside.exists()
    gone = {path.name.replace(".ur.yaml", ".yaml"), *([beside.name] if had_translation else [])}
    assert brought(controls, retire("GOV-11")) == {*gone, "retired.yaml"}
    after = load_catalogue(controls)
    assert after.find("GOV-11") is None
    assert [row.id for row in after.retired] == ["GOV-11"]


def test_a_control_does_not_go_without_a_word(controls):
    said = refusal(controls, drop("Controls", "GOV-11"))
    assert "there is no such control" in said
    quiet = both(*(drop(n, "GOV-11") for n in ("Controls", "Sources", "Sector notes", "Crossings")))
    assert "Controls: GOV-11 has no row any more" in refusal(controls, quiet)


def test_a_control_that_others_need_does_not_go(controls):
    """The profile of the first afternoon picks it out; the folder's own check says where."""
    said = refusal(controls, retire("GOV-01"))
    assert "profiles/start.yaml:" in said
    assert "unknown control GOV-01" in said


def test_an_id_is_not_changed(controls):
    said = refusal(controls, put("Domains", "Domain", "IAM", "IAN"))
    assert "unknown domain IAM" in said


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        (("Controls", "Applies when", "NET-06"), "feature post", "unknown feature or sector post"),
        (("Controls", "Observations", "NET-06"), "O-NEWS C", "unknown observation O-NEWS"),
        (("Sources", "Clause", "NET-06"), "99.9", "unknown clause 99.9"),
        (("Sector notes", "Sector", "NET-06"), "moon", "unknown sector moon"),
        (("Crossings", "Framework", "NET-06"), "isa", "unknown framework isa"),
        (("Crossings", "Id there", "NET-06"), "nine", "nine is no id of"),
    ],
)
def test_what_contradicts_the_rest_is_told_with_its_cell(controls, place, value, what):
    sheet, heading, key = place
    found: list[str] = []

    def change(book):
        one = cell(book, sheet, heading, key)
        one.value = value
        found.append(f"{sheet}!{one.coordinate}")

    said = refusal(controls, change)
    where, _, rest = said.splitlines()[0].partition(": ")
    assert where.partition("!")[0] == sheet
    assert re.findall("[0-9]+", where) == re.findall("[0-9]+", found[0])
    assert what in rest


def test_clauses_domains_and_frameworks_change_in_their_files(controls):
    change = both(
        put("Clauses", "Text", "3.5(1)", "It says something else now."),
        put("Domains", "Factor in %", "IAM", 120),
        put("Frameworks", "Edition", "pisf", "final"),
    )
    assert brought(controls, change) == {"clauses.yaml", "framework.yaml", "neighbours.yaml"}
    home = find_catalogue(controls)
    assert "# The clauses of the policy in our own words." in (home / "clauses.yaml").read_text()
    after = load_catalogue(controls)
    domain = next(one for one in after.framework.domains if one.id == "IAM")
    assert domain.factor_pct == 120


def test_sorting_the_rows_of_a_sheet_changes_nothing(controls):
    def sort(book):
        for name in ("Clauses", "Sources", "Crossings", "Domains"):
            rows = [[c.value for c in row] for row in book[name].iter_rows(min_row=2)]
            for number, row in enumerate(reversed(rows), start=2):
                for place, value in enumerate(row, start=1):
                    book[name].cell(number, place).value = value

    assert planned(controls, sort) == []


# Others work in the folder too.


def test_what_somebody_else_changed_meanwhile_is_kept(controls):
    path = next(controls.rglob("NET-06-*.yaml"))
    path.write_text(path.read_text().replace("weight: 3", "weight: 5"))
    assert brought(controls, put("Controls", "Weight", "IAM-10", 3)) == {
        "IAM-10-no-cleartext-logins.yaml"
    }
    control = load_catalogue(controls).find("NET-06")
    assert control is not None
    assert control.weight == 5


def test_what_both_changed_is_a_conflict_with_its_cell(controls):
    path = next(controls.rglob("IAM-10-no*.yaml"))
    path.write_text(path.read_text().replace("weight: 5", "weight: 1"))
    said = refusal(controls, put("Controls", "Weight", "IAM-10", 3))
    assert said.startswith("Controls!A")
    assert "IAM-10 was changed in the folder too" in said


def test_what_both_changed_alike_is_none(controls):
    path = next(controls.rglob("IAM-10-no*.yaml"))
    path.write_text(path.read_text().replace("weight: 5", "weight: 3"))
    assert planned(controls, put("Controls", "Weight", "IAM-10", 3)) == []


def test_the_same_workbook_a_second_time_changes_nothing_more(controls):
    change = put("Controls", "Weight", "IAM-10", 3)
    assert len(brought(controls, change)) == 1
    assert brought(controls, change) == set()


def test_a_folder_with_faults_takes_nothing_in(controls):
    path = next(controls.rglob("NET-06-*.yaml"))
    path.write_text(path.read_text().replace("weight: 3", "weight: 4"))
    with pytest.raises(InvalidInput, match=r"NET-06-.*yaml:\d+: weight"):
        plan_import(controls, "w.xlsx", few_workbook(), CODES)


def test_a_workbook_of_another_catalogue_is_refused(controls):
    path = find_catalogue(controls) / "framework.yaml"
    path.write_text(path.read_text().replace("id: NCSP-2021", "id: OTHER-1"))
    with pytest.raises(WrongState, match="was made from NCSP-2021, and the folder holds OTHER-1"):
        plan_import(controls, "w.xlsx", few_workbook(), CODES)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_in_is_told(controls):
    plan = plan_import(controls, "w.xlsx", edited(put("Controls", "Weight", "IAM-10", 3)), CODES)
    folder = next(controls.rglob("IAM-10-no*.yaml")).parent
    folder.chmod(0o500)
    try:
        with pytest.raises(WrongState, match="cannot be written"):
            write_import(plan)
    finally:
        folder.chmod(0o700)
