"""Where each control of a review stands: what must be looked at, by how many, and what is left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.assessments import Review
from cyberposture.model.controls import Catalogue, Tier
from cyberposture.scoring.assemble import is_gate
from cyberposture.scoring.risk import Risk, order_by_risk
from cyberposture.services.scores.basis import Basis
from cyberposture.store import answers, assessments, clarifications, opinions, review_draws
from cyberposture.store.answers import AnswerRevision, ReviewRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.opinions import OpinionRecord, newest_by_part
from cyberposture.store.review_assignments import Part

Stand = Literal["open", "half", "differs", "asked-back", "settled"]
"""Not looked at; one of two looked; two differ; the institution is asked; done."""
Must = Literal["gate", "drawn", "claimed-away", "again"]
"""Why a control is reviewed in any case."""
AGAIN = "to be looked at again"
"""The event with the `controls` whose reviews count no more, because a result was taken back."""


@dataclass(frozen=True)
class Item:
    """One claim in a review: how risky, why it must be reviewed (if so), and where it stands."""

    risk: Risk
    must: tuple[Must, ...]
    stand: Stand
    spoke: frozenset[Part]
    """Whose opinion there is on the answer as it is now."""

    @property
    def control(self) -> str:
        """The control's id."""
        return self.risk.control

    @property
    def is_due(self) -> bool:
        """Whether it keeps the result from being released."""
        return self.stand in ("differs", "asked-back") or (
            bool(self.must) and self.stand != "settled"
        )


def is_like(one: Review, other: Review) -> bool:
    """Return whether two opinions say the same: level, grade, and whether it applies."""
    return (one.level, one.grade, one.approves_not_applicable) == (
        other.level, other.grade, other.approves_not_applicable,
    )  # fmt: skip


def needs_two(catalogue: Catalogue, control: str, tier: Tier) -> bool:
    """Return whether a second reviewer looks at a control too: gates need it."""
    found = catalogue.find(control)
    return found is not None and is_gate(found, tier)


def stand_of(
    answer: AnswerRevision | None,
    review: ReviewRevision | None,
    spoken: Mapping[Part, OpinionRecord],
    *,
    is_gate: bool,
    is_asked: bool,
    since: datetime | None = None,
) -> Stand:
    """Return where one control stands; only what looked at the present answer counts.

    A review from before `since` does not count; opinions from before are left out by the caller.
    """
    revision = 0 if answer is None else answer.revision
    if is_asked:
        return "asked-back"
    counts = review is not None and (since is None or review.act.at > since)
    if review is not None and counts and review.answer_revision == revision:
        return "settled"
    if not is_gate or not spoken:
        return "open"
    first, second = spoken.get("first"), spoken.get("second")
    if first is None or second is None:
        return "half"
    return "settled" if is_like(first.review, second.review) else "differs"


def again_since(connection: Connection, assessment_id: UUID) -> dict[str, datetime]:
    """Return, by control, since when earlier reviews of it count no more."""
    return {
        str(control): event.act.at
        for event in assessments.list_events(connection, assessment_id)
        if event.kind == AGAIN
        for control in (event.details or {}).get("controls", ())
    }


def spoken_of(
    known: Iterable[OpinionRecord], revision: int, since: datetime | None
) -> dict[Part, OpinionRecord]:
    """Return the newest opinion of each part that counts for this revision of the answer."""
    return newest_by_part((one for one in known if since is None or one.act.at > since), revision)


def waiting_for_reply(connection: Connection, assessment: AssessmentRecord) -> frozenset[str]:
    """Return the controls about which the institution is asked and that it still may answer.

    Handing in again ends its turn, whether it replied to everything or not.
    """
    if assessment.state != "clarification":
        return frozenset()
    return clarifications.open_controls(clarifications.list_said(connection, assessment.id))


def list_items(connection: Connection, basis: Basis) -> tuple[Item, ...]:
    """Return every claim of the assessment that `basis` is about, the riskiest first."""
    assessment = basis.assessment
    if assessment is None:
        return ()
    given = answers.list_answers(connection, assessment.id)
    reviews = answers.list_reviews(connection, assessment.id)
    asked = waiting_for_reply(connection, assessment)
    by_control: dict[str, list[OpinionRecord]] = {}
    for one in opinions.list_opinions(connection, assessment.id):
        by_control.setdefault(one.review.control, []).append(one)
    drawn = drawn_controls(connection, basis)
    again = again_since(connection, assessment.id)
    items = []
    for risk in order_by_risk(basis.document, basis.result):
        answer = given.get(risk.control)
        revision = 0 if answer is None else answer.revision
        since = again.get(risk.control)
        spoken = spoken_of(by_control.get(risk.control, ()), revision, since)
        stand = stand_of(
            answer, reviews.get(risk.control), spoken,
            is_gate=risk.is_gate, is_asked=risk.control in asked, since=since,
        )  # fmt: skip
        musts = tuple(_musts(risk, drawn, is_again=since is not None))
        items.append(Item(risk, musts, stand, frozenset(spoken)))
    return tuple(items)


def drawn_controls(connection: Connection, basis: Basis) -> frozenset[str]:
    """Return the controls that chance alone put on the reviewer's table."""
    if basis.assessment is None:
        return frozenset()
    found = review_draws.find_draw(connection, basis.assessment.id)
    frame = () if found is None else found.frame
    return frozenset(
        str(unit["key"]) for unit in frame if unit["is_drawn"] and not unit["is_certain"]
    )


def _musts(risk: Risk, drawn: frozenset[str], *, is_again: bool) -> Iterable[Must]:
    if is_again:
        yield "again"
    if risk.is_gate:
        yield "gate"
    if risk.control in drawn:
        yield "drawn"
    if risk.claimed is None:
        yield "claimed-away"
