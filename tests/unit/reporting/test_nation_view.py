"""A nation: the figures on its first pages, and what the public may not work out from them."""

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from press import RENDERER, definitions

from cyberposture.model.reports import Audience
from cyberposture.reporting.charts.scale import at, span
from cyberposture.reporting.inputs import EnteredIndicator, NationInputs, ReviewSample
from cyberposture.reporting.samples.nation import (
    a_nation,
    a_row,
    indicators,
    links,
)
from cyberposture.reporting.sets.brief import MOST_WORDS, brief_of, count_words
from cyberposture.reporting.view.groups import closed_gates, is_assessed, verified_of
from cyberposture.reporting.view.nation import NationView, nation_view
from cyberposture.scoring.explain import people
from cyberposture.scoring.sampling import Estimate
from cyberposture.scoring.statistics import median


def view_of(inputs: NationInputs, audience: Audience = "cert") -> NationView:
    report = definitions()["nation"]
    return nation_view(report, audience, RENDERER.words(report), inputs)


@cache
def usual() -> NationInputs:
    return a_nation(60)


def assessed(inputs: NationInputs) -> list[int]:
    return [p for row in inputs.rows if (p := verified_of(row)) is not None]


def test_the_funnel_counts_asked_answered_and_known_well_enough():
    rows = usual().rows
    answered = sum(row.result is not None for row in rows)
    enough = sum(is_assessed(row) for row in rows)
    assert enough < answered < 60
    assert view_of(usual()).front.funnel == (
        f"{answered} of 60 institutions answered ({100 * answered // 60} %) · "
        f"of {enough} enough is known"
    )


def test_the_median_is_that_of_the_baseline_of_those_assessed():
    middle = people(median(assessed(usual())))
    view = view_of(usual())
    verdict = view.front.verdict
    assert verdict is not None
    assert (verdict.median, verdict.of) == (
        middle, f"of 100: the median of {len(assessed(usual()))} institutions, verified"
    )  # fmt: skip
    assert view.front.lead[0] == f"Half of the assessed institutions stand at {middle} or higher."
    assert "91 baseline controls" in view.baseline


def test_the_trend_is_over_those_assessed_both_times():
    both = [
        row
        for row in usual().rows
        if is_assessed(row) and row.previous_baseline and row.previous_baseline.institution.band
    ]
    said = " ".join(view_of(usual()).front.lead)
    assert f"Among the {len(both)} assessed both times the median" in said
    assert "assessed both times" not in " ".join(
        view_of(replace(usual(), previous_title=None)).front.lead
    )


def test_the_first_page_ends_with_three_decisions_each_with_its_source():
    decisions = view_of(usual()).front.decisions
    assert len(decisions) == 3
    assert all(decision.source for decision in decisions)
    assert decisions[0].asks.startswith("Open gate ")
    assert decisions[1].asks.startswith("Act on Invented Hosting Ltd (fictional). 27 institutions")
    assert decisions[2].asks.startswith("Act on NAT-02: Laws, rules and the national plan.")


def test_each_decision_says_whose_it_is_and_a_guarded_one_no_number_of_sectors():
    first, second, third = view_of(usual()).front.decisions
    (closed,) = (one.closed_at for one in view_of(usual()).gates if one.control in first.asks)
    assert first.owner.startswith(f"the heads of the {closed} institutions where it is closed;")
    assert re.fullmatch(
        r"the central CERT, with the regulators of the \d+ sectors .*", second.owner
    )
    assert third.owner == "the government; no institution has it in its hands."
    guarded = view_of(usual(), "public").front.decisions
    assert not re.search(r"\d", guarded[1].owner)


def test_what_one_sector_alone_depends_on_is_its_regulators_decision():
    rows = tuple(replace(row, sector="power") for row in usual().rows)
    decision = view_of(replace(usual(), rows=rows)).front.decisions[1]
    assert decision.owner == "the regulator of the one sector that depends on it, Electric power."


def third(**values: str) -> tuple[str, str]:
    """Return what the third decision asks, and its source, where these indicators are entered."""
    decision = view_of(replace(usual(), indicators=indicators(**values))).front.decisions[2]
    return decision.asks, decision.source


def test_the_indicator_that_blocks_is_the_one_furthest_from_its_whole():
    asks, source = third(NAT_05="bodies=37.5", NAT_02="plan=enacted; act=none", NAT_06="firms=1")
    assert asks == (
        "Act on NAT-05: Public bodies that meet the share of ICT budget. Of the indicators entered "
        "it is the furthest from complete: Public bodies that meet it: 37.5 %."
    )
    assert source.startswith("An invented paper on public bodies")
    assert source.endswith(", 31 Mar 2026.")


def test_of_the_indicator_that_blocks_only_what_falls_short_is_told():
    asks, _ = third(NAT_02="plan=enacted; act=none")
    assert "Law on cyber security: none" in asks
    assert "National cyber security plan" not in asks


def test_a_count_of_no_fixed_whole_never_blocks():
    asks, source = third(NAT_06="firms=0; done=0; overdue=900", NAT_15="review=done")
    assert asks.startswith("Keep the national indicators current. All 2 that are entered")
    assert "14 are not entered yet" in asks
    assert source == "the national indicators, in the annex."


def test_where_no_indicator_is_entered_that_is_what_is_asked_for():
    bare = tuple(EnteredIndicator(one.indicator) for one in indicators())
    decision = view_of(replace(usual(), indicators=bare)).front.decisions[2]
    assert "No indicator is kept in this register yet" in decision.asks
    assert view_of(replace(usual(), indicators=bare)).indicators.summary == (
        "None of 16 is entered yet."
    )


def test_indicators_are_told_in_the_order_of_the_catalogue_with_date_and_source():
    told = view_of(usual(), "public").indicators
    assert [row.code for row in told.rows] == [f"NAT-{n:02}" for n in range(1, 17)]
    assert told.summary == "6 of 16 are entered."
    row = next(row for row in told.rows if row.code == "NAT-06")
    assert [(f.title, f.value) for f in row.figures] == [
        ("Audit firms registered", "12 firms"),
        ("Audits done in twelve months", None),
        ("Audits overdue", "3 audits"),
    ]
    assert (row.dated, row.is_due) == ("31 Mar 2026", False)
    assert [r.figures for r in told.rows if r.dated is None] == [()] * 10


def test_a_value_that_fits_no_figure_any_more_is_shown_as_it_was_entered():
    told = view_of(replace(usual(), indicators=indicators(NAT_05="two <b>thirds</b>")))
    (figure,) = told.indicators.rows[4].figures
    assert (figure.title, figure.value) == ("", "two <b>thirds</b>")
    assert "<b>" not in figure.value.__html__()


def test_indicators_change_no_figure_of_any_score():
    bare = view_of(replace(usual(), indicators=()))
    full = view_of(usual())
    assert bare.front.figures == full.front.figures
    assert (bare.bands, bare.heat, bare.spread) == (full.bands, full.heat, full.spread)


def test_a_clause_of_the_nation_names_what_measures_it():
    rows = {row.id: row for row in view_of(usual()).clauses.rows}
    assert rows["3.1.1(f6)"].indicators == ("NAT-01", "NAT-15")
    assert rows["2.3(8)"].indicators == ()


def test_the_repair_asked_for_is_the_one_that_lifts_most_over_a_gate():
    view = view_of(usual())
    alone = Counter(
        gates[0]
        for row in usual().rows
        if row.result is not None
        and len(gates := closed_gates(row)) == 1
        and row.result.institution.band == "Developing"
        and (row.result.institution.verified or 0) >= 5_000
    )
    number = max(alone.values())
    asks = view.front.decisions[0].asks
    assert f"keeps {number} institution" in asks
    assert asks.removeprefix("Open gate ")[:6] in {g for g, n in alone.items() if n == number}


def test_without_shared_services_that_is_what_is_asked_for():
    decision = view_of(replace(usual(), dependencies=())).front.decisions[1]
    assert decision.asks.startswith("Have suppliers and hosting declared.")


def test_a_supplier_of_one_institution_is_not_shared():
    alone = links("supplier", "Alone Ltd", (usual().rows[0].code,), failing=1)
    view = view_of(replace(usual(), dependencies=alone))
    assert view.systemic.rows == ()
    assert "Alone" not in view.front.decisions[1].asks


def test_where_no_gate_is_closed_none_is_asked_for():
    strong = tuple(a_row(n, "finance") for n in (6,))
    free = tuple(
        replace(row, result=row.result.model_copy(update={"institution": whole}))
        for row in strong
        if row.result
        and (
            whole := row.result.institution.model_copy(
                update={"gates_holding": (), "band": "Managed"}
            )
        )
    )
    assert view_of(replace(usual(), rows=free)).front.decisions[0].asks.startswith("No gate is")


def test_bars_hold_every_institution_that_answered_once():
    view = view_of(usual())
    answered = Counter(row.sector for row in usual().rows if row.result is not None)
    assert sum(int(bar.total) for bar in view.bands.bars) == sum(answered.values())
    for bar, (label, numbers, total) in zip(view.bands.bars, view.bands.rows, strict=True):
        assert (bar.label, bar.total) == (label, total)
        assert sum(map(int, numbers)) == int(total)
        assert [s.value for s in bar.segments] == [n for n in numbers if n != "0"]


def test_a_cell_of_the_heat_map_is_the_median_of_its_domain_in_its_sector():
    view = view_of(usual())
    place = [label for label, _ in view.heat.groups].index("Water")
    row = next(cells for id_, _, cells in view.heat.rows if id_ == "IAM")
    scores = [
        d.verified
        for r in usual().rows
        if r.sector == "water" and is_assessed(r) and r.baseline
        for d in r.baseline.domains
        if d.id == "IAM" and d.verified is not None
    ]
    assert row[place].value == str((median(scores) or 0) // 100)


def test_institutions_are_listed_by_sector_and_those_without_answer_too():
    rows = view_of(usual()).named
    assert len(rows) == 60
    assert sum(row.band is None for row in rows) == sum(r.result is None for r in usual().rows)


def test_clauses_are_counted_with_the_controls_that_follow_from_them():
    clauses = view_of(usual()).clauses
    controls = usual().content.catalogue.controls
    assert sum(row.controls for row in clauses.rows) == sum(
        len({source.clause for source in control.sources}) for control in controls
    )
    assert clauses.summary[1] == "46 clauses can be met only by the state, and by no institution."


def test_nobody_asked_and_nobody_answered_are_told_as_they_are():
    nobody = view_of(a_nation(0, previous_title=None, failures=()))
    assert nobody.front.funnel == "no institution was asked"
    assert nobody.front.lead == ("No institution has answered yet.",)
    silent = tuple(replace(row, result=None, baseline=None) for row in usual().rows[:7])
    view = view_of(replace(usual(), rows=silent, failures=(), dependencies=()))
    assert view.front.lead == ("No institution has answered yet.",)
    assert view.bands.bars == ()
    assert view.spread.chart is None


def test_what_was_asked_less_than_the_baseline_is_compared_with_its_like_alone():
    rows = usual().rows
    short = [r for r in rows if r.tier == "A" and r.baseline is not None][:6]
    codes = {row.code for row in short}
    changed = tuple(replace(r, baseline=None) if r.code in codes else r for r in rows)
    view, before = view_of(replace(usual(), rows=changed)), view_of(usual())
    groups = {row.label: int(row.asked) for row in view.spread.profiles}
    usually = {row.label: int(row.asked) for row in before.spread.profiles}
    assert groups["start profile"] == 6
    assert groups["baseline profile"] == usually["baseline profile"] - 6
    assert sum(groups.values()) == sum(usually.values())
    named = {row.code: row.tier for row in view.named}
    assert {named[code] for code in codes} == {"start profile"}


# The public.


def sizes(*counts: int) -> NationInputs:
    """Return a nation whose sectors have this many assessed institutions each."""
    names = ("government", "power", "gas", "water", "education", "health")
    good = [n for n in range(400) if n % 12 != 5 and n % 13]
    rows = []
    for name, count in zip(names, counts, strict=False):
        rows += [a_row(good.pop(), name) for _ in range(count)]
    return replace(usual(), rows=tuple(rows), failures=(), dependencies=())


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ((9, 8, 7), [9, 8, 7]),
        ((9, 3, 2), [9, 5]),
        ((9, 8, 3), [9, 11]),
        ((9, 2, 2), [13]),
        ((2, 1), []),
        ((9, 8, 7, 4), [9, 8, 11]),
        ((4, 4, 4, 4), [16]),
    ],
)
def test_small_sectors_stand_together_so_that_none_follows_by_subtraction(counts, groups):
    view = view_of(sizes(*counts), "public")
    told = [int(row.assessed) if row.assessed.isdigit() else None for row in view.spread.sectors]
    assert len(told) == len(groups)
    assert all(shown in (None, size) for shown, size in zip(told, groups, strict=True))


@pytest.mark.parametrize("counts", [(9, 8, 3), (9, 3, 2), (12, 7, 4, 1)])
def test_the_cert_sees_every_sector_by_itself(counts):
    assert len(view_of(sizes(*counts)).spread.sectors) == len(counts)


def test_the_public_sees_bands_of_all_together_and_no_small_cell():
    view = view_of(usual(), "public")
    (label, numbers, _), *others = view.bands.rows
    assert label == "All institutions"
    assert others == []
    told = [int(number) for number in numbers if number.isdigit()]
    assert all(number == 0 or number >= 5 for number in told)
    assert len([number for number in numbers if number == "not told"]) != 1


def test_the_public_sees_no_column_of_a_distribution():
    chart = view_of(usual(), "public").spread.chart
    assert chart is not None
    assert chart.columns == ()
    assert view_of(usual()).spread.chart != chart


def test_too_few_institutions_are_not_described_to_the_public_at_all():
    view = view_of(sizes(4), "public")
    assert view.front.lead == (
        "Nothing can be said of them together without giving an institution away: too few are "
        "assessed, or nearly all stand alike.",
    )
    assert view.heat.groups == ()
    assert view.bands.bars == ()
    assert view.spread.sectors == ()
    assert view.spread.profiles == ()


def test_a_check_that_fails_at_few_is_told_without_its_number():
    rows = {row.check: row for row in view_of(usual(), "public").exposure}
    assert rows["lab.modbus-not-reachable"].institutions == "fewer than 5"
    assert rows["lab.modbus-not-reachable"].endpoints == "–"
    assert rows["lab.telnet-not-reachable"].institutions == "20"
    assert {r.check: r.institutions for r in view_of(usual()).exposure}[
        "lab.modbus-not-reachable"
    ] == "2"


def test_services_are_not_named_in_public_and_small_ones_not_told():
    view = view_of(usual(), "public")
    assert {row.name for row in view.systemic.rows} == {
        "one hosting provider", "one network", "one product", "one shared service",
        "one supplier",
    }  # fmt: skip
    assert "Invented" not in view.front.decisions[1].asks


def test_no_two_tables_of_the_public_differ_by_a_small_group():
    """Every total that is shown for the same thing leaves nobody alone between two of them."""
    view = view_of(usual(), "public")
    totals = sorted(
        {sum(int(row.assessed) for row in rows if row.assessed.isdigit())
         for rows in (view.spread.sectors, view.spread.profiles)
         if all(row.assessed.isdigit() for row in rows)}
    )  # fmt: skip
    assert all(larger - smaller >= 5 for smaller, larger in pairwise(totals))


def test_who_is_named_in_public_hides_nobody_else():
    """Of five of whom four are named, anybody can take off the four."""
    six = view_of(sizes(6, 30), "public")
    named = view_of(replace(sizes(6, 30), named=3), "public")
    assert [row.asked for row in six.spread.sectors] == ["6", "30"]
    assert [row.asked for row in named.spread.sectors] == ["36"]
    assert named.smallest_group == 8


def test_what_reviewers_found_of_a_sample_is_told_with_how_sure_it_is():
    gap = Estimate(claims=900, examined=120, gap=834, error=150, low=540, high=1128)
    sample = ReviewSample(12, gap)
    said = " ".join(view_of(replace(usual(), sample=sample)).spread.sure)
    assert "Reviewers examined 120 of 900 claims, drawn by lot at 12 institutions" in said
    assert "lie 8.3 points above what was found (5.4 to 11.2 at a sureness of 95 %)" in said
    few = view_of(replace(usual(), sample=ReviewSample(3, gap)), "public").spread.sure
    assert "claims" not in " ".join(few)


def test_where_no_sample_was_examined_that_is_told():
    assert "No sample of the claims" in view_of(usual()).spread.sure[-1]


def test_the_map_holds_what_the_table_counts():
    systemic = view_of(usual()).systemic
    assert systemic.map is not None
    for row, (number, name, _, spots) in zip(systemic.rows, systemic.map.rows, strict=False):
        assert (row.number, row.name) == (number, name)
        assert sum(int(spot.count or 0) for spot in spots) == int(row.institutions)
        assert sum(bool(spot.count) for spot in spots) == int(row.sectors)


def test_what_is_declared_is_told_apart_from_what_was_seen():
    known = {row.name: row.known for row in view_of(usual()).systemic.rows}
    assert known["AS64500"] == "seen"
    assert known["Paper Mill Software (fictional)"] == "declared"
    assert known["ExampleHTTP 1.4"] == "declared and seen"


def test_what_lies_behind_a_shared_service_says_so():
    rows = {row.name: row for row in view_of(usual()).systemic.rows}
    assert rows["Fibre of Invention (fictional)"].through == (
        "10 of them only through Government Cloud (fictional)"
    )


def test_the_public_reads_no_map_and_no_index():
    systemic = view_of(usual(), "public").systemic
    assert systemic.map is None
    assert systemic.concentrations == ()
    assert {row.sectors for row in systemic.rows} == {"not told"}


def test_a_minister_reads_whom_to_act_on_and_no_institution():
    view = view_of(usual(), "board")
    assert "Invented Hosting Ltd" in view.front.decisions[1].asks
    assert view.named == ()


@pytest.mark.parametrize("audience", ["board", "public"])
def test_the_box_of_the_spread_stands_no_more_exactly_than_its_words(audience):
    chart = view_of(a_nation(200), audience).spread.chart
    assert chart is not None
    told = [int(one.replace(".", "")) * 10 for one in re.findall(r"\d+\.\d", chart.description)]
    middle, lower, upper = told if len(told) == 3 else told * 3
    assert (chart.box, chart.median) == (span(lower, upper), at(middle))


def test_claims_beside_the_network_add_up_and_contain_the_contradictions():
    told = view_of(usual()).claims
    count = Counter[tuple[int, str]]()
    for row in usual().rows:
        count.update(row.claims)
    assert told.matrix is not None
    assert told.matrix.totals[-1] == str(sum(count.values()))
    assert [row.id for row in told.matrix.rows] == ["3", "2", "1", "0"]
    high = sum(count[level, "contradicts"] for level in (2, 3))
    assert told.matrix.rows[0].cells[0].value == str(count[3, "contradicts"])
    assert high == sum(len(row.result.institution.contradictions) for row in usual().rows
                       if row.result is not None)  # fmt: skip
    assert view_of(usual(), "public").claims.matrix is None


@pytest.mark.parametrize("audience", ["board", "public"])
def test_the_verdict_marks_no_more_than_is_told(audience):
    verdict = view_of(a_nation(200), audience).front.verdict
    assert verdict is not None
    points = int(verdict.median.replace(".", "")) * 10
    assert [mark.x for mark in verdict.strip.marks] == [at(points)]
    words = " ".join(f"{word} {value}" for word, value, _ in verdict.facts)
    assert ("Bands" in words, "Certainty" in words) == ((audience != "public"),) * 2


def test_the_verdict_names_the_lowest_band_that_half_do_not_pass():
    view = view_of(usual())
    names = [name for name, _ in usual().parameters.bands]
    stand = [names.index(row.baseline.institution.band) for row in usual().rows
             if row.baseline is not None and row.baseline.institution.band]  # fmt: skip
    verdict = view.front.verdict
    assert verdict is not None and verdict.band is not None
    told = names.index(verdict.band.name)
    assert 2 * sum(one <= told for one in stand) >= len(stand)
    assert 2 * sum(one < told for one in stand) < len(stand)
    assert f"At least half are {verdict.band.name} or lower." in view.front.lead
    assert any(said.startswith("Gates keep") for said in view.front.lead)


@pytest.mark.parametrize("size", [12, 30, 60, 200])
def test_the_public_reads_a_band_only_where_one_told_number_says_it_anyway(size):
    view = view_of(a_nation(size), "public")
    verdict = view.front.verdict
    if verdict is None:
        return
    (_, numbers, _), *_ = view.bands.rows
    told = [band.name for band, number in zip(view.bands.legend, numbers, strict=True)
            if number.isdigit() and 2 * int(number) > size and band.place]  # fmt: skip
    assert told == ([] if verdict.band is None else [verdict.band.name])


def test_of_too_few_there_is_no_verdict():
    assert view_of(sizes(4), "public").front.verdict is None
    assert view_of(sizes(4)).front.verdict is not None


def test_of_fewer_than_five_no_quartile_is_told():
    few = view_of(sizes(4)).front.verdict
    many = view_of(sizes(5)).front.verdict
    assert few is not None and many is not None
    assert (few.strip.gap, many.strip.gap is None) == (None, False)
    assert not view_of(sizes(4)).spread.has_box


def test_the_certainty_counts_everybody_who_was_assessed():
    verdict = view_of(usual()).front.verdict
    assert verdict is not None
    facts = {str(word): str(value) for word, value, _ in verdict.facts}
    for word in ("Bands", "Certainty"):
        assert sum(map(int, re.findall(r"\d+", facts[word]))) == len(assessed(usual()))


def test_what_stands_lowest_names_all_that_stand_alike():
    view = view_of(usual())
    told = [int(cell.value) for _, _, cells in view.heat.rows for cell in cells if cell.place]
    least = min(told)
    assert view.heat.lowest is not None
    alike = [title for _, title, cells in view.heat.rows for cell in cells
             if cell.place and int(cell.value) == least]  # fmt: skip
    if len(set(alike)) == 1:
        assert f"Lowest: {alike[0]} in" in view.heat.lowest
    else:
        assert f"Lowest: {least}, in {len(alike)} cells." == view.heat.lowest


def test_that_all_is_invented_is_said_where_all_that_was_looked_at_is_a_laboratory():
    assert view_of(usual()).invented is None
    told = view_of(replace(usual(), is_invented=True), "board").invented
    assert told is not None and told.startswith("Invented.")


def test_a_last_round_of_which_nothing_is_known_has_no_column():
    assert view_of(usual()).has_before
    unknown = tuple(replace(one, previous_institutions=None) for one in usual().failures)
    assert not view_of(replace(usual(), failures=unknown)).has_before


def test_what_is_declared_less_what_is_verified_of_it_is_what_is_not_borne_out():
    rows = view_of(usual()).named
    known = [row for row in rows if row.band is not None and row.band.place]
    for row in known:
        declared, claims, gap = (
            int((text or "0").replace(".", "").replace("\u2212", "-"))
            for text in (row.declared, row.claims, row.gap)
        )
        assert declared - claims == gap
    unknown = [row for row in rows if row.band is not None and not row.band.place]
    assert unknown
    assert {(r.verified, r.declared, r.claims, r.gap, r.gates) for r in unknown} == {
        (None, None, None, None, ())
    }


@pytest.mark.parametrize("audience", ["board", "public"])
def test_a_brief_holds_all_three_decisions(audience):
    view = view_of(usual(), audience)
    told = brief_of(RENDERER.page_words("set"), view)
    assert count_words(told) <= MOST_WORDS
    for place, decision in enumerate(view.front.decisions, start=1):
        head = str(decision.asks).partition(". ")[0]
        assert sum(said.startswith(f"{place}. {head}") for said in map(str, told)) == 1
