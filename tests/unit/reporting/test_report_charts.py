"""Charts: every mark stands where its score is, whatever the direction of the language."""

import time

import pytest
from press import RENDERER, definitions

from cyberposture.reporting.charts import (
    bar_of,
    distribution_of,
    row_of,
    strip_of,
    ticks_of,
    trend_of,
)
from cyberposture.reporting.samples.contents import (
    content,
)
from cyberposture.reporting.samples.institution import (
    a_report,
)
from cyberposture.reporting.samples.scores import (
    a_document,
    an_institution,
)
from cyberposture.reporting.view.domains import domains_of
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.material import Material
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.rollup import compute

PARAMETERS = parameters_of(content().catalogue)
WORDS = RENDERER.words(definitions()["institution"])


def test_ticks_stand_at_the_borders_of_bands():
    ticks = [(tick.x, tick.label) for tick in ticks_of(PARAMETERS)]
    assert ticks == [
        ("0%", "0"), ("25%", "25"), ("50%", "50"), ("70%", "70"), ("85%", "85"), ("100%", "100"),
    ]  # fmt: skip


def test_marks_and_the_line_between_them_stand_at_the_scores():
    row = row_of("IAM", "Access", declared=8_125, claims=3_950, network=0, side="", figures=())
    assert {(m.kind, m.x, m.value) for m in row.marks} == {
        ("declared", "81.25%", "81.2"), ("claims", "39.5%", "39.5"), ("network", "0%", "0.0"),
    }  # fmt: skip
    assert row.gap is not None
    assert (row.gap.x1, row.gap.x2, row.gap.width) == ("39.5%", "81.25%", "41.75%")


def test_what_is_not_known_has_no_mark_and_no_line():
    row = row_of("IAM", "Access", declared=None, claims=None, network=None, side="", figures=())
    assert row.marks == ()
    assert row.gap is None


@pytest.mark.parametrize(("claims", "is_before"), [(2_000, False), (9_000, True)])
def test_a_label_under_a_mark_runs_towards_the_middle(claims, is_before):
    row = row_of("A", "a", declared=9_500, claims=claims, network=None, side="gate", figures=())
    assert row.side is not None
    assert row.side.is_before is is_before


def test_segments_fill_the_bar_in_order_and_an_empty_one_is_left_out():
    bar = bar_of("All", "8", [(1, "Exposed", 2, "2"), (2, "Developing", 0, "0"), (3, "E", 6, "6")])
    assert [(s.place, s.x, s.width, s.value) for s in bar.segments] == [
        (1, "0%", "25%", "2"), (3, "25%", "75%", "6"),
    ]  # fmt: skip


def test_a_segment_too_narrow_for_its_number_shows_none_inside():
    bar = bar_of("All", "100", [(1, "a", 1, "1"), (2, "b", 99, "99")])
    assert [s.has_room for s in bar.segments] == [False, True]


def test_a_distribution_counts_everybody_once():
    scores = [0, 499, 500, 4_999, 9_999, 10_000]
    chart = distribution_of(PARAMETERS, scores, (0, 5_000, 10_000), "said")
    assert sum(int(column.value) for column in chart.columns) == len(scores)
    assert [column.value for column in chart.columns] == ["2", "1", "1", "2"]
    assert max(column.height for column in chart.columns) == 100


def test_a_strip_shows_every_band_with_a_sign_of_its_own():
    strip = strip_of(WORDS, PARAMETERS, compute(a_document(an_institution())).institution)
    assert strip is not None
    assert [s.place for s in strip.segments] == [1, 2, 3, 4, 5]
    assert "declared" in strip.description


def test_without_a_score_there_is_no_strip():
    nothing = a_document(
        an_institution(tier="A", features=[]), level=lambda control: None, default_pass=0
    )
    bare = compute(nothing).institution.model_copy(update={"verified": None})
    assert strip_of(WORDS, PARAMETERS, bare) is None


def test_a_trend_needs_two_scores_and_rises_with_them():
    assert trend_of([5_000]) is None
    trend = trend_of([4_000, 6_000])
    assert trend is not None
    (_, before), (_, after) = trend.points
    assert float(after) < float(before), "up is a smaller y"


def test_a_small_change_looks_small():
    trend = trend_of([5_000, 5_010])
    assert trend is not None
    (_, before), (_, after) = trend.points
    assert float(before) - float(after) < 1


def test_the_domain_chart_and_its_table_hold_the_same_figures():
    domains = domains_of(
        Material(a_report(), lens_for(definitions()["institution"], "cert"), WORDS)
    )
    for row, line in zip(domains.rows, domains.chart.rows, strict=True):
        assert line.id == row.id
        figures = (row.claims_verified, row.declared, row.network)
        assert line.figures[:3] == tuple(figure or "–" for figure in figures)
        values = {mark.kind: mark.value for mark in line.marks}
        assert values.get("claims") == row.claims_verified
        assert values.get("declared") == row.declared
        assert values.get("network") == row.network


def test_the_charts_of_a_report_are_made_quickly(capsys):
    m = Material(a_report(), lens_for(definitions()["institution"], "cert"), WORDS)
    domains_of(m)
    began = time.perf_counter()
    domains_of(m)
    strip_of(WORDS, PARAMETERS, m.inputs.score.result.institution)
    with capsys.disabled():
        print(f"\ncharts: {(time.perf_counter() - began) * 1e3:.1f} ms")
