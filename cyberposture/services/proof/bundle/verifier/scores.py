"""The score of a score document, version 1, written a second time after its page."""

from collections.abc import Iterable

from .canonical_json import Json


def _half_up(some: int, whole: int) -> int:
    return (2 * some + whole) // (2 * whole)


def _endpoints(row: Json) -> int:
    counts = ("pass", "fail", "fresh", "inconclusive", "not_tested")
    return sum(int(row[name]) for name in counts)


def _passed(row: Json, parameters: Json) -> bool:
    """Return whether a row counts as passed: something passed, nothing failed, enough was seen."""
    seen = row["pass"] + row["fail"] + row["fresh"]
    enough: bool = 10000 * seen >= parameters["observed_floor"] * _endpoints(row)
    return row["pass"] > 0 and row["fail"] == 0 and enough


def _after_failures(points: int, rows: list[Json], parameters: Json) -> int:
    for row in rows:
        if row["fail"] == 0 or row["direction"] == "S":
            continue
        share = 10000 * row["pass"] // (row["pass"] + row["fail"])
        limit = 0 if row["rollup"] == "worst" else min(parameters["share_cap"], share)
        if row["direction"] == "R":
            limit = max(parameters["contradicted_cap"], limit)
        points = min(points, limit)
    return points


def _score_of_network(out: Json, rows: list[Json], parameters: Json) -> Json:
    known = [row for row in rows if _endpoints(row) > 0]
    decides = [row for row in known if row["direction"] == "C"]
    if any(row["fail"] for row in decides):
        out["verified"] = _after_failures(10000, decides, parameters)
    elif decides:
        if all(_passed(row, parameters) for row in decides):
            out["verified"] = 10000
    elif any(_passed(row, parameters) for row in known):
        out["verified"] = parameters["support_value"]
    out["assessed"] = out["examined"] = out["verified"] is not None
    return out


def _score_control(parameters: Json, control: Json, answer: Json | None, rows: list[Json]) -> Json:
    out: Json = {"id": control["id"], "applicable": False, "assessed": False, "examined": False,
                 "declared": None, "verified": None, "grade": None,
                 "contradiction": False}  # fmt: skip
    given = answer or {"level": None, "not_applicable": None, "grade": "E0", "review": None}
    if given["not_applicable"] in ("approved", "condition"):
        return out
    out["applicable"] = True
    if control["evidence"] == "N":
        return _score_of_network(out, rows, parameters)
    level, review = given["level"], given["review"]
    claimed = given["not_applicable"] == "claimed"
    if not claimed:
        out["declared"] = 0 if level is None else parameters["values"][level]
    lifts = {"S": "E1", "C": "E2", "R": "E0"}
    passed = [row["direction"] for row in rows if _passed(row, parameters)]
    grade = max([(review or given)["grade"], *(lifts[direction] for direction in passed)])
    counted = review["level"] if review else level
    value = 0 if counted is None else parameters["values"][counted]
    points = value * parameters["factors"][grade] // 10000
    failed = any(row["fail"] and row["direction"] in ("C", "R") for row in rows)
    out["grade"] = grade
    out["verified"] = _after_failures(points, rows, parameters)
    out["assessed"] = level is not None or claimed or review is not None
    out["examined"] = review is not None or failed or "C" in passed
    out["contradiction"] = level in (2, 3) and failed
    return out


def _mean(pairs: Iterable[tuple[int, int | None]]) -> int | None:
    """Return the mean of points by weight, over those that have points; None where none has."""
    counted = [(weight, points) for weight, points in pairs if points is not None]
    total = sum(weight for weight, _ in counted)
    return _half_up(sum(w * points for w, points in counted), total) if total else None


def _part(some: int, whole: int) -> int | None:
    return _half_up(10000 * some, whole) if whole else None


def _domain_score(name: str, own: list[Json], weight: dict[str, int]) -> Json:
    claims = [one for one in own if one["declared"] is not None]
    seen = sum(weight[one["id"]] for one in own if one["assessed"])
    return {
        "id": name,
        "declared": _mean((weight[one["id"]], one["declared"]) for one in own),
        "verified": _mean((weight[one["id"]], one["verified"]) for one in own),
        "claims_verified": _mean((weight[one["id"]], one["verified"]) for one in claims),
        "coverage": _part(seen, sum(weight[one["id"]] for one in own)),
    }


def _band(parameters: Json, whole: Json, overdue: bool) -> str | None:
    if whole["coverage"] is None or whole["verified"] is None:
        return None
    if whole["coverage"] < parameters["coverage_floor"]:
        return None
    order: list[str] = [name for name, _ in parameters["bands"]]
    limits: list[str] = [
        [one for one, start in parameters["bands"] if start <= whole["verified"]][-1]
    ]
    if whole["gates_holding"] or (whole["gates_unknown"] and overdue):
        limits.append(parameters["gate_band"])
    if whole["confidence"] == "low":
        limits.append(parameters["low_confidence_band"])
    return min(limits, key=order.index)


def score(document: Json) -> Json:
    """Return the score of a score document, computed anew; all points are whole basis points."""
    parameters = document["parameters"]
    answers = {one["control"]: one for one in document["answers"]}
    asked = {one["id"]: one for one in document["controls"]}
    weight = {name: int(one["weight"]) for name, one in asked.items()}
    rows: dict[str, list[Json]] = {name: [] for name in asked}
    for row in document["verdicts"]:
        rows[row["control"]].append(row)
    controls = [_score_control(parameters, asked[name], answers.get(name), rows[name])
                for name in sorted(asked)]  # fmt: skip
    alive = [one for one in controls if one["applicable"]]
    domains, shares = [], {}
    for domain in sorted(document["domains"], key=lambda one: str(one["id"])):
        own = [one for one in alive if asked[one["id"]]["domain"] == domain["id"]]
        shares[domain["id"]] = domain["factor_pct"] * sum(weight[one["id"]] for one in own)
        domains.append(_domain_score(domain["id"], own, weight))
    fields = ("declared", "verified", "claims_verified")
    whole: Json = {name: _mean((shares[d["id"]], d[name]) for d in domains) for name in fields}
    everything = sum(weight[one["id"]] for one in alive)
    examined = _part(sum(weight[one["id"]] for one in alive if one["examined"]), everything)
    floors = parameters["confidence"]
    confidence = None
    if examined is not None:
        reached = [name for name in ("high", "medium") if examined >= floors[name]]
        confidence = (reached or ["low"])[0]
    gates = [one for one in alive if asked[one["id"]]["gate"]]
    known = [one for one in gates if one["verified"] is not None]
    counted = [row for one in alive for row in rows[one["id"]]]
    seen = sum(row["pass"] + row["fail"] + row["fresh"] for row in counted)
    whole |= {"band": None, "confidence": confidence, "examined": examined}
    whole["coverage"] = _part(sum(weight[o["id"]] for o in alive if o["assessed"]), everything)
    whole["observation_coverage"] = _part(seen, sum(_endpoints(row) for row in counted))
    whole["gates_holding"] = [
        one["id"] for one in known
        if one["verified"] <= parameters["gate_threshold"] or one["grade"] == "E0"
    ]  # fmt: skip
    whole["gates_unknown"] = [one["id"] for one in gates if one["verified"] is None]
    whole["contradictions"] = [one["id"] for one in controls if one["contradiction"]]
    whole["band"] = _band(parameters, whole, document["observation_overdue"])
    return {"institution": whole, "domains": domains, "controls": controls}


def shown(points: int | None) -> str:
    """Return basis points as people are shown them: one decimal, cut off and not rounded."""
    return "not known" if points is None else f"{points // 100}.{points % 100 // 10}"
