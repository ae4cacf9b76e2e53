"""Contradictions: what is claimed, what was seen, and what the institution says to it."""

from dataclasses import dataclass

from cyberposture.reporting.inputs import HeldContradiction
from cyberposture.reporting.plain import LONG, Text, clean
from cyberposture.reporting.view.controls import counts_of
from cyberposture.reporting.view.holds import claim_of, first_sentence
from cyberposture.reporting.view.material import Material


@dataclass(frozen=True, slots=True)
class ContradictionRow:
    """One claim beside what the network shows."""

    code: str
    control: str
    title: str
    claimed: Text
    check: str
    check_title: str
    seen: Text
    opened: str
    state: str
    comment: Text | None
    commented: Text
    step: Text | None


def contradictions_of(m: Material) -> tuple[ContradictionRow, ...]:
    """Return those that the register holds, then those that only the score shows so far."""
    held = list(m.inputs.contradictions)
    known = {(c.control, c.check) for c in held}
    fresh = [
        HeldContradiction("", control, row.check, m.inputs.score.as_of, "open")
        for control in m.inputs.score.result.institution.contradictions
        for row in m.failing(control)
        if (control, row.check) not in known
    ]
    return tuple(_row(m, contradiction) for contradiction in [*held, *fresh])


def _row(m: Material, held: HeldContradiction) -> ContradictionRow:
    rows = {row.check: row for row in m.rows.get(held.control, ())}
    row, check = rows.get(held.check), m.checks.get(held.check)
    step = None
    if check is not None and row is not None and row.fail:
        step = m.words.say("next.repair", remedy=first_sentence(check.remedy))
    return ContradictionRow(
        code=clean(held.code, 64),
        control=held.control,
        title=m.title(held.control),
        claimed=claim_of(m, held.control),
        check=held.check,
        check_title=m.check_title(held.check),
        seen=m.words.say("contradiction.seen-no-more") if row is None else counts_of(m, row),
        opened=m.day(held.opened_at),
        state=m.words.name("contradiction-state", clean(held.state, 40)),
        comment=m.lens.show("own-words", held.comment, LONG),
        commented=_commented(m, held),
        step=step,
    )


def _commented(m: Material, held: HeldContradiction) -> Text:
    if not held.comment:
        return m.words.say("contradiction.not-commented")
    if held.commented_at is None:
        return m.words.say("contradiction.commented")
    return m.words.say("contradiction.commented-on", day=m.day(held.commented_at))
