"""Zones as name servers hold them: read once, and signed with keys made at the start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from cyberposture.laboratory.hosts import Zone

_VALID = {"yes": (-1, 30), "broken": (-1, 30), "expired": (-60, -30)}
"""Days from now at which signatures begin and end to hold."""


@dataclass(frozen=True)
class Held:
    """A zone's records, and the DS record that its parent holds where it is signed."""

    data: dns.zone.Zone
    anchor: dns.rrset.RRset | None = None


@lru_cache(maxsize=256)
def _key(origin: str) -> tuple[ec.EllipticCurvePrivateKey, DNSKEY]:
    """Return the key of a zone, the same at each of its servers."""
    private = ec.generate_private_key(ec.SECP256R1())
    return private, dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257)


@lru_cache(maxsize=256)
def hold(zone: Zone) -> Held:
    """Return the zone ready to be served."""
    data = zone.read()
    if zone.signed == "no":
        return Held(data)
    origin = dns.name.from_text(zone.origin)
    private, public = _key(zone.origin)
    begins, ends = (datetime.now(UTC) + timedelta(days=days) for days in _VALID[zone.signed])
    dns.dnssec.sign_zone(data, keys=[(private, public)], inception=begins, expiration=ends)
    if zone.signed == "broken":
        _tamper(data, origin)
    anchor = dns.dnssec.make_ds(origin, public, "SHA256")
    return Held(data, dns.rrset.from_rdata(origin, 3600, anchor))


def _tamper(data: dns.zone.Zone, origin: dns.name.Name) -> None:
    """Change the start of authority after it was signed."""
    with data.writer() as writer:
        start = writer.get(origin, dns.rdatatype.SOA)
        if start is not None:
            changed = start[0].replace(serial=start[0].serial + 7)
            writer.replace(origin, start.ttl, changed)
