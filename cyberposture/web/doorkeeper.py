"""Counts attempts at the door by the address that they come from, in this one process.

Accounts are locked one by one in the register; this bounds whoever tries many accounts. Several
processes count apart, so that together they let in as many times more.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request

MOST = 60
WITHIN = timedelta(minutes=10)
MOST_ADDRESSES = 10_000
"""Beyond this the oldest are forgotten, so that memory is bounded too."""


class TooManyAttempts(Exception):
    """So many attempts came from one address that the door rests for it."""


def origin_of(address: str) -> str:
    """Return by what an address is counted: IPv6 by its network of 64 bits, which is one house."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if isinstance(read, IPv6Address):
        return str(ip_network(f"{read}/64", strict=False))
    return str(read)


@dataclass
class Doorkeeper:
    """Remembers when attempts came, by where from."""

    _seen: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, address: str, now: datetime) -> None:
        """Count one attempt.

        Raises:
            TooManyAttempts: there were too many within the time.
        """
        origin = origin_of(address)
        with self._lock:
            times = self._seen.setdefault(origin, deque(maxlen=MOST))
            is_full = len(times) == MOST and now - times[0] < WITHIN
            if not is_full:
                times.append(now)
            if len(self._seen) > MOST_ADDRESSES:
                del self._seen[next(iter(self._seen))]
        if is_full:
            raise TooManyAttempts


def at_the_door(request: Request) -> None:
    """Return if another attempt from this address is taken.

    Raises:
        TooManyAttempts: there were too many.
    """
    keeper: Doorkeeper = request.app.state.doorkeeper
    address = request.client.host if request.client else ""
    keeper.count(address, request.app.state.portal.runtime.register.clock())
