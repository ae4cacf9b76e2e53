"""Facts computed from a host's view: each value, and each way of not knowing."""

from typing import Any

import pytest
from view_samples import a_view

from cyberposture.scanning.judging.computed import COMPUTED
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found, Truth


def found(name: str, port: int | None = None, vantage: str = "external", **facts: Any) -> Found:
    view = a_view(vantage, **facts)
    tls = None if port is None else (port, True) in view.web
    return COMPUTED[name].function(Endpoint(view, "tcp", port, None, tls))


def value(name: str, port: int | None = None, vantage: str = "external", **facts: Any) -> Any:
    return found(name, port, vantage, **facts).value


def test_every_name_is_written_as_checks_write_it_and_says_what_it_is() -> None:
    assert all(name == name.lower() and fact.about for name, fact in COMPUTED.items())


TWO_OPEN = {"ports": {"22": "open", "443": "open"}, "rest": "closed"}


def test_undeclared_port_compares_with_the_register() -> None:
    assert value("undeclared-port", **TWO_OPEN, context={"services": ["443"]}) is True
    assert value("undeclared-port", **TWO_OPEN, context={"services": ["443", "22"]}) is False
    assert value("undeclared-port", **TWO_OPEN) is UNTESTED
    assert "22/tcp" in found("undeclared-port", **TWO_OPEN, context={"services": ["443"]}).note


def test_undeclared_port_of_another_protocol_is_undeclared() -> None:
    facts = {"ports": {"53": "open", "53/udp": "open"}, "context": {"services": ["53/udp"]}}
    assert value("undeclared-port", **facts) is True


def test_undeclared_port_stays_unknown_while_a_port_is_in_doubt() -> None:
    doubt = {"ports": {"443": "open", "22": "unfiltered"}, "context": {"services": ["443"]}}
    assert value("undeclared-port", **doubt) is UNKNOWN
    nothing = {"ports": {"161/udp": "closed"}, "context": {"services": ["443"]}}
    assert value("undeclared-port", **nothing) is UNTESTED


def test_undeclared_port_can_be_asked_of_one_port() -> None:
    declared = {**TWO_OPEN, "context": {"services": ["443"]}}
    assert value("undeclared-port", 22, **declared) is True
    assert value("undeclared-port", 443, **declared) is False
    assert value("undeclared-port", 21, **declared) is False
    asked_only = {"ports": {"443": "open", "22": "unknown"}, "context": {"services": ["443"]}}
    assert value("undeclared-port", 22, **asked_only) is UNKNOWN
    assert value("undeclared-port", 23, **asked_only) is UNTESTED


OFFICE = "internal:office"
PERMITTED = [{"origin": "office", "target": "servers", "ports": ["443"]}]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"zone": "servers", "flows": PERMITTED}, True),
        ({"zone": "servers", "flows": [{"origin": "office", "target": "servers"}]}, False),
        ({"zone": "servers", "flows": [{"origin": "plant", "target": "servers"}]}, True),
        ({"zone": "servers", "flows": []}, True),
        ({"zone": "office", "flows": []}, False),
        ({"zone": "servers"}, UNTESTED),
        ({"flows": PERMITTED}, UNTESTED),
    ],
)
def test_forbidden_flow_follows_the_declared_policy(context: dict[str, Any], expected: Any) -> None:
    assert value("forbidden-flow", vantage=OFFICE, **TWO_OPEN, context=context) is expected


def test_forbidden_flow_is_unknown_where_nothing_answered() -> None:
    context = {"zone": "servers", "flows": []}
    assert value("forbidden-flow", vantage=OFFICE, rest="filtered", context=context) is UNKNOWN


def test_crosses_zones_needs_both_zones() -> None:
    assert value("crosses-zones", vantage=OFFICE, context={"zone": "servers"}) is True
    assert value("crosses-zones", vantage=OFFICE, context={"zone": "office"}) is False
    assert value("crosses-zones", vantage=OFFICE) is UNTESTED
    assert value("crosses-zones", context={"zone": "servers"}) is UNTESTED


def test_undeclared_host_needs_a_register_and_an_answer() -> None:
    assert value("undeclared-host", **TWO_OPEN, context={"declared": False}) is True
    assert value("undeclared-host", **TWO_OPEN, context={"declared": True}) is False
    assert value("undeclared-host", **TWO_OPEN) is UNTESTED
    assert value("undeclared-host", rest="filtered", context={"declared": False}) is UNKNOWN


@pytest.mark.parametrize(
    ("service", "scripts", "expected"),
    [
        ({"name": "redis", "version": "7.0"}, {}, True),
        ({"name": "redis"}, {}, UNKNOWN),
        ({"name": "redis"}, {"redis-info": {"Version": "7.0"}}, True),
        ({"name": "redis"}, {"redis-info": "ERROR: Authentication required"}, False),
        ({"name": "mongodb", "version": "3.0", "extra": "need to login"}, {}, False),
        ({"name": "memcached", "version": "1.6"}, {}, True),
        ({"name": "redis", "guessed": True}, {}, UNKNOWN),
    ],
)
def test_unauthenticated_store_is_told_by_the_answer(
    service: dict[str, Any], scripts: dict[str, Any], expected: Any
) -> None:
    facts = {"services": {"6379": service}, "scripts": {"6379": scripts}}
    assert value("unauthenticated-store", 6379, **facts) is expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"headers": {"content-type": "text/html; charset=utf-8"}}, "page"),
        ({"headers": {"content-type": "application/json"}}, "data"),
        ({}, "data"),
        ({"status": 302}, "redirect"),
        ({"status": 404}, "nothing"),
        ({"status": 500}, "nothing"),
        ({"outcome": "timed-out"}, UNKNOWN),
        ({"path": "/other"}, UNTESTED),
    ],
)
def test_serves_tells_what_the_front_page_is(page: dict[str, Any], expected: Any) -> None:
    assert value("serves", 443, http=[page]) == expected


@pytest.mark.parametrize(
    ("status", "target", "expected"),
    [
        (301, "https://www.example.pk/", True),
        (308, "HTTPS://www.example.pk/", True),
        (200, "https://www.example.pk/", False),
        (301, None, False),
        (302, "/login", False),
        (302, "http://192.0.2.7/login", False),
        (302, "http://192.0.2.7:8080/login", False),
        (302, "http://www.example.pk/", UNKNOWN),
        (302, "//www.example.pk/", UNKNOWN),
    ],
)
def test_https_redirect_wants_https_at_once(
    status: int, target: str | None, expected: bool | Truth
) -> None:
    headers = {"location": target} if target else {}
    page = {"port": 80, "tls": False, "status": status, "headers": headers}
    assert value("https-redirect", 80, http=[page]) is expected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=31536000", 31_536_000),
        ('includeSubDomains; MAX-AGE = "600"', 600),
        ("max-age=0", 0),
        ("max-age=soon", 0),
        ("x-max-age=100", 0),
        ("max-age=" + "9" * 40, 0),
        (None, 0),
    ],
)
def test_hsts_max_age_reads_the_directive(header: str | None, seconds: int) -> None:
    headers = {"strict-transport-security": header} if header is not None else {}
    assert value("hsts-max-age", 443, http=[{"headers": headers}]) == seconds


def test_login_over_http_is_a_form_or_the_browsers_own_question() -> None:
    plain = {"port": 80, "tls": False}
    assert value("login-over-http", 80, http=[{**plain, "marks": ["login-form"]}]) is True
    asks = {**plain, "status": 401, "headers": {"www-authenticate": "Basic"}}
    assert value("login-over-http", 80, http=[asks]) is True
    assert value("login-over-http", 80, http=[{**plain, "status": 401}]) is False
    assert value("login-over-http", 443, http=[{"marks": ["login-form"]}]) is False
    assert value("login-over-http", 80, http=[{**plain, "outcome": "failed"}]) is UNKNOWN


@pytest.mark.parametrize(
    ("cookie", "lacks"),
    [
        ({"name": "sessionid", "secure": True, "http_only": True}, False),
        ({"name": "sessionid", "secure": True, "http_only": False}, True),
        ({"name": "theme", "secure": True, "http_only": False}, False),
        ({"name": "theme", "secure": False, "http_only": True}, True),
        ({"name": "XSRF-session", "secure": True, "http_only": False}, False),
        ({}, True),
    ],
)
def test_cookie_without_flags_looks_at_what_a_cookie_is_for(
    cookie: dict[str, Any], lacks: bool
) -> None:
    facts = {"http": [{"cookies": [cookie]}]}
    assert value("cookie-without-flags", 443, **facts) is lacks
    assert value("sets-cookies", 443, **facts) is True


def test_cookies_of_every_page_count() -> None:
    pages = [{}, {"path": "/missing", "status": 404, "cookies": [{"name": "a"}]}]
    assert value("sets-cookies", 443, http=[{}]) is False
    assert value("sets-cookies", 443, http=pages) is True
    assert value("cookie-without-flags", 443, http=pages) is True


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("directory-listing", "directory-listing"),
        ("stack-trace", "stack-trace"),
        ("status-page", "server-status"),
    ],
)
def test_a_mark_on_any_page_counts(name: str, mark: str) -> None:
    assert value(name, 443, http=[{}]) is False
    assert value(name, 443, http=[{}, {"path": "/missing", "marks": [mark]}]) is True
    assert value(name, 443, http=[{"outcome": "failed"}, {"path": "/x", "marks": [mark]}]) is (
        UNKNOWN
    )
    assert value(name, 443, rest="closed") is UNTESTED


@pytest.mark.parametrize(
    ("header", "text", "tells"),
    [
        ("server", "nginx/1.24.0", True),
        ("server", "nginx", False),
        ("x-powered-by", "PHP/8.2.1", True),
        ("x-aspnet-version", "4.0.30319", True),
        ("x-request-id", "1.2.3", False),
    ],
)
def test_banner_version_reads_the_telling_headers(header: str, text: str, tells: bool) -> None:
    assert value("banner-version", 443, http=[{"headers": {header: text}}]) is tells


def suites(*names: str) -> dict[str, Any]:
    listed = [{"name": name, "strength": "A"} for name in names]
    return {"scripts": {"443": {"ssl-enum-ciphers": {"TLSv1.2": {"ciphers": listed}}}}}


@pytest.mark.parametrize(
    ("suite", "is_weak", "is_static"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", False, False),
        ("TLS_AKE_WITH_AES_256_GCM_SHA384", False, False),
        ("TLS_AES_128_GCM_SHA256", False, False),
        ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA", False, False),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", False, True),
        ("TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", False, True),
        ("TLS_PSK_WITH_AES_128_CBC_SHA", False, True),
        ("TLS_RSA_WITH_RC4_128_SHA", True, True),
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", True, False),
        ("TLS_RSA_WITH_NULL_SHA256", True, True),
        ("TLS_DH_anon_WITH_AES_128_CBC_SHA", True, False),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", True, True),
        ("TLS_RSA_WITH_DES_CBC_SHA", True, True),
    ],
)
def test_suites_are_judged_by_their_names(suite: str, is_weak: bool, is_static: bool) -> None:
    facts = suites("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", suite)
    assert value("weak-suite", 443, **facts) is is_weak
    assert value("static-key-suite", 443, **facts) is is_static


@pytest.mark.parametrize(
    "tables",
    ["a text only", [], {"TLSv1.2": "x"}, {"TLSv1.2": {"ciphers": [1, {"name": 2}]}}, {}],
)
def test_suites_that_cannot_be_read_are_unknown(tables: Any) -> None:
    assert value("weak-suite", 443, scripts={"443": {"ssl-enum-ciphers": tables}}) is UNKNOWN


def test_suites_that_nobody_asked_for_are_untested() -> None:
    assert value("weak-suite", 443, services={"443": "ssl/http"}) is UNTESTED
    elsewhere = {"8443": {"ssl-enum-ciphers": {"TLSv1.2": {}}}}
    facts = {"services": {"443": "ssl/http", "8443": "ssl/http"}, "scripts": elsewhere}
    assert value("weak-suite", 443, **facts) is UNKNOWN


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (["aes256-ctr"], False),
        (["aes256-ctr", "arcfour256"], True),
        (["none"], True),
        (["DES-CBC"], True),
        (["3des-cbc"], False),
        ([], UNKNOWN),
        ("aes256-ctr", UNKNOWN),
        ([1, None], UNKNOWN),
    ],
)
def test_broken_ssh_encryption_reads_the_list(offered: Any, expected: Any) -> None:
    scripts = {"22": {"ssh2-enum-algos": {"encryption_algorithms": offered}}}
    assert value("broken-ssh-encryption", 22, scripts=scripts) is expected


def test_broken_ssh_encryption_without_a_list_is_untested() -> None:
    assert value("broken-ssh-encryption", 22, services={"22": "ssh"}) is UNTESTED
