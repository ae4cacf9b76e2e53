"""Whoever reads Urdu sees where an institution, a sector and the nation stand in Urdu."""

import re

import pytest
from browser import Browser
from html_page import Page
from world import OWN, ROUND, SECTORS

from cyberposture.reporting.render import Renderer
from cyberposture.reporting.site import NOWHERE, Site
from cyberposture.services.reports import dashboards
from cyberposture.web.surroundings import COOKIE, LANGUAGE_COOKIE


@pytest.fixture
def portal(world):
    browser = Browser(world.app)
    yield browser
    browser.close()


def read_in_urdu(world, portal, address, role):
    """Return what this role reads in Urdu at an address."""
    cookies = {COOKIE: world.session_of(world.person_of(role)), LANGUAGE_COOKIE: "ur"}
    answer = portal.ask("GET", address, cookies=cookies)
    assert answer.status == 200
    return answer.text


def parts_of(html: str) -> str:
    """Return the parts of a report within a page of the portal."""
    found = re.search(r'<div class="report" lang="ur" dir="rtl">(.*)</div>', html, re.DOTALL)
    assert found is not None, "the parts are not in Urdu"
    return found[1].rpartition("</section>")[0] + "</section>"


def test_an_institution_is_shown_in_urdu(world, portal):
    html = read_in_urdu(world, portal, f"/institutions/{OWN}/results", "institution-lead")
    assert Page(parts_of(html)).english == []


def test_the_whole_report_is_sent_in_urdu(world, portal):
    address = f"/institutions/{OWN}/results/report"
    html = read_in_urdu(world, portal, address, "institution-lead")
    assert '<html lang="ur" dir="rtl">' in html
    assert Page(html).english == []


def test_the_results_stand_in_another_frameworks_order_in_urdu(world, portal):
    page = read_in_urdu(world, portal, f"/institutions/{OWN}/results", "institution-lead")
    links = re.findall(r'href="([^"]*/results/in-order[^"]*)"', page)
    assert [link.partition("framework=")[2].partition("&")[0] for link in links] == [
        "nist-csf-2", "iso-27001-2022", "cis-controls-8", "ncsc-caf-4"
    ]  # fmt: skip
    html = read_in_urdu(world, portal, links[1].replace("&amp;", "&"), "institution-lead")
    assert 'id="element-A.8.34"' in html
    assert Page(html).english == []


@pytest.mark.parametrize("sector", [None, SECTORS[OWN]])
def test_nation_and_sector_are_shown_in_urdu(world, sector):
    shown = dashboards.show_nation(
        world.register, Renderer(world.runtime.folders.reports), "board", ROUND, language="ur",
        sector=sector,
    )  # fmt: skip
    assert shown.language == "ur"
    assert Page(shown.parts.__html__()).english == []


def test_sectors_are_called_by_their_urdu_names(world, portal):
    assert "پانی" in read_in_urdu(world, portal, "/sectors", "cert-analyst")
    assert "<h1>پانی" in read_in_urdu(world, portal, "/sectors/water", "cert-analyst")


@pytest.mark.parametrize("sector", [None, SECTORS[OWN]])
def test_a_name_leads_to_the_page_of_whoever_one_may_read(world, sector):
    own = f"/institutions/{OWN}/results"
    renderer = Renderer(world.runtime.folders.reports)

    def shown(site: Site) -> str:
        return dashboards.show_nation(
            world.register, renderer, "cert", ROUND, language="ur", sector=sector, site=site
        ).parts.__html__()

    assert f'<a href="{own}">' in shown(Site(institutions={OWN: own}))
    assert own not in shown(NOWHERE)
