"""What a sector's report is made from: its institutions in one round, and in those before."""

from collections.abc import Mapping
from dataclasses import dataclass

from cyberposture.reporting.inputs import NationInputs


@dataclass(frozen=True, slots=True)
class PastRound:
    """How institutions stood in an earlier round, on its own baseline."""

    code: str
    title: str
    stood: Mapping[str, tuple[int | None, int | None]]
    """By institution of which enough was known: declared, and claims verified."""


@dataclass(frozen=True, slots=True)
class OpenContradiction:
    """A claim that the network contradicts now, by control and check."""

    institution: str
    control: str
    check: str


@dataclass(frozen=True, slots=True)
class SectorInputs:
    """Everything that a sector's report is made from.

    `nation` holds the sector's institutions alone, or (for readers who may not be told of small
    groups) those of all sectors: only with all of them can be seen what would give one away.
    """

    nation: NationInputs
    sector: str
    is_whole: bool = False
    """`nation` holds all sectors."""
    past: tuple[PastRound, ...] = ()
    """The rounds before this one, the oldest first."""
    contradictions: tuple[OpenContradiction, ...] = ()
