"""What a bundle is about, and all that has to lie in it for that.

Nothing of anybody else is gathered: each thing is looked for under the institution that owns it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.services.register import Register
from cyberposture.services.scans.sharing import ORIGIN
from cyberposture.store import chunks, scans
from cyberposture.store.facts import FactRecord, list_facts
from cyberposture.store.institutions import InstitutionRecord

Kind = Literal["score", "finding", "contact"]


class Subject(NamedTuple):
    """What somebody asks a bundle about, as they name it."""

    kind: Kind
    name: str
    """A score's id or `INSTITUTION/ROUND`, a finding's code, or an address, with a port or not."""
    at: datetime | None = None
    """As it stood then; None: now."""


class HeldBack(NamedTuple):
    """Something that does not go along, and why."""

    what: str
    why: str


class Sent(NamedTuple):
    """One chunk of a scan, as the log names it."""

    scan: str
    chunk: int


@dataclass
class Matter:
    """Everything about one subject that is to lie in its bundle."""

    owner: InstitutionRecord
    kind: Kind
    id: str
    about: dict[str, Any] = field(default_factory=dict)
    """What else the manifest says of the subject."""
    documents: dict[str, Any] = field(default_factory=dict)
    """Files of plain values, by name."""
    sent: set[Sent] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    raw: set[str] = field(default_factory=set)
    """Raw files by digest."""
    shared: set[str] = field(default_factory=set)
    """Those among them that came of a contact for another institution with a shared address."""
    editions: dict[str, str] = field(default_factory=dict)
    """Digests of rules, checks and texts, by kind."""
    held_back: list[HeldBack] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The code of the institution."""
        return self.owner.institution.code

    def hold_back(self, what: str, why: str) -> None:
        """Note that something does not go along."""
        self.held_back.append(HeldBack(what, why))


def take_facts(connection: Connection, matter: Matter, ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """Note raw files, chunks and letters behind facts; return what was seen, as plain values."""
    found = list_facts(connection, ids=sorted(set(ids)))
    return [row for record in found for row in _take_fact(connection, matter, record)]


def _take_fact(
    connection: Connection, matter: Matter, record: FactRecord
) -> Iterator[dict[str, Any]]:
    fact, scan = record.fact, scans.get_scan_by_id(connection, record.scan_id)
    number = authorisation = None
    if record.chunk_id is not None:
        chunk = chunks.get_chunk(connection, record.chunk_id)
        number = chunk.number
        authorisation = (chunk.gate or {}).get("authorisation")
        matter.sent.add(Sent(scan.code, number))
    if authorisation is None and ORIGIN not in fact.parameters:
        matter.letters.update(scan.authorisations)
    elif authorisation is not None:
        matter.letters.add(authorisation)
    if fact.artefact is not None:
        matter.raw.add(fact.artefact)
        if ORIGIN in fact.parameters:
            matter.shared.add(fact.artefact)
    yield {
        "address": fact.address,
        "name": fact.name,
        "technique": fact.technique,
        "vantage": fact.vantage,
        "outcome": fact.outcome,
        "observed_at": to_iso(record.observed_at),
        "scan": scan.code,
        "chunk": number,
        "artefact_sha256": fact.artefact,
        "scanner": fact.scanner,
        "parser": fact.parser,
        "authorisation": authorisation,
    }


def moment_of(register: Register, subject: Subject) -> datetime:
    """Return the moment that a bundle is made as of."""
    return subject.at or register.clock()
