"""The sample of one institution: a fictional operator with all that its report is made from."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from cyberposture.model.institutions import Institution
from cyberposture.model.scores import ScoreDocument
from cyberposture.reporting.inputs import (
    Artefact,
    AuditHead,
    EndpointVerdict,
    EvidencePiece,
    FindingChange,
    GateRefusal,
    GivenAnswer,
    GivenReview,
    HeldAuthorisation,
    HeldContradiction,
    InstitutionInputs,
    KnownAddresses,
    ScanRun,
    SeenFinding,
    TakenScore,
    UnjudgedHost,
)
from cyberposture.reporting.own_rounds import OwnRound
from cyberposture.reporting.samples.contents import content, digest
from cyberposture.reporting.samples.scores import (
    AS_OF,
    USUAL_FAILURES,
    Plain,
    a_document,
    a_score,
    an_institution,
    failing,
    steps_of,
    usual_level,
)

SEEN = datetime(2026, 11, 18, 21, 14, tzinfo=UTC)
SIGNATORY = "Zarmina Qaisrani"
"""A person who does not exist, and whose name stands nowhere else."""
REVIEWER = "Bahram Lodhi-Tareen"
SCANS = ("S-2026-0412", "S-2026-0413")
AUTHORISATION = "A-2026-017"


def a_verdict(address: str, port: int | None, verdict: str, **change: Any) -> EndpointVerdict:
    """Return one verdict with its whole trace."""
    plain: Plain = {
        "address": address, "protocol": "tcp", "port": port, "verdict": verdict,
        "says": f"What was asked {verdict}es at {address}.", "observed_at": SEEN,
        "check_version": 1, "scan": SCANS[0], "chunk": 3,
        "artefact_sha256": digest(address, port), "authorisation": AUTHORISATION,
    }  # fmt: skip
    return EndpointVerdict(**plain | change)


def a_finding(
    number: int, check: str, address: str, port: int | None, **change: Any
) -> SeenFinding:
    """Return an open finding that was seen again in the last scan."""
    plain: Plain = {
        "code": f"F-2026-{number:05}", "check": check, "address": address, "protocol": "tcp",
        "port": port, "subkey": "", "severity": "high", "state": "open",
        "first_seen": SEEN - timedelta(days=number % 90), "last_seen": SEEN, "closed_at": None,
        "says": f"It answers at {address}:{port} and offers a login in the clear.",
    }  # fmt: skip
    return SeenFinding(**plain | change)


def an_authorisation(**change: Any) -> HeldAuthorisation:
    """Return an authorisation in force."""
    plain: Plain = {
        "id": AUTHORISATION, "signatory": SIGNATORY, "signatory_role": "chief executive",
        "valid_from": AS_OF - timedelta(days=140), "valid_until": AS_OF + timedelta(days=220),
        "load": 3, "letter_sha256": digest("letter"),
        "received_by": "cert-desk", "granted_by": "cert-officer",
    }  # fmt: skip
    return HeldAuthorisation(**plain | change)


def a_scan(code: str = SCANS[0], **change: Any) -> ScanRun:
    """Return a scan that ended properly."""
    files = tuple(Artefact(n, digest("raw", code, n), "nmap 7.93") for n in (1, 2, 3))
    plain: Plain = {
        "code": code, "vantage": "external", "state": "done", "started_at": SEEN,
        "ended_at": SEEN + timedelta(minutes=41), "chunks": 3, "artefacts": files,
    }  # fmt: skip
    return ScanRun(**plain | change)


def an_answer(control: str, level: int | None) -> GivenAnswer:
    """Return an answer with one piece of evidence where the level is not 0."""
    piece = EvidencePiece(
        f"Security handbook, section {control[:3]}", digest("e", control), date(2026, 6, 3),
        date(2027, 6, 3),
    )  # fmt: skip
    return GivenAnswer(
        level,
        "In force for the whole institution; see the section of the security handbook.",
        None,
        (piece,) if level else (),
        "Head of information security",
        datetime(2026, 10, 14, 9, 30, tzinfo=UTC),
    )


def answers_of(document: ScoreDocument) -> dict[str, GivenAnswer]:
    """Return what stands behind the answers of a document."""
    return {a.control: an_answer(a.control, a.level) for a in document.answers}


def reviews_of(document: ScoreDocument) -> dict[str, GivenReview]:
    """Return what stands behind the reviews of a document."""
    at = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
    return {
        a.control: GivenReview(
            a.review.level, a.review.grade, False, "Seen on site with two samples.", REVIEWER, at
        )
        for a in document.answers
        if a.review is not None
    }


def a_head() -> AuditHead:
    """Return the head of the institution's audit chain."""
    return AuditHead(
        "indus-valley-power", 4_211, digest("head"), digest("key"), AS_OF, digest("s") * 2
    )


def a_report(
    institution: Institution | None = None,
    document: ScoreDocument | None = None,
    score: TakenScore | None = None,
) -> InstitutionInputs:
    """Return the usual sample: gates that the network shuts, and a claim that it contradicts."""
    if institution is None and document is None and score is None:
        return usual_report()
    return _report(institution or an_institution(), document, score)


@cache
def usual_report() -> InstitutionInputs:
    """Return the usual sample, made once: nothing in it can be changed."""
    return _report(an_institution(), None, None)


TELNET, MODBUS, SSH = (
    "lab.telnet-not-reachable", "lab.modbus-not-reachable", "lab.ssh-not-on-the-internet",
)  # fmt: skip


def _usual_verdicts() -> dict[str, tuple[EndpointVerdict, ...]]:
    return {
        TELNET: (
            a_verdict("127.40.0.7", 23, "fail", says="Telnet answers with a login prompt."),
            a_verdict("127.40.0.9", 23, "fail", says="Telnet answers with a login prompt."),
            *(a_verdict(f"127.40.0.{n}", 23, "pass", says="Closed.") for n in range(20, 32)),
        ),
        MODBUS: (
            a_verdict("127.40.1.5", 502, "fail", says="Modbus answers.", scan=SCANS[1], chunk=1),
            a_verdict("127.40.1.6", 502, "inconclusive", says="Too slow to judge.", scan=SCANS[1]),
            *(a_verdict(f"127.40.1.{n}", 502, "pass", says="Closed.") for n in range(20, 25)),
        ),
        SSH: (a_verdict("127.40.0.4", 22, "fail", says="SSH answers from outside."),),
    }


def _usual_findings() -> tuple[SeenFinding, ...]:
    return (
        a_finding(101, TELNET, "127.40.0.7", 23),
        a_finding(102, TELNET, "127.40.0.9", 23),
        a_finding(103, MODBUS, "127.40.1.5", 502, severity="critical", says="Modbus answers."),
        a_finding(104, SSH, "127.40.0.4", 22, says="SSH answers from outside."),
        a_finding(105, "lab.modern-versions-only", "127.40.0.8", 443, is_fresh=True,
                  severity="medium", counts_from=AS_OF + timedelta(days=6),
                  says="TLS 1.0 is accepted."),
        a_finding(106, "lab.stores-ask-for-a-login", "127.40.0.12", 6379, state="closed",
                  severity="critical", closed_at=SEEN, says="Redis answers without a password."),
    )  # fmt: skip


def _rounds_before() -> tuple[OwnRound, ...]:
    return tuple(
        OwnRound(
            code, f"Round {code.upper()}", "0" * 64, 5_600 + 500 * number,
            3_100 + 700 * number, 3_000 + 700 * number, "Developing",
        )
        for number, code in ((1, "2025-h2"), (2, "2026-h1"))
    )  # fmt: skip


def _report(
    institution: Institution, document: ScoreDocument | None, score: TakenScore | None
) -> InstitutionInputs:
    document = document or a_document(institution, tallies=USUAL_FAILURES)
    taken = score or a_score(document)
    earlier = a_document(
        institution,
        level=lambda control: max(0, (usual_level(control) or 0) - (control[-1] in "27")),
        tallies=USUAL_FAILURES | failing(("lab.modern-versions-only", 2, 5)),
    )
    before = a_score(earlier, title="Round 2026-H1", as_of=AS_OF - timedelta(days=183))
    return InstitutionInputs(
        content=content(),
        institution=institution,
        kind="round",
        round_code="2026-h2",
        score=taken,
        audit_head=a_head(),
        addresses=KnownAddresses(total=17, authorised=14, looked_at=14),
        previous=before,
        past=_rounds_before(),
        steps=steps_of(taken),
        answers=answers_of(taken.document),
        reviews=reviews_of(taken.document),
        contradictions=(
            HeldContradiction("C-2026-031", "IAM-09", SSH, SEEN, "disputed",
                              "The jump host is meant to be reachable; we shall move it.",
                              SEEN + timedelta(days=3)),
        ),
        findings=_usual_findings(),
        changes=(
            FindingChange("F-2026-00103", "opened", SEEN),
            FindingChange("F-2026-00105", "opened", SEEN),
            FindingChange("F-2026-00106", "closed", SEEN),
        ),
        verdicts=_usual_verdicts(),
        scans=(a_scan(), a_scan(SCANS[1], vantage="internal:office")),
        authorisations=(an_authorisation(),),
        refusals=(
            GateRefusal("127.40.0.77", "out-of-scope", SEEN),
            GateRefusal("127.40.1.5", "load-too-high", SEEN),
        ),
        unjudged=(UnjudgedHost("127.40.1.6", "lab.age", "No clear answer from 127.40.1.6."),),
    )  # fmt: skip
