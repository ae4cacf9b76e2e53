"""Scores of the samples: documents of a fictional operator, and what comes out of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import ScoreDocument
from cyberposture.reporting.inputs import TakenScore
from cyberposture.reporting.samples.contents import content, digest
from cyberposture.scoring.assemble import applies, is_gate, parameters_of
from cyberposture.scoring.plan import rank_improvements
from cyberposture.scoring.rollup import compute

Plain = dict[str, Any]
AS_OF = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


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


def _rows_of(control: Control, tallies: dict[str, Plain], default_pass: int) -> list[Plain]:
    return [
        {
            "control": control.id, "check": check.id, "direction": use.direction,
            "rollup": check.rollup, "pass": default_pass, "fail": 0, "fresh": 0,
            "inconclusive": 0, "not_tested": 0,
        }
        | tallies.get(check.id, {})
        for use in control.observations
        for check in content().checks.checks
        if check.observation == use.code
    ]  # fmt: skip


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
    answers: list[Plain] = []
    rows: list[Plain] = []
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
        rows += _rows_of(control, tallies or {}, default_pass)
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


def steps_of(taken: TakenScore, limit: int = 5) -> tuple[Any, ...]:
    """Return the ranked improvements."""
    return tuple(rank_improvements(taken.document, taken.result, limit))
