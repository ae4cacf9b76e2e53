"""Turns what one would like to look at into plans that the gate passes, and notes what it denies.

It is asked again for every stage of a run, with the register as it stands then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cyberposture.errors import Denied
from cyberposture.model.gate import ChunkQuestion, GateAnswer
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import sift
from cyberposture.scanning.stages import VISITED_PORTS, Wish
from cyberposture.scanning.techniques import (
    TECHNIQUES,
    Technique,
    expected_seconds,
    find_technique,
)
from cyberposture.services.permission.ground import Ground, covers, mentions
from cyberposture.services.scanner import Scanner


@dataclass(frozen=True)
class Passed:
    """A plan that the gate allowed when it was made, with the question and the answer."""

    plan: Plan
    question: ChunkQuestion
    answer: GateAnswer


class Barred(NamedTuple):
    """A pair that the gate denied, with the question as a document and what it was asked for."""

    question: dict[str, object]
    pair: Denied
    technique: str


@dataclass
class Laid:
    """What came of a list of wishes."""

    passed: list[Passed] = field(default_factory=list)
    denied: list[Barred] = field(default_factory=list)


def techniques_allowed(
    ground: Ground, scanner: Scanner, now: datetime, target: str | None = None
) -> frozenset[str]:
    """Return the codes of the techniques that an authorisation in force mentions or implies.

    With `target`, only authorisations that cover this address count: one letter's techniques are
    never used under another. What needs a privilege that this machine does not grant is left out.
    """
    found: set[str] = set()
    for one in ground.counting():
        withdrawn = one.withdrawn_at is not None and one.withdrawn_at <= now
        if not one.granted or withdrawn or not one.valid_from <= now < one.valid_until:
            continue
        if target is not None and not covers(one, target):
            continue
        for technique in TECHNIQUES.values():
            possible = scanner.has_raw_sockets or not technique.raw_sockets
            mentioned = mentions(ground.terms[one.id], technique)
            if mentioned and possible and technique.load <= one.load:
                found.add(technique.code)
    return frozenset(found)


class Outlook:
    """Lays out plans for one scan at one moment."""

    def __init__(
        self, ground: Ground, scanner: Scanner, now: datetime, job: str, load: int | None
    ) -> None:
        """Begin; `load` is what the caller asks for, None what each technique needs."""
        self._ground = ground
        self._scanner = scanner
        self._now = now
        self._job = job
        self._load = load
        self._number = 0
        self.laid = Laid()

    def _plan(self, wish: Wish, ports: tuple[int, ...] | None) -> Plan:
        technique: Technique = wish.technique
        self._number += 1
        count = 65_535 if ports is None else len(ports)
        return Plan(
            job=f"{self._job}-{self._number}",
            technique=technique.code,
            protocol=technique.protocol,
            targets=wish.targets,
            ports=ports,
            load=max(technique.load, self._load or 0),
            name=wish.name,
            resolved=wish.resolved,
            expected_s=expected_seconds(technique, len(wish.targets), count, self._scanner.pace),
            parameters=wish.parameters,
        )

    def add(self, wishes: Sequence[Wish]) -> None:
        """Ask the gate for each wish; keep the plans that pass and the pairs that do not."""
        for wish in wishes:
            ports = tuple(self._scanner.actual_port(port) for port in wish.ports) or None
            plan = self._plan(wish, ports)
            question = self._ground.question(plan, self._now)
            sifted = sift(question)
            for authorisation, narrowed in sifted.allowed:
                answer = GateAnswer(decision="allow", reason="allowed", authorisation=authorisation)
                part = plan.model_copy(
                    update={
                        "job": plan.job if len(sifted.allowed) == 1 else self._next_job(),
                        "targets": narrowed.targets,
                        "ports": narrowed.ports,
                    }
                )
                self.laid.passed.append(Passed(part, narrowed, answer))
            self._note(question, sifted.denied, plan.technique)

    def _next_job(self) -> str:
        self._number += 1
        return f"{self._job}-{self._number}"

    def _note(self, question: ChunkQuestion, denied: Sequence[Denied], technique: str) -> None:
        """Keep one pair for each address and reason: the others would say the same again."""
        first: dict[tuple[str, str], Denied] = {}
        for pair in denied:
            first.setdefault((pair.target, pair.reason), pair)
        for pair in first.values():
            asked = question.pair(pair.target, pair.port)
            self.laid.denied.append(Barred(asked.document(), pair, technique))


_UNTIMELY = frozenset({"outside-window", "does-not-fit-window", "blackout"})


def first_look(
    outlook: Outlook, needed: Mapping[str, Sequence[int]], targets: Sequence[str], load: int | None
) -> Laid:
    """Ask the gate whether each target may be contacted at all, by whatever technique.

    Techniques are tried from the port scan down to a bare look at fragile ports; what is denied by
    all of them is noted with what was said of the first. What only comes at the wrong time is not
    tried in a lesser way: the scan would then begin and find that it has no time.
    """
    whole = [("tcp-ports", ())]
    usual = [
        ("tcp-ports", needed.get("tcp-ports", VISITED_PORTS)),
        ("tcp-connect", VISITED_PORTS),
        ("ot-ports", needed.get("ot-ports") or (502,)),
    ]
    found = Laid()
    for target in targets:
        denied: list[Barred] | None = None
        for code, ports in whole if load == 4 else usual:
            outlook.laid = Laid()
            outlook.add([Wish(find_technique(code), (target,), tuple(ports))])
            denied = outlook.laid.denied if denied is None else denied
            if outlook.laid.passed:
                found.passed += outlook.laid.passed
                denied = outlook.laid.denied
                break
            if any(barred.pair.reason in _UNTIMELY for barred in outlook.laid.denied):
                denied = outlook.laid.denied
                break
        found.denied += denied or []
    return found
