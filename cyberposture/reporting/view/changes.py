"""What changed since the previous score, and because of what: answers, network or rules."""

from dataclasses import dataclass

from cyberposture.model.scores import ControlScore, ScoreDocument
from cyberposture.reporting.inputs import FindingChange, SeenFinding, TakenScore
from cyberposture.reporting.plain import Text, clean, given, tenths
from cyberposture.reporting.view.frame import Band, Difference, band_of, by, difference, shown
from cyberposture.reporting.view.material import Material
from cyberposture.scoring.attribution import attribute, share_out
from cyberposture.scoring.rollup import gate_states, is_held

MOVED = 10
"""How many controls that moved are listed."""
LISTED = 60
"""How many changed findings are listed one by one."""


@dataclass(frozen=True, slots=True)
class MovedControl:
    """A control whose verified points changed."""

    control: str
    title: str
    before: str | None
    after: str | None
    change: Difference | None
    because: str


@dataclass(frozen=True, slots=True)
class ChangedFinding:
    """What became of one finding."""

    what: str
    title: str
    check: str
    endpoint: str | None
    day: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that is different from the previous time."""

    title: Text
    band_before: Band
    band_after: Band
    before: str | None
    after: str | None
    verified: Difference | None
    gates_opened: tuple[str, ...]
    gates_closed: tuple[str, ...]
    moved: tuple[MovedControl, ...]
    more_moved: int
    shares: tuple[tuple[str, Difference], ...]
    """What the difference comes of, in words; the points add up to it as it is printed."""
    findings: tuple[Text, ...]
    """How many were opened, closed, reopened, in words."""
    listed: tuple[ChangedFinding, ...]
    more_listed: int


def changes_of(m: Material) -> Changes | None:
    """Return what changed; None where there is nothing to compare with."""
    previous = m.inputs.previous
    if previous is None:
        return None
    before, after = previous.result.institution, m.inputs.score.result.institution
    closed_before = _closed(previous)
    closed_now = _closed(m.inputs.score)
    moved = _moved(m, previous)
    listed = _findings(m)
    return Changes(
        title=given(previous.title or m.day(previous.as_of)),
        band_before=band_of(m.words, previous.document.parameters, before.band),
        band_after=band_of(m.words, m.parameters, after.band),
        before=shown(before.verified),
        after=shown(after.verified),
        verified=difference(after.verified, before.verified),
        gates_opened=tuple(sorted((closed_before - closed_now) & m.scores.keys())),
        gates_closed=tuple(sorted(closed_now - closed_before)),
        moved=tuple(_moved_control(m, previous, *pair) for pair in moved[:MOVED]),
        more_moved=max(0, len(moved) - MOVED),
        shares=_shares(m, previous),
        findings=tuple(
            m.words.say(f"changes.{what}", n=count)
            for what in ("opened", "closed", "reopened")
            if (count := sum(change.what == what for change in m.inputs.changes))
        ),
        listed=tuple(listed[:LISTED]),
        more_listed=max(0, len(listed) - LISTED),
    )


def _shares(m: Material, previous: TakenScore) -> tuple[tuple[str, Difference], ...]:
    """Return what each cause changed of the verified score, in tenths that add up."""
    found = attribute(previous.document, m.inputs.score.document, by_item=False)
    if found.before is None or found.after is None:
        return ()
    causes = {part.cause: part.points / 10 for part in found.parts if part.points}
    whole = (tenths(found.after) or 0) - (tenths(found.before) or 0)
    shared = share_out(causes, whole if causes else 0)
    return tuple((m.words.say(f"cause.{cause}"), by(change)) for cause, change in shared.items())


def _closed(taken: TakenScore) -> set[str]:
    """Return the gates that held the band, each judged as one gate would be by itself."""
    states = gate_states(taken.document, taken.result.controls)
    overdue = taken.document.observation_overdue
    return {c for c, state in states.items() if is_held([state], observation_overdue=overdue)}


def _moved(m: Material, previous: TakenScore) -> list[tuple[ControlScore, ControlScore]]:
    """Return the scores, then and now, of the controls that moved, the weightiest change first."""
    earlier = {score.id: score for score in previous.result.controls}
    moved = []
    for control, score in m.scores.items():
        old = earlier.get(control)
        if old is None or old.verified == score.verified:
            continue
        weight = m.asked[control].weight * abs((score.verified or 0) - (old.verified or 0))
        moved.append((-weight, control, (old, score)))
    return [pair for _, _, pair in sorted(moved, key=lambda entry: entry[:2])]


def _moved_control(
    m: Material, previous: TakenScore, old: ControlScore, new: ControlScore
) -> MovedControl:
    return MovedControl(
        control=new.id,
        title=m.title(new.id),
        before=shown(old.verified),
        after=shown(new.verified),
        change=difference(new.verified, old.verified),
        because=m.words.listed(
            [m.words.say(f"because.{cause}") for cause in _causes(m, previous.document, new.id)]
        ),
    )


def _causes(m: Material, earlier: ScoreDocument, control: str) -> list[str]:
    now = m.inputs.score.document
    causes = []
    if _answer(earlier, control) != _answer(now, control):
        causes.append("answers")
    if _rows(earlier, control) != _rows(now, control):
        causes.append("network")
    if earlier.parameters != now.parameters or _rule(earlier, control) != _rule(now, control):
        causes.append("rules")
    return causes


def _answer(document: ScoreDocument, control: str) -> object:
    return next((answer for answer in document.answers if answer.control == control), None)


def _rows(document: ScoreDocument, control: str) -> object:
    return sorted((row for row in document.verdicts if row.control == control), key=str)


def _rule(document: ScoreDocument, control: str) -> object:
    return next((rule for rule in document.controls if rule.id == control), None)


def _findings(m: Material) -> list[ChangedFinding]:
    known = {finding.code: finding for finding in m.inputs.findings}
    pairs = [(change, known[change.code]) for change in m.inputs.changes if change.code in known]
    order = ("reopened", "opened", "closed")
    pairs.sort(key=lambda pair: (order.index(pair[0].what), -pair[0].at.timestamp(), pair[0].code))
    return [_changed_finding(m, change, finding) for change, finding in pairs]


def _changed_finding(m: Material, change: FindingChange, finding: SeenFinding) -> ChangedFinding:
    return ChangedFinding(
        what=m.words.say(f"change.{change.what}"),
        title=m.check_title(finding.check),
        check=finding.check,
        endpoint=m.endpoint(clean(finding.address), finding.protocol, finding.port)
        if m.lens.shows("addresses")
        else None,
        day=m.day(change.at),
    )
