"""What people do with findings: dispute, decide, accept, set aside; each act with who and why.

No act closes a finding: only a newer look at the network does.
"""

import contextlib
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Conflict, Fault, InvalidInput, NotAuthorised, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.deadlines import after_working_days
from cyberposture.model.findings import (
    DECISION_WORKING_DAYS,
    LONGEST_MARK_DAYS,
    FindingEventKind,
    Life,
)
from cyberposture.model.foundation import Model, Sentence
from cyberposture.model.people import Person, Role
from cyberposture.scanning.permission.signing import require_signature, sign
from cyberposture.services.people.roles import CERT, require_role
from cyberposture.services.register import Change, Register
from cyberposture.store import finding_changes as changes
from cyberposture.store import findings as store
from cyberposture.store import institutions, outbox, people
from cyberposture.store.acts import Act
from cyberposture.store.findings import FindingEvent, FindingRecord

JUDGES: frozenset[Role] = CERT | {"reviewer"}
"""Who may say that a finding is none, and decide a dispute."""
OWN: frozenset[Role] = frozenset({"signatory", "institution-lead", "contributor", "helper"})
"""Who speaks for an institution about its findings."""
_JUDGING: frozenset[FindingEventKind] = frozenset(
    {"opened", "reopened", "worsened", "eased", "confirmed", "proposed", "marked", "upheld",
     "overturned"}
)  # fmt: skip
"""The events whose actor had a say in the finding."""
URGENT = "urgent-"
"""The codes of urgent notices begin so; what follows is the code of the finding."""
SIGNATORIES: frozenset[Role] = frozenset({"signatory"})


class _Reasoned(Model):
    reason: Sentence


class _Evidenced(_Reasoned):
    evidence: Sentence


def _open(change: Change, code: str) -> FindingRecord:
    finding = store.get_finding(change.connection, code)
    change.institution_id = finding.key.institution_id
    return finding


def _require_of(
    change: Change, person: str, roles: frozenset[Role], finding: FindingRecord
) -> Person:
    """Return the person, who must hold one of the roles at the finding's own institution."""
    held = require_role(change.connection, person, roles, change.now)
    own = people.list_memberships(change.connection, as_of=change.now, person=person)
    if not any(
        one.membership.role in roles and one.institution_id == finding.key.institution_id
        for one in own
    ):
        raise NotAuthorised("other-institution", f"{person} does not speak for this institution")
    return held


def _signed(
    private_key: str, person: Person, statement: str, finding: str, at: datetime, **said: str
) -> dict[str, Any]:
    """Return what was said under the person's key, with the signature over all of it.

    Raises:
        NotAuthorised: the key is not the person's.
    """
    text = rfc8785.dumps(
        {
            "statement": statement,
            "finding": finding,
            "person": person.code,
            "at": to_iso(at),
            **said,
        }
    )
    signature = sign(private_key, text)
    require_signature(person.public_key, signature, text)
    return {"statement": statement, **said, "signature": signature}


def _bounded(until: datetime | None, now: datetime) -> datetime:
    longest = now + timedelta(days=LONGEST_MARK_DAYS)
    if until is None:
        return longest
    if not now < until <= longest:
        raise InvalidInput(
            Fault("--until", f"lies in the future, and at most {LONGEST_MARK_DAYS} days ahead")
        )
    return until


def propose_false_positive(
    register: Register,
    code: str,
    person: str,
    private_key: str,
    *,
    reason: str,
    evidence: str,
    until: datetime | None = None,
) -> datetime:
    """Put forward that a finding is none, and return until when that is to hold.

    It holds once a second person has decided so; without `until` for the longest time there is.

    Raises:
        InvalidInput: there is no reason or evidence, or it is to hold too long.
        NotFound: there is no such finding or person.
        NotAuthorised: the person may not judge, or the key is not theirs.
        WrongState: the finding is not open.
    """
    given = {"reason": reason, "evidence": evidence}
    build_row(_Evidenced, "arguments", given)
    with register.change("finding-proposed", code, reason=reason) as change:
        finding = _open(change, code)
        proposer = require_role(change.connection, person, JUDGES, change.now)
        ends = _bounded(until, change.now)
        said = {**given, "until": to_iso(ends)}
        details = _signed(private_key, proposer, "false-positive", code, change.now, **said)
        by = Act(person, reason, change.now)
        changes.record_note(change.connection, finding.id, "proposed", by, details=details)
        change.tell(person=person, **details)
    return ends


def dispute(register: Register, code: str, person: str, *, reason: str, evidence: str) -> datetime:
    """Record that the institution disputes a finding; return until when that is to be decided.

    Later than that the verdict counts as inconclusive until it is decided.

    Raises:
        InvalidInput: there is no reason or evidence.
        NotFound: there is no such finding or person.
        NotAuthorised: the person does not speak for the institution.
        WrongState: the finding is closed, set aside, or disputed already.
    """
    given = {"reason": reason, "evidence": evidence}
    build_row(_Evidenced, "arguments", given)
    with register.change("finding-disputed", code, reason=reason) as change:
        finding = _open(change, code)
        _require_of(change, person, OWN, finding)
        owner = institutions.get_institution_by_id(
            change.connection, finding.key.institution_id, as_of=change.now
        ).institution
        due = after_working_days(change.now, DECISION_WORKING_DAYS, owner.zone)
        changes.mark_finding(
            change.connection, finding.id, "disputed", Act(person, reason, change.now),
            until=due, details={"evidence": evidence},
        )  # fmt: skip
        change.tell(person=person, evidence=evidence, decide_by=to_iso(due))
    return due


def accept(
    register: Register,
    code: str,
    person: str,
    private_key: str,
    *,
    reason: str,
    until: datetime | None = None,
) -> datetime:
    """Record that the institution's signatory takes the risk of a finding, and until when.

    The finding stays visible and counts in the score as before.

    Raises:
        InvalidInput: there is no reason, or it is to hold too long.
        NotFound: there is no such finding or person.
        NotAuthorised: the person does not sign for the institution, or the key is not theirs.
        WrongState: the finding is closed, disputed, or a false positive.
    """
    build_row(_Reasoned, "arguments", {"reason": reason})
    with register.change("finding-accepted", code, reason=reason) as change:
        finding = _open(change, code)
        signatory = _require_of(change, person, SIGNATORIES, finding)
        ends = _bounded(until, change.now)
        said = {"reason": reason, "until": to_iso(ends)}
        details = _signed(private_key, signatory, "accepted-risk", code, change.now, **said)
        by = Act(person, reason, change.now)
        changes.mark_finding(
            change.connection, finding.id, "accepted", by, until=ends, details=details
        )
        change.tell(person=person, **details)
    return ends


def decide(
    register: Register, code: str, person: str, private_key: str, *, stands: bool, reason: str
) -> str:
    """Decide what waits for a second person, a dispute or a proposal; return the state after it.

    Raises:
        InvalidInput: there is no reason.
        NotFound: there is no such finding or person.
        NotAuthorised: the person may not judge, judged this finding before, or put this forward;
            or the key is not theirs.
        WrongState: nothing waits for a decision.
    """
    build_row(_Reasoned, "arguments", {"reason": reason})
    with register.change("finding-decided", code, reason=reason) as change:
        finding = _open(change, code)
        life = store.life_of(change.connection, finding.id)
        events = store.list_events(change.connection, finding_id=finding.id)
        decider = require_role(change.connection, person, JUDGES, change.now)
        _require_four_eyes(change.connection, decider, events)
        if life.state != "disputed" and life.proposal is None:
            raise WrongState(f"nothing about {code} waits for a decision")
        said = {"reason": reason, "decision": "stands" if stands else "falls"}
        details = _signed(private_key, decider, "decision", code, change.now, **said)
        by = Act(person, reason, change.now)
        state = _decided(change, finding, life, by, stands=stands, details=details)
        change.tell(person=person, state=state, **details)
    return state


def _decided(
    change: Change,
    finding: FindingRecord,
    life: Life,
    by: Act,
    *,
    stands: bool,
    details: dict[str, Any],
) -> str:
    connection = change.connection
    if life.state == "disputed":
        if stands:
            done = changes.unmark_finding(connection, finding.id, by, "upheld", details=details)
        else:
            until = _bounded(None, change.now)
            done = changes.overturn_finding(
                connection, finding.id, by, until=until, details=details
            )
        return done.state
    if stands:
        changes.record_note(connection, finding.id, "refused", by, details=details)
        return finding.state
    proposal = life.proposal or {}
    until = datetime.fromisoformat(proposal["until"])
    if until <= change.now:
        raise WrongState(f"what was put forward about {finding.code} has run out")
    said = {**details, "evidence": proposal["evidence"]}
    done = changes.mark_finding(
        connection, finding.id, "false-positive", by, until=until, details=said
    )
    return done.state


def _require_four_eyes(connection: Connection, decider: Person, events: list[FindingEvent]) -> None:
    """Return if whoever decides has not judged, disputed or put forward this finding before.

    Raises:
        NotAuthorised: `same-person`: they have, under this code or under another one of theirs.
    """
    before = {event.act.actor for event in events if event.kind in _JUDGING}
    known = (people.find_person(connection, actor) for actor in before)
    keys = {one.person.public_key for one in known if one is not None}
    if decider.code in before or decider.public_key in keys:
        raise NotAuthorised("same-person", f"{decider.code} had a say in this finding before")


def acknowledge(register: Register, code: str, *, who: str, reason: str = "") -> None:
    """Record who took note of a finding; urgent notices of it are not repeated any more.

    `who` is a person, by code or as the institution names them: anybody who was reached counts.

    Raises:
        InvalidInput: it is not said who.
        NotFound: there is no such finding.
        WrongState: it is closed.
    """
    build_row(_Reasoned, "--who", {"reason": who})
    with register.change("finding-acknowledged", code, reason=reason) as change:
        finding = _open(change, code)
        if finding.state == "closed":
            raise WrongState(f"the finding {code} is closed")
        changes.record_note(
            change.connection, finding.id, "acknowledged", change.by, details={"who": who}
        )
        gone = outbox.withdraw_about(change.connection, f"{URGENT}{code}-", "acknowledged")
        change.tell(who=who, withdrawn=gone)


def end_marks(register: Register) -> list[str]:
    """Bring back what was set aside for a time that is over; return the codes.

    A dispute that nobody decided in time stays one, and that is noted once: its verdict counts as
    inconclusive until it is decided.
    """
    now = register.clock()
    with register.reading() as connection:
        over = store.list_findings(connection, marked_before=now)
    return [finding.code for finding in over if _end_mark(register, finding)]


def _end_mark(register: Register, finding: FindingRecord) -> bool:
    kind: FindingEventKind = "lapsed" if finding.state == "disputed" else "returned"
    if kind == "lapsed" and _has_lapsed(register, finding):
        return False
    with (
        contextlib.suppress(Conflict),
        register.change(f"finding-{kind}", finding.code) as change,
    ):
        change.institution_id = finding.key.institution_id
        present = store.get_finding(change.connection, finding.code)
        if (present.state, present.marked_until) != (finding.state, finding.marked_until):
            raise Conflict(present.state, f"{finding.code} was decided in this very moment")
        if kind == "lapsed":
            changes.record_note(change.connection, finding.id, kind, change.by)
        else:
            changes.unmark_finding(change.connection, finding.id, change.by)
        change.tell(was=finding.state)
        return True
    return False


def _has_lapsed(register: Register, finding: FindingRecord) -> bool:
    """Return whether it was noted of the present dispute that its time is over."""
    with register.reading() as connection:
        events = store.list_events(connection, finding_id=finding.id)
    last = max(event.number for event in events if event.kind == "marked")
    return any(event.kind == "lapsed" and event.number > last for event in events)
