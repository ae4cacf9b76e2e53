"""Every shipped check: its file, its words, and each of its own examples."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_checks
from cyberposture.model.checks import Check, Example, Expression
from cyberposture.model.examples import ExampleFacts
from cyberposture.model.observations import Fact, Judgement
from cyberposture.scanning.judging.coverage import ports_needed
from cyberposture.scanning.judging.evaluate import compile_checks
from cyberposture.scanning.judging.examples import (
    MOMENT,
    compile_example,
    compile_facts,
    try_example,
    try_examples,
)
from cyberposture.scanning.techniques import (
    TECHNIQUES,
    VETTED_SCRIPTS,
    WITHOUT_SENDING,
    is_fragile,
)

FOLDER = find_content(None).scanners
CHECKS = load_checks(FOLDER)
TEXTS = sorted(path for path in FOLDER.glob("*/*.yaml") if path.name != "pack.yaml")
FILES = [path for path in TEXTS if path.name.count(".") == 1]  # The others are translations.
BY_ID = pytest.mark.parametrize("check", CHECKS.checks, ids=lambda check: check.id)
EXAMPLES = [(check, example) for check in CHECKS.checks for example in check.examples]

NEEDED_CODES = {
    *(
        "O-ADMIN",
        "O-AGE",
        "O-CERT",
        "O-CLEAR",
        "O-COOKIE",
        "O-CORE",
        "O-HDR",
        "O-HTTPS",
        "O-INV",
        "O-IOT",
    ),
    *("O-LEAK", "O-LEGACY", "O-LOGIN", "O-NTP", "O-OT", "O-PORT", "O-RELAY", "O-SECTXT", "O-SEG"),
    *("O-SHARE", "O-SNMP", "O-STARTTLS", "O-TLSC", "O-TLSP"),
}
"""Without a check for each of these some network-only control could never be assessed."""


def words_of(expression: Expression | None) -> Iterator[Expression]:
    if expression is not None:
        yield expression
        for part in expression.parts():
            yield from words_of(part)


def all_words(check: Check) -> list[Expression]:
    return [*words_of(check.applies_when), *words_of(check.fails_when)]


@pytest.mark.parametrize(
    ("check", "example"), EXAMPLES, ids=[f"{check.id}: {row.name}" for check, row in EXAMPLES]
)
def test_an_example_gives_the_verdict_that_it_states(check: Check, example: Example) -> None:
    assert try_example(check, example) == example.verdict


def test_an_example_with_the_wrong_verdict_is_found() -> None:
    check = CHECKS.checks[0]
    wrong = check.examples[0].model_copy(update={"verdict": "not-applicable"})
    bent = check.model_copy(update={"examples": (wrong, *check.examples[1:])})
    faults = try_examples(CHECKS.model_copy(update={"checks": (bent,)}))
    assert [fault.where for fault in faults] == [f"{check.id}: example {wrong.name!r}"]


def test_every_file_is_one_check_of_one_pack() -> None:
    assert sorted(f"{path.parent.name}.{path.stem}" for path in FILES) == sorted(
        check.id for check in CHECKS.checks
    )
    assert {check.pack for check in CHECKS.checks} == {pack.id for pack in CHECKS.packs}


def test_the_codes_that_controls_rest_on_are_observed() -> None:
    assert {check.observation for check in CHECKS.checks} >= NEEDED_CODES


def test_the_vocabulary_is_that_of_the_policy_notes() -> None:
    # O-LEGACY was split off O-PORT, and O-LOGIN off O-ADMIN, for controls that mean only a part.
    notes = Path(__file__).resolve().parents[3] / "shared/policy/ncsp-2021.md"
    if not notes.is_file():
        pytest.skip("the policy notes are not beside the checkout")
    text = notes.read_text(encoding="utf-8")
    part = text[text.index("### 4.1") : text.index("### 4.2")]
    codes = {row.code for row in CHECKS.observations}
    assert codes - {"O-LEGACY", "O-LOGIN"} == set(re.findall(r"\bO-[A-Z]+\b", part))


def test_conditions_compile() -> None:
    assert len(compile_checks(CHECKS).rules) == len(CHECKS.checks) >= 24


@BY_ID
def test_a_check_uses_a_technique_that_exists(check: Check) -> None:
    assert check.technique in {*TECHNIQUES, *WITHOUT_SENDING}


@BY_ID
def test_a_check_reads_only_scripts_that_were_vetted(check: Check) -> None:
    named = {word.script_says.script for word in all_words(check) if word.script_says}
    assert named <= VETTED_SCRIPTS


@BY_ID
def test_a_check_that_searches_names_the_places_where_it_would_find(check: Check) -> None:
    wanted = check.endpoints
    if wanted.services or wanted.speaking:
        assert wanted.ports or wanted.usual


@BY_ID
def test_sentences_name_the_endpoint_and_end_as_sentences(check: Check) -> None:
    for said in (check.says.passed, check.says.fail, check.says.inconclusive):
        assert "{endpoint}" in said
        assert said.endswith(".")
    assert "{detail}" in check.says.inconclusive
    for text in (check.why, check.remedy, check.rollup_reason or "."):
        assert text.endswith(".")


@BY_ID
def test_sources_are_public_documents_with_a_date_where_they_have_one(check: Check) -> None:
    for source in check.sources:
        dated = re.match(r"(RFC|NIST|CISA|US-CERT|OWASP|OMB|ETSI|NSA|W3C)\b", source.title)
        assert source.date or not dated, source.title
        assert re.fullmatch(r"(\d{4}(-\d{2}){0,2})?", source.date)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_check_never_names_a_control(path: Path) -> None:
    assert not re.search(r"\b(?!CWE)[A-Z]{3}-\d{2}\b", path.read_text(encoding="utf-8"))


@BY_ID
def test_reachable_machinery_and_open_stores_on_the_internet_count_at_once(check: Check) -> None:
    words = all_words(check)
    stores = any(word.fact and word.fact.name == "unauthenticated-store" for word in words)
    if check.vantage == "external" and (check.observation == "O-OT" or stores):
        assert (check.severity, check.repair_days) == ("critical", 0)
    elif check.severity != "critical":
        assert check.repair_days is None


def test_fragile_ports_are_looked_at_by_their_own_technique_alone() -> None:
    for technique, ports in ports_needed(CHECKS.checks).items():
        protocol = "udp" if technique == "udp-ports" else "tcp"
        fragile = [port for port in ports if is_fragile(protocol, port)]
        assert fragile == (list(ports) if technique == "ot-ports" else [])


def judged(check: Check, facts: list[Fact], context: Any, vantage: str) -> list[Judgement]:
    return compile_checks([check]).judge_host(facts, context, vantage)


def passes(rows: list[Judgement]) -> set[tuple[int | None, str]]:
    return {(row.port, row.subkey) for row in rows if row.verdict == "pass"}


def tries_in_vain(vantage: str, like: Fact) -> list[Fact]:
    """Return tries without an answer at the subject that a fact is about."""
    return [
        Fact.model_validate(
            {
                "address": like.address,
                "subject": like.subject,
                "technique": technique,
                "vantage": vantage,
                "outcome": outcome,
                "started_at": MOMENT + timedelta(hours=hours),
                "tested": tested,
            }
        )
        for technique in ("tcp-ports", "udp-ports", "service-versions")
        for outcome in ("timed-out", "no-answer", "error", "not-tested")
        for hours in (-1, 1)
        for tested in ({"tcp": ((1, 65_535),)}, None)
    ]


@BY_ID
def test_a_try_in_vain_turns_nothing_into_a_pass(check: Check) -> None:
    for example in check.examples:
        facts, context, vantage = compile_example(check, example)
        before = passes(judged(check, facts, context, vantage))
        for silence in tries_in_vain(vantage, facts[0]):
            after = passes(judged(check, [*facts, silence], context, vantage))
            assert after <= before, (example.name, silence)


@BY_ID
def test_silence_alone_is_neither_a_pass_nor_a_fail(check: Check) -> None:
    vantage = "internal:office" if check.vantage == "internal" else "external"
    silences = [
        [silence]
        for example in check.examples
        for like in compile_example(check, example)[0][:1]
        for silence in tries_in_vain(vantage, like)
    ]
    silences += [compile_facts(ExampleFacts.model_validate({"rest": "filtered"}), vantage)]
    for facts in silences:
        found = {row.verdict for row in judged(check, facts, None, vantage)}
        assert found <= {"inconclusive", "not-tested"}, facts


@BY_ID
def test_a_host_with_every_port_closed_fails_nothing(check: Check) -> None:
    vantage = "internal:office" if check.vantage == "internal" else "external"
    closed = ExampleFacts.model_validate({"rest": "closed"})
    rows = judged(check, compile_facts(closed, vantage), None, vantage)
    assert "fail" not in {row.verdict for row in rows}


@BY_ID
def test_a_guessed_service_decides_nothing(check: Check) -> None:
    vantage = "internal:office" if check.vantage == "internal" else "external"
    for name in check.endpoints.services:
        guess = {"rest": "closed", "services": {"4444": {"name": name, "guessed": True}}}
        facts = compile_facts(ExampleFacts.model_validate(guess), vantage)
        rows = judged(check, facts, None, vantage)
        assert all(row.verdict != "fail" and row.port != 4444 for row in rows)
