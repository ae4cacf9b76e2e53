"""What is exposed: counts that add up, what is late, what nobody looked at, and who reads where."""

from dataclasses import replace

import pytest
from press import RENDERER, definitions, html_of

from cyberposture.model.reports import Audience
from cyberposture.reporting.exposure_inputs import ExposureInputs, LookedAt
from cyberposture.reporting.samples.exposure import an_empty_exposure, an_exposure
from cyberposture.reporting.view.exposure import ExposureView, exposure_view


def view_of(inputs: ExposureInputs, audience: Audience = "cert") -> ExposureView:
    report = definitions()["exposure"]
    return exposure_view(report, audience, RENDERER.words(report), inputs)


def test_the_figures_count_what_stands_is_late_and_is_used_by_attackers():
    inputs = an_exposure()
    late = sum(one.sort == "late" for one in inputs.findings)
    used = sum(one.is_exploited for one in inputs.findings)
    view = view_of(inputs)
    assert [str(f.value) for f in view.figures[:3]] == [
        str(len(inputs.findings)),
        str(late),
        str(used),
    ]
    assert view.severities is not None
    assert view.severities.totals[-1] == str(len(inputs.findings))
    assert sum(row.findings for row in view.checks) == len(inputs.findings)
    assert sum(row.standing for row in view.houses) == len(inputs.findings)


def test_what_is_late_longest_comes_first():
    inputs = an_exposure()
    dues = sorted(f.due for f in inputs.findings if f.sort == "late" and f.due is not None)
    rows = view_of(inputs).oldest
    days = [max(0, (inputs.as_of - due).days) for due in dues]
    said = {0: "since today", 1: "1 day over"}
    told = [row.days_over for row in rows if row.days_over is not None]
    assert told == [said.get(n, f"{n} days over") for n in days[: len(told)]]
    assert told


def test_each_week_of_the_chart_stands_in_the_table_the_newest_first():
    inputs = an_exposure()
    weeks = view_of(inputs).weeks
    assert [(r.late, r.new, r.fixed) for r in weeks.rows] == [
        (w.late, w.new, w.fixed) for w in reversed(inputs.weeks)
    ]
    assert weeks.stood is not None
    last = weeks.stood.stacks[-1]
    assert {p.place: p.value for p in last.pieces}[1] == str(inputs.weeks[-1].late)


def test_what_was_not_looked_at_is_never_called_clean():
    looks = (LookedAt("power-1", 10, 4, 3, 2, 1, None),)
    view = view_of(replace(an_exposure(0), looks=looks))
    assert "4 of 10" in view.coverage.says[0]
    assert "Of 6 nothing is known" in view.coverage.says[1]
    assert "as far as anybody has looked" in view.lead[0]
    blind = (LookedAt("power-1", 10, 0, 3, 2, 5, None),)
    view = view_of(replace(an_exposure(0), looks=blind))
    assert "Nobody has looked lately" in view.lead[0]


def test_nothing_declared_says_so():
    view = view_of(replace(an_empty_exposure(), looks=()))
    assert "No address is declared" in view.coverage.says[0]
    assert view.coverage.bars == ()


@pytest.mark.parametrize("audience", ["board", "cert"])
def test_places_and_names_stand_only_where_they_may_be_read(audience):
    inputs = an_exposure()
    html = html_of(inputs, audience)
    sees = definitions()["exposure"].redaction[audience].sees
    assert ("127.40." in html) == ("addresses" in sees)
    assert any(name in html for _, name in inputs.names) == ("institutions" in sees)
    assert any(one.code in html for one in inputs.findings) == ("institutions" in sees)
