"""`catalogue show --profile`, `parameters`, `instruments`, `proposed`, and a second score."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cyberposture.cli.app import app
from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import load_content
from cyberposture.errors import InvalidInput, WrongState, WrongUsage

ROOT = find_content(None).root


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), env=environment or None)


def told(*words: str, **environment: str) -> object:
    done = run("catalogue", *words, "--json", **environment)
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_a_profile_is_shown_by_domain_with_factor_gate_and_condition():
    shown = told("show", "--profile", "cii", "--sector", "power", "--feature", "ot")
    assert (shown["profile"], shown["sector"]["id"], shown["features"]) == ("cii", "power", ["ot"])
    domains = {domain["id"]: domain for domain in shown["domains"]}
    assert domains["OTI"]["factor_pct"] == 150
    lines = {line["id"]: line for domain in shown["domains"] for line in domain["controls"]}
    assert len(lines) == 174
    assert (lines["OTI-02"]["state"], lines["OTI-02"]["is_gate"]) == ("asked", True)
    assert (lines["WEB-01"]["state"], lines["WEB-01"]["condition"]) == ("left-out", "feature web")
    assert {parameter["id"] for parameter in shown["parameters"]} >= {"log-retention-days"}


def test_people_read_the_same_in_words():
    done = run("catalogue", "show", "--profile", "start", "--sector", "water")
    assert done.exit_code == 0
    assert "Start: the first afternoon" in done.stdout
    assert "OTI  OT, IoT, mobile and emerging technology, counts 140 %" in done.stdout
    assert "We read of no rule of this sector's own." in done.stdout
    assert "asked if: feature ot" in done.stdout
    assert "our default" in done.stdout
    assert "held: unverified" in done.stdout
    assert "controls are asked" in done.stderr


def test_none_says_that_there_is_no_feature_at_all():
    shown = told("show", "--profile", "start", "--sector", "water", "--feature", "none")
    states = {line["state"] for domain in shown["domains"] for line in domain["controls"]}
    assert states == {"asked", "left-out"}
    assert shown["features"] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("show", "name a control, or a --profile"),
        ("show GOV-01 --profile cii", "name a control, or a --profile"),
        ("show GOV-01 --sector power", "belong to --profile"),
        ("show --profile whole", "no profile 'whole'; there are: start, baseline, enhanced, cii"),
        ("show --profile cii --sector space", "no sector 'space'; there are: government, power"),
        ("show --profile cii --feature cii", "no feature 'cii'; there are: none, mail"),
        ("parameters --on tomorrow", "no day"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(line, words):
    done = run("catalogue", *line.split())
    assert isinstance(done.exception, WrongUsage)
    assert words in str(done.exception)


def test_parameters_show_what_a_sector_holds_and_does_not_apply():
    found = {one["id"]: one for one in told("parameters", "--sector", "telecom")}
    report = found["incident-full-report-days"]
    assert (report["value"], report["default"], report["set_by"]) == (10, 10, None)
    (held,) = report["held"]
    assert (held["reference"]["value"], held["sector"]) == (5, "telecom")
    plain = run("catalogue", "parameters", "--sector", "telecom")
    assert "(5 working days)" in plain.stdout
    assert "The policy sets none of these numbers" in plain.stderr


def test_instruments_show_what_is_in_force_on_a_day():
    def state(on: str) -> bool:
        found = {one["id"]: one for one in told("instruments", "--on", on)}
        return found["pss-2023"]["is_in_force"]

    assert [state("2028-05-31"), state("2028-06-01")] == [False, True]
    plain = run("catalogue", "instruments", "--on", "2026-11-22").stdout
    assert "in force since 2023-09-26" in plain
    assert "in force by 2021-07-31" in plain
    assert "it is a bill" in plain


def test_a_control_shows_the_set_times_that_it_speaks_of():
    assert told("show", "INC-04")["parameters"] == [
        "incident-first-report-hours", "incident-full-report-days",
    ]  # fmt: skip
    assert "24 hours (our default)" in run("catalogue", "show", "inc-04").stdout


def test_proposals_are_listed_apart_and_are_no_controls():
    proposed = [one["id"] for one in told("proposed")]
    assert proposed == ["AST-91", "HRA-91", "IAM-91"]
    assert not set(proposed) & {one["id"] for one in told("list")}
    assert "they are in no profile" in run("catalogue", "proposed").stderr


def test_check_counts_every_kind_of_rule():
    counts = told("check")["counts"]
    assert {k: counts[k] for k in ("controls", "proposed", "profiles", "sectors", "overlays")} == {
        "controls": 174, "proposed": 3, "profiles": 4, "sectors": 15, "overlays": 0,
    }  # fmt: skip
    assert counts["parameters"] >= 15
    assert counts["instruments"] >= 15


# Overlays, in a content folder of the test's own


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content folder with the shipped content and one overlay of a fictional regulator."""
    root = tmp_path / "content"
    shutil.copytree(ROOT / "controls", root / "controls")
    for name in ("scanners", "reports"):
        (root / name).symlink_to(ROOT / name)
    shipped = load_content(find_content(None))
    edition = identify(shipped.catalogue, shipped.checks)
    head = {
        "id": "imaginary-power", "version": "1", "title": "More for imaginary power",
        "regulator": "A fictional regulator", "note": "Invented for this test.",
        "base": {"catalogue": edition.catalogue, "version": edition.version,
                 "rules": edition.rules},
        "sectors": ["power"], "instrument": "nepra-it-ot-2022",
        "weights": [{"control": "GOV-03", "weight": 5, "why": "It is asked for by law."}],
    }  # fmt: skip
    home = root / "controls" / "overlays" / "imaginary-power"
    home.mkdir(parents=True)
    (home / "overlay.yaml").write_text(json.dumps(head, indent=1))
    return root


def test_an_overlay_is_counted_and_changes_no_digest(content):
    with_overlay = told("check", CYBERPOSTURE_CONTENT=str(content))
    assert with_overlay["counts"]["overlays"] == 1
    assert with_overlay["edition"] == told("check")["edition"]


def test_a_weakening_overlay_fails_the_check_with_its_line(content):
    path = content / "controls" / "overlays" / "imaginary-power" / "overlay.yaml"
    path.write_text(path.read_text().replace('"GOV-03"', '"GOV-01"').replace(": 5,", ": 3,"))
    done = run("catalogue", "check", CYBERPOSTURE_CONTENT=str(content))
    assert isinstance(done.exception, InvalidInput)
    assert "controls/overlays/imaginary-power/overlay.yaml:" in str(done.exception)
    assert "an overlay may not lower it" in str(done.exception)


@pytest.mark.slow
def test_a_second_score_stands_beside_the_national_one_and_is_not_kept(content, tmp_path):
    space = ["--workspace", str(tmp_path / "work")]
    env = {"CYBERPOSTURE_CONTENT": str(content)}
    file = tmp_path / "institutions.yaml"
    rows = [
        {"code": code, "name": f"{code} (fictional)", "sectors": [sector], "tier": "A"}
        for code, sector in (("hill-power", "power"), ("hill-school", "education"))
    ]
    file.write_text(json.dumps({"institutions": rows}))
    due = datetime(2030, 1, 1, tzinfo=UTC).isoformat()
    for words in (
        ["init"], ["institution", "import", str(file)],
        ["round", "open", "autumn", "--title", "Autumn", "--due", due],
        ["assessment", "open", "--institution", "hill-power", "--round", "autumn",
         "--profile", "start"],
    ):  # fmt: skip
        done = run(*space, *words, **env)
        assert done.exit_code == 0, done.exception
    assert "is asked 40 controls" in done.stdout
    beside = ["score", "show", "--overlay", "imaginary-power", "--institution"]
    shown = json.loads(run(*space, *beside, "hill-power", "--json", **env).stdout)
    assert shown["overlay"] == "imaginary-power"
    assert {c["weight"] for c in shown["document"]["controls"] if c["id"] == "GOV-03"} <= {5}
    assert "national" in run(*space, *beside, "hill-power", **env).stdout
    assert json.loads(run(*space, "score", "show", "--json", **env).stdout) == []
    assert isinstance(run(*space, *beside, "hill-school", **env).exception, WrongState)
    live = [*beside, "hill-power", "--live"]
    assert isinstance(run(*space, *live, **env).exception, WrongUsage)
