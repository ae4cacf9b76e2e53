"""How an institution stood in a round before the one that a report is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnRound:
    """One earlier round: its own score, under its own edition; points are basis points."""

    code: str
    title: str
    rules: str
    """The digest of the rules that it was scored under."""
    declared: int | None
    claims: int | None
    """What of it was verified."""
    verified: int | None
    band: str | None
    """None: not enough was known."""
