"""What the centre and a scanner without access to the register tell each other.

The centre lends a chunk for a minute at a time; the scanner gives signs of life and results. These
are the documents; signing and opening them is `scanning.permission.leases`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from cyberposture.model.foundation import Code, Model, Sha256, WholeNumber
from cyberposture.model.gate import ChunkQuestion, GateMoment
from cyberposture.model.plans import Plan

LEASE_S = 60
"""So long a lease holds after it was signed, unless it is renewed. Source: our own promise."""

Version = Annotated[Literal[1], WholeNumber]
LeaseId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}-[0-9]{1,4}$")]
"""The chunk, and which attempt at it this is."""
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
Words = Annotated[str, StringConstraints(max_length=500)]


class Signed(Model):
    """A statement as it travels: its exact text, and the signature of that text."""

    text: str
    signature: Signature
    body: dict[str, str] = Field(default_factory=dict, max_length=2)
    """What the statement only names by digest."""


class Manners(Model):
    """How gently the scanner goes, and what it says of itself."""

    rate_pps: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    connections: Annotated[int, Field(strict=True, ge=1, le=64)]
    host_timeout_s: Annotated[int, Field(strict=True, ge=1, le=86_400)]
    port_offset: Annotated[int, Field(strict=True, ge=0, le=50_000)]
    user_agent: Annotated[str, StringConstraints(max_length=500)]


class Lease(Model):
    """What one scanner may send until a moment, signed by the centre.

    `stop` takes it back, whatever was lent; `received` says that the result is kept.
    """

    statement: Literal["lease"] = "lease"
    version: Version = 1
    id: LeaseId
    serial: Annotated[int, Field(strict=True, ge=1)]
    """Rises with each renewal; an earlier one counts no more."""
    state: Literal["send", "stop", "received"]
    scanner: Code
    signed_at: GateMoment
    expires_at: GateMoment
    answers: Nonce
    """The scanner's newest sign of life: what was signed before it is not fresh."""
    plan: Plan
    question: ChunkQuestion
    """What the gate was asked with: windows, blackouts, stop, the letter's scope and dates."""
    authorisation: str
    terms_sha256: Sha256
    """Digest of the terms that two people signed."""
    manners: Manners


class Sign(Model):
    """A scanner's sign of life."""

    statement: Literal["sign-of-life"] = "sign-of-life"
    version: Version = 1
    scanner: Code
    vantage: str
    nonce: Nonce
    at: GateMoment
    raw_sockets: bool
    busy: tuple[LeaseId, ...] = ()
    refused: dict[LeaseId, Words] = Field(default_factory=dict)
    """Leases that it refused lately, and why."""


class Result(Model):
    """What came of a lease; facts and raw file travel beside it, under these digests."""

    statement: Literal["zone-result"] = "zone-result"
    version: Version = 1
    lease: LeaseId
    scanner: Code
    lease_sha256: Sha256 | None
    """Digest of the text of the last lease under which was sent; None: nothing was."""
    lease_expires_at: GateMoment | None
    outcome: Literal["finished", "failed", "timed-out", "stopped", "refused", "lost"]
    """`refused`: nothing was sent; `lost`: the scanner ended in the midst of it."""
    said: Words
    sender: Words
    """What sent: nmap with its version, or a probe of our own."""
    began_at: GateMoment | None
    ended_at: GateMoment
    facts_sha256: Sha256
    raw_sha256: Sha256 | None


def plain(model: Model) -> dict[str, Any]:
    """Return a document as plain JSON values, as it is signed."""
    return model.model_dump(mode="json", by_alias=True)
