"""When later figures of one round may take the place of those that the public was told before.

Whoever keeps both copies can subtract them. So a later state is told only where each figure differs
on account of nobody, or of so many that none of them can be told apart; else the earlier state is
told again. What moved is looked at under every figure that is told of a group, hidden ones too:
what is hidden and when is part of what is told.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from cyberposture.reporting.inputs import InstitutionRow, NationInputs
from cyberposture.reporting.view.groups import closed_gates, is_assessed, was_asked_less
from cyberposture.scoring.statistics import Standing
from cyberposture.scoring.systemic import Dependency

Cells = Mapping[str, Mapping[str, object]]
"""By figure: what each institution (by code) brings to it. Who brings nothing may be left out."""


def may_follow(
    earlier: Iterable[Cells], now: Cells, smallest: int, known: Collection[str] = ()
) -> bool:
    """Return whether a state may be told to whoever was told all of the earlier ones.

    Between it and each of them every figure must differ on account of nobody, or of at least
    `smallest` institutions beside those who are `known`, of whom anybody may know how they moved.
    """
    return all(
        not moved or len(moved.difference(known)) >= smallest
        for before in earlier
        for moved in moves(before, now).values()
    )


def moves(before: Cells, now: Cells) -> dict[str, set[str]]:
    """Return who brings something else to each figure than before."""
    found = {}
    for cell in before.keys() | now.keys():
        old, new = before.get(cell, {}), now.get(cell, {})
        found[cell] = {code for code in old.keys() | new.keys() if old.get(code) != new.get(code)}
    return found


def standing_cells(inputs: NationInputs, smallest: int) -> Cells:
    """Return what each institution brings to every figure that rests on scores and claims.

    Sectors in which fewer than `smallest` were asked are never told of alone, and stand together.
    """
    sizes = Counter(row.sector for row in inputs.rows)
    gates = {one.id for one in inputs.content.catalogue.controls if one.gate}
    gates.update(gate for row in inputs.rows for gate in closed_gates(row))
    bands = [*(name for name, _ in inputs.parameters.bands), None]
    before = {one.institution: one for one in inputs.previous or ()}
    cells: defaultdict[str, dict[str, object]] = defaultdict(dict)
    for row in inputs.rows:
        # Whether it answered is part of everything: it moves the whole of which a part is told.
        answered = row.result is not None
        group = row.sector if sizes[row.sector] >= smallest else ""
        closed = closed_gates(row)
        told = dict(_of_scores(row, group))
        told |= {f"gate {gate}": gate in closed for gate in gates}
        told |= {f"band {name}": answered and _band_of(row) == name for name in bands}
        told["moved"] = (_place(before.get(row.code)), told["verified"])
        for cell, value in told.items():
            cells[cell][row.code] = (answered, value)
    for code, one in before.items():
        cells["before"][code] = (one.has_answered, one.band, one.verified)
    return cells


def _place(one: Standing | None) -> int | None:
    return None if one is None else one.verified


def _band_of(row: InstitutionRow) -> str | None:
    return None if row.baseline is None else row.baseline.institution.band


def _of_scores(row: InstitutionRow, group: str) -> Iterator[tuple[str, object]]:
    """Yield what an institution brings to medians and counts, by figure."""
    base = row.baseline.institution if row.baseline is not None and is_assessed(row) else None
    own = row.result.institution if row.result is not None else None
    verified = None if base is None else base.verified
    yield "verified", verified
    yield "assessed", base is not None
    yield "gap", None if base is None else (base.declared, base.claims_verified)
    yield "coverage", None if base is None else base.coverage
    yield "seen", None if base is None else base.observation_coverage
    yield "contradictions", row.contradictions
    yield f"sector {group}", verified
    for domain in row.baseline.domains if row.baseline is not None and base is not None else ():
        yield f"sector {group} {domain.id}", domain.verified
    place = None if own is None or own.band is None else own.verified
    yield "asked less", (was_asked_less(row), place)
    yield f"tier {row.tier}", (was_asked_less(row), place)


def network_cells(
    failing: Mapping[str, Mapping[str, int]],
    dependencies: Iterable[Dependency],
    critical: Collection[str],
) -> Cells:
    """Return what each institution brings to every figure that rests on what the network shows.

    `failing` holds by institution at how many places each check fails; `critical` are checks.
    """
    cells: defaultdict[str, dict[str, object]] = defaultdict(dict)
    for code, checks in failing.items():
        for check, places in checks.items():
            cells[f"check {check}"][code] = places
            if check in critical:
                cells["critical"][code] = True
    for one in dependencies:
        cell = cells[f"{one.kind} {one.name.casefold()}"]
        known = cell.get(one.institution, frozenset())
        assert isinstance(known, frozenset)
        cell[one.institution] = known | {(one.known, bool(one.through))}
    return cells
