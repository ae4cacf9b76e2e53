"""What stands in one cell is read as it was written, or refused with what is expected."""

import pytest

from cyberposture.exchange.workbook.forms import CONDITION, LINES, NUMBER, PROOFS, USES


@pytest.mark.parametrize(
    ("form", "value", "cell"),
    [
        (LINES, ["One.", "Two."], "One.\nTwo."),
        (LINES, ["One\n\n  deep", "Two"], "One\n  \n    deep\nTwo"),
        (PROOFS, [{"what": "A | B", "max_age_days": 90}], "90 | A | B"),
        (USES, [{"code": "O-CLEAR", "direction": "C"}], "O-CLEAR C"),
        (NUMBER, 5, 5),
        (CONDITION, {"feature": "mail"}, "feature mail"),
        (
            CONDITION,
            {"any_of": [{"sector": "finance"}, {"feature": "web"}]},
            "sector finance or feature web",
        ),
        (
            CONDITION,
            {"all_of": [{"feature": "ot"}, {"any_of": [{"sector": "gas"}, {"sector": "water"}]}]},
            "feature ot and (sector gas or sector water)",
        ),
        (CONDITION, {"any_of": [{"feature": "or"}]}, "any feature or"),
        (
            CONDITION,
            {"any_of": [{"all_of": [{"sector": "a"}]}, {"sector": "b"}]},
            "(all sector a) or sector b",
        ),
        (
            CONDITION,
            {"all_of": [{"any_of": [{"sector": "a"}, {"sector": "b"}]}]},
            "all (sector a or sector b)",
        ),
    ],
)
def test_a_cell_holds_what_was_meant(form, value, cell):
    assert form.write(value) == cell
    assert form.read(str(cell)) == value


def test_blank_lines_and_blanks_around_items_mean_nothing():
    assert LINES.read("One. \n\n Two.\n") == ["One.", "Two."]
    assert PROOFS.read("90|A list\n\n365  |  Minutes") == [
        {"what": "A list", "max_age_days": 90},
        {"what": "Minutes", "max_age_days": 365},
    ]
    assert CONDITION.read(" (feature mail) ") == {"feature": "mail"}


@pytest.mark.parametrize(
    ("form", "cell", "what"),
    [
        (NUMBER, "5.5", "a whole number"),
        (NUMBER, "five", "a whole number"),
        (PROOFS, "The minutes", "item 1: days, a bar"),
        (PROOFS, "90 | A\nsoon | B", "item 2: days, a bar"),
        (USES, "O-CLEAR", "item 1: a code and a direction"),
        (CONDITION, "mail", "'mail' is not expected here"),
        (CONDITION, "feature", "its code is expected"),
        (CONDITION, "feature mail or", "is not expected here"),
        (CONDITION, "feature mail or sector gas and sector water", "'and' is not expected here"),
        (CONDITION, "(feature mail", "not closed"),
        (CONDITION, "feature mail)", "')' is not expected here"),
        (CONDITION, "(" * 5_000 + "feature mail", "nested too deep"),
        (CONDITION, "any " * 400 + "feature mail", "nested too deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_expected(form, cell, what):
    with pytest.raises(ValueError, match=what.replace("(", r"\(").replace(")", r"\)")):
        form.read(cell)
