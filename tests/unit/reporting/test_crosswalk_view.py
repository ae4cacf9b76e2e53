"""An institution's results in another framework's order: all of it, once, and the same figures."""

from collections import Counter
from dataclasses import replace

import pytest
from press import HOME, RENDERER, definitions

from cyberposture.content.comparing.elements import elements_of
from cyberposture.reporting.forms import in_form
from cyberposture.reporting.samples.crosswalk import a_crosswalk
from cyberposture.reporting.samples.institution import usual_report
from cyberposture.reporting.samples.worst import empty_report
from cyberposture.reporting.tables import read_tables
from cyberposture.reporting.view.crosswalk import crosswalk_view
from cyberposture.reporting.view.frame import shown

FRAMEWORKS = [one.id for one in usual_report().content.catalogue.neighbours]
REPORT = definitions()["crosswalk"]


def view_of(inputs, audience="cert", language="en"):
    return crosswalk_view(REPORT, audience, RENDERER.words(REPORT, language), inputs)


def html_of(inputs, audience="cert", language="en"):
    return RENDERER.render(REPORT, audience, view_of(inputs, audience, language))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_element_stands_once_in_its_order_and_every_edge_once(framework):
    inputs = a_crosswalk(usual_report(), framework)
    found = [element for group in view_of(inputs).elements for element in group.elements]
    assert tuple(one.id for one in found) == elements_of(inputs.framework)
    edges = Counter((one.id, edge.control) for one in found for edge in one.edges)
    assert set(edges.values()) == {1}
    assert set(edges) == {
        (edge.id, control.id)
        for control in inputs.about.content.catalogue.controls
        for edge in control.maps_to
        if edge.framework == framework
    }
    assert all((one.says is None) == bool(one.edges) for one in found)


def test_the_points_are_those_of_the_score():
    inputs = a_crosswalk(usual_report())
    scores = {one.id: one for one in inputs.about.score.result.controls}
    edges = [x for g in view_of(inputs).elements for e in g.elements for x in e.edges]
    for edge in edges:
        score = scores.get(edge.control)
        if score is None or not score.applicable:
            assert (edge.declared, edge.verified, edge.grade) == (None, None, None)
            assert edge.mark == ("unasked" if score is None else "out")
        else:
            expected = (shown(score.declared), shown(score.verified), score.grade)
            assert (edge.declared, edge.verified, edge.grade) == expected
    assert {"open", "closed", "out"} <= {edge.mark for edge in edges}


def test_the_counts_add_up_and_no_figure_is_made_of_the_framework():
    view = view_of(a_crosswalk(usual_report()))
    whole, *parts = (int(one.value) for one in view.tallies)
    assert whole == 93 == sum(parts)
    assert any("There is no total for the framework" in str(said) for said in view.lead)


def test_who_is_asked_little_reads_what_is_not_asked():
    edges = [x for g in view_of(a_crosswalk(empty_report())).elements for e in g.elements
             for x in e.edges]  # fmt: skip
    unasked = [edge for edge in edges if edge.mark == "unasked"]
    assert unasked
    assert {str(edge.mark_word) for edge in unasked} == {"not asked of this institution"}
    assert not any(edge.is_linked for edge in unasked)


def test_where_the_elements_are_not_known_that_is_said_and_no_edge_is_lost():
    inputs = a_crosswalk(usual_report())
    view = view_of(replace(inputs, elements=(), is_whole=False))
    assert any("known by number here" in str(said) for said in view.lead)
    whole = view_of(inputs)
    first, second = (
        {(e.id, x.control) for g in one.elements for e in g.elements for x in e.edges}
        for one in (view, whole)
    )
    assert first == second
    assert [one.value for one in view.tallies] == [one.value for one in whole.tallies]


def test_numbers_that_nobody_verified_are_never_told_as_fact():
    said = [str(one) for one in view_of(a_crosswalk(usual_report(), "pisf")).lead]
    assert any("has not been verified" in one for one in said)


def test_the_public_reads_no_name_and_nobodys_words():
    html = html_of(a_crosswalk(usual_report()), "public")
    assert "Indus Valley" not in html and "An institution that is not named" in html
    own = {one.reason for one in usual_report().answers.values() if one.reason}
    assert own
    assert not any(one in html for one in own)


def test_a_hostile_name_stays_text_and_the_workbook_has_every_row():
    inputs = a_crosswalk(usual_report())
    name = '=cmd|"/c calc"!A0<script>x</script>'
    owner = inputs.about.institution.model_copy(update={"name": name})
    html = html_of(replace(inputs, about=replace(inputs.about, institution=owner)))
    assert "<script" not in html
    rows = [row for table in read_tables(html) for row in table.rows
            if len(row) == 7 and row[0].text.startswith("A.")]  # fmt: skip
    assert len({row[0].text for row in rows}) == 93
    assert in_form(html, "xlsx", HOME)[:2] == b"PK"
