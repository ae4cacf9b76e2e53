"""What a user of a shared service inherits: the weaker part counts, worked out by hand."""

from datetime import date

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_content
from cyberposture.model.scores import ScoredAnswer, ScoredReview, VerdictRow
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.points import value_of, weighed
from cyberposture.scoring.sharing import SharedPart, inherit

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def parameters():
    return parameters_of(load_content(find_content(None)).catalogue)


def own(level=None, grade="E0", review=None, not_applicable=None):
    reviewed = None if review is None else ScoredReview(level=review[0], grade=review[1])
    return ScoredAnswer(control="OPS-01", level=level, not_applicable=not_applicable,
                        grade=grade, review=reviewed)  # fmt: skip


def part(level=3, grade="E1", *, duty="Keep your own accounts in order.", review=None, rows=(),
         expires=TODAY, service="platform"):  # fmt: skip
    reviewed = None if review is None else ScoredReview(level=review[0], grade=review[1])
    return SharedPart(service, "OPS-01", level, grade, expires, duty, reviewed, tuple(rows))


def row(direction="C", rollup="worst", passed=0, fail=1, fresh=0):
    return VerdictRow.model_validate(
        {"control": "OPS-01", "check": "pack.check", "direction": direction, "rollup": rollup,
         "pass": passed, "fail": fail, "fresh": fresh, "inconclusive": 0, "not_tested": 0}
    )  # fmt: skip


def shown(answer):
    """Return level, grade and review of an answer, as short as a table."""
    if answer is None:
        return None
    review = answer.review and (answer.review.level, answer.review.grade)
    return (answer.level, answer.grade, review)


@pytest.mark.parametrize(
    ("mine", "theirs", "counts"),
    [
        (own(2, "E1"), part(3, "E1"), (2, "E1", None)),  # the user is weaker
        (own(3, "E1"), part(1, "E1"), (1, "E1", None)),  # the provider is weaker
        (own(3, "E0"), part(2, "E1"), (2, "E0", None)),  # each is weaker in one thing
        (own(3, "E1"), part(3, "E0"), (3, "E0", None)),
        (own(), part(3), None),  # the own part is still open
        (None, part(3), None),
        (None, part(3, duty=" "), (3, "E1", None)),  # nothing remains for the user
        (own(1, "E0"), part(3, duty=""), (3, "E1", None)),
        (own(3, "E1"), part(3, review=(1, "E2")), (3, "E1", (1, "E1"))),  # found out: both fall
        (own(3, "E1", review=(2, "E3")), part(3, review=(3, "E2")), (3, "E1", (2, "E2"))),
        (own(not_applicable="approved"), part(3), (None, "E0", None)),  # not the user's at all
    ],
)
def test_the_lower_level_and_the_lower_grade_count(parameters, mine, theirs, counts):
    assert shown(inherit(parameters, mine, [theirs], TODAY)) == counts


def test_what_ran_out_says_nothing_any_more(parameters):
    yesterday = date(2026, 11, 21)
    assert inherit(parameters, own(3, "E1"), [part(3, expires=yesterday)], TODAY) is None
    assert inherit(parameters, None, [part(3, duty="", expires=yesterday)], TODAY) is None


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([row("C")], (3, "E1", (0, "E1"))),  # disproved: nothing is left of it
        ([row("R")], (3, "E1", (1, "E1"))),  # contradicted: no more than the first level
        ([row("C", "share", passed=99, fail=1)], (3, "E1", (2, "E1"))),
        ([row("S")], (3, "E1", None)),  # support limits nothing
        ([row("C", passed=3, fail=0)], (3, "E1", None)),
        ([row("C", fail=0, fresh=2)], (3, "E1", None)),  # its repair clock runs
        ([row("R"), row("C", "share", passed=99, fail=1)], (3, "E1", (1, "E1"))),  # the lowest
    ],
)
def test_users_fall_with_their_provider(parameters, rows, counts):
    found = inherit(parameters, own(3, "E1"), [part(3, rows=rows)], TODAY)
    assert shown(found) == counts


def test_of_several_services_the_weakest_counts(parameters):
    services = [part(3, service="platform"), part(2, "E0", service="data-centre")]
    assert shown(inherit(parameters, own(3, "E1"), services, TODAY)) == (2, "E0", None)
    mixed = [part(3, duty="", service="platform"), part(3, service="data-centre")]
    assert shown(inherit(parameters, own(1, "E1"), mixed, TODAY)) == (1, "E1", None)
    alone = [part(3, duty="", service="platform"), part(1, duty="", service="data-centre")]
    assert shown(inherit(parameters, None, alone, TODAY)) == (1, "E1", None)


def test_what_counts_is_never_above_either_part(parameters):
    """Over every pair of levels, grades and reviews, in points."""

    def points(answer):
        review = answer.review
        level, grade = (answer.level, answer.grade) if review is None else (
            review.level, review.grade)  # fmt: skip
        return weighed(parameters, value_of(parameters, level), grade)

    reviews = (None, (0, "E2"), (2, "E3"), (3, "E1"))
    kinds = [(level, grade, review) for level in range(4) for grade in ("E0", "E1")
             for review in reviews]  # fmt: skip
    for mine in kinds:
        for theirs in kinds:
            first, second = own(*mine), part(theirs[0], theirs[1], review=theirs[2])
            both = inherit(parameters, first, [second], TODAY)
            least = min(points(first), points(own(*theirs)))
            assert points(both) <= least, (mine, theirs)
            assert both.level == min(mine[0], theirs[0])
