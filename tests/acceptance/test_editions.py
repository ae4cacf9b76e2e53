"""A new edition on the command line: compared, tried on everybody, adopted, and answered under."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from edition_samples import RETIRED, first, second, write_edition

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

HILL = ("--institution", "hill-office")
REASON = ("--by", "administrator", "--reason", "the committee agreed")


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """Content folders: the first edition, the second, and drafts that are not good enough."""
    home = tmp_path_factory.mktemp("editions")
    controls = second()
    controls["GOV-01"]["weight"] = 5
    later: dict[str, Any] = {"version": "2.0", "retired": RETIRED}
    write_edition(home / "first", first())
    write_edition(home / "second", second(), **later)
    write_edition(home / "silent", second(declared=False), version="2.0")
    write_edition(home / "behind", controls, version="2.0", retired=RETIRED[:-1])
    return {path.name: path for path in home.iterdir()}


class Nation:
    """An office under a small edition, with an institution that answered a round."""

    def __init__(self, office: Any, content: Path) -> None:
        self.office, self.content = office, content

    def run(self, *words: object) -> Any:
        return self.office.run(*words, content=self.content)

    def do(self, *words: object) -> Any:
        done = self.run(*words)
        assert done.code == 0, done
        return done

    def open_round(self, code: str) -> None:
        self.do("round", "open", code, "--title", code, "--due", "2036-01-01T00:00:00Z")
        self.do("assessment", "open", *HILL, "--round", code)


@pytest.fixture
def nation(furnished, folders, tmp_path) -> Nation:
    nation = Nation(furnished.beside(tmp_path / "nation"), folders["first"])
    rows = [{"control": f"GOV-0{n}", "level": n % 4, "reason": f"seen {n}"} for n in range(1, 9)]
    institutions = [{"code": code, "name": code.title(), "sectors": ["government"], "tier": "A"}
                    for code in ("hill-office", "dale-office")]  # fmt: skip
    nation.do("init")
    file = nation.office.write("institutions.yaml", json.dumps({"institutions": institutions}))
    nation.do("institution", "import", file)
    nation.open_round("autumn")
    answers = nation.office.write("answers.yaml", json.dumps({"answers": rows}))
    nation.do("assessment", "import", answers, *HILL, "--round", "autumn")
    return nation


# Comparing. -------------------------------------------------------------------------------------


def test_comparison_is_short_and_says_who_says_so(office, folders):
    lines = office.do("catalogue", "diff", folders["first"], folders["second"]).out.splitlines()
    assert lines[:2] == [
        "NCSP-2021 1.0 → NCSP-2021 2.0",
        "2 unchanged, 1 reworded, 1 stronger, 1 weaker, 1 split, 1 merged, 1 removed, 1 new",
    ]
    assert [" ".join(line.split()) for line in lines[4:]] == [
        "reworded GOV-02 -[every] +[each]",
        "stronger declared GOV-03 weight 3 → 5. As agreed.",
        "weaker declared GOV-04 weight 5 → 3. As agreed.",
        "split declared GOV-05 → GOV-11, GOV-12 As agreed.",
        "merged declared GOV-06, GOV-07 → GOV-13 As agreed.",
        "removed declared GOV-08 Nobody needs it any more.",
        "new GOV-09 Contracts with suppliers follow a written assessment.",
    ]


def test_comparison_as_json_has_stable_keys(office, folders):
    told = office.do("catalogue", "diff", folders["first"], folders["silent"], "--json").document
    assert list(told) == ["old", "new", "counts", "changes", "proposals", "frame", "clauses"]
    assert list(told["changes"][0]) == [
        "kind", "old", "new", "declared", "why", "links", "rules", "wording",
    ]  # fmt: skip
    assert {key: told["old"][key] for key in ("name", "version", "controls")} == {
        "name": "NCSP-2021", "version": "1.0", "controls": 9,
    }  # fmt: skip
    assert [(p["kind"], p["old"], p["new"]) for p in told["proposals"]] == [
        ("split", ["GOV-05"], ["GOV-11", "GOV-12"]),
        ("merged", ["GOV-06", "GOV-07"], ["GOV-13"]),
    ]
    assert sum(told["counts"].values()) == len(told["changes"])


def test_content_in_use_is_compared_with_what_was_adopted(nation):
    told = nation.do("catalogue", "diff", "1.0", "-", "--json").document
    assert set(told["counts"]) - {k for k, n in told["counts"].items() if n == 0} == {"unchanged"}
    assert told["old"]["digest"] is not None


def test_two_releases_of_others_are_compared_as_their_source_counts(office, shared):
    folder = shared / "samples" / "oscal"
    if not folder.is_dir():
        pytest.skip("no folder ../shared/samples/oscal")
    files = [folder / f"ism-v{version}-catalog.json" for version in ("2025.03.31", "2025.07.16")]
    told = office.do("catalogue", "diff", *files, "--json").document
    found = {kind: number for kind, number in told["counts"].items() if number}
    assert found == {"unchanged": 921, "reworded": 81, "removed": 26, "new": 84}
    for number, file in enumerate(files):
        office.do("catalogue", "import", file, "--as", f"ism-{number}")
    again = office.do("catalogue", "diff", "ism-0", "ism-1", "--json").document
    assert again["changes"] == told["changes"]


def test_our_own_export_is_compared_with_its_rules(office, folders, tmp_path):
    office.run("catalogue", "export", "--out", tmp_path / "first.json", content=folders["first"])
    told = office.do("catalogue", "diff", tmp_path / "first.json", folders["second"], "--json")
    again = office.do("catalogue", "diff", folders["first"], folders["second"], "--json")
    assert told.document["changes"] == again.document["changes"]


@pytest.mark.parametrize(
    ("side", "code", "says"),
    [
        ("9.9", 5, "no adopted edition, folder or file called '9.9'"),
        ("letter.txt", 3, "letter.txt"),
        ("programs", 3, "one catalogue is expected, found: none"),
    ],
)
def test_side_that_is_no_edition_is_told(office, side, code, says):
    done = office.run("catalogue", "diff", "-", side)
    assert (done.code, done.out) == (code, "")
    assert says in done.err


@pytest.mark.parametrize("folder", ["nowhere", "first/controls"])
def test_folder_that_holds_no_edition_is_told(nation, folders, folder):
    done = nation.run("catalogue", "adopt", folders["first"].parent / folder, "--dry-run")
    assert (done.code, done.out) == (5, "")
    assert done.err.startswith("no content folder called")


# Adopting. --------------------------------------------------------------------------------------


def test_dry_run_shows_everybody_and_writes_nothing(nation, folders):
    before = nation.office.holdings()
    told = nation.do("catalogue", "adopt", folders["second"], "--dry-run", "--json").document
    shown = nation.do("catalogue", "adopt", folders["second"], "--dry-run")
    assert nation.office.holdings() == before
    (one,) = told["institutions"]
    assert (one["institution"], one["round"], one["edition"]) == ("hill-office", "autumn", "1.0")
    assert one["carried"] == ["GOV-01", "GOV-02", "GOV-04"]
    assert one["suggested"] == ["GOV-03", "GOV-11", "GOV-12", "GOV-13"]
    assert (one["kept"], one["unanswered"]) == (["GOV-08"], ["GOV-09"])
    moved = one["confirmed"]["verified"] - one["before"]["verified"]
    assert one["because_of_rules"] == moved
    assert one["after"]["coverage"] < one["before"]["coverage"]
    assert told["without_answers"] == ["dale-office"]
    assert told["faults"] == []
    assert "NCSP-2021 2.0 instead of NCSP-2021 1.0: 2 unchanged, 1 reworded" in shown.out
    assert "hill-office (autumn)" in shown.out


def test_draft_with_faults_is_shown_and_refused(nation, folders):
    faults = [
        "controls/small/gov/GOV-01-sample.yaml:3: weight 3 → 5: the meaning changed, so raise "
        "the version above 1",
        "controls/small/retired.yaml:1: GOV-08 of 1.0 is gone: retire it here, or let a control "
        "supersede it",
    ]
    before = nation.office.holdings()
    tried = nation.run("catalogue", "adopt", folders["behind"], "--dry-run", "--json")
    assert tried.code == 3
    assert [f"{f['where']}: {f['what']}" for f in tried.document["faults"]] == faults
    done = nation.run("catalogue", "adopt", folders["behind"], *REASON)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == faults
    assert nation.office.holdings() == before


def test_adoption_asks_for_a_reason_and_for_somebody_of_the_cert(nation, folders):
    draft = folders["second"]
    for words, code, says in (
        (("--by", "administrator"), 2, "--reason"),
        (("--reason", "so"), 5, "say who acts: --by PERSON"),
        (("--reason", "so", "--by", "nobody"), 5, "no person called 'nobody'"),
    ):
        done = nation.run("catalogue", "adopt", draft, *words)
        assert (done.code, done.out) == (code, "")
        assert says in done.err


def test_adopted_edition_is_in_force_for_new_rounds_and_the_old_one_for_old(nation, folders):
    done = nation.do("catalogue", "adopt", folders["second"], *REASON)
    assert done.out == "NCSP-2021 2.0 is in force: adoption 2\n"
    assert f"CYBERPOSTURE_CONTENT={folders['second']}" in done.err
    old = nation.run("round", "open", "x", "--title", "X", "--due", "2036-01-01T00:00:00Z")
    assert (old.code, "is not the edition in force" in old.err) == (5, True)
    assert "cyberposture catalogue adopt --dry-run" in old.err
    wrong = [one["what"] for one in nation.run("doctor", "--json").document if not one["is_well"]]
    assert wrong == ["edition"]

    nation.content = folders["second"]
    assert nation.run("doctor").code == 0
    listed = nation.do("catalogue", "editions", "--json").document
    assert [(one["number"], one["version"], one["adopted_by"]) for one in listed[1:]] == [
        (2, "2.0", "administrator")
    ]
    final = nation.do("assessment", "finalise", *HILL, "--round", "autumn")
    assert "coverage 89.6" in final.out  # 26 of 29: GOV-08 is asked there, IAM-10 not seen
    again = nation.run("catalogue", "adopt", *REASON)
    assert (again.code, "in force already" in again.err) == (5, True)
    nation.do("audit", "verify")


def test_answers_come_along_and_count_once_somebody_confirms_them(nation, folders):
    nation.do("catalogue", "adopt", folders["second"], *REASON)
    nation.content = folders["second"]
    nation.open_round("spring")
    show = ("assessment", "show", *HILL, "--round", "spring")
    (of_round,) = nation.do("assessment", "list", "--round", "spring", "--json").document
    assert of_round["answered"] == 0
    told = nation.do(*show, "--json").document
    assert {c: one["suggestion"]["level"] for c, one in told.items()} == {
        "GOV-01": 1, "GOV-02": 2, "GOV-03": 3, "GOV-04": 0,
        "GOV-11": 1, "GOV-12": 1, "GOV-13": 2,
    }  # fmt: skip
    assert told["GOV-12"]["suggested_because"] == "GOV-05 in autumn: split. As agreed."
    assert {one["answer"] for one in told.values()} == {None}
    lines = {line.split()[0]: " ".join(line.split()) for line in nation.do(*show).out.splitlines()}
    assert lines["GOV-12"] == "GOV-12 1 GOV-05 in autumn: split. As agreed."

    nation.do("assessment", "confirm", "gov-12", "GOV-01", *HILL, "--round", "spring")
    told = nation.do(*show, "--json").document
    assert told["GOV-12"]["suggestion"] is None
    assert told["GOV-12"]["answer"]["reason"] == "seen 5"
    (of_round,) = nation.do("assessment", "list", "--round", "spring", "--json").document
    assert of_round["answered"] == 2
    twice = nation.run("assessment", "confirm", "GOV-12", *HILL, "--round", "spring")
    assert (twice.code, "no suggestion for control" in twice.err) == (5, True)


def test_assessment_begins_empty_where_that_is_wished(nation):
    nation.do("round", "open", "spring", "--title", "S", "--due", "2036-01-01T00:00:00Z")
    done = nation.do("assessment", "open", *HILL, "--round", "spring", "--empty")
    assert done.out == "hill-office is asked 9 controls in spring\n"
    shown = nation.do("assessment", "show", *HILL, "--round", "spring", "--json")
    assert shown.document == {}


def test_an_overlay_outlives_the_edition_that_it_pins(nation, folders, tmp_path):
    """It pins 1.0, which a round still runs under, while 2.0 is in use."""
    (first_one,) = nation.do("catalogue", "editions", "--json").document
    root = tmp_path / "with-overlay"
    shutil.copytree(folders["second"], root, symlinks=True)
    overlay = root / "controls" / "overlays" / "more-paper" / "overlay.yaml"
    overlay.parent.mkdir(parents=True)
    head: dict[str, Any] = {
        "id": "more-paper", "version": "1", "title": "More paper", "regulator": "A fictional one",
        "note": "Invented.", "sectors": ["government"], "instrument": "invented",
        "base": {"catalogue": "NCSP-2021", "version": "1.0", "rules": first_one["rules"]},
        "instruments": [INVENTED],
        "weights": [{"control": "GOV-08", "weight": 5, "why": "Faxes are read."}],
    }  # fmt: skip
    overlay.write_text(json.dumps(head, indent=1))
    nation.do("catalogue", "adopt", root, *REASON)
    nation.content = root
    assert nation.do("catalogue", "check", "--json").document["counts"]["overlays"] == 1
    beside = nation.do("score", "show", *HILL, "--round", "autumn", "--overlay", "more-paper",
                       "--json").document  # fmt: skip
    weights = {one["id"]: one["weight"] for one in beside["document"]["controls"]}
    assert weights["GOV-08"] == 5
    nation.open_round("spring")
    other = nation.run("score", "show", *HILL, "--round", "spring", "--overlay", "more-paper")
    assert other.code == 3
    assert "more-paper: $.base: the base here is NCSP-2021 2.0" in other.err
    head["base"]["rules"] = "0" * 64
    overlay.write_text(json.dumps(head, indent=1))
    unknown = nation.run("catalogue", "check")
    assert unknown.code == 3
    assert "controls/overlays/more-paper/overlay.yaml:" in unknown.err


INVENTED = {
    "id": "invented", "short": "Invented", "edition": "1", "title": "An invented rule",
    "issuer": "A fictional one", "legal": "in-force", "in_force_from": "2020-01-01",
    "sectors": ["government"], "who": "Imaginary offices.", "known": "V",
    "source": "Invented for this test.", "read_on": "2026-11-22",
}  # fmt: skip
