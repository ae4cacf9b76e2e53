"""Audiences: required, defined by the report, and unable to let the public see too much."""

from typing import Any

import pytest
from press import RENDERER, definitions
from pydantic import ValidationError

from cyberposture.errors import WrongUsage
from cyberposture.model.reports import ReportDefinition
from cyberposture.reporting.view.lens import Lens, lens_for


def a_definition(**change: Any) -> ReportDefinition:
    plain = {
        "id": "some-report", "title": "Some report", "subject": "nation", "template": "a.html.j2",
        "audiences": {"public": "TLP:CLEAR"}, "redaction": {"public": {"smallest_group": 5}},
    }  # fmt: skip
    return ReportDefinition.model_validate(plain | change)


def told(part: int, whole: int, smallest: int = 5) -> str:
    lens = Lens("public", "TLP:CLEAR", frozenset(), smallest)
    return lens.count(RENDERER.words(definitions()["nation"]), part, whole)


def test_a_report_is_refused_to_an_audience_that_it_is_not_made_for():
    with pytest.raises(WrongUsage, match="some-report is not made for board"):
        lens_for(a_definition(), "board")


@pytest.mark.parametrize(
    ("redaction", "fault"),
    [
        ({"public": {"smallest_group": 5, "sees": ["addresses"]}}, "scores, controls, counts"),
        ({"public": {"smallest_group": 5, "sees": ["people"]}}, "scores, controls, counts"),
        ({"public": {"smallest_group": 4}}, "no group under 5"),
        ({"public": {}}, "no group under 5"),
        ({}, "one for each audience"),
        ({"public": {"smallest_group": 5}, "board": {}}, "one for each audience"),
    ],
)
def test_a_definition_that_shows_the_public_too_much_is_refused(redaction, fault):
    with pytest.raises(ValidationError, match=fault):
        a_definition(redaction=redaction)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (0, "0"),
        (1, "fewer than 5"),
        (4, "fewer than 5"),
        (5, "5"),
        (15, "15"),
        (16, "16 to 20"),
        (20, "16 to 20"),
    ],
)
def test_neither_a_small_group_nor_what_it_leaves_is_told(part, said):
    assert told(part, 20) == said


def test_whoever_may_know_is_told_the_number():
    assert told(1, 20, smallest=1) == "1"


@pytest.mark.parametrize("sight", ["addresses", "people", "own-words", "institutions"])
def test_what_may_not_be_seen_is_not_there(sight):
    lens = lens_for(definitions()["institution"], "public")
    assert lens.show(sight, "something") is None
    assert lens_for(definitions()["institution"], "cert").show(sight, "something") == "something"


def test_an_empty_text_is_nothing_to_show():
    assert lens_for(definitions()["institution"], "cert").show("own-words", "") is None
