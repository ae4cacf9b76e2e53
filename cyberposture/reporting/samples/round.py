"""The sample of a round under way: institutions at every step, reviewers, questions, appeals."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from cyberposture.model.life import AssessmentState
from cyberposture.reporting.round_inputs import (
    Asked,
    CohortCount,
    HeldAppeal,
    MoreTime,
    OpenQuestion,
    PlaceInRound,
    RemindersAt,
    ReviewerLoad,
    ReviewSample,
    RoundInputs,
    Wait,
)
from cyberposture.reporting.samples.contents import content
from cyberposture.reporting.samples.institution import REVIEWER, a_head
from cyberposture.reporting.samples.scores import AS_OF
from cyberposture.scoring.agreement import measure_agreement
from cyberposture.scoring.sampling import Estimate

STANDS: Final[tuple[tuple[AssessmentState | None, Wait | None], ...]] = (
    (None, "invite"), (None, "begin"), ("answering", "begin"), ("answering", "answer"),
    ("answering", "more-time"), ("submitted", "take-up"), ("in-review", "review"),
    ("clarification", "reply"), ("preliminary", "comment"), ("preliminary", "finalise"),
    ("finalised", "appeal"), ("finalised", None), ("archived", None),
)  # fmt: skip
"""Each step of a round, and what waits at it."""
KINDS: Final[tuple[Asked, ...]] = ("back", "thread", "centre")
PAIRS: Final = tuple((n % 4, n % 4 if n % 5 else (n + 1) % 4) for n in range(60))


def a_place(number: int) -> PlaceInRound:
    """Return one institution of a round; all of it depends on the number alone."""
    state, wait = STANDS[number % len(STANDS)]
    since = AS_OF - timedelta(days=number * 5 % 61)
    until = None
    if wait in ("begin", "answer"):
        until = since + timedelta(days=21)
    elif wait == "comment":
        until = AS_OF + timedelta(days=1 + number % 14)
    return PlaceInRound(
        institution=f"power-{number}",
        name=f"Saffron Coast Power {number} (fictional)",
        cohort="first",
        is_invited=wait != "invite",
        is_begun=state is not None and wait != "begin",
        state=state,
        wait=wait,
        since=None if wait is None else since,
        until=until,
        answered=0 if state is None or wait == "begin" else 100 + number % 40,
        reviewed=40 + number % 20 if state not in (None, "answering", "submitted") else 0,
        controls=0 if state is None else 140,
    )


def a_reviewer(number: int) -> ReviewerLoad:
    """Return what one reviewer has in hand."""
    name = REVIEWER if number == 0 else f"{REVIEWER} {number}"
    opened = AS_OF - timedelta(days=40 - number % 30)
    return ReviewerLoad(name, 5 - number % 4, number % 3, number % 2, opened, 3, 50, 20, 16)


def a_request(number: int) -> MoreTime:
    """Return a request for more time: waiting, granted or refused."""
    day = timedelta(days=1)
    return MoreTime(
        institution=f"power-{13 * number + 4}",
        asked_at=AS_OF - (number + 1) * day,
        wished=AS_OF + 30 * day,
        why="Our security officer changed in the middle of the round.",
        outcome=(None, "granted", "refused")[number % 3],
        until=AS_OF + 20 * day if number % 3 == 1 else None,
        decided_at=None if number % 3 == 0 else AS_OF - number * day,
    )


def a_question(number: int, places: int) -> OpenQuestion:
    """Return something asked at one of so many institutions, the first the longest ago."""
    return OpenQuestion(
        kind=KINDS[number % 3],
        institution=f"power-{13 * (number % places) + 7}",
        control=None if number % 7 == 6 else "GOV-01",
        since=AS_OF - timedelta(days=2 * places - number),
        text="Since when is it in force?",
    )


def an_appeal(number: int) -> HeldAppeal:
    """Return an appeal: granted, rejected or waiting."""
    at = AS_OF - timedelta(days=20 + number % 30)
    usual = HeldAppeal(
        f"power-{13 * number + 10}", ("GOV-01", "IAM-09"), at, None, None, 5_412, None,
        "Developing", None,
    )  # fmt: skip
    decided = at + timedelta(days=9)
    if number % 3 == 1:
        return replace(
            usual, outcome="granted", decided_at=decided, after=6_031, band_after="Established"
        )
    if number % 3 == 2:
        return replace(usual, outcome="rejected", decided_at=decided, controls=())
    return usual


def a_round(size: int = 52, **change: Any) -> RoundInputs:
    """Return a round of `size` institutions; what else there is grows with it."""
    places = tuple(a_place(number) for number in range(size))
    some = size // 13
    day = timedelta(days=1)
    usual = RoundInputs(
        content=content(),
        as_of=AS_OF,
        zone="Asia/Karachi",
        audit_head=replace(a_head(), chain="system"),
        round_code="2026-h2",
        title="Second half of 2026 (fictional)",
        opens=AS_OF - 80 * day,
        due=AS_OF + 10 * day,
        closed_at=None,
        places=places,
        cohorts=(
            CohortCount("First wave", AS_OF - 70 * day, AS_OF + 10 * day, size, size - some,
                        10 * some, 8 * some, 5 * some),
        ),
        reminders=(
            RemindersAt(30, 4 * some, 9 * some, 9 * some, 0),
            RemindersAt(7, 3 * some, 7 * some, 6 * some, some),
        ),
        more_time=tuple(a_request(number) for number in range(some)),
        reviewers=tuple(a_reviewer(number) for number in range(some)),
        agreement=measure_agreement(PAIRS),
        pairs=PAIRS,
        sample=ReviewSample(
            1_000, 6 * some, 5 * some,
            Estimate(claims=640, examined=118, gap=1_234, error=161, low=915, high=1_553),
        ),
        questions=tuple(a_question(number, some) for number in range(2 * some)),
        comments=2 * some,
        commented=some,
        appeals=tuple(an_appeal(number) for number in range(some)),
    )  # fmt: skip
    return replace(usual, **change)


def an_empty_round() -> RoundInputs:
    """Return a round that was opened a moment ago, by hand."""
    return a_round(
        0, cohorts=(), reminders=(), agreement=measure_agreement(()), pairs=(),
        sample=ReviewSample(None, 0, 0, None),
    )  # fmt: skip


def poisoned_round(inputs: RoundInputs, poison: str) -> RoundInputs:
    """Return a round with this text for each name and each thing that people wrote."""
    return replace(
        inputs,
        title=poison,
        audit_head=replace(inputs.audit_head, chain=poison, key_id=poison),
        places=tuple(replace(one, name=poison) for one in inputs.places),
        cohorts=tuple(replace(one, title=poison) for one in inputs.cohorts),
        more_time=tuple(replace(one, why=poison) for one in inputs.more_time),
        reviewers=tuple(replace(one, name=poison) for one in inputs.reviewers),
        questions=tuple(replace(one, text=poison) for one in inputs.questions),
    )
