"""A sector: who stands where, how the same ones moved, what holds them, and who reads what."""

from dataclasses import replace
from functools import cache

import pytest
from press import RENDERER, definitions, html_of, page_of

from cyberposture.model.reports import Audience
from cyberposture.reporting.inputs import CheckFailure, InstitutionRow
from cyberposture.reporting.samples.nation import a_nation, a_row
from cyberposture.reporting.sector_inputs import OpenContradiction, PastRound, SectorInputs
from cyberposture.reporting.view.groups import verified_of
from cyberposture.reporting.view.nation import nation_view
from cyberposture.reporting.view.sector import SectorView, sector_view
from cyberposture.scoring.explain import people
from cyberposture.scoring.statistics import median, quantile

SIZE = 34


@cache
def a_power_sector(size: int = SIZE) -> SectorInputs:
    """Return a sector by itself, as its regulator is given it."""
    rows = tuple(a_row(number, "power") for number in range(size))
    past = tuple(
        PastRound(f"r{n}", f"Round {n}", {r.code: (5_000, 4_000 + n) for r in rows[n:]})
        for n in (1, 2)
    )
    held = (
        OpenContradiction(rows[0].code, "IAM-03", "lab.telnet-not-reachable"),
        OpenContradiction(rows[0].code, "IAM-03", "lab.ssh-not-on-the-internet"),
        OpenContradiction(rows[1].code, "NET-02", "lab.telnet-not-reachable"),
    )
    return SectorInputs(replace(a_nation(0), rows=rows), "power", past=past, contradictions=held)


def view_of(inputs: SectorInputs, audience: Audience = "sector") -> SectorView:
    report = definitions()["sector"]
    return sector_view(report, audience, RENDERER.words(report), inputs)


def scored(inputs: SectorInputs) -> list[tuple[int, InstitutionRow]]:
    return [(p, row) for row in inputs.nation.rows if (p := verified_of(row)) is not None]


def test_the_lowest_tenth_is_named_to_who_may_read_names_and_counted_for_others():
    inputs = a_power_sector()
    found = scored(inputs)
    limit = quantile(sorted(points for points, _ in found), 1, 10)
    assert limit is not None
    low = {row.name for points, row in found if points <= limit}
    lowest = view_of(inputs).lowest
    assert lowest is not None
    assert {str(row.name) for row in lowest.rows} == low
    assert f"{len(low)} of {len(found)}" in lowest.says
    told = view_of(inputs, "board").lowest
    assert told is not None
    assert (told.rows, told.chart) == ((), None)
    assert told.says == lowest.says


def test_a_sector_of_fewer_than_ten_has_no_lowest_tenth():
    assert view_of(a_power_sector(9)).lowest is None


def test_who_has_not_answered_is_counted_and_named():
    inputs = a_power_sector()
    missing = {row.name for row in inputs.nation.rows if row.result is None}
    assert missing
    waiting = view_of(inputs).waiting
    assert waiting is not None
    assert {str(name) for name in waiting.names} == missing
    assert waiting.says == f"{len(missing)} of {SIZE} have not answered yet."
    hidden = view_of(inputs, "board").waiting
    assert hidden is not None
    assert hidden.names == ()


def test_the_panel_holds_only_who_was_assessed_in_every_round():
    inputs = a_power_sector()
    now = {row.code for _, row in scored(inputs)}
    panel = now.intersection(*(one.stood for one in inputs.past))
    assert len(panel) < len(now)
    moved = view_of(inputs).moved
    assert moved is not None
    assert f"The {len(panel)} institutions" in moved.says
    claims = [
        row.baseline.institution.claims_verified
        for _, row in scored(inputs)
        if row.code in panel and row.baseline is not None
    ]
    middle = median([points for points in claims if points is not None])
    assert middle is not None
    assert [row.claims for row in moved.rows] == ["40.0", "40.0", people(middle)]
    assert moved.rows[-1].assessed == str(len(now))


def test_a_round_in_which_nobody_of_today_stood_is_left_out():
    inputs = a_power_sector()
    foreign = PastRound("r0", "Round 0", {"somebody-else": (1, 1)})
    moved = view_of(replace(inputs, past=(foreign, *inputs.past))).moved
    assert moved is not None
    assert [row.title for row in moved.rows][:2] == ["Round 1", "Round 2"]
    assert view_of(replace(inputs, past=(foreign,))).moved is None


def test_controls_that_hold_most_down_come_first_with_what_is_to_be_in_place():
    inputs = a_power_sector()
    gaps = view_of(inputs).gaps
    assert [int(row.at) for row in gaps] == sorted((int(row.at) for row in gaps), reverse=True)
    first = gaps[0]
    low = [
        one
        for row in inputs.nation.rows
        for one in (row.baseline.controls if row.baseline else ())
        if one.id == first.control and one.assessed and (one.verified or 0) <= 4_000
    ]
    assert int(first.at) == len(low)
    assert first.next


def test_the_contradiction_rate_counts_each_claim_once():
    found = view_of(a_power_sector()).contradictions
    assert found is not None
    assert found.says[0].startswith("2 claims are contradicted by the network, at 2 institutions")
    assert found.says[1].startswith("That is ")
    assert found.says[2].startswith("Against them stand 3 contradictions: several checks")
    assert found.matrix is not None
    assert {row.id: row.total for row in found.matrix.rows} == {"IAM": "2", "NET": "1"}


@pytest.mark.parametrize("audience", ["board", "sector", "cert"])
def test_names_stand_only_where_they_may_be_read(audience):
    inputs = a_power_sector()
    html = html_of(inputs, audience)
    sees = "institutions" in definitions()["sector"].redaction[audience].sees
    assert {row.name for row in inputs.nation.rows if row.name in html} == (
        {row.name for row in inputs.nation.rows} if sees else set()
    )


def test_the_public_reads_of_a_sector_what_the_nations_report_says_of_it():
    nation = a_nation(200)
    report = definitions()["nation"]
    told = nation_view(report, "public", RENDERER.words(report), nation)
    rows = {row.label: row for row in told.spread.sectors}
    heat = {title: place for place, title in enumerate(label for label, _ in told.heat.groups)}
    seen = 0
    for sector in nation.content.catalogue.framework.sectors:
        view = view_of(SectorInputs(nation, sector.id, is_whole=True), "public")
        if sector.title not in rows or rows[sector.title].quartiles is None:
            assert (view.told, view.domains, view.verdict) == (None, None, None)
            assert "Nothing is told" in view.lead[0]
            continue
        seen += 1
        assert view.told == rows[sector.title]
        assert view.domains is not None
        place = heat[sector.title]
        assert [row.claims or "–" for row in view.domains.rows] == [
            cells[place].value for _, _, cells in told.heat.rows
        ]
        places = [mark.x for line in view.domains.chart.rows for mark in line.marks]
        assert all(place.removesuffix("%").isdigit() for place in places), "whole points alone"
        assert (view.bands, view.spread, view.moved, view.lowest) == (None, None, None, None)
        assert (view.gates, view.gaps, view.exposure, view.named) == ((), (), (), ())
    assert seen


def test_the_public_is_told_nothing_where_the_others_are_not_known():
    """Only beside all sectors can be seen whether a sector may be told of by itself."""
    view = view_of(a_power_sector(), "public")
    assert (view.told, view.domains) == (None, None)
    page = page_of(a_power_sector(), "public")
    assert "Nothing is told of this sector" in page.words


def test_a_regulator_reads_who_fails_what_by_name_and_nobody_else_does():
    inputs = a_power_sector()
    codes = [row.code for row in inputs.nation.rows]
    failures = (
        CheckFailure("lab.telnet-not-reachable", tuple(codes[:3]), 4),
        CheckFailure("lab.modern-versions-only", (codes[1],), 1),
    )
    inputs = replace(inputs, nation=replace(inputs.nation, failures=failures))
    view = view_of(inputs)
    assert {row.check: [code for code, _ in row.where] for row in view.exposure} == {
        one.check: list(one.institutions) for one in failures
    }
    each = {one.code: one for one in view.each}
    assert set(each) == set(codes)
    assert [row.check for row in each[codes[1]].failures] == [
        row.check for row in view.exposure if codes[1] in dict(row.where)
    ]
    assert each[codes[5]].failures == ()
    assert [control for control, _ in each[codes[0]].contradicted] == ["IAM-03"]
    hidden = view_of(inputs, "board")
    assert hidden.each == ()
    assert [row.where for row in hidden.exposure] == [(), ()]


def test_a_name_in_a_sectors_file_leads_to_what_is_said_of_it_there():
    html = html_of(a_power_sector(), "sector")
    for row in a_power_sector().nation.rows:
        assert f'<a href="#at-{row.code}">' in html
        assert html.count(f'id="at-{row.code}"') == 1


def test_that_all_have_answered_is_said_once():
    rows = tuple(row for row in a_power_sector().nation.rows if row.result is not None)
    inputs = replace(a_power_sector(), nation=replace(a_power_sector().nation, rows=rows))
    assert view_of(inputs).waiting is None
    assert 'href="#waiting"' not in html_of(inputs, "sector")


def test_what_only_the_network_decides_has_something_to_be_in_place_too():
    inputs = a_power_sector()
    asked = inputs.nation.content.catalogue.selected("A")
    unasked = next(one.id for one in asked if one.levels is None)

    def failing(row: InstitutionRow) -> InstitutionRow:
        if row.baseline is None:
            return row
        controls = tuple(
            one.model_copy(update={"verified": 0, "assessed": True}) if one.id == unasked else one
            for one in row.baseline.controls
        )
        return replace(row, baseline=row.baseline.model_copy(update={"controls": controls}))

    rows = tuple(failing(row) for row in inputs.nation.rows)
    gaps = view_of(replace(inputs, nation=replace(inputs.nation, rows=rows))).gaps
    assert unasked in {row.control for row in gaps}
    assert all(row.next for row in gaps)
