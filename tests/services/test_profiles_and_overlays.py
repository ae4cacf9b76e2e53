"""Who is asked what, whose clocks run, and that a regulator's overlay never moves the nation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from cyberposture.content.editions import identify
from cyberposture.content.loader import Content
from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.overlays import Overlay
from cyberposture.model.parameters import SectorRules
from cyberposture.services import setup
from cyberposture.services.assessments import assess, importing
from cyberposture.services.catalogue.adoption import Draft, record
from cyberposture.services.reports.nation_inputs import baseline_of
from cyberposture.services.scores import score
from cyberposture.services.scores.overlays import read_overlay, score_beside

TELNET = "cleartext.no-telnet-or-r-login"
RULE = {
    "id": "invented-rule", "short": "Invented rule", "edition": "1", "title": "An invented rule",
    "issuer": "A fictional regulator", "legal": "in-force", "in_force_from": "2026-01-01",
    "sectors": ["power"], "who": "Imaginary licensees.", "known": "V",
    "source": "Invented for this test.", "read_on": "2026-11-22",
}  # fmt: skip


def number(parameter: str, value: int, **changes: Any) -> dict[str, Any]:
    return {"parameter": parameter, "value": value, "instrument": "invented-rule", "known": "V",
            "source": "Invented.", "read_on": "2026-11-22"} | changes  # fmt: skip


def overlay(office, **changes: Any) -> Overlay:
    edition = office.register.edition
    fields = {
        "id": "imaginary-power", "version": "1", "title": "More for imaginary power",
        "regulator": "A fictional regulator", "note": "Invented for this test.",
        "base": {"catalogue": edition.catalogue, "version": edition.version,
                 "rules": edition.rules},
        "sectors": ["power"], "instrument": "invented-rule", "instruments": [RULE],
        "weights": [{"control": "GOV-03", "weight": 5, "why": "It is asked for by law."}],
    }  # fmt: skip
    return Overlay.model_validate(fields | changes)


def extra(catalogue: Catalogue) -> Control:
    """Return a control that only the overlay asks."""
    like = catalogue.find("GOV-03")
    assert like is not None
    return like.model_copy(update={"id": "GOV-51", "weight": 5, "title": "Something more asked"})


@pytest.fixture
def under(office) -> Callable[[Callable[[Catalogue], dict[str, Any]]], None]:
    """Gives the register a catalogue in which some parts are otherwise, and adopts it."""

    def change(parts: Callable[[Catalogue], dict[str, Any]]) -> None:
        before = office.register.content
        catalogue = before.catalogue.model_copy(update=parts(before.catalogue))
        office.register = replace(
            office.register,
            content=Content(catalogue, before.checks, before.reports),
            edition=identify(catalogue, before.checks),
        )
        setup.adopt_content(office.register)

    return change


def power_rule(*values: dict[str, Any]) -> Callable[[Catalogue], dict[str, Any]]:
    """Return the change that makes the sector power set these numbers."""

    def parts(catalogue: Catalogue) -> dict[str, Any]:
        rules = []
        for own in catalogue.sector_rules:
            whole = own.model_dump(mode="json")
            changed = whole | {"parameters": list(values)} if own.id == "power" else whole
            rules.append(SectorRules.model_validate(changed))
        laid = Overlay.model_validate(
            {"id": "x", "version": "1", "title": "x", "regulator": "x", "note": "x",
             "base": {"catalogue": "x", "version": "1", "rules": "0" * 64}, "sectors": ["power"],
             "instrument": "invented-rule", "instruments": [RULE]}
        )  # fmt: skip
        instruments = (*catalogue.instruments, *laid.instruments)
        return {"sector_rules": tuple(rules), "instruments": instruments}

    return parts


# Profiles


def test_an_assessment_asks_the_profile_of_its_tier(office):
    office.open_round()
    for tier, asked in (("A", 91), ("G", 167), ("X", 174)):
        code = office.institution(f"office-{tier.lower()}", tier=tier)
        assert assess.open_assessment(office.register, code, "autumn").controls == asked


def test_a_small_institution_begins_with_the_start_profile(office):
    code = office.institution()
    office.open_round()
    opened = assess.open_assessment(office.register, code, "autumn", profile="start")
    assert opened.scope["profile"] == "start"
    assert opened.controls == 40
    document = office.basis(code).document
    assert len(document.controls) == 40
    sheet = office.write("more.yaml", {"answers": [{"control": "GOV-03", "level": 2}]})
    with pytest.raises(InvalidInput, match="GOV-03 is not asked in this assessment"):
        importing.import_answers(office.register, sheet, code, "autumn")


@pytest.mark.parametrize(
    ("profile", "error"), [("start", WrongState), ("baseline", WrongState), ("none", NotFound)]
)
def test_nobody_is_asked_less_than_the_tier(office, profile, error):
    code = office.institution(tier="G")
    office.open_round()
    with pytest.raises(error):
        assess.open_assessment(office.register, code, "autumn", profile=profile)


def test_a_start_score_is_no_baseline_and_stands_in_no_figure_over_all(office):
    code, other = office.institution(), office.institution("hill-school")
    office.open_round()
    assess.open_assessment(office.register, code, "autumn", profile="start")
    assess.open_assessment(office.register, other, "autumn")
    catalogue = office.register.content.catalogue
    assert baseline_of(catalogue, office.basis(code).document) is None
    assert baseline_of(catalogue, office.basis(other).document) is not None


def test_the_baseline_weighs_domains_alike_in_every_sector(office):
    office.open_round()
    levels = {"GOV_01": 3, "GOV_03": 3, "DAT_04": 0, "RES_02": 1}
    results = []
    for code, sector in (("a-power", "power"), ("a-school", "education")):
        office.institution(code, sectors=[sector], features=[])
        office.answer(code, "autumn", **levels)
        results.append(office.basis(code))
    own = [basis.result.institution.declared for basis in results]
    catalogue = office.register.content.catalogue
    base = [baseline_of(catalogue, basis.document) for basis in results]
    assert own[0] != own[1]
    assert base[0] == base[1]


# Clocks of a sector


@pytest.mark.parametrize(("known", "days"), [("V", 3), ("S", 3), ("U", 14)])
def test_a_failure_counts_when_the_sectors_own_clock_ends(office, under, known, days):
    under(power_rule(number("repair-days-high", 3, known=known),
                     number("repair-days-medium", 3, known=known)))  # fmt: skip
    code = office.institution(sectors=["power"])
    office.declare(code, "127.52.0.1")
    office.look(code, "127.52.0.1", rest="closed", services={"23": "telnet"})
    end = office.finding(TELNET).first_seen + timedelta(days=days)
    for moment, fresh in ((end - timedelta(minutes=1), 1), (end, 0)):
        tally = office.basis(code, as_of=moment).checks[TELNET].tally
        assert (tally.fresh, tally.fail) == (fresh, 1 - fresh)


def test_another_sector_keeps_its_clock(office, under):
    under(power_rule(number("repair-days-high", 3), number("repair-days-medium", 3)))
    code = office.institution(sectors=["gas"])
    assert office.basis(code).clocks.repair_days["high"] == 14
    assert office.basis(office.institution("two", sectors=["gas", "power"])).clocks.repair_days[
        "high"
    ] == 3  # fmt: skip


def test_a_rule_starts_on_its_day_for_a_score_of_that_day(office, under):
    def parts(catalogue: Catalogue) -> dict[str, Any]:
        changed = power_rule(number("repair-days-high", 3))(catalogue)
        last = changed["instruments"][-1].model_copy(update={"in_force_from": date(2026, 12, 1)})
        return changed | {"instruments": (*changed["instruments"][:-1], last)}

    under(parts)
    code = office.institution(sectors=["power"])
    now = office.clock()
    assert office.basis(code, as_of=now).clocks.repair_days["high"] == 14
    assert office.basis(code, as_of=now + timedelta(days=30)).clocks.repair_days["high"] == 3


# Overlays


@pytest.fixture
def answered(office) -> str:
    """A fictional power company that answered a round."""
    code = office.institution(sectors=["power"])
    office.open_round()
    office.answer(code, "autumn", GOV_01=3, GOV_03=0, RSK_03=2)
    return code


def test_an_overlay_gives_a_second_score_and_leaves_the_national_one(office, answered):
    before = score.score_live(office.register, answered)
    laid = overlay(office).model_copy(
        update={"controls": (extra(office.register.content.catalogue),)}
    )
    beside = score_beside(office.register, laid, answered)
    assert "GOV-51" in {c.id for c in beside.document.controls}
    assert next(c.weight for c in beside.document.controls if c.id == "GOV-03") == 5
    assert beside.result.institution.declared < beside.national.institution.declared
    assert beside.national.model_dump(mode="json") == before.result
    after = score.score_live(office.register, answered)
    assert after.document == before.document
    assert after.catalogue_digest == before.catalogue_digest


def test_no_kept_score_ever_knows_of_an_overlay(office, answered):
    laid = overlay(office).model_copy(
        update={"controls": (extra(office.register.content.catalogue),)}
    )
    score_beside(office.register, laid, answered)
    kept = score.finalise(office.register, answered, "autumn")
    score_beside(office.register, laid, answered, "autumn")
    listed = score.list_scores(office.register)
    assert [one.record.summary.id for one in listed] == [kept.summary.id]
    national = {c.id: c.weight for c in office.register.content.catalogue.controls}
    for one in listed:
        for row in one.record.document["controls"]:
            assert row["weight"] == national[row["id"]]
    assert score.recompute_all(office.register) == (1, [])


def test_a_finalised_round_is_taken_as_it_stood_then(office, answered):
    kept = score.finalise(office.register, answered, "autumn")
    office.clock.forward(days=400)
    beside = score_beside(office.register, overlay(office), answered, "autumn")
    assert beside.as_of == kept.summary.as_of
    assert beside.national.model_dump(mode="json") == kept.result


def test_an_overlays_clock_is_that_of_the_second_score_alone(office):
    code = office.institution(sectors=["power"])
    office.declare(code, "127.52.0.1")
    office.look(code, "127.52.0.1", rest="closed", services={"23": "telnet"})
    office.clock.forward(days=4)
    laid = overlay(office, parameters=[number("repair-days-high", 3),
                                       number("repair-days-medium", 3)])  # fmt: skip
    beside = score_beside(office.register, laid, code)
    points = [
        next(c.verified for c in result.controls if c.id == "IAM-10")
        for result in (beside.national, beside.result)
    ]
    assert points == [None, 0]


def test_an_overlay_is_refused_for_others_and_out_of_its_time(office, answered):
    other = office.institution("a-school", sectors=["education"])
    with pytest.raises(WrongState, match="imaginary-power is for power"):
        score_beside(office.register, overlay(office), other)
    later = overlay(office, instruments=[RULE | {"in_force_from": "2027-01-01"}])
    with pytest.raises(WrongState, match="in force only from 2027-01-01"):
        score_beside(office.register, later, answered)


@pytest.fixture
def next_edition(office, under) -> None:
    """A later edition of the catalogue, adopted while the round of the first is open."""

    def parts(catalogue: Catalogue) -> dict[str, Any]:
        framework = catalogue.framework.model_copy(update={"version": "1.1"})
        lighter = [c for c in catalogue.controls if c.id != "GOV-03"]
        return {"framework": framework, "controls": tuple(lighter)}

    old = office.register.content
    under(parts)
    new = office.register
    acting = office.acting()
    with acting.change("edition-adopted", "1.1") as change:
        record(change, Draft(new.content, new.edition))
    assert old.catalogue.find("GOV-03") is not None


def test_an_overlay_outlives_the_edition_that_it_pins(office, answered, request):
    laid = overlay(office)
    before = score_beside(office.register, laid, answered, "autumn")
    home = office.folder / "files" / "overlays" / laid.id
    office.write(f"overlays/{laid.id}/overlay.yaml", laid.model_dump(mode="json", by_alias=True))
    request.getfixturevalue("next_edition")
    again = read_overlay(office.register, home.parents[1], laid.id)
    assert again == laid
    after = score_beside(office.register, again, answered, "autumn")
    assert (after.result, after.national) == (before.result, before.national)
    office.open_round("spring")
    assess.open_assessment(office.register, answered, "spring")
    with pytest.raises(InvalidInput, match=r"imaginary-power: .*the base here is NCSP-2021 1\.1"):
        score_beside(office.register, again, answered, "spring")


def test_an_overlay_of_another_edition_is_refused(office, answered):
    base = {"catalogue": "NCSP-2021", "version": "1.0", "rules": "0" * 64}
    with pytest.raises(InvalidInput, match="the rules of the base here are"):
        score_beside(office.register, overlay(office, base=base), answered)
