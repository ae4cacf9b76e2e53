"""Brings an institution's last answers into a new round, as suggestions that nobody gave yet.

The old answers stay where they are. What comes of each depends on what became of its control.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from cyberposture.content.comparing.books import book_of
from cyberposture.content.comparing.differences import compare
from cyberposture.model.assessments import Answer
from cyberposture.services.assessments.pieces import refresh_answers, use_piece
from cyberposture.services.catalogue.migration import Inherited, inherit
from cyberposture.services.catalogue.pinned import Pinned, get_pinned
from cyberposture.services.register import Change, Register
from cyberposture.store import answering, answers, assessments, rounds
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.evidence_uses import list_uses
from cyberposture.store.layouts import get_layout


def carry_over(
    register: Register, change: Change, opened: AssessmentRecord, pinned: Pinned
) -> None:
    """Suggest what the institution answered last, within the change that opens its assessment.

    The reason kept with each suggestion says where it comes from, and what became of the control.

    Raises:
        NotFound: the edition of the earlier round was never adopted.
        Corrupt: the bytes kept of that edition are damaged.
    """
    connection = change.connection
    last = _last_answered(connection, opened)
    if last is None:
        return
    before = get_pinned(
        register, connection, rounds.get_round(connection, last.round).round.edition
    )
    found = compare(book_of(before.catalogue), book_of(pinned.catalogue))
    # The institution's own words, without what a reviewer saw of its evidence.
    known = answers.list_answers(connection, last.id)
    inherited = inherit(
        found.changes,
        {c: one.answer for c, one in known.items() if not one.is_suggestion},
        _answerable(connection, opened, pinned),
    )
    suggested = inherited.carried | inherited.suggested
    for reason, given in _by_reason(suggested.values(), last.round).items():
        act = replace(change.by, reason=reason)
        answering.record_answers(connection, opened.id, given, act, is_suggestion=True)
    _carry_evidence(change, last, opened, suggested)
    told = {
        "suggested_from": last.round,
        "suggested": {control: list(one.origins) for control, one in sorted(suggested.items())},
        "to_look_at": sorted(inherited.suggested),
        "kept": list(inherited.kept),
    }
    assessments.record_event(connection, opened.id, "answers suggested", change.by, details=told)
    change.tell(**told)


def _carry_evidence(
    change: Change,
    last: AssessmentRecord,
    opened: AssessmentRecord,
    suggested: Mapping[str, Inherited],
) -> None:
    """Let what served the earlier answers serve the suggestions that came of them."""
    serving = defaultdict(list)
    for use in list_uses(change.connection, last.id):
        serving[use.control].append(use.evidence_code)
    for control, one in sorted(suggested.items()):
        for code in {code for origin in one.origins for code in serving[origin]}:
            use_piece(change, opened, control, code)
    refresh_answers(change, opened, sorted(suggested))


def _last_answered(connection: Connection, opened: AssessmentRecord) -> AssessmentRecord | None:
    """Return the institution's last assessment before this one in which it answered anything."""
    known = assessments.list_assessments(connection, institution_id=opened.institution_id)
    places = [one.id for one in known]
    earlier = known[: places.index(opened.id)]
    return next((one for one in reversed(earlier) if one.answered), None)


def _answerable(connection: Connection, opened: AssessmentRecord, pinned: Pinned) -> frozenset[str]:
    """Return the controls asked in the assessment that take an answer."""
    asked = set(get_layout(connection, opened.layout))
    controls = pinned.catalogue.controls
    return frozenset(c.id for c in controls if c.id in asked and c.evidence_mode != "N")


def _by_reason(suggested: Iterable[Inherited], round_code: str) -> dict[str, list[Answer]]:
    """Return the answers by the sentence that says where they come from."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for one in suggested:
        told = f"{' and '.join(one.origins)} in {round_code}: {one.kind}"
        found[f"{told}. {one.why}" if one.why else told].append(one.answer)
    return found
