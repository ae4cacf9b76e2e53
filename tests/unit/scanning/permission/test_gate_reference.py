"""The gate agrees with a slow second reading of its rules, on thousands of generated questions.

The second reading is what an auditor verifies decisions with: it works on plain dictionaries, goes
through every list from end to end, and shares no line with the engine.
"""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.clock import find_zone
from cyberposture.model.gate import GateQuestion, Reason
from cyberposture.scanning.permission.gate import decide
from cyberposture.services.proof.bundle.verifier.gate import Gate

Json = dict[str, Any]

BAD = ["127.1", "::ffff:39.32.10.7", "::ffff:2720:a07", "fe80::1%eth0", "39.32.10.07", "2400:0::1"]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


TARGETS = ["39.32.10.7", "39.32.10.7", "39.32.10.8", "2400:cb00::7", "10.0.0.7", "fd00::7"]
RARE_TARGETS = [
    "127.0.0.1",
    "224.0.0.1",
    "fe80::1",
    "2001:db8::7",
    "2002::7",
    "64:ff9b::7",
    "39.99.0.1",
    *BAD,
]
CIDRS = [
    "39.32.10.0/24", "39.32.10.0/29", "39.32.10.7/32", "39.0.0.0/8", "10.0.0.0/24", "127.0.0.0/8",
    "0.0.0.0/0", "::/0", "2400:cb00::/32", "2400:CB00::7/128", "fd00::/8", "2001:db8::/32",
]  # fmt: skip
NAMES = ["example.org", "EXAMPLE.org", "www.example.org", "badexample.org"]
ZONES = ["UTC", "Asia/Karachi", "Europe/London", "America/New_York", "Australia/Lord_Howe"]
NOWS = [
    "2026-11-19T02:14:00+05:00", "2008-06-01T00:30:00+06:00", "2009-10-31T23:30:00+05:00",
    "2026-03-29T01:30:00+00:00", "2026-10-25T01:00:00+00:00", "2026-03-08T02:30:00-05:00",
    "2026-11-01T01:30:00-05:00", "2026-10-04T02:15:00+10:30", "2026-12-31T23:59:59Z",
]  # fmt: skip


def some(rng: random.Random, values: list[Any], most: int) -> list[Any]:
    return [rng.choice(values) for _ in range(rng.randint(0, most))]


def rarely(rng: random.Random, one_in: int) -> bool:
    return rng.randrange(one_in) == 0


def near(rng: random.Random, now: datetime, expected_s: int) -> str:
    step = rng.choice([0, 1, -1, expected_s, expected_s - 1, expected_s + 1, 9000, -9000])
    zone = rng.choice([UTC, find_zone("Asia/Karachi")])
    return (now + timedelta(seconds=step)).astimezone(zone).isoformat()


def make_entry(rng: random.Random) -> Json:
    if rarely(rng, 3):
        return {"name": rng.choice(NAMES), "subdomains": rng.random() < 0.5}
    ports = None if rng.random() < 0.5 else some(rng, [22, 25, 80, 443], 3)
    return {"cidr": rng.choice(CIDRS), "ports": ports, "special_allowed": rng.random() < 0.6}


def make_authorisation(rng: random.Random, number: int, now: datetime, expected_s: int) -> Json:
    def perhaps(usual: str) -> str:
        return near(rng, now, expected_s) if rarely(rng, 8) else usual

    begins, ends = perhaps("2000-01-01T00:00:00Z"), perhaps("2030-01-01T00:00:00+05:00")
    if moment(ends) < moment(begins):
        begins, ends = ends, begins
    return {
        "id": f"A-{number}",
        "granted": not rarely(rng, 6),
        "valid_from": begins,
        "valid_until": ends,
        "withdrawn_at": near(rng, now, expected_s) if rarely(rng, 8) else None,
        "load": rng.choice([2, 3, 3, 4]),
        "scope": [make_entry(rng) for _ in range(rng.randint(1, 4))],
        "exclusions": some(rng, CIDRS, 1) if rarely(rng, 5) else [],
    }


def make_window(rng: random.Random, now: datetime) -> Json:
    zone = rng.choice(ZONES)
    local = now.astimezone(find_zone(zone)) + timedelta(minutes=rng.choice([-180, -90, -30, 0, 15]))
    clock = rng.choice(["00:00", "01:30", "02:15", *[local.strftime("%H:%M")] * 3])
    return {
        "weekdays": rng.choice([[0, 1, 2, 3, 4, 5, 6], [local.weekday()], [3], [5, 6, 6]]),
        "start": clock,
        "length_s": rng.choice([1, 1800, 3600, 7200, 14400, 90_000, 604_800]),
        "zone": zone,
    }


def make_blackout(rng: random.Random, now: datetime, expected_s: int) -> Json:
    ends = sorted((near(rng, now, expected_s) for _ in range(2)), key=moment)
    return {"from": ends[0], "until": ends[1]}


def make_question(rng: random.Random) -> Json:
    text, expected_s = rng.choice(NOWS), rng.choice([1, 60, 1800, 3600, 7200, 80_000])
    now = moment(text)
    authorisations = rng.randint(0, 3) if rarely(rng, 4) else rng.randint(1, 3)
    return {
        "gate": 1,
        "now": text,
        "expected_s": expected_s,
        "target": rng.choice(RARE_TARGETS if rarely(rng, 6) else TARGETS),
        "name": None if rng.random() < 0.4 else rng.choice(NAMES),
        "resolved": some(rng, TARGETS, 4),
        "protocol": "udp" if rarely(rng, 5) else "tcp",
        "port": None if rarely(rng, 6) else rng.choice([22, 25, 80, 443]),
        "load": rng.choice([0, 1, 2, 2, 3]),
        "stop": rarely(rng, 20),
        "deny": some(rng, CIDRS, 1) if rarely(rng, 8) else [],
        "excluded_elsewhere": some(rng, CIDRS, 1) if rarely(rng, 8) else [],
        "authorisations": [
            make_authorisation(rng, n, now, expected_s) for n in range(authorisations)
        ],
        "windows": [make_window(rng, now) for _ in range(rng.randint(0, 3))],
        "blackouts": [make_blackout(rng, now, expected_s)] if rarely(rng, 4) else [],
    }


def both_readings(question: Json) -> tuple[Json, Json]:
    reason, letter = Gate(question, find_zone).decide(question["target"], question["port"])
    decision = "deny" if letter is None else "allow"
    second = {"decision": decision, "reason": reason, "authorisation": letter}
    return decide(GateQuestion.model_validate(question)).model_dump(), second


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_both_readings_of_the_rules_agree(rng: random.Random) -> None:
    question = make_question(rng)
    ours, theirs = both_readings(question)
    assert ours == theirs, json.dumps(question)


def test_both_readings_agree_on_cases_that_reach_every_reason() -> None:
    rng, seen = random.Random(2021), Counter[str]()
    for _ in range(1500):
        question = make_question(rng)
        ours, theirs = both_readings(question)
        assert ours == theirs, json.dumps(question)
        seen[ours["reason"]] += 1
    assert set(seen) == set(get_args(Reason)), seen
    assert min(seen.values()) >= 5, seen
