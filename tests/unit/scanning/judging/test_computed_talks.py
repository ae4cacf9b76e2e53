"""Facts from short talks: each value, and each way in which a talk tells nothing."""

from typing import Any

import pytest
from view_samples import a_view

from cyberposture.scanning.judging.computed import COMPUTED
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found


def found(name: str, port: int, protocol: str = "tcp", **facts: Any) -> Found:
    view = a_view("external", **facts)
    return COMPUTED[name].function(Endpoint(view, protocol, port))


def value(name: str, port: int, protocol: str = "tcp", **facts: Any) -> Any:
    return found(name, port, protocol, **facts).value


def talk(port: str, speaks: str, **rest: Any) -> dict[str, Any]:
    return {"talks": [{"port": port, "speaks": speaks, **rest}]}


def mail(**rest: Any) -> dict[str, Any]:
    return {"mail": [rest]}


TOLD = [
    ("desktop-login-first", "3389", "rdp", "login-first"),
    ("screen-asks-for-login", "5900", "vnc", "asks-for-login"),
    ("share-version-one", "445", "smb", "version-1"),
    ("share-signing", "445", "smb", "signing-required"),
    ("database-encryption", "3306", "mysql", "encryption"),
    ("database-encryption", "5432", "postgresql", "encryption"),
    ("ftp-encryption", "21", "ftp", "encryption"),
    ("clock-synchronised", "123/udp", "ntp", "synchronised"),
    ("time-control-mode", "123/udp", "ntp", "control-mode"),
    ("time-monitor-list", "123/udp", "ntp", "monitor-list"),
]


@pytest.mark.parametrize(("fact", "port", "speaks", "told"), TOLD)
def test_what_was_told_is_taken_and_what_was_not_stays_open(fact, port, speaks, told):
    number, _, protocol = port.partition("/")
    at = (fact, int(number), protocol or "tcp")
    for said in (True, False):
        assert value(*at, **talk(port, speaks, told={told: said})) is said
    assert value(*at, **talk(port, speaks, told={told: None})) is UNKNOWN
    assert value(*at, **talk(port, speaks, told={})) is UNKNOWN
    for outcome in ("timed-out", "other", "failed"):
        assert value(*at, **talk(port, speaks, outcome=outcome)) is UNKNOWN
    assert value(*at, ports={"443": "open"}) is UNTESTED


def test_a_newer_try_in_vain_does_not_undo_an_answer():
    answers = [
        {"port": "445", "speaks": "smb", "told": {"version-1": True}},
        {"port": "445", "speaks": "smb", "outcome": "timed-out"},
    ]
    for both in (answers, answers[::-1]):
        assert value("share-version-one", 445, talks=both) is True


@pytest.mark.parametrize(
    ("protocol", "old"), [("1.5", True), ("1.99", True), ("2.0", False), ("", False)]
)
def test_protocol_one_of_ssh_is_known_by_its_greeting(protocol, old):
    assert value("old-ssh-protocol", 22, **talk("22", "ssh", told={"protocol": protocol})) is old


@pytest.mark.parametrize(("offset", "way"), [(-5, "behind"), (5, "ahead of")])
def test_a_clock_is_measured_either_way(offset, way):
    seen = found(
        "clock-offset-ms", 123, "udp", **talk("123/udp", "ntp", told={"offset-ms": offset})
    )
    assert seen.value == 5
    assert way in seen.note


@pytest.mark.parametrize(
    ("tls", "encryption", "version"),
    [
        (None, "none", UNKNOWN),
        ({"port": 25}, "works", "TLSv1.3"),
        ({"port": 25, "version": "TLSv1"}, "works", "TLSv1.0"),
        ({"port": 25, "outcome": "failed"}, "broken", UNKNOWN),
        ({"port": 25, "outcome": "timed-out"}, UNKNOWN, UNKNOWN),
    ],
)
def test_encryption_of_mail_is_none_or_broken_or_works(tls, encryption, version):
    offers = mail(abilities=["STARTTLS"] if tls else [], tls=tls)
    assert value("mail-encryption", 25, **offers) == encryption
    assert value("mail-tls-version", 25, **offers) == version


@pytest.mark.parametrize(
    ("relay", "expected"),
    [("accepted", True), ("refused", False), ("deferred", UNKNOWN), ("unclear", UNKNOWN)],
)
def test_only_a_refusal_to_relay_clears_a_mail_server(relay, expected):
    said = mail(asked="relay", relay=relay, reply="550 \u202eno\x00")
    seen = found("relays-for-strangers", 25, **said)
    assert seen.value is expected
    assert "\u202e" not in seen.note
    assert value("relays-for-strangers", 25, **mail()) is UNTESTED


def test_a_talk_names_the_service_as_nmap_does_and_a_detected_one_stays():
    view = a_view("external", **talk("3389", "rdp", told={"login-first": True}))
    assert view.services[("tcp", 3389)].service == "ms-wbt-server"
    seen = a_view(
        "external",
        services={"3389": {"name": "ms-wbt-server", "product": "xrdp"}},
        **talk("3389", "rdp", told={"login-first": True}),
    )
    assert seen.services[("tcp", 3389)].product == "xrdp"


def contact(**page: Any) -> dict[str, Any]:
    return {"http": [{}, {"path": "/.well-known/security.txt", **page}]}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"contact_file": {}}, "valid"),
        ({"contact_file": {"expires_in_days": -1}}, "expired"),
        ({"contact_file": {"expires_in_days": None}}, "no-expiry"),
        ({"contact_file": {"contacts": []}}, "no-contact"),
        ({"status": 404}, "none"),
        ({"status": 302}, UNKNOWN),
        ({"status": 503}, UNKNOWN),
        ({"outcome": "timed-out"}, UNKNOWN),
    ],
)
def test_contact_file_is_worth_what_it_says(page, expected):
    view = a_view("external", **contact(**page))
    endpoint = Endpoint(view, "tcp", 443, None, True)
    assert COMPUTED["contact-file"].function(endpoint).value == expected


POLICIES = [
    ("default-src 'self'", False),
    ("default-src 'self' 'unsafe-inline'", True),
    ("default-src 'unsafe-inline'; script-src 'self'", False),
    ("script-src 'unsafe-inline' 'nonce-abc'", False),
    ("script-src 'unsafe-inline' 'strict-dynamic'", False),
    ("frame-ancestors 'none'", True),
]


@pytest.mark.parametrize(("policy", "is_open"), POLICIES)
def test_inline_scripts_are_kept_out_or_let_in(policy, is_open):
    page = {"headers": {"content-security-policy": policy}}
    endpoint = Endpoint(a_view("external", http=[page]), "tcp", 443, None, True)
    assert COMPUTED["inline-scripts"].function(endpoint).value is is_open


def groups(*kinds: str) -> dict[str, Any]:
    ciphers = [{"name": "S", "kex_info": kind} for kind in kinds]
    tables = {"TLSv1.2": {"ciphers": ciphers}}
    return {"services": {"443": "ssl/http"}, "scripts": {"443": {"ssl-enum-ciphers": tables}}}


def test_a_group_is_too_small_below_2048_bits():
    assert value("short-key-exchange", 443, **groups("dh 1024", "secp256r1")) is True
    assert value("short-key-exchange", 443, **groups("dh 2048", "ecdh_x25519")) is False
    assert value("short-key-exchange", 443, **groups()) is UNKNOWN


def test_a_declared_service_is_missing_only_where_its_port_is_closed():
    declared = {"context": {"services": ["443", "25"]}}
    open_port = {"ports": {"443": "open"}}
    assert value("missing-service", 0, **open_port, rest="closed", **declared) is True
    assert value("missing-service", 0, **open_port, rest="filtered", **declared) is UNKNOWN
    assert value("missing-service", 0, **open_port, **declared) is UNTESTED
