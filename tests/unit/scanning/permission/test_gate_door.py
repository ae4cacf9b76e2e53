"""The pure door `gate decide`: one answer a line, and every refusal with its line and path."""

import json
from enum import Enum
from typing import Any

import pytest

from cyberposture.errors import InvalidInput
from cyberposture.scanning.permission.gate import decide_lines

PUBLISHED = """
{"gate": 1, "now": "2026-11-19T02:14:00+05:00", "expected_s": 600,
 "target": "39.32.10.7", "name": null, "resolved": [], "protocol": "tcp", "port": 22, "load": 3,
 "stop": false, "deny": ["39.33.0.0/16"], "excluded_elsewhere": [],
 "authorisations": [{"id": "A-1", "granted": true, "valid_from": "2026-01-01T00:00:00+05:00",
                     "valid_until": "2027-01-01T00:00:00+05:00", "withdrawn_at": null, "load": 3,
                     "scope": [{"cidr": "39.32.10.0/28", "ports": null, "special_allowed": false},
                               {"name": "example.gov.pk", "subdomains": true}],
                     "exclusions": ["39.32.10.9/32"]}],
 "windows": [{"weekdays": [3], "start": "01:00", "length_s": 14400, "zone": "Asia/Karachi"}],
 "blackouts": [{"from": "2026-12-24T00:00:00+05:00", "until": "2026-12-26T00:00:00+05:00"}]}
"""
Path = list[str | int]


class Mark(Enum):
    """Stands for a value that is not there."""

    GONE = "gone"


def line(path: Path | None = None, value: Any = None) -> str:
    """Return the published example on one line, with one value of it changed or taken out."""
    document = json.loads(PUBLISHED)
    if path is not None:
        place = document
        for part in path[:-1]:
            place = place[part]
        if value is Mark.GONE:
            del place[path[-1]]
        elif isinstance(place, list) and path[-1] == len(place):
            place.append(value)
        else:
            place[path[-1]] = value
    return json.dumps(document)


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        list(decide_lines([text]))
    return [str(fault) for fault in caught.value.faults]


def test_the_published_example_is_allowed_and_written_in_the_published_order() -> None:
    expected = '{"decision":"allow","reason":"allowed","authorisation":"A-1"}'
    assert list(decide_lines([line()])) == [expected]


def test_answers_come_in_the_order_of_the_questions() -> None:
    targets = ["39.32.10.7", "39.32.10.9", "127.1", "39.33.0.1"]
    answers = decide_lines(line(["target"], target) for target in targets)
    reasons = [json.loads(answer)["reason"] for answer in answers]
    assert reasons == ["allowed", "excluded", "bad-target", "denied-nationally"]


def test_lines_before_a_refused_one_are_answered_and_none_after() -> None:
    answers = decide_lines([line(), "", line(), line(["expected_s"], 0), line()])
    assert len([next(answers), next(answers)]) == 2
    with pytest.raises(InvalidInput, match=r"line 4: \$\.expected_s: "):
        next(answers)
    assert list(answers) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "127.1",
        "-oN",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "a\u0000b",
        "١",
        "\ud800",
        "x" * 9999,
    ],
    ids=ascii,
)
def test_a_target_is_free_text_and_gets_an_answer(text: str) -> None:
    (answer,) = decide_lines([line(["target"], text[:2000])])
    assert json.loads(answer)["reason"] == "bad-target"


A: Path = ["authorisations", 0]
REFUSED: list[tuple[Path, Any, str]] = [
    (["gate"], 2, "$.gate: unknown version; known is 1"),
    (["gate"], True, "$.gate: unknown version; known is 1"),
    (["gate"], 1.0, "$.gate: unknown version; known is 1"),
    (["gate"], "1", "$.gate: unknown version; known is 1"),
    (["gate"], Mark.GONE, "$.gate: missing"),
    (["technique"], "x", "$.technique: unknown key"),
    (["odd key"], 1, '$["odd key"]: unknown key'),
    ([*A, "note"], "x", "$.authorisations[0].note: unknown key"),
    ([*A, "scope", 0, "note"], "x", "$.authorisations[0].scope[0].note: unknown key"),
    ([*A, "scope", 1, "ports"], [80], "$.authorisations[0].scope[1].ports: unknown key"),
    (["windows", 0, "note"], "x", "$.windows[0].note: unknown key"),
    (["blackouts", 0, "begins"], "x", "$.blackouts[0].begins: unknown key"),
    (["now"], "2026-11-19T02:14:00", "$.now: a moment has date, time and zone"),
    (["now"], "2026-11-19", "$.now: a moment has"),
    (["now"], "2026-11-19 02:14:00+05:00", "$.now: a moment has"),
    (["now"], "2026-02-30T02:14:00+05:00", "$.now: day is out of range"),
    (["now"], "2026-11-19T02:14:00+25:00", "$.now: "),
    (["now"], "1795036440", "$.now: a moment has"),
    (["now"], 1795036440, "$.now: a moment has"),
    (["now"], None, "$.now: a moment has"),
    ([*A, "valid_from"], "2026-01-01T00:00:00", "$.authorisations[0].valid_from: a moment"),
    ([*A, "withdrawn_at"], "never", "$.authorisations[0].withdrawn_at: a moment has"),
    (["blackouts", 0, "from"], "2026-12-24T00:00:00", "$.blackouts[0].from: a moment has"),
    (
        [*A, "valid_until"],
        "2025-12-31T23:59:59+05:00",
        "$.authorisations[0].valid_until: the validity ends before it begins",
    ),
    (
        ["blackouts", 0, "until"],
        "2026-12-23T23:59:59+05:00",
        "$.blackouts[0].until: the blackout ends before it begins",
    ),
    (["expected_s"], 0, "$.expected_s: "),
    (["expected_s"], -600, "$.expected_s: "),
    (["expected_s"], 600.0, "$.expected_s: must be a whole number"),
    (["expected_s"], True, "$.expected_s: must be a whole number"),
    (["target"], None, "$.target: must be text"),
    (["target"], 2130706433, "$.target: must be text"),
    (["name"], "bücher.example", "$.name: a name is ASCII"),
    (["name"], "example.org.", "$.name: a name is ASCII"),
    (["name"], "", "$.name: a name is ASCII"),
    (["name"], "a..b", "$.name: a name is ASCII"),
    (["name"], "*.example.org", "$.name: a name is ASCII"),
    (["name"], "a b", "$.name: a name is ASCII"),
    (["name"], "a\n", "$.name: a name is ASCII"),
    (["name"], "x" * 64, "$.name: a name is ASCII"),
    (["name"], ".".join(["x" * 60] * 5), "$.name: a name is ASCII"),
    (["name"], "39.32.10.7", "$.name: a name, not an address"),
    (
        [*A, "scope", 1, "name"],
        "example.org.",
        "$.authorisations[0].scope[1].name: a name is ASCII",
    ),
    ([*A, "scope", 1, "name"], None, "$.authorisations[0].scope[1].name: must be text"),
    ([*A, "scope", 1, "subdomains"], "yes", "$.authorisations[0].scope[1].subdomains: must be"),
    ([*A, "scope", 1, "subdomains"], Mark.GONE, "$.authorisations[0].scope[1].subdomains: missing"),
    ([*A, "scope", 1], {}, "$.authorisations[0].scope[1].cidr: missing"),
    ([*A, "scope", 1], "39.32.10.0/28", "$.authorisations[0].scope[1]: must be an object"),
    ([*A, "scope", 0, "special_allowed"], 0, "$.authorisations[0].scope[0].special_allowed: must"),
    ([*A, "scope", 0, "cidr"], "39.32.10.1/28", "$.authorisations[0].scope[0].cidr: host bits are"),
    ([*A, "scope", 0, "cidr"], "39.32.10.7", "$.authorisations[0].scope[0].cidr: not a CIDR"),
    ([*A, "scope", 0, "cidr"], "39.32.10.0/33", "$.authorisations[0].scope[0].cidr: the prefix"),
    ([*A, "scope", 0, "ports"], [0], "$.authorisations[0].scope[0].ports[0]: "),
    ([*A, "scope", 0, "ports"], [80, 65536], "$.authorisations[0].scope[0].ports[1]: "),
    ([*A, "scope", 0, "ports"], "80", "$.authorisations[0].scope[0].ports: must be a list"),
    ([*A, "exclusions", 0], "39.32.10.9", "$.authorisations[0].exclusions[0]: not a CIDR"),
    (["deny", 0], "::ffff:2721:0/112", "$.deny[0]: an IPv4-mapped CIDR"),
    (["deny", 0], "2400:cb00:0::/48", "$.deny[0]: not in canonical spelling"),
    (["excluded_elsewhere", 0], "10.0.0.0/08", "$.excluded_elsewhere[0]: the prefix length"),
    (["resolved", 0], "39.32.010.7", "$.resolved[0]: not an address in canonical spelling"),
    (["resolved", 0], "2400:0::1", "$.resolved[0]: not in canonical spelling"),
    (["resolved", 0], "fe80::1%eth0", "$.resolved[0]: not an address in canonical spelling"),
    (["resolved", 0], "::ffff:1.2.3.4", "$.resolved[0]: not in canonical spelling"),
    (["protocol"], "sctp", "$.protocol: "),
    (["protocol"], "TCP", "$.protocol: "),
    (["port"], 0, "$.port: "),
    (["port"], 65536, "$.port: "),
    (["port"], "22", "$.port: must be a whole number"),
    (["port"], True, "$.port: must be a whole number"),
    (["port"], Mark.GONE, "$.port: missing"),
    (["load"], 5, "$.load: "),
    (["load"], -1, "$.load: "),
    ([*A, "load"], 5, "$.authorisations[0].load: "),
    ([*A, "load"], None, "$.authorisations[0].load: must be a whole number"),
    (["stop"], 0, "$.stop: must be true or false"),
    (["stop"], None, "$.stop: must be true or false"),
    ([*A, "granted"], "true", "$.authorisations[0].granted: must be true or false"),
    ([*A, "id"], "", "$.authorisations[0].id: "),
    (["authorisations", 1], json.loads(PUBLISHED)["authorisations"][0], "$.authorisations: the id"),
    (["windows", 0, "weekdays"], [], "$.windows[0].weekdays: "),
    (["windows", 0, "weekdays"], [7], "$.windows[0].weekdays[0]: "),
    (["windows", 0, "weekdays"], [-1], "$.windows[0].weekdays[0]: "),
    (["windows", 0, "start"], "24:00", "$.windows[0].start: a local time is HH:MM"),
    (["windows", 0, "start"], "1:00", "$.windows[0].start: a local time is HH:MM"),
    (["windows", 0, "start"], "01:00:00", "$.windows[0].start: a local time is HH:MM"),
    (["windows", 0, "start"], "01:00\n", "$.windows[0].start: a local time is HH:MM"),
    (["windows", 0, "start"], "٠1:00", "$.windows[0].start: a local time is HH:MM"),
    (["windows", 0, "length_s"], 604_801, "$.windows[0].length_s: "),
    (["windows", 0, "length_s"], 0, "$.windows[0].length_s: "),
    (["windows", 0, "zone"], "Asia/Karatschi", "$.windows[0].zone: unknown zone"),
    (["windows", 0, "zone"], "Asia", "$.windows[0].zone: unknown zone"),
    (["windows", 0, "zone"], "", "$.windows[0].zone: unknown zone"),
    (["windows", 0, "zone"], "../etc/passwd", "$.windows[0].zone: unknown zone"),
    (["windows", 0, "zone"], "localtime", "$.windows[0].zone: unknown zone"),
    (["windows", 0, "zone"], "right/Asia/Karachi", "$.windows[0].zone: unknown zone"),
    (["windows", 0, "zone"], "a\u0000b", "$.windows[0].zone: unknown zone"),
    (["windows"], None, "$.windows: must be a list"),
    (["windows"], {"0": 1}, "$.windows: must be a list"),
]


@pytest.mark.parametrize(
    ("path", "value", "fault"), REFUSED, ids=lambda part: ascii(part)[:50] if part != [] else "[]"
)
def test_what_the_format_does_not_know_is_refused_at_its_place(
    path: Path, value: Any, fault: str
) -> None:
    first, *_ = faults(line(path, value))
    assert first.startswith(f"line 1: {fault}")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([*A, "valid_until"], "2026-01-01T00:00:00+05:00"),
        (["blackouts", 0, "until"], "2026-12-24T00:00:00+05:00"),
        (["windows", 0, "length_s"], 604_800),
        (["windows", 0, "weekdays"], [3, 3]),
        ([*A, "scope", 0, "cidr"], "2400:CB00::/32"),
        ([*A, "scope", 0, "cidr"], "::/0"),
        ([*A, "scope"], []),
        ([*A, "scope", 0, "ports"], []),
        (["resolved", 0], "::ffff:2720:a07"),
        (["now"], "2026-11-18T21:14Z"),
        (["now"], "2026-11-19T02:14:00.5+05:00"),
        (["name"], "_dmarc.xn--bcher-kva.example"),
        (["windows"], []),
        (["authorisations"], []),
        (["port"], None),
        (["port"], 65535),
        (["load"], 0),
    ],
)
def test_what_lies_just_inside_the_bounds_is_answered(path: Path, value: Any) -> None:
    assert len(list(decide_lines([line(path, value)]))) == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "line 1: $: not JSON: column 2"),
        ("not json", "line 1: $: not JSON: column 1"),
        ("\ufeff{}", "line 1: $: not JSON: "),
        ("{} {}", "line 1: $: not JSON: column 4: Extra data"),
        ('{"load": NaN}', "line 1: $: not JSON: NaN is no number"),
        ('{"load": -Infinity}', "line 1: $: not JSON: -Infinity is no number"),
        ("[" * 100_000, "line 1: $: nested too deep"),
        ('{"load": ' + "1" * 5000 + "}", "line 1: $: not JSON: "),
        ("[]", "line 1: $: must be an object"),
        ("null", "line 1: $: must be an object"),
        ('{"load": 1, "stop": true, "load": 4}', "line 1: $.load: stands here twice"),
        (
            '{"windows": [{}, {"a b": 1, "a b": 2}]}',
            'line 1: $.windows[1]["a b"]: stands here twice',
        ),
    ],
)
def test_what_is_no_single_json_document_is_refused(text: str, fault: str) -> None:
    assert faults(text)[0].startswith(fault)


def test_every_fault_of_a_line_is_told_at_once() -> None:
    document = json.loads(line(["port"], 0))
    document["load"] = 9
    del document["stop"]
    assert len(faults(json.dumps(document))) == 3
