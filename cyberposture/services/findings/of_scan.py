"""Which findings a scan showed: those that it opened, saw again or closed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from cyberposture.store import facts, scans
from cyberposture.store.scans import ScanRecord


class Lived(Protocol):
    """What is asked of a finding: when it was seen, and when it was closed."""

    @property
    def first_seen(self) -> datetime:
        """When it was first seen."""

    @property
    def last_seen(self) -> datetime:
        """When it was last seen."""

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed; None: it stands."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when a scan looked until the next one from the same vantage began, if one did."""

    began: datetime
    until: datetime | None

    def shows(self, finding: Lived) -> bool:
        """Return whether the scan opened, saw again or closed this finding."""
        if self.until is not None and finding.first_seen >= self.until:
            return False
        if finding.closed_at is not None:
            is_before_next = self.until is None or finding.closed_at < self.until
            return finding.closed_at >= self.began and is_before_next
        return finding.last_seen >= self.began


def span_of(connection: Connection, scan: ScanRecord) -> Span:
    """Return the time in which what was seen is this scan's."""
    later = [
        one
        for one in scans.list_scans(connection, institution_id=scan.institution_id)
        if one.vantage == scan.vantage and one.act.at > scan.act.at
    ]
    after = min(later, key=lambda one: one.act.at, default=None)
    return Span(_began(connection, scan), None if after is None else _began(connection, after))


def _began(connection: Connection, scan: ScanRecord) -> datetime:
    seen = facts.looked_at(connection, scan.id)
    return min([scan.started_at or scan.act.at, *seen.values()])
