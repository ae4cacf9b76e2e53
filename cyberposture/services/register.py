"""The register as services see it: database, files, audit log, clock, content, and who acts.

`change` is the one way to change anything: one transaction and exactly one audit entry, or neither.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import Clock
from cyberposture.content.editions import Edition
from cyberposture.content.loader import Content
from cyberposture.content.translations import Translations
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.operating_body import UNNAMED, OperatingBody
from cyberposture.store.acts import Act
from cyberposture.store.audit import AuditLog
from cyberposture.store.blobs import BlobDoor
from cyberposture.store.database import Database
from cyberposture.store.openings import opening


@dataclass
class Change:
    """One change under way: its connection, who acts and when, and what the entry will say."""

    connection: Connection
    by: Act
    institution_id: UUID | None = None
    subject: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The moment of the change."""
        return self.by.at

    def tell(self, **data: Any) -> None:
        """Add to what the audit entry says."""
        self.data.update(data)


@dataclass(frozen=True)
class Register:
    """Everything that a service works with; made by the runtime, never by a service."""

    database: Database
    blobs: BlobDoor
    audit: AuditLog
    clock: Clock
    content: Content
    edition: Edition
    actor: str
    acts_for: str | None = None
    """In whose place the actor acts, where they stand in for somebody: every act names both."""
    fence: UUID | None = None
    """On PostgreSQL only rows of this institution are there; None: those of all are."""
    body: OperatingBody = UNNAMED
    """Who runs it, as letters, mails and reports say when they are made; nothing is kept of it."""
    restored: dict[tuple[str, str], tuple[Catalogue, tuple[Translations, ...]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Earlier catalogues that were rebuilt already, by the digests of their rules and texts."""
    shown_before: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """In an opened pack: what the network showed against each control when the pack was made."""
    restored_checks: dict[str, Checks] = field(default_factory=dict, repr=False, compare=False)
    """Earlier checks that were rebuilt already, by their digest."""
    divided: dict[tuple[object, ...], tuple[tuple[Control, ...], tuple[Control, ...]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """What is asked of institutions and what is left out, by catalogue, layout and what decides."""

    @contextmanager
    def change(self, kind: str, subject: str = "", *, reason: str = "") -> Iterator[Change]:
        """Yield an open change; at its end it is kept together with its one audit entry.

        The service sets `institution_id` on the change where it belongs to an institution: its
        entry then stands in that institution's chain. Nothing is kept on an error.
        """
        with self.database.transaction(fence=self.fence) as connection:
            why = reason if self.acts_for is None else f"for {self.acts_for}; {reason}"
            change = Change(connection, Act(self.actor, why, self.clock()), subject=subject)
            yield change
            if self.acts_for is not None:
                change.tell(acting_for=self.acts_for)
            with opening(connection, "entries-of-other-chains", change.institution_id):
                self.audit.append(
                    connection, change.institution_id, kind, change.subject, change.by,
                    data=change.data,
                )  # fmt: skip

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Let whatever this thread reads within see one state of the register, until it changes."""
        with self.database.one_state(fence=self.fence):
            yield

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state and refuses to write."""
        with self.database.reading(fence=self.fence) as connection:
            yield connection
