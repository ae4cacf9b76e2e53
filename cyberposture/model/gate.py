"""The document that the gate is asked with, and its answer; deciding is `scanning.permission.gate`.

The keys are exactly those of the pure door `gate decide`, so that what the audit log keeps can be
handed to any other implementation. All keys must be given: a question with gaps is refused.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
)

from cyberposture.clock import find_zone
from cyberposture.model.addresses import AddressText, CIDRText
from cyberposture.model.checks import Protocol
from cyberposture.model.foundation import Model, Port

GATE_VERSION = 1
LONGEST_WINDOW_S = 7 * 24 * 3600

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])\Z"
)
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_NO_PLACES = frozenset({"Factory"})


def _version(value: Any) -> Any:
    if type(value) is not int or value != GATE_VERSION:
        raise ValueError(f"unknown version; known is {GATE_VERSION}")
    return value


def _moment(value: Any) -> datetime:
    """Return the moment with a fixed offset, so that comparing two never looks at wall clocks."""
    if isinstance(value, str) and _MOMENT.match(value):
        value = datetime.fromisoformat(value)
    offset = value.utcoffset() if isinstance(value, datetime) else None
    if not isinstance(value, datetime) or offset is None:
        raise ValueError("a moment has date, time and zone, such as 2026-11-19T02:14:00+05:00")
    return value.replace(tzinfo=timezone(offset), fold=0)


def _zone(name: str) -> str:
    """Return the name of an IANA zone; one that is no place is unknown."""
    try:
        if name in _NO_PLACES:
            raise ZoneInfoNotFoundError(name)
        find_zone(name)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"unknown zone {name[:40]!r}") from error
    return name


def _clock_time(text: str) -> str:
    if not _CLOCK_TIME.match(text):
        raise ValueError("a local time is HH:MM, from 00:00 to 23:59")
    return text


def _host_name(name: str) -> str:
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise ValueError(
            "a name is ASCII (IDNA applied), of letters, digits, -, _, no dot at the end"
        )
    if labels[-1].isdigit():
        raise ValueError("a name, not an address")
    return name


GateMoment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Load = Annotated[int, Field(strict=True, ge=0, le=4)]
HostName = Annotated[str, AfterValidator(_host_name)]
"""An ASCII name without a trailing dot, in the letter case in which it was given."""
ClockTime = Annotated[str, AfterValidator(_clock_time)]
Zone = Annotated[str, AfterValidator(_zone)]
Flag = Annotated[bool, Field(strict=True)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]
"""A length of time that every reader of JSON keeps exactly. Source: RFC 7493, section 2.2."""
Reason = Literal[
    "bad-target",
    "stopped",
    "no-authorisation",
    "withdrawn",
    "not-yet-valid",
    "expired",
    "denied-nationally",
    "special-range",
    "excluded",
    "out-of-scope",
    "port-not-allowed",
    "load-too-high",
    "outside-window",
    "does-not-fit-window",
    "blackout",
    "allowed",
]
"""Every answer that the gate gives, in the order in which it looks."""


class CIDREntry(Model):
    """Addresses that an authorisation covers; `ports` None means all, TCP and UDP."""

    cidr: CIDRText
    ports: tuple[Port, ...] | None
    special_allowed: Flag
    """Holds for loopback and private addresses too (a laboratory, an internal vantage)."""


class NameEntry(Model):
    """A name that an authorisation covers, with or without the names below it."""

    name: HostName
    subdomains: Flag

    def holds(self, name: str) -> bool:
        """Return whether `name` is this name or, with subdomains, below it (case aside)."""
        own, asked = self.name.lower(), name.lower()
        return asked == own or (self.subdomains and asked.endswith("." + own))


def scope_entry_kind(value: Any) -> str:
    """Return the tag of the entry that `value` is meant to be, going by the keys that it has."""
    names = value if isinstance(value, dict) else vars(value) if isinstance(value, Model) else ()
    return "<name>" if "name" in names and "cidr" not in names else "<cidr>"


ScopeEntry = Annotated[
    Annotated[CIDREntry, Tag("<cidr>")] | Annotated[NameEntry, Tag("<name>")],
    Discriminator(scope_entry_kind),
]


class GateAuthorisation(Model):
    """One authorisation, as far as the gate needs to know it."""

    id: Annotated[str, StringConstraints(min_length=1)]
    granted: Flag
    valid_from: GateMoment
    valid_until: GateMoment
    withdrawn_at: GateMoment | None
    load: Load
    scope: tuple[ScopeEntry, ...]
    exclusions: tuple[CIDRText, ...]

    @field_validator("valid_until")
    @classmethod
    def _ends_after_beginning(cls, until: datetime, info: ValidationInfo) -> datetime:
        if "valid_from" in info.data and until < info.data["valid_from"]:
            raise ValueError("the validity ends before it begins")
        return until


class Window(Model):
    """A weekly time in which may be scanned: local start, and length in elapsed seconds."""

    weekdays: tuple[Annotated[int, Field(strict=True, ge=0, le=6)], ...] = Field(min_length=1)
    """Monday is 0; the day on which the occurrence starts."""
    start: ClockTime
    length_s: Annotated[int, Field(strict=True, ge=1, le=LONGEST_WINDOW_S)]
    zone: Zone


class Blackout(Model):
    """A stretch in which nothing is scanned, whatever the windows say."""

    begins: GateMoment = Field(alias="from")
    until: GateMoment

    @field_validator("until")
    @classmethod
    def _ends_after_beginning(cls, until: datetime, info: ValidationInfo) -> datetime:
        if "begins" in info.data and until < info.data["begins"]:
            raise ValueError("the blackout ends before it begins")
        return until


class GateGround(Model):
    """All that a question about one pair and a question about a chunk have in common."""

    gate: Annotated[Literal[1], BeforeValidator(_version)]
    now: GateMoment
    expected_s: Seconds
    name: HostName | None
    """The SNI or Host under which the target is spoken to."""
    resolved: tuple[AddressText, ...]
    """The addresses that `name` gives now."""
    protocol: Protocol
    load: Load
    stop: Flag
    deny: tuple[CIDRText, ...]
    excluded_elsewhere: tuple[CIDRText, ...]
    """What any other institution has excluded or stopped."""
    authorisations: tuple[GateAuthorisation, ...]
    """Those of one institution."""
    windows: tuple[Window, ...]
    """None at all means always."""
    blackouts: tuple[Blackout, ...]

    @field_validator("authorisations")
    @classmethod
    def _each_id_once(
        cls, authorisations: tuple[GateAuthorisation, ...]
    ) -> tuple[GateAuthorisation, ...]:
        seen: set[str] = set()
        for authorisation in authorisations:
            if authorisation.id in seen:
                raise ValueError(f"the id {authorisation.id!r} stands here twice")
            seen.add(authorisation.id)
        return authorisations

    def document(self) -> dict[str, Any]:
        """Return the question as plain JSON values, as the audit log keeps it."""
        return self.model_dump(mode="json", by_alias=True)


class GateQuestion(GateGround):
    """May this address and port be contacted? `port` None asks for all ports.

    `target` is free text: whether it is an address at all is for the gate to decide.
    """

    target: str
    port: Port | None


class ChunkQuestion(GateGround):
    """The question for all pairs of a chunk at once, as the audit log keeps it."""

    targets: tuple[str, ...] = Field(min_length=1)
    ports: tuple[Port, ...] | None = Field(min_length=1)

    def pair(self, target: str, port: int | None) -> GateQuestion:
        """Return the question for one pair of this chunk; its parts are checked already."""
        ground = {name: getattr(self, name) for name in GateGround.model_fields}
        return GateQuestion.model_construct(target=target, port=port, **ground)

    def pairs(self) -> Iterator[GateQuestion]:
        """Yield the question for each target and port, targets first."""
        for target in self.targets:
            for port in self.ports or (None,):
                yield self.pair(target, port)

    def narrowed(self, targets: tuple[str, ...], ports: tuple[int, ...] | None) -> Self:
        """Return the same question for some of its targets and ports."""
        return self.model_copy(update={"targets": targets, "ports": ports})


class GateAnswer(Model):
    """What the gate says; `authorisation` is the id of the one that allows."""

    decision: Literal["allow", "deny"]
    reason: Reason
    authorisation: str | None
