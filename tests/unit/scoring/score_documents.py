"""Factories for score documents: by hand for one claim, by hypothesis for all of them."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.scoring.rollup import compute

Plain = dict[str, Any]

bounded = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""Documents are large values to draw: few examples, each of many controls."""

PARAMETERS: Plain = {
    "values": [0, 4000, 8000, 10000],
    "factors": {"E0": 5000, "E1": 8000, "E2": 10000, "E3": 10000},
    "contradicted_cap": 4000,
    "share_cap": 8000,
    "support_value": 8000,
    "observed_floor": 8000,
    "bands": [
        ["Exposed", 0],
        ["Developing", 2500],
        ["Established", 5000],
        ["Managed", 7000],
        ["Leading", 8500],
    ],
    "gate_threshold": 4000,
    "gate_band": "Developing",
    "coverage_floor": 5000,
    "confidence": {"medium": 3000, "high": 7000},
    "low_confidence_band": "Established",
}


def a_control(id: str = "IAM-09", **change: Any) -> Plain:
    plain = {"id": id, "domain": id[:3], "weight": 5, "gate": False, "evidence": "Q+N"}
    return plain | change


def an_answer(control: str = "IAM-09", level: int | None = 2, **change: Any) -> Plain:
    plain = {
        "control": control,
        "level": level,
        "not_applicable": None,
        "grade": "E1",
        "review": None,
    }
    return plain | change


def a_row(control: str = "IAM-09", check: str = "remote-access.ssh", **change: Any) -> Plain:
    plain = {
        "control": control,
        "check": check,
        "direction": "C",
        "rollup": "worst",
        "pass": 0,
        "fail": 0,
        "fresh": 0,
        "inconclusive": 0,
        "not_tested": 0,
    }
    return plain | change


def a_document(
    controls: list[Plain] | None = None,
    answers: list[Plain] | None = None,
    verdicts: list[Plain] | None = None,
    **change: Any,
) -> Plain:
    controls = [a_control()] if controls is None else controls
    plain = {
        "scoring": 1,
        "parameters": PARAMETERS,
        "observation_overdue": False,
        "domains": [
            {"id": domain, "factor_pct": 100} for domain in sorted({c["domain"] for c in controls})
        ],
        "controls": controls,
        "answers": answers or [],
        "verdicts": verdicts or [],
    }
    return plain | change


def score(plain: Plain) -> ScoreResult:
    return compute(ScoreDocument.model_validate(plain))


points = st.one_of(st.sampled_from([0, 1, 4000, 8000, 10000]), st.integers(0, 10000))
factors = st.one_of(st.sampled_from([1, 5000, 8000, 10000]), st.integers(1, 10000))
counts = st.one_of(st.sampled_from([0, 0, 0, 1]), st.integers(0, 12), st.integers(0, 3000))
levels = st.integers(0, 3)
grades = st.sampled_from(["E0", "E1", "E2", "E3"])
weights = st.one_of(st.sampled_from([1, 3, 5]), st.integers(1, 1000))
ids = st.one_of(
    st.sampled_from([f"{domain}-{n:02}" for domain in ("GOV", "IAM", "NET") for n in range(1, 9)]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4),
)


@st.composite
def parameter_sets(draw: st.DrawFn) -> Plain:
    if draw(st.booleans()):
        return PARAMETERS
    starts = [0, *sorted(draw(st.sets(st.integers(1, 10000), max_size=5)))]
    bands = [[f"Band {place}", start] for place, start in enumerate(starts)]
    names = st.sampled_from([name for name, _ in bands])
    return {
        "values": [draw(points) for _ in range(4)],
        "factors": {grade: draw(factors) for grade in ("E0", "E1", "E2", "E3")},
        "contradicted_cap": draw(points),
        "share_cap": draw(points),
        "support_value": draw(points),
        "observed_floor": draw(points),
        "bands": bands,
        "gate_threshold": draw(points),
        "gate_band": draw(names),
        "coverage_floor": draw(points),
        "confidence": {"medium": draw(points), "high": draw(points)},
        "low_confidence_band": draw(names),
    }


@st.composite
def domain_lists(draw: st.DrawFn) -> list[Plain]:
    names = draw(st.lists(ids, unique=True, min_size=1, max_size=4))
    return [{"id": name, "factor_pct": draw(st.integers(1, 300))} for name in names]


@st.composite
def control_lists(draw: st.DrawFn, domains: list[Plain], max_controls: int) -> list[Plain]:
    return [
        a_control(
            name,
            domain=draw(st.sampled_from(domains))["id"],
            weight=draw(weights),
            gate=draw(st.booleans()),
            evidence=draw(st.sampled_from(["Q", "Q+N", "Q+N", "N"])),
        )
        for name in draw(st.lists(ids, unique=True, max_size=max_controls))
    ]


@st.composite
def answers_to(draw: st.DrawFn, control: Plain) -> Plain:
    grade = draw(st.sampled_from(["E0", "E1"]))
    if control["evidence"] == "N":
        return an_answer(control["id"], None, not_applicable="condition", grade=grade)
    kind = draw(st.sampled_from(["level"] * 6 + ["unanswered", "claimed", "approved", "condition"]))
    review = None
    if kind not in ("approved", "condition") and draw(st.integers(0, 3)) == 0:
        review = {"level": draw(levels), "grade": draw(grades)}
    return an_answer(
        control["id"],
        draw(levels) if kind == "level" else None,
        not_applicable=None if kind in ("level", "unanswered") else kind,
        grade=grade,
        review=review,
    )


@st.composite
def rows_of(draw: st.DrawFn, control: Plain) -> list[Plain]:
    if control["evidence"] == "Q":
        return []
    directions = st.sampled_from("CS" if control["evidence"] == "N" else "CRS")
    checks = draw(st.lists(st.sampled_from(["a.a", "a.b", "b.a", "c.d"]), unique=True, max_size=3))
    rows = []
    for check in checks:
        row = a_row(
            control["id"],
            check,
            direction=draw(directions),
            rollup=draw(st.sampled_from(["worst", "share"])),
        )
        for kind in ("pass", "fail", "fresh", "inconclusive", "not_tested"):
            row[kind] = draw(counts) if draw(st.booleans()) else 0
        rows.append(row)
    return rows


@st.composite
def forms(draw: st.DrawFn, controls: list[Plain]) -> Plain:
    """Draw what one institution brings to given controls: answers, verdicts, an overdue scan."""
    answers = []
    for control in controls:
        # A network-only control is mostly without an answer: only its condition gives it one.
        odds = 4 if control["evidence"] == "N" else 1
        if draw(st.integers(0, 4)) >= odds:
            answers.append(draw(answers_to(control)))
    return {
        "answers": draw(st.permutations(answers)),
        "verdicts": draw(st.permutations([row for c in controls for row in draw(rows_of(c))])),
        "observation_overdue": draw(st.booleans()),
    }


@st.composite
def documents(draw: st.DrawFn, max_controls: int = 12) -> Plain:
    """Draw a sound document of any shape: empty domains, empty forms, unusual ids."""
    domains = draw(domain_lists())
    controls = draw(control_lists(domains, max_controls))
    form = draw(forms(controls))
    return a_document(controls, domains=domains, parameters=draw(parameter_sets()), **form)


@st.composite
def batches(draw: st.DrawFn) -> list[Plain]:
    """Draw documents that share parameters, domains and controls."""
    domains = draw(domain_lists())
    controls = draw(control_lists(domains, max_controls=8))
    shared = {"domains": domains, "parameters": draw(parameter_sets())}
    drawn = draw(st.lists(forms(controls), min_size=1, max_size=4))
    return [a_document(controls, **shared, **form) for form in drawn]
