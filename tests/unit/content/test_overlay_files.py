"""A regulator's overlay may add and tighten, and nothing else; what it may not is told by line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from edition_samples import control, first, write_edition
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import load_catalogue, load_checks
from cyberposture.content.reading.overlay_files import (
    apply_overlay,
    list_overlays,
    load_overlay,
    load_overlays,
)
from cyberposture.errors import InvalidInput, NotFound
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue
from cyberposture.model.overlays import Overlay, misfits

DAY = date(2026, 11, 22)
SHIPPED = load_catalogue(find_content(None).controls)
CHECKS = load_checks(find_content(None).scanners)
RULES = identify(SHIPPED, Checks(packs=(), checks=(), observations=())).rules
RULE = {
    "id": "invented-rule", "short": "Invented rule", "edition": "1", "title": "An invented rule",
    "issuer": "Regulator of Imaginary Power (fictional)", "legal": "in-force",
    "in_force_from": "2026-01-01", "sectors": ["power"], "who": "Imaginary licensees.",
    "known": "V", "source": "Invented for this test.", "read_on": "2026-11-22",
}  # fmt: skip


def number(parameter: str, value: int, **changes: Any) -> dict[str, Any]:
    return {"parameter": parameter, "value": value, "instrument": "invented-rule", "known": "V",
            "source": "Invented.", "read_on": "2026-11-22"} | changes  # fmt: skip


def overlay(rules: str = RULES, **changes: Any) -> dict[str, Any]:
    return {
        "id": "imaginary-power", "version": "1", "title": "More for imaginary power",
        "regulator": "Regulator of Imaginary Power (fictional)", "note": "Invented for this test.",
        "base": {"catalogue": "NCSP-2021", "version": "1.0", "rules": rules},
        "sectors": ["power"], "instrument": "invented-rule", "instruments": [RULE],
        "parameters": [number("patch-days-exposed", 7)],
        "weights": [{"control": "GOV-03", "weight": 5, "why": "It is asked for by law."}],
    } | changes  # fmt: skip


def model(**changes: Any) -> Overlay:
    return Overlay.model_validate(overlay(**changes))


def extra(identity: str = "OTI-51", **changes: Any) -> dict[str, Any]:
    sources = [{"instrument": "Invented rule", "edition": "1", "clause": "4", "derivation": "D"}]
    return control(identity, sources=sources) | changes


def written(root: Path, head: dict[str, Any], *controls: dict[str, Any]) -> Path:
    """Write an overlay beside the shipped catalogue, and return the folder `controls`."""
    home = root / "controls" / "overlays" / "imaginary-power"
    home.mkdir(parents=True)
    (home / "overlay.yaml").write_text(json.dumps(head, indent=1))
    for one in controls:
        (home / f"{one['id']}-sample.yaml").write_text(json.dumps(one, indent=1))
    return root / "controls"


def faults(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        load_overlay(folder, "imaginary-power", SHIPPED, CHECKS, DAY)
    return [str(fault) for fault in caught.value.faults]


def test_an_overlay_is_read_with_its_own_controls(tmp_path: Path) -> None:
    folder = written(tmp_path, overlay(), extra())
    assert list_overlays(folder) == ["imaginary-power"]
    (found,) = load_overlays(folder, SHIPPED, CHECKS, DAY)
    assert [one.id for one in found.controls] == ["OTI-51"]
    assert found.why_not(SHIPPED, DAY) is None


def test_an_overlay_weighs_more_adds_controls_and_tightens_numbers(tmp_path: Path) -> None:
    folder = written(tmp_path, overlay(), extra())
    found = load_overlay(folder, "imaginary-power", SHIPPED, CHECKS, DAY)
    laid = apply_overlay(SHIPPED, found, DAY)
    assert (SHIPPED.find("GOV-03").weight, laid.find("GOV-03").weight) == (3, 5)
    assert len(laid.controls) == len(SHIPPED.controls) + 1
    assert [c.id for c in laid.controls] == sorted(c.id for c in laid.controls)
    (days,) = (p for p in laid.effective(["power"], DAY) if p.id == "patch-days-exposed")
    assert (days.value, days.set_by.instrument) == (7, "invented-rule")
    (elsewhere,) = (p for p in laid.effective(["gas"], DAY) if p.id == "patch-days-exposed")
    assert elsewhere.is_ours


def test_the_national_catalogue_stays_as_it_is() -> None:
    before = SHIPPED.model_dump_json()
    apply_overlay(SHIPPED, model(), DAY)
    assert SHIPPED.model_dump_json() == before


WEAKER = {
    "lower weight": (
        {"weights": [{"control": "GOV-01", "weight": 3, "why": "So."}]},
        "GOV-01 weighs 5; an overlay may not lower it",
    ),
    "longer clock": (
        {"parameters": [number("repair-days-high", 30)]},
        "14 holds for power; an overlay may not weaken it",
    ),
    "shorter keeping": (
        {"parameters": [number("log-retention-days", 90)]},
        "180 holds for power; an overlay may not weaken it",
    ),
    "unknown control": (
        {"weights": [{"control": "GOV-49", "weight": 5, "why": "So."}]}, "unknown control GOV-49"
    ),
    "weight twice": (
        {"weights": [{"control": "GOV-03", "weight": 5, "why": "So."}] * 2},
        "GOV-03 stands here twice",
    ),
    "unknown parameter": (
        {"parameters": [number("lunch-minutes", 1)]}, "unknown parameter lunch-minutes"
    ),
    "unknown instrument": ({"instrument": "hearsay"}, "unknown instrument hearsay"),
    "number of an unknown instrument": (
        {"parameters": [number("patch-days-exposed", 7, instrument="hearsay")]},
        "unknown instrument hearsay",
    ),
    "number of an instrument for others": (
        {"parameters": [number("patch-days-exposed", 7, instrument="ctdisr-2020")]},
        "ctdisr-2020 does not bind the sector power",
    ),
    "instrument of the base again": (
        {"instruments": [RULE, RULE | {"id": "pisf"}]}, "the base has an instrument pisf already"
    ),
    "unknown sector": ({"sectors": ["space"]}, "unknown sector space"),
    "another version": (
        {"base": {"catalogue": "NCSP-2021", "version": "0.9", "rules": RULES}},
        "the base here is NCSP-2021 1.0",
    ),
    "other rules": (
        {"base": {"catalogue": "NCSP-2021", "version": "1.0", "rules": "0" * 64}},
        f"the rules of the base here are {RULES}",
    ),
    "controls within": ({"controls": [extra()]}, "a control is a file of its own"),
    "another id": ({"id": "real-power"}, "the id must be the folder's: imaginary-power"),
}  # fmt: skip


@pytest.mark.parametrize("case", WEAKER)
def test_an_overlay_that_weakens_or_does_not_fit_is_refused_with_its_line(
    tmp_path: Path, case: str
) -> None:
    changes, words = WEAKER[case]
    found = [one for one in faults(written(tmp_path, overlay(**changes))) if words in one]
    assert found, case
    place, line = found[0].split(": ")[0].rsplit(":", 1)
    assert place == "controls/overlays/imaginary-power/overlay.yaml"
    assert int(line) > 1 or case == "another id"


@pytest.mark.parametrize("case", [c for c in WEAKER if c not in ("controls within", "another id")])
def test_what_is_refused_in_a_file_is_refused_when_it_is_laid_over(case: str) -> None:
    changes, words = WEAKER[case]
    with pytest.raises(InvalidInput) as caught:
        apply_overlay(SHIPPED, model(**changes), DAY)
    assert words in str(caught.value)
    assert str(caught.value).startswith("imaginary-power: $.")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (extra("OTI-12"), "the number of OTI-12 is not from 51 to 89"),
        (extra("OTI-91"), "the number of OTI-91 is not from 51 to 89"),
        (extra("XYZ-51"), "unknown domain XYZ"),
        (extra(sources=[]), "at least one clause"),
        (
            extra(evidence_mode="N", observations=[{"code": "O-NONSUCH", "direction": "C"}]),
            "unknown observation O-NONSUCH",
        ),
    ],
    ids=["national-number", "number-of-proposals", "domain", "no-source", "observation"],
)
def test_a_wrong_control_of_an_overlay_is_told(
    tmp_path: Path, one: dict[str, Any], words: str
) -> None:
    assert any(words in fault for fault in faults(written(tmp_path, overlay(), one)))


def test_a_weight_of_one_is_no_change_that_an_overlay_can_write(tmp_path: Path) -> None:
    lightest = {"weights": [{"control": "GOV-07", "weight": 1, "why": "So."}]}
    assert any(
        "weights.0.weight" in fault for fault in faults(written(tmp_path, overlay(**lightest)))
    )


def test_an_overlay_is_read_against_the_edition_that_it_pins(tmp_path: Path) -> None:
    """A later edition is in use, which even lacks the control that the overlay weighs more."""
    later = load_catalogue(write_edition(tmp_path / "later", first(), version="1.1") / "controls")
    folder = written(tmp_path / "overlays", overlay(), extra())
    known = {RULES: SHIPPED}
    (found,) = load_overlays(folder, later, CHECKS, DAY, find_base=known.get)
    assert found == load_overlay(folder, "imaginary-power", SHIPPED, CHECKS, DAY)
    with pytest.raises(InvalidInput) as caught:
        load_overlays(folder, later, CHECKS, DAY, find_base={}.get)
    told = [str(fault) for fault in caught.value.faults]
    assert any(f"overlay.yaml:{_line('base')}: the base here is NCSP-2021 1.1" in t for t in told)


def _line(key: str) -> int:
    lines = json.dumps(overlay(), indent=1).splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(f' "{key}"'))


def test_an_overlay_that_nobody_made_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        load_overlay(tmp_path, "imaginary-power", SHIPPED, CHECKS, DAY)
    assert caught.value.advice() == "there are: none"


def test_an_overlay_holds_while_its_instrument_does() -> None:
    later = model(instruments=[RULE | {"in_force_from": "2027-01-01"}])
    assert later.why_not(SHIPPED, DAY) == "An invented rule: in force only from 2027-01-01"
    assert later.why_not(SHIPPED, date(2027, 1, 1)) is None
    assert "it is a bill" in (model(instrument="pdpb-2023").why_not(SHIPPED, DAY) or "")


def test_an_overlay_of_another_edition_is_refused(tmp_path: Path) -> None:
    small = load_catalogue(write_edition(tmp_path, first()) / "controls")
    with pytest.raises(InvalidInput):
        apply_overlay(small, model(), DAY)


PARAMETERS = {p.id: p for p in SHIPPED.parameters}


@given(
    weights=st.dictionaries(
        st.sampled_from([c.id for c in SHIPPED.controls]), st.sampled_from([3, 5]), max_size=5
    ),
    numbers=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.integers(0, 400), max_size=5),
    known=st.sampled_from(["V", "S", "U"]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_an_overlay_says_nothing_becomes_weaker(
    weights: dict[str, int], numbers: dict[str, int], known: str
) -> None:
    one = model(
        weights=[{"control": c, "weight": w, "why": "So."} for c, w in weights.items()],
        parameters=[number(p, value, known=known) for p, value in numbers.items()],
    )
    if any(misfits(SHIPPED, one, DAY)):
        assert any(SHIPPED.find(c).weight > w for c, w in weights.items()) or any(
            PARAMETERS[p].is_weaker(value, PARAMETERS[p].default) for p, value in numbers.items()
        )
        return
    laid = apply_overlay(SHIPPED, one, DAY)
    _nothing_is_weaker(laid)


def _nothing_is_weaker(laid: Catalogue) -> None:
    assert {c.id for c in laid.controls} >= {c.id for c in SHIPPED.controls}
    for control_before in SHIPPED.controls:
        after = laid.find(control_before.id)
        assert after.weight >= control_before.weight
        assert after.model_copy(update={"weight": control_before.weight}) == control_before
    for sector in SHIPPED.framework.sectors:
        before = {p.id: p.value for p in SHIPPED.effective([sector.id], DAY)}
        for one in laid.effective([sector.id], DAY):
            assert not PARAMETERS[one.id].is_weaker(one.value, before[one.id])
    assert laid.framework == SHIPPED.framework
    assert laid.profiles == SHIPPED.profiles
