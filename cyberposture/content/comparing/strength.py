"""Which rules of a control changed, and whether it now asks more or less than before.

It reads rules only. What words mean it does not know: a text that asks more is the author's to
declare.
"""

from collections.abc import Iterator

from cyberposture.model.comparison import Comparable, RuleChange
from cyberposture.model.controls import ObservationUse

_ASKED_OF = {"X": 1, "G": 2, "A": 3}
"""How far down a tier reaches: what A is asked, all are asked."""
_SPEAKS = {"S": 1, "R": 2, "C": 3}
"""How much an observation may do to a claim: support it, contradict it, decide it."""
_LOOKED_AT = {"Q": 1, "Q+N": 2}


def rule_changes(old: Comparable, new: Comparable) -> tuple[RuleChange, ...]:
    """Return every rule that is not what it was; what cannot be ordered counts as stronger.

    Whoever answered before looks once more where it is not certain that less is asked. What others
    wrote has no rules, and beside it only words can be compared.
    """
    return () if None in (old.evidence_mode, new.evidence_mode) else tuple(_changes(old, new))


def _change(what: str, old: object, new: object, *, less: bool) -> RuleChange:
    shown = ["none" if side is None else str(side) for side in (old, new)]
    return RuleChange(what=what, old=shown[0], new=shown[1], way="weaker" if less else "stronger")


def _changes(old: Comparable, new: Comparable) -> Iterator[RuleChange]:
    if old.weight != new.weight:
        yield _change("weight", old.weight, new.weight, less=(new.weight or 0) < (old.weight or 0))
    if old.tier != new.tier:
        reach = [_ASKED_OF.get(side or "", 0) for side in (old.tier, new.tier)]
        yield _change("tier", old.tier, new.tier, less=reach[1] < reach[0])
    if old.gate != new.gate:
        reach = [_ASKED_OF.get(side or "", 0) for side in (old.gate, new.gate)]
        yield _change("gate from tier", old.gate, new.gate, less=reach[1] < reach[0])
    if old.evidence_mode != new.evidence_mode:
        modes = [_LOOKED_AT.get(side or "", 0) for side in (old.evidence_mode, new.evidence_mode)]
        # What the network alone decides takes no answer: between it and the others is no order.
        less = 0 not in modes and modes[1] < modes[0]
        yield _change("evidence", old.evidence_mode, new.evidence_mode, less=less)
    if old.evidence_age_days != new.evidence_age_days:
        ages = [old.evidence_age_days, new.evidence_age_days]
        less = None not in ages and (new.evidence_age_days or 0) > (old.evidence_age_days or 0)
        yield _change("evidence age in days", *ages, less=less)
    if old.applies_when != new.applies_when:
        less = old.applies_when is None
        yield _change("applies when", old.applies_when, new.applies_when, less=less)
    yield from _observations(old.observations, new.observations)


def _observations(
    old: tuple[ObservationUse, ...], new: tuple[ObservationUse, ...]
) -> Iterator[RuleChange]:
    before = {use.code: use.direction for use in old}
    after = {use.code: use.direction for use in new}
    for code in sorted(before.keys() | after.keys()):
        sides = before.get(code), after.get(code)
        if sides[0] != sides[1]:
            strength = [_SPEAKS.get(side or "", 0) for side in sides]
            yield _change(f"observation {code}", *sides, less=strength[1] < strength[0])
