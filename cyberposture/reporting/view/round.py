"""The report of a round, for the CERT: how far everybody is, who waits, and what reviews say."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.charts import Funnel, Matrix, funnel_of, matrix_of
from cyberposture.reporting.plain import Text, decimal, percent
from cyberposture.reporting.round_inputs import PlaceInRound, RoundInputs
from cyberposture.reporting.told import told_in
from cyberposture.reporting.view.frame import Frame, frame_of
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.nation_front import Figure
from cyberposture.reporting.view.reasons import Reason, Reasons, source_of
from cyberposture.reporting.view.round_rows import (
    AppealRow,
    CohortRow,
    LoadRow,
    QuestionRow,
    ReminderRow,
    Round,
    TimeRow,
    WaitRow,
    appeals_of,
    cohorts_of,
    loads_of,
    questions_of,
    reminders_of,
    time_of,
    waits_of,
)
from cyberposture.reporting.words import Words

LISTED = 60
"""So many who wait are listed, and so many questions; the rest is counted."""
STEPS = ("invited", "begun", "handed-in", "taken-up", "reviewed", "final")
"""What follows on being in the round. Whoever came to a later step came through the earlier."""
_HANDED_IN = ("submitted", "in-review", "clarification", "preliminary", "finalised", "archived")
_LEVELS = range(4)
_OF_THE_CERT = ("invite", "more-time", "take-up", "finalise", "appeal")
WAITS = (*_OF_THE_CERT, "review", "begin", "answer", "reply", "comment")
"""What is waited for: the CERT first, whose report this is, then reviewers, then institutions."""
AGES = ((7, "week"), (30, "month"), (None, "longer"))
"""For at most so many days, and the word for it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who is waited for, since when, and for what."""

    ages: Matrix | None
    rows: tuple[WaitRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Review:
    """The reviewers' work, and how far they agree."""

    says: tuple[Text, ...]
    loads: tuple[LoadRow, ...]
    agreement: tuple[Text, ...]
    levels: Matrix | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What the claims that were drawn by chance say of all."""

    says: tuple[Text, ...]
    facts: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class RoundView:
    """All that the template of the report of a round may see."""

    audience: Audience
    words: Words
    frame: Frame
    lead: tuple[Text, ...]
    figures: tuple[Figure, ...]
    funnel: Funnel | None
    cohorts: tuple[CohortRow, ...]
    waiting: Waiting
    reminders: tuple[ReminderRow, ...]
    time_says: tuple[Text, ...]
    more_time: tuple[TimeRow, ...]
    review: Review
    sample: Sample
    questions_say: tuple[Text, ...]
    questions: tuple[QuestionRow, ...]
    more_questions: int
    appeals_say: tuple[Text, ...]
    appeals: tuple[AppealRow, ...]
    reasons: tuple[Reason, ...]
    shows_names: bool
    score_digest: str


def round_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: RoundInputs
) -> RoundView:
    """Return the view of the report of a round for one audience.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    r = Round(inputs, lens_for(definition, audience), words)
    counts = _counts(inputs)
    return RoundView(
        audience=audience,
        words=words,
        frame=_frame(r),
        lead=_lead(r, counts),
        figures=_figures(r, counts),
        funnel=_funnel(r, counts),
        cohorts=cohorts_of(r),
        waiting=_waiting(r),
        reminders=reminders_of(r),
        time_says=_time(r),
        more_time=time_of(r),
        review=_review(r),
        sample=_sample(r),
        questions_say=_questions(r),
        questions=questions_of(r, LISTED),
        more_questions=max(0, len(inputs.questions) - LISTED),
        appeals_say=_appeals(r),
        appeals=appeals_of(r),
        reasons=tuple(_reasons(r)),
        shows_names=r.shows_names,
        score_digest="",
    )


def _frame(r: Round) -> Frame:
    inputs, title = r.inputs, r.title
    ended = inputs.closed_at
    span = ("closed", ended) if ended is not None else ("runs", inputs.due)
    return frame_of(
        r.words,
        r.lens,
        told_in(inputs.content, r.words.language),
        inputs.audit_head,
        kind="round",
        title=r.words.say("window-title", title=title),
        headline=r.words.say("headline", title=title),
        subtitle=(
            r.words.say("span.opened", day=r.day(inputs.opens)),
            r.words.say(f"span.{span[0]}", day=r.day(span[1])),
        ),
        as_of=inputs.as_of,
        zone=r.zone,
    )


def _counts(inputs: RoundInputs) -> dict[str, int]:
    """Return how many came to each step, the last first counted, so that none grows again."""
    handed = [one for one in inputs.places if one.state in _HANDED_IN]
    taken = [one for one in handed if one.state != "submitted"]
    shown = [one for one in taken if one.state not in ("in-review", "clarification")]
    return {
        "held": len(inputs.places),
        "invited": sum(one.is_invited for one in inputs.places),
        "begun": sum(one.is_begun or one.state in _HANDED_IN for one in inputs.places),
        "handed-in": len(handed),
        "taken-up": len(taken),
        "reviewed": len(shown),
        "final": sum(one.state in ("finalised", "archived") for one in shown),
    }


def _late(inputs: RoundInputs) -> int:
    """Return how many institutions are over the last day for what they are waited for."""
    return sum(
        one.wait in ("begin", "answer") and one.until is not None and one.until < inputs.as_of
        for one in inputs.places
    )


def _at_the_cert(inputs: RoundInputs) -> list[PlaceInRound]:
    return [one for one in inputs.places if one.wait in _OF_THE_CERT]


def _lead(r: Round, counts: dict[str, int]) -> tuple[Text, ...]:
    if not counts["held"]:
        return (r.words.say("lead.nobody"),)
    said = [r.words.say("lead.handed-in", n=counts["handed-in"], whole=counts["held"])]
    said.append(r.words.say("lead.final", n=counts["final"]))
    said.append(r.words.say("lead.late", n=_late(r.inputs)))
    waiting = _at_the_cert(r.inputs)
    ages = [r.age(one.since) for one in waiting if one.since is not None]
    said.append(r.words.say("lead.cert", n=len(waiting)))
    if ages:
        said.append(r.words.say("lead.longest", n=max(ages)))
    return tuple(said)


def _figures(r: Round, counts: dict[str, int]) -> tuple[Figure, ...]:
    numbers = (
        ("handed-in", counts["handed-in"]),
        ("final", counts["final"]),
        ("late", _late(r.inputs)),
        ("cert", len(_at_the_cert(r.inputs))),
    )
    return tuple(Figure(str(n), r.words.say(f"figure.{key}"), _WHY[key]) for key, n in numbers)


_WHY = {"handed-in": "funnel", "final": "funnel", "late": "waiting", "cert": "waiting"}
"""The explanation of each figure of the first screen."""


def _reasons(r: Round) -> Iterator[Reason]:
    content = told_in(r.inputs.content, r.words.language)
    of = r.words.say("reason.of-round", round=r.title)
    reasons = Reasons(r.words, source_of(r.words, content, of, r.inputs.as_of, r.zone))
    for part in ("funnel", "cohort", "waiting", "reminders", "load", "agreement", "sample"):
        yield reasons.of(part, f"{part}.title")
    yield reasons.of("appeal", "appeal.title")


def _funnel(r: Round, counts: dict[str, int]) -> Funnel | None:
    if not counts["held"]:
        return None
    names = ("held", *STEPS)
    steps = [
        (
            r.words.say(f"step.{name}"),
            counts[name],
            str(counts[name]),
            r.words.say(f"lost.{name}", n=lost) if lost else "",
        )
        for name, before in zip(names, ("held", *names), strict=False)
        for lost in (counts[before] - counts[name],)
    ]
    return funnel_of(
        steps,
        r.words.say("funnel.description", n=counts["held"]),
        lambda share: str(r.words.say("frame.percent", share=share)),
    )


def _waiting(r: Round) -> Waiting:
    count = dict.fromkeys(((wait, age) for wait in WAITS for _, age in AGES), 0)
    for one in r.inputs.places:
        if one.wait is not None:
            days = r.age(one.since)
            count[one.wait, next(age for most, age in AGES if most is None or days <= most)] += 1
    rows = [
        ("", r.words.say(f"wait.{wait}"), [count[wait, age] for _, age in AGES]) for wait in WAITS
    ]
    total = sum(count.values())
    heads = [r.words.say(f"age.{age}") for _, age in AGES]
    said = str(r.words.say("waiting.description", n=total))
    listed = waits_of(r, WAITS)
    return Waiting(
        ages=matrix_of(heads, rows, said), rows=listed[:LISTED], more=max(0, len(listed) - LISTED)
    )


def _time(r: Round) -> tuple[Text, ...]:
    asked = r.inputs.more_time
    if not asked:
        return (r.words.say("time.none"),)
    said = [r.words.say("time.asked", n=len(asked))]
    for outcome in ("granted", "refused", None):
        n = sum(one.outcome == outcome for one in asked)
        if n:
            said.append(r.words.say(f"time.{outcome or 'open'}", n=n))
    return tuple(said)


def _review(r: Round) -> Review:
    loads = [one.first + one.second + one.third for one in r.inputs.reviewers]
    said = [r.words.say("load.none")]
    if loads:
        said = [r.words.say("load.all", n=len(loads), parts=sum(loads))]
        said.append(r.words.say("load.most", n=max(loads)))
    found = r.inputs.agreement
    agreed = [r.words.say("agreement.none")]
    if found.alike is not None:
        agreed = [r.words.say("agreement.pairs", n=found.pairs, alike=percent(found.alike))]
        key = "no-kappa" if found.kappa is None else "kappa"
        agreed.append(r.words.say(f"agreement.{key}", kappa=_hundredths(found.kappa or 0)))
    rows = [
        (str(mine), r.words.say(f"level.{mine}"),
         [r.inputs.pairs.count((mine, other)) for other in _LEVELS])
        for mine in _LEVELS
    ]  # fmt: skip
    heads = [r.words.say("agreement.second", level=level) for level in _LEVELS]
    return Review(
        says=tuple(said),
        loads=loads_of(r),
        agreement=tuple(agreed),
        levels=matrix_of(heads, rows, str(r.words.say("agreement.description"))),
    )


def _sample(r: Round) -> Sample:
    sample = r.inputs.sample
    if sample.share is None:
        return Sample((r.words.say("sample.by-hand"),), ())
    said = [r.words.say("sample.share", share=percent(sample.share))]
    said.append(r.words.say("sample.complete", n=sample.complete, drawn=sample.drawn))
    gap = sample.gap
    if gap is None:
        return Sample((*said, r.words.say("sample.none")), ())
    facts = [("claims", str(gap.claims)), ("examined", str(gap.examined)),
             ("gap", points(gap.gap))]  # fmt: skip
    if gap.low is None or gap.high is None or gap.error is None:
        said.append(r.words.say("sample.gap-alone", gap=points(gap.gap)))
    else:
        ends = {"low": points(gap.low), "high": points(gap.high)}
        said.append(r.words.say("sample.gap", gap=points(gap.gap), **ends))
        facts += [("error", points(gap.error)), ("low", ends["low"]), ("high", ends["high"])]
    return Sample(
        tuple(said), tuple(Figure(value, r.words.say(f"estimate.{key}")) for key, value in facts)
    )


def points(basis_points: int) -> str:
    """Return basis points as points with one decimal, cut off towards 0."""
    tenths = abs(basis_points) // 10
    return decimal(tenths if basis_points >= 0 else -tenths)


def _hundredths(share: int) -> str:
    """Return a share in basis points as a number from -1 to 1 with two decimals."""
    whole = round(Fraction(share, 100))
    sign = "\u2212" if whole < 0 else ""
    return f"{sign}{abs(whole) // 100}.{abs(whole) % 100:02}"


def _questions(r: Round) -> tuple[Text, ...]:
    kinds = [one.kind for one in r.inputs.questions]
    said = [r.words.say("question.none")] if not kinds else []
    for kind in ("back", "thread", "centre"):
        if kind in kinds:
            said.append(r.words.say(f"question.{kind}", n=kinds.count(kind)))
    said.append(
        r.words.say("question.comments", n=r.inputs.comments, institutions=r.inputs.commented)
    )
    return tuple(said)


def _appeals(r: Round) -> tuple[Text, ...]:
    held = r.inputs.appeals
    if not held:
        return (r.words.say("appeal.none"),)
    said = [r.words.say("appeal.held", n=len(held))]
    for outcome in ("granted", "rejected", None):
        n = sum(one.outcome == outcome for one in held)
        if n:
            said.append(r.words.say(f"appeal.{outcome or 'open'}", n=n))
    moved = [one for one in held if one.after is not None]
    if moved:
        bands = sum(one.band_before != one.band_after for one in moved)
        said.append(r.words.say("appeal.moved", n=len(moved)))
        said.append(r.words.say("appeal.bands", n=bands))
    return tuple(said)
