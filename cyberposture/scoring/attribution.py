"""Why one score is not another: the difference shared out over what differs, to the last point.

Two documents differ in their parameters, in the controls that are asked, in weights, answers,
evidence, reviews, or in what the network shows. Each of these gets Shapley's value: the mean of
what it changes over all orders in which they could have come about. The values are fractions that
add up to the difference exactly, and none depends on an order that somebody chose.

Source: L. S. Shapley, A Value for n-Person Games, in Contributions to the Theory of Games II,
Princeton University Press, 1953.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import factorial
from typing import Literal, TypeVar, get_args

from cyberposture.model.assessments import NotApplicable, OwnGrade
from cyberposture.model.scores import (
    VERSION,
    ScoredAnswer,
    ScoredControl,
    ScoredDomain,
    ScoreDocument,
    ScoredReview,
    ScoreParameters,
    VerdictRow,
)
from cyberposture.scoring.rollup import compute

Cause = Literal["parameters", "controls", "weights", "answers", "evidence", "reviews", "network"]
Name = TypeVar("Name", bound=str)
CAUSES: tuple[Cause, ...] = get_args(Cause)
IN_POINTS = (
    "values",
    "factors",
    "contradicted_cap",
    "share_cap",
    "support_value",
    "observed_floor",
)
"""The parameters that points are made with; the others make bands of them."""
TOGETHER = ""
"""The item that stands for what a cause changes only in company with others."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause changes, in basis points, and what of it single items change.

    Items are controls, checks or names of parameters. Each is what it changes when those before it
    (in the order of their names) have been changed already; `TOGETHER` is the rest.
    """

    cause: Cause
    points: Fraction
    items: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Two verified scores in basis points, and why they differ; the parts add up to `change`.

    A score that is None counts as 0.
    """

    before: int | None
    after: int | None
    change: int
    parts: tuple[Part, ...]
    """Of each cause that differs, in the order of CAUSES, those that change nothing too."""


def attribute(before: ScoreDocument, after: ScoreDocument, *, by_item: bool = True) -> Attribution:
    """Return the difference of two verified scores, shared out over what differs.

    Without `by_item` the causes alone are told, which takes less time.
    """
    pair = _Pair(_taken_apart(before), _taken_apart(after))
    different = [cause for cause in CAUSES if pair.differs(cause)]
    worth = {
        chosen: pair.verified(frozenset(chosen))
        for size in range(len(different) + 1)
        for chosen in combinations(different, size)
    }
    first, last = compute(before).institution.verified, compute(after).institution.verified
    parts = []
    for cause in different:
        points = _shapley(cause, different, worth)
        items = tuple(_items(pair, cause)) if by_item else ()
        rest = points - sum((number for _, number in items), Fraction(0))
        told = tuple(item for item in items if item[1])
        told = (*told, (TOGETHER, rest)) if rest and by_item else told
        parts.append(Part(cause, points, told))
    return Attribution(first, last, (last or 0) - (first or 0), tuple(parts))


def _shapley(
    cause: Cause, different: list[Cause], worth: Mapping[tuple[Cause, ...], int]
) -> Fraction:
    """Return the mean of what a cause adds, over all orders of those that differ."""
    others = [one for one in different if one != cause]
    value = Fraction(0)
    for size in range(len(others) + 1):
        orders = Fraction(
            factorial(size) * factorial(len(others) - size), factorial(len(different))
        )
        for chosen in combinations(others, size):
            joined = tuple(one for one in different if one == cause or one in chosen)
            value += orders * (worth[joined] - worth[chosen])
    return value


def share_out(parts: Mapping[Name, Fraction], whole: int) -> dict[Name, int]:
    """Return whole numbers near the parts that add up to `whole`, the largest remainders first."""
    floors = {name: part.__floor__() for name, part in parts.items()}
    missing = whole - sum(floors.values())
    order = sorted(parts, key=lambda name: (floors[name] - parts[name], name))
    if not order:
        return floors
    each, more = divmod(missing, len(order))
    return {n: floors[n] + each + (order.index(n) < more) for n in parts}


# One document, taken apart so that pieces of two can be put together.

Claim = tuple[int | None, NotApplicable | None]
Opinion = tuple[ScoredReview | None, bool]
"""A reviewer's own level, and whether it was approved that the control does not apply."""


@dataclass(frozen=True)
class _Pieces:
    """The pieces of one document, by control where they are about one."""

    parameters: ScoreParameters
    domains: dict[str, ScoredDomain]
    controls: dict[str, ScoredControl]
    left_out: frozenset[str]
    """Whose condition is false."""
    claims: dict[str, Claim]
    grades: dict[str, OwnGrade]
    opinions: dict[str, Opinion]
    rows: dict[tuple[str, str], VerdictRow]
    overdue: bool


def _taken_apart(document: ScoreDocument) -> _Pieces:
    answers = [one for one in document.answers if one.not_applicable != "condition"]
    return _Pieces(
        parameters=document.parameters,
        domains={one.id: one for one in document.domains},
        controls={one.id: one for one in document.controls},
        left_out=frozenset(
            one.control for one in document.answers if one.not_applicable == "condition"
        ),
        claims={
            one.control: (one.level, "claimed" if one.not_applicable else None) for one in answers
        },
        grades={one.control: one.grade for one in answers if one.grade != "E0"},
        opinions={
            one.control: (one.review, one.not_applicable == "approved")
            for one in answers
            if one.review is not None or one.not_applicable == "approved"
        },
        rows={(row.control, row.check): row for row in document.verdicts},
        overdue=document.observation_overdue,
    )


Keys = dict[str, object]


@dataclass(frozen=True)
class _Pair:
    """Two documents taken apart: pieces of the second can stand in the first."""

    before: _Pieces
    after: _Pieces

    def differs(self, cause: Cause) -> bool:
        """Return whether the documents differ in this."""
        return any(True for _ in self.items(cause))

    def items(self, cause: Cause) -> Iterator[str]:
        """Yield what differs of this cause, in the order of names."""
        before, after = self._told(self.before, cause), self._told(self.after, cause)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield name

    def _told(self, pieces: _Pieces, cause: Cause) -> Keys:
        match cause:
            case "parameters":
                numbers = pieces.parameters.model_dump()
                return {name: numbers[name] for name in IN_POINTS}
            case "controls":
                uses: dict[str, list[tuple[str, str, str]]] = {}
                for control, check in sorted(self.before.rows.keys() & self.after.rows.keys()):
                    row = pieces.rows[control, check]
                    uses.setdefault(control, []).append((check, row.direction, row.rollup))
                return {
                    name: (one.domain, one.evidence, name in pieces.left_out, uses.get(name))
                    for name, one in pieces.controls.items()
                }
            case "weights":
                common = self.before.controls.keys() & self.after.controls.keys()
                weights: Keys = {name: pieces.controls[name].weight for name in common}
                domains = self.before.domains.keys() & self.after.domains.keys()
                return weights | {name: pieces.domains[name].factor_pct for name in domains}
            case "answers":
                return {
                    name: claim
                    for name, claim in pieces.claims.items()
                    if claim != (None, None) and name in self.common
                }
            case "evidence":
                return {name: one for name, one in pieces.grades.items() if name in self.common}
            case "reviews":
                return {name: one for name, one in pieces.opinions.items() if name in self.common}
            case "network":
                checks: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
                for (control, check), row in sorted(pieces.rows.items()):
                    if control in self.common:
                        seen = (row.passed, row.fail, row.fresh, row.inconclusive, row.not_tested)
                        checks.setdefault(check, []).append((control, seen))
                return dict(checks)

    @cached_property
    def common(self) -> frozenset[str]:
        """The controls that both documents ask: what is said of others came with being asked."""
        asked = (one.controls.keys() - one.left_out for one in (self.before, self.after))
        return frozenset.intersection(*map(frozenset, asked))

    def asking(self, control: str) -> _Pieces:
        """Return the document that asks a control which the other does not."""
        is_asked = control in self.after.controls and control not in self.after.left_out
        return self.after if is_asked else self.before

    def verified(
        self, chosen: frozenset[Cause], only: Mapping[Cause, frozenset[str]] | None = None
    ) -> int:
        """Return the verified score with the chosen causes taken from the second document.

        Of a cause in `only`, these items alone are taken.
        """
        return compute(_Mixed(self, chosen, only or {}).document()).institution.verified or 0


@dataclass(frozen=True)
class _Mixed:
    """The first document with some of the pieces of the second."""

    pair: _Pair
    chosen: frozenset[Cause]
    only: Mapping[Cause, frozenset[str]]

    def _of(self, cause: Cause, item: str) -> _Pieces:
        """Return the document from which an item of a cause is taken."""
        some = self.only.get(cause)
        is_taken = item in some if some is not None else cause in self.chosen
        return self.pair.after if is_taken else self.pair.before

    def _said(self, cause: Cause, control: str) -> _Pieces:
        """Return the document from which it is taken what is said of a control."""
        if control in self.pair.common:
            return self._of(cause, control)
        return self.pair.asking(control)

    def document(self) -> ScoreDocument:
        """Return what is put together; it is as sound as both documents are."""
        controls = self._controls()
        names = {one.id for one in controls}
        domains = sorted({one.domain for one in controls})
        modes = {one.id: one.evidence for one in controls}
        # Checked already: each piece stood in a document that was, and fits where it is put.
        return ScoreDocument.model_construct(
            scoring=VERSION,
            parameters=self._parameters(),
            observation_overdue=self.pair.before.overdue,
            domains=tuple(self._domain(name) for name in domains),
            controls=tuple(controls),
            answers=tuple(
                one for name in sorted(names) if (one := self._answer(name, modes[name]))
            ),
            verdicts=tuple(self._rows(modes)),
        )

    def _parameters(self) -> ScoreParameters:
        before, after = self.pair.before.parameters, self.pair.after.parameters
        some = self.only.get("parameters")
        if some is None:
            return after if "parameters" in self.chosen else before
        taken = {name: getattr(after, name) for name in some}
        return before.model_copy(update=taken)

    def _use(self, row: VerdictRow) -> VerdictRow:
        """Return a row in the direction in which the controls' document reads its check."""
        ruled = self._of("controls", row.control).rows.get((row.control, row.check))
        if ruled is None or (ruled.direction, ruled.rollup) == (row.direction, row.rollup):
            return row
        return row.model_copy(update={"direction": ruled.direction, "rollup": ruled.rollup})

    def _controls(self) -> list[ScoredControl]:
        found = []
        pair = self.pair
        for name in sorted(pair.before.controls.keys() | pair.after.controls.keys()):
            control = self._of("controls", name).controls.get(name)
            if control is None:
                continue
            weighed = self._of("weights", name).controls.get(name, control)
            is_same = weighed.weight == control.weight
            update = {"weight": weighed.weight}
            found.append(control if is_same else control.model_copy(update=update))
        return found

    def _domain(self, name: str) -> ScoredDomain:
        found = self._of("weights", name).domains.get(name)
        if found is None:
            found = self.pair.after.domains.get(name) or self.pair.before.domains[name]
        return found

    def _answer(self, name: str, mode: str) -> ScoredAnswer | None:
        if name in self._of("controls", name).left_out:
            return ScoredAnswer(
                control=name, level=None, not_applicable="condition", grade="E0", review=None
            )
        claim = self._said("answers", name).claims.get(name)
        opinion = self._said("reviews", name).opinions.get(name)
        if mode == "N" or (claim is None and opinion is None):
            return None
        level, claimed = claim or (None, None)
        review, approves = opinion or (None, False)
        grade = self._said("evidence", name).grades.get(name, "E0")
        if claimed and approves:
            return ScoredAnswer(
                control=name, level=None, not_applicable="approved", grade=grade, review=None
            )
        return ScoredAnswer(
            control=name, level=level, not_applicable=claimed, grade=grade, review=review
        )

    def _rows(self, modes: Mapping[str, str]) -> Iterator[VerdictRow]:
        for key in sorted(self.pair.before.rows.keys() | self.pair.after.rows.keys()):
            is_common = key[0] in self.pair.common
            source = self._of("network", key[1]) if is_common else self.pair.asking(key[0])
            seen = source.rows.get(key)
            row = None if seen is None else self._use(seen)
            if row is None or modes.get(row.control, "Q") == "Q":
                continue
            if modes[row.control] == "N" and row.direction == "R":
                continue
            yield row


def _items(pair: _Pair, cause: Cause) -> Iterator[tuple[str, Fraction]]:
    """Yield what each item of a cause changes, those before it being changed already."""
    done: frozenset[str] = frozenset()
    worth = pair.verified(frozenset(), {cause: done})
    for name in pair.items(cause):
        done |= {name}
        now = pair.verified(frozenset(), {cause: done})
        yield name, Fraction(now - worth)
        worth = now
