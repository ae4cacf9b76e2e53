"""Who writes, why and when: handed to every verb that writes, and kept beside what it wrote."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cyberposture.errors import WrongUsage


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one person (by code) or part of the program, for a reason, at a moment."""

    actor: str
    reason: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.actor:
            raise WrongUsage("nothing is written without the name of who writes it")

    def written(self) -> dict[str, Any]:
        """Return the columns that every written row has."""
        return {"actor": self.actor, "reason": self.reason, "at": self.at}

    def ended(self, how: str) -> dict[str, Any]:
        """Return the columns of a row that this act ends; `how` is a participle."""
        return {f"{how}_at": self.at, f"{how}_by": self.actor, f"{how}_why": self.reason}


def read_act(row: Mapping[Any, Any]) -> Act:
    """Return who wrote the row, why and when."""
    return Act(row["actor"], row["reason"], row["at"])
