"""Computed facts about a mail domain: who may send for it, who signs, and what receivers are told.

Records are somebody else's text: whatever cannot be read is told as such and never guessed at.
"""

import base64
import binascii
import re
from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.lookups import find_lookup, read_tags, records_of, targets_of
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found, Truth
from cyberposture.scanning.judging.wording import listed, plain, quote
from cyberposture.scanning.reading.spf import (
    MOST_LOOKUPS,
    Walk,
    is_spf,
    walk_spf,
)

MIN_DKIM_BITS: Final = 1024
"""Shorter RSA keys are not accepted by receivers. Source: RFC 8301, section 3.2, January 2018."""
MIN_KEPT_DKIM_BITS: Final = 2048
"""Source: RFC 8301, section 3.2: signers use at least 2048 bits."""


def _name(endpoint: Endpoint) -> str:
    return endpoint.view.address


def mail_use(endpoint: Endpoint) -> Found:
    """Whether the domain takes mail: `mail`, `null` (it says that it does not), or `none`."""
    records = records_of(endpoint, _name(endpoint), "MX")
    if isinstance(records, Found):
        return records
    if records:
        if all(record.split(" ")[-1] == "." for record in records):
            return Found("null", "its null MX record says that it takes no mail")
        return Found("mail", f"its mail goes to {listed([plain(t) for t in targets_of(records)])}")
    addresses = [records_of(endpoint, _name(endpoint), kind) for kind in ("A", "AAAA")]
    if any(found for found in addresses if not isinstance(found, Found)):
        return Found("mail", "its mail goes to the address of the name itself")
    undecided = [found for found in addresses if isinstance(found, Found)]
    lookup = find_lookup(endpoint, _name(endpoint), "MX")
    if undecided and (lookup is None or lookup.outcome != "no-such-name"):
        return undecided[0]
    return Found("none", "it has neither mail servers nor an address")


def spf_record_count(endpoint: Endpoint) -> Found:
    """How many SPF records the domain has; receivers take exactly one for valid."""
    records = records_of(endpoint, _name(endpoint), "TXT")
    if isinstance(records, Found):
        return records
    found = [record for record in records if is_spf(record)]
    said = listed([quote(record) for record in found], 2) if found else "no SPF record"
    return Found(len(found), said)


def _walk(endpoint: Endpoint) -> Walk | Found:
    count = spf_record_count(endpoint)
    if isinstance(count.value, Truth):
        return count
    if count.value != 1:
        return Found(UNTESTED, "there is no one SPF record to read")
    return walk_spf(_name(endpoint), lambda name, kind: find_lookup(endpoint, name, kind))


def spf_is_valid(endpoint: Endpoint) -> Found:
    """Whether the SPF record and all that it includes can be read without a fault."""
    walk = _walk(endpoint)
    if isinstance(walk, Found):
        return walk
    if walk.faults:
        return Found(False, plain("; ".join(walk.faults[:3])))
    if not walk.is_whole:
        return Found(UNKNOWN, "not all that it includes could be looked up")
    return Found(True, "it can be read, and so can all that it includes")


def spf_lookups(endpoint: Endpoint) -> Found:
    """How many lookups a receiver makes for the SPF record, through all that it includes."""
    walk = _walk(endpoint)
    if isinstance(walk, Found):
        return walk
    note = f"{walk.lookups} lookups of the {MOST_LOOKUPS} that receivers make"
    if not walk.is_whole and walk.lookups <= MOST_LOOKUPS:
        return Found(UNKNOWN, f"at least {note}; not all could be followed")
    return Found(walk.lookups, note)


def spf_void_lookups(endpoint: Endpoint) -> Found:
    """How many lookups for the SPF record bring nothing."""
    walk = _walk(endpoint)
    if isinstance(walk, Found):
        return walk
    note = f"{walk.voids} lookups bring nothing"
    if not walk.is_whole and walk.voids <= 2:
        return Found(UNKNOWN, f"at least {note}; not all could be followed")
    return Found(walk.voids, note)


_ENDS: Final = {"+": "pass", "?": "neutral", "~": "softfail", "-": "fail"}
SPF_ENDS: Final = frozenset({*_ENDS.values(), "none"})


def spf_end(endpoint: Endpoint) -> Found:
    """What the SPF record says of all other senders: fail, softfail, neutral, pass, or none."""
    walk = _walk(endpoint)
    if isinstance(walk, Found):
        return walk
    if walk.end is None:
        if not walk.is_whole:
            return Found(UNKNOWN, "the end of the record could not be looked up")
        return Found("none", "it says nothing of other senders")
    return Found(_ENDS[walk.end], f"it ends in {walk.end}all")


class _Key(NamedTuple):
    """One DKIM selector: `missing`, `revoked`, `broken` or `there`, and its length in bits."""

    selector: str
    state: str
    kind: str = ""
    bits: int = 0


def _read_key(selector: str, record: str) -> _Key:
    tags = read_tags(record)
    if tags is None or tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return _Key(selector, "broken")
    kind, text = tags.get("k", "rsa").lower(), re.sub(r"\s", "", tags["p"])
    if not text:
        return _Key(selector, "revoked")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return _Key(selector, "broken", kind)
    if kind == "ed25519":  # RFC 8463, section 3: the bare 32 bytes of the key.
        return _Key(selector, "there" if len(raw) == 32 else "broken", kind, 256)
    if kind != "rsa":
        return _Key(selector, "broken", kind)
    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return _Key(selector, "broken", kind)
    if not isinstance(key, RSAPublicKey):
        return _Key(selector, "broken", kind)
    return _Key(selector, "there", kind, key.key_size)


def _keys(endpoint: Endpoint) -> list[_Key] | Found:
    selectors = endpoint.view.context.selectors
    if not selectors:
        return Found(UNTESTED, "no DKIM selectors are declared for it")
    found: list[_Key] = []
    undecided: Found | None = None
    for selector in selectors:
        records = records_of(endpoint, f"{selector}._domainkey.{_name(endpoint)}", "TXT")
        if isinstance(records, Found):
            undecided = records
        elif not records:
            found.append(_Key(selector, "missing"))
        elif len(records) > 1:
            found.append(_Key(selector, "broken"))
        else:
            found.append(_read_key(selector, records[0]))
    if undecided is not None and all(key.state == "there" for key in found):
        return undecided
    return found


DKIM_STATES: Final = frozenset({"there", "missing", "revoked", "broken"})
_STATE_WORDS: Final = {
    "missing": "has no key",
    "revoked": "is revoked: its key is empty",
    "broken": "has a record that cannot be read",
}


def dkim_keys(endpoint: Endpoint) -> Found:
    """Whether each declared selector has a key: `there`, else the first flaw met."""
    keys = _keys(endpoint)
    if isinstance(keys, Found):
        return keys
    for key in keys:
        if key.state != "there":
            return Found(key.state, f"the selector {plain(key.selector)} {_STATE_WORDS[key.state]}")
    return Found("there", f"{len(keys)} of {len(keys)} declared selectors have a key")


def dkim_key_bits(endpoint: Endpoint) -> Found:
    """The length of the shortest RSA key; an Ed25519 key counts as the RSA length it equals."""
    keys = _keys(endpoint)
    if isinstance(keys, Found):
        return keys
    there = [key for key in keys if key.state == "there"]
    if not there:
        return Found(UNTESTED, "there is no key to measure")
    # 128 bits of strength, as RSA of 3072 bits has: NIST SP 800-57 Part 1 Rev. 5, table 2.
    sizes = [(3072 if key.kind == "ed25519" else key.bits, key) for key in there]
    bits, key = min(sizes, key=lambda pair: pair[0])
    spoken = "an Ed25519 key" if key.kind == "ed25519" else f"an RSA key of {key.bits} bits"
    return Found(bits, f"the selector {plain(key.selector)} has {spoken}")


STS_STATES: Final = frozenset({"absent", "broken", "valid"})
STS_PATH: Final = "/.well-known/mta-sts.txt"
"""Source: RFC 8461, section 3.3, September 2018."""
_STS_MODES: Final = ("enforce", "testing", "none")


def mta_sts(endpoint: Endpoint) -> Found:
    """Whether the domain announces a policy for mail transport. Source: RFC 8461, section 3.1."""
    records = records_of(endpoint, f"_mta-sts.{_name(endpoint)}", "TXT")
    if isinstance(records, Found):
        return records
    found = [record for record in records if re.match(r"v\s*=\s*STSv1\s*(;|$)", record)]
    if not found:
        return Found("absent", "no MTA-STS record")
    tags = read_tags(found[0])
    sound = len(found) == 1 and tags is not None
    if not sound or not re.fullmatch(r"[A-Za-z0-9]{1,32}", (tags or {}).get("id", "")):
        return Found("broken", f"receivers ignore {quote(found[0])}")
    return Found("valid", quote(found[0]))


def mta_sts_mode(endpoint: Endpoint) -> Found:
    """What the policy file asks of other servers: enforce, testing, none, or broken."""
    pages = [
        paths[STS_PATH]
        for names in endpoint.view.web.values()
        for paths in names.values()
        if STS_PATH in paths
    ]
    page = next((one for one in pages if one.outcome == "answered"), pages[0] if pages else None)
    if page is None:
        return Found(UNTESTED, "its policy file was not fetched")
    if page.outcome != "answered":
        return Found(UNKNOWN, "its policy file could not be fetched")
    if page.status != 200:
        return Found("broken", f"its policy file is not there: the server says {page.status}")
    for mode in _STS_MODES:
        if f"mta-sts-{mode}" in page.marks:
            return Found(mode, f"its policy file says mode: {mode}")
    return Found("broken", "its policy file names no mode")


STS_MODES: Final = frozenset({*_STS_MODES, "broken"})


def tls_reports(endpoint: Endpoint) -> Found:
    """Whether other servers are told where to report failed encryption. RFC 8460, section 3."""
    records = records_of(endpoint, f"_smtp._tls.{_name(endpoint)}", "TXT")
    if isinstance(records, Found):
        return records
    found = [record for record in records if re.match(r"v\s*=\s*TLSRPTv1\s*;", record)]
    tags = read_tags(found[0]) if len(found) == 1 else None
    to = (tags or {}).get("rua", "")
    if not re.match(r"(mailto:[^@\s]+@|https://)\S+", to, re.IGNORECASE):
        return Found(False, "no TLS-RPT record that names an address")
    return Found(True, f"reports go to {quote(to)}")
