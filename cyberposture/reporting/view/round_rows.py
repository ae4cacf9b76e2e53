"""The tables of the report of a round: cohorts, who waits, reminders, reviewers, appeals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.reporting.plain import LONG, Text, given, percent
from cyberposture.reporting.round_inputs import PlaceInRound, RoundInputs
from cyberposture.reporting.view.frame import Difference, difference, shown
from cyberposture.reporting.view.lens import Lens
from cyberposture.reporting.words import Words
from cyberposture.scoring.points import rounded_share


@dataclass(frozen=True)
class Round:
    """Everything that the parts of this view read."""

    inputs: RoundInputs
    lens: Lens
    words: Words

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which dates are printed."""
        return find_zone(self.inputs.zone)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of institutions by code."""
        return {one.institution: one.name for one in self.inputs.places}

    @property
    def shows_names(self) -> bool:
        """Whether institutions may be named."""
        return self.lens.shows("institutions")

    @cached_property
    def title(self) -> Text:
        """What people call the round."""
        return given(self.inputs.title)

    def name(self, code: str) -> Text:
        """Return the name of an institution; asked only where names may be read."""
        return given(self.names.get(code, code))

    def day(self, moment: datetime | None) -> str:
        """Return the day of a moment, a dash of none."""
        return "–" if moment is None else self.words.day(moment, self.zone)

    def age(self, since: datetime | None) -> int:
        """Return for how many whole days something waits."""
        return 0 if since is None else max(0, (self.inputs.as_of - since).days)

    def own_words(self, text: str) -> Text | None:
        """Return what an institution wrote, None where it may not be read."""
        return self.lens.show("own-words", text, LONG)


@dataclass(frozen=True, slots=True)
class CohortRow:
    """How many of a cohort came how far."""

    title: Text
    begins: str
    due: str
    held: int
    invited: int
    started: int
    submitted: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class WaitRow:
    """One institution, what has to be done next, and since when it waits."""

    name: Text
    wait: Text
    since: str
    days: Text
    until: str
    is_late: bool
    progress: str
    """How many controls are answered and, once it is handed in, reviewed."""


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """The reminders of one mark."""

    mark: Text
    institutions: int
    messages: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True)
class TimeRow:
    """One request for more time."""

    name: Text
    asked: str
    wished: str
    why: Text | None
    outcome: Text
    until: str


@dataclass(frozen=True, slots=True)
class LoadRow:
    """What one reviewer has in hand, and has done."""

    name: Text
    first: int
    second: int
    third: int
    oldest: str
    done: int
    judged: int
    pairs: int
    alike: str


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """Something asked that waits for an answer."""

    kind: Text
    name: Text
    control: str
    since: str
    days: Text
    text: Text | None


@dataclass(frozen=True, slots=True)
class AppealRow:
    """One appeal, and what it changed."""

    name: Text
    controls: tuple[str, ...]
    at: str
    outcome: Text
    decided: str
    before: str
    after: str
    change: Difference | None
    bands: Text | None
    """From which band to which, where they differ."""


def cohorts_of(r: Round) -> tuple[CohortRow, ...]:
    """Return cohorts by name, which may tell who is in them; none where nobody may be named."""
    if not r.shows_names:
        return ()
    return tuple(
        CohortRow(
            given(one.title) if one.title else r.words.say("cohort.none"),
            r.day(one.begins), r.day(one.due),
            one.held, one.invited, one.started, one.submitted, one.reviewed,
        )
        for one in r.inputs.cohorts
    )  # fmt: skip


def waits_of(r: Round, order: Sequence[str]) -> tuple[WaitRow, ...]:
    """Return who waits, by what for and then the longest first; none where nobody may be named."""
    if not r.shows_names:
        return ()
    found = [one for one in r.inputs.places if one.wait is not None]
    place = {wait: number for number, wait in enumerate(order)}
    found.sort(key=lambda one: (place[one.wait or ""], -r.age(one.since), one.institution))
    return tuple(_wait(r, one) for one in found)


def _wait(r: Round, one: PlaceInRound) -> WaitRow:
    done = one.reviewed if one.wait in ("take-up", "review", "reply", "finalise") else one.answered
    return WaitRow(
        name=given(one.name),
        wait=r.words.say(f"wait.{one.wait}"),
        since=r.day(one.since),
        days=r.words.say("waiting.days", n=r.age(one.since)),
        until=r.day(one.until),
        is_late=one.until is not None and one.until < r.inputs.as_of,
        progress=f"{done}/{one.controls}" if one.controls else "–",
    )


def reminders_of(r: Round) -> tuple[ReminderRow, ...]:
    """Return the reminders by their marks, which name nobody."""
    return tuple(
        ReminderRow(
            r.words.say("reminder.ahead", n=one.days),
            one.institutions, one.messages, one.delivered, one.failed,
        )
        for one in r.inputs.reminders
    )  # fmt: skip


def time_of(r: Round) -> tuple[TimeRow, ...]:
    """Return the requests for more time, those that wait first; none where nobody may be named."""
    if not r.shows_names:
        return ()
    found = sorted(r.inputs.more_time, key=lambda one: (one.outcome is not None, one.asked_at))
    return tuple(
        TimeRow(
            name=r.name(one.institution),
            asked=r.day(one.asked_at),
            wished=r.day(one.wished),
            why=r.own_words(one.why),
            outcome=r.words.say(f"outcome.{one.outcome or 'open'}"),
            until=r.day(one.until),
        )
        for one in found
    )


def loads_of(r: Round) -> tuple[LoadRow, ...]:
    """Return the reviewers, who has most in hand first; none where people may not be named."""
    if not r.lens.shows("people"):
        return ()
    found = sorted(r.inputs.reviewers, key=lambda one: -one.first - one.second - one.third)
    return tuple(
        LoadRow(
            name=given(one.name),
            first=one.first,
            second=one.second,
            third=one.third,
            oldest=r.day(one.oldest),
            done=one.done,
            judged=one.judged,
            pairs=one.pairs,
            alike=_share(r, one.alike, one.pairs),
        )
        for one in found
    )


def _share(r: Round, part: int, whole: int) -> str:
    share = percent(rounded_share(part, whole))
    return "–" if share is None else r.words.say("frame.percent", share=share)


def questions_of(r: Round, limit: int) -> tuple[QuestionRow, ...]:
    """Return what was asked and waits, the longest first; none where nobody may be named."""
    if not r.shows_names:
        return ()
    return tuple(
        QuestionRow(
            kind=r.words.say(f"asked.{one.kind}"),
            name=r.name(one.institution),
            control=one.control or "–",
            since=r.day(one.since),
            days=r.words.say("waiting.days", n=r.age(one.since)),
            text=r.own_words(one.text),
        )
        for one in r.inputs.questions[:limit]
    )


def appeals_of(r: Round) -> tuple[AppealRow, ...]:
    """Return the appeals, those that wait first; none where nobody may be named."""
    if not r.shows_names:
        return ()
    found = sorted(r.inputs.appeals, key=lambda one: (one.outcome is not None, one.at))
    rows = []
    for one in found:
        bands = None
        if one.after is not None and one.band_before != one.band_after:
            names = [r.words.name("band", band or "none") for band in
                     (one.band_before, one.band_after)]  # fmt: skip
            bands = r.words.say("appeal.band", before=names[0], after=names[1])
        rows.append(
            AppealRow(
                name=r.name(one.institution),
                controls=one.controls,
                at=r.day(one.at),
                outcome=r.words.say(f"outcome.{one.outcome or 'open'}"),
                decided=r.day(one.decided_at),
                before=shown(one.before) or "–",
                after=shown(one.after) or "–",
                change=difference(one.after, one.before),
                bands=bands,
            )
        )
    return tuple(rows)
