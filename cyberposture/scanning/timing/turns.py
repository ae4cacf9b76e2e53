"""Whose turn it is: deficit round-robin over institutions; within one, priority, due time, rank.

Each visit gives an institution the same credit of scanner seconds. What it does not use while work
waits is kept for the next visit; whoever has nothing waiting keeps nothing. So an institution with
ten thousand addresses cannot crowd out one with ten.
Source: Shreedhar and Varghese, Efficient Fair Queuing Using Deficit Round-Robin, IEEE/ACM
Transactions on Networking 4 (3), June 1996.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cyberposture.scanning.timing.intervals import MOST_URGENT, interval_us

AGED_AFTER = 2
"""After so many intervals beyond its time, what waits is as urgent as can be."""


class Waiting(Protocol):
    """What waits for its turn within an institution."""

    @property
    def priority(self) -> int:
        """From 0, the most urgent."""

    @property
    def due_us(self) -> int:
        """Since when it waits."""

    @property
    def rank(self) -> int:
        """Its place among those of one moment."""


Target = TypeVar("Target", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an institution stands in the ring: the number of its last visit, and its credit.

    `visit` is 0 for one that was never visited; `credit_s` are scanner seconds.
    """

    institution: str
    visit: int = 0
    credit_s: int = 0


@dataclass(frozen=True, slots=True)
class Visit(Generic[Target]):
    """What an institution gets at a visit, and where it stands afterwards."""

    served: tuple[Target, ...]
    turn: Turn


def is_aged(priority: int, due_us: int, now_us: int) -> bool:
    """Return whether something has waited so long that ageing lifts it."""
    return now_us - due_us >= AGED_AFTER * interval_us(priority)


def urgency(one: Waiting, now_us: int) -> tuple[int, int, int]:
    """Return the sort key of a target within its institution; the smallest comes first."""
    priority = MOST_URGENT if is_aged(one.priority, one.due_us, now_us) else one.priority
    return (priority, one.due_us, one.rank)


def ring(turns: Iterable[tuple[Turn, tuple[int, int, int]]]) -> list[Turn]:
    """Return the institutions in the order of their visits: who waited longest for one comes first.

    Each comes with the urgency of its most urgent target, which decides between those that were
    last visited at the same time, or never.
    """
    ordered = sorted(turns, key=lambda one: (one[0].visit, one[1], one[0].institution))
    return [turn for turn, _ in ordered]


def visit(
    turn: Turn, due: Sequence[Target], now_us: int, *, cost_s: int, quantum_s: int, number: int
) -> Visit[Target]:
    """Return what an institution gets at the visit with this number.

    `due` is all of its work that may start now, `cost_s` what each target of it costs. One that
    costs more than the quantum is served when enough credit has come together.

    Raises:
        ValueError: cost or quantum is not positive, so that nobody would ever be served.
    """
    if cost_s < 1 or quantum_s < 1:
        raise ValueError("cost and quantum are whole numbers of seconds from 1")
    credit = turn.credit_s + quantum_s
    served = sorted(due, key=lambda one: urgency(one, now_us))[: credit // cost_s]
    left = credit - cost_s * len(served) if len(served) < len(due) else 0
    return Visit(tuple(served), Turn(turn.institution, number, left))
