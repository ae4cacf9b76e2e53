"""Three answers to whether a table's entry concerns a product: yes, no, and that nobody can say."""

from collections.abc import Iterable
from enum import Enum


class Answer(Enum):
    """Whether something holds, as far as it can be told."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


TRUE, FALSE, UNKNOWN = Answer.TRUE, Answer.FALSE, Answer.UNKNOWN


def every(parts: Iterable[Answer]) -> Answer:
    """Return the conjunction: one that is false decides, else one that is unknown."""
    found = TRUE
    for part in parts:
        if part is FALSE:
            return FALSE
        if part is UNKNOWN:
            found = UNKNOWN
    return found


def some(parts: Iterable[Answer]) -> Answer:
    """Return the disjunction: one that is true decides, else one that is unknown."""
    found = FALSE
    for part in parts:
        if part is TRUE:
            return TRUE
        if part is UNKNOWN:
            found = UNKNOWN
    return found


def opposite(answer: Answer) -> Answer:
    """Return the negation; what is unknown stays so."""
    return {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN}[answer]
