"""Decides whether an address and port may be contacted, and is the only maker of permitted plans.

Nothing is read or sent here: the question holds all that the decision stands on, so that the same
question always gets the same answer. Deny wins, and whatever cannot be decided is a deny.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NoReturn, final, get_args

from cyberposture.errors import Denied, NotAuthorised, Refused, WrongUsage
from cyberposture.model.addresses import read_address
from cyberposture.model.gate import (
    ChunkQuestion,
    CIDREntry,
    GateAnswer,
    GateAuthorisation,
    GateGround,
    GateQuestion,
    NameEntry,
    Reason,
)
from cyberposture.model.ndjson import read_json
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.scope import (
    CONTACTED_WHERE_SPECIAL_IS_ALLOWED,
    NEVER_CONTACTED,
    IntervalSet,
    PortTable,
    number_of,
    parse_address,
)
from cyberposture.scanning.permission.windows import (
    DAY_US,
    SECOND_US,
    stretch_end,
    to_microseconds,
    to_moment,
)
from cyberposture.scanning.techniques import find_technique

NAME_PORTS: Final = frozenset({25, 80, 443})
"""The TCP ports on which a name in a scope lets its addresses be contacted."""
NAME_LOAD: Final = 2
ALL_PORTS_LOAD: Final = 4
LONGEST_OVERRUN_US: Final = DAY_US
"""A permission outlives the expected end of its work by this much at the most."""

_ORDER: Final[dict[str, int]] = {code: place for place, code in enumerate(get_args(Reason))}


def _deny(reason: Reason) -> GateAnswer:
    return GateAnswer(decision="deny", reason=reason, authorisation=None)


_DENIALS: Final[dict[str, GateAnswer]] = {
    code: _deny(code) for code in get_args(Reason) if code != "allowed"
}


class _Granted:
    """One granted authorisation, made ready for many questions of the same moment."""

    def __init__(self, terms: GateAuthorisation, ground: GateGround, now: int, end: int) -> None:
        cidrs = [entry for entry in terms.scope if isinstance(entry, CIDREntry)]
        names = [entry for entry in terms.scope if isinstance(entry, NameEntry)]
        self.terms = terms
        self.untimely = self._find_untimely(now, end)
        self.scope = PortTable((entry.cidr, entry.ports) for entry in cidrs)
        self.special_scope = PortTable(
            (entry.cidr, entry.ports) for entry in cidrs if entry.special_allowed
        )
        self.holds_name = ground.name is not None and any(
            entry.holds(ground.name) for entry in names
        )
        self.name_load = min(terms.load, NAME_LOAD)
        self.allowing = GateAnswer(decision="allow", reason="allowed", authorisation=terms.id)

    def _find_untimely(self, now: int, end: int) -> Reason | None:
        terms = self.terms
        if terms.withdrawn_at is not None and to_microseconds(terms.withdrawn_at) <= end:
            return "withdrawn"
        if now < to_microseconds(terms.valid_from):
            return "not-yet-valid"
        until = to_microseconds(terms.valid_until)
        return "expired" if now >= until or end > until else None


class GateContext:
    """Everything of a question but target and port, made ready to decide many pairs quickly."""

    def __init__(self, ground: GateGround) -> None:
        self._ground = ground
        self._now = to_microseconds(ground.now)
        self._end = self._now + ground.expected_s * SECOND_US
        terms = [one for one in ground.authorisations if one.granted]
        self._granted = [_Granted(one, ground, self._now, self._end) for one in terms]
        self._denied = IntervalSet.of_cidrs(ground.deny)
        self._excluded = IntervalSet.of_cidrs(
            [*ground.excluded_elsewhere, *(cidr for one in terms for cidr in one.exclusions)]
        )
        self._resolved = frozenset(number_of(read_address(text)) for text in ground.resolved)

    def decide(self, target: str, port: int | None) -> GateAnswer:
        """Return the answer for this target (free text) and port (None: all ports)."""
        try:
            number = number_of(parse_address(target))
        except WrongUsage:
            return _DENIALS["bad-target"]
        return self._decide(number, port)

    def _decide(self, number: int, port: int | None) -> GateAnswer:
        if self._ground.stop:
            return _DENIALS["stopped"]
        furthest: Reason = "no-authorisation"
        for granted in self._granted:
            code = granted.untimely or self._code(granted, number, port)
            if code == "allowed":
                return granted.allowing
            if _ORDER[code] > _ORDER[furthest]:
                furthest = code
        return _DENIALS[furthest]

    def _code(self, granted: _Granted, number: int, port: int | None) -> Reason:
        """Return how far a question that came in time gets with this authorisation."""
        if number in self._denied:
            return "denied-nationally"
        if number in NEVER_CONTACTED:
            return "special-range"
        special = number in CONTACTED_WHERE_SPECIAL_IS_ALLOWED
        scope = granted.special_scope if special else granted.scope
        by_cidr = scope.allows(number, port)
        if special and by_cidr is None:
            return "special-range"
        if number in self._excluded:
            return "excluded"
        # A name never opens a special range: there only entries that say so expressly count.
        by_name = granted.holds_name and not special and number in self._resolved
        if by_cidr is None and not by_name:
            return "out-of-scope"
        load = self._load_allowed(granted, port, bool(by_cidr), by_name)
        if load is None:
            return "port-not-allowed"
        if load < (ALL_PORTS_LOAD if port is None else self._ground.load):
            return "load-too-high"
        return self._calendar

    def _load_allowed(
        self, granted: _Granted, port: int | None, by_cidr: bool, by_name: bool
    ) -> int | None:
        """Return the highest load of the entries that allow the port, or None where none does."""
        if by_cidr:
            return granted.terms.load
        if by_name and self._ground.protocol == "tcp" and port in NAME_PORTS:
            return granted.name_load
        return None

    @cached_property
    def _calendar(self) -> Reason:
        """What windows and blackouts say of this moment: the same for every pair."""
        if self._ground.windows:
            until = stretch_end(self._ground.windows, self._now, self._end)
            if until is None:
                return "outside-window"
            if self._end > until:
                return "does-not-fit-window"
        for blackout in self._ground.blackouts:
            begins, until = to_microseconds(blackout.begins), to_microseconds(blackout.until)
            if begins < self._end and self._now < until:
                return "blackout"
        return "allowed"

    def not_after(self, authorisation: str) -> datetime:
        """Return until when work that this authorisation allows now may go on.

        The first of: the end of the stretch of windows, of the validity, the withdrawal, the next
        blackout, and a day after the expected end.

        Raises:
            NotAuthorised: no granted authorisation has this id.
        """
        terms = next((one.terms for one in self._granted if one.terms.id == authorisation), None)
        if terms is None:
            raise NotAuthorised("no-authorisation")
        last = self._end + LONGEST_OVERRUN_US
        last = min(last, to_microseconds(terms.valid_until))
        if terms.withdrawn_at is not None:
            last = min(last, to_microseconds(terms.withdrawn_at))
        begins = (to_microseconds(blackout.begins) for blackout in self._ground.blackouts)
        last = min([last, *(moment for moment in begins if moment >= self._end)])
        if self._ground.windows:
            last = min(last, stretch_end(self._ground.windows, self._now, last) or self._now)
        return to_moment(last)


def decide(question: GateQuestion) -> GateAnswer:
    """Return the gate's answer to one question.

    For many pairs under the same circumstances make one `GateContext` and ask that.
    """
    return GateContext(question).decide(question.target, question.port)


def decide_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield one answer for each question, in the same order, as compact JSON.

    Lines of nothing but white space are passed over, though they count as lines.

    Raises:
        InvalidInput: a line is refused; the answers to all lines before it were yielded, and each
            fault names the line and the JSON path.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            answer = decide(read_json(GateQuestion, line, f"line {number}"))
            yield json.dumps(answer.model_dump(), separators=(",", ":"))


@dataclass(frozen=True)
class Sifted:
    """A chunk's pairs after asking for each: what may go on, and what was denied."""

    allowed: tuple[tuple[str, ChunkQuestion], ...]
    """Authorisation id, and the question narrowed to pairs that this authorisation allows."""
    denied: tuple[Denied, ...]


def sift(question: ChunkQuestion) -> Sifted:
    """Return the pairs of the chunk, sorted by what the gate says of each.

    Allowed pairs come as whole blocks of targets and ports, each under one authorisation.
    """
    return _sift(question, GateContext(question))


def _sift(question: ChunkQuestion, context: GateContext) -> Sifted:
    blocks: dict[tuple[str, tuple[int, ...] | None], list[str]] = {}
    denied: list[Denied] = []
    for target in question.targets:
        allowed: dict[str, list[int]] = {}
        for port in question.ports or (None,):
            answer = context.decide(target, port)
            if answer.authorisation is None:
                denied.append(Denied(target, port, answer.reason))
            else:
                ports = allowed.setdefault(answer.authorisation, [])
                ports.extend([] if port is None else [port])
        for authorisation, ports in allowed.items():
            blocks.setdefault((authorisation, tuple(ports) or None), []).append(target)
    narrowed = (
        (authorisation, question.narrowed(tuple(targets), ports))
        for (authorisation, ports), targets in blocks.items()
    )
    return Sifted(tuple(narrowed), tuple(denied))


_GATE_ONLY: Final = object()


@final
class PermittedPlan:
    """A plan that the gate has allowed. Only `permit` makes one; it can't be copied or stored."""

    __slots__ = ("authorisation", "decided_at", "not_after", "plan")

    plan: Plan
    authorisation: str
    """The id of the authorisation under which this is sent."""
    decided_at: datetime
    """The moment that the gate was asked for."""
    not_after: datetime
    """By when the work must have ended, come what may."""

    def __init__(
        self, token: object, plan: Plan, authorisation: str, decided_at: datetime, until: datetime
    ) -> None:
        if token is not _GATE_ONLY:
            raise TypeError("a permitted plan is made by the gate only: ask permission.gate.permit")
        object.__setattr__(self, "plan", plan)
        object.__setattr__(self, "authorisation", authorisation)
        object.__setattr__(self, "decided_at", decided_at)
        object.__setattr__(self, "not_after", until)

    def __init_subclass__(cls, **_: Any) -> NoReturn:
        raise TypeError("PermittedPlan is final")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a permitted plan cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a permitted plan cannot be changed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a permitted plan cannot be copied or stored; ask the gate again")

    @property
    def answer(self) -> GateAnswer:
        """What the gate said of every pair of the plan, as the audit log keeps it."""
        return GateAnswer(decision="allow", reason="allowed", authorisation=self.authorisation)


def permit(plan: Plan, question: ChunkQuestion) -> PermittedPlan:
    """Return the plan as a permitted one, if the gate allows every pair of it.

    Raises:
        Refused: some pair was denied; the error carries each of them with its reason.
        NotAuthorised: `plan-mismatch` where the question is not about this plan or the plan not
            about its technique, `several-authorisations` where no single one covers all pairs
            (then `sift` the question and plan each block by itself).
        WrongUsage: there is no such technique.
    """
    _compare(plan, question)
    context = GateContext(question)
    sifted = _sift(question, context)
    if sifted.denied:
        raise Refused(sifted.denied, advice="nothing was sent; sift the chunk and plan the rest")
    authorisations = {authorisation for authorisation, _ in sifted.allowed}
    if len(authorisations) > 1:
        raise NotAuthorised(
            "several-authorisations",
            f"no single one of {', '.join(sorted(authorisations))} covers the whole chunk",
            advice="sift the chunk and plan each block by itself",
        )
    authorisation = authorisations.pop()
    until = context.not_after(authorisation)
    return PermittedPlan(_GATE_ONLY, plan, authorisation, question.now, until)


def _compare(plan: Plan, question: ChunkQuestion) -> None:
    """Refuse a question that is not about this plan: asking for less and sending more."""
    fields = ("targets", "ports", "protocol", "load", "name", "resolved")
    different = [name for name in fields if getattr(plan, name) != getattr(question, name)]
    if plan.expected_s > question.expected_s:
        different.append("expected_s")
    technique = find_technique(plan.technique)
    if plan.load < technique.load or plan.protocol != technique.protocol:
        different.append("technique")
    if different:
        raise NotAuthorised("plan-mismatch", f"the gate was not asked for: {', '.join(different)}")
