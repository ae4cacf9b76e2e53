"""The laboratory's websites, as a browser of today and one of yesterday see them."""

import http.client
import ssl
import warnings
from dataclasses import dataclass
from email.message import Message

import pytest

from cyberposture.laboratory.hosts import Service

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]


@dataclass(frozen=True)
class Answer:
    """What a site answered, and over which TLS."""

    status: int
    headers: Message
    body: str
    tls_version: str | None = None
    suite: str | None = None


def fetch(served, path: str = "/", method: str = "GET") -> Answer:
    connection = http.client.HTTPConnection(
        served.address, served.port(80), timeout=served.timeout_s
    )
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return Answer(answer.status, answer.headers, body)


def fetch_tls(served, context: ssl.SSLContext) -> Answer:
    with (
        served.dial(443) as wire,
        context.wrap_socket(wire.sock, server_hostname=served.name) as sock,
    ):
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {served.name}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        body = answer.read().decode()
        return Answer(answer.status, answer.headers, body, sock.version(), sock.cipher()[0])


def old_client(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return the context of a client that speaks this one version and asks for no trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    return context


def test_kept_http_site_sends_every_security_header_and_no_version(serve):
    with serve(Service(kind="http", port=80)) as served:
        answer = fetch(served)
    assert answer.status == 200
    assert "<title>" in answer.body
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
        assert answer.headers[name]
    assert not any(character.isdigit() for character in answer.headers["Server"])
    assert answer.headers["Set-Cookie"] is None


def test_redirecting_http_site_sends_to_https_under_its_own_name(serve):
    with serve(Service(kind="http", port=80, site="redirect")) as served:
        answer = fetch(served, "/forms?x=1")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{served.name}/forms")


@pytest.mark.parametrize(
    ("site", "status", "mark"),
    [
        ("neglected", 200, 'type="password"'),
        ("listing", 200, "Index of /"),
        ("stack-trace", 500, "Traceback (most recent call last)"),
    ],
)
def test_neglected_http_site_shows_its_neglect_on_the_front_page(serve, site, status, mark):
    with serve(Service(kind="http", port=80, site=site)) as served:
        answer = fetch(served)
    assert answer.status == status
    assert mark in answer.body
    assert "2.2.8" in answer.headers["Server"]
    assert answer.headers["Content-Security-Policy"] is None


def test_neglected_site_sets_a_cookie_without_flags_and_lets_nobody_in(serve):
    with serve(Service(kind="http", port=80, site="neglected")) as served:
        cookie = fetch(served).headers["Set-Cookie"]
        refused = fetch(served, "/login", "POST")
    assert "PORTALSESSION" in cookie
    assert "secure" not in cookie.lower()
    assert "httponly" not in cookie.lower()
    assert refused.status == 403


def test_https_site_is_trusted_and_sends_hsts_and_a_guarded_cookie(serve):
    with serve(Service(kind="https", port=443)) as served:
        answer = fetch_tls(served, served.trust())
    assert answer.tls_version == "TLSv1.3"
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert all(word in answer.headers["Set-Cookie"] for word in ("Secure", "HttpOnly", "SameSite"))


def test_https_site_without_hsts_sends_none(serve):
    with serve(Service(kind="https", port=443, hsts=False)) as served:
        answer = fetch_tls(served, served.trust())
    assert answer.headers["Strict-Transport-Security"] is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_outdated_tls_is_really_spoken_where_it_is_offered(serve, version):
    https = Service(kind="https", port=443, tls_min="TLSv1.0", tls_max="TLSv1.2")
    with serve(https) as served:
        answer = fetch_tls(served, old_client(version))
    assert answer.tls_version == {"TLSv1": "TLSv1", "TLSv1_1": "TLSv1.1"}[version.name]


def test_well_kept_tls_answers_an_outdated_client_with_an_alert(serve):
    with (
        serve(Service(kind="https", port=443)) as served,
        pytest.raises(ssl.SSLError, match=r"(?i)alert"),
    ):
        fetch_tls(served, old_client(ssl.TLSVersion.TLSv1))


def test_weak_suites_come_without_forward_secrecy(serve):
    https = Service(kind="https", port=443, weak_suites=True, tls_max="TLSv1.2")
    with serve(https) as served:
        context = old_client(ssl.TLSVersion.TLSv1_2)
        assert fetch_tls(served, context).suite in ("AES128-SHA", "AES256-SHA", "AES128-SHA256")


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("wrong-name", "Hostname mismatch"),
        ("self-signed", "self-signed certificate"),
        ("weak-key", "key too weak"),
    ],
)
def test_bad_certificate_is_refused_for_its_own_reason(serve, kind, complaint):
    with serve(Service(kind="https", port=443, certificate=kind)) as served:
        strict = served.trust()
        strict.set_ciphers("DEFAULT:@SECLEVEL=2")
        with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
            fetch_tls(served, strict)


def test_certificate_that_expires_soon_is_trusted_until_then(serve):
    with serve(Service(kind="https", port=443, certificate="expiring-soon")) as served:
        assert fetch_tls(served, served.trust()).status == 200


def test_hostile_text_reaches_the_client_as_it_is(serve):
    script = "<script>alert('seen')</script>"
    http_service = Service(kind="http", port=80, banner=f"Apache/2.4 {script}", title=script)
    ftp_service = Service(kind="ftp", port=21, banner=script)
    with serve(http_service, ftp_service) as served:
        answer = fetch(served)
        with served.dial(21) as wire:
            assert wire.until(b"\r\n") == f"220 {script}\r\n".encode()
    assert script in answer.headers["Server"]
    assert f"<title>{script}</title>" in answer.body


def test_endless_header_is_ten_megabytes_long(serve):
    service = Service(kind="http", port=80, site="endless-header")
    with serve(service) as served, served.dial(80) as wire:
        wire.send(b"GET / HTTP/1.0\r\n\r\n")
        assert len(wire.rest()) > 10 * 1024 * 1024
