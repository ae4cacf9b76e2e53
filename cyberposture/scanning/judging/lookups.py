"""The lookups of one subject as computed facts ask for them: found by name and kind, never guessed.

Absence is a fact only where a lookup was completed; one that failed or ran out of time is unknown,
and one that nobody made is untested.
"""

import re
from typing import Final

from cyberposture.model.observations import DNSFact
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found
from cyberposture.scanning.judging.wording import plain

COMPLETED: Final = frozenset({"answered", "no-record", "no-such-name"})


def fold(name: str) -> str:
    """Return a name as it is compared: in lower case, without a dot at its end."""
    return name.lower().rstrip(".")


def find_lookup(endpoint: Endpoint, name: str, kind: str) -> DNSFact | None:
    """Return what the resolver said of a name and kind, a completed lookup before any other."""
    wanted = fold(name)
    own = [
        one
        for one in endpoint.view.dns
        if one.kind == kind
        and one.server is None
        and not one.unchecked
        and fold(one.name) == wanted
    ]
    return next((one for one in own if one.outcome in COMPLETED), own[0] if own else None)


def records_of(endpoint: Endpoint, name: str, kind: str) -> tuple[str, ...] | Found:
    """Return the records of a completed lookup (none is an answer too), or why there are none."""
    lookup = find_lookup(endpoint, name, kind)
    if lookup is None:
        return Found(UNTESTED, f"nobody looked for {kind} at {plain(name)}")
    if lookup.outcome not in COMPLETED:
        why = f" ({plain(lookup.detail)[:80]})" if lookup.detail else ""
        return Found(UNKNOWN, f"the lookup of {kind} at {plain(name)} {_ENDS[lookup.outcome]}{why}")
    return lookup.records


_ENDS: Final = {
    "refused": "was refused",
    "failed": "failed",
    "timed-out": "brought no answer in time",
}


def targets_of(records: tuple[str, ...]) -> list[str]:
    """Return the names at the end of MX or NS records, each once, in order."""
    return list(dict.fromkeys(fold(record.split(" ")[-1]) for record in records))


def read_tags(text: str) -> dict[str, str] | None:
    """Return a list of `tag=value` with semicolons; None where it is none, or a tag stands twice.

    Source: RFC 6376, section 3.2, September 2011.
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        tag, equals, value = part.partition("=")
        tag = tag.strip()
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", tag) or tag in found:
            return None
        found[tag] = value.strip()
    return found
