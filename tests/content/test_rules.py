"""Walks the rules beside the controls: instruments, parameters, sectors, profiles, proposals."""

import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import find_catalogue, load_catalogue
from cyberposture.content.reading.documents import read_file
from cyberposture.content.reading.overlay_files import list_overlays
from cyberposture.model.controls import Catalogue
from cyberposture.model.parameters import NEEDED, Reference

CONTROLS = find_content(None).controls
HOME = find_catalogue(CONTROLS)
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
NOTES = SHARED / "policy" / "ncsp-2021.md"
TODAY = date(2026, 11, 22)

OF_THE_POLICY = {
    "government": "government", "power": "power", "gas": "gas", "water": "water",
    "education": "education", "health": "health", "transport": "transport",
    "emergency-services": "emergency services", "manufacturing": "manufacturing",
    "finance": "finance", "telecom": "telecom", "dams": "dams",
}  # fmt: skip
"""The critical sectors, with the words of clause 3.17(1) that name them."""
OF_OURS = {"e-commerce", "software-export", "other"}

SAID = {
    "ncsp-2021": "Cyber Security Policy 2021", "cert-rules-2023": "26 Sep 2023",
    "ctdisr-2020": "8 Sep 2020",
    "pta-assessment-2022": "30 Aug 2022", "sbp-etgrmf-2017": "30 May 2017",
    "sbp-cyber-shield-2026": "16 Feb 2026", "nepra-it-ot-2022": "16 May 2023",
    "secp-insurance-2020": "1 Jul 2020", "cloud-first-2022": "Feb 2022",
    "pss-2023": "1 Jun 2028", "peca-2016": "PECA 2016",
    "digital-nation-act-2025": "Jan 2025",
}  # fmt: skip
"""What the policy notes say of the day from which an instrument is in force."""
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@cache
def catalogue() -> Catalogue:
    return load_catalogue(CONTROLS)


def notes() -> str:
    if not NOTES.is_file():
        pytest.skip("the policy notes do not stand beside this checkout")
    return NOTES.read_text(encoding="utf-8")


def references() -> list[tuple[str, Reference]]:
    """Return every number that is not ours, with the parameter that it is for."""
    found = [(p.id, r) for p in catalogue().parameters for r in p.references]
    return found + [(v.parameter, v) for own in catalogue().sector_rules for v in own.parameters]


# Parameters


def test_the_design_has_its_parameters() -> None:
    named = {parameter.id for parameter in catalogue().parameters}
    assert named >= NEEDED | {
        "log-retention-days", "patch-days-exposed", "patch-days-other", "scan-interval-days",
        "incident-first-report-hours", "incident-full-report-days",
    }  # fmt: skip


def test_the_clocks_of_the_score_are_those_of_the_design() -> None:
    clocks = catalogue().clocks(["other"], TODAY)
    assert clocks.repair_days == {"critical": 0, "high": 14, "medium": 14, "low": 14}
    assert (clocks.evidence_age_days, clocks.evidence_limit_days) == (365, None)
    assert (clocks.observation_age_days, clocks.observation_grace_days) == (90, 30)
    assert clocks.reopen_days == 90


def test_no_number_of_days_stands_beside_the_table() -> None:
    framework = read_file(HOME / "framework.yaml").value
    assert not {key for key in framework if "clock" in key or "days" in key or "age" in key}
    assert "profiles" not in framework


def test_a_number_of_an_instrument_says_where_it_was_read_and_when() -> None:
    assert references()
    for parameter, one in references():
        assert len(one.source) > 10, parameter
        assert one.read_on <= TODAY, parameter
        assert one.note, parameter


def test_every_number_that_is_not_ours_stands_in_the_policy_notes() -> None:
    said = notes()
    for parameter, one in references():
        unit = "h" if parameter.endswith("-hours") else "working days"
        assert re.search(rf"\b{one.value} {unit}", said), parameter


def test_the_policy_itself_sets_no_number() -> None:
    assert "sets no" in notes()
    assert [
        p for p, one in references() if one.instrument == catalogue().framework.instrument
    ] == []


def test_nothing_that_is_unverified_or_not_in_force_applies_in_any_sector() -> None:
    for sector in catalogue().framework.sectors:
        for one in catalogue().effective([sector.id], TODAY):
            # So far no instrument that is in force sets one of the numbers; the defaults are ours.
            assert one.is_ours, (sector.id, one.id)
            assert one.value == one.default
    held = {(h.reference.instrument, h.reference.known)
            for one in catalogue().effective(["telecom"], TODAY) for h in one.held}  # fmt: skip
    assert held == {("pisf", "U"), ("ctdisr-2025", "S"), ("pdpb-2023", "S")}


def test_what_has_no_time_of_its_own_points_at_controls_that_speak_of_one() -> None:
    for parameter in catalogue().parameters:
        assert bool(parameter.controls) != (parameter.id in NEEDED), parameter.id


def test_an_observation_outlives_two_missed_checks() -> None:
    value = {one.id: one.value for one in catalogue().effective(["other"], TODAY)}
    assert 3 * value["scan-interval-days"] <= value["observation-age-days"]


# Instruments


def test_days_in_force_are_those_of_the_policy_notes() -> None:
    said = notes()
    in_force = {one.id: one for one in catalogue().instruments if one.legal == "in-force"}
    assert set(in_force) == set(SAID)
    for identity, words in SAID.items():
        one = in_force[identity]
        assert words in said, identity
        assert one.in_force_from is not None
        if re.fullmatch(r"\d+ [A-Z][a-z]{2} \d{4}", words):
            day, month, year = words.split()
            stated = date(int(year), MONTHS.index(month) + 1, int(day))
            assert one.in_force_from == stated, identity
        else:
            assert one.day == "known-by", f"{identity}: the notes give no exact day"
            assert str(one.in_force_from.year) in words


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("pisf", "draft"),
        ("cyber-security-act", "not known"),
        ("ctdisr-2025", "not known"),
        ("secp-sro-31-2019", "not known"),
        ("pdpb-2023", "bill"),
        ("pss-2023", "2028-06-01"),
    ],
)
def test_what_is_not_in_force_says_why(identity: str, words: str) -> None:
    (one,) = (i for i in catalogue().instruments if i.id == identity)
    assert words in (one.why_not(TODAY) or "")


def test_an_instrument_of_the_future_switches_on_by_its_date() -> None:
    (one,) = (i for i in catalogue().instruments if i.id == "pss-2023")
    assert one.why_not(date(2028, 5, 31)) is not None
    assert one.why_not(date(2028, 6, 1)) is None


def test_sources_of_controls_cite_instruments_that_are_described() -> None:
    known = {(one.short, one.edition) for one in catalogue().instruments}
    cited = {(s.instrument, s.edition) for c in catalogue().controls for s in c.sources}
    assert cited <= known


# Sectors


def test_each_sector_of_the_policy_has_a_table() -> None:
    (clause,) = (c for c in catalogue().clauses if c.id == "3.17(1)")
    for sector, words in OF_THE_POLICY.items():
        assert words in clause.text.lower(), sector
    tables = {own.id for own in catalogue().sector_rules}
    assert tables == set(OF_THE_POLICY) | OF_OURS
    assert tables == {sector.id for sector in catalogue().framework.sectors}


def test_a_domain_counts_a_little_more_or_less_and_says_why() -> None:
    for own in catalogue().sector_rules:
        for factor in own.domains:
            assert 80 <= factor.factor_pct <= 150, own.id
            assert factor.factor_pct != 100, f"{own.id}: {factor.domain} need not be named"
            assert factor.why.endswith("."), own.id
    assert not next(own for own in catalogue().sector_rules if own.id == "other").domains


def test_no_two_sectors_are_described_alike() -> None:
    told = [own.special for own in catalogue().sector_rules]
    reasons = [f.why for own in catalogue().sector_rules for f in own.domains]
    assert len(set(told)) == len(told)
    assert len(set(reasons)) == len(reasons)
    for own in catalogue().sector_rules:
        assert len(re.findall(r"[.](?:\s|$)", own.special)) == 2, f"{own.id}: two sentences"


def test_a_sector_with_an_instrument_says_what_is_known_of_it() -> None:
    bound = {sector for one in catalogue().instruments for sector in one.sectors}
    silent = {own.id for own in catalogue().sector_rules if own.own_rules is None}
    assert bound & silent == set()


# Profiles


def test_whole_profiles_hold_one_another() -> None:
    tiers = {p.id: p.tiers for p in catalogue().profiles if p.controls is None}
    assert tiers == {"baseline": ("A",), "enhanced": ("A", "G"), "cii": ("A", "G", "X")}
    for tier, profile in (("A", "baseline"), ("G", "enhanced"), ("X", "cii")):
        assert catalogue().profile_of(tier).id == profile


def test_start_is_an_afternoon_with_every_gate_and_the_heaviest_controls() -> None:
    start = catalogue().find_profile("start")
    assert start is not None
    assert start.at_most == 40
    asked = catalogue().of_profile(start)
    assert len(asked) <= 40
    tier_a = catalogue().selected("A")
    assert {c.id for c in tier_a if c.gate == "A"} <= {c.id for c in asked}
    assert {c.id for c in tier_a if c.weight == 5} <= {c.id for c in asked}
    assert {c.tier for c in asked} == {"A"}
    answered = [c for c in asked if c.evidence_mode != "N" and c.applies_when is None]
    assert len(answered) <= 30, "more than an afternoon for an institution without any feature"


def test_start_gives_a_reason_of_its_own_for_each_control() -> None:
    start = catalogue().find_profile("start")
    assert start is not None
    assert start.controls is not None
    reasons = [one.why for one in start.controls]
    assert len(set(reasons)) == len(reasons)
    gates = {c.id for c in catalogue().controls if c.gate == "A"}
    assert {one.id for one in start.controls if one.why.startswith("Gate")} == gates


# What is only proposed, and what is not shipped


def test_proposals_are_apart_and_in_no_profile() -> None:
    proposed = catalogue().proposed
    assert [c.id for c in proposed] == ["AST-91", "HRA-91", "IAM-91"]
    assert all(c.proposed and c.gap and not c.sources for c in proposed)
    asked = {c.id for p in catalogue().profiles for c in catalogue().of_profile(p)}
    assert asked == {c.id for c in catalogue().controls}
    assert not asked & {c.id for c in proposed}
    assert not any(c.proposed for c in catalogue().controls)
    assert all(catalogue().find(c.id) is None for c in proposed)


def test_a_proposal_is_written_as_whole_as_any_control() -> None:
    for control in catalogue().proposed:
        assert control.levels is not None
        assert set(control.guidance) == {"small", "large"}
        assert control.evidence
        assert control.review
        assert control.intent
        assert control.weight_reason


def test_no_overlay_is_shipped_before_a_regulator_makes_one() -> None:
    assert list_overlays(CONTROLS) == []
