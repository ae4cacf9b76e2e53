"""One contact for many: what was seen at a provider's address serves everybody whom it serves.

Five hundred institutions may name one mail server. It is asked once, and judged for each of them:
a chunk that the gate has just allowed an institution is not sent where the very same was asked of
the very same address within a day. Both letters must name the same third party for the address,
with its consent; what is spoken to under a name is the name's owner's own and never shared. Who
expressly asks for a scan, after a repair for instance, gets a look of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from sqlalchemy import Connection

from cyberposture.model.authorisations import AuthorisationTerms, ConsentedCIDR
from cyberposture.model.foundation import Moment
from cyberposture.model.plans import Plan
from cyberposture.scanning.stages import Wish
from cyberposture.services.permission.ground import Ground
from cyberposture.services.register import Change, Register
from cyberposture.services.scans.outlook import Passed
from cyberposture.store import contacts
from cyberposture.store.authorisations import find_authorisation
from cyberposture.store.contacts import Contact
from cyberposture.store.facts import insert_facts, list_facts
from cyberposture.store.scans import ScanRecord

SHARED_FOR: Final = timedelta(hours=24)
"""So long one contact serves others; what is looked at every day or less often stays fresh."""
ORIGIN: Final = "shared-from"
"""The parameter of a fact that tells of which chunk it is a copy."""


def third_party_of(terms: Iterable[AuthorisationTerms], address: str) -> str | None:
    """Return the third party that these terms name, with its consent, for an address."""
    target = ip_address(address)
    for one in terms:
        for entry in one.scope:
            if isinstance(entry, ConsentedCIDR) and entry.consent is not None:
                network = ip_network(entry.cidr)
                if network.version == target.version and target in network:
                    return entry.consent.third_party
    return None


def set_apart(wishes: Iterable[Wish], ground: Ground) -> list[Wish]:
    """Return the wishes with each shared address in one of its own, so that it can be shared."""
    found: list[Wish] = []
    for wish in wishes:
        shared = [t for t in wish.targets if third_party_of(ground.terms.values(), t) is not None]
        others = tuple(t for t in wish.targets if t not in shared)
        if len(wish.targets) == 1 or not shared:
            found.append(wish)
            continue
        found += [replace(wish, targets=(target,)) for target in shared]
        if others:
            found.append(replace(wish, targets=others))
    return found


def take_shared(
    register: Register,
    change: Change,
    scan: ScanRecord,
    ground: Ground,
    passed: Iterable[Passed],
) -> list[Passed]:
    """Take what others saw a short while ago; return the plans that must be sent all the same.

    Facts and raw file become the institution's own, with the moment at which they were seen; its
    audit chain tells whose contact it was.
    """
    if scan.kind != "scheduled":
        return list(passed)
    left: list[Passed] = []
    taken: list[dict[str, object]] = []
    for one in passed:
        contact = _find(change.connection, scan, ground.terms, one.plan, change.now)
        if contact is None:
            left.append(one)
        else:
            taken.append(_copy(register, change, scan, contact))
    if taken:
        change.tell(shared=taken)
    return left


def _find(
    connection: Connection,
    scan: ScanRecord,
    terms: Mapping[str, AuthorisationTerms],
    plan: Plan,
    now: Moment,
) -> Contact | None:
    """Return another institution's contact that asked just this of just this address, or None."""
    if len(plan.targets) != 1 or plan.name is not None:
        return None
    (target,) = plan.targets
    party = third_party_of(terms.values(), target)
    if party is None:
        return None
    for contact in contacts.list_contacts(connection, target):
        if (
            contact.institution_id != scan.institution_id
            and contact.vantage == scan.vantage
            and contact.outcome == "done"
            and contact.ended_at is not None
            and now - contact.ended_at <= SHARED_FOR
            and _asks_alike(Plan.model_validate(contact.plan), plan)
            and _party_of(connection, contact) == party
        ):
            return contact
    return None


def _asks_alike(one: Plan, other: Plan) -> bool:
    """Return whether two plans send the same; when, and for how long, does not matter."""
    aside = {"job", "expected_s"}
    return one.model_dump(exclude=aside) == other.model_dump(exclude=aside)


def _party_of(connection: Connection, contact: Contact) -> str | None:
    """Return the third party that the letter behind a contact names for its address."""
    reference = (contact.gate or {}).get("authorisation")
    record = None if reference is None else find_authorisation(connection, str(reference))
    if record is None:
        return None
    terms = AuthorisationTerms.model_validate({**record.terms, "id": record.code})
    return third_party_of([terms], contact.address)


def _copy(
    register: Register, change: Change, scan: ScanRecord, contact: Contact
) -> dict[str, object]:
    """Keep the facts of a contact, and its raw file, as this scan's own; return what to tell."""
    origin = f"{contact.scan}/{contact.number}"
    seen = [
        record.fact
        for record in list_facts(change.connection, scan_id=contact.scan_id)
        if record.chunk_id == contact.chunk_id and record.fact.address == contact.address
    ]
    for digest in {fact.artefact for fact in seen if fact.artefact is not None}:
        raw = register.blobs.get(change.connection, contact.institution_id, "scan", digest)
        register.blobs.put(change.connection, scan.institution_id, "scan", raw, change.by)
    own = [
        fact.model_copy(update={"parameters": {**fact.parameters, ORIGIN: origin}}) for fact in seen
    ]
    insert_facts(change.connection, scan.institution_id, scan.id, own, at=change.now)
    return {
        "from": origin,
        "address": contact.address,
        "technique": contact.plan["technique"],
        "facts": len(own),
        "contacted_at": contact.started_at.isoformat(),
    }
