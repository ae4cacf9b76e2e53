"""What each rule of the score says to people, in English; one sentence a rule.

Rules are data, so that another language is another table and the arithmetic never holds a
sentence.
"""

SENTENCES = {
    # One control: whether it counts, and what is claimed.
    "approved": "Left out: a reviewer approved that it does not apply.",
    "condition": "Left out: its condition is false for this institution.",
    "unanswered": "Unanswered: 0 points, and the control counts as not assessed.",
    "claimed": (
        "Not applicable is claimed and not approved: left out of the declared score, "
        "0 points in the verified one."
    ),
    "answered": "Answer level {level}, {meaning}: {after} points.",
    "reviewed": "A reviewer found level {level}, {meaning}: {after} points stand instead.",
    # One control: its grade.
    "lifted": (
        "Check {check} passed on {pass}, and {conclusive} of {all} known endpoints gave a "
        "verdict: grade {grade_before} rises to {grade_after}."
    ),
    "confirmed": (
        "Check {check} passed on {pass}, and {conclusive} of {all} known endpoints gave a "
        "verdict: grade {grade_before} already stands as high."
    ),
    "graded": "Grade {grade}, {meaning}, factor {factor}: {before} becomes {after} points.",
    # One control: what its checks do.
    "failed-C-worst": (
        "Check {check} failed on {fail} of {all} known endpoints (worst, decides): "
        "{before} becomes {after} points."
    ),
    "failed-C-share": (
        "Check {check} failed on {fail} of {all} known endpoints (share, decides): {share} % of "
        "passes and fails passed, at most {limit} points; {before} becomes {after}."
    ),
    "failed-R-worst": (
        "Check {check} failed on {fail} of {all} known endpoints (worst, contradicts): "
        "at most {limit} points; {before} becomes {after}."
    ),
    "failed-R-share": (
        "Check {check} failed on {fail} of {all} known endpoints (share, contradicts): {share} % "
        "of passes and fails passed, at most {limit} points; {before} becomes {after}."
    ),
    "failed-S": (
        "Check {check} failed on {fail} of {all} known endpoints (supports): noted, no effect."
    ),
    "passed-R": (
        "Check {check} passed on {pass} of {all} known endpoints; it can only contradict, so "
        "that a pass changes nothing."
    ),
    "seen-too-little": (
        "Check {check} passed on {pass}, but only {conclusive} of {all} known endpoints gave a "
        "verdict, less than {floor} %: no effect."
    ),
    "inconclusive": (
        "Check {check} gave no pass and no fail that counts on {all} known endpoints "
        "({inconclusive} inconclusive, {not_tested} not tested): no effect."
    ),
    "fresh": (
        "Check {check} failed on {fresh} more while the repair clock runs: shown, and not "
        "counted until it ends."
    ),
    # One control that only the network decides.
    "no-endpoint": "Check {check} found no endpoint that it applies to: it says nothing.",
    "passed": (
        "Check {check} passed on {pass}, and {conclusive} of {all} known endpoints gave a "
        "verdict: it counts as passed."
    ),
    "observed-failure": "Only the network decides: {after} points to begin with.",
    "observed-full": "Only the network decides, and every deciding check passed: {after} points.",
    "observed-support": (
        "Only the network decides; no check decides, and one that supports passed: {after} points."
    ),
    "observed-unknown": (
        "Only the network decides, and not enough was seen: not assessed, which lowers the "
        "coverage and not the score."
    ),
    "contradiction": "Level {level} is claimed and the network shows otherwise: a contradiction.",
    # The whole.
    "nothing-applies": "No control applies: there is nothing to score.",
    "coverage": (
        "{coverage} % of the weight was assessed (at least {floor} % is needed for a band)."
    ),
    "too-little-known": "Not enough is known: no band is given.",
    "verified": "The verified score is {verified}, which reaches {band}.",
    "gate-few-points": (
        "Gate {control} holds: its verified value of {points} points is {threshold} or less."
    ),
    "gate-bare-word": "Gate {control} holds: it rests on a bare word (grade E0).",
    "gate-unknown": "Gate {control} is unknown: only the network can open it, and it did not.",
    "gate-overdue": (
        "Gate {control} is unknown, and the time for letting the network be seen is over: "
        "it holds as well."
    ),
    "confidence": "A reviewer or the network examined {examined} % of the weight: {confidence}.",
    "lowered-by-gates": "A gate that holds lowers {band_before} to {band_after}.",
    "lowered-by-confidence": "Low confidence lowers {band_before} to {band_after}.",
    "band": "The band is {band}.",
}

STEPS = {
    "level": "Bring {control} to level {level}, {meaning}.",
    "document": "Attach a current piece of evidence to {control}, so that its grade becomes E1.",
    "examine": "Have a reviewer examine {control} as it stands, so that its grade becomes E2.",
    "settle": "Have a reviewer decide the claim that {control} does not apply.",
    "repair": "Repair what {checks} found.",
    "observe": "Let {control} be observed: all its known endpoints, and all of them pass.",
}
"""What each kind of improvement asks for; the gain is what it brings if it fully succeeds."""

LEVELS = {
    0: "absent",
    1: "in part of the scope",
    2: "in the whole scope",
    3: "in the whole scope and reviewed within 12 months",
}
GRADES = {
    "E0": "stated",
    "E1": "documented by a current piece of evidence",
    "E2": "observed by a check or examined by a reviewer",
    "E3": "found by an independent audit",
}
NOT_KNOWN = "not known"
