"""What a draft must account for before it may follow the editions that were adopted."""

import re
from pathlib import Path

import pytest
from edition_samples import (
    RETIRED,
    control,
    first,
    first_edition,
    gone,
    heir,
    second,
    second_edition,
    write_edition,
)

from cyberposture.content.comparing.succession import faults_of_draft
from cyberposture.content.loader import load_catalogue, locate

ANY = "0" * 64


def faults(folder: Path, controls=None, *, version="2.0", retired=RETIRED, adopted=None):
    """Return what is wrong with a draft, as people read it."""
    root = write_edition(folder / "draft", controls or second(), version=version, retired=retired)
    known = {"1" * 64: first_edition(folder / "1")} if adopted is None else adopted
    found = faults_of_draft(
        known,
        load_catalogue(root / "controls"),
        ANY,
        lambda name, path: locate(root / "controls", name, path),
    )
    return [str(fault) for fault in found]


def test_draft_that_accounts_for_everything_has_no_fault(tmp_path):
    assert faults(tmp_path) == []


def test_before_the_first_adoption_nothing_can_be_wrong(tmp_path):
    assert faults(tmp_path, adopted={}) == []


def test_control_that_is_gone_needs_an_heir_or_a_place_among_the_retired(tmp_path):
    controls = second()
    controls["GOV-13"]["supersedes"] = controls["GOV-13"]["supersedes"][:1]
    retired = [row for row in RETIRED if row["id"] not in ("GOV-06", "GOV-07", "GOV-08")]
    assert faults(tmp_path, controls, retired=retired) == [
        f"controls/small/retired.yaml:1: {gone} of 1.0 is gone: retire it here, "
        "or let a control supersede it"
        for gone in ("GOV-07", "GOV-08")
    ]


def test_heir_of_a_version_long_past_accounts_for_nothing(tmp_path):
    old = first()
    old["GOV-08"]["version"] = 2
    adopted = {ANY[1:] + "1": load_catalogue(write_edition(tmp_path / "1", old) / "controls")}
    controls = second()
    controls["GOV-09"]["supersedes"] = [heir("GOV-08", "stronger")]
    retired = [row for row in RETIRED if row["id"] != "GOV-08"]
    (fault,) = faults(tmp_path, controls, retired=retired, adopted=adopted)
    assert "GOV-08 of 1.0 is gone" in fault


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weight": 5}, "weight 3 → 5: the meaning changed, so raise the version above 1"),
        ({"tier": "G"}, "tier A → G: the meaning changed"),
        ({"gate": "A"}, "gate from tier none → A: the meaning changed"),
        ({"applies_when": {"feature": "web"}}, "the meaning changed"),
        ({"supersedes": [heir("GOV-01", "stronger")]}, "version 1 cannot supersede itself"),
        ({"supersedes": [heir("NET-77", "split")]}, "no edition before this one has NET-77"),
        ({"supersedes": [heir("GOV-05", "split", version=4)]}, "never had version 4, at most 1"),
    ],
)
def test_meaning_does_not_change_behind_a_version(tmp_path, changes, says):
    controls = second()
    controls["GOV-01"] |= changes
    (fault,) = faults(tmp_path, controls)
    assert says in fault
    assert re.match(r"controls/small/gov/GOV-01-sample\.yaml:\d+: ", fault)
    line = int(fault.split(":")[1])
    text = (tmp_path / "draft/controls/small/gov/GOV-01-sample.yaml").read_text().splitlines()
    assert '"version"' in text[line - 1] or "supersedes" in text[line - 2]


def test_meaning_may_change_with_its_version_and_words_without(tmp_path):
    controls = second()
    controls["GOV-01"] |= {"weight": 5, "version": 2}
    controls["IAM-10"]["title"] = "No login over any cleartext protocol"
    assert faults(tmp_path, controls) == []


def test_version_does_not_fall(tmp_path):
    old = first()
    old["GOV-01"]["version"] = 3
    adopted = {ANY[1:] + "1": load_catalogue(write_edition(tmp_path / "1", old) / "controls")}
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, adopted=adopted)] == [
        "version 1 after 3: versions only rise"
    ]


def test_id_that_was_given_up_never_comes_back(tmp_path):
    adopted = {
        "1" * 64: first_edition(tmp_path / "1"),
        "2" * 64: second_edition(tmp_path / "2"),
    }
    controls = second() | {"GOV-05": control("GOV-05")}
    retired = [row for row in RETIRED if row["id"] != "GOV-05"]
    for one in controls.values():
        one.pop("supersedes", None)
    found = faults(tmp_path, controls, version="3.0", retired=retired, adopted=adopted)
    assert [fault.split(": ", 1) for fault in found] == [
        ["controls/small/gov/GOV-05-sample.yaml:2",
         "GOV-05 was given up before this edition: an id never comes back"],
        ["controls/small/retired.yaml:1", "GOV-05 is retired and must stay here"],
    ]  # fmt: skip


def test_two_sets_of_rules_do_not_share_a_version(tmp_path):
    (fault,) = faults(tmp_path, version="1.0")
    assert fault.startswith("controls/small/framework.yaml:")
    assert "1.0 was adopted with other rules" in fault


def test_missing_file_is_named_all_the_same(tmp_path):
    root = write_edition(tmp_path, first())
    (root / "controls" / "small" / "retired.yaml").unlink()
    assert locate(root / "controls", "retired.yaml", ()) == "controls/small/retired.yaml:1"


def test_retired_row_may_be_added_for_what_an_heir_took_over(tmp_path):
    assert faults(tmp_path, retired=[*RETIRED, gone("GOV-99")]) == []


def test_fault_is_located_in_the_control_and_never_in_a_translation_of_it(tmp_path):
    controls = write_edition(tmp_path, first()) / "controls"
    file = controls / "small" / "gov" / "GOV-01-sample.yaml"
    # Which file a folder tells of first is chance: among so many it is hardly ever the English.
    for first_letter in "abcdefghij":
        for second_letter in "abcdefghij":
            (file.parent / f"GOV-01-sample.{first_letter}{second_letter}.yaml").write_text("- x\n")
    assert locate(controls, "GOV-01", ("version",)) == "controls/small/gov/GOV-01-sample.yaml:3"
