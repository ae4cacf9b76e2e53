"""What an exposure report is made from: everything that stands on the network, and who was seen.

Nothing is left out here; what an audience may see of it is decided in the view.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cyberposture.model.checks import Severity
from cyberposture.model.findings import FindingState
from cyberposture.reporting.inputs import AuditHead, ContentInputs

Sort = Literal["late", "open", "aside"]
"""Over its repair clock; still within it; or accepted, disputed or marked as none by people."""


@dataclass(frozen=True, slots=True)
class StandingFinding:
    """One failure that the network shows now."""

    institution: str
    code: str
    check: str
    address: str
    protocol: str
    port: int | None
    severity: Severity
    state: FindingState
    sort: Sort
    first_seen: datetime
    opened_at: datetime
    """When its present stretch began."""
    last_seen: datetime
    due: datetime | None
    """When its repair clock ends, or ended; None: its check is no more."""
    is_potential: bool
    is_exploited: bool
    """Attackers are known to use it."""


@dataclass(frozen=True, slots=True)
class Week:
    """How many stood at the end of a week, and what happened in it."""

    ends: datetime
    late: int
    open: int
    aside: int
    new: int
    back: int
    fixed: int


@dataclass(frozen=True, slots=True)
class LookedAt:
    """How much of an institution's known addresses was looked at lately."""

    institution: str
    known: int
    answered: int
    """Lately, and something answered."""
    silent: int
    """Lately, and nothing answered: nothing is known of it."""
    stale: int
    """Longer ago than an observation counts."""
    never: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Software:
    """A product family that was seen: at whom, at how many endpoints, with what known of it."""

    name: str
    """As the service told it: an attacker's text."""
    institutions: tuple[str, ...]
    endpoints: int
    exploited: int
    flawed: int
    unsupported: int


@dataclass(frozen=True, slots=True)
class ExposureInputs:
    """Everything that is visible now, at one institution or at all."""

    content: ContentInputs
    as_of: datetime
    zone: str
    audit_head: AuditHead
    institution: str | None
    """The code of the one that it is about; None: all."""
    names: tuple[tuple[str, str], ...]
    """Code and name of each institution."""
    findings: tuple[StandingFinding, ...]
    weeks: tuple[Week, ...]
    looks: tuple[LookedAt, ...]
    software: tuple[Software, ...]
    age_days: int
    """How old an observation may be and still count."""
    authorised: int = 0
    """How many of them have an authorisation in force."""
