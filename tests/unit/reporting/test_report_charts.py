"""Charts: every mark stands where its score is, whatever the direction of the language."""

import time

import pytest
from press import RENDERER, definitions

from cyberposture.reporting.charts import (
    bar_of,
    distribution_of,
    funnel_of,
    matrix_of,
    panel_of,
    row_of,
    stacks_of,
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


def test_a_strip_ends_where_gates_hold_and_names_them():
    whole = compute(a_document(an_institution())).institution
    strip = strip_of(WORDS, PARAMETERS, whole, ("IAM-10", "NET-02", "GOV-01", "GOV-02"))
    assert strip is not None
    assert strip.ceiling is not None
    assert (strip.ceiling.x, strip.ceiling.beyond) == ("50%", "50%"), "the end of Developing"
    assert "IAM-10, NET-02, GOV-01" in strip.ceiling.label
    assert "IAM-10" in strip.description
    free = strip_of(WORDS, PARAMETERS, whole)
    assert free is not None
    assert free.ceiling is None


def test_a_funnel_shows_shares_of_the_first_and_hides_what_is_not_told():
    chart = funnel_of(
        [("Asked", 120, "120", ""), ("Answered", 90, "90", "30 wait"), ("Done", 3, "few", "")], "d"
    )
    assert [(s.share, s.width) for s in chart.steps] == [
        ("100 %", "100%"),
        ("75 %", "75%"),
        ("", "0%"),
    ]
    assert funnel_of([("Asked", 0, "0", "")], "d").steps[0].width == "0%"


def test_a_panel_draws_lines_only_between_rounds_that_are_known():
    rounds = [("a", 6_000, 4_000), ("b", None, None), ("c", 8_000, 5_000), ("d", 10_000, 0)]
    chart = panel_of(PARAMETERS, rounds, "d")
    assert chart is not None
    assert [(m.x, m.declared, m.claims) for m in chart.moments] == [
        ("12.5%", "60.0", "40.0"), ("37.5%", None, None), ("62.5%", "80.0", "50.0"),
        ("87.5%", "100.0", "0.0"),
    ]  # fmt: skip
    assert [(r.kind, r.x1, r.x2) for r in chart.runs] == [
        ("declared", "62.5%", "87.5%"), ("claims", "62.5%", "87.5%"),
    ]  # fmt: skip
    last = chart.moments[-1]
    assert (last.declared_y, last.claims_y) == (0, 180), "up is a smaller y"
    assert panel_of(PARAMETERS, rounds[:1], "d") is None


def test_columns_stand_on_the_line_and_hang_below_it():
    chart = stacks_of([("w1", ((5, 3), (6, 1)), ((4, 2),)), ("w2", ((5, 0),), ())], "d", tall=60)
    assert chart is not None
    assert chart.zero == 40
    assert [(p.place, p.y, p.height, p.value) for p in chart.stacks[0].pieces] == [
        (5, 10, 30, "3"), (6, 0, 10, "1"), (4, 40, 20, "2"),
    ]  # fmt: skip
    assert chart.stacks[1].pieces == ()
    assert stacks_of([("w1", ((5, 0),), ())], "d") is None


def test_of_many_columns_the_last_is_labelled_and_some_before_it():
    chart = stacks_of([(f"w{n}", ((1, n),), ()) for n in range(26)], "d")
    assert chart is not None
    labels = [s.label for s in chart.stacks if s.label]
    assert labels == ["w0", "w5", "w10", "w15", "w20", "w25"]
    assert min(p.height for s in chart.stacks for p in s.pieces) >= 1


def test_circles_of_a_matrix_compare_by_area_and_empty_rows_are_left_out():
    rows = [("A", "a", (16, 4)), ("B", "b", (0, 0)), ("C", "c", (0, 1))]
    chart = matrix_of(("x", "y"), rows, "d")
    assert chart is not None
    assert [row.id for row in chart.rows] == ["A", "C"]
    assert [cell.radius for cell in chart.rows[0].cells] == ["15.0", "7.5"]
    assert (chart.rows[1].cells[0].value, chart.rows[1].cells[0].radius) == ("", "0")
    assert chart.totals == ("16", "5", "21")
    assert matrix_of(("x",), [("A", "a", (0,))], "d") is None


def test_three_charts_take_about_a_millisecond(capsys):
    rounds = [(str(n), 6_000 + n, 4_000 + n) for n in range(5)]
    weeks = [(str(n), ((1, n), (2, 30), (3, 2)), ()) for n in range(26)]
    rows = [(str(n), "x", (n, 1, 2, 3)) for n in range(16)]
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        panel_of(PARAMETERS, rounds, "d")
        stacks_of(weeks, "d")
        matrix_of(("a", "b", "c", "d"), rows, "d")
        best = min(best, time.perf_counter() - began)
    with capsys.disabled():
        print(f"\npanel, columns and matrix: {best * 1e3:.2f} ms")
    assert best < 0.05


def test_the_charts_of_a_report_are_made_quickly(capsys):
    m = Material(a_report(), lens_for(definitions()["institution"], "cert"), WORDS)
    domains_of(m)
    began = time.perf_counter()
    domains_of(m)
    strip_of(WORDS, PARAMETERS, m.inputs.score.result.institution)
    with capsys.disabled():
        print(f"\ncharts: {(time.perf_counter() - began) * 1e3:.1f} ms")
