"""What is judged need not be a host: names, prefixes and the institution as a whole."""

from typing import Any

import pytest
from check_samples import a_check
from pydantic import ValidationError

from cyberposture.errors import InvalidInput, WrongUsage
from cyberposture.model.checks import Check, Endpoints, Subject
from cyberposture.model.institutions import Asset, Declaration
from cyberposture.model.observations import Fact, Judgement
from cyberposture.scanning.judging.coverage import aggregate
from cyberposture.scanning.judging.declared import context_of_name
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.examples import try_example


def told_check(subject: str = "institution", **changes: Any) -> Check:
    """Return a check on a told fact, `route-origin`, which is valid, invalid or unknown."""
    given: dict[str, Any] = {
        "endpoints": {"subject": subject},
        "technique": "dns-lookup",
        "fails_when": {"fact": {"name": "route-origin", "is": "invalid"}},
        "examples": [
            {"name": "ok", "facts": {"told": {"route-origin": "valid"}}, "verdict": "pass"},
            {"name": "bad", "facts": {"told": {"route-origin": "invalid"}}, "verdict": "fail"},
            {"name": "?", "facts": {"told": {"route-origin": None}}, "verdict": "inconclusive"},
        ],
    }
    return a_check(**{**given, **changes})


def told_fact(subject: str, key: str, **told: bool | int | str | None) -> Fact:
    named = {name.replace("_", "-"): value for name, value in told.items()}
    return Fact(
        address=key, subject=subject, technique="dns-lookup", outcome="answered", told=named
    )


def judged(check: Check, *facts: Fact) -> list[Judgement]:
    return compile_checks([check]).judge_host(facts, None, "external")


@pytest.mark.parametrize(
    ("subject", "key"),
    [("institution", "example"), ("prefix", "192.0.2.0/24"), ("mail-domain", "example.gov.pk")],
)
def test_what_is_told_of_anything_but_a_host_is_judged(subject: str, key: str) -> None:
    (row,) = judged(told_check(subject), told_fact(subject, key, route_origin="invalid"))
    assert (row.address, row.port, row.verdict) == (key, None, "fail")
    assert "route origin: “invalid”" in row.says


def test_what_a_table_tells_of_a_silent_host_is_judged_and_is_no_look_at_it() -> None:
    by_port = a_check(id="pack.by-port")
    rows = compile_checks([told_check("host"), by_port]).judge_host(
        [told_fact("host", "192.0.2.7", route_origin="valid")], None, "external"
    )
    assert [(row.check, row.verdict) for row in rows] == [(told_check().id, "pass")]


@pytest.mark.parametrize("other", ["host", "domain", "institution", "prefix"])
def test_a_check_judges_only_facts_of_its_own_subject(other: str) -> None:
    fact = told_fact(other, "example.gov.pk", route_origin="invalid")
    assert judged(told_check("mail-domain"), fact) == []


def test_facts_of_one_name_but_two_subjects_are_never_mixed() -> None:
    facts = [told_fact(kind, "example.gov.pk") for kind in ("domain", "mail-domain")]
    with pytest.raises(WrongUsage):
        judged(told_check(), *facts)


def test_a_fact_that_nobody_told_is_not_tested_and_one_tried_in_vain_inconclusive() -> None:
    (row,) = judged(told_check(), told_fact("institution", "example", another="x"))
    assert row.verdict == "not-tested"
    (row,) = judged(told_check(), told_fact("institution", "example", route_origin=None))
    assert row.verdict == "inconclusive"


def test_the_newer_word_counts() -> None:
    old = told_fact("institution", "example", route_origin="invalid")
    new = told_fact("institution", "example", route_origin="valid")
    (row,) = judged(told_check(), old, new)
    assert row.verdict == "pass"


def test_a_value_of_another_kind_is_never_taken_for_the_one_meant() -> None:
    check = told_check(
        fails_when={"fact": {"name": "answers", "is": True}},
        examples=[
            {"name": "ok", "facts": {"told": {"answers": False}}, "verdict": "pass"},
            {"name": "bad", "facts": {"told": {"answers": True}}, "verdict": "fail"},
            {"name": "?", "facts": {"told": {"answers": None}}, "verdict": "inconclusive"},
        ],
    )
    (row,) = judged(check, told_fact("institution", "example", answers=1))
    assert row.verdict == "inconclusive"


def test_a_slip_in_a_fact_s_name_is_refused() -> None:
    slip = told_check(fails_when={"fact": {"name": "rout-origin", "is": "invalid"}})
    with pytest.raises(InvalidInput, match="no example tells it"):
        compile_checks([slip])
    other_kind = told_check(fails_when={"fact": {"name": "route-origin", "is": True}})
    with pytest.raises(InvalidInput, match="never has such a value"):
        compile_checks([other_kind])


def test_what_is_no_host_has_no_ports() -> None:
    with pytest.raises(ValidationError, match="judged as a whole"):
        Endpoints(subject="domain", ports=(53,))


@pytest.mark.parametrize(
    ("lookup", "verdict"),
    [
        ({"records": ["v=spf1 -all"]}, "pass"),
        ({"outcome": "no-record"}, "fail"),
        ({"outcome": "no-such-name"}, "fail"),
        ({"outcome": "failed"}, "inconclusive"),
        ({"outcome": "timed-out"}, "inconclusive"),
        ({"kind": "MX", "records": ["10 mx."]}, "not-tested"),
        ({"under": "www", "records": ["v=spf1 -all"]}, "not-tested"),
    ],
)
def test_examples_write_lookups_down(lookup: dict[str, Any], verdict: str) -> None:
    rule = {"dns_record": {"kind": "TXT", "lacks": "v=spf1"}}
    example = {"name": "it", "facts": {"dns": [lookup]}, "verdict": verdict}
    filler = [
        {"name": name, "facts": {}, "verdict": name} for name in ("pass", "fail", "inconclusive")
    ]
    check = a_check(
        endpoints={"subject": "mail-domain"},
        technique="dns-lookup",
        fails_when=rule,
        examples=[example, *filler],
    )
    assert try_example(check, check.examples[0]) == verdict


ASSETS = (
    Asset(id="zone", kind="domain", names=("Example.gov.pk",)),
    Asset(id="mail", kind="mail-domain", names=("example.gov.pk",), selectors=("S2026", "backup")),
    Asset(id="web", kind="host", addresses=("192.0.2.7",), names=("www.example.gov.pk",)),
)
DECLARED = Declaration(institution="example", assets=ASSETS)


def test_what_nobody_looked_at_counts_as_not_tested_for_every_kind_of_subject() -> None:
    expected: dict[Subject, tuple[str, ...]] = {
        "host": ("192.0.2.7",),
        "domain": ("example.gov.pk",),
        "mail-domain": ("example.gov.pk",),
        "institution": ("example",),
    }
    for subject, keys in expected.items():
        assert DECLARED.keys_of(subject) == keys
        check = told_check(subject)
        tally = aggregate([], DECLARED.keys_of(check.endpoints.subject), [check])[check.id]
        assert tally.not_tested == 1


def test_a_mail_domain_brings_its_selectors_and_a_domain_does_not() -> None:
    mail = context_of_name(DECLARED, "mail-domain", "example.gov.pk")
    assert mail.selectors == ("s2026", "backup")
    assert context_of_name(DECLARED, "domain", "example.gov.pk").selectors is None
    assert context_of_name(DECLARED, "domain", "other.gov.pk").is_declared is False
