"""An independent reference of scoring version 1, over plain dicts and exact fractions.

It follows the sentences of the published page one by one and shares nothing with the engine, so
that the two can be held against each other. It favours the plainest wording over speed.
"""

from fractions import Fraction
from math import floor
from typing import Any

Plain = dict[str, Any]


def half_up(x: Fraction) -> int:
    return floor(x + Fraction(1, 2))


def endpoints(row: Plain) -> int:
    return row["pass"] + row["fail"] + row["fresh"] + row["inconclusive"] + row["not_tested"]


def counts_as_passed(row: Plain, p: Plain) -> bool:
    if row["pass"] == 0 or row["fail"] > 0:
        return False
    seen = Fraction(row["pass"] + row["fail"] + row["fresh"], endpoints(row))
    return seen >= Fraction(p["observed_floor"], 10000)


def share(row: Plain) -> int:
    return floor(Fraction(10000 * row["pass"], row["pass"] + row["fail"]))


def after_failures(x: int, rows: list[Plain], p: Plain) -> int:
    for row in rows:
        if row["fail"] == 0:
            continue
        match row["direction"], row["rollup"]:
            case "C", "worst":
                x = 0
            case "C", "share":
                x = min(x, p["share_cap"], share(row))
            case "R", "worst":
                x = min(x, p["contradicted_cap"])
            case "R", "share":
                x = min(x, max(p["contradicted_cap"], min(p["share_cap"], share(row))))
    return x


def score_control(document: Plain, control: Plain) -> Plain:
    p = document["parameters"]
    mine = [a for a in document["answers"] if a["control"] == control["id"]]
    answer = mine[0] if mine else None
    rows = [r for r in document["verdicts"] if r["control"] == control["id"]]
    out: Plain = {
        "id": control["id"],
        "applicable": False,
        "assessed": False,
        "examined": False,
        "declared": None,
        "verified": None,
        "grade": None,
        "contradiction": False,
    }
    if answer and answer["not_applicable"] in ("approved", "condition"):
        return out
    out["applicable"] = True
    decisive = [r for r in rows if r["direction"] in ("C", "R") and r["fail"] > 0]
    if control["evidence"] == "N":
        rows = [r for r in rows if endpoints(r) > 0]
        c_rows = [r for r in rows if r["direction"] == "C"]
        s_rows = [r for r in rows if r["direction"] == "S"]
        if any(r["fail"] > 0 for r in c_rows):
            out["verified"] = after_failures(10000, c_rows, p)
        elif c_rows:
            if all(counts_as_passed(r, p) for r in c_rows):
                out["verified"] = 10000
        elif any(counts_as_passed(r, p) for r in s_rows):
            out["verified"] = p["support_value"]
        out["assessed"] = out["examined"] = out["verified"] is not None
        return out
    level = answer["level"] if answer else None
    claimed = answer is not None and answer["not_applicable"] == "claimed"
    review = answer["review"] if answer else None
    if not claimed:
        out["declared"] = 0 if level is None else p["values"][level]
    grade = review["grade"] if review else answer["grade"] if answer else "E0"
    for r in rows:
        if r["direction"] == "S" and counts_as_passed(r, p):
            grade = max(grade, "E1")
        if r["direction"] == "C" and counts_as_passed(r, p):
            grade = max(grade, "E2")
    out["grade"] = grade
    counted = review["level"] if review else level
    x = 0 if counted is None else floor(Fraction(p["values"][counted] * p["factors"][grade], 10000))
    out["verified"] = after_failures(x, rows, p)
    out["assessed"] = level is not None or claimed or review is not None
    passed = [r for r in rows if r["direction"] == "C" and counts_as_passed(r, p)]
    out["examined"] = bool(review or decisive or passed)
    out["contradiction"] = level in (2, 3) and bool(decisive)
    return out


def mean(pairs: list[tuple[int, int]]) -> int | None:
    total = sum(w for w, _ in pairs)
    return half_up(Fraction(sum(w * x for w, x in pairs), total)) if total else None


def part(some: int, whole: int) -> int | None:
    return half_up(Fraction(10000 * some, whole)) if whole else None


def score(document: Plain) -> Plain:
    p = document["parameters"]
    by_id = {c["id"]: c for c in document["controls"]}
    controls = [score_control(document, by_id[name]) for name in sorted(by_id)]
    alive = [c for c in controls if c["applicable"]]

    def w(c: Plain) -> int:
        return by_id[c["id"]]["weight"]

    domains, weight_of = [], {}
    for d in sorted(document["domains"], key=lambda d: d["id"]):
        own = [c for c in alive if by_id[c["id"]]["domain"] == d["id"]]
        weight_of[d["id"]] = d["factor_pct"] * sum(w(c) for c in own)
        domains.append(
            {
                "id": d["id"],
                "declared": mean([(w(c), c["declared"]) for c in own if c["declared"] is not None]),
                "verified": mean([(w(c), c["verified"]) for c in own if c["verified"] is not None]),
                "claims_verified": mean(
                    [(w(c), c["verified"]) for c in own if c["declared"] is not None]
                ),
                "coverage": part(sum(w(c) for c in own if c["assessed"]), sum(w(c) for c in own)),
            }
        )

    def overall(field: str) -> int | None:
        return mean([(weight_of[d["id"]], d[field]) for d in domains if d[field] is not None])

    holding, unknown = [], []
    for c in alive:
        if by_id[c["id"]]["gate"]:
            if c["verified"] is None:
                unknown.append(c["id"])
            elif c["verified"] <= p["gate_threshold"] or c["grade"] == "E0":
                holding.append(c["id"])
    everything = sum(w(c) for c in alive)
    examined = part(sum(w(c) for c in alive if c["examined"]), everything)
    coverage = part(sum(w(c) for c in alive if c["assessed"]), everything)
    names = {c["id"] for c in alive}
    rows = [r for r in document["verdicts"] if r["control"] in names]
    confidence = None
    if examined is not None:
        confidence = "low"
        if examined >= p["confidence"]["medium"]:
            confidence = "medium"
        if examined >= p["confidence"]["high"]:
            confidence = "high"
    verified = overall("verified")
    band = None
    if coverage is not None and coverage >= p["coverage_floor"] and verified is not None:
        reached = [name for name, start in p["bands"] if start <= verified]
        limits = []
        if holding or (unknown and document["observation_overdue"]):
            limits.append(p["gate_band"])
        if confidence == "low":
            limits.append(p["low_confidence_band"])
        order = [name for name, _ in p["bands"]]
        band = min([reached[-1], *limits], key=order.index)
    return {
        "institution": {
            "declared": overall("declared"),
            "verified": verified,
            "claims_verified": overall("claims_verified"),
            "band": band,
            "confidence": confidence,
            "examined": examined,
            "coverage": coverage,
            "observation_coverage": part(
                sum(r["pass"] + r["fail"] + r["fresh"] for r in rows),
                sum(endpoints(r) for r in rows),
            ),
            "gates_holding": holding,
            "gates_unknown": unknown,
            "contradictions": [c["id"] for c in controls if c["contradiction"]],
        },
        "domains": domains,
        "controls": controls,
    }
