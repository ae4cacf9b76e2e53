"""What scanners in zones said of contacts: signed by the key on record, and within a lease."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from cyberposture.errors import InvalidInput, NotAuthorised
from cyberposture.model.leases import Result, Signed
from cyberposture.scanning.permission.leases import SKEW_S, unseal
from cyberposture.services.permission.zone_scanners import ADDED
from cyberposture.store.audit import AuditEntry, list_entries

_SLACK = timedelta(seconds=SKEW_S)


@dataclass(frozen=True)
class ZoneWords:
    """The keys of scanners in zones, by name, as the audit log tells them."""

    keys: dict[str, str]

    @classmethod
    def read(cls, connection: Connection) -> "ZoneWords":
        """Return every key that was ever trusted; names are never used again."""
        entries = list_entries(connection, system_only=True, kind=ADDED)
        return cls({entry.subject: str(entry.data["public_key"]) for entry in entries})

    def faults(self, entry: AuditEntry, allowed_at: datetime) -> Iterator[str]:
        """Yield what does not hold of the word that stands beside a contact; none: sent here."""
        told = entry.data.get("zone")
        if told is None:
            return
        word = self._open(told)
        if word is None:
            yield "the scanner's word is signed by no key on record"
            return
        if word.raw_sha256 != entry.data.get("artefact_sha256"):
            yield f"{word.scanner} signed another raw file"
        if word.began_at is not None and word.began_at < allowed_at - _SLACK:
            yield f"{word.scanner} began before it was allowed"
        if word.lease_expires_at is None:
            yield f"{word.scanner} names no lease"
        elif word.ended_at > word.lease_expires_at + _SLACK:
            yield f"{word.scanner} went on after its lease, until {word.ended_at.isoformat()}"

    def _open(self, told: Any) -> Result | None:
        data = Signed.model_validate(told).model_dump_json().encode()
        for name, key in self.keys.items():
            try:
                word, _ = unseal(Result, key, data)
            except (NotAuthorised, InvalidInput):
                continue
            if word.scanner == name:
                return word
        return None
