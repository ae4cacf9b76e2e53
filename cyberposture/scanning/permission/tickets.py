"""Signed job tickets: proof that a queued job is the plan that the gate allowed, for a short time.

A ticket widens nothing and replaces no question to the gate: the worker still asks before it sends.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Final

import rfc8785
from pydantic import Field, ValidationError

from cyberposture.clock import to_iso
from cyberposture.errors import NotAuthorised, WrongUsage
from cyberposture.model.foundation import Model, Sha256
from cyberposture.model.gate import GateMoment
from cyberposture.model.lookups import LookupPlan
from cyberposture.model.plans import JobId, Plan
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.permission.lookups import PermittedLookup

SHORTEST_KEY_BYTES: Final = 32
"""As long as the digest. Source: RFC 2104, HMAC, section 3, February 1997."""


class _Claims(Model):
    """What a ticket says."""

    ticket: Annotated[int, Field(strict=True, ge=1, le=1)]
    job: JobId
    plan: Sha256
    not_after: GateMoment


def plan_digest(plan: Plan | LookupPlan) -> str:
    """Return the SHA-256 of the plan's canonical JSON, in hexadecimal.

    Source: RFC 8785, JSON Canonicalization Scheme, June 2020.
    """
    return hashlib.sha256(rfc8785.dumps(plan.model_dump(mode="json"))).hexdigest()


def _seal(key: bytes, claims: bytes) -> bytes:
    if len(key) < SHORTEST_KEY_BYTES:
        raise WrongUsage(f"a ticket key has at least {SHORTEST_KEY_BYTES} bytes")
    return hmac.digest(key, claims, "sha256")


def issue(key: bytes, permitted: PermittedPlan | PermittedLookup) -> str:
    """Return the ticket for what was permitted: claims and seal in URL-safe base64, with a dot.

    Raises:
        WrongUsage: the key is too short.
    """
    claims = rfc8785.dumps(
        {
            "ticket": 1,
            "job": permitted.plan.job,
            "plan": plan_digest(permitted.plan),
            "not_after": to_iso(permitted.not_after),
        }
    )
    parts = (claims, _seal(key, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)


def verify(key: bytes, ticket: str, plan: Plan | LookupPlan, now: datetime) -> None:
    """Return if the ticket is ours, stands for exactly this plan, and is not over yet.

    Raises:
        NotAuthorised: `bad-ticket`, whatever is wrong with it.
        WrongUsage: the key is too short.
    """
    claims = _open(key, ticket)
    # The digest is over the whole plan, its job among the rest.
    if claims.plan != plan_digest(plan):
        raise NotAuthorised("bad-ticket", "it was issued for another plan")
    if now >= claims.not_after:
        raise NotAuthorised("bad-ticket", f"it was good until {to_iso(claims.not_after)}")


def _open(key: bytes, ticket: str) -> _Claims:
    try:
        claims, seal = (
            base64.b64decode(part, altchars=b"-_", validate=True) for part in ticket.split(".")
        )
    except ValueError as error:
        raise NotAuthorised("bad-ticket", "it is not in the form of a ticket") from error
    if not hmac.compare_digest(_seal(key, claims), seal):
        raise NotAuthorised("bad-ticket", "its seal is not ours")
    try:
        return _Claims.model_validate_json(claims)
    except ValidationError as error:
        raise NotAuthorised("bad-ticket", "it is of another edition") from error
