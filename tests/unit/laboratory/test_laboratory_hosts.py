"""The laboratory's plan refuses what is no loopback host, and options that make no sense."""

import re
from typing import get_args

import pytest
from pydantic import ValidationError

from cyberposture.laboratory.hosts import Host, Kind, Service, Zone
from cyberposture.laboratory.kinds import SHEETS


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "::1", "127.1", "0x7f000001", "127.0.0.0", "127.255.255.255", "here"]
)
def test_address_that_is_no_loopback_host_is_refused(address):
    with pytest.raises(ValidationError):
        Host(code="stray", address=address)


def test_two_services_on_one_port_are_refused():
    twins = (Service(kind="http", port=80), Service(kind="ssh", port=80))
    with pytest.raises(ValidationError, match="more than one service on port 80"):
        Host(code="crowded", address="127.1.2.3", services=twins)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("modbus", {"hsts": False}),
        ("http", {"certificate": "expired"}),
        ("telnet", {"tls": "starttls"}),
        ("dns", {"community": "public"}),
    ],
)
def test_option_that_the_kind_does_not_know_is_refused(kind, option):
    with pytest.raises(
        ValidationError, match=f"a {kind} service has no option {next(iter(option))}"
    ):
        Service(kind=kind, port=99, **option)


def test_tls_range_upside_down_is_refused():
    with pytest.raises(ValidationError, match=r"tls_min TLSv1\.3 is above tls_max TLSv1\.2"):
        Service(kind="https", port=443, tls_min="TLSv1.3", tls_max="TLSv1.2")


def test_zone_that_cannot_be_read_is_refused_with_its_name():
    with pytest.raises(ValidationError, match=r"zone broken\.example"):
        Zone(origin="broken.example", records="@ 3600 IN A not-an-address")


def test_every_kind_has_a_sheet_and_someone_who_speaks_for_it():
    assert set(SHEETS) == set(get_args(Kind))
    assert [kind for kind, sheet in SHEETS.items() if not (sheet.speaker or sheet.answerer)] == []


def test_readme_lists_every_kind_as_the_sheets_have_it(checkout):
    text = (checkout / "cyberposture" / "laboratory" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\d+)[^|]*\| (?:`([a-z/0-9-]+)`|none) \|", text, re.M)
    assert {kind: (int(port), name or None) for kind, port, name in rows} == {
        kind: (sheet.usual_port, sheet.nmap_name) for kind, sheet in SHEETS.items()
    }
