"""The page for whoever sees our scans in a log: what is set is told, in both languages."""

import re
from dataclasses import replace
from html import unescape

import pytest
from html_page import Page
from typer.testing import CliRunner

from cyberposture.cli.app import app
from cyberposture.content.bundle import find_content
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.scanner import ScannerFacts, scanner_page
from cyberposture.reporting.words import load_words

REPORTS = find_content(None).reports
FACTS = ScannerFacts(
    operator="Hill Country CERT",
    scanner="scanner-7",
    user_agent="cyberposture posture check (https://cert.example/scans)",
    addresses=("198.51.100.10", "2001:db8::10"),
    telephone="051 000 0000",
    contact="scans@cert.example",
    url="https://cert.example/scans",
    rate_pps=5,
    connections=2,
)


def html_of(facts=FACTS):
    renderer = Renderer(REPORTS)
    view = scanner_page(facts, [renderer.page_words("scanner", one) for one in ("en", "ur")])
    return renderer.render_page("scanner", "page.html.j2", view)


def halves(html):
    english, urdu = html.split('<section id="ur"')
    return english, urdu


@pytest.mark.parametrize(
    "told", ["Hill Country CERT", "scanner-7", "051 000 0000", "scans@cert.example",
             "198.51.100.10", "2001:db8::10", "cyberposture posture check"],
)  # fmt: skip
def test_what_is_set_is_told_in_both_languages(told):
    for half in halves(html_of()):
        assert told in half


def test_urdu_half_runs_from_the_right_and_says_that_it_is_a_draft():
    english, urdu = halves(html_of())
    assert 'dir="rtl"' in urdu[:40]
    assert "مسودہ" in urdu
    assert "مسودہ" not in english


def test_every_sentence_is_there_in_urdu():
    own = REPORTS / "scanner"
    english = {key for key in load_words([own], "en").keys if key.startswith("scanner.")}
    said = load_words([own], "ur")
    for key in english - {"scanner.here", "scanner.other"}:
        facts = dict.fromkeys(("telephone", "contact", "operator", "url", "scanner", "rate",
                               "connections"), "x")  # fmt: skip
        assert re.search("[\u0600-\u06ff]", said.say(key, **facts)), key


def test_page_loads_nothing_and_runs_nothing():
    html = html_of()
    assert not re.search(r"<script|<link|<img|@import|url\(|\bon\w+=", html)
    Page(html)  # every element is closed where it must be
    assert "default-src 'none'" in unescape(html)
    assert set(re.findall(r'href="([^"]*)"', html)) == {"#content", "#en", "#ur"}


def test_hostile_settings_stay_text():
    html = html_of(replace(FACTS, operator='<script>alert(1)</script>"\u202e'))
    assert "<script" not in html
    assert "\u202e" not in html


def test_what_is_not_set_is_said():
    html = html_of(replace(FACTS, addresses=(), telephone=None, contact=None, url=None))
    assert "The addresses of this scanner are not set" in html
    assert "No telephone is set" in html


def test_command_writes_the_page_from_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("CYBERPOSTURE_DUTY_TELEPHONE", "051 111 1111")
    monkeypatch.setenv("CYBERPOSTURE_SCANNER_ADDRESSES", "198.51.100.77")
    out = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["scan", "page", "--out", str(out), "--operator", "Hill CERT"])
    assert done.exit_code == 0, done.output
    html = out.read_text()
    for told in ("051 111 1111", "198.51.100.77", "Hill CERT"):
        assert told in html
