"""Fills the inputs of reports from the register; it leaves nothing out and shows nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture import __version__
from cyberposture.errors import NotFound
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.checks import Checks
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.reporting import inputs as given
from cyberposture.reporting.own_rounds import OwnRound
from cyberposture.scoring.plan import plan_steps
from cyberposture.services.catalogue.pinned import Pinned, get_present
from cyberposture.services.findings.standing import counts_from, repair_days
from cyberposture.services.permission.authorise import granters
from cyberposture.services.register import Register
from cyberposture.services.reports.own_rounds import gather_past
from cyberposture.services.scores.basis import Basis, find_kept_score, gather_basis, gather_kept
from cyberposture.services.scores.trail import Step, Trail
from cyberposture.store import (
    authorisations,
    chunks,
    contradictions,
    declarations,
    findings,
    publication,
    results,
    rounds,
    scans,
    scores,
)
from cyberposture.store.audit import find_head, list_entries
from cyberposture.store.findings import FindingRecord, findings_at
from cyberposture.store.scores import ScoreRecord

STEPS = 10
"""So many improvements a report ranks."""


def content_of(
    register: Register, pinned: Pinned | None = None, checks: Checks | None = None
) -> given.ContentInputs:
    """Return the rules, checks and texts that a report is made under: else the present ones."""
    used = pinned or get_present(register)
    judges = checks or register.content.checks
    return given.ContentInputs(used.catalogue, judges, used.edition, __version__, used.translations)


def head_of(connection: Connection, institution_id: UUID | None) -> given.AuditHead:
    """Return the last entry of a chain as the report prints it."""
    head = find_head(connection, institution_id)
    if head is None:
        return given.AuditHead("", 0, "", "")
    return given.AuditHead(
        chain=head.chain,
        seq=head.seq,
        digest=head.digest,
        key_id=head.key_id,
        at=datetime.fromisoformat(head.at),
        signature=head.signature,
    )


def taken(title: str, record: ScoreRecord) -> given.TakenScore:
    """Return a kept score in the report's form."""
    return given.TakenScore(
        title=title,
        as_of=record.summary.as_of,
        document=ScoreDocument.model_validate(record.document),
        result=ScoreResult.model_validate(record.result),
        digest=record.document_sha256,
    )


def _kept_score(connection: Connection, code: str, round_code: str) -> ScoreRecord:
    found = find_kept_score(connection, code, round_code)
    if found is None:
        raise NotFound(
            "round score",
            round_code,
            advice="cyberposture assessment finalise --institution … --round …",
        )
    return found


class InstitutionGatherer:
    """Gathers the inputs of one institution's report from one consistent state."""

    def __init__(
        self, register: Register, connection: Connection, code: str, round_code: str | None
    ) -> None:
        self.register = register
        self.connection = connection
        self.kept: ScoreRecord | None = None
        if round_code is None:
            self.basis: Basis = gather_basis(register, connection, code, None, register.clock())
        else:
            self.kept = _kept_score(connection, code, round_code)
            self.basis = gather_kept(register, connection, code, round_code, self.kept)
        self.now = self.basis.as_of
        self.institution_id = self.basis.institution.id

    def gather(self) -> given.InstitutionInputs:
        """Return everything."""
        basis = self.basis
        campaign = basis.campaign
        score = self._score()
        previous = self._previous(score.as_of)
        clock = None
        if campaign is not None and campaign.repair_days is not None:
            clock = given.RepairClock(campaign.repair_days, campaign.repair_days_reason)
        trail = Trail(self.connection)
        verdicts = {
            check_id: tuple(_verdict(step) for step in trail.follow(one))
            for check_id, one in basis.checks.items()
            if one.rows
        }
        return given.InstitutionInputs(
            content=content_of(self.register, self.basis.pinned, self.basis.judged_by),
            institution=basis.institution.institution,
            kind="round" if self.kept is not None else "live",
            round_code=campaign.code if campaign is not None else None,
            score=score,
            audit_head=head_of(self.connection, self.institution_id),
            addresses=self._addresses(),
            previous=previous,
            past=self._past(score.as_of),
            repair_clock=clock,
            steps=tuple(s for s, _ in plan_steps(score.document, score.result, STEPS)),
            answers=self._answers(),
            reviews=self._reviews(),
            contradictions=self._contradictions(),
            comments=self._comments(),
            findings=self._findings(),
            changes=self._changes(previous.as_of if previous is not None else None),
            verdicts=verdicts,
            scans=self._scans(),
            authorisations=self._authorisations(),
            refusals=self._refusals(),
            unjudged=_unjudged(verdicts),
            consents_to_be_named=bool(
                publication.consenting(self.connection, [self.institution_id])
            ),
        )

    def _score(self) -> given.TakenScore:
        campaign = self.basis.campaign
        if self.kept is not None and campaign is not None:
            return taken(campaign.title, self.kept)
        return given.TakenScore("", self.basis.as_of, self.basis.document, self.basis.result)

    def _previous(self, before: datetime) -> given.TakenScore | None:
        """Return the newest round score before this one."""
        found = [
            summary
            for summary in scores.list_scores(
                self.connection, institution_id=self.institution_id, kind="round"
            )
            if summary.as_of < before
            and (self.kept is None or summary.round_id != self.kept.summary.round_id)
        ]
        if not found:
            return None
        last = max(found, key=lambda summary: summary.as_of)
        titles = {r.id: r.round.title for r in rounds.list_rounds(self.connection)}
        record = scores.get_score(self.connection, last.id)
        return taken(titles[last.round_id] if last.round_id else "", record)

    def _past(self, before: datetime) -> tuple[OwnRound, ...]:
        own = None if self.kept is None else self.kept.summary.round_id
        return gather_past(self.connection, self.institution_id, before, own)

    def _addresses(self) -> given.KnownAddresses:
        declared = declarations.get_declaration(
            self.connection, self.institution_id, as_of=self.now
        ).addresses()
        looked = {
            str(target)
            for scan in scans.list_scans(self.connection, institution_id=self.institution_id)
            for target in scan.plan.get("targets", ())
        }
        allowed = self._allowed_addresses(declared)
        return given.KnownAddresses(len(declared), allowed, len(looked & set(declared)))

    def _allowed_addresses(self, declared: Iterable[str]) -> int:
        from ipaddress import ip_address, ip_network

        networks = []
        for record in authorisations.list_authorisations(
            self.connection, institution_id=self.institution_id
        ):
            if record.withdrawn_at is None and record.grants:
                terms = AuthorisationTerms.model_validate(record.terms)
                networks += [ip_network(e.cidr) for e in terms.scope if hasattr(e, "cidr")]
        return sum(
            any(ip_address(a).version == n.version and ip_address(a) in n for n in networks)
            for a in declared
        )

    def _answers(self) -> dict[str, given.GivenAnswer]:
        found = {}
        for control, one in self.basis.answers.items():
            if one.answer is None:
                continue
            answer = one.answer.answer
            found[control] = given.GivenAnswer(
                level=answer.level,
                reason=answer.reason,
                not_applicable=answer.not_applicable,
                evidence=tuple(
                    given.EvidencePiece(e.title, e.sha256, e.dated, e.expires)
                    for e in answer.evidence
                ),
                actor=one.answer.act.actor,
                at=one.answer.act.at,
            )
        return found

    def _reviews(self) -> dict[str, given.GivenReview]:
        return {
            control: given.GivenReview(
                one.review.review.level,
                one.review.review.grade,
                one.review.review.approves_not_applicable,
                one.review.review.reason,
                one.review.act.actor,
                one.review.act.at,
            )
            for control, one in self.basis.answers.items()
            if one.review is not None
        }

    def _contradictions(self) -> tuple[given.HeldContradiction, ...]:
        assessment = self.basis.assessment
        if assessment is None:
            return ()
        return tuple(
            given.HeldContradiction(
                c.code, c.control, c.check, c.opened_at, c.state, c.comment, c.commented_at
            )
            for c in contradictions.list_contradictions(
                self.connection, assessment_id=assessment.id
            )
        )

    def _comments(self) -> tuple[given.GivenComment, ...]:
        """Return what the institution said to its results before this score was kept."""
        assessment = self.basis.assessment
        if assessment is None:
            return ()
        until = self.now if self.kept is None else self.kept.summary.act.at
        return tuple(
            given.GivenComment(one.control, one.act.reason, one.act.actor, one.act.at)
            for one in results.list_comments(self.connection, assessment.id, as_of=until)
            if one.kind == "comment"
        )

    def _findings(self) -> tuple[given.SeenFinding, ...]:
        fresh = {f.id for one in self.basis.checks.values() for f in one.fresh}
        known = findings_at(self.connection, self.institution_id, self.now)
        return tuple(self._finding(f, f.id in fresh) for f in known)

    def _finding(self, one: FindingRecord, is_fresh: bool) -> given.SeenFinding:
        clocks = self.basis.clocks
        check = self.basis.judged_by.find(one.key.check)
        begins = None
        if is_fresh and check is not None:
            days = repair_days(check, clocks, self.basis.campaign)
            begins = counts_from(one, days, clocks)
        return given.SeenFinding(
            code=one.code,
            check=one.key.check,
            address=one.address,
            protocol=one.key.protocol or "",
            port=one.key.port,
            subkey=one.key.subkey,
            severity=one.severity,
            state=one.state,
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            closed_at=one.closed_at,
            says=one.says,
            is_fresh=is_fresh,
            counts_from=begins,
            is_potential=one.is_potential,
        )

    def _changes(self, since: datetime | None) -> tuple[given.FindingChange, ...]:
        if since is None:
            return ()
        codes = {
            f.id: f.code
            for f in findings.list_findings(self.connection, institution_id=self.institution_id)
        }
        events = findings.list_events(
            self.connection, institution_id=self.institution_id, since=since
        )
        return tuple(
            given.FindingChange(codes[e.finding_id], e.kind, e.act.at)
            for e in events
            if e.kind in ("opened", "closed", "reopened") and e.act.at <= self.now
        )

    def _scans(self) -> tuple[given.ScanRun, ...]:
        found = []
        for scan in scans.list_scans(self.connection, institution_id=self.institution_id):
            if scan.act.at > self.now:
                continue
            pieces = chunks.list_chunks(self.connection, scan_id=scan.id)
            found.append(
                given.ScanRun(
                    code=scan.code,
                    vantage=scan.vantage,
                    state=scan.state,
                    started_at=scan.started_at or scan.act.at,
                    ended_at=scan.ended_at,
                    chunks=len(pieces),
                    artefacts=tuple(
                        given.Artefact(c.number, c.artefact_sha256, _program(c.plan["technique"]))
                        for c in pieces
                        if c.artefact_sha256 is not None
                    ),
                )
            )
        return tuple(found)

    def _authorisations(self) -> tuple[given.HeldAuthorisation, ...]:
        found = []
        for record in authorisations.list_authorisations(
            self.connection, institution_id=self.institution_id
        ):
            terms = AuthorisationTerms.model_validate(record.terms)
            granted = granters(record)
            found.append(
                given.HeldAuthorisation(
                    id=terms.id,
                    signatory=terms.signatory,
                    signatory_role=terms.signatory_role,
                    valid_from=terms.valid_from,
                    valid_until=terms.valid_until,
                    load=terms.load,
                    letter_sha256=terms.letter_sha256,
                    received_by=terms.received_by,
                    granted_by=granted[0] if granted else None,
                    withdrawn_at=record.withdrawn_at,
                )
            )
        return tuple(found)

    def _refusals(self) -> tuple[given.GateRefusal, ...]:
        """Return the newest refusal of each target and reason."""
        newest: dict[tuple[str, str], given.GateRefusal] = {}
        for entry in list_entries(self.connection, institution_id=self.institution_id, kind="gate"):
            answer, question = entry.data["answer"], entry.data["question"]
            if answer["decision"] == "deny":
                target = str(question.get("target", ""))
                newest[(target, answer["reason"])] = given.GateRefusal(
                    target, answer["reason"], entry.act.at
                )
        return tuple(newest.values())


def _program(technique: str) -> str:
    return "probe" if technique in ("tls-handshake", "http-exchange") else "nmap"


def _verdict(step: Step) -> given.EndpointVerdict:
    return given.EndpointVerdict(
        address=step.address,
        protocol=step.protocol,
        port=step.port,
        verdict=step.verdict,
        says=step.says,
        observed_at=step.observed_at,
        check_version=step.version,
        scan=step.scan,
        chunk=step.chunk,
        artefact_sha256=step.artefact_sha256,
        authorisation=step.authorisation,
    )


def _unjudged(
    verdicts: Mapping[str, tuple[given.EndpointVerdict, ...]],
) -> tuple[given.UnjudgedHost, ...]:
    """Return the hosts that were tried and that some check could not judge, with one reason."""
    found: dict[str, given.UnjudgedHost] = {}
    for check, rows in verdicts.items():
        for row in rows:
            if row.verdict == "inconclusive":
                found.setdefault(row.address, given.UnjudgedHost(row.address, check, row.says))
    return tuple(found[address] for address in sorted(found))
