"""Rendering: templates see the view alone, open no file but their own, and fail with a place."""

import shutil
from pathlib import Path

import pytest
from press import RENDERER, definitions, institution_of

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_reports
from cyberposture.errors import InvalidInput, WrongUsage
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.samples.institution import (
    a_report,
)

REPORT = definitions()["institution"]


def rendered(tmp_path: Path, template: str) -> str:
    """Return what a template in a copy of the institution's folder makes of the usual view."""
    folder = tmp_path / "reports"
    if not folder.exists():
        shutil.copytree(find_content(None).reports, folder)
    (folder / "institution" / "report.html.j2").write_text(template)
    return Renderer(folder).render(REPORT, "cert", institution_of(a_report()))


def test_a_view_is_not_rendered_for_another_audience():
    with pytest.raises(WrongUsage, match="made for cert, not for public"):
        RENDERER.render(REPORT, "public", institution_of(a_report(), "cert"))


def test_a_report_is_refused_in_a_language_it_is_not_made_in():
    english = REPORT.model_copy(update={"languages": ("en",)})
    with pytest.raises(WrongUsage, match="not made in 'ur'"):
        RENDERER.words(english, "ur")


@pytest.mark.parametrize(
    "template",
    [
        "{{ view.nowhere }}",
        "{{ inputs }}",
        "{{ view.__class__ }}",
        "{{ view.words._patterns }}",
        "{{ say.__globals__ }}",
        "{{ view.frame.__dict__ }}",
        "{% include '../nation/report.yaml' %}",
        "{% include '/etc/hostname' %}",
        "{% include 'report.yaml/../../nation/report.html.j2' %}",
        "{% for %}",
        "{{ view.steps.append(1) }}",
    ],
)
def test_a_template_that_reaches_too_far_is_refused_with_its_place(tmp_path, template):
    with pytest.raises(InvalidInput, match="institution/"):
        rendered(tmp_path, template)


def test_a_missing_sentence_is_refused_by_its_name(tmp_path):
    with pytest.raises(InvalidInput, match=r"no sentence lead\.elsewhere"):
        rendered(tmp_path, "{{ say('lead.elsewhere') }}")


def test_a_template_may_include_its_own_and_the_shared_files(tmp_path):
    assert "Editions and witnesses" in rendered(tmp_path, "{% include 'editions.html.j2' %}")


def test_what_a_template_prints_is_escaped(tmp_path):
    assert rendered(tmp_path, "{{ '<b>' }}") == "&lt;b&gt;"


def test_a_new_report_costs_two_files(tmp_path):
    folder = tmp_path / "reports"
    shutil.copytree(find_content(None).reports, folder)
    brief = folder / "brief"
    brief.mkdir()
    definition = (folder / "institution" / "report.yaml").read_text()
    (brief / "report.yaml").write_text(definition.replace("id: institution", "id: brief"))
    (brief / "report.html.j2").write_text(
        '{% extends "page.html.j2" %}{% block content %}{{ view.standing.lead[0] }}'
        '{% include "editions.html.j2" %}{% endblock %}'
    )
    report = next(r for r in load_reports(folder) if r.id == "brief")
    html = Renderer(folder).render(report, "board", institution_of(a_report(), "board"))
    assert "On paper this operator is" in html


def test_nothing_is_read_before_the_first_report_is_asked_for(tmp_path):
    Renderer(tmp_path / "not there")
