"""The exposure report, for the CERT: what is visible now, how late, and who was looked at."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from cyberposture.model.checks import Severity
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.charts import Bar, Matrix, Stacks, bar_of, matrix_of, stacks_of
from cyberposture.reporting.exposure_inputs import ExposureInputs, StandingFinding
from cyberposture.reporting.plain import Text
from cyberposture.reporting.view.exposure_rows import (
    CheckRow,
    Exposure,
    FindingRow,
    HouseRow,
    SoftwareRow,
    checks_of,
    houses_of,
    rows_of,
    software_of,
)
from cyberposture.reporting.view.frame import Frame, frame_of
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.nation_front import Figure
from cyberposture.reporting.view.reasons import Reason, Reasons, source_of
from cyberposture.reporting.words import Words

LATE, OPEN, ASIDE, FIXED, NEW, BACK = range(1, 7)
"""The signs of the charts."""
NEVER, SILENT = OPEN, ASIDE
OLDEST, EXPLOITED = 20, 40
"""So many of them are listed; the rest is counted."""
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One week in figures."""

    ends: str
    late: int
    open: int
    aside: int
    new: int
    back: int
    fixed: int


@dataclass(frozen=True, slots=True)
class Weeks:
    """The last weeks: what stood, and what came and went."""

    stood: Stacks | None
    moved: Stacks | None
    rows: tuple[WeekRow, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what is known was looked at: the rest is not known to be clean."""

    says: tuple[Text, ...]
    bars: tuple[Bar, ...]
    description: str


@dataclass(frozen=True, slots=True)
class ExposureView:
    """All that the template of an exposure report may see."""

    audience: Audience
    words: Words
    frame: Frame
    lead: tuple[Text, ...]
    figures: tuple[Figure, ...]
    weeks: Weeks
    severities: Matrix | None
    exploited: tuple[FindingRow, ...]
    more_exploited: int
    oldest: tuple[FindingRow, ...]
    more_late: int
    checks: tuple[CheckRow, ...]
    houses: tuple[HouseRow, ...]
    software: tuple[SoftwareRow, ...]
    coverage: Coverage
    authorised: Text
    """How many may be looked at, and how many were."""
    reasons: tuple[Reason, ...]
    shows_names: bool
    shows_addresses: bool
    score_digest: str


def exposure_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: ExposureInputs
) -> ExposureView:
    """Return the view of an exposure report for one audience.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    e = Exposure(inputs, lens_for(definition, audience), words)
    exploited = [one for one in inputs.findings if one.is_exploited]
    late = [one for one in inputs.findings if one.sort == "late"]
    return ExposureView(
        audience=audience,
        words=words,
        frame=_frame(e),
        lead=_lead(e, len(late), len(exploited)),
        figures=_figures(e, len(late), len(exploited)),
        weeks=_weeks(e),
        severities=_severities(e),
        exploited=rows_of(e, exploited, EXPLOITED),
        more_exploited=max(0, len(exploited) - EXPLOITED),
        oldest=rows_of(e, late, OLDEST),
        more_late=max(0, len(late) - OLDEST),
        checks=checks_of(e),
        houses=houses_of(e),
        software=software_of(e),
        coverage=_coverage(e),
        authorised=_authorised(e),
        reasons=tuple(_reasons(e)),
        shows_names=e.shows_names,
        shows_addresses=e.lens.shows("addresses"),
        score_digest="",
    )


def _frame(e: Exposure) -> Frame:
    inputs = e.inputs
    key = "exposure" if inputs.institution is None else "exposure-of"
    name = e.words.say("unnamed")
    if inputs.institution is not None:
        name = e.name(inputs.institution) or name
    return frame_of(
        e.words,
        e.lens,
        e.content,
        inputs.audit_head,
        kind="exposure",
        title=e.words.say(f"window-title.{key}", name=name),
        headline=e.words.say(f"headline.{key}", name=name),
        subtitle=(e.words.say("exposure.of", n=len(inputs.names)),),
        as_of=inputs.as_of,
        zone=e.zone,
        is_named=inputs.institution is None or e.shows_names,
    )


def _lead(e: Exposure, late: int, exploited: int) -> tuple[Text, ...]:
    standing = e.inputs.findings
    if not standing:
        seen = sum(one.answered for one in e.inputs.looks)
        return (e.words.say("lead.nothing" if seen else "lead.nobody-looked"),)
    at = len({one.institution for one in standing})
    said = [e.words.say("lead.standing", n=len(standing), institutions=at)]
    said.append(e.words.say("lead.late", n=late))
    if exploited:
        said.append(e.words.say("lead.exploited", n=exploited))
    return tuple(said)


def _figures(e: Exposure, late: int, exploited: int) -> tuple[Figure, ...]:
    last = e.inputs.weeks[-1] if e.inputs.weeks else None
    came = 0 if last is None else last.new + last.back
    fixed = 0 if last is None else last.fixed
    return (
        Figure(str(len(e.inputs.findings)), e.words.say("figure.standing"), "standing"),
        Figure(str(late), e.words.say("figure.late"), "late"),
        Figure(str(exploited), e.words.say("figure.exploited"), "exploited"),
        Figure(_moved(came, fixed), e.words.say("figure.week"), "weeks"),
    )


def _authorised(e: Exposure) -> Text:
    looked = sum(one.answered + one.silent > 0 for one in e.inputs.looks)
    return e.words.say(
        "coverage.authorised",
        n=e.inputs.authorised, of=len(e.inputs.names), looked=looked, days=e.inputs.age_days,
    )  # fmt: skip


def _reasons(e: Exposure) -> Iterator[Reason]:
    of = e.words.say("reason.of-register")
    r = Reasons(e.words, source_of(e.words, e.content, of, e.inputs.as_of, e.zone))
    yield r.of("standing", "reason.standing.title")
    yield r.of("late", "sort.late")
    yield r.of("exploited", "reason.exploited.title")
    yield r.of("weeks", "weeks.title")
    yield r.of("coverage", "coverage.title", days=e.inputs.age_days)
    yield r.of("software", "software.title")


def _moved(came: int, fixed: int) -> Text:
    said = f"+{came} / \u2212{fixed}"
    return Text(said, f'<bdi dir="ltr">{said}</bdi>')


def _weeks(e: Exposure) -> Weeks:
    days = [e.words.day(week.ends, e.zone) for week in e.inputs.weeks]
    short = [
        e.words.say("exposure.day", day=local.day, month=e.words.say(f"month.{local.month}"))
        for week in e.inputs.weeks
        for local in (week.ends.astimezone(e.zone),)
    ]
    weeks = list(zip(short, e.inputs.weeks, strict=True))
    return Weeks(
        stood=stacks_of(
            [
                (str(day), ((LATE, w.late), (OPEN, w.open), (ASIDE, w.aside)), ())
                for day, w in weeks
            ],
            e.words.say("exposure.stood-description", n=len(weeks)),
        ),
        moved=stacks_of(
            [(str(day), ((NEW, w.new), (BACK, w.back)), ((FIXED, w.fixed),)) for day, w in weeks],
            e.words.say("exposure.moved-description", n=len(weeks)),
            tall=120,
        ),
        rows=tuple(
            WeekRow(day, w.late, w.open, w.aside, w.new, w.back, w.fixed)
            for day, (_, w) in zip(days, weeks, strict=True)
        )[::-1],
    )


def _severities(e: Exposure) -> Matrix | None:
    count: Counter[tuple[str, str]] = Counter()
    for one in e.inputs.findings:
        count[(one.severity, _heading(one))] += 1
    headings = ("late", "open", "disputed", "accepted", "false-positive")
    rows = [
        ("", e.words.say(f"severity.{severity}"), [count[(severity, h)] for h in headings])
        for severity in _SEVERITIES
    ]
    heads = [e.words.say(f"sort.{heading}") for heading in headings]
    said = e.words.say("exposure.severities-description", n=len(e.inputs.findings))
    return matrix_of(heads, rows, str(said))


def _heading(one: StandingFinding) -> str:
    return one.state if one.sort == "aside" else one.sort


def _coverage(e: Exposure) -> Coverage:
    total: defaultdict[str, int] = defaultdict(int)
    for one in e.inputs.looks:
        for name in ("known", "answered", "silent", "stale", "never"):
            total[name] += getattr(one, name)
    unseen = total["known"] - total["answered"]
    said = [e.words.say("coverage.none")]
    bars: tuple[Bar, ...] = ()
    if total["known"]:
        facts = {"known": total["known"], "days": e.inputs.age_days}
        said = [e.words.say("coverage.seen", n=total["answered"], **facts)]
        if unseen:
            said.append(e.words.say("coverage.unseen", n=unseen))
        parts = ((FIXED, "answered"), (SILENT, "silent"), (LATE, "stale"), (NEVER, "never"))
        cells = [(p, e.words.say(f"look.{w}"), total[w], str(total[w])) for p, w in parts]
        bars = (bar_of(e.words.say("coverage.addresses"), str(total["known"]), cells),)
    return Coverage(tuple(said), bars, str(said[0]))
