"""Sets clauses, controls and checks side by side, and our controls beside those of neighbours.

It shows what is spoken of and where nothing is; it judges no institution.
"""

from collections import defaultdict
from dataclasses import dataclass

from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue, Clause


@dataclass(frozen=True)
class Trace:
    """One clause with everything that follows from it, each as ids in order.

    `unwatched` are observation codes that its controls name and no check looks for.
    """

    clause: Clause
    controls: tuple[str, ...]
    checks: tuple[str, ...]
    indicators: tuple[str, ...]
    unwatched: tuple[str, ...]

    @property
    def gap(self) -> str | None:
        """What is missing for a clause of this level, or None."""
        if self.clause.level in ("Q", "Q+N") and not self.controls:
            return "no control"
        if self.clause.level == "Q+N" and not self.checks:
            return "no check"
        return None


@dataclass(frozen=True)
class Beside:
    """How far we and a neighbouring framework speak of each other's controls.

    `theirs` are its ids that a control of ours is set beside, of `size` in all.
    """

    framework: str
    ours: int
    of_ours: int
    theirs: tuple[str, ...]
    size: int
    relations: dict[str, int]


def trace(catalogue: Catalogue, checks: Checks) -> tuple[Trace, ...]:
    """Return every clause, in the policy's order, with what follows from it."""
    by_code: dict[str, list[str]] = defaultdict(list)
    for check in checks.checks:
        by_code[check.observation].append(check.id)
    found = []
    for clause in catalogue.clauses:
        controls = [
            control
            for control in catalogue.controls
            if clause.id in {source.clause for source in control.sources}
        ]
        codes = sorted({use.code for control in controls for use in control.observations})
        found.append(
            Trace(
                clause=clause,
                controls=tuple(control.id for control in controls),
                checks=tuple(sorted({c for code in codes for c in by_code[code]})),
                indicators=tuple(i.id for i in catalogue.indicators if clause.id in i.clauses),
                unwatched=tuple(code for code in codes if not by_code[code]),
            )
        )
    return tuple(found)


def set_beside(catalogue: Catalogue) -> tuple[Beside, ...]:
    """Return, for each neighbouring framework, how far the crossings reach both ways."""
    found = []
    for neighbour in catalogue.neighbours:
        crossings = [
            (control.id, crossing)
            for control in catalogue.controls
            for crossing in control.maps_to
            if crossing.framework == neighbour.id
        ]
        relations: dict[str, int] = defaultdict(int)
        for _, crossing in crossings:
            relations[crossing.relation] += 1
        found.append(
            Beside(
                framework=neighbour.id,
                ours=len({ours for ours, _ in crossings}),
                of_ours=len(catalogue.controls),
                theirs=tuple(sorted({crossing.id for _, crossing in crossings})),
                size=neighbour.size,
                relations=dict(sorted(relations.items())),
            )
        )
    return tuple(found)
