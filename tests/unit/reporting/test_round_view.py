"""The report of a round: counts that add up, who waits longest, and what a board is not told."""

from dataclasses import replace
from itertools import pairwise

import pytest
from press import RENDERER, definitions, html_of

from cyberposture.model.reports import Audience
from cyberposture.reporting.round_inputs import ReviewSample, RoundInputs
from cyberposture.reporting.samples.institution import REVIEWER
from cyberposture.reporting.samples.round import a_round, an_empty_round
from cyberposture.reporting.view.round import RoundView, points, round_view
from cyberposture.scoring.agreement import measure_agreement
from cyberposture.scoring.sampling import Estimate


def view_of(inputs: RoundInputs, audience: Audience = "cert") -> RoundView:
    report = definitions()["round"]
    return round_view(report, audience, RENDERER.words(report), inputs)


def test_the_funnel_only_narrows_and_each_loss_is_told():
    view = view_of(a_round())
    assert view.funnel is not None
    counts = [int(step.value) for step in view.funnel.steps]
    assert counts == sorted(counts, reverse=True)
    assert [step.lost.split()[0] for step in view.funnel.steps if step.lost] == [
        str(before - after) for before, after in pairwise(counts) if before != after
    ]


def test_everybody_who_waits_is_counted_once_and_listed():
    inputs = a_round()
    view = view_of(inputs)
    waiting = sum(one.wait is not None for one in inputs.places)
    assert view.waiting.ages is not None
    assert view.waiting.ages.totals[-1] == str(waiting)
    assert len(view.waiting.rows) + view.waiting.more == waiting
    assert str(view.waiting.rows[0].wait).startswith("The CERT")


def test_the_lead_says_how_long_the_longest_waits_for_the_cert():
    inputs = a_round()
    kinds = ("invite", "more-time", "take-up", "finalise", "appeal")
    ages = [(inputs.as_of - p.since).days for p in inputs.places if p.wait in kinds and p.since]
    said = " ".join(view_of(inputs).lead)
    assert f"{len(ages)} wait for the CERT" in said
    assert f"has lasted {max(ages)} days" in said


def test_a_round_of_nobody_says_so():
    view = view_of(an_empty_round())
    assert [str(one) for one in view.lead] == ["Nobody is in this round yet."]
    assert (view.funnel, view.waiting.ages, view.review.levels) == (None, None, None)


@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_board_reads_counts_and_neither_names_nor_words(language):
    inputs = a_round()
    told = html_of(inputs, "cert", language)
    kept = html_of(inputs, "board", language)
    whose = ("Saffron Coast", REVIEWER, "Our security officer", "Since when", "First wave")
    assert [text for text in whose if text not in told] == []
    assert [text for text in whose if text in kept] == []
    assert repr(view_of(inputs, "board")).count("Saffron Coast") == 0


def test_the_estimate_comes_with_its_ends_or_says_that_it_has_none():
    view = view_of(a_round())
    assert "12.3 points" in view.sample.says[-1]
    assert "between 9.1 and 15.5" in view.sample.says[-1]
    alone = Estimate(claims=4, examined=1, gap=-5, error=None, low=None, high=None)
    view = view_of(replace(a_round(), sample=ReviewSample(1_000, 1, 1, alone)))
    assert "too few were drawn" in view.sample.says[-1]
    assert [points(n) for n in (-5, -15, 0, 1_239)] == ["0.0", "\u22120.1", "0.0", "12.3"]


def test_agreement_below_chance_has_its_sign():
    worst = ((0, 3), (3, 0))
    view = view_of(replace(a_round(), agreement=measure_agreement(worst), pairs=worst))
    assert "found the same in 0 %" in view.review.agreement[0]
    assert "\u22121.00" in view.review.agreement[1]


def test_an_appeal_that_was_granted_shows_by_how_much_and_which_band():
    rows = [row for row in view_of(a_round()).appeals if row.bands]
    assert [(row.before, row.after, row.change.text) for row in rows if row.change] == [
        ("54.1", "60.3", "+6.2")
    ]
    assert str(rows[0].bands) == "Developing became Established"
