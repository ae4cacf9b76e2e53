"""A web server's own word on its product: read where it is plain, and never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.model.observations import HTTPFact
from cyberposture.scanning.matching.cpe import read_cpe
from cyberposture.scanning.reading.server_headers import claimed_by


def page(server: str | None, **changes) -> HTTPFact:
    headers = () if server is None else (("server", server),)
    given = {"address": "192.0.2.7", "port": 80, "tls": False, "outcome": "answered"}
    return HTTPFact.model_validate({**given, "headers": headers, **changes})


@pytest.mark.parametrize(
    ("server", "product", "cpe"),
    [
        ("Apache/2.2.8 (Ubuntu) PHP/5.2.4", "Apache httpd", "cpe:/a:apache:http_server:2.2.8"),
        ("nginx/1.18.0", "nginx", "cpe:/a:nginx:nginx:1.18.0"),
        ("Microsoft-IIS/7.5", "Microsoft IIS httpd",
         "cpe:/a:microsoft:internet_information_services:7.5"),
        ("Jetty(9.4.43.v20210629)", "Jetty", "cpe:/a:eclipse:jetty:9.4.43.v20210629"),
        ("lighttpd/1.4.55", "lighttpd", "cpe:/a:lighttpd:lighttpd:1.4.55"),
    ],
)  # fmt: skip
def test_a_plain_claim_names_product_and_version(server, product, cpe):
    found = claimed_by(page(server))
    assert found is not None
    assert (found.product, found.cpe, found.port) == (product, (cpe,), 80)
    assert read_cpe(cpe).key is not None


@pytest.mark.parametrize(
    "server",
    [None, "", "Apache", "nginx", "cloudflare", "PHP/5.4", "x Apache/2.2", "Apache/x", "/1"],
)
def test_what_names_no_known_product_with_a_version_says_nothing(server):
    assert claimed_by(page(server)) is None


def test_a_page_that_did_not_answer_says_nothing():
    assert claimed_by(page("Apache/2.2.8", outcome="timed-out")) is None


@given(st.text(max_size=300))
def test_no_header_whatever_makes_a_name_that_cannot_be_read(server):
    found = claimed_by(page(server))
    assert found is None or read_cpe(found.cpe[0]).key is not None
