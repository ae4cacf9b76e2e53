"""Looks up what the DNS says of declared names: permission, question, answer, and the facts.

Every question and its answer is on record, as the gate's are. What nobody may look up, and
everything where no resolver is set, is kept as a fact that was not tested, with the reason.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.content.digests import canonical
from cyberposture.errors import NotAuthorised
from cyberposture.model.checks import Subject
from cyberposture.model.institutions import Declaration
from cyberposture.model.lookups import LookupAnswer, LookupPlan, LookupQuestion
from cyberposture.model.observations import Fact
from cyberposture.scanning.permission.lookups import PermittedLookup, decide_lookup, permit_lookup
from cyberposture.scanning.permission.tickets import issue, verify
from cyberposture.scanning.sending.probe_dns import look_up
from cyberposture.scanning.techniques import find_technique
from cyberposture.services.permission.ground import Ground, gather, mentions
from cyberposture.services.register import Change, Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.name_facts import outcome_of
from cyberposture.services.scans.sending import Sent
from cyberposture.services.scans.watchdog import Errand
from cyberposture.store import chunks as store
from cyberposture.store.acts import Act
from cyberposture.store.audit import AuditLog
from cyberposture.store.chunks import ChunkRecord, NewChunk
from cyberposture.store.facts import insert_facts
from cyberposture.store.scans import ScanRecord

STAGE: Final = "names"
KIND: Final = "lookup"
"""The kind of audit entry that holds a question about a name and its answer."""
TECHNIQUE: Final = "dns-lookup"
_SUBJECTS: Final[tuple[Subject, ...]] = ("domain", "mail-domain", "name")
NO_RESOLVER: Final = "no resolver is set for this scanner (CYBERPOSTURE_RESOLVER)"


class _Named(NamedTuple):
    subject: Subject
    name: str
    selectors: tuple[str, ...]


class Known(NamedTuple):
    """What stands for and against looking up, and what was declared."""

    ground: Ground
    declaration: Declaration


def declared_names(declaration: Declaration) -> list[_Named]:
    """Return every declared domain, mail domain and host name that is to be looked up."""
    found: list[_Named] = []
    for subject in _SUBJECTS:
        for name in declaration.keys_of(subject):
            own = (a for a in declaration.assets if a.kind == subject and subject == "mail-domain")
            selectors = (
                s for asset in own if name in map(str.lower, asset.names) for s in asset.selectors
            )
            found.append(_Named(subject, name, tuple(dict.fromkeys(selectors))))
    return found


def question_of(ground: Ground, plan: LookupPlan, now: datetime) -> LookupQuestion:
    """Return the whole question for a lookup, as the audit log keeps it."""
    technique = find_technique(TECHNIQUE)
    counting = (a for a in ground.counting() if mentions(ground.terms[a.id], technique))
    return LookupQuestion(
        now=now,
        expected_s=plan.expected_s,
        name=plan.name,
        load=plan.load,
        stop=ground.stopped,
        authorisations=tuple(counting),
    )


def _plans(declaration: Declaration, job: str) -> Iterator[LookupPlan]:
    for number, named in enumerate(declared_names(declaration), start=1):
        yield LookupPlan(
            job=f"{job}-names-{number}",
            subject=named.subject,
            name=named.name,
            selectors=named.selectors,
        )


def refusal(known: Known, now: datetime) -> NotAuthorised | None:
    """Return why no declared name at all may be looked up, or None where one may."""
    plans = _plans(known.declaration, "plan")
    answers = [decide_lookup(question_of(known.ground, plan, now)) for plan in plans]
    if any(answer.decision == "allow" for answer in answers) or not answers:
        return None
    return NotAuthorised(answers[0].reason, "no declared name may be looked up; nothing was asked")


def preview(known: Known, scanner: Scanner, now: datetime) -> list[dict[str, str]]:
    """Return each declared name, and whether it would be looked up now or why not."""
    found: list[dict[str, str]] = []
    for plan in _plans(known.declaration, "preview"):
        reason: str = decide_lookup(question_of(known.ground, plan, now)).reason
        if reason == "allowed" and scanner.resolver is None:
            reason = "no-resolver"
        found.append({"subject": plan.subject, "name": plan.name, "reason": reason})
    return found


class _Log(NamedTuple):
    """Where the answers of one moment about one scan are written."""

    audit: AuditLog
    connection: Connection
    scan: ScanRecord
    act: Act

    def write(self, question: LookupQuestion, answer: LookupAnswer, **about: Any) -> None:
        self.audit.append(
            self.connection,
            self.scan.institution_id,
            KIND,
            self.scan.code,
            self.act,
            data={
                "question": question.model_dump(mode="json"),
                "answer": answer.model_dump(mode="json"),
                "scan": self.scan.code,
                **about,
            },
        )


def queue_lookups(
    register: Register,
    change: Change,
    scanner: Scanner,
    scan: ScanRecord,
    known: Known,
) -> tuple[list[NewChunk], int]:
    """Return the permitted lookups as chunks, and how many were denied; each answer is on record.

    Names are looked up from outside only: what they lead to inside is another matter.
    """
    if scan.vantage != "external" or not scan.plan.get("names", True):
        return [], 0
    log = _Log(register.audit, change.connection, scan, change.by)
    queued: list[NewChunk] = []
    unasked: list[Fact] = []
    denied = 0
    for plan in _plans(known.declaration, scan.code):
        question = question_of(known.ground, plan, change.now)
        answer = decide_lookup(question)
        log.write(question, answer, stage=STAGE, subject=plan.subject)
        if answer.decision == "deny":
            denied += 1
            why = f"it may not be looked up ({answer.reason})"
            unasked.append(_not_tested(plan, scanner, change.now, why))
        elif scanner.resolver is None:
            unasked.append(_not_tested(plan, scanner, change.now, NO_RESOLVER))
        else:
            ticket = issue(scanner.ticket_key, permit_lookup(plan, question))
            queued.append(NewChunk(plan=plan.model_dump(mode="json"), targets=(), ticket=ticket))
    insert_facts(change.connection, scan.institution_id, scan.id, unasked, at=change.now)
    return queued, denied


def _not_tested(plan: LookupPlan, scanner: Scanner, now: datetime, why: str) -> Fact:
    return Fact(
        address=plan.name.lower(),
        subject=plan.subject,
        technique=TECHNIQUE,
        vantage=scanner.vantage,
        parameters={"reason": why},
        started_at=now,
        ended_at=now,
        scanner=scanner.scanner_id,
        outcome="not-tested",
    )


def is_lookup(chunk: ChunkRecord) -> bool:
    """Return whether a chunk is about a name and not about addresses."""
    return chunk.plan.get("technique") == TECHNIQUE


def ask_again(
    register: Register, scanner: Scanner, scan: ScanRecord, chunk: ChunkRecord
) -> PermittedLookup:
    """Ask for permission right before the lookup; the answer is on record before this returns.

    Raises:
        NotAuthorised: the ticket or the permission is refused; a denial is on record too.
    """
    try:
        plan = LookupPlan.model_validate(chunk.plan)
    except ValidationError as error:
        raise NotAuthorised("bad-ticket", "what is queued is no lookup") from error
    with register.database.transaction() as connection:
        now = register.clock()
        verify(scanner.ticket_key, chunk.ticket or "", plan, now)
        ground = gather(connection, scan.institution_id, now, scan.id)
        question = question_of(ground, plan, now)
        answer = decide_lookup(question)
        act = Act(register.actor, "right before asking", now)
        log = _Log(register.audit, connection, scan, act)
        log.write(question, answer, stage="send", chunk=chunk.number, subject=plan.subject)
        if answer.decision == "allow":
            store.record_gate(connection, chunk, answer.model_dump(mode="json"))
    return permit_lookup(plan, question)


def look(permitted: PermittedLookup, scanner: Scanner, register: Register, errand: Errand) -> Sent:
    """Ask the resolver and return what it said as one fact about the name."""
    plan = permitted.plan
    started = register.clock()
    if scanner.resolver is None:
        fact = _not_tested(plan, scanner, started, NO_RESOLVER)
        return Sent("finished", (fact,), None, NO_RESOLVER, "resolver")

    def must_stop() -> bool:
        return errand.must_stop() or register.clock() >= permitted.not_after

    lookups, was_stopped = look_up(permitted, scanner.resolver, started, must_stop)
    ended = register.clock()
    if was_stopped:
        fact = _not_tested(plan, scanner, ended, "it was stopped")
        return Sent("stopped", (fact,), None, "ended before it finished", "resolver")
    told: Mapping[str, Any] = {
        "address": plan.name.lower(),
        "subject": plan.subject,
        "technique": TECHNIQUE,
        "vantage": scanner.vantage,
        "started_at": started,
        "ended_at": ended,
        "scanner": f"{scanner.scanner_id}, resolver",
        "outcome": outcome_of(lookups),
        "dns": lookups,
    }
    record = {
        "technique": TECHNIQUE,
        "name": plan.name,
        "subject": plan.subject,
        "resolver": f"{scanner.resolver[0]}:{scanner.resolver[1]}",
        "started_at": to_iso(started),
        "ended_at": to_iso(ended),
        "lookups": [one.model_dump(mode="json", exclude_defaults=True) for one in lookups],
    }
    return Sent("finished", (Fact.model_validate(told),), canonical(record), "", "resolver")
