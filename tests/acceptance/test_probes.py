"""Our own visits against real services: what they see, and that nothing hostile breaks them."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.model.gate import ChunkQuestion
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan, permit
from cyberposture.scanning.sending.probe_http import (
    MAX_BODY,
    PATHS,
    Visitor,
    look_at_web,
    read_cookie,
)
from cyberposture.scanning.sending.probe_tls import look_at_tls, names_match

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]
ADDRESS, NAME = "127.78.0.1", "www.blue.example"
VISITOR = Visitor("posture check (duty desk)")


def permitted(technique: str, port: int, *, name: str | None = NAME, tls: int = 0) -> PermittedPlan:
    now = utc_now()
    scope = [{"cidr": "127.78.0.0/24", "ports": None, "special_allowed": True}]
    question = {
        "gate": 1, "now": now.isoformat(), "expected_s": 1, "name": name, "resolved": [],
        "protocol": "tcp", "load": 2, "stop": False, "deny": [], "excluded_elsewhere": [],
        "windows": [], "blackouts": [], "targets": [ADDRESS], "ports": [port],
        "authorisations": [
            {"id": "A-1", "granted": True, "valid_from": (now - timedelta(days=1)).isoformat(),
             "valid_until": (now + timedelta(days=1)).isoformat(), "withdrawn_at": None,
             "load": 2, "scope": scope, "exclusions": []}
        ],
    }  # fmt: skip
    plan = Plan(job="j-1", technique=technique, protocol="tcp", targets=(ADDRESS,), ports=(port,),
                load=2, name=name, expected_s=1, parameters={"tls": tls})  # fmt: skip
    return permit(plan, ChunkQuestion.model_validate(question))


@contextmanager
def serving(folder, **options):
    """Run one service at port 8443 (which needs no rights) and give the trust store."""
    certificates = Certificates(folder)
    service = Service.model_validate({"port": 8443, **options})
    host = Host(code="www", address=ADDRESS, names=(NAME,), services=(service,))
    with Laboratory([host], certificates, needed_port_offset()):
        yield certificates.ca_file


@contextmanager
def answering(data: bytes, *, forever: bool = False):
    """Run a server that sends these bytes to whoever connects, once or without end."""
    with socket.create_server((ADDRESS, 8443)) as server:
        ended = threading.Event()

        def serve() -> None:
            server.settimeout(0.2)
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    try:
                        connection.sendall(data)
                        while forever and not ended.is_set():
                            connection.sendall(data)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize(
    ("kind", "trusted", "matches"),
    [
        ("good", True, True),
        ("expired", True, True),
        ("expiring-soon", True, True),
        ("wrong-name", True, False),
        ("self-signed", False, True),
    ],
)
def test_a_certificate_is_judged_by_chain_and_name_apart_from_its_dates(
    tmp_path, kind, trusted, matches
):
    with serving(tmp_path, kind="https", certificate=kind) as store:
        (fact,) = look_at_tls(permitted("tls-handshake", 8443), store)
    assert (fact.outcome, fact.version) == ("answered", "TLSv1.3")
    assert fact.certificate is not None
    assert (fact.certificate.trusted, fact.certificate.matches_name) == (trusted, matches)
    assert (fact.certificate.not_after < utc_now()) is (kind == "expired")


def test_stop_between_two_handshakes_keeps_the_second_from_being_made(tmp_path):
    """A chain that is not trusted is looked at twice; a stop in between is heard."""
    answers = iter([False, True])
    with serving(tmp_path, kind="https", certificate="good"):
        seen = look_at_tls(permitted("tls-handshake", 8443), None, lambda: next(answers))
    assert seen == ()
    assert list(answers) == []


def test_stop_before_the_first_handshake_leaves_nothing_opened():
    assert look_at_tls(permitted("tls-handshake", 8443), None, lambda: True) == ()


def test_an_old_protocol_version_still_shows_its_certificate(tmp_path):
    options = {"kind": "https", "tls_min": "TLSv1.0", "tls_max": "TLSv1.0"}
    with serving(tmp_path, **options) as store:
        (fact,) = look_at_tls(permitted("tls-handshake", 8443), store)
    assert (fact.outcome, fact.version) == ("answered", "TLSv1")


def test_a_page_is_read_with_headers_cookies_and_marks_and_no_redirect_is_followed(tmp_path):
    with serving(tmp_path, kind="https"):
        page, missing, _ = look_at_web(permitted("http-exchange", 8443, tls=1), VISITOR)
    assert (page.outcome, page.status, page.path) == ("answered", 200, "/")
    assert "strict-transport-security" in dict(page.headers)
    assert all(cookie["secure"] and cookie["http_only"] for cookie in page.cookies)
    assert (missing.status, missing.path) == (404, PATHS[1])
    with serving(tmp_path, kind="http", site="redirect"):
        moved = look_at_web(permitted("http-exchange", 8443), VISITOR)[0]
    assert 300 <= (moved.status or 0) < 400


@pytest.mark.parametrize(
    ("site", "mark"), [("listing", "directory-listing"), ("stack-trace", "stack-trace")]
)
def test_what_a_page_gives_away_is_marked(tmp_path, site, mark):
    with serving(tmp_path, kind="http", site=site):
        pages = look_at_web(permitted("http-exchange", 8443), VISITOR)
    assert mark in {found for page in pages for found in page.marks}


def test_a_slow_host_ends_in_time_and_is_bothered_once(tmp_path):
    with serving(tmp_path, kind="slow", interval_s=0.5):
        began = time.monotonic()
        (page,) = look_at_web(permitted("http-exchange", 8443), VISITOR)
        (shake,) = look_at_tls(permitted("tls-handshake", 8443), None)
    assert page.outcome == "timed-out"
    assert shake.outcome in ("timed-out", "no-tls", "failed")
    assert time.monotonic() - began < 12


def test_a_closed_port_is_told_from_a_silent_one():
    (page,) = look_at_web(permitted("http-exchange", 8443), VISITOR)
    (shake,) = look_at_tls(permitted("tls-handshake", 8443), None)
    assert (page.outcome, shake.outcome) == ("refused", "refused")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 1000,
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 10_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/9.9 999 \xff\xfe\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    ],
)
def test_an_answer_that_is_no_page_is_never_taken_for_one(data):
    with answering(data):
        (page,) = look_at_web(permitted("http-exchange", 8443), VISITOR)[:1]
        (shake,) = look_at_tls(permitted("tls-handshake", 8443), None)
    assert page.outcome != "answered" or page.status in (200, 999)
    assert shake.outcome in ("no-tls", "failed", "timed-out")
    assert len(page.model_dump_json()) < 100_000


def test_an_endless_page_is_cut_off():
    head = b"HTTP/1.1 200 OK\r\n\r\n<title><script>alert(1)</script></title>"
    with answering(head + b"x" * 10_000, forever=True):
        page = look_at_web(permitted("http-exchange", 8443), VISITOR)[0]
    assert page.outcome == "answered"
    assert len(page.model_dump_json()) < MAX_BODY


def test_a_handshake_that_breaks_off_is_a_failure_and_no_crash(tmp_path):
    with serving(tmp_path, kind="broken-tls"):
        (shake,) = look_at_tls(permitted("tls-handshake", 8443), None)
        (page,) = look_at_web(permitted("http-exchange", 8443, tls=1), VISITOR)
    assert shake.outcome in ("failed", "no-tls")
    assert page.outcome in ("failed", "no-http")


@pytest.mark.parametrize(
    ("names", "wanted", "covered"),
    [
        (("www.blue.example",), "WWW.blue.example.", True),
        (("*.blue.example",), "www.blue.example", True),
        (("*.blue.example",), "blue.example", False),
        (("*.blue.example",), "a.b.blue.example", False),
        (("*",), "blue", False),
        ((), "blue.example", False),
    ],
)
def test_a_wildcard_stands_for_exactly_one_label(names, wanted, covered):
    assert names_match(names, wanted) is covered


def test_cookies_are_read_or_passed_over():
    assert read_cookie("a=1; Secure; HttpOnly; SameSite=Lax") == {
        "name": "a", "secure": True, "http_only": True, "same_site": "Lax",
    }  # fmt: skip
    assert read_cookie("a=1") == {
        "name": "a", "secure": False, "http_only": False, "same_site": None,
    }  # fmt: skip
    assert read_cookie("") is None
