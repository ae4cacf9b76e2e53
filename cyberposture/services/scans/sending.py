"""Sends one permitted plan, by nmap or by a probe of our own, and returns it as facts.

The raw file that an auditor may ask for comes with it: nmap's XML, or a probe's record as JSON.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberposture.clock import Clock, to_iso
from cyberposture.content.digests import canonical
from cyberposture.errors import InvalidInput, WrongUsage
from cyberposture.model.observations import (
    DNSFact,
    Fact,
    HTTPFact,
    MailFact,
    ServiceFact,
    TLSFact,
)
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.reading.facts import read_facts
from cyberposture.scanning.reading.parse import parse
from cyberposture.scanning.sending.leash import POLL_S, leashed
from cyberposture.scanning.sending.probe_datagram import look_at_datagrams
from cyberposture.scanning.sending.probe_greeting import look_at_greetings
from cyberposture.scanning.sending.probe_http import Visitor, look_at_web
from cyberposture.scanning.sending.probe_mail import look_at_mail
from cyberposture.scanning.sending.probe_server import look_at_name_server
from cyberposture.scanning.sending.probe_tls import look_at_tls
from cyberposture.scanning.sending.runner import Run, Surroundings, run_nmap
from cyberposture.scanning.techniques import find_technique
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.name_facts import fact_of_policy, facts_of_servers

Seen = TLSFact | HTTPFact | MailFact | ServiceFact


@dataclass(frozen=True)
class Sent:
    """What came of sending: `raw` is kept under its digest, the facts are judged later."""

    outcome: str
    facts: tuple[Fact, ...]
    raw: bytes | None
    said: str
    scanner: str
    proof: Mapping[str, str] | None = None
    """The signed word of a scanner elsewhere that sent it; None: this process did."""


def send(
    permitted: PermittedPlan,
    scanner: Scanner,
    clock: Clock,
    must_stop: Callable[[], bool],
    exclusions: Sequence[str],
) -> Sent:
    """Send the plan and return what was seen; what the other side does is never an error.

    Raises:
        MissingService: nmap is not there, or the stop switch cannot be read.
    """
    if find_technique(permitted.plan.technique).maker == "nmap":
        poll_s = min(POLL_S, scanner.stop_poll_s)
        around = Surroundings(scanner.search_path, clock, must_stop, poll_s)
        run = run_nmap(permitted, scanner.pace, around, exclusions)
        return _from_nmap(permitted.plan, run, scanner)
    return _from_probe(permitted, scanner, clock, must_stop)


def _asked(plan: Plan) -> dict[str, tuple[tuple[int, int], ...]] | None:
    ports = plan.ports if plan.ports is not None else None
    if ports is None:
        return {plan.protocol: ((1, 65_535),)}
    return {plan.protocol: tuple((port, port) for port in sorted(ports))}


def unseen(plan: Plan, run: Run, scanner: Scanner) -> tuple[Fact, ...]:
    """Return a fact for each target of a run of which no output is left."""
    outcome = "not-tested" if run.outcome == "stopped" else "error"
    return tuple(
        Fact.model_validate(
            {
                "address": target,
                "technique": plan.technique,
                "vantage": scanner.vantage,
                "started_at": run.started_at,
                "ended_at": run.ended_at,
                "scanner": f"{scanner.scanner_id}, {run.scanner or 'nmap'}",
                "outcome": outcome,
                "tested": _asked(plan),
            }
        )
        for target in plan.targets
    )


def _from_nmap(plan: Plan, run: Run, scanner: Scanner) -> Sent:
    if run.xml is None:
        return Sent(run.outcome, unseen(plan, run, scanner), None, run.said, run.scanner)
    try:
        parsed = parse(io.BytesIO(run.xml), requested=plan.targets)
    except InvalidInput as error:
        return Sent("failed", unseen(plan, run, scanner), run.xml, str(error), run.scanner)
    technique = find_technique(plan.technique)
    read = read_facts(
        parsed,
        technique=plan.technique,
        vantage=scanner.vantage,
        parameters={"scripts": list(technique.scripts)} if technique.scripts else {},
    )
    ours = {
        "scanner": f"{scanner.scanner_id}, {run.scanner}",
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }
    facts = tuple(
        fact.model_copy(update={**ours, "tested": fact.tested or _asked(plan)}) for fact in read
    )
    return Sent(run.outcome, facts, run.xml, run.said, run.scanner)


def _outcome(seen: Sequence[Seen]) -> str:
    if any(one.outcome == "timed-out" for one in seen):
        return "timed-out"
    return "answered" if any(one.outcome != "failed" for one in seen) else "no-answer"


def _look(
    permitted: PermittedPlan, scanner: Scanner, clock: Clock, must_stop: Callable[[], bool]
) -> tuple[str, tuple[Seen | DNSFact, ...]]:
    """Return what our own probe saw, and the field of a fact that it belongs in."""
    match find_technique(permitted.plan.technique).maker:
        case "tls":
            return "tls", look_at_tls(permitted, scanner.trust_store, must_stop)
        case "http":
            return "http", look_at_web(permitted, Visitor(scanner.user_agent), must_stop)
        case "mail":
            return "mail", look_at_mail(permitted, scanner.trust_store, must_stop)
        case "greeting":
            return "services", look_at_greetings(permitted, must_stop)
        case "datagram":
            seen = look_at_datagrams(permitted, clock, must_stop, scanner.meant_port)
            return "services", seen
        case "dns":
            return "dns", look_at_name_server(permitted, must_stop)
        case maker:
            raise WrongUsage(f"nothing is sent by {maker} here")


def _from_probe(
    permitted: PermittedPlan, scanner: Scanner, clock: Clock, must_stop: Callable[[], bool]
) -> Sent:
    plan = permitted.plan
    started = clock()
    if must_stop() or started >= permitted.not_after:
        run = Run("stopped", started, started, ())
        return Sent("stopped", unseen(plan, run, scanner), None, "stopped before it began", "")
    with leashed(lambda: must_stop() or clock() >= permitted.not_after) as leash:
        field, seen = _look(permitted, scanner, clock, must_stop)
    ended = clock()
    if leash.is_cut or must_stop():
        run = Run("stopped", started, ended, ())
        return Sent("stopped", unseen(plan, run, scanner), None, "ended before it finished", "")
    shared = {
        "name": plan.name,
        "technique": plan.technique,
        "vantage": scanner.vantage,
        "parameters": dict(plan.parameters),
        "started_at": started,
        "ended_at": ended,
        "scanner": f"{scanner.scanner_id}, probe",
        "tested": _asked(plan),
    }
    facts = _probe_facts(plan, shared, field, seen)
    record: dict[str, Any] = {
        "technique": plan.technique,
        "targets": list(plan.targets),
        "ports": list(plan.ports or ()),
        "name": plan.name,
        "started_at": to_iso(started),
        "ended_at": to_iso(ended),
        "seen": [one.model_dump(mode="json") for one in seen],
    }
    return Sent("finished", facts, canonical(record), "", "probe")


def _probe_facts(
    plan: Plan, shared: Mapping[str, Any], field: str, seen: Sequence[Seen | DNSFact]
) -> tuple[Fact, ...]:
    """Return what was seen as facts: of each target, or of the name that it was asked about."""
    if field == "dns":
        return facts_of_servers(plan, shared, [one for one in seen if isinstance(one, DNSFact)])
    if "mail-domain" in plan.parameters:
        return fact_of_policy(plan, shared, [one for one in seen if isinstance(one, HTTPFact)])
    told = [one for one in seen if not isinstance(one, DNSFact)]
    return tuple(_probe_fact(target, shared, field, told) for target in plan.targets)


def _probe_fact(target: str, shared: Mapping[str, Any], field: str, seen: Sequence[Seen]) -> Fact:
    own = tuple(one for one in seen if one.address == target)
    outcome = _outcome(own) if own else "not-tested"
    return Fact.model_validate({**shared, "address": target, "outcome": outcome, field: own})
