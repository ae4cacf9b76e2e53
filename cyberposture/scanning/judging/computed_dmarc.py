"""Computed facts about a mail domain's DMARC record: what is done with forged mail."""

import re
from typing import Final, NamedTuple

from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.lookups import read_tags, records_of
from cyberposture.scanning.judging.truth import UNTESTED, Found, Truth
from cyberposture.scanning.judging.wording import listed, plain, quote


class _Dmarc(NamedTuple):
    """The DMARC record that counts for a name: its tags (None: unreadable), and where it stands."""

    record: str
    tags: dict[str, str] | None
    at: str

    def is_inherited(self, name: str) -> bool:
        return self.at != name


def _is_dmarc(record: str) -> bool:
    return bool(re.match(r"v\s*=\s*DMARC1\s*(;|$)", record))


def _dmarc(endpoint: Endpoint) -> _Dmarc | Found:
    """Return the record of the name, or of its nearest parent that has one.

    Source: RFC 7489, section 6.6.3, March 2015; where parents end is not guessed from a list.
    """
    name = endpoint.view.address
    labels = name.split(".")
    asked = [".".join(labels[first:]) for first in range(max(1, len(labels) - 1))]
    for at in asked:
        records = records_of(endpoint, f"_dmarc.{at}", "TXT")
        if isinstance(records, Found):
            # A parent that nobody asked for is no part of the search.
            if at != name and records.value is UNTESTED:
                break
            return records
        found = [record for record in records if _is_dmarc(record)]
        if len(found) > 1:
            return Found(2, f"{len(found)} DMARC records at {plain(at)}")
        if found:
            return _Dmarc(found[0], read_tags(found[0]), at)
    return Found(0, "no DMARC record")


def dmarc_record_count(endpoint: Endpoint) -> Found:
    """How many DMARC records count for the domain; receivers take exactly one for valid."""
    found = _dmarc(endpoint)
    if isinstance(found, Found):
        return found
    return Found(1, f"{quote(found.record)} at {plain(found.at)}")


_POLICIES: Final = frozenset({"none", "quarantine", "reject"})
DMARC_POLICIES: Final = _POLICIES | {"absent"}


def _faults(dmarc: _Dmarc) -> list[str]:
    tags = dmarc.tags
    if tags is None:
        return ["it is no list of tags"]
    faults: list[str] = []
    if tags.get("p", "").lower() not in _POLICIES:
        faults.append("p= is missing or none of none, quarantine, reject")
    if "sp" in tags and tags["sp"].lower() not in _POLICIES:
        faults.append("sp= is none of none, quarantine, reject")
    pct = tags.get("pct", "100")
    if not pct.isdecimal() or not pct.isascii() or int(pct[:9]) > 100:
        faults.append("pct= is no number from 0 to 100")
    for tag in ("adkim", "aspf"):
        if tags.get(tag, "r").lower() not in ("r", "s"):
            faults.append(f"{tag}= is neither r nor s")
    for tag in ("rua", "ruf"):
        if tag in tags and not _addresses(tags[tag]):
            faults.append(f"{tag}= names no mailto: address")
    return faults


def _addresses(text: str) -> list[str]:
    parts = [part.strip().partition("!")[0] for part in text.split(",")]
    return [part for part in parts if re.fullmatch(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+", part, re.I)]


def _with_dmarc(endpoint: Endpoint) -> _Dmarc | Found:
    found = _dmarc(endpoint)
    if isinstance(found, Found) and not isinstance(found.value, Truth):
        return Found(UNTESTED, "there is no one DMARC record to read")
    return found


def dmarc_is_valid(endpoint: Endpoint) -> Found:
    """Whether the DMARC record can be read without a fault."""
    found = _with_dmarc(endpoint)
    if isinstance(found, Found):
        return found
    faults = _faults(found)
    if faults:
        return Found(False, "; ".join(faults[:3]))
    return Found(True, quote(found.record))


def dmarc_policy(endpoint: Endpoint) -> Found:
    """What receivers are asked to do with forged mail: none, quarantine, reject; or absent.

    What a parent's record says of its children counts for a domain without a record of its own.
    """
    found = _dmarc(endpoint)
    if isinstance(found, Found):
        return found if isinstance(found.value, Truth) else Found("absent", found.note)
    tags = found.tags or {}
    policy = tags.get("p", "").lower()
    if found.is_inherited(endpoint.view.address):
        policy = tags.get("sp", policy).lower()
    if policy not in _POLICIES:
        return Found("absent", "its record names no policy")
    return Found(policy, f"{quote(found.record)} at {plain(found.at)}")


def dmarc_share(endpoint: Endpoint) -> Found:
    """The percentage of forged mail that the policy is meant for."""
    found = _with_dmarc(endpoint)
    if isinstance(found, Found):
        return found
    text = (found.tags or {}).get("pct", "100")
    if not text.isdecimal() or not text.isascii() or int(text[:9]) > 100:
        return Found(100, "pct= cannot be read, so that it does not count")
    return Found(int(text), f"for {int(text)} in 100 of them")


def dmarc_subdomain_gap(endpoint: Endpoint) -> Found:
    """Whether names below the domain are asked less of than the domain itself."""
    found = _with_dmarc(endpoint)
    if isinstance(found, Found):
        return found
    weaker = (found.tags or {}).get("sp", "").lower() == "none"
    return Found(weaker, "sp=none leaves the names below out" if weaker else "")


def dmarc_reports(endpoint: Endpoint) -> Found:
    """Whether receivers are told where to send their reports."""
    found = _with_dmarc(endpoint)
    if isinstance(found, Found):
        return found
    to = _addresses((found.tags or {}).get("rua", ""))
    if not to:
        return Found(False, "rua= names no address for reports")
    return Found(True, f"reports go to {listed([quote(one) for one in to], 2)}")
