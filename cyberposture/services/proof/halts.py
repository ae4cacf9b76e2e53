"""Stops as the audit log tells them: what each was about, and from when until when it held."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from sqlalchemy import Connection

from cyberposture.store.audit import list_entries

SILENCE_S: Final = 5.0
"""From a stop or a withdrawal to the last packet; the promise is our own."""


@dataclass(frozen=True)
class Halt:
    """One stop; its subject is a range, an institution or a scan, by its scope."""

    scope: str
    subject: str
    chain: str
    since: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        """Return whether nothing may be begun any more at this moment."""
        is_silent = self.since + timedelta(seconds=SILENCE_S) < at
        return is_silent and (self.until is None or at < self.until)

    def ends_all(self, chain: str, scan: str) -> bool:
        """Return whether it stops everything of this institution's chain, or of this scan."""
        match self.scope:
            case "all":
                return True
            case "institution":
                return self.chain == chain
            case "scan":
                return self.subject == scan
            case _:
                return False

    def within(self, targets: Iterable[str]) -> Iterator[str]:
        """Yield the targets that lie in the range that was stopped; none where it was no range."""
        if self.scope != "cidr":
            return
        cidr = self.subject
        if "/" not in cidr:
            cidr = f"{cidr}/{ip_address(cidr).max_prefixlen}"
        network = ip_network(cidr)
        for target in targets:
            address = ip_address(target)
            if address.version == network.version and address in network:
                yield target


def list_halts(connection: Connection) -> list[Halt]:
    """Return every stop that the log tells of; there are few, and they concern many chains."""
    ends = {
        entry.subject: entry.act.at
        for entry in list_entries(connection, kind="resume-agreed")
        if entry.data["lifted"]
    }
    return [
        Halt(
            scope=str(entry.data["scope"]),
            subject=entry.subject,
            chain=entry.chain,
            since=entry.act.at,
            until=ends.get(entry.data["stop"]),
        )
        for entry in list_entries(connection, kind="stopped")
    ]
