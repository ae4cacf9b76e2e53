"""Proves from the audit log that nothing was contacted that nobody had allowed.

Every decision is made again by the pure gate, every contact must follow from a decision right
before it, every letter that allowed one must be on record as received, granted and told, and every
raw file must lie within what was decided. It needs no table but the log; the raw files are opened
where the master key is at hand. Memory is bounded by the work that was under way at one time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection

from cyberposture.errors import Corrupt, InvalidInput, NotFound, WrongState
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.gate import ChunkQuestion, GateAnswer, GateAuthorisation, GateQuestion
from cyberposture.model.lookups import LookupQuestion
from cyberposture.scanning.permission.gate import GateContext
from cyberposture.scanning.permission.lookups import LONGEST_S, decide_lookup
from cyberposture.scanning.permission.signing import terms_digest
from cyberposture.scanning.reading.traces import read_lookup, read_traces
from cyberposture.services.proof.halts import SILENCE_S, Halt, list_halts
from cyberposture.services.proof.zone_words import ZoneWords
from cyberposture.store.audit import BEGINNING, AuditEntry
from cyberposture.store.authorisations import find_authorisation
from cyberposture.store.blobs import BlobDoor
from cyberposture.store.database import Database
from cyberposture.store.verification import is_unchanged, stream_entries

CLOCK_S: Final = 2.0
"""nmap writes whole seconds."""
_SLACK: Final = timedelta(seconds=CLOCK_S)
MOST_TOLD: Final = 1_000
"""So many violations are told one by one; all of them are counted."""


class Violation(NamedTuple):
    """One thing that does not follow: where in the log, what kind, and in words."""

    chain: str
    seq: int
    kind: str
    what: str


@dataclass
class ReplayReport:
    """How much was looked at, and what was found."""

    entries: int = 0
    decisions: int = 0
    contacts: int = 0
    pairs: int = 0
    files: int = 0
    lookups: int = 0
    found: int = 0
    violations: list[Violation] = field(default_factory=list)

    def note(self, entry: AuditEntry, kind: str, what: str) -> None:
        """Count a violation, and keep it among the first ones."""
        self.found += 1
        if len(self.violations) < MOST_TOLD:
            self.violations.append(Violation(entry.chain, entry.seq, kind, what))


@dataclass
class _Permit:
    """A decision right before sending, and the limits that follow from it."""

    question: ChunkQuestion
    answer: GateAnswer
    not_after: datetime | None


@dataclass
class _Letter:
    """What the log says of one authorisation."""

    terms: AuthorisationTerms | None
    granted_at: datetime | None = None
    told_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class _Known:
    """What the log tells that concerns many chains."""

    halts: list[Halt]
    words: ZoneWords


OpenFile = Callable[[UUID | None, str], bytes]


class _Chain:
    """One institution's chain read from its first entry to its last."""

    def __init__(
        self,
        report: ReplayReport,
        connection: Connection,
        known: "_Known",
        open_file: OpenFile | None,
    ) -> None:
        self._report = report
        self._connection = connection
        self._halts, self._words = known.halts, known.words
        self._open_file = open_file
        self._permits: dict[tuple[str, int], _Permit] = {}
        self._lookups: dict[tuple[str, int], tuple[LookupQuestion, str]] = {}
        self._letters: dict[str, _Letter] = {}
        self._last = BEGINNING

    def step(self, entry: AuditEntry) -> None:
        """Look at one entry; what cannot be read is a violation as well."""
        self._report.entries += 1
        if entry.previous != self._last or not is_unchanged(entry):
            self._report.note(entry, "chain", "the entry is not what was written, or out of place")
        self._last = entry.digest
        look = _LOOKS.get(entry.kind)
        if look is None:
            return
        try:
            look(self, entry)
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            kind = type(error).__name__
            self._report.note(entry, "unreadable", f"{entry.kind} cannot be read: {kind}")

    # -- letters -----------------------------------------------------------------------------

    def _received(self, entry: AuditEntry) -> None:
        digest = entry.data["terms_sha256"]
        document = entry.data.get("terms")
        if document is None:  # an entry of before the terms stood in the log
            record = find_authorisation(self._connection, entry.subject)
            document = record.terms if record is not None else None
        terms = AuthorisationTerms.model_validate(document) if document is not None else None
        if terms is None or terms_digest(terms) != digest:
            self._report.note(entry, "letter", f"{entry.subject} is not the text that was signed")
            terms = None
        self._letters[entry.subject] = _Letter(terms)

    def _letter(self, entry: AuditEntry) -> _Letter:
        return self._letters.setdefault(entry.subject, _Letter(None))

    def _granted(self, entry: AuditEntry) -> None:
        letter = self._letter(entry)
        if letter.terms is not None and entry.data["terms_sha256"] != terms_digest(letter.terms):
            self._report.note(entry, "letter", f"{entry.subject} was granted in another text")
            return
        if letter.terms is not None and entry.data["granter"] == letter.terms.received_by:
            self._report.note(entry, "letter", f"{entry.subject} was granted by its receiver")
            return
        letter.granted_at = letter.granted_at or entry.act.at

    def _told(self, entry: AuditEntry) -> None:
        letter = self._letter(entry)
        letter.told_at = letter.told_at or entry.act.at

    def _withdrawn(self, entry: AuditEntry) -> None:
        self._letter(entry).withdrawn_at = entry.act.at

    # -- decisions ---------------------------------------------------------------------------

    def _decision(self, entry: AuditEntry) -> None:
        self._report.decisions += 1
        given = GateAnswer.model_validate(entry.data["answer"])
        asked = entry.data["question"]
        whole: ChunkQuestion | None = None
        if "targets" in asked:
            whole = ChunkQuestion.model_validate(asked)
            context = GateContext(whole)
            pairs = ((t, p) for t in whole.targets for p in whole.ports or (None,))
            answers = {context.decide(target, port) for target, port in pairs}
        else:
            question = GateQuestion.model_validate(asked)
            context = GateContext(question)
            answers = {context.decide(question.target, question.port)}
        if answers != {given}:
            said = ", ".join(sorted(f"{a.decision} {a.reason}" for a in answers))
            self._report.note(entry, "decision", f"the gate says {said}, the log {given.reason}")
        if entry.data.get("stage") == "send" and whole is not None:
            until = None
            if given.authorisation is not None and answers == {given}:
                until = context.not_after(given.authorisation)
            key = (entry.subject, int(entry.data["chunk"]))
            self._permits[key] = _Permit(whole, given, until)
            self._require_letter(entry, whole, given)

    def _require_letter(
        self, entry: AuditEntry, question: ChunkQuestion, answer: GateAnswer
    ) -> None:
        """Note where the letter that allowed it is not the one on record, or did not count yet."""
        if answer.authorisation is None:
            return
        self._require_terms(entry, answer.authorisation, question.authorisations, question.now)
        self._require_no_stop(entry, question.now, question.targets)

    def _require_no_stop(
        self, entry: AuditEntry, now: datetime, targets: tuple[str, ...] = ()
    ) -> None:
        for halt in [halt for halt in self._halts if halt.holds(now)]:
            if halt.ends_all(entry.chain, entry.subject):
                self._report.note(entry, "stop", f"{halt.scope} {halt.subject} was stopped")
            for target in halt.within(targets):
                self._report.note(entry, "stop", f"{target} was stopped ({halt.subject})")

    def _require_terms(
        self,
        entry: AuditEntry,
        code: str,
        asked: tuple[GateAuthorisation, ...],
        now: datetime,
    ) -> None:
        letter = self._letters.get(code)
        used = next((one for one in asked if one.id == code), None)
        if letter is None or letter.terms is None or used is None:
            self._report.note(entry, "letter", f"{code} is on record nowhere")
            return
        signed = letter.terms.for_gate(granted=True, withdrawn_at=used.withdrawn_at)
        if signed != used:
            self._report.note(entry, "letter", f"{code} was signed with other terms")
        if letter.granted_at is None or letter.granted_at > now:
            self._report.note(entry, "letter", f"{code} was not granted by a second person")
        if letter.told_at is None or letter.told_at > now:
            self._report.note(entry, "letter", f"nobody was told before {code} was used")
        ended = letter.withdrawn_at
        if ended is not None and ended + timedelta(seconds=SILENCE_S) < now:
            self._report.note(entry, "letter", f"{code} was withdrawn")

    def _lookup(self, entry: AuditEntry) -> None:
        self._report.decisions += 1
        question = LookupQuestion.model_validate(entry.data["question"])
        answer = decide_lookup(question)
        if answer.model_dump(mode="json") != entry.data["answer"]:
            said = f"the rule says {answer.reason}, the log {entry.data['answer'].get('reason')}"
            self._report.note(entry, "lookup", f"{question.name}: {said}")
            return
        if entry.data.get("stage") != "send" or answer.authorisation is None:
            return
        code = answer.authorisation
        self._require_terms(entry, code, question.authorisations, question.now)
        self._require_no_stop(entry, question.now)
        key = (entry.subject, int(entry.data["chunk"]))
        self._lookups[key] = (question, code)

    # -- contacts ----------------------------------------------------------------------------

    def _contact(self, entry: AuditEntry) -> None:
        targets = entry.data["targets"]
        if not targets:
            self._looked_up(entry)
            return
        self._report.contacts += 1
        permit = self._permits.pop((entry.subject, int(entry.data["chunk"])), None)
        if permit is None or permit.answer.authorisation is None:
            self._report.note(entry, "contact", "no decision allowed it right before")
            return
        question = permit.question
        self._report.pairs += len(targets) * len(question.ports or (None,))
        strange = sorted(set(targets) - set(question.targets))
        if strange:
            self._report.note(entry, "contact", f"nobody asked for {', '.join(strange[:5])}")
        if entry.data.get("authorisation") != permit.answer.authorisation:
            self._report.note(entry, "contact", "it names another letter than the decision")
        if entry.act.at < question.now:
            self._report.note(entry, "contact", "it ended before it was decided")
        for fault in self._words.faults(entry, question.now):
            self._report.note(entry, "zone", fault)
        sha256 = entry.data.get("artefact_sha256")
        if sha256 is not None and self._open_file is not None:
            self._file(entry, permit, sha256)

    def _looked_up(self, entry: AuditEntry) -> None:
        """Look at a lookup: it contacts nobody but the resolver, and needs a permission as well."""
        self._report.lookups += 1
        found = self._lookups.pop((entry.subject, int(entry.data["chunk"])), None)
        if found is None or entry.data.get("authorisation") != found[1]:
            self._report.note(entry, "lookup", "no permission was given right before")
            return
        question, sha256 = found[0], entry.data.get("artefact_sha256")
        if sha256 is None or self._open_file is None:
            return
        self._report.files += 1
        try:
            name, started, ended = read_lookup(self._open_file(entry.institution_id, sha256))
        except (NotFound, WrongState, Corrupt, InvalidInput) as error:
            self._report.note(entry, "file", f"{sha256}: {error}")
            return
        last = question.now + timedelta(seconds=LONGEST_S + SILENCE_S)
        if name != question.name or ended > last or started < question.now - _SLACK:
            self._report.note(entry, "file", f"{sha256} shows {name}, or another time")

    def _file(self, entry: AuditEntry, permit: _Permit, sha256: str) -> None:
        assert self._open_file is not None
        self._report.files += 1
        try:
            traces = read_traces(self._open_file(entry.institution_id, sha256))
        except (NotFound, WrongState, Corrupt, InvalidInput) as error:
            self._report.note(entry, "file", f"{sha256}: {error}")
            return
        question = permit.question
        for strange in traces.outside(question.targets, question.ports):
            self._report.note(entry, "file", f"{sha256} shows {strange}, which nobody allowed")
        if traces.started_at is not None and traces.started_at < question.now - _SLACK:
            self._report.note(entry, "file", f"{sha256} began before it was allowed")
        end = traces.ended_at
        limit = permit.not_after
        if end is not None and limit is not None and end > limit + timedelta(seconds=SILENCE_S):
            self._report.note(entry, "file", f"{sha256} went on after {limit.isoformat()}")

    def _ended(self, entry: AuditEntry) -> None:
        """Forget what was decided for a scan that has ended: nothing of it can follow any more."""
        for under_way in (self._permits, self._lookups):
            for key in [key for key in under_way if key[0] == entry.subject]:
                del under_way[key]


_LOOKS: Final[dict[str, Callable[[_Chain, AuditEntry], None]]] = {
    "authorisation-received": _Chain._received,
    "authorisation-granted": _Chain._granted,
    "authorisation-withdrawn": _Chain._withdrawn,
    "notice-sent": _Chain._told,
    "notice-waived": _Chain._told,
    "gate": _Chain._decision,
    "lookup": _Chain._lookup,
    "chunk-run": _Chain._contact,
    "scan-ended": _Chain._ended,
}


def replay(database: Database, blobs: BlobDoor | None) -> ReplayReport:
    """Return what was looked at and every violation; without `blobs` no raw file is opened."""
    report = ReplayReport()
    with database.reading() as connection:
        known = _Known(list_halts(connection), ZoneWords.read(connection))

        def open_file(institution_id: UUID | None, sha256: str) -> bytes:
            assert blobs is not None
            return blobs.get(connection, institution_id, "scan", sha256)

        for _, entries in groupby(stream_entries(connection), key=lambda entry: entry.chain):
            chain = _Chain(report, connection, known, open_file if blobs is not None else None)
            for entry in entries:
                chain.step(entry)
    return report


def document(report: ReplayReport) -> dict[str, Any]:
    """Return the report as plain values."""
    counts = ("entries", "decisions", "contacts", "pairs", "files", "lookups")
    return {
        **{name: getattr(report, name) for name in counts},
        "proved": report.found == 0,
        "found": report.found,
        "violations": [violation._asdict() for violation in report.violations],
    }
