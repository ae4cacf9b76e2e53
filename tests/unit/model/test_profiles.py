"""What a profile shows of a sector: what is asked, what hangs on a feature, what counts more."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_catalogue
from cyberposture.model.controls import Condition, Profile
from cyberposture.model.institutions import Institution
from cyberposture.model.profiles import ControlLine, ProfileView, in_words, view_profile
from cyberposture.scoring.assemble import applies, is_gate

CATALOGUE = load_catalogue(find_content(None).controls)
DAY = date(2026, 11, 22)
FEATURES = [feature.id for feature in CATALOGUE.framework.features if feature.id != "cii"]
SECTORS = [sector.id for sector in CATALOGUE.framework.sectors]
PROFILES = [profile.id for profile in CATALOGUE.profiles]


def view(
    profile: str = "cii", sector: str | None = "power", features: frozenset[str] | None = None
) -> ProfileView:
    chosen = CATALOGUE.find_profile(profile)
    assert chosen is not None
    return view_profile(CATALOGUE, chosen, sector=sector, features=features, on=DAY)


def line(shown: ProfileView, control: str) -> ControlLine:
    (found,) = (c for domain in shown.domains for c in domain.controls if c.id == control)
    return found


def test_a_view_holds_each_control_of_the_profile_once_and_in_its_domain() -> None:
    shown = view("enhanced")
    asked = [c.id for domain in shown.domains for c in domain.controls]
    assert sorted(asked) == [c.id for c in CATALOGUE.selected("G")]
    assert all(c.id.startswith(d.id) for d in shown.domains for c in d.controls)


def test_what_hangs_on_a_feature_depends_until_somebody_says_something() -> None:
    states = [
        line(view(features=features), "OTI-01").state
        for features in (None, frozenset({"ot"}), frozenset({"mail"}), frozenset())
    ]
    assert states == ["depends", "asked", "left-out", "left-out"]
    assert line(view(), "OTI-01").condition == "feature ot"


def test_what_hangs_on_another_sector_is_left_out() -> None:
    assert line(view(sector="power"), "GOV-06").state == "left-out"
    assert line(view(sector="government"), "GOV-06").state == "asked"
    assert line(view(sector=None), "GOV-06").state == "depends"


def test_only_designated_operators_are_designated_operators() -> None:
    assert line(view("cii", features=frozenset()), "HRA-01").state == "asked"
    assert line(view("enhanced"), "HRA-01").state == "left-out"


@given(
    profile=st.sampled_from(PROFILES),
    sector=st.none() | st.sampled_from(SECTORS),
    said=st.none() | st.frozensets(st.sampled_from(FEATURES)),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_what_a_view_says_is_true_of_every_institution_of_that_kind(
    profile: str, sector: str | None, said: frozenset[str] | None, data: st.DataObject
) -> None:
    shown = view(profile, sector, said)
    of = data.draw(st.sampled_from(SECTORS)) if sector is None else sector
    has = data.draw(st.frozensets(st.sampled_from(FEATURES))) if said is None else said
    one = Institution(
        code="a", name="A (fictional)", sectors=(of,), tier=shown.tier, features=tuple(sorted(has))
    )
    for domain in shown.domains:
        for shown_line in domain.controls:
            control = CATALOGUE.find(shown_line.id)
            assert control is not None
            if shown_line.state != "depends":
                assert applies(control, one) == (shown_line.state == "asked"), control.id
            else:
                assert sector is None or said is None
            assert shown_line.is_gate == is_gate(control, shown.tier)


def test_a_sector_gives_its_factors_and_reasons_and_nobody_else_does() -> None:
    power, none = view(sector="power"), view(sector=None)
    factors = {d.id: (d.factor_pct, d.why) for d in power.domains}
    assert factors["OTI"][0] == 150
    assert factors["OTI"][1]
    assert factors["GOV"] == (100, None)
    assert {d.factor_pct for d in none.domains} == {100}
    assert none.sector is None
    assert power.sector is not None
    assert power.sector.title == "Electric power"


def test_a_view_shows_the_parameters_of_its_sector_with_what_is_held() -> None:
    (report,) = (
        p for p in view(sector="telecom").parameters if p.id == "incident-full-report-days"
    )
    assert (report.value, report.is_ours) == (10, True)
    assert [held.reference.value for held in report.held] == [5]
    (other,) = (p for p in view(sector="power").parameters if p.id == "incident-full-report-days")
    assert other.held == ()


def test_start_says_why_it_picks_each_control_out() -> None:
    shown = view("start", None)
    assert all(c.why for domain in shown.domains for c in domain.controls)
    assert not any(c.why for domain in view("baseline").domains for c in domain.controls)


def test_a_nest_of_conditions_is_told_with_its_brackets() -> None:
    nest = Condition.model_validate(
        {"all_of": [{"feature": "web"}, {"any_of": [{"sector": "finance"}, {"feature": "mail"}]}]}
    )
    assert in_words(nest) == "feature web and (sector finance or feature mail)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tiers": ["G", "A"]}, "from A on, in the order A, G, X"),
        ({"tiers": ["G"]}, "from A on, in the order A, G, X"),
        ({"controls": [{"id": "GOV-01", "why": "x"}] * 2}, "each control once"),
        (
            {"at_most": 1, "controls": [{"id": f"GOV-0{n}", "why": "x"} for n in (1, 2)]},
            "2, but at most 1 are allowed",
        ),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(changes: object, words: str) -> None:
    good = {"id": "small", "title": "Small", "note": "A few.", "tiers": ["A"]}
    assert Profile.model_validate(good).tier == "A"
    assert isinstance(changes, dict)
    with pytest.raises(ValidationError) as caught:
        Profile.model_validate(good | changes)
    assert words in str(caught.value)
