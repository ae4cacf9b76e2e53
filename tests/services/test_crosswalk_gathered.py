"""An institution's results in the order of another framework, made from the register."""

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.comparing.elements import elements_of
from cyberposture.errors import NotFound, WrongUsage
from cyberposture.reporting.render import Renderer
from cyberposture.services.reports.crosswalk_inputs import elements_known_now, gather_crosswalk
from cyberposture.services.reports.report import render_report
from cyberposture.services.reports.subjects import About

ISO = "iso-27001-2022"


def gather(office, code, framework=ISO):
    with office.register.reading() as connection:
        return gather_crosswalk(office.register, connection, code, framework, None)


def test_the_elements_are_all_of_the_framework_and_the_score_is_the_live_one(office):
    code = office.institution()
    found = gather(office, code)
    assert (found.is_whole, len(found.elements), found.elements[9]) == (True, 93, "A.5.10")
    assert found.about.kind == "live"
    assert found.about.score.result.controls


def test_an_unknown_framework_is_refused_with_those_that_there_are(office):
    code = office.institution()
    with pytest.raises(NotFound, match="framework") as refused:
        gather(office, code, "iso-9001")
    assert ISO in (refused.value.advice() or "")


def test_the_report_names_one_institution_alone_and_needs_its_framework(office):
    code, renderer = office.institution(), Renderer(find_content(None).reports)
    office.institution("dale-office")
    html = render_report(
        office.register, renderer, "crosswalk", "board", About(institution=code, framework=ISO)
    )
    assert 'id="element-A.8.34"' in html and "dale-office" not in html
    with pytest.raises(WrongUsage, match="--framework"):
        render_report(office.register, renderer, "crosswalk", "board", About(institution=code))


def test_what_an_older_edition_does_not_list_is_known_from_the_present_one(office):
    found = gather(office, office.institution())
    old = found.framework.model_copy(update={"ids": "A[.][0-9.]+"})
    assert elements_of(old) is None
    assert elements_known_now(office.register, old) == found.elements
    assert elements_known_now(office.register, old.model_copy(update={"edition": "2030"})) is None
