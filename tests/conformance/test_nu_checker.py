"""Our HTML as the Nu Html Checker of the W3C's community reads it; `make conformance` fetches it.

Every report for every audience with the worst data, and every page of the portal, in English and
in Urdu. Our own reader (`cyberposture report check`) is stricter; this one is nobody's of us.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from browser import Browser
from press import RENDERER, definitions
from test_every_page import PAGES, reader_of
from world import OWN, settle

from cyberposture.reporting.samples.worst import WORST
from cyberposture.services.reports.check import Press
from cyberposture.web.surroundings import LANGUAGES

CHECKER = Path(__file__).resolve().parents[2] / "build" / "conformance" / "vnu.jar"
NOT_KNOWN_YET = re.compile("CSS: “paint-order”: Property “paint-order” doesn't exist")
"""What stands in SVG 2 and in every browser, and not in the checker's list of properties."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHECKER.exists() and shutil.which("java")), reason="make conformance installs it"
    ),
]


def faults_in(folder: Path) -> list[str]:
    """Return what the checker holds to be wrong in a folder's files, each with file and line."""
    command = ["java", "-Xss4m", "-jar", str(CHECKER), "--format", "json", "--errors-only",
               "--stdout", "--skip-non-html", str(folder)]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    said = json.loads(done.stdout)["messages"]
    return [
        f"{one['url'].rpartition('/')[2]}:{one.get('lastLine', 0)}: {one['message']}"
        f" {one.get('extract', '')}"
        for one in said
        if not NOT_KNOWN_YET.search(one["message"])
    ]


def lay(folder: Path, pages: Iterable[tuple[str, str]]) -> int:
    """Write pages into a folder and return how many there were."""
    count = 0
    for name, html in pages:
        count += 1
        plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
        (folder / f"{count:04}-{plain}.html").write_bytes(html.encode("utf-8", "replace"))
    return count


def rendered() -> Iterable[tuple[str, str]]:
    """Yield every report with the worst data."""
    for report in definitions().values():
        row = WORST[report.subject]
        for data, make in row.kinds():
            for audience in report.audiences:
                for language in report.languages:
                    press = Press(RENDERER, report, audience, language, row)
                    yield f"{report.id} {audience} {language} {data}", press.html(make())


def opened(folder: Path) -> Iterable[tuple[str, str]]:
    """Yield every page of the portal as somebody who may open it gets it."""
    world = settle(folder)
    browser = Browser(world.app)
    for walk in PAGES:
        role = reader_of(walk)
        for language in LANGUAGES:
            cookies = {"language": language}
            if role:
                cookies["session"] = world.session_of(world.person_of(role))
            answer = browser.ask("GET", walk.at(world, OWN), cookies=cookies)
            if answer.headers["content-type"].startswith("text/html"):
                yield f"{walk.path} {language}", answer.text
    browser.close()
    world.runtime.close()


def test_a_fault_would_be_told(tmp_path):
    lay(tmp_path, [("broken", "<!DOCTYPE html><title>x</title><p id=a><p id=a><table><div>")])
    assert "Duplicate ID" in str(faults_in(tmp_path))


def test_every_report_is_valid_html_whatever_it_is_made_of(tmp_path, capsys):
    count = lay(tmp_path, rendered())
    with capsys.disabled():
        print(f" {count} renderings", end="")
    assert count > 300
    assert faults_in(tmp_path) == []


def test_every_page_of_the_portal_is_valid_html(tmp_path, tmp_path_factory, capsys):
    count = lay(tmp_path, opened(tmp_path_factory.mktemp("world")))
    with capsys.disabled():
        print(f" {count} pages", end="")
    assert count > 150
    assert faults_in(tmp_path) == []
