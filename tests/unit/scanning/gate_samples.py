"""What the gate is asked in tests: an authorisation, a plan, and the circumstances around them."""

from typing import Any

from cyberposture.model.gate import ChunkQuestion
from cyberposture.model.plans import Plan

LONG_AGO, FAR = "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"
NOON = "2026-05-06T12:00:00Z"


def cidr(text: str, ports: list[int] | None = None, special: bool = False) -> dict[str, Any]:
    return {"cidr": text, "ports": ports, "special_allowed": special}


def daily(start: str, length_s: int) -> dict[str, Any]:
    return {"weekdays": list(range(7)), "start": start, "length_s": length_s, "zone": "UTC"}


def an_authorisation(identity: str = "A-1", **changes: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "granted": True,
        "valid_from": LONG_AGO,
        "valid_until": FAR,
        "withdrawn_at": None,
        "load": 3,
        "scope": [cidr("39.32.10.0/24")],
        "exclusions": [],
    } | changes


def circumstances(*authorisations: dict[str, Any]) -> dict[str, Any]:
    """Return all of a question but what would be contacted; nothing speaks against it."""
    return {
        "gate": 1,
        "now": NOON,
        "expected_s": 600,
        "name": None,
        "resolved": [],
        "protocol": "tcp",
        "load": 3,
        "stop": False,
        "deny": [],
        "excluded_elsewhere": [],
        "authorisations": list(authorisations),
        "windows": [],
        "blackouts": [],
    }


def a_plan(**changes: Any) -> Plan:
    document = {
        "job": "job-1",
        "technique": "tcp-ports",
        "protocol": "tcp",
        "targets": ["39.32.10.7", "39.32.10.8"],
        "ports": [22, 80],
        "load": 3,
        "name": None,
        "expected_s": 600,
    }
    return Plan.model_validate(document | changes)


def a_chunk(*authorisations: dict[str, Any], **changes: Any) -> ChunkQuestion:
    """Return the question about the whole of `a_plan`."""
    pairs = {"targets": ["39.32.10.7", "39.32.10.8"], "ports": [22, 80]}
    return ChunkQuestion.model_validate(circumstances(*authorisations) | pairs | changes)
