"""The life of a finding as a pure state machine: what may happen when, and what follows from it.

A finding is nothing but its events: `replay` gives its state at any moment from them alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from cyberposture.errors import Corrupt

FindingState = Literal["open", "closed", "false-positive", "accepted", "disputed"]
FindingEventKind = Literal[
    "opened",
    "closed",
    "reopened",
    "worsened",
    "eased",
    "confirmed",
    "proposed",
    "refused",
    "marked",
    "overturned",
    "upheld",
    "returned",
    "lapsed",
    "announced",
    "acknowledged",
    "noted",
]
STANDING: tuple[FindingState, ...] = ("open", "false-positive", "accepted", "disputed")
"""Every state but closed: the network still shows it."""
ASIDE: tuple[FindingState, ...] = ("false-positive", "accepted", "disputed")
"""The states that people set, each until a moment."""
LONGEST_MARK_DAYS = 365
"""How long a false positive or an accepted risk may hold before it is looked at again.

Source: our own default for the accepted risk too.
"""
DECISION_WORKING_DAYS = 10
"""Within how many working days a dispute is decided. Source: our own default."""
ANY: tuple[FindingState, ...] = (*STANDING, "closed")

BEFORE: Mapping[FindingEventKind, tuple[FindingState, ...]] = MappingProxyType(
    {
        "opened": (),
        "closed": STANDING,
        "reopened": ("closed",),
        "worsened": STANDING,
        "eased": STANDING,
        "confirmed": STANDING,
        "proposed": ("open", "accepted"),
        "refused": ("open", "accepted"),
        "marked": STANDING,
        "overturned": ("disputed",),
        "upheld": ("disputed",),
        "returned": ASIDE,
        "lapsed": ("disputed",),
        "announced": ANY,
        "acknowledged": ANY,
        "noted": ANY,
    }
)
"""In which states each event may happen; `opened` stands at the beginning alone."""
MARKED_FROM: Mapping[FindingState, tuple[FindingState, ...]] = MappingProxyType(
    {
        "false-positive": ("open", "accepted"),
        "accepted": ("open", "accepted"),
        "disputed": ("open", "accepted"),
    }
)
"""From which states people may set a mark; a renewed acceptance takes the place of the older."""


class Stretch(NamedTuple):
    """From when to when the network showed a finding; None: it still does."""

    began: datetime
    ended: datetime | None


class Happened(NamedTuple):
    """One event as it bears on the state: its kind, the state after it, and its details."""

    kind: FindingEventKind
    state: FindingState
    details: Mapping[str, Any]
    at: datetime

    def moment(self, name: str) -> datetime:
        """Return a moment of the details; what does not say it happened when it was written."""
        told = self.details.get(name)
        return self.at if told is None else datetime.fromisoformat(told)


@dataclass(frozen=True)
class Life:
    """A finding as its events leave it."""

    state: FindingState
    stretches: tuple[Stretch, ...]
    marked_until: datetime | None = None
    proposal: Mapping[str, Any] | None = None
    """What one person put forward and a second one has not decided yet."""
    acknowledged_at: datetime | None = None
    """When somebody took note of its present stretch."""

    @property
    def opened_at(self) -> datetime:
        """When its present, or last, stretch began."""
        return self.stretches[-1].began

    @property
    def closed_at(self) -> datetime | None:
        """When it was seen to be gone, or None while it stands."""
        return self.stretches[-1].ended


def may_happen(kind: FindingEventKind, state: FindingState) -> bool:
    """Return whether an event of this kind may happen to a finding in this state."""
    return state in BEFORE[kind]


def _after(life: Life, event: Happened) -> Life:
    match event.kind:
        case "closed":
            last = life.stretches[-1]._replace(ended=event.moment("closed_at"))
            over = (*life.stretches[:-1], last)
            return Life("closed", over, acknowledged_at=life.acknowledged_at)
        case "reopened":
            again = Stretch(event.moment("seen_at"), None)
            return Life("open", (*life.stretches, again))
        case "marked" | "overturned":
            until = event.moment("until")
            return replace(life, state=event.state, marked_until=until, proposal=None)
        case "returned" | "upheld":
            return replace(life, state="open", marked_until=None, proposal=None)
        case "proposed":
            return replace(life, proposal=event.details)
        case "refused":
            return replace(life, proposal=None)
        case "acknowledged":
            return replace(life, acknowledged_at=event.at)
        case _:
            return life


def replay(events: Iterable[Happened]) -> Life | None:
    """Return what follows from events, oldest first; None where there are none.

    Raises:
        Corrupt: an event could not happen in the state before it, or names another state after it.
    """
    life: Life | None = None
    for event in events:
        if life is None:
            if event.kind != "opened":
                raise Corrupt(f"a finding begins with {event.kind!r}")
            life = Life("open", (Stretch(event.moment("opened_at"), None),))
        elif not may_happen(event.kind, life.state):
            raise Corrupt(f"{event.kind!r} happened to a finding that was {life.state}")
        else:
            life = _after(life, event)
        if life.state != event.state:
            raise Corrupt(f"a finding is {event.state} after {event.kind!r}, not {life.state}")
    return life


def counts_since(stretches: tuple[Stretch, ...], reopen_days: int) -> datetime:
    """Return when the stretch began that the repair clock runs from.

    What is found again within the reopening time after it was gone never stopped counting; what
    comes back later begins anew.
    """
    since, gap = stretches[0].began, timedelta(days=reopen_days)
    for before, after in pairwise(stretches):
        if before.ended is not None and after.began - before.ended > gap:
            since = after.began
    return since
