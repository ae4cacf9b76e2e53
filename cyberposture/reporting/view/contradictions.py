"""Contradictions: what is claimed, what was seen, and what reviewer and institution say to it."""

from collections import defaultdict
from dataclasses import dataclass

from cyberposture.reporting.inputs import HeldContradiction
from cyberposture.reporting.plain import LONG, Text, clean
from cyberposture.reporting.view.controls import counts_of
from cyberposture.reporting.view.holds import claim_of, first_sentence
from cyberposture.reporting.view.material import Material


@dataclass(frozen=True, slots=True)
class Against:
    """What one check shows against a claim."""

    code: str
    check: str
    shows: str
    """What is wrong, as a sentence."""
    seen: Text
    """In how many places."""
    opened: str
    state: str
    comment: Text | None
    commented: Text
    step: Text | None


@dataclass(frozen=True, slots=True)
class ContradictionRow:
    """One claim beside all that the network shows against it."""

    control: str
    title: str
    claimed: Text
    review: Text | None
    """What a reviewer wrote of it."""
    against: tuple[Against, ...]


def contradictions_of(m: Material) -> tuple[ContradictionRow, ...]:
    """Return one row a claim: those that the register holds, then what only the score shows."""
    held = list(m.inputs.contradictions)
    known = {(c.control, c.check) for c in held}
    fresh = [
        HeldContradiction("", control, row.check, m.inputs.score.as_of, "open")
        for control in m.inputs.score.result.institution.contradictions
        for row in m.failing(control)
        if (control, row.check) not in known
    ]
    claims: defaultdict[str, list[HeldContradiction]] = defaultdict(list)
    for one in [*held, *fresh]:
        claims[one.control].append(one)
    return tuple(_row(m, control, found) for control, found in claims.items())


def _row(m: Material, control: str, found: list[HeldContradiction]) -> ContradictionRow:
    review = m.inputs.reviews.get(control)
    return ContradictionRow(
        control=control,
        title=m.title(control),
        claimed=claim_of(m, control),
        review=m.lens.show("own-words", review.reason, LONG) if review else None,
        against=tuple(_against(m, held) for held in found),
    )


def _against(m: Material, held: HeldContradiction) -> Against:
    rows = {row.check: row for row in m.rows.get(held.control, ())}
    row, check = rows.get(held.check), m.checks.get(held.check)
    fails = row is not None and row.fail > 0
    step = None
    if check is not None and fails:
        step = m.words.say("next.repair", remedy=m.words.apart(first_sentence(check.remedy)))
    return Against(
        code=clean(held.code, 64),
        check=held.check,
        shows=m.failure(held.check, row.fail if row is not None and fails else 1),
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
