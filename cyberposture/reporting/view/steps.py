"""What to do first: the ranked steps in words, each with its gain and how it is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cyberposture.model.scores import InstitutionScore
from cyberposture.reporting.plain import Text
from cyberposture.reporting.view.frame import Band, band_of
from cyberposture.reporting.view.holds import first_sentence
from cyberposture.reporting.view.material import Material
from cyberposture.scoring.explain import people
from cyberposture.scoring.plan import Kind, Step, follow

_WHO: Final[Mapping[Kind, str]] = {
    "level": "institution", "document": "institution", "repair": "institution",
    "examine": "reviewer", "settle": "reviewer", "observe": "both",
}  # fmt: skip
"""Who takes a step."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One improvement."""

    controls: tuple[str, ...]
    title: str
    """Of its control; empty where it is about several."""
    says: Text
    gain: str
    reached: str
    """The verified score once this step and all before it were taken."""
    band: Band | None
    """The band then, where it is another than before the step."""
    who: Text
    opens: tuple[str, ...]
    how: Text | None
    href: str
    """Where the rest stands: the check's remedy, or the control."""


@dataclass(frozen=True, slots=True)
class PlanEnd:
    """Where the institution stands once all the steps were taken, and what they leave."""

    says: Text
    band: Band
    closed: tuple[str, ...]
    """The gates that no step here opens."""
    unknown: tuple[str, ...]
    """The gates that only the network can open, and that nobody saw."""
    contradicted: tuple[str, ...]
    """The contradicted claims that no step here touches."""


def plan_end_of(m: Material) -> PlanEnd | None:
    """Return what the steps lead to; None where there are none."""
    reached = follow(m.inputs.score.document, m.inputs.steps)
    if not reached:
        return None
    last, before = reached[-1], m.inputs.score.result.institution
    key = "same" if last.band == before.band else "other"
    band = band_of(m.words, m.parameters, last.band)
    return PlanEnd(
        says=m.words.say(f"plan.band-{key}", n=len(reached), points=people(last.verified)),
        band=band,
        closed=last.gates_holding,
        unknown=last.gates_unknown,
        contradicted=last.contradictions,
    )


def steps_of(m: Material) -> tuple[StepRow, ...]:
    """Return the steps in the order in which they were ranked."""
    now = m.inputs.score.result.institution
    reached = follow(m.inputs.score.document, m.inputs.steps)
    before = (now, *reached)
    return tuple(
        _step(m, step, *pair) for step, *pair in zip(m.inputs.steps, before, reached, strict=False)
    )


def _step(m: Material, step: Step, before: InstitutionScore, after: InstitutionScore) -> StepRow:
    level = "" if step.level is None else m.words.say(f"level.{step.level}")
    places = _places(m)
    checks = [m.failure(check, places.get(check, 1)) for check in step.checks]
    says = m.words.say(
        f"step.{step.kind}", level=level, checks=_one_by_one(m, checks), n=len(checks)
    )
    # A gain too small for the one decimal that is shown is still a gain.
    small = 0 < step.gain < 10
    return StepRow(
        controls=step.controls,
        title=m.title(step.controls[0]) if len(step.controls) == 1 else "",
        says=says,
        gain=m.words.say("step.small-gain") if small else f"+{people(step.gain)}",
        reached=people(after.verified),
        band=None if after.band == before.band else band_of(m.words, m.parameters, after.band),
        who=m.words.say(f"step.who-{_WHO[step.kind]}"),
        opens=step.opens,
        how=_how(m, step),
        href=_href(m, step),
    )


def _places(m: Material) -> dict[str, int]:
    """Return in how many places each check fails."""
    return {row.check: row.fail for rows in m.rows.values() for row in rows}


def _one_by_one(m: Material, said: list[str]) -> Text:
    """Return whole sentences as one enumeration."""
    if not said:
        return Text("", "")
    found = m.words.say("list.first", item=said[0])
    for item in said[1:]:
        found = m.words.say("step.and", before=found, item=item)
    return found


def _href(m: Material, step: Step) -> str:
    traced = [check for check in step.checks if check in m.inputs.verdicts]
    if step.kind == "repair" and traced:
        return f"#saw-{traced[0]}"
    return f"#why-{step.controls[0]}"


def _how(m: Material, step: Step) -> Text | None:
    """Return how the step is done, from the content; None where the content says nothing."""
    if step.kind in ("repair", "observe"):
        check = m.checks.get(step.checks[0]) if step.checks else None
        text = check.remedy if check is not None and step.kind == "repair" else ""
    else:
        control = m.controls.get(step.controls[0])
        if control is None:
            return None
        if step.kind == "level" and control.levels is not None:
            levels = control.levels
            text = (levels.absent, levels.part, levels.whole, levels.reviewed)[step.level or 0]
        else:
            text = control.evidence[0].what if control.evidence and step.kind == "document" else ""
    return m.words.say("step.how", how=m.words.apart(first_sentence(text))) if text else None
