"""Facts computed from lookups: hostile records, odd records, and what silence never means."""

from typing import Any

import pytest
from check_samples import a_check
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_checks
from cyberposture.model.checks import Subject
from cyberposture.model.observations import DNSFact, Fact
from cyberposture.scanning.judging.computed import COMPUTED
from cyberposture.scanning.judging.declared import HostContext
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.hostview import Endpoint, view_host
from cyberposture.scanning.judging.lookups import read_tags
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Truth

NAME = "example.gov.pk"
KEY = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAJ5gDP5d2mW"  # cut short: no key at all


def lookup(kind: str, *records: str, under: str = "", **more: Any) -> DNSFact:
    """Return one lookup about the name; without records it was completed and brought none."""
    name = f"{under}.{NAME}" if under else NAME
    outcome = "answered" if records else "no-record"
    given = {"name": name, "kind": kind, "records": records, "outcome": outcome}
    return DNSFact.model_validate({**given, **more})


def value(
    fact: str, *lookups: DNSFact, subject: Subject = "mail-domain", **context: Any
) -> bool | int | str | Truth:
    seen = Fact(
        address=NAME, subject=subject, technique="dns-lookup", outcome="answered", dns=lookups
    )
    view = view_host([seen], HostContext(**context))
    return COMPUTED[fact].function(Endpoint(view, "tcp")).value


NAMED = [name for name in COMPUTED if "lookups" in COMPUTED[name].function.__module__] + [
    name
    for name, one in COMPUTED.items()
    if one.function.__module__.rsplit(".", 1)[-1]
    in ("computed_mail", "computed_dmarc", "computed_names")
]


@pytest.mark.parametrize("fact", NAMED)
def test_what_nobody_looked_up_is_untested_and_never_absent(fact: str) -> None:
    found = value(fact, selectors=("s1",), addresses=frozenset({"192.0.2.7"}), official=("x.pk",))
    assert found is UNTESTED or fact == "official-domain"


@pytest.mark.parametrize("outcome", ["failed", "timed-out", "refused"])
@pytest.mark.parametrize(
    ("fact", "kind", "under"),
    [
        ("spf-records", "TXT", ""),
        ("spf-end", "TXT", ""),
        ("dkim-keys", "TXT", "s1._domainkey"),
        ("dmarc-records", "TXT", "_dmarc"),
        ("dmarc-policy", "TXT", "_dmarc"),
        ("mta-sts", "TXT", "_mta-sts"),
        ("tls-reports", "TXT", "_smtp._tls"),
        ("caa", "CAA", ""),
        ("mail-use", "MX", ""),
        ("name-servers", "NS", ""),
        ("dnssec", "DS", ""),
        ("dangling-alias", "CNAME", ""),
    ],
)
def test_a_lookup_that_failed_is_unknown(fact: str, kind: str, under: str, outcome: str) -> None:
    tried = lookup(kind, under=under, outcome=outcome)
    assert value(fact, tried, selectors=("s1",)) is UNKNOWN


@pytest.mark.parametrize(
    ("records", "use"),
    [(["0 ."], "null"), (["10 mx.example."], "mail"), (["0 .", "10 mx.example."], "mail")],
)
def test_only_a_lone_null_record_says_that_no_mail_is_taken(records: list[str], use: str) -> None:
    assert value("mail-use", lookup("MX", *records)) == use


@pytest.mark.parametrize(
    ("record", "state"),
    [
        ("v=DKIM1; p=", "revoked"),
        ("p=", "revoked"),
        ("v=DKIM1; k=rsa", "broken"),
        (f"v=DKIM1; p={KEY}", "broken"),
        ("v=DKIM1; p=%%%", "broken"),
        ("v=DKIM2; p=AAAA", "broken"),
        ("v=DKIM1; p=AAAA; p=BBBB", "broken"),
        ("v=DKIM1; k=dsa; p=AAAA", "broken"),
        ("v=DKIM1; k=ed25519; p=AAAA", "broken"),
        ("nonsense", "broken"),
        ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "there"),
    ],
)
def test_keys_are_there_only_if_they_can_be_used(record: str, state: str) -> None:
    found = value("dkim-keys", lookup("TXT", record, under="s1._domainkey"), selectors=("s1",))
    assert found == state


def test_one_bad_selector_counts_although_another_could_not_be_looked_up() -> None:
    seen = (
        lookup("TXT", "v=DKIM1; p=", under="s1._domainkey"),
        lookup("TXT", under="s2._domainkey", outcome="failed"),
    )
    assert value("dkim-keys", *seen, selectors=("s1", "s2")) == "revoked"
    sound = lookup("TXT", under="s1._domainkey", outcome="failed")
    assert value("dkim-keys", sound, seen[1], selectors=("s1", "s2")) is UNKNOWN


@pytest.mark.parametrize(
    ("record", "is_valid", "policy", "share"),
    [
        ("v=DMARC1; p=reject", True, "reject", 100),
        ("v=DMARC1;p=QUARANTINE;pct=20;", True, "quarantine", 20),
        ("v=DMARC1; p=none; rua=mailto:a@b.example!10m", True, "none", 100),
        ("v=DMARC1; pct=20", False, "absent", 20),
        ("v=DMARC1; p=reject; pct=101", False, "reject", 100),
        ("v=DMARC1; p=reject; pct=٢٠", False, "reject", 100),
        ("v=DMARC1; p=reject; p=none", False, "absent", 100),
        ("v=DMARC1; p=reject; rua=https://b.example", False, "reject", 100),
        ("v=DMARC1; p=reject; adkim=x", False, "reject", 100),
    ],
)
def test_dmarc_records_are_read_as_receivers_read_them(
    record: str, is_valid: bool, policy: str, share: int
) -> None:
    seen = lookup("TXT", record, under="_dmarc")
    assert value("dmarc-valid", seen) is is_valid
    assert value("dmarc-policy", seen) == policy
    assert value("dmarc-share", seen) == share


@pytest.mark.parametrize("record", ["v=DMARC10; p=reject", "p=reject; v=DMARC1", "v=dmarc1; p=x"])
def test_what_does_not_begin_as_dmarc_is_none(record: str) -> None:
    seen = lookup("TXT", record, under="_dmarc")
    parent = DNSFact(name="_dmarc.gov.pk", kind="TXT", outcome="no-such-name")
    assert value("dmarc-records", seen, parent) == 0


def test_a_zone_counts_as_signed_by_the_resolver_s_word_or_by_arithmetic_only() -> None:
    start = lookup("SOA", "ns1. a. 1 2 3 4 5", authentic=False)
    anchor = lookup("DS", "1 13 2 AB")
    word = start.model_copy(update={"authentic": True})
    holds, broken = (lookup("SIGNATURES", said) for said in ("hold", "broken"))
    for seen, state in (
        ((start, anchor), UNKNOWN),
        ((word, anchor), "signed"),
        ((start, anchor, holds), "signed"),
        ((word, anchor, broken), "broken"),
        ((word, lookup("DS")), "unsigned"),
    ):
        assert value("dnssec", *seen, subject="domain") == state


def test_servers_with_both_families_stand_in_one_network_each() -> None:
    def server(name: str, kind: str, text: str) -> DNSFact:
        return DNSFact(name=name, kind=kind, outcome="answered", records=(text,))

    seen = [
        lookup("NS", "a.example.", "b.example."),
        server("a.example", "A", "192.0.2.1"),
        server("a.example", "AAAA", "2001:db8:1::1"),
        server("b.example", "A", "192.0.2.2"),
        server("b.example", "AAAA", "2001:db8:1::2"),
    ]
    assert value("name-server-spread", *seen, subject="domain") == 1
    seen[4] = server("b.example", "AAAA", "2001:db8:2::2")
    assert value("name-server-spread", *seen, subject="domain") == 2
    odd = [lookup("NS", "a.example."), server("a.example", "A", "no address")]
    assert value("name-server-spread", *odd, subject="domain") == 0


@pytest.mark.parametrize(
    ("address", "is_inner"),
    [
        ("9.9.9.9", False),
        ("10.1.2.3", True),
        ("100.64.0.1", True),
        ("169.254.1.1", True),
        ("127.0.0.1", True),
        ("127.5.5.5", False),
        ("224.0.0.1", True),
        ("fd00::1", True),
        ("2606:4700::1", False),
        ("::ffff:10.0.0.1", True),
        ("not an address", False),
    ],
)
def test_an_inner_address_in_public_is_told_from_a_public_one(address: str, is_inner: bool) -> None:
    kind = "AAAA" if ":" in address else "A"
    other = "A" if kind == "AAAA" else "AAAA"
    found = value(
        "private-answer", lookup(kind, address), lookup(other), subject="name",
        addresses=frozenset({"127.5.5.5"}),
    )  # fmt: skip
    assert found is is_inner


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("example.gov.pk", "inside"),
        ("gov.pk", "inside"),
        ("example-gov.pk", "outside"),
        ("gov.pk.example.com", "outside"),
        ("notgov.pk", "outside"),
    ],
)
def test_only_names_under_an_official_domain_are_official(name: str, state: str) -> None:
    seen = Fact(address=name, subject="name", technique="dns-lookup", outcome="answered")
    view = view_host([seen], HostContext(official=("gov.pk",)))
    assert COMPUTED["official-domain"].function(Endpoint(view, "tcp")).value == state


def test_a_referral_is_no_recursion() -> None:
    server = "192.0.2.53"

    def said(outcome: str, **more: Any) -> Any:
        records = ("203.0.113.9",) if outcome == "answered" else ()
        asked = {"name": "example.com", "kind": "A", "server": server, "records": records}
        one = DNSFact.model_validate({**asked, "outcome": outcome, **more})
        fact = Fact(address=server, technique="dns-direct", outcome="answered", dns=(one,))
        return (
            COMPUTED["recursion-for-strangers"].function(Endpoint(view_host([fact]), "tcp")).value
        )

    assert said("answered") is True
    assert said("answered", authoritative=True) is False
    assert said("no-record") is False
    assert said("refused") is False
    assert said("timed-out") is UNKNOWN


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("v=DKIM1; p=AB ; ", {"v": "DKIM1", "p": "AB"}),
        ("v=1;v=2", None),
        ("=x", None),
        ("nothing", None),
        ("", {}),
    ],
)
def test_tag_lists_are_read_or_refused_whole(text: str, tags: dict[str, str] | None) -> None:
    assert read_tags(text) == tags


CHECKS = compile_checks(
    [one for one in load_checks(find_content(None).scanners).checks if one.pack in ("mail", "dns")]
)
RECORDS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["v=spf1 ", "v=DMARC1;", "v=DKIM1; p=", "v=STSv1;", "0 .", "0 issue "]).flatmap(
        lambda start: st.text(max_size=40).map(lambda rest: start + rest)
    ),
)


@given(
    st.lists(
        st.builds(
            DNSFact,
            name=st.sampled_from(
                [NAME, *(f"{u}.{NAME}" for u in ("_dmarc", "_mta-sts", "s1._domainkey", "ns1"))]
            ),
            kind=st.sampled_from(["TXT", "MX", "NS", "A", "AAAA", "CAA", "DS", "SOA", "AXFR"]),
            outcome=st.sampled_from(["answered", "no-record", "no-such-name", "failed"]),
            records=st.lists(RECORDS, max_size=3).map(tuple),
            server=st.sampled_from([None, "192.0.2.53"]),
        ),
        max_size=12,
    ),
    st.sampled_from(["mail-domain", "domain", "name"]),
)
def test_no_answer_whatever_makes_a_check_raise_or_say_something_unprintable(
    lookups: list[DNSFact], subject: Subject
) -> None:
    fact = Fact(
        address=NAME, subject=subject, technique="dns-lookup", outcome="answered", dns=lookups
    )
    context = HostContext(selectors=("s1",), addresses=frozenset({"192.0.2.7"}), official=("x.pk",))
    for row in CHECKS.judge_host([fact], context, "external"):
        assert row.says.isprintable()
        assert len(row.says) <= 500


def test_why_nothing_was_looked_up_is_told() -> None:
    check = a_check(
        endpoints={"subject": "mail-domain"}, technique="dns-lookup",
        fails_when={"dns_record": {"kind": "TXT", "absent": True}},
    )  # fmt: skip
    fact = Fact(
        address=NAME, subject="mail-domain", technique="dns-lookup", outcome="not-tested",
        parameters={"reason": "no resolver is set"},
    )  # fmt: skip
    (row,) = compile_checks([check]).judge_host([fact], None, "external")
    assert (row.verdict, "no resolver is set" in row.says) == ("not-tested", True)
