"""A check for tests that are about judging, not about any one check."""

from typing import Any

from cyberposture.model.checks import Check


def a_check(**changes: Any) -> Check:
    """Return a check that fails where Telnet is offered, with some of its fields changed."""
    fields: dict[str, Any] = {
        "id": "lab.no-telnet",
        "version": 3,
        "title": "No Telnet is offered",
        "observation": "O-CLEAR",
        "severity": "high",
        "technique": "service-versions",
        "endpoints": {"ports": [23], "services": ["telnet"]},
        "rollup": "share",
        "fails_when": {"service": ["telnet"]},
        "says": {
            "pass": "Fine at {endpoint}: {detail}.",
            "fail": "Telnet at {endpoint} ({address}, {port}): {detail}.",
            "inconclusive": "Unknown at {endpoint}: {detail}.",
        },
        "why": "It can be read.",
        "remedy": "Switch it off.",
        "sources": [{"title": "RFC 854"}],
        "examples": [
            {"name": verdict, "facts": {}, "verdict": verdict}
            for verdict in ("pass", "fail", "inconclusive")
        ],
    }
    return Check.model_validate({**fields, **changes})
