"""Looks up what the DNS says of one name: all that the checks of its subject ask for, and no more.

It asks the configured resolver alone. What comes back (servers, aliases, addresses) is evidence;
nothing of it is contacted from here.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from cyberposture.model.observations import DNSFact
from cyberposture.scanning.permission.lookups import PermittedLookup
from cyberposture.scanning.reading.spf import walk_spf
from cyberposture.scanning.sending.ask import Asker, Where

MOST_SERVERS: Final = 13
"""Of so many name or mail servers the addresses are looked up."""
MOST_PARENTS: Final = 5
"""So far up is asked for what a parent says for its children."""


def look_up(
    permitted: PermittedLookup, resolver: Where, at: datetime, must_stop: Callable[[], bool]
) -> tuple[tuple[DNSFact, ...], bool]:
    """Return every lookup about the name of the permitted plan, and whether it was stopped.

    `at` is the present moment, against which signatures are held.
    """
    plan = permitted.plan
    asker = Asker(resolver, must_stop)
    name = plan.name.rstrip(".").lower()
    if plan.subject == "mail-domain":
        _mail_domain(asker, name, plan.selectors)
    elif plan.subject == "domain":
        signatures = _domain(asker, name, at)
        return (*asker.facts(), *signatures), asker.was_stopped
    else:
        for kind in ("CNAME", "A", "AAAA"):
            asker.find(name, kind)
    return asker.facts(), asker.was_stopped


def _targets(lookup: DNSFact) -> list[str]:
    """Return the names that MX or NS records lead to, at most `MOST_SERVERS` of them."""
    names = [record.split(" ")[-1].rstrip(".").lower() for record in lookup.records]
    return [name for name in dict.fromkeys(names) if name][:MOST_SERVERS]


def parents(name: str) -> list[str]:
    """Return the parents of a name, the nearest first, without the root and the top level."""
    labels = name.split(".")
    found = [".".join(labels[first:]) for first in range(1, len(labels) - 1)]
    return found[:MOST_PARENTS]


def _mail_domain(asker: Asker, name: str, selectors: tuple[str, ...]) -> None:
    mail = asker.find(name, "MX")
    for target in _targets(mail):
        for kind in ("A", "AAAA"):
            asker.find(target, kind)
    if mail.outcome == "no-record":
        for kind in ("A", "AAAA"):  # Mail goes to the name itself then: RFC 5321, section 5.1.
            asker.find(name, kind)
    walk_spf(name, asker.find)
    for asked in (name, *parents(name)):
        lookup = asker.find(f"_dmarc.{asked}", "TXT")
        if any(record.lower().startswith("v=dmarc1") for record in lookup.records):
            break
    if asker.find(f"_mta-sts.{name}", "TXT").outcome == "answered":
        for kind in ("A", "AAAA"):
            asker.find(f"mta-sts.{name}", kind)
    asker.find(f"_smtp._tls.{name}", "TXT")
    for selector in selectors:
        asker.find(f"{selector}._domainkey.{name}", "TXT")


def _domain(asker: Asker, name: str, at: datetime) -> list[DNSFact]:
    start = asker.ask(name, "SOA", dnssec=True)
    if start.fact.outcome == "failed":
        # A resolver that finds the signatures wrong fails; asked not to check, it answers.
        asker.ask(name, "SOA", dnssec=True, unchecked=True)
    anchor = asker.ask(name, "DS", dnssec=True)
    keys = asker.ask(name, "DNSKEY", dnssec=True, unchecked=True)
    for target in _targets(asker.find(name, "NS")):
        for kind in ("A", "AAAA"):
            asker.find(target, kind)
    for asked in (name, *parents(name)):
        if asker.find(asked, "CAA").outcome not in ("no-record", "no-such-name"):
            break
    signed = asker.ask(name, "SOA", dnssec=True, unchecked=True)
    messages = (anchor.message, keys.message, signed.message)
    if anchor.fact.outcome != "answered" or None in messages:
        return []
    holds, why = _signatures_hold(name, messages, at)
    return [
        DNSFact(
            name=name,
            kind="SIGNATURES",
            outcome="answered",
            records=("hold" if holds else "broken",),
            detail=why,
        )
    ]


def _pair(
    message: dns.message.Message | None, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> tuple[dns.rrset.RRset | None, dns.rrset.RRset | None]:
    """Return the records of a kind in an answer, and the signatures over them."""
    if message is None:
        return None, None
    records = message.get_rrset(message.answer, name, dns.rdataclass.IN, kind)
    signatures = message.get_rrset(
        message.answer, name, dns.rdataclass.IN, dns.rdatatype.RRSIG, kind
    )
    return records, signatures


def _signatures_hold(
    name: str, messages: tuple[dns.message.Message | None, ...], at: datetime
) -> tuple[bool, str]:
    """Return whether the parent's DS record vouches for a key that signs the keys and the zone.

    It is our own arithmetic, for resolvers that do not check. What lies above the parent is the
    resolver's to check. Source: RFC 4035, section 5, March 2005.
    """
    owner = dns.name.from_text(name)
    anchors, _ = _pair(messages[0], owner, dns.rdatatype.DS)
    keys, over_keys = _pair(messages[1], owner, dns.rdatatype.DNSKEY)
    start, over_start = _pair(messages[2], owner, dns.rdatatype.SOA)
    if keys is None or over_keys is None or start is None or over_start is None:
        return False, "a DS record stands in the parent zone, and the zone is not signed"
    vouched = dns.rrset.RRset(owner, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
    for key in keys:
        for anchor in anchors or ():
            try:
                if dns.dnssec.make_ds(owner, key, anchor.digest_type, validating=True) == anchor:
                    vouched.add(key)
            except (dns.exception.DNSException, ValueError):
                continue
    if not vouched:
        return False, "no key of the zone is the one that the parent zone names"
    now = at.timestamp()
    try:
        dns.dnssec.validate(keys, over_keys, {owner: vouched}, None, now)
        dns.dnssec.validate(start, over_start, {owner: keys}, None, now)
    except (dns.exception.DNSException, ValueError) as error:
        return False, f"a signature does not hold: {str(error)[:120]}"
    return True, "the signatures hold against the key that the parent zone names"
