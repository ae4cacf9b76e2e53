"""The letter after a scan: what this scan opened, saw again or closed, and nothing else."""

import pytest

from cyberposture.errors import NotFound, WrongUsage
from cyberposture.services.reports.letter_inputs import gather_letter
from cyberposture.services.reports.report import render_report
from cyberposture.services.reports.subjects import About
from cyberposture.services.scans.views import list_scans

TELNET = "cleartext.no-telnet-or-r-login"
HOST, OTHER = "127.50.0.1", "127.50.0.2"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
CLOSED = {"rest": "closed", "services": {"443": "ssl/http"}}


@pytest.fixture
def code(office):
    code = office.institution()
    office.declare(code, HOST, OTHER)
    return code


def scans_of(office) -> list[str]:
    found = list_scans(office.register)
    return [one.record.code for one in sorted(found, key=lambda one: one.record.act.at)]


def letter(office, scan):
    with office.register.reading() as connection:
        return gather_letter(office.register, connection, scan, ("198.51.100.7",))


def checks(inputs) -> dict[str, str]:
    return {one.check: one.state for one in inputs.about.findings}


def test_each_letter_tells_what_its_own_scan_showed(office, code):
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=2)
    office.look(code, HOST, **CLOSED)
    first, second = scans_of(office)
    assert letter(office, first).scan.code == first
    gone = checks(letter(office, second))
    assert gone[TELNET] == "closed"
    assert [one.code for one in letter(office, second).about.scans] == [second]
    assert letter(office, second).looked_at == 1


def test_what_came_later_is_in_no_earlier_letter(office, code):
    office.look(code, HOST, **CLOSED)
    office.clock.forward(days=2)
    office.look(code, HOST, **OPEN)
    first, second = scans_of(office)
    assert TELNET not in checks(letter(office, first))
    assert checks(letter(office, second))[TELNET] == "open"


def test_letter_of_one_institution_names_no_other(office, code, renderer):
    other = office.institution("dale-office")
    office.declare(other, "127.60.1.1")
    office.look(other, "127.60.1.1", **OPEN)
    office.clock.forward(days=1)
    office.look(code, HOST, **OPEN)
    about = About(scan=scans_of(office)[-1], sent_from=("198.51.100.7",))
    text = render_report(office.register, renderer, "letter", "board", about)
    assert HOST in text and "198.51.100.7" in text
    assert "127.60.1.1" not in text and "dale-office" not in text


def test_letter_needs_a_scan_that_is_there(office, renderer):
    with pytest.raises(WrongUsage):
        render_report(office.register, renderer, "letter", "board", About())
    with pytest.raises(NotFound):
        render_report(office.register, renderer, "letter", "board", About(scan="scan-0"))
    with pytest.raises(WrongUsage):
        render_report(office.register, renderer, "letter", "public", About(scan="scan-0"))


@pytest.fixture
def renderer():
    from cyberposture.content.bundle import find_content
    from cyberposture.reporting.render import Renderer

    return Renderer(find_content(None).reports)
