"""What stands behind a finding, and behind one contact with an address."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import NotFound, WrongUsage
from cyberposture.services.proof.bundle.matter import (
    Matter,
    Sent,
    Subject,
    moment_of,
    take_facts,
)
from cyberposture.services.proof.provenance import trace_contact
from cyberposture.services.register import Register
from cyberposture.store import chunks, findings, institutions
from cyberposture.store.editions import find_adoption
from cyberposture.store.findings import FindingEvent, FindingRecord
from cyberposture.store.sights import Sight, list_sights


def gather_finding(register: Register, connection: Connection, subject: Subject) -> Matter:
    """Return what stands behind a finding, as it was known at a moment.

    Raises:
        NotFound: there is no such finding, or nobody knew of it yet.
    """
    until = moment_of(register, subject)
    finding = findings.get_finding(connection, subject.name)
    events = findings.list_events(connection, finding_id=finding.id, until=until)
    if not events:
        raise NotFound("finding of that moment", subject.name)
    owner = institutions.get_institution_by_id(connection, finding.key.institution_id, as_of=until)
    matter = Matter(owner, "finding", finding.code)
    sights = list_sights(connection, finding, until=until)
    if sights:
        matter.editions = _editions(connection, sights[-1].checks_digest)
    seen = take_facts(connection, matter, (one for sight in sights for one in sight.facts))
    matter.documents = {
        "finding.json": _finding(finding, events, sights),
        "observations.json": seen,
    }
    return matter


def _editions(connection: Connection, checks: str) -> dict[str, str]:
    adoption = find_adoption(connection, checks=checks)
    if adoption is None:
        return {}
    return {"catalogue": adoption.catalogue, "checks": checks, "texts": adoption.texts}


def _finding(
    finding: FindingRecord, events: list[FindingEvent], sights: list[Sight]
) -> dict[str, Any]:
    """Return a finding without whoever marked it and what they said."""
    return {
        "code": finding.code,
        "check": finding.key.check,
        "severity": finding.severity,
        "subject": finding.key.subject,
        "address": finding.address,
        "protocol": finding.key.protocol,
        "port": finding.key.port,
        "vantage": finding.key.vantage,
        "state": events[-1].state,
        "says": sights[-1].says if sights else finding.says,
        "events": [
            {"number": one.number, "kind": one.kind, "state": one.state, "at": to_iso(one.act.at)}
            for one in events
        ],
        "judgements": [
            {"verdict": one.verdict, "version": one.version, "says": one.says,
             "observed_at": to_iso(one.observed_at), "judged_at": to_iso(one.judged_at),
             "checks_sha256": one.checks_digest}
            for one in sights
        ],
    }  # fmt: skip


def gather_contact(register: Register, connection: Connection, subject: Subject) -> Matter:
    """Return what stands behind the newest contact with an address (and port) until a moment.

    Raises:
        InvalidInput: the text is no address in canonical spelling.
        WrongUsage: what stands behind its colon is no port.
        NotFound: there was no contact, or the log holds no decision for it.
    """
    address, port = split_port(subject.name)
    at = moment_of(register, subject)
    traced = trace_contact(register, address, at, port=port)
    if traced is None:
        raise NotFound("contact", subject.name, advice="cyberposture scan who ADDRESS")
    one = traced.contact
    owner = institutions.get_institution_by_id(connection, one.institution_id, as_of=at)
    matter = Matter(owner, "contact", f"{one.scan}/{one.number}",
                    about={"address": address, "port": port})  # fmt: skip
    matter.letters.add(traced.terms.id)
    matter.sent.add(Sent(one.scan, one.number))
    artefact = chunks.get_chunk(connection, one.chunk_id).artefact_sha256
    if artefact is not None and one.ended_at is not None:
        matter.raw.add(artefact)
    matter.documents["contact.json"] = {
        "address": address,
        "port": port,
        "scan": one.scan,
        "chunk": one.number,
        "attempt": one.attempt,
        "technique": one.plan["technique"],
        "ports": one.plan["ports"],
        "load": one.plan["load"],
        "vantage": one.vantage,
        "outcome": one.outcome,
        "began": to_iso(one.started_at),
        "ended": _moment(one.ended_at),
        "authorisation": traced.terms.id,
    }
    return matter


def _moment(at: datetime | None) -> str | None:
    return None if at is None else to_iso(at)


def split_port(text: str) -> tuple[str, int | None]:
    """Return address and port of `192.0.2.1:22`, `[2001:db8::1]:22`, or an address alone.

    Raises:
        WrongUsage: what stands behind the colon is no port.
    """
    address, _, port = text.rpartition(":")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    elif not address or ":" in address:
        return text, None
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise WrongUsage(f"{text[:60]!r}: behind the colon stands a port, 1 to 65535")
    return address, int(port)
