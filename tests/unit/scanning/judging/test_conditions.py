"""Every word of the check format, with every answer that it can give."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from view_samples import a_view

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_checks
from cyberposture.errors import InvalidInput
from cyberposture.model.checks import Expression
from cyberposture.model.examples import ExampleFacts
from cyberposture.model.observations import (
    Certificate,
    DNSFact,
    ExtraPorts,
    Fact,
    HostFact,
    HTTPFact,
    PortFact,
    ScriptOutput,
    TLSFact,
)
from cyberposture.scanning.judging.conditions import compile_expression
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.examples import ADDRESS, MOMENT, compile_facts
from cyberposture.scanning.judging.hostview import Endpoint, HostView, view_host
from cyberposture.scanning.judging.truth import FALSE, NEGATED, TRUE, UNKNOWN, UNTESTED, Truth
from cyberposture.scanning.judging.wording import MAX_SAYS


def truth(expression: dict[str, Any], view: HostView, port: int | None = None, **at: Any) -> Truth:
    condition = compile_expression(Expression.model_validate(expression), "a check")
    endpoint = Endpoint(view, at.pop("protocol", "tcp"), port, **at)
    assert isinstance(condition.tell(endpoint), str)
    return condition.test(endpoint)


MIXED = {
    "rest": "closed",
    "ports": {"22": "open", "23": "unfiltered", "24": "filtered"},
    "services": {"80": "http", "25": "tcpwrapped"},
}


@pytest.mark.parametrize(
    ("port", "expected"), [(22, TRUE), (21, FALSE), (24, FALSE), (23, UNKNOWN), (25, UNKNOWN)]
)
def test_port_open_follows_the_state(port: int, expected: Truth) -> None:
    assert truth({"port_open": "any"}, a_view(**MIXED), port) is expected


def test_port_open_of_a_port_that_was_not_asked_for_is_untested() -> None:
    assert truth({"port_open": "any"}, a_view(ports={"22": "open"}), 23) is UNTESTED


def test_port_open_with_a_list_is_false_elsewhere() -> None:
    view = a_view(**MIXED)
    assert truth({"port_open": [22]}, view, 22) is TRUE
    assert truth({"port_open": [23]}, view, 22) is FALSE


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rest": "closed", "ports": {"22": "open"}}, TRUE),
        ({"rest": "closed", "ports": {"22": "closed"}}, FALSE),
        ({"rest": "closed", "ports": {"22": "closed", "23": "unknown"}}, UNKNOWN),
        ({"ports": {"161/udp": "closed"}}, UNTESTED),
    ],
)
def test_port_open_of_a_host_asks_all_of_its_ports(facts: dict[str, Any], expected: Truth) -> None:
    assert truth({"port_open": "any"}, a_view(**facts)) is expected


def test_port_open_of_a_host_with_a_list_asks_those_ports() -> None:
    view = a_view(ports={"22": "open", "80": "closed"})
    assert truth({"port_open": [22, 80]}, view) is TRUE
    assert truth({"port_open": [80]}, view) is FALSE
    assert truth({"port_open": [80, 81]}, view) is UNTESTED


@pytest.mark.parametrize(
    ("port", "expected"),
    [(80, TRUE), (21, FALSE), (24, FALSE), (22, UNKNOWN), (23, UNKNOWN), (25, UNKNOWN)],
)
def test_service_needs_an_exchange(port: int, expected: Truth) -> None:
    assert truth({"service": ["http"]}, a_view(**MIXED), port) is expected


def test_service_is_matched_whole_and_with_its_tls() -> None:
    view = a_view(rest="closed", services={"443": "ssl/http"})
    assert truth({"service": ["http"]}, view, 443) is FALSE
    assert truth({"service": ["ssl/http"]}, view, 443) is TRUE
    assert truth({"service": ["http"]}, a_view(ports={"22": "open"}), 80) is UNTESTED


def test_a_guessed_service_proves_nothing() -> None:
    view = a_view(rest="closed", services={"23": {"name": "telnet", "guessed": True}})
    assert truth({"service": ["telnet"]}, view, 23) is UNKNOWN
    assert truth({"service": ["ssh"]}, view, 23) is UNKNOWN


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rest": "closed", "services": {"2200": "ssh"}}, TRUE),
        ({"rest": "closed", "services": {"2200": "http"}}, FALSE),
        ({"rest": "closed", "ports": {"2200": "open"}}, UNKNOWN),
        ({"ports": {"161/udp": "open"}}, UNTESTED),
    ],
)
def test_service_of_a_host_asks_each_open_port(facts: dict[str, Any], expected: Truth) -> None:
    assert truth({"service": ["ssh"]}, a_view(**facts)) is expected


def says(**words: str) -> dict[str, Any]:
    return {"script_says": {"script": "redis-info", **words}}


def test_script_says_reads_the_output_without_letter_case() -> None:
    view = a_view(
        services={"6379": "redis", "6380": "redis"},
        scripts={"6379": {"redis-info": "Version 7.0"}},
        rest="closed",
    )
    assert truth(says(contains="version"), view, 6379) is TRUE
    assert truth(says(contains="password"), view, 6379) is FALSE
    assert truth(says(absent="VERSION"), view, 6379) is FALSE
    assert truth(says(absent="password"), view, 6379) is TRUE
    assert truth(says(contains="version"), view, 6380) is UNKNOWN
    assert truth(says(contains="version"), view, 6381) is FALSE


def test_a_script_that_nobody_ran_is_untested_and_one_that_was_run_in_vain_unknown() -> None:
    view = a_view(rest="closed", services={"6379": "redis"})
    assert truth(says(contains="version"), view, 6379) is UNTESTED
    fact = compile_facts(
        ExampleFacts.model_validate({"rest": "closed", "services": {"6379": "redis"}})
    )[0].model_copy(update={"parameters": {"scripts": ["redis-info"]}})
    assert truth(says(contains="version"), view_host([fact]), 6379) is UNKNOWN


OLD = {"tls_version": ["TLSv1.0", "TLSv1.1"]}


def ciphers(*versions: str) -> dict[str, Any]:
    tables = {"least strength": "A", **{version: {"ciphers": []} for version in versions}}
    return {
        "rest": "closed",
        "services": {"443": "ssl/http", "8443": "ssl/http"},
        "scripts": {"443": {"ssl-enum-ciphers": tables}},
    }


def test_tls_version_is_decided_by_a_list_of_all_versions() -> None:
    assert truth(OLD, a_view(**ciphers("TLSv1.0", "TLSv1.3")), 443) is TRUE
    assert truth(OLD, a_view(**ciphers("TLSv1.2", "TLSv1.3")), 443) is FALSE
    assert truth(OLD, a_view(**ciphers()), 443) is UNKNOWN
    assert truth(OLD, a_view(**ciphers("TLSv1.2")), 8443) is UNKNOWN
    assert truth(OLD, a_view(**ciphers("TLSv1.2")), 80) is FALSE


def test_one_handshake_shows_a_version_but_never_the_absence_of_another() -> None:
    assert truth(OLD, a_view(tls=[{"version": "TLSv1.1"}]), 443) is TRUE
    assert truth(OLD, a_view(tls=[{"version": "TLSv1.3"}]), 443) is UNTESTED


@pytest.mark.parametrize(
    ("flaw", "certificate", "expected"),
    [
        ("expired", {"days_left": -1}, TRUE),
        ("expired", {"days_left": 1}, FALSE),
        ("not-yet-valid", {"begins_in_days": 1}, TRUE),
        ("not-yet-valid", {"begins_in_days": 0}, FALSE),
        ("expires-soon", {"days_left": 13}, TRUE),
        ("expires-soon", {"days_left": 14}, FALSE),
        ("expires-soon", {"days_left": -1}, FALSE),
        ("untrusted", {"trusted": False, "problem": "self-signed certificate"}, TRUE),
        ("untrusted", {"trusted": True}, FALSE),
        ("untrusted", {"trusted": None}, UNKNOWN),
        ("name-mismatch", {"matches_name": False}, TRUE),
        ("name-mismatch", {"matches_name": True}, FALSE),
        ("name-mismatch", {"matches_name": None}, UNTESTED),
        ("weak-key", {"key_bits": 1024}, TRUE),
        ("weak-key", {"key_bits": 2048}, FALSE),
        ("weak-key", {"key_kind": "EC", "key_bits": 192}, TRUE),
        ("weak-key", {"key_kind": "EC", "key_bits": 256}, FALSE),
        ("weak-key", {"key_kind": "DSA", "key_bits": 3072}, TRUE),
        ("weak-key", {"signature_hash": "SHA-1"}, TRUE),
        ("weak-key", {"key_kind": "EdDSA", "key_bits": 256, "signature_hash": None}, FALSE),
    ],
)
def test_certificate_sees_each_flaw(
    flaw: str, certificate: dict[str, Any], expected: Truth
) -> None:
    view = a_view(tls=[{"certificate": certificate}])
    assert truth({"certificate": flaw}, view, 443) is expected


def test_certificate_without_a_handshake_is_untested_and_without_its_end_unknown() -> None:
    expired = {"certificate": "expired"}
    assert truth(expired, a_view(rest="closed", services={"443": "ssl/http"}), 443) is UNTESTED
    timed_out = a_view(ports={"443": "open"}, tls=[{"outcome": "timed-out"}])
    assert truth(expired, timed_out, 443) is UNKNOWN
    assert truth(expired, a_view(tls=[{"certificate": None}]), 443) is UNKNOWN


def test_a_certificate_is_never_judged_by_the_date_of_today() -> None:
    fact = compile_facts(ExampleFacts.model_validate({"tls": [{"certificate": {}}]}))[0]
    undated = fact.model_copy(update={"started_at": None, "ended_at": None})
    for flaw in ("expired", "not-yet-valid", "expires-soon"):
        assert truth({"certificate": flaw}, view_host([undated]), 443) is UNKNOWN


def test_each_name_has_a_handshake_of_its_own() -> None:
    view = a_view(
        tls=[
            {"name": "a.example", "certificate": {"days_left": -1}},
            {"name": "b.example", "certificate": {"days_left": 9}},
        ]
    )
    assert truth({"certificate": "expired"}, view, 443, name="a.example") is TRUE
    assert truth({"certificate": "expired"}, view, 443, name="b.example") is FALSE
    assert truth({"certificate": "expired"}, view, 443, name="c.example") is UNTESTED


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"absent": True}, FALSE),
        ({"contains": "NOSNIFF"}, TRUE),
        ({"contains": "other"}, FALSE),
        ({"lacks": "nosniff"}, FALSE),
        ({"lacks": "other"}, TRUE),
    ],
)
def test_header_reads_the_front_page(words: dict[str, Any], expected: Truth) -> None:
    view = a_view(http=[{"headers": {"X-Content-Type-Options": "nosniff"}}])
    assert truth({"header": {"name": "x-content-type-options", **words}}, view, 443) is expected


def test_a_missing_header_is_absent_and_lacks_every_text() -> None:
    view = a_view(http=[{"headers": {}}, {"path": "/other", "headers": {"server": "x"}}])
    assert truth({"header": {"name": "server", "absent": True}}, view, 443) is TRUE
    assert truth({"header": {"name": "server", "lacks": "x"}}, view, 443) is TRUE
    assert truth({"header": {"name": "server", "contains": "x"}}, view, 443) is FALSE


def test_a_header_of_a_page_that_never_came_is_unknown() -> None:
    absent = {"header": {"name": "server", "absent": True}}
    view = a_view(ports={"443": "open", "80": "open"}, http=[{"outcome": "timed-out"}])
    assert truth(absent, view, 443) is UNKNOWN
    assert truth(absent, view, 80) is UNTESTED


def dns_view(*lookups: tuple[str, str, tuple[str, ...]]) -> HostView:
    found = tuple(
        DNSFact.model_validate({"name": name, "kind": "TXT", "outcome": outcome, "records": rows})
        for name, outcome, rows in lookups
    )
    return view_host([Fact(address=ADDRESS, technique="dns", outcome="answered", dns=found)])


@pytest.mark.parametrize(
    ("outcome", "rows", "expected"),
    [
        ("answered", ("v=DMARC1; p=reject",), (FALSE, TRUE, FALSE)),
        ("answered", ("something else",), (FALSE, FALSE, TRUE)),
        ("no-record", (), (TRUE, FALSE, TRUE)),
        ("no-such-name", (), (TRUE, FALSE, TRUE)),
        ("failed", (), (UNKNOWN, UNKNOWN, UNKNOWN)),
        ("timed-out", (), (UNKNOWN, UNKNOWN, UNKNOWN)),
        ("refused", (), (UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_dns_absence_needs_a_completed_lookup(
    outcome: str, rows: tuple[str, ...], expected: tuple[Truth, ...]
) -> None:
    view = dns_view(("_dmarc.example.pk", outcome, rows))
    word = {"kind": "TXT", "under": "_dmarc"}
    asked = [{"absent": True}, {"contains": "v=dmarc1"}, {"lacks": "v=dmarc1"}]
    assert tuple(truth({"dns_record": {**word, **one}}, view) for one in asked) == expected


def test_dns_records_of_another_name_or_kind_are_no_answer() -> None:
    view = dns_view(("_dmarc.example.pk", "answered", ("v=DMARC1",)))
    absent = {"dns_record": {"kind": "TXT", "under": "_dmarc", "absent": True}}
    assert truth(absent, view, name="example.pk") is FALSE
    assert truth(absent, view, name="other.pk") is UNTESTED
    assert truth({"dns_record": {"kind": "MX", "absent": True}}, view) is UNTESTED
    assert truth({"dns_record": {"kind": "TXT", "under": "_mta-sts", "absent": True}}, view) is (
        UNTESTED
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("9.1", UNKNOWN),
        ("v8.9p1", UNKNOWN),
        ("9.2.0", FALSE),
        ("9.2", FALSE),
        ("10.0", FALSE),
        (None, UNKNOWN),
        ("unknown", UNKNOWN),
    ],
)
def test_an_old_version_in_a_banner_is_a_question_and_never_a_failure(
    version: str | None, expected: Truth
) -> None:
    service = {"name": "ssh", "product": "OpenSSH", "version": version}
    view = a_view(rest="closed", services={"22": service})
    assert truth({"product": {"name": "openssh", "below": "9.2"}}, view, 22) is expected


def test_product_is_found_by_a_part_of_its_name() -> None:
    view = a_view(
        rest="closed", services={"22": {"name": "ssh", "product": "OpenSSH"}, "23": "telnet"}
    )
    assert truth({"product": {"name": "ssh"}}, view, 22) is TRUE
    assert truth({"product": {"name": "dropbear"}}, view, 22) is FALSE
    assert truth({"product": {"name": "ssh"}}, view, 23) is UNKNOWN
    assert truth({"product": {"name": "ssh"}}, view, 24) is FALSE


def test_fact_compares_values_and_bounds() -> None:
    view = a_view(http=[{"headers": {"strict-transport-security": "max-age=100"}}])
    assert truth({"fact": {"name": "hsts-max-age", "below": 101}}, view, 443) is TRUE
    assert truth({"fact": {"name": "hsts-max-age", "below": 100}}, view, 443) is FALSE
    assert truth({"fact": {"name": "hsts-max-age", "is": 100}}, view, 443) is TRUE
    assert truth({"fact": {"name": "serves", "is": "data"}}, view, 443) is TRUE
    assert truth({"fact": {"name": "serves", "is": "page"}}, view, 443) is FALSE
    assert truth({"fact": {"name": "serves", "is": "page"}}, view, 80) is UNTESTED


@pytest.mark.parametrize(
    ("fact", "fault"),
    [
        ({"name": "no-such-fact", "is": True}, "no computed fact 'no-such-fact'"),
        ({"name": "serves", "is": "cake"}, "serves never has such a value"),
        ({"name": "serves", "below": 3}, "serves never has such a value"),
        ({"name": "weak-suite", "is": 1}, "weak-suite never has such a value"),
        ({"name": "hsts-max-age", "is": True}, "hsts-max-age never has such a value"),
    ],
)
def test_a_fact_that_does_not_exist_is_refused_when_it_is_compiled(
    fact: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidInput, match=fault):
        compile_expression(Expression.model_validate({"fact": fact}), "pack.check")


OPEN, SERVICE = {"port_open": "any"}, {"service": ["ssh"]}


def test_words_join_without_rounding_what_is_not_known() -> None:
    view = a_view(rest="closed", ports={"22": "open"})
    assert truth({"all_of": [OPEN, SERVICE]}, view, 22) is UNKNOWN
    assert truth({"any_of": [OPEN, SERVICE]}, view, 22) is TRUE
    assert truth({"none_of": [OPEN, SERVICE]}, view, 22) is FALSE
    assert truth({"none_of": [SERVICE]}, view, 22) is UNKNOWN
    assert truth({"all_of": [OPEN, SERVICE]}, view, 23) is FALSE
    assert truth({"none_of": [OPEN, SERVICE]}, view, 23) is TRUE


def test_what_a_condition_tells_comes_from_the_parts_that_decided() -> None:
    view = a_view(
        rest="closed", services={"22": {"name": "ssh", "product": "OpenSSH", "version": "9.2"}}
    )
    told = compile_expression(
        Expression.model_validate({"all_of": [SERVICE, {"service": ["ssh", "telnet"]}]}), "x"
    ).tell(Endpoint(view, "tcp", 22))
    assert told == "found ssh “OpenSSH 9.2”"


TEXT = st.text(max_size=30)
WORDS = st.sampled_from(
    [
        {"port_open": "any"},
        {"port_open": [22, 443]},
        {"service": ["ssh", "ssl/http"]},
        {"script_says": {"script": "ssl-enum-ciphers", "contains": "a"}},
        {"tls_version": ["TLSv1.0"]},
        *({"certificate": flaw} for flaw in ("expired", "untrusted", "weak-key", "name-mismatch")),
        {"header": {"name": "server", "contains": "a"}},
        {"header": {"name": "server", "absent": True}},
        {"dns_record": {"kind": "TXT", "absent": True}},
        {"product": {"name": "a", "below": "2.0"}},
        *(
            {"fact": {"name": name, "is": True}}
            for name in (
                "banner-version",
                "broken-ssh-encryption",
                "cookie-without-flags",
                "directory-listing",
                "forbidden-flow",
                "https-redirect",
                "login-over-http",
                "sets-cookies",
                "static-key-suite",
                "unauthenticated-store",
                "undeclared-host",
                "undeclared-port",
                "weak-suite",
            )
        ),
        {"fact": {"name": "serves", "is": "page"}},
        {"fact": {"name": "hsts-max-age", "below": 1}},
    ]
)
PORTS = st.sampled_from([21, 22, 443])
TABLES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["TLSv1.2", "ciphers", "name", "encryption_algorithms"]) | TEXT,
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
SCRIPTS = st.builds(
    ScriptOutput,
    id=st.sampled_from(["ssl-enum-ciphers", "ssh2-enum-algos", "redis-info"]),
    output=TEXT,
    tables=TABLES,
)
PORT_FACTS = st.builds(
    PortFact,
    protocol=st.sampled_from(["tcp", "udp", "sctp"]),
    port=PORTS,
    state=st.sampled_from(["open", "closed", "filtered", "open|filtered"]) | TEXT,
    service=st.none() | st.sampled_from(["ssh", "ssl/http", "http", "tcpwrapped"]) | TEXT,
    product=st.none() | TEXT,
    version=st.none() | TEXT,
    extra_info=st.none() | TEXT,
    method=st.sampled_from(["probed", "table", None]),
    scripts=st.lists(SCRIPTS, max_size=2).map(tuple),
)
RANGES = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=3).map(tuple)
EXTRAS = st.builds(
    ExtraPorts,
    state=st.sampled_from(["closed", "filtered", "open", "unknown"]),
    count=st.integers(0, 600),
    ranges=st.none() | RANGES,
)
CERTIFICATES = st.builds(
    Certificate,
    subject=TEXT,
    issuer=TEXT,
    names=st.lists(TEXT, max_size=2).map(tuple),
    not_before=st.just(MOMENT),
    not_after=st.just(MOMENT),
    key_kind=TEXT | st.just("RSA"),
    key_bits=st.integers(-5, 5000),
    signature_hash=st.none() | TEXT,
    sha256=st.just("0" * 64),
    trusted=st.none() | st.booleans(),
    trust_problem=st.none() | TEXT,
    matches_name=st.none() | st.booleans(),
)
SHAKES = st.builds(
    TLSFact,
    address=st.just(ADDRESS),
    port=PORTS,
    name=st.none() | TEXT,
    outcome=st.sampled_from(["answered", "refused", "timed-out", "no-tls", "failed"]),
    version=st.none() | TEXT,
    certificate=st.none() | CERTIFICATES,
)
PAGES = st.builds(
    HTTPFact,
    address=st.just(ADDRESS),
    port=PORTS,
    name=st.none() | TEXT,
    tls=st.booleans(),
    path=st.sampled_from(["/", "/other"]),
    outcome=st.sampled_from(["answered", "refused", "timed-out", "no-http", "failed"]),
    status=st.none() | st.integers(-1, 1000),
    headers=st.lists(
        st.tuples(st.sampled_from(["server", "location", "strict-transport-security"]), TEXT),
        max_size=3,
    ).map(tuple),
    cookies=st.lists(
        st.dictionaries(st.sampled_from(["name", "secure", "http_only"]), TABLES, max_size=3),
        max_size=2,
    ).map(tuple),
    title=st.none() | TEXT,
    marks=st.lists(TEXT | st.just("login-form"), max_size=2).map(tuple),
)
LOOKUPS = st.builds(
    DNSFact,
    name=TEXT,
    kind=st.just("TXT"),
    outcome=st.sampled_from(["answered", "failed", "no-record"]),
    records=st.lists(TEXT, max_size=2).map(tuple),
)
FACTS = st.builds(
    Fact,
    address=st.just(ADDRESS),
    technique=st.sampled_from(["tcp-ports", "udp-ports", "service-versions"]),
    outcome=st.sampled_from(["answered", "timed-out", "no-answer", "not-tested", "error"]),
    started_at=st.none() | st.just(MOMENT),
    tested=st.none() | RANGES.map(lambda ranges: {"tcp": ranges}),
    host=st.none()
    | st.builds(
        HostFact,
        address=st.just(ADDRESS),
        state=st.sampled_from(["up", "down"]),
        timed_out=st.booleans(),
        ports=st.lists(PORT_FACTS, max_size=3).map(tuple),
        extra=st.lists(EXTRAS, max_size=2).map(tuple),
    ),
    tls=st.lists(SHAKES, max_size=2).map(tuple),
    http=st.lists(PAGES, max_size=2).map(tuple),
    dns=st.lists(LOOKUPS, max_size=1).map(tuple),
    parameters=st.dictionaries(st.just("scripts"), TABLES, max_size=1),
)


@settings(max_examples=200, deadline=None)
@given(word=WORDS, facts=st.lists(FACTS, max_size=3), port=PORTS | st.none())
def test_no_fact_whatever_makes_a_condition_raise(
    word: dict[str, Any], facts: list[Fact], port: int | None
) -> None:
    view = view_host(facts)
    said = truth(word, view, port)
    assert said in NEGATED
    assert truth({"none_of": [word]}, view, port) is NEGATED[said]


CHECKS = compile_checks(load_checks(find_content(None).scanners))


@settings(max_examples=100, deadline=None)
@given(facts=st.lists(FACTS, max_size=3), vantage=st.sampled_from(["external", "internal:a"]))
def test_no_fact_whatever_makes_a_shipped_check_raise_or_say_something_unprintable(
    facts: list[Fact], vantage: str
) -> None:
    own = [fact.model_copy(update={"vantage": vantage}) for fact in facts]
    for row in CHECKS.judge_host(own, None, vantage):
        assert row.says.isprintable()
        assert len(row.says) <= MAX_SAYS
