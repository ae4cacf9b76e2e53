"""The arithmetic of single numbers: whole basis points, never a fraction of one."""

from cyberposture.model.assessments import Grade
from cyberposture.model.scores import ScoreParameters, VerdictRow

FULL = 10_000
"""All points there are, and the whole of a share."""


def rounded_share(part: int, whole: int) -> int | None:
    """Return part / whole in basis points, rounded half up; None where `whole` is 0."""
    return rounded_ratio(FULL * part, whole)


def rounded_ratio(numerator: int, denominator: int) -> int | None:
    """Return the quotient of two numbers that are not negative, rounded half up.

    None where there is nothing to divide by, which is neither 0 nor full.
    """
    if denominator == 0:
        return None
    return (2 * numerator + denominator) // (2 * denominator)


def value_of(parameters: ScoreParameters, level: int | None) -> int:
    """Return the points of a level; 0 (not the value of level 0) where there is none."""
    return 0 if level is None else parameters.values[level]


def weighed(parameters: ScoreParameters, points: int, grade: Grade) -> int:
    """Return `points` times the factor of the evidence grade, cut off to a whole point."""
    return points * parameters.factors.of(grade) // FULL


def passed_enough(parameters: ScoreParameters, row: VerdictRow) -> bool:
    """Return whether a row counts as passed.

    Something passed, nothing failed, and so much of what is known gave a verdict that one host
    looked at never vouches for a hundred that were not.
    """
    seen_enough = FULL * row.conclusive >= parameters.observed_floor * row.all
    return row.passed > 0 and row.fail == 0 and seen_enough


def share_passed(row: VerdictRow) -> int | None:
    """Return the share of passes among passes and fails, cut off; None where there is neither."""
    conclusive = row.passed + row.fail
    return FULL * row.passed // conclusive if conclusive else None


def ceiling(parameters: ScoreParameters, row: VerdictRow) -> int | None:
    """Return the points above which this row lets its control not rise; None: it sets no limit.

    Only a failure limits, and a row that merely supports never does.
    """
    if row.direction == "S" or row.fail == 0:
        return None
    floor = 0 if row.direction == "C" else parameters.contradicted_cap
    if row.rollup == "worst":
        return floor
    share = share_passed(row) or 0
    return max(floor, min(parameters.share_cap, share))
