"""A lease is good for one scanner, for a minute, once; anything else is refused."""

import contextlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from gate_samples import NOON, a_chunk, a_plan, an_authorisation
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.errors import InvalidInput, NotAuthorised
from cyberposture.model.leases import LEASE_S, Lease, Result, Signed
from cyberposture.model.observations import Fact
from cyberposture.scanning.permission.leases import (
    QUIET_S,
    Beacon,
    pack,
    require_within,
    seal,
    unpack,
    unseal,
)
from cyberposture.scanning.permission.signing import generate_key_pair

CENTRE, OTHER, PLANT = generate_key_pair(), generate_key_pair(), generate_key_pair()
NOW = datetime.fromisoformat(NOON)
ID = "0" * 31 + "a-1"


class Time:
    """A wall clock and one that nobody can set; a test moves them apart."""

    def __init__(self) -> None:
        self.wall, self.ticks_s = NOW, 1000.0

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.ticks_s += seconds

    def beacon(self, scanner: str = "plant-1") -> Beacon:
        return Beacon(scanner, lambda: self.wall, lambda: self.ticks_s)


def a_lease(answers: str, **changes: Any) -> Lease:
    plan = a_plan(targets=["39.32.10.7"], resolved=[], parameters={"rate": 5})
    fields: dict[str, Any] = {
        "id": ID,
        "serial": 1,
        "state": "send",
        "scanner": "plant-1",
        "signed_at": NOW,
        "expires_at": NOW + timedelta(seconds=LEASE_S),
        "answers": answers,
        "plan": plan,
        "question": a_chunk(an_authorisation(), targets=["39.32.10.7"]),
        "authorisation": "A-1",
        "terms_sha256": "0" * 64,
        "manners": {"rate_pps": 5, "connections": 1, "host_timeout_s": 60, "port_offset": 0,
                    "user_agent": "tests"},
    }  # fmt: skip
    return Lease.model_validate(fields | changes)


def opened(beacon: Beacon, lease: Lease, after: int = 0) -> float:
    return beacon.open(CENTRE.public_key, seal(lease, CENTRE.private_key), after=after).ends_s


def refused(beacon: Beacon, lease: Lease, after: int = 0) -> str:
    with pytest.raises(NotAuthorised) as caught:
        opened(beacon, lease, after)
    return caught.value.reason


def test_lease_holds_for_a_minute_after_it_was_signed() -> None:
    time = Time()
    beacon = time.beacon()
    sign = beacon.give()
    assert opened(beacon, a_lease(sign.nonce)) == time.ticks_s + LEASE_S
    time.pass_by(LEASE_S - QUIET_S)
    assert opened(beacon, a_lease(sign.nonce)) == time.ticks_s + QUIET_S


def test_renewed_lease_holds_from_the_newest_sign_of_life_on() -> None:
    time = Time()
    beacon = time.beacon()
    beacon.give()
    time.pass_by(30)
    later = a_lease(
        beacon.give().nonce, serial=2, signed_at=time.wall,
        expires_at=time.wall + timedelta(seconds=LEASE_S),
    )  # fmt: skip
    assert opened(beacon, later, after=1) == 1030 + LEASE_S


def test_expired_lease_is_refused_by_the_wall_clock() -> None:
    time = Time()
    beacon = time.beacon()
    sign = beacon.give()
    time.wall += timedelta(seconds=LEASE_S)
    assert refused(beacon, a_lease(sign.nonce)) == "lease-over"


def test_expired_lease_is_refused_though_the_wall_clock_was_put_back() -> None:
    time = Time()
    beacon = time.beacon()
    sign = beacon.give()
    time.ticks_s += LEASE_S
    assert refused(beacon, a_lease(sign.nonce)) == "stale"


def test_lease_of_before_a_new_start_is_refused() -> None:
    time = Time()
    sign = time.beacon().give()
    again = time.beacon()
    again.give()
    assert refused(again, a_lease(sign.nonce)) == "stale"


def test_lease_for_another_scanner_is_refused() -> None:
    beacon = Time().beacon("plant-2")
    assert refused(beacon, a_lease(beacon.give().nonce)) == "other-scanner"


def test_earlier_lease_and_the_same_one_are_refused_after_a_later_one() -> None:
    beacon = Time().beacon()
    nonce = beacon.give().nonce
    assert refused(beacon, a_lease(nonce, serial=6), after=7) == "replayed"
    assert refused(beacon, a_lease(nonce, serial=7), after=7) == "replayed"


@pytest.mark.parametrize("seconds", [-2.5, 2.5])
def test_clocks_that_differ_by_more_than_two_seconds_are_told(seconds: float) -> None:
    time = Time()
    beacon = time.beacon()
    sign = beacon.give()
    signed_at = NOW + timedelta(seconds=seconds)
    lease = a_lease(sign.nonce, signed_at=signed_at,
                    expires_at=signed_at + timedelta(seconds=LEASE_S))  # fmt: skip
    assert refused(beacon, lease) == "clocks-differ"


def test_lease_longer_than_a_minute_is_refused() -> None:
    beacon = Time().beacon()
    lease = a_lease(beacon.give().nonce, expires_at=NOW + timedelta(seconds=LEASE_S + 1))
    assert refused(beacon, lease) == "too-long"


def test_stop_is_heard_however_old_it_is() -> None:
    beacon = Time().beacon()
    stop = a_lease("0" * 32, serial=9, state="stop")
    assert beacon.open(CENTRE.public_key, seal(stop, CENTRE.private_key), after=8).lease == stop


def test_lease_that_somebody_else_signed_is_refused() -> None:
    beacon = Time().beacon()
    forged = seal(a_lease(beacon.give().nonce), OTHER.private_key)
    with pytest.raises(NotAuthorised, match="bad-signature"):
        beacon.open(CENTRE.public_key, forged)


@given(place=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255))
def test_altered_lease_is_refused_or_says_the_same(place: int, byte: int) -> None:
    beacon = Time().beacon()
    lease = a_lease(beacon.give().nonce)
    data = bytearray(seal(lease, CENTRE.private_key))
    data[place % len(data)] = byte
    with contextlib.suppress(NotAuthorised, InvalidInput):
        assert beacon.open(CENTRE.public_key, bytes(data)).lease == lease


@given(st.binary(max_size=200))
def test_no_text_whatever_brings_the_reader_down(data: bytes) -> None:
    with pytest.raises((NotAuthorised, InvalidInput)):
        Time().beacon().open(CENTRE.public_key, data)


# -- results -----------------------------------------------------------------------------------


def a_fact(**changes: Any) -> Fact:
    fields = {"address": "39.32.10.7", "technique": "tcp-ports", "vantage": "internal:plant",
              "ended_at": NOW, "outcome": "answered"}  # fmt: skip
    return Fact.model_validate(fields | changes)


def a_result(facts: list[Fact], raw: bytes | None) -> tuple[Result, Signed]:
    body, facts_sha256, raw_sha256 = pack(facts, raw)
    result = Result(
        lease=ID, scanner="plant-1", lease_sha256="0" * 64, lease_expires_at=NOW,
        outcome="finished", said="", sender="nmap", began_at=NOW, ended_at=NOW,
        facts_sha256=facts_sha256, raw_sha256=raw_sha256,
    )  # fmt: skip
    return unseal(Result, PLANT.public_key, seal(result, PLANT.private_key, body))


def test_result_brings_facts_and_raw_file_unchanged() -> None:
    fact = a_fact(parameters={"scripts": ["ä\x00\u2028"]})
    assert unpack(*a_result([fact], b"<xml/>")) == ((fact,), b"<xml/>")
    assert unpack(*a_result([], None)) == ((), None)


@pytest.mark.parametrize("what", ["facts", "raw"])
def test_body_that_was_exchanged_is_refused(what: str) -> None:
    result, signed = a_result([a_fact()], b"<xml/>")
    other, _, _ = pack([a_fact(outcome="error")], b"<other/>")
    exchanged = signed.model_copy(update={"body": {**signed.body, what: other[what]}})
    with pytest.raises(InvalidInput, match="not what was signed"):
        unpack(result, exchanged)
    with pytest.raises(InvalidInput):
        unpack(result, signed.model_copy(update={"body": {**signed.body, what: "%"}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "39.32.10.8"},
        {"technique": "ot-ports"},
        {"ended_at": NOW + timedelta(seconds=1)},
        {"tls": [{"address": "39.32.10.8", "port": 443, "outcome": "failed"}]},
    ],
)
def test_facts_about_what_was_not_lent_are_refused(changes: dict[str, Any]) -> None:
    result, _ = a_result([], None)
    require_within(result, [a_fact()], a_lease("0" * 32))
    with pytest.raises(InvalidInput):
        require_within(result, [a_fact(**changes)], a_lease("0" * 32))


def test_documents_of_other_kinds_are_not_taken_for_leases() -> None:
    beacon = Time().beacon()
    result, signed = a_result([], None)
    assert json.loads(signed.text)["statement"] == "zone-result"
    with pytest.raises(InvalidInput):
        beacon.open(CENTRE.public_key, seal(result, CENTRE.private_key))
