"""The gate: every reason, their order, and the corners between them."""

import time
from typing import Any

import pytest
from gate_samples import FAR, LONG_AGO, NOON, an_authorisation, cidr, circumstances, daily

from cyberposture.model.gate import ChunkQuestion, GateAnswer, GateQuestion
from cyberposture.scanning.permission.gate import GateContext, decide


def name(text: str, subdomains: bool = False) -> dict[str, Any]:
    return {"name": text, "subdomains": subdomains}


def question(*authorisations: dict[str, Any], **changes: Any) -> GateQuestion:
    granted = authorisations or (an_authorisation(),)
    pair = {"target": "39.32.10.7", "port": 22}
    return GateQuestion.model_validate(circumstances(*granted) | pair | changes)


def reason(*authorisations: dict[str, Any], **changes: Any) -> str:
    return decide(question(*authorisations, **changes)).reason


def test_what_is_in_scope_and_in_time_is_allowed_under_its_authorisation() -> None:
    expected = GateAnswer(decision="allow", reason="allowed", authorisation="A-1")
    assert decide(question()) == expected


def test_a_denial_names_no_authorisation() -> None:
    answer = decide(question(target="39.32.11.7"))
    assert answer == GateAnswer(decision="deny", reason="out-of-scope", authorisation=None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"target": "39.32.010.7", "stop": True, "authorisations": []}, "bad-target"),
        ({"target": "::ffff:39.32.10.7"}, "bad-target"),
        ({"target": "::ffff:2720:a07"}, "bad-target"),
        ({"stop": True, "authorisations": []}, "stopped"),
        ({"authorisations": []}, "no-authorisation"),
        ({"authorisations": [an_authorisation(granted=False)]}, "no-authorisation"),
        ({"deny": ["39.32.0.0/16"]}, "denied-nationally"),
        ({"excluded_elsewhere": ["39.32.10.7/32"]}, "excluded"),
        ({"target": "39.33.0.1"}, "out-of-scope"),
        ({"load": 4}, "load-too-high"),
        ({"windows": [daily("13:00", 3600)]}, "outside-window"),
        ({"windows": [daily("11:00", 3600 + 599)]}, "does-not-fit-window"),
        ({"windows": [daily("11:00", 3600 + 600)]}, "allowed"),
        ({"blackouts": [{"from": NOON, "until": FAR}]}, "blackout"),
    ],
)
def test_each_circumstance_has_its_own_reason(changes: dict[str, Any], expected: str) -> None:
    assert reason(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"withdrawn_at": "2026-05-06T12:10:00Z"}, "withdrawn"),
        ({"withdrawn_at": "2026-05-06T12:10:00.000001Z"}, "allowed"),
        ({"withdrawn_at": LONG_AGO, "valid_from": FAR}, "withdrawn"),
        ({"valid_from": NOON}, "allowed"),
        ({"valid_from": "2026-05-06T12:00:00.000001Z"}, "not-yet-valid"),
        ({"valid_from": LONG_AGO, "valid_until": NOON}, "expired"),
        ({"valid_until": "2026-05-06T12:09:59.999999Z"}, "expired"),
        ({"valid_until": "2026-05-06T17:10:00+05:00"}, "allowed"),
        ({"valid_until": "2026-05-06T12:10:00+05:00"}, "expired"),
    ],
)
def test_the_dates_of_an_authorisation_are_kept_to_the_microsecond(
    changes: dict[str, Any], expected: str
) -> None:
    assert reason(an_authorisation(**changes)) == expected


@pytest.mark.parametrize(
    ("begins", "until", "expected"),
    [
        ("2026-05-06T12:10:00Z", FAR, "allowed"),
        ("2026-05-06T12:09:59Z", FAR, "blackout"),
        (LONG_AGO, NOON, "allowed"),
        (LONG_AGO, "2026-05-06T12:00:00.000001Z", "blackout"),
        ("2026-05-06T12:03:00Z", "2026-05-06T12:03:00Z", "blackout"),
    ],
)
def test_a_blackout_that_only_touches_the_work_does_not_stop_it(
    begins: str, until: str, expected: str
) -> None:
    assert reason(blackouts=[{"from": begins, "until": until}]) == expected


def test_the_circumstances_are_looked_at_in_the_published_order() -> None:
    circumstances: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("withdrawn", {"withdrawn_at": NOON}, {}),
        ("not-yet-valid", {"valid_from": FAR}, {}),
        ("expired", {"valid_until": "2026-05-06T12:01:00Z"}, {}),
        ("denied-nationally", {}, {"deny": ["0.0.0.0/0"]}),
        ("special-range", {"scope": []}, {"target": "10.0.0.1"}),
        ("excluded", {"exclusions": ["0.0.0.0/0"]}, {}),
        ("out-of-scope", {"scope": [cidr("39.0.0.0/32")]}, {}),
        ("port-not-allowed", {"scope": [cidr("39.32.10.7/32", [23])]}, {}),
        ("load-too-high", {"load": 2}, {}),
        ("outside-window", {}, {"windows": [daily("13:00", 60)]}),
        ("does-not-fit-window", {}, {"windows": [daily("12:00", 60)]}),
        ("blackout", {}, {"blackouts": [{"from": LONG_AGO, "until": FAR}]}),
    ]
    own: dict[str, Any] = {}
    common: dict[str, Any] = {}
    for expected, on_authorisation, on_question in reversed(circumstances):
        own, common = own | on_authorisation, common | on_question
        if expected == "not-yet-valid":
            own.pop("valid_until")
        assert reason(an_authorisation(**own), **common) == expected


@pytest.mark.parametrize(
    ("target", "scope", "expected"),
    [
        ("127.0.0.1", [cidr("127.0.0.0/8")], "special-range"),
        ("127.0.0.1", [cidr("127.0.0.0/8", special=True)], "allowed"),
        ("127.0.0.1", [cidr("127.0.0.0/8"), cidr("127.0.0.2/32", special=True)], "special-range"),
        ("127.0.0.1", [cidr("0.0.0.0/0"), cidr("127.0.0.1/32", [80], True)], "port-not-allowed"),
        ("::1", [cidr("::1/128", special=True)], "allowed"),
        ("fd00::1", [cidr("fc00::/7", special=True)], "allowed"),
        ("fd00::1", [cidr("::/0", special=True)], "allowed"),
        ("192.168.1.1", [name("a.example")], "special-range"),
        ("169.254.1.1", [cidr("169.254.0.0/16", special=True)], "special-range"),
        ("224.0.0.1", [cidr("0.0.0.0/0", special=True)], "special-range"),
        ("64:ff9b::102:304", [cidr("64:ff9b::/96", special=True)], "special-range"),
        ("2002:102:304::1", [cidr("2002::/16", special=True)], "special-range"),
        ("2001::1", [cidr("2001::/32", special=True)], "special-range"),
        ("fe80::1", [cidr("fe80::/10", special=True)], "special-range"),
        ("39.32.10.7", [cidr("39.32.10.7/32", special=True)], "allowed"),
        ("39.32.10.7", [cidr("::/0")], "out-of-scope"),
    ],
)
def test_special_ranges_are_opened_only_by_entries_that_say_so(
    target: str, scope: list[dict[str, Any]], expected: str
) -> None:
    changes = {"target": target, "name": "a.example", "resolved": [target], "load": 2}
    assert reason(an_authorisation(scope=scope), **changes) == expected


def test_exclusions_of_any_granted_authorisation_count_whatever_its_dates() -> None:
    over = an_authorisation("A-0", valid_until="2021-01-01T00:00:00Z", exclusions=["39.32.10.7/32"])
    withdrawn = an_authorisation("A-0", withdrawn_at=LONG_AGO, exclusions=["39.32.10.7/32"])
    never_granted = an_authorisation("A-0", granted=False, exclusions=["39.32.10.7/32"])
    assert reason(over, an_authorisation()) == "excluded"
    assert reason(withdrawn, an_authorisation()) == "excluded"
    assert reason(never_granted, an_authorisation()) == "allowed"


@pytest.mark.parametrize(
    ("entry", "asked", "expected"),
    [
        (name("example.org"), "example.org", "allowed"),
        (name("EXAMPLE.org"), "example.ORG", "allowed"),
        (name("example.org"), "www.example.org", "out-of-scope"),
        (name("example.org", True), "www.example.org", "allowed"),
        (name("example.org", True), "a.b.EXAMPLE.org", "allowed"),
        (name("example.org", True), "example.org", "allowed"),
        (name("example.org", True), "badexample.org", "out-of-scope"),
        (name("www.example.org", True), "example.org", "out-of-scope"),
        (name("example.org", True), None, "out-of-scope"),
    ],
)
def test_a_name_holds_itself_and_with_subdomains_what_is_below_it(
    entry: dict[str, Any], asked: str | None, expected: str
) -> None:
    changes = {"name": asked, "resolved": ["39.40.0.1"], "target": "39.40.0.1", "port": 443}
    assert reason(an_authorisation(scope=[entry]), load=2, **changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "allowed"),
        ({"port": 25}, "allowed"),
        ({"port": 80}, "allowed"),
        ({"port": 8443}, "port-not-allowed"),
        ({"port": None}, "port-not-allowed"),
        ({"protocol": "udp"}, "port-not-allowed"),
        ({"load": 3}, "load-too-high"),
        ({"resolved": []}, "out-of-scope"),
        ({"target": "2400:CB00::AB"}, "allowed"),
        ({"target": "2400:cb00::ac"}, "out-of-scope"),
    ],
)
def test_a_name_allows_three_tcp_ports_of_its_addresses_at_load_two(
    changes: dict[str, Any], expected: str
) -> None:
    asked = {"target": "39.40.0.1", "name": "example.org", "port": 443, "load": 2}
    asked["resolved"] = ["39.40.0.1", "2400:cb00::ab"]
    assert reason(an_authorisation(scope=[name("example.org")]), **(asked | changes)) == expected


def test_a_name_never_allows_more_load_than_its_authorisation() -> None:
    asked = {"target": "39.40.0.1", "name": "example.org", "resolved": ["39.40.0.1"], "port": 443}
    passive = an_authorisation(scope=[name("example.org")], load=1)
    assert reason(passive, load=1, **asked) == "allowed"
    assert reason(passive, load=2, **asked) == "load-too-high"


def test_the_entries_that_allow_the_port_decide_on_the_load() -> None:
    asked = {"name": "example.org", "resolved": ["39.32.10.7"], "load": 3}
    both = an_authorisation(scope=[name("example.org"), cidr("39.32.10.0/24", [22])])
    assert reason(both, port=22, **asked) == "allowed"
    assert reason(both, port=443, **asked) == "load-too-high"
    assert reason(both, port=23, **asked) == "port-not-allowed"
    assert reason(
        an_authorisation(scope=[*both["scope"], cidr("39.32.0.0/16")]), port=443, **asked
    ) == ("allowed")


@pytest.mark.parametrize(
    ("scope", "load", "expected"),
    [
        ([cidr("39.32.10.0/24")], 4, "allowed"),
        ([cidr("39.32.10.0/24")], 3, "load-too-high"),
        ([cidr("39.32.10.0/24", [22, 80])], 4, "port-not-allowed"),
        ([cidr("39.32.10.0/24", []), cidr("39.32.10.7/32")], 4, "allowed"),
    ],
)
def test_all_ports_need_an_entry_without_a_list_and_count_as_the_highest_load(
    scope: list[dict[str, Any]], load: int, expected: str
) -> None:
    assert reason(an_authorisation(scope=scope, load=load), port=None, load=1) == expected


def test_a_cidr_allows_its_ports_over_udp_as_over_tcp() -> None:
    terms = an_authorisation(scope=[cidr("39.32.10.0/24", [53])])
    assert reason(terms, protocol="udp", port=53) == "allowed"
    assert reason(terms, protocol="udp", port=54) == "port-not-allowed"


def test_one_authorisation_that_allows_is_enough_and_the_first_of_them_is_named() -> None:
    elsewhere = an_authorisation("A-1", scope=[cidr("39.99.0.0/16")])
    answer = decide(question(elsewhere, an_authorisation("A-2"), an_authorisation("A-3")))
    assert answer.authorisation == "A-2"


def test_otherwise_the_authorisation_that_got_furthest_gives_the_reason() -> None:
    expired = an_authorisation("A-1", valid_until="2021-01-01T00:00:00Z")
    low = an_authorisation("A-2", load=1)
    elsewhere = an_authorisation("A-3", scope=[cidr("39.99.0.0/16")])
    assert reason(expired, low, elsewhere) == "load-too-high"
    assert reason(elsewhere, expired) == "out-of-scope"
    assert reason(expired, an_authorisation("A-4", withdrawn_at=NOON)) == "expired"


def test_a_special_entry_of_one_authorisation_opens_nothing_for_another() -> None:
    special = an_authorisation("A-1", scope=[cidr("10.0.0.0/8", [80], special=True)])
    plain = an_authorisation("A-2", scope=[cidr("10.0.0.0/8")])
    assert reason(special, plain, target="10.0.0.1") == "port-not-allowed"
    assert reason(plain, target="10.0.0.1") == "special-range"


def test_work_that_would_never_end_is_refused_as_expired() -> None:
    assert reason(expected_s=2**53 - 1, windows=[daily("00:00", 86400)]) == "expired"


def test_a_chunk_is_decided_pair_by_pair_as_single_questions_are() -> None:
    single = question(an_authorisation(scope=[cidr("39.32.10.0/28", [22, 80])]))
    document = single.document()
    del document["target"], document["port"]
    targets = ["39.32.10.7", "39.32.10.99", "127.1"]
    for ports in ([22, 443], None):
        chunk = ChunkQuestion.model_validate(document | {"targets": targets, "ports": ports})
        pairs = list(chunk.pairs())
        assert len(pairs) == len(targets) * len(ports or [None])
        context = GateContext(chunk)
        for pair in pairs:
            assert GateQuestion.model_validate(pair.document()) == pair
            assert context.decide(pair.target, pair.port) == decide(pair)


def test_the_kept_document_of_a_question_is_the_question_again() -> None:
    blackouts = [{"from": NOON, "until": FAR}]
    asked = question(windows=[daily("11:00", 3600)], blackouts=blackouts, name="a.example")
    assert GateQuestion.model_validate(asked.document()) == asked


def test_a_decision_in_a_large_scope_takes_microseconds(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [f"{a}.{b}.{c}.0/28" for a in (39, 58) for b in range(10) for c in range(100)]
    large = an_authorisation(scope=[cidr(block, [22]) for block in blocks], exclusions=blocks[::7])
    context = GateContext(question(large, deny=blocks[::11]))
    targets = [f"39.{b}.{c}.7" for b in range(10) for c in range(0, 200, 2)]
    answers, rounds_us = set(), []
    for _ in range(7):
        started = time.perf_counter()
        answers |= {context.decide(target, 22).reason for target in targets}
        rounds_us.append((time.perf_counter() - started) / len(targets) * 1e6)
    with capsys.disabled():
        print(f"\n  gate: {min(rounds_us):.1f} µs a decision, {len(blocks)} entries in scope")
    assert answers == {"allowed", "excluded", "denied-nationally", "out-of-scope"}
