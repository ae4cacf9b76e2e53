"""Factories for what reports are made from: a fictional operator, its parts, and worse ones.

The catalogue is the real one; checks are invented here, a few for each observation code, so that
these samples do not change with the packs.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import load_catalogue
from cyberposture.content.reading.translations import load_beside
from cyberposture.content.translations import Translations, source_digest
from cyberposture.model.checks import Check, Checks, Observation, Pack
from cyberposture.model.controls import Catalogue
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import ScoreDocument
from cyberposture.model.translations import CheckTranslation
from cyberposture.reporting.inputs import (
    Artefact,
    AuditHead,
    ContentInputs,
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
from cyberposture.scoring.assemble import applies, is_gate, parameters_of
from cyberposture.scoring.plan import rank_improvements
from cyberposture.scoring.rollup import compute

Plain = dict[str, Any]
AS_OF = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
SEEN = datetime(2026, 11, 18, 21, 14, tzinfo=UTC)
SIGNATORY = "Zarmina Qaisrani"
"""A person who does not exist, and whose name stands nowhere else."""
REVIEWER = "Bahram Lodhi-Tareen"
SCANS = ("S-2026-0412", "S-2026-0413")
AUTHORISATION = "A-2026-017"

TITLES = {
    "O-CLEAR": ("telnet-not-reachable", "Telnet is not reachable"),
    "O-OT": ("modbus-not-reachable", "Control equipment answers no connection from the office"),
    "O-SEG": ("zones-apart", "Zones are reachable over declared flows alone"),
    "O-ADMIN": ("ssh-not-on-the-internet", "SSH does not answer the internet"),
    "O-TLSP": ("modern-versions-only", "Only current TLS versions are accepted"),
    "O-PORT": ("stores-ask-for-a-login", "Data stores ask for a login"),
}


def digest(*words: object) -> str:
    """Return a SHA-256 digest that depends on nothing but the words."""
    return hashlib.sha256("/".join(map(str, words)).encode()).hexdigest()


def a_check(id: str, title: str, observation: str, severity: str = "high") -> Check:
    """Return a whole check with a remedy of its own."""
    says = {"pass": "All is well at {endpoint}.", "fail": "It fails at {endpoint}: {detail}.",
            "inconclusive": "No clear answer from {endpoint}."}  # fmt: skip
    examples = [
        {"name": verdict, "facts": {}, "verdict": verdict}
        for verdict in ("pass", "fail", "inconclusive")
    ]
    return Check.model_validate(
        {
            "id": id, "version": 1, "title": title, "observation": observation,
            "severity": severity, "technique": "tcp-connect", "rollup": "worst",
            "rollup_reason": "One open door is enough.", "fails_when": {"port_open": "any"},
            "says": says, "why": "Whoever can reach it can read or take what it guards.",
            "remedy": f"Close what {id.partition('.')[2]} names, or move it behind the VPN. Then "
            "ask for another look.",
            "sources": [{"title": "Our own rule"}], "examples": examples,
        }
    )  # fmt: skip


@cache
def content() -> ContentInputs:
    """Return the real catalogue beside invented checks, two for each observation code in use."""
    catalogue = load_catalogue(find_content(None).controls)
    codes = sorted({use.code for control in catalogue.controls for use in control.observations})
    checks = []
    for code in codes:
        name, title = TITLES.get(code, (code[2:].lower(), f"What {code} looks for is in order"))
        severity = "critical" if code in ("O-OT", "O-PORT") else "high"
        checks.append(a_check(f"lab.{name}", title, code, severity))
        checks.append(a_check(f"lab.{name}-too", f"{title}, elsewhere too", code, "medium"))
    packs = Checks(
        packs=(Pack(id="lab", title="Laboratory", about="Invented checks."),),
        checks=tuple(sorted(checks, key=lambda check: check.id)),
        observations=tuple(
            Observation(code=code, title=f"{code} in words", vantage="external") for code in codes
        ),
    )
    edition = identify(catalogue, packs)
    return ContentInputs(catalogue, packs, edition, "0.1.0", in_urdu(catalogue, packs))


def in_urdu(catalogue: Catalogue, packs: Checks) -> tuple[Translations, ...]:
    """Return the real Urdu of the catalogue beside invented Urdu of the invented checks."""
    drafts = {
        check.id: CheckTranslation(
            language="ur", status="draft", translator="Nobody", source=source_digest(check),
            title="تجربہ گاہ کی ایک پرکھ", why="جو اس تک پہنچ سکے وہ اسے پڑھ سکتا ہے۔",
            remedy="اسے بند کریں، یا VPN کے پیچھے لے جائیں۔ پھر دوبارہ دیکھنے کو کہیں۔",
        )
        for check in packs.checks
    }  # fmt: skip
    invented = Translations("ur", {}, drafts)
    return load_beside(find_content(None).controls, catalogue, (invented,))


def an_institution(**change: Any) -> Institution:
    """Return a fictional operator of the highest tier."""
    plain = {
        "code": "indus-valley-power", "name": "Indus Valley Power (fictional)",
        "sectors": ["power"], "tier": "X", "features": ["web", "mail", "ot", "personal-data"],
    }  # fmt: skip
    return Institution.model_validate(plain | change)


Levels = Callable[[str], int | None]


def usual_level(control: str) -> int | None:
    """Return a level from 0 to 3 that depends on the control alone; the middle is frequent."""
    fixed = {"IAM-09": 3, "IAM-03": 2, "RES-05": 0, "SUP-03": 1}
    return fixed.get(control, (3, 2, 2, 1, 2, 3, 2, 1)[int(digest(control)[:2], 16) % 8])


def failing(*pairs: tuple[str, int, int]) -> dict[str, Plain]:
    """Return tallies by check: each pair is a check, its fails, and its passes."""
    return {check: {"fail": fail, "pass": passed} for check, fail, passed in pairs}


USUAL_FAILURES = failing(
    ("lab.telnet-not-reachable", 2, 12),
    ("lab.modbus-not-reachable", 1, 5),
    ("lab.ssh-not-on-the-internet", 1, 8),
)


def a_document(
    institution: Institution,
    *,
    level: Levels = usual_level,
    tallies: dict[str, Plain] | None = None,
    default_pass: int = 9,
    overdue: bool = False,
    bare: bool = False,
    reviewed: Callable[[str], bool] = lambda control: int(digest("r", control)[:2], 16) % 4 == 0,
) -> ScoreDocument:
    """Return the institution's score document; checks that are not told of pass everywhere."""
    catalogue: Catalogue = content().catalogue
    asked = catalogue.selected(institution.tier)
    answers, rows = [], []
    for control in asked:
        answer: Plain = {"control": control.id, "level": None, "not_applicable": None,
                         "grade": "E0", "review": None}  # fmt: skip
        if not applies(control, institution):
            answers.append(answer | {"not_applicable": "condition"})
        elif control.evidence_mode != "N":
            given = level(control.id)
            grade = "E0" if bare or given in (None, 0) else "E1"
            review = None
            if given is not None and not bare and reviewed(control.id):
                review = {"level": min(given, 2), "grade": "E2"}
            answers.append(answer | {"level": given, "grade": grade, "review": review})
        rows += [
            {
                "control": control.id, "check": check.id, "direction": use.direction,
                "rollup": check.rollup, "pass": default_pass, "fail": 0, "fresh": 0,
                "inconclusive": 0, "not_tested": 0,
            }
            | (tallies or {}).get(check.id, {})
            for use in control.observations
            for check in content().checks.checks
            if check.observation == use.code
        ]  # fmt: skip
    return ScoreDocument.model_validate(
        {
            "scoring": 1,
            "parameters": parameters_of(catalogue).model_dump(),
            "observation_overdue": overdue,
            "domains": [
                {"id": d.id, "factor_pct": d.factor_pct} for d in catalogue.framework.domains
            ],
            "controls": [
                {
                    "id": c.id, "domain": c.domain, "weight": c.weight,
                    "gate": is_gate(c, institution.tier), "evidence": c.evidence_mode,
                }
                for c in asked
            ],
            "answers": answers,
            "verdicts": rows,
        }
    )  # fmt: skip


def a_score(document: ScoreDocument, **change: Any) -> TakenScore:
    """Return the score of a document, taken in the sample's round."""
    taken = TakenScore("Round 2026-H2", AS_OF, document, compute(document), digest("score"))
    return replace(taken, **change)


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


def steps_of(taken: TakenScore, limit: int = 5) -> tuple[Any, ...]:
    """Return the ranked improvements."""
    return tuple(rank_improvements(taken.document, taken.result, limit))


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
    telnet, modbus, ssh = (
        "lab.telnet-not-reachable", "lab.modbus-not-reachable", "lab.ssh-not-on-the-internet",
    )  # fmt: skip
    verdicts = {
        telnet: (
            a_verdict("127.40.0.7", 23, "fail", says="Telnet answers with a login prompt."),
            a_verdict("127.40.0.9", 23, "fail", says="Telnet answers with a login prompt."),
            *(a_verdict(f"127.40.0.{n}", 23, "pass", says="Closed.") for n in range(20, 32)),
        ),
        modbus: (
            a_verdict("127.40.1.5", 502, "fail", says="Modbus answers.", scan=SCANS[1], chunk=1),
            a_verdict("127.40.1.6", 502, "inconclusive", says="Too slow to judge.", scan=SCANS[1]),
            *(a_verdict(f"127.40.1.{n}", 502, "pass", says="Closed.") for n in range(20, 25)),
        ),
        ssh: (a_verdict("127.40.0.4", 22, "fail", says="SSH answers from outside."),),
    }
    findings = (
        a_finding(101, telnet, "127.40.0.7", 23),
        a_finding(102, telnet, "127.40.0.9", 23),
        a_finding(103, modbus, "127.40.1.5", 502, severity="critical", says="Modbus answers."),
        a_finding(104, ssh, "127.40.0.4", 22, says="SSH answers from outside."),
        a_finding(105, "lab.modern-versions-only", "127.40.0.8", 443, is_fresh=True,
                  severity="medium", counts_from=AS_OF + timedelta(days=6),
                  says="TLS 1.0 is accepted."),
        a_finding(106, "lab.stores-ask-for-a-login", "127.40.0.12", 6379, state="closed",
                  severity="critical", closed_at=SEEN, says="Redis answers without a password."),
    )  # fmt: skip
    return InstitutionInputs(
        content=content(),
        institution=institution,
        kind="round",
        round_code="2026-h2",
        score=taken,
        audit_head=a_head(),
        addresses=KnownAddresses(total=17, authorised=14, looked_at=14),
        previous=before,
        steps=steps_of(taken),
        answers=answers_of(taken.document),
        reviews=reviews_of(taken.document),
        contradictions=(
            HeldContradiction("C-2026-031", "IAM-09", ssh, SEEN, "disputed",
                              "The jump host is meant to be reachable; we shall move it.",
                              SEEN + timedelta(days=3)),
        ),
        findings=findings,
        changes=(
            FindingChange("F-2026-00103", "opened", SEEN),
            FindingChange("F-2026-00105", "opened", SEEN),
            FindingChange("F-2026-00106", "closed", SEEN),
        ),
        verdicts=verdicts,
        scans=(a_scan(), a_scan(SCANS[1], vantage="internal:office")),
        authorisations=(an_authorisation(),),
        refusals=(
            GateRefusal("127.40.0.77", "out-of-scope", SEEN),
            GateRefusal("127.40.1.5", "load-too-high", SEEN),
        ),
        unjudged=(UnjudgedHost("127.40.1.6", "lab.age", "No clear answer from 127.40.1.6."),),
    )  # fmt: skip


def every(items: Iterable[str]) -> str:
    """Return the items on one line each, for a failing test to show."""
    return "\n".join(sorted(items))
