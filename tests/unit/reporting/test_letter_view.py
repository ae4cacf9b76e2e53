"""The letter after a scan: its first repairs say what is wrong, and not what should be."""

import pytest
from press import RENDERER, definitions

from cyberposture.reporting.samples.institution import usual_report
from cyberposture.reporting.samples.letter import a_letter
from cyberposture.reporting.view.letter import RANKS, LetterView, letter_view


def view_of(language: str = "en") -> LetterView:
    report = definitions()["letter"]
    inputs = a_letter(usual_report(), "198.51.100.7")
    return letter_view(report, "board", RENDERER.words(report, language), inputs)


@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_first_repair_is_called_by_its_failure_and_never_by_what_should_be(language):
    first = list(view_of(language).first)
    assert first
    ideals = {check.title for check in usual_report().content.checks.checks}
    assert not {repair.title for repair in first} & ideals
    assert all(repair.remedy for repair in first)


def test_the_first_repairs_are_the_gravest():
    ranks = [RANKS[repair.severity] for repair in view_of().first]
    assert ranks == sorted(ranks)
