"""The life of an assessment: its states, the steps between them, and what to do where one is shut.

This is the one place that says which step follows which; the store moves nothing along another.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args

AssessmentState = Literal[
    "planned",
    "scoping",
    "answering",
    "submitted",
    "in-review",
    "clarification",
    "preliminary",
    "finalised",
    "archived",
]
Step = Literal[
    "begin scoping",
    "begin answering",
    "hand in",
    "hand back",
    "take up",
    "ask back",
    "go on",
    "release",
    "take back",
    "finalise",
    "finalise by hand",
    "reopen",
    "archive",
]


@dataclass(frozen=True, slots=True)
class StepRule:
    """From which states a step leads where."""

    before: tuple[AssessmentState, ...]
    after: AssessmentState


STEPS: Final[dict[Step, StepRule]] = {
    "begin scoping": StepRule(("planned", "answering"), "scoping"),
    "begin answering": StepRule(("planned", "scoping"), "answering"),
    "hand in": StepRule(("planned", "scoping", "answering"), "submitted"),
    # The signatory withdrew, or what was handed in cannot be reviewed as it is.
    "hand back": StepRule(("submitted", "in-review"), "answering"),
    "take up": StepRule(("submitted",), "in-review"),
    "ask back": StepRule(("in-review",), "clarification"),
    "go on": StepRule(("clarification",), "in-review"),
    "release": StepRule(("in-review",), "preliminary"),
    "take back": StepRule(("preliminary",), "in-review"),
    "finalise": StepRule(("preliminary",), "finalised"),
    # A round without a plan is kept by hand: the CERT takes in papers and writes down what it saw.
    "finalise by hand": StepRule(("answering", "submitted", "in-review"), "finalised"),
    "reopen": StepRule(("finalised",), "in-review"),
    "archive": StepRule(("finalised",), "archived"),
}
NEXT: Final[dict[AssessmentState, str]] = {
    "planned": "the institution begins with its scope",
    "scoping": "the scope is settled first; then the institution answers",
    "answering": "the institution answers, and its lead hands in",
    "submitted": "the CERT gives it to reviewers and takes it up",
    "in-review": "reviewers go on; the administrator releases the result once all is reviewed",
    "clarification": "the institution answers the reviewer's questions; then the review goes on",
    "preliminary": "the institution has its time to comment; then the result is finalised",
    "finalised": "the administrator may reopen it with a reason; the institution may appeal",
    "archived": "it is kept as it is; a later round takes what is new",
}
"""What happens next in a state: the advice where a step is refused."""


def states_before(step: Step) -> tuple[AssessmentState, ...]:
    """Return the states from which a step may be taken."""
    return STEPS[step].before


def leads_to(before: AssessmentState, after: AssessmentState) -> bool:
    """Return whether some step leads from one state to the other; staying is no step."""
    return any(before in rule.before and rule.after == after for rule in STEPS.values())


def steps_from(state: AssessmentState) -> tuple[Step, ...]:
    """Return the steps that may be taken in a state, in the table's order."""
    return tuple(step for step, rule in STEPS.items() if state in rule.before)


def what_is_shut(state: AssessmentState, expected: Collection[AssessmentState]) -> tuple[str, str]:
    """Return the sentence that refuses a step in this state, and what to do instead."""
    named = " or ".join(one for one in get_args(AssessmentState) if one in expected)
    return f"the assessment is {state}, not {named}", NEXT[state]
