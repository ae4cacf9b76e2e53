"""Signed leases: what a scanner may send that cannot ask the register, and until when.

A lease is fresh only where it answers a sign of life that this scanner gave within the last minute:
so it is of no use to anybody later, after a new start, or to another scanner, whatever the clocks
say. It is over at the earlier of two ends: its own by the scanner's clock, and a minute after that
sign of life by a clock that nobody can set.

A lease widens nothing: the scanner asks the gate with its question before it sends.
"""

import base64
import binascii
import hashlib
import json
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import rfc8785
from pydantic import ValidationError

from cyberposture.clock import Clock
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, WrongUsage
from cyberposture.model.foundation import Model
from cyberposture.model.leases import LEASE_S, Lease, Result, Sign, Signed, plain
from cyberposture.model.observations import Fact
from cyberposture.scanning.permission.signing import require_signature, sign

SKEW_S: Final = 2.0
"""By so much two clocks may differ; nmap itself writes whole seconds."""
QUIET_S: Final = 5.0
"""So long before its lease ends a scanner begins to end: its last packet comes before."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Raw file or facts of one chunk, unpacked."""
Monotonic = Callable[[], float]
D = TypeVar("D", bound=Model)


def seal(
    document: Lease | Sign | Result, private_key: str, body: dict[str, str] | None = None
) -> bytes:
    """Return a document with its signature, as it travels.

    Raises:
        WrongUsage: the key is not 32 bytes in hexadecimal.
    """
    text = rfc8785.dumps(plain(document))
    signed = Signed(text=text.decode(), signature=sign(private_key, text), body=body or {})
    return signed.model_dump_json().encode()


def unseal(kind: type[D], public_key: str, data: bytes) -> tuple[D, Signed]:
    """Return the document that this key signed, and the envelope that it came in.

    Raises:
        NotAuthorised: `bad-signature`: the key did not sign this text.
        InvalidInput: it is no such document.
    """
    try:
        signed = Signed.model_validate_json(data)
        require_signature(public_key, signed.signature, signed.text.encode())
        return kind.model_validate_json(signed.text), signed
    except ValidationError as error:
        raise InvalidInput(Fault(kind.__name__.lower(), "it is no such document")) from error


def text_digest(signed: Signed) -> str:
    """Return the SHA-256 of the text that was signed, in hexadecimal."""
    return hashlib.sha256(signed.text.encode()).hexdigest()


# -- freshness ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Given:
    nonce: str
    at: datetime
    ticks_s: float


@dataclass(frozen=True, slots=True)
class Opened:
    """A lease that this scanner may act on, and until when by its monotonic clock."""

    lease: Lease
    digest: str
    ends_s: float
    """Sending has ended by then; it begins to end `QUIET_S` before."""


class Beacon:
    """Gives the signs of life of one scanner, and judges by them what it is sent; one thread."""

    def __init__(self, scanner: str, clock: Clock, monotonic: Monotonic) -> None:
        """Make a beacon that gave no sign yet."""
        self.scanner, self._clock, self._monotonic = scanner, clock, monotonic
        self._given: deque[_Given] = deque()

    def give(self) -> _Given:
        """Return a new sign: a number that nobody can foresee, and when it was given."""
        given = _Given(secrets.token_hex(16), self._clock(), self._monotonic())
        self._given.append(given)
        while self._given and self._given[0].ticks_s < given.ticks_s - LEASE_S:
            self._given.popleft()
        return given

    def open(self, centre_key: str, data: bytes, *, after: int = 0) -> Opened:
        """Return the lease, if it is meant for this scanner, whole, fresh and not over.

        `after` is the highest serial number seen of it. What takes a lease back needs no freshness.

        Raises:
            NotAuthorised: `bad-signature`, `other-scanner`, `replayed`, `stale`, `clocks-differ`,
                `too-long`, `lease-over`.
            InvalidInput: it is no lease.
        """
        lease, signed = unseal(Lease, centre_key, data)
        if lease.scanner != self.scanner:
            raise NotAuthorised("other-scanner", f"it is for {lease.scanner}")
        if lease.serial <= after:
            raise NotAuthorised("replayed", f"number {lease.serial} came before number {after}")
        if lease.state != "send":
            return Opened(lease, text_digest(signed), self._monotonic())
        return Opened(lease, text_digest(signed), self._end_of(lease))

    def _end_of(self, lease: Lease) -> float:
        ticks, now = self._monotonic(), self._clock()
        given = next((one for one in self._given if one.nonce == lease.answers), None)
        if given is None or ticks - given.ticks_s >= LEASE_S:
            raise NotAuthorised("stale", "it answers no sign of life of the last minute")
        length_s = (lease.expires_at - lease.signed_at).total_seconds()
        if not 0 < length_s <= LEASE_S:
            raise NotAuthorised("too-long", f"a lease holds {LEASE_S} s at the most")
        slack = timedelta(seconds=SKEW_S)
        # It was signed between our sign of life and now, if both clocks go right.
        if not given.at - slack <= lease.signed_at <= now + slack:
            raise NotAuthorised(
                "clocks-differ",
                f"the centre signed at {lease.signed_at.isoformat()}, here it is {now.isoformat()}",
                advice="set the clock of this machine: times in evidence must be right",
            )
        ends = min(ticks + (lease.expires_at - now).total_seconds(), given.ticks_s + length_s)
        if ends <= ticks:
            raise NotAuthorised("lease-over", f"it was good until {lease.expires_at.isoformat()}")
        return ends


# -- results -----------------------------------------------------------------------------------


def pack(facts: Sequence[Fact], raw: bytes | None) -> tuple[dict[str, str], str, str | None]:
    """Return what travels beside a result, and the digests of facts and raw file."""
    text = "[" + ",".join(fact.model_dump_json() for fact in facts) + "]"
    body = {"facts": _packed(text.encode())}
    if raw is not None:
        body["raw"] = _packed(raw)
    raw_sha256 = None if raw is None else hashlib.sha256(raw).hexdigest()
    return body, hashlib.sha256(text.encode()).hexdigest(), raw_sha256


def unpack(result: Result, signed: Signed) -> tuple[tuple[Fact, ...], bytes | None]:
    """Return facts and raw file of a result whose signature held.

    Raises:
        InvalidInput: they are not what was signed, too large, or no facts.
    """
    text = _unpacked(signed.body.get("facts", ""), result.facts_sha256)
    raw = None
    if result.raw_sha256 is not None:
        raw = _unpacked(signed.body.get("raw", ""), result.raw_sha256)
    try:
        documents: Any = json.loads(text)
        return tuple(Fact.model_validate(one, strict=False) for one in documents), raw
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(Fault("facts", "they cannot be read")) from error


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def _unpacked(text: str, digest: str) -> bytes:
    try:
        opener = zlib.decompressobj()
        data = opener.decompress(base64.b64decode(text, validate=True), MOST_BYTES)
    except (zlib.error, binascii.Error, ValueError) as error:
        raise InvalidInput(Fault("result", "its body cannot be read")) from error
    if opener.unconsumed_tail or hashlib.sha256(data).hexdigest() != digest:
        raise InvalidInput(Fault("result", "its body is not what was signed"))
    return data


def require_within(result: Result, facts: Sequence[Fact], lease: Lease) -> None:
    """Return if facts speak of nothing but what was lent.

    Raises:
        InvalidInput: one speaks of another address, technique or vantage, or of a later moment.
    """
    plan = lease.plan
    for fact in facts:
        late = fact.ended_at is not None and fact.ended_at > result.ended_at
        if fact.address not in plan.targets or fact.technique != plan.technique or late:
            raise InvalidInput(Fault("facts", f"{fact.address} was not lent, or not yet seen"))
        seen = (fact.tls, fact.http, fact.mail, fact.services)
        if any(one.address != fact.address for kind in seen for one in kind):
            raise InvalidInput(Fault("facts", f"{fact.address} speaks of another address"))


def require_hex_key(text: str) -> str:
    """Return the text, if it is a public key: 64 hexadecimal digits.

    Raises:
        WrongUsage: it is none.
    """
    if len(text) != 64 or not all(c in "0123456789abcdef" for c in text):
        raise WrongUsage("a public key is 64 hexadecimal digits")
    return text
