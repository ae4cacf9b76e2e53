"""The tables of the exposure report: findings, checks, institutions and software."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import get_args
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.model.checks import Checks, Severity
from cyberposture.reporting.exposure_inputs import ExposureInputs, LookedAt, StandingFinding
from cyberposture.reporting.inputs import ContentInputs
from cyberposture.reporting.plain import Text, clean, given
from cyberposture.reporting.told import told_in
from cyberposture.reporting.view.lens import Lens
from cyberposture.reporting.words import Words

LISTED = 60
"""So many rows a table has at most; the page of findings has them all."""
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Exposure:
    """Everything that the parts of this view read."""

    inputs: ExposureInputs
    lens: Lens
    words: Words

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which dates are printed."""
        return find_zone(self.inputs.zone)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of institutions by code."""
        return dict(self.inputs.names)

    @cached_property
    def content(self) -> ContentInputs:
        """The content, in the language of the words."""
        return told_in(self.inputs.content, self.words.language)

    @property
    def checks(self) -> Checks:
        """The checks, in the language of the words."""
        return self.content.checks

    @property
    def shows_names(self) -> bool:
        """Whether institutions may be named."""
        return self.lens.shows("institutions")

    def name(self, code: str) -> Text | None:
        """Return the name of an institution, None where it may not be read."""
        return given(self.names.get(code, code)) if self.shows_names else None

    def day(self, moment: datetime | None) -> str:
        """Return the day of a moment, a dash of none."""
        return "–" if moment is None else self.words.day(moment, self.zone)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One failure that stands."""

    code: str | None
    """None: where it is may not be read."""
    institution: Text | None
    title: str
    severity: str
    severity_word: Text
    place: str | None
    since: str
    due: str
    days_over: Text | None
    """How long its repair clock has been over."""
    state: Text


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check that fails somewhere."""

    check: str
    title: str
    severity: Severity
    severity_word: Text
    findings: int
    institutions: int
    late: int


@dataclass(frozen=True, slots=True)
class HouseRow:
    """One institution: what stands there, and how much of it was looked at."""

    name: Text
    standing: int
    severe: int
    """Critical and high."""
    late: int
    known: int
    answered: int
    silent: int
    stale: int
    never: int
    last: str


@dataclass(frozen=True, slots=True)
class SoftwareRow:
    """One product family."""

    name: Text
    institutions: int
    endpoints: int
    exploited: int
    flawed: int
    unsupported: int


def rows_of(e: Exposure, found: Iterable[StandingFinding], limit: int) -> tuple[FindingRow, ...]:
    """Return findings, the longest over their clocks first; none where no place may be read."""
    if not e.shows_names:
        return ()
    latest = e.inputs.as_of
    ordered = sorted(found, key=lambda one: (one.due or latest, one.opened_at, one.code))
    return tuple(_row(e, one) for one in ordered[:limit])


def _row(e: Exposure, one: StandingFinding) -> FindingRow:
    check = e.checks.find(one.check)
    over = None
    if one.sort == "late" and one.due is not None:
        over = e.words.say("exposure.over", n=max(0, (e.inputs.as_of - one.due).days))
    return FindingRow(
        code=clean(one.code, 64),
        institution=e.name(one.institution),
        title=check.title if check else clean(one.check, 80),
        severity=one.severity,
        severity_word=e.words.say(f"severity.{one.severity}"),
        place=_place(one) if e.lens.shows("addresses") else None,
        since=e.day(one.opened_at),
        due=e.day(one.due),
        days_over=over,
        state=e.words.say(f"sort.{one.state if one.sort == 'aside' else one.sort}"),
    )


def _place(one: StandingFinding) -> str:
    shown = clean(one.address, 80)
    if one.port is None:
        return shown
    host = f"[{shown}]" if ":" in shown else shown
    return f"{host}:{one.port}"


def checks_of(e: Exposure) -> tuple[CheckRow, ...]:
    """Return the checks that fail, the worst severity first, then the widest."""
    by_check: defaultdict[str, list[StandingFinding]] = defaultdict(list)
    for one in e.inputs.findings:
        by_check[one.check].append(one)
    rows = []
    for code, found in by_check.items():
        check = e.checks.find(code)
        severity = check.severity if check else found[0].severity
        rows.append(
            CheckRow(
                check=clean(code, 80),
                title=check.title if check else clean(code, 80),
                severity=severity,
                severity_word=e.words.say(f"severity.{severity}"),
                findings=len(found),
                institutions=len({one.institution for one in found}),
                late=sum(one.sort == "late" for one in found),
            )
        )
    rows.sort(key=lambda r: (_SEVERITIES.index(r.severity), -r.institutions, r.check))
    return tuple(rows[:LISTED])


def houses_of(e: Exposure) -> tuple[HouseRow, ...]:
    """Return the institutions, those with most that is late first; none without names."""
    if not e.shows_names:
        return ()
    count: Counter[tuple[str, str]] = Counter()
    for one in e.inputs.findings:
        count[(one.institution, "standing")] += 1
        count[(one.institution, "severe")] += one.severity in ("critical", "high")
        count[(one.institution, "late")] += one.sort == "late"
    ordered = sorted(
        e.inputs.looks,
        key=lambda one: (
            -count[(one.institution, "late")],
            -count[(one.institution, "standing")],
            one.answered - one.known,
            one.institution,
        ),
    )
    return tuple(_house(e, one, count) for one in ordered)


def _house(e: Exposure, one: LookedAt, count: Counter[tuple[str, str]]) -> HouseRow:
    return HouseRow(
        name=given(e.names.get(one.institution, one.institution)),
        standing=count[(one.institution, "standing")],
        severe=count[(one.institution, "severe")],
        late=count[(one.institution, "late")],
        known=one.known,
        answered=one.answered,
        silent=one.silent,
        stale=one.stale,
        never=one.never,
        last=e.day(one.last),
    )


def software_of(e: Exposure) -> tuple[SoftwareRow, ...]:
    """Return what was seen to run, what attackers use first, then the widest."""
    ordered = sorted(
        e.inputs.software,
        key=lambda s: (-s.exploited, -s.flawed, -s.unsupported, -len(s.institutions), s.name),
    )
    return tuple(
        SoftwareRow(
            given(s.name, 80),
            len(s.institutions),
            s.endpoints,
            s.exploited,
            s.flawed,
            s.unsupported,
        )
        for s in ordered[:LISTED]
    )
