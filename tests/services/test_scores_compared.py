"""Two scores side by side: of rounds, or under other rules, with why they differ to the point."""

from dataclasses import replace
from fractions import Fraction

import pytest
from edition_samples import RETIRED, first, second, write_edition

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import InvalidInput, NotFound
from cyberposture.services.catalogue import adoption
from cyberposture.services.catalogue.adoption import read_draft
from cyberposture.services.scores import score
from cyberposture.services.scores.comparing import (
    Compared,
    compare_rounds,
    compare_under_edition,
    compare_under_parameters,
)

HOME, OTHER = "hill-office", "dale-office"


def causes(one: Compared) -> dict[str, Fraction]:
    assert sum((part.points for part in one.why.parts), Fraction(0)) == one.why.change
    return {part.cause: part.points for part in one.why.parts if part.points}


@pytest.fixture
def rounds(office):
    """Two institutions with two final rounds; in the second one has answered more."""
    for code in (HOME, OTHER):
        office.institution(code)
    for name, level in (("autumn", 1), ("winter", 2)):
        office.open_round(name)
        office.answer(HOME, name, GOV_01=level, IAM_01=2)
        office.answer(OTHER, name, GOV_01=2)
        for code in (HOME, OTHER):
            score.finalise(office.register, code, name)
        office.clock.forward(days=30)
    return office


def test_two_rounds_differ_by_what_was_answered(rounds):
    other, home = compare_rounds(rounds.register, "autumn", "winter")
    assert (home.institution, other.institution) == (HOME, OTHER)
    assert causes(home).keys() == {"answers"}
    assert home.why.change == (home.after.verified or 0) - (home.before.verified or 0) > 0
    assert [item for part in home.why.parts for item, _ in part.items] == ["GOV-01"]
    assert (other.why.change, causes(other)) == (0, {})


def test_a_round_beside_the_score_of_now(rounds):
    (home,) = compare_rounds(rounds.register, "autumn", "live", institution=HOME)
    assert causes(home).keys() == {"answers"}


def test_nothing_is_kept_of_a_comparison(rounds):
    before = rounds.rows()
    compare_rounds(rounds.register, "autumn", "live")
    assert rounds.rows() == before


def test_other_parameters_are_told_by_name(rounds):
    file = rounds.write("other.yaml", {"values": [0, 2000, 8000, 10000], "gate_threshold": 5000})
    (home,) = compare_under_parameters(rounds.register, file, round_code="autumn", institution=HOME)
    assert home.why.change < 0
    assert causes(home).keys() == {"parameters"}
    assert [item for part in home.why.parts for item, _ in part.items] == ["values"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("values: [1, 2]\n", "other.yaml:1"),
        ("gate_band: Nowhere\n", "no band is called"),
        ("unheard: 1\n", "unheard"),
        ("- 1\n", "parameters by name"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_at_their_place(rounds, text, fault):
    file = rounds.write("other.yaml", text)
    with pytest.raises(InvalidInput) as refused:
        compare_under_parameters(rounds.register, file)
    assert fault in str(refused.value)


def test_who_is_not_there_is_not_compared(rounds):
    with pytest.raises(NotFound):
        compare_rounds(rounds.register, "autumn", "spring")
    with pytest.raises(NotFound):
        compare_rounds(rounds.register, "autumn", "winter", institution="nobody")
    rounds.institution("new-office")
    assert len(compare_rounds(rounds.register, "autumn", "winter")) == 2
    assert compare_rounds(rounds.register, "autumn", "live", institution="new-office") == []


def test_under_another_edition_it_is_the_rules_that_differ(furnish, database, tmp_path, clock):
    old = read_draft(ContentFolders(write_edition(tmp_path / "first", first())))
    office = furnish(database, tmp_path, clock, old)
    office.institution(HOME)
    office.open_round("autumn")
    office.answer(HOME, "autumn", **{f"GOV_0{n}": 2 for n in range(1, 9)})
    score.finalise(office.register, HOME, "autumn")
    folder = write_edition(tmp_path / "second", second(), version="2.0", retired=RETIRED)
    new = read_draft(ContentFolders(folder))
    adoption.adopt(office.acting(), new, reason="agreed")
    office.register = replace(
        office.register, content=new.content, edition=new.edition, restored={}
    )
    (same,) = compare_under_edition(office.register, "1.0")
    (home,) = compare_under_edition(office.register, "2.0")
    assert (same.why.change, same.why.parts) == (0, ())
    assert set(causes(home)) <= {"controls", "weights", "parameters"}
    assert {"GOV-09", "GOV-11"} <= {i for part in home.why.parts for i, _ in part.items}
    with pytest.raises(NotFound):
        compare_under_edition(office.register, "3.0")
