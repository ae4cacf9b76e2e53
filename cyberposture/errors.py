"""Every error that cyberposture raises on purpose, as one tree.

    CyberpostureError
    ├── WrongUsage                 the caller asked for something that makes no sense      2
    ├── InvalidInput               a file or document is wrong, with every fault located   3
    ├── NotAuthorised              the gate refused, with its reason code                  4
    │   └── Refused                it refused a plan, with every pair that was denied
    ├── NotFound                   no such thing in the register                           5
    ├── WrongState                 it exists, but its state does not allow this            5
    │   └── Conflict               somebody else changed it in the meantime                5
    ├── MissingService             a needed program or service is not there                6
    ├── CheckFailed                a check that was asked for found a difference           7
    └── Corrupt                    stored data cannot be trusted; nothing was served       1

The number at the right is the exit code that the command line gives; only doors (the command
line, the web, the worker) turn an error into one, each from a single table. A class's docstring
is its default message; `advice()` says what to do next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class CyberpostureError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None, *, advice: str | None = None) -> None:
        self._advice = advice
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    def advice(self) -> str | None:
        """Return what the person can do next, or None where there is nothing to say."""
        return self._advice


class WrongUsage(CyberpostureError):
    """The request makes no sense as it stands."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in a file: where (file and line, sheet and cell, or JSON path) and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class InvalidInput(CyberpostureError):
    """The input is not valid; nothing was changed."""

    def __init__(self, faults: list[Fault] | Fault | str, *, advice: str | None = None) -> None:
        if isinstance(faults, str):
            faults = [Fault("input", faults)]
        self.faults = [faults] if isinstance(faults, Fault) else list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults) or None, advice=advice)


class NotAuthorised(CyberpostureError):
    """No recorded authorisation allows this; nothing was sent."""

    def __init__(self, reason: str, message: str | None = None, *, advice: str | None = None):
        self.reason = reason
        text = message or (type(self).__doc__ or "")
        super().__init__(f"{reason}: {text}", advice=advice)


class Denied(NamedTuple):
    """One address and port (None: all ports) that the gate denied, and the reason code."""

    target: str
    port: int | None
    reason: str


class Refused(NotAuthorised):
    """The gate denied part of the plan, so that nothing of it was sent."""

    def __init__(self, denied: Sequence[Denied], *, advice: str | None = None) -> None:
        self.denied = tuple(denied)
        first = self.denied[0]
        port = "all ports" if first.port is None else f"port {first.port}"
        more = f" and {len(self.denied) - 1} more" if len(self.denied) > 1 else ""
        super().__init__(first.reason, f"{first.target} {port}{more}", advice=advice)


class NotFound(CyberpostureError):
    """There is no such thing in the register."""

    def __init__(self, kind: str, name: str, *, advice: str | None = None) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"no {kind} called {name!r}", advice=advice)


class WrongState(CyberpostureError):
    """The state of the thing does not allow this."""


class Conflict(WrongState):
    """Somebody else changed this in the meantime; nothing was overwritten."""

    def __init__(
        self, current: object, message: str | None = None, *, advice: str | None = None
    ) -> None:
        self.current = current
        super().__init__(message, advice=advice)


class MissingService(CyberpostureError):
    """A needed program or service is missing."""


class CheckFailed(CyberpostureError):
    """The check that was asked for failed."""


class Corrupt(CyberpostureError):
    """Stored data is damaged or cannot be read; nothing was served from it."""
