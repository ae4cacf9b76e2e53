"""Every control: what is claimed, what was found, and why its points are what they are."""

from dataclasses import dataclass
from typing import Literal

from cyberposture.model.controls import Control
from cyberposture.model.scores import ScoredControl, VerdictRow
from cyberposture.reporting.derivation import say_reasons
from cyberposture.reporting.inputs import EvidencePiece, GivenAnswer, HeldContradiction
from cyberposture.reporting.plain import Text, clean
from cyberposture.reporting.view.frame import shown
from cyberposture.reporting.view.material import Material
from cyberposture.reporting.view.traces import TraceRow, Traces
from cyberposture.scoring.explain import Explanation, explain_control, people
from cyberposture.scoring.points import FULL

FAILURES_IN_A_CONTROL = 3
"""How many failing endpoints a control shows itself; its checks list the others."""
EVIDENCE_SHOWN = 8
REASON = 320
"""How many characters of a reason are shown; the register has the rest."""

Mark = Literal["closed", "contradicted", "open", "out"]
"""Of a control: its gate is closed, its claim contradicted, nothing is wrong, it does not apply."""


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One piece of evidence."""

    title: Text | None
    dates: Text
    sha256: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What one check says to one control."""

    check: str
    title: str
    says: Text
    counts: Text
    has_trace: bool


@dataclass(frozen=True, slots=True)
class ControlCard:
    """One control with its whole derivation."""

    id: str
    title: str
    statement: str
    tags: tuple[Text, ...]
    clauses: Text
    state: Text
    """In one line: what is claimed, and what stands."""
    mark: Mark
    declared: str | None
    verified: str | None
    grade: str | None
    claim: Text
    claim_means: str
    reason: Text | None
    written: Text | None
    evidence: tuple[EvidenceRow, ...]
    more_evidence: int
    review: Text | None
    review_reason: Text | None
    checks: tuple[CheckLine, ...]
    failures: tuple[TraceRow, ...]
    value: Text
    why: tuple[Text, ...]
    command: str
    is_open: bool
    """Something before it links here, so that it is not folded away."""


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """The controls of one domain."""

    id: str
    title: str
    cards: tuple[ControlCard, ...]


def groups_of(m: Material, traces: Traces, linked: frozenset[str]) -> tuple[ControlGroup, ...]:
    """Return every control by domain; those in `linked` are not folded away."""
    groups = []
    for domain in m.inputs.content.catalogue.framework.domains:
        mine = [c for c in m.asked.values() if c.domain == domain.id]
        if mine:
            cards = tuple(_card(m, traces, c, is_open=c.id in linked) for c in mine)
            groups.append(ControlGroup(domain.id, domain.title, cards))
    return tuple(groups)


def _card(m: Material, traces: Traces, asked: ScoredControl, *, is_open: bool) -> ControlCard:
    control = m.controls.get(asked.id)
    score = m.scores[asked.id]
    answer = m.inputs.answers.get(asked.id)
    explained = _explain(m, asked)
    evidence = answer.evidence if answer else ()
    return ControlCard(
        id=asked.id,
        title=m.title(asked.id),
        statement=control.statement if control else "",
        tags=tuple(_tags(m, asked)),
        clauses=_clauses(m, control),
        state=_state(m, asked),
        mark=mark_of(m, asked.id),
        declared=shown(score.declared),
        verified=shown(score.verified),
        grade=score.grade,
        claim=_claim(m, asked),
        claim_means=_meaning(m, asked.id, control),
        reason=None if answer is None else m.lens.show("own-words", answer.reason, REASON),
        written=None if answer is None else _written(m, answer),
        evidence=tuple(_evidence(m, piece) for piece in evidence[:EVIDENCE_SHOWN]),
        more_evidence=max(0, len(evidence) - EVIDENCE_SHOWN),
        review=_review(m, asked.id),
        review_reason=_review_reason(m, asked.id),
        checks=tuple(_check_line(m, row) for row in m.rows.get(asked.id, ())),
        failures=_failures(m, traces, asked.id),
        value=m.words.say(
            "card.value",
            points="–" if score.verified is None else people(score.verified),
            full=FULL // 100,
            weight=asked.weight,
        ),
        why=say_reasons(m.words, explained.reasons),
        command=_command(m, asked.id),
        is_open=is_open,
    )


def _explain(m: Material, asked: ScoredControl) -> Explanation:
    """Return the derivation of one control, from its own part of the document alone."""
    # The whole document would be searched for every one of its controls.
    claim = m.claims.get(asked.id)
    part = m.inputs.score.document.model_copy(
        update={
            "controls": (asked,),
            "answers": () if claim is None else (claim,),
            "verdicts": m.rows.get(asked.id, ()),
        }
    )
    score = m.inputs.score.result.model_copy(update={"controls": (m.scores[asked.id],)})
    return explain_control(part, score, asked.id)


def _tags(m: Material, asked: ScoredControl) -> list[Text]:
    tags = [m.words.say("tag.weight", n=asked.weight)]
    if asked.gate:
        state = m.gates.get(asked.id)
        tags.append(m.words.say(f"tag.gate-{state}") if state else m.words.say("tag.gate-out"))
    tags.append(m.words.say(f"tag.evidence-{asked.evidence.lower().replace('+', '')}"))
    return tags


def _clauses(m: Material, control: Control | None) -> Text:
    if control is None:
        return m.words.say("card.unknown-control")
    clauses = list(dict.fromkeys(source.clause for source in control.sources))
    return m.words.say("card.clauses", n=len(clauses), clauses=m.words.codes(clauses))


def mark_of(m: Material, control: str) -> Mark:
    """Return how a control that is asked stands, in one word for its card or row."""
    score = m.scores[control]
    if not score.applicable:
        return "out"
    if control in m.closed_gates:
        return "closed"
    return "contradicted" if score.contradiction else "open"


def _state(m: Material, asked: ScoredControl) -> Text:
    score = m.scores[asked.id]
    if not score.applicable:
        return m.words.say("state.out")
    if score.verified is None:
        return m.words.say("state.not-assessed")
    points = shown(score.verified)
    if asked.evidence == "N":
        return m.words.say("state.network", points=points)
    if score.declared is None:
        return m.words.say("state.claimed-away", points=points)
    return m.words.say(
        "state.points", declared=shown(score.declared), points=points, grade=score.grade
    )


def _claim(m: Material, asked: ScoredControl) -> Text:
    claim = m.claims.get(asked.id)
    if claim is not None and claim.not_applicable is not None:
        return m.words.say(f"claim.{claim.not_applicable}")
    if asked.evidence == "N":
        return m.words.say("claim.network")
    if claim is None or claim.level is None:
        return m.words.say("claim.unanswered")
    return m.words.say("claim.level", n=claim.level, level=m.words.say(f"level.{claim.level}"))


def _meaning(m: Material, control_id: str, control: Control | None) -> str:
    """Return what the claimed level means here, in the control's own words."""
    claim = m.claims.get(control_id)
    if claim is None or claim.level is None or control is None or control.levels is None:
        return ""
    levels = control.levels
    return (levels.absent, levels.part, levels.whole, levels.reviewed)[claim.level]


def _written(m: Material, answer: GivenAnswer) -> Text | None:
    if answer.at is None:
        return None
    actor = m.lens.show("people", answer.actor)
    if actor is None:
        return m.words.say("card.answered-on", day=m.day(answer.at))
    return m.words.say("card.answered-by", actor=actor, day=m.day(answer.at))


def _evidence(m: Material, piece: EvidencePiece) -> EvidenceRow:
    dated = m.words.day(piece.dated, m.zone)
    if piece.expires is None:
        dates = m.words.say("evidence.dated", day=dated)
    else:
        expires = m.words.day(piece.expires, m.zone)
        dates = m.words.say("evidence.dated-until", day=dated, end=expires)
    return EvidenceRow(
        title=m.lens.show("own-words", piece.title, 120),
        dates=dates,
        sha256=clean(piece.sha256 or "", 64),
    )


def _review(m: Material, control: str) -> Text | None:
    review = m.inputs.reviews.get(control)
    if review is None:
        return None
    who = m.lens.show("people", review.actor) or m.words.say("card.a-reviewer")
    day = m.day(review.at)
    if review.approves_not_applicable:
        return m.words.say("card.approved-out", who=who, day=day)
    level = m.words.say("level.none" if review.level is None else f"level.{review.level}")
    return m.words.say("card.reviewed", who=who, day=day, level=level, grade=review.grade or "–")


def _review_reason(m: Material, control: str) -> Text | None:
    review = m.inputs.reviews.get(control)
    return None if review is None else m.lens.show("own-words", review.reason, REASON)


def _check_line(m: Material, row: VerdictRow) -> CheckLine:
    return CheckLine(
        check=row.check,
        title=m.check_title(row.check),
        says=m.words.say(f"direction.{row.direction}"),
        counts=counts_of(m, row),
        has_trace=row.check in m.inputs.verdicts,
    )


def counts_of(m: Material, row: VerdictRow) -> Text:
    """Return how many endpoints stand where, in one line."""
    parts = (
        ("fail", row.fail),
        ("fresh", row.fresh),
        ("inconclusive", row.inconclusive),
        ("not-tested", row.not_tested),
        ("pass", row.passed),
    )
    said = [m.words.say(f"verdicts.{name}", n=number) for name, number in parts if number]
    return m.words.listed(said) if said else m.words.say("verdicts.no-endpoint")


def _failures(m: Material, traces: Traces, control: str) -> tuple[TraceRow, ...]:
    """Return the first failing endpoints of a control, wherever its checks found them."""
    found = [
        trace
        for row in m.failing(control)
        if (saw := traces.by_check.get(row.check)) is not None
        for trace in saw.rows
        if trace.verdict == "fail"
    ]
    return tuple(found[:FAILURES_IN_A_CONTROL])


def _command(m: Material, control: str) -> str:
    if not m.is_named:
        return ""
    return f"cyberposture score explain {control} --institution {m.inputs.institution.code}"


def linked_controls(m: Material, contradictions: tuple[HeldContradiction, ...]) -> frozenset[str]:
    """Return the controls to which the first pages of the report link."""
    linked = {*m.closed_gates, *m.inputs.score.result.institution.contradictions}
    linked.update(contradiction.control for contradiction in contradictions)
    for step in m.inputs.steps:
        linked.update(step.controls)
    return frozenset(linked)
