"""Records what people did by an agreed procedure, so that checks can judge it; nothing is sent.

A record that would raise a claim by deciding a control is signed by two people: who did it, and
somebody else who confirms it. All others count at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, WrongState, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model, Moment, ObservationCode, Sentence
from cyberposture.model.gate import HostName
from cyberposture.model.observations import Fact
from cyberposture.scanning.permission.signing import record_text, require_signature, sign
from cyberposture.scanning.techniques import RECORDED
from cyberposture.services.findings.judging import judge_scan
from cyberposture.services.people.roles import CERT, require_role
from cyberposture.services.register import Change, Register
from cyberposture.services.scanner import require_vantage
from cyberposture.store import institutions, people, scans
from cyberposture.store.facts import insert_facts
from cyberposture.store.scans import ScanRecord

MAX_EVIDENCE_BYTES: Final = 25_000_000
Name = Literal["contact-test", "announced-scan", "test-name"]
Result = Literal["yes", "no", "unclear"]
"""What was hoped for happened, or it did not, or the attempt failed on our side."""
Told = dict[str, bool | int | str | None]


class Record(Model):
    """What was done, when, and what came of it."""

    procedure: Name
    result: Result
    at: Moment
    note: Sentence
    vantage: str = "external"
    contact: Sentence | None = None
    """The mailbox or number that was tried."""
    minutes: int | None = Field(default=None, ge=0, le=100_000)
    """Until a person answered who can act."""
    scan: str | None = None
    """The announced scan that was to be noticed."""
    reported_at: Moment | None = None
    names_hour: bool = False
    """The report names, right to the hour, when the scan began."""
    names_source: bool = False
    """The report names the addresses that the scan came from."""
    name: HostName | None = None
    """The harmless test name that was asked for."""
    evidence_sha256: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Record":
        wanted = {"contact-test": "contact", "announced-scan": "scan", "test-name": "name"}
        field = wanted[self.procedure]
        if getattr(self, field) is None:
            raise ValueError(f"{self.procedure} needs {field}")
        if self.procedure == "contact-test" and self.result == "yes" and self.minutes is None:
            raise ValueError("a contact test that was answered needs minutes")
        if self.procedure == "test-name" and not self.vantage.startswith("internal:"):
            raise ValueError("a test name is tried from inside: --vantage internal:ZONE")
        if self.procedure == "announced-scan" and (self.result == "yes") != bool(self.reported_at):
            raise ValueError("a report has a time, and what was not noticed has none")
        return self


@dataclass(frozen=True)
class Procedure:
    """One agreed procedure: what it observes, and what its records tell."""

    observation: ObservationCode
    told: Callable[[Record, datetime | None], Told]
    """Takes the record, and when the announced scan began."""


def _as_flag(result: Result) -> bool | None:
    return None if result == "unclear" else result == "yes"


def _contact(record: Record, _began: datetime | None) -> Told:
    return {"contact-answered": _as_flag(record.result), "contact-minutes": record.minutes}


def _scan(record: Record, began: datetime | None) -> Told:
    told: Told = {"scan-noticed": _as_flag(record.result)}
    if record.reported_at is not None and began is not None:
        passed = record.reported_at - began
        told |= {
            "scan-report-hours": int(passed.total_seconds() // 3600),
            "report-names-hour": record.names_hour,
            "report-names-source": record.names_source,
        }
    return told


def _test_name(record: Record, _began: datetime | None) -> Told:
    return {"test-name-blocked": _as_flag(record.result)}


PROCEDURES: Final[dict[Name, Procedure]] = {
    "contact-test": Procedure("O-CONTACT", _contact),
    "announced-scan": Procedure("O-DETECT", _scan),
    "test-name": Procedure("O-DNSF", _test_name),
}
"""Every procedure that may be recorded, by name."""


def needs_two(register: Register, record: Record) -> bool:
    """Return whether a record could raise a claim: a good result on what decides a control."""
    code = PROCEDURES[record.procedure].observation
    decides = any(
        observation.code == code and observation.direction == "C"
        for control in register.content.catalogue.controls
        for observation in control.observations
    )
    return decides and record.result == "yes"


def record(
    register: Register,
    institution: str,
    given: dict[str, Any],
    person: str,
    private_key: str,
    *,
    evidence: Path | None = None,
) -> ScanRecord:
    """Keep a signed record of a procedure and return it; it counts once it has all it needs.

    Raises:
        InvalidInput: something in it does not fit together, or the evidence cannot be read.
        WrongUsage: there is no such vantage.
        NotFound: institution, person or announced scan is not in the register.
        NotAuthorised: the person is not of the CERT, or the key is not theirs.
        WrongState: the scan was not announced, or is not over.
    """
    file = read_bytes(evidence, MAX_EVIDENCE_BYTES) if evidence is not None else None
    with register.change("procedure-recorded", institution) as change:
        owner = institutions.get_institution_id(change.connection, institution)
        change.institution_id = owner
        sha256 = None
        if file is not None:
            sha256 = register.blobs.put(change.connection, owner, "evidence", file, change.by)
        wanted = build_row(Record, "arguments", given | {"evidence_sha256": sha256})
        _require_sense(change, wanted)
        kept = wanted.model_dump(mode="json", exclude_none=True)
        plan: dict[str, Any] = {
            "record": kept,
            "recorder": person,
            "signature": _sign(change, kept, "recorder", person, private_key),
            "signed_at": change.now.isoformat(),
        }
        found = scans.insert_scan(
            change.connection,
            owner,
            change.by,
            kind="recorded",
            vantage=wanted.vantage,
            authorisations=[],
            plan=plan,
            checks_digest=register.edition.checks,
            scanner=f"recorded by {person}",
        )
        change.tell(**plan, code=found.code)
        if not needs_two(register, wanted):
            found = _judge(register, change, found)
    return found


def _require_sense(change: Change, wanted: Record) -> None:
    require_vantage(wanted.vantage)
    moments = [("at", wanted.at), ("reported_at", wanted.reported_at)]
    faults = [
        Fault(name, "lies in the future") for name, one in moments if one and one > change.now
    ]
    if faults:
        raise InvalidInput(faults)
    if wanted.scan is None:
        return
    scan = scans.get_scan(change.connection, wanted.scan)
    if scan.institution_id != change.institution_id or not scan.plan.get("announced"):
        raise WrongState(
            f"{wanted.scan} is no announced scan of this institution",
            advice="cyberposture scan run --institution ID --announced",
        )
    if scan.started_at is None or scan.ended_at is None:
        raise WrongState(f"{wanted.scan} is not over")
    if wanted.reported_at is not None and wanted.reported_at < scan.started_at:
        raise InvalidInput(Fault("reported_at", f"{wanted.scan} began later: that is no noticing"))


def _sign(change: Change, kept: dict[str, Any], role: str, person: str, private_key: str) -> str:
    signer = require_role(change.connection, person, CERT, change.now)
    text = record_text(kept, role, person, change.now)
    signature = sign(private_key, text)
    require_signature(signer.public_key, signature, text)
    return signature


def confirm(register: Register, code: str, person: str, private_key: str) -> ScanRecord:
    """Have a second person confirm a record by their signature; from now on it counts.

    Raises:
        NotFound: there is no such record or person.
        NotAuthorised: the same person, a wrong role, or the key is not theirs.
        WrongState: it is no record, or counts already.
    """
    with register.change("procedure-confirmed", code) as change:
        found = scans.get_scan(change.connection, code)
        change.institution_id = found.institution_id
        if found.kind != "recorded" or found.state != "planned":
            raise WrongState(f"{code} is no record that waits for a second person")
        signature = _sign(change, found.plan["record"], "confirmer", person, private_key)
        recorder = people.get_person(change.connection, found.plan["recorder"]).person
        confirmer = people.get_person(change.connection, person).person
        # Two codes that share a key are one person as well.
        if recorder.public_key == confirmer.public_key:
            raise NotAuthorised("same-person", "who recorded it cannot confirm it")
        change.tell(record=code, confirmer=person, signature=signature)
        found = _judge(register, change, found, {"confirmer": person, "signature": signature})
    return found


def _judge(
    register: Register, change: Change, kept: ScanRecord, confirmed: dict[str, str] | None = None
) -> ScanRecord:
    """Turn a record into a fact, judge it, and close the record."""
    wanted = Record.model_validate(kept.plan["record"])
    began = None
    if wanted.scan is not None:
        began = scans.get_scan(change.connection, wanted.scan).started_at
    owner = institutions.get_institution_by_id(
        change.connection, kept.institution_id, as_of=change.now
    ).institution
    fact = Fact(
        address=owner.code,
        subject="institution",
        name=wanted.procedure,
        technique=RECORDED,
        vantage=wanted.vantage,
        parameters={"record": kept.code},
        started_at=wanted.at,
        ended_at=wanted.at,
        scanner=kept.scanner,
        outcome="answered",
        told=PROCEDURES[wanted.procedure].told(wanted, began),
        artefact=wanted.evidence_sha256,
    )
    connection, at = change.connection, change.now
    scans.record_state(connection, kept.id, "running", at=at)
    insert_facts(connection, kept.institution_id, kept.id, [fact], at=at)
    judged = judge_scan(register, connection, kept.id, change.by)
    summary = {"verdicts": judged.verdicts, "findings": vars(judged.findings), **(confirmed or {})}
    scans.record_state(connection, kept.id, "done", at=at, summary=summary)
    change.tell(verdicts=judged.verdicts)
    return scans.get_scan_by_id(connection, kept.id)


def list_records(register: Register, institution: str | None = None) -> list[ScanRecord]:
    """Return the records, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        found = scans.list_scans(connection, institution_id=institution_id)
        return [one for one in found if one.kind == "recorded"]


def procedure_of(name: str) -> Procedure:
    """Return the procedure with this name.

    Raises:
        WrongUsage: there is none.
    """
    for known, procedure in PROCEDURES.items():
        if known == name:
            return procedure
    raise WrongUsage(f"no procedure {name!r}; there are: {', '.join(PROCEDURES)}")
