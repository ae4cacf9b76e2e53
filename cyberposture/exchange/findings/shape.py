"""One finding as it goes out, with what is known of its check; no people are in it."""

from dataclasses import dataclass
from datetime import datetime

from cyberposture.model.findings import FindingState


@dataclass(frozen=True)
class OutFinding:
    """A finding that somebody may see."""

    code: str
    institution: str
    institution_name: str
    check: str
    title: str
    """The good condition that the check looks for."""
    why: str
    remedy: str
    severity: str
    """critical, high, medium or low."""
    state: FindingState
    says: str
    subject: str
    address: str
    protocol: str
    port: int | None
    subkey: str
    vantage: str
    is_potential: bool
    """Whether it waits for confirmation."""
    is_urgent: bool
    first_seen: datetime
    last_seen: datetime
    closed_at: datetime | None
    marked_until: datetime | None
    repair_by: datetime | None
    """When it enters the score unless it is gone; None: it is closed, or its check is no more."""
    mark_reason: str
    """Why it was set aside; empty where it is not."""

    @property
    def place(self) -> str:
        """The endpoint as people write it: address, protocol and port where there are any."""
        parts = (self.address, self.protocol, self.port, self.subkey)
        return "/".join(str(part) for part in parts if part)
