"""How the same institutions moved from round to round: declared beside verified."""

from collections.abc import Iterable
from dataclasses import dataclass

from cyberposture.reporting.charts import Panel, panel_of
from cyberposture.reporting.plain import Text, clean, given
from cyberposture.reporting.sector_inputs import PastRound
from cyberposture.reporting.view.frame import shown
from cyberposture.reporting.view.groups import Nation
from cyberposture.scoring.statistics import median

CODE = 16
"""How many signs of a round's code stand under its marks."""


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One round in figures: medians over the panel, and over all who were assessed then."""

    title: Text
    declared: str | None
    claims: str | None
    all_claims: str | None
    assessed: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The panel: who was assessed in each of these rounds."""

    says: Text
    chart: Panel
    rows: tuple[RoundRow, ...]


def moved_of(n: Nation, past: Iterable[PastRound]) -> Moved | None:
    """Return how the panel moved; None without an earlier round, or without anybody in all of them.

    An earlier round that has nobody of the present one would empty the panel, and is left out.
    """
    now = {
        row.code: (whole.declared, whole.claims_verified)
        for row in n.everybody.assessed
        if row.baseline is not None and (whole := row.baseline.institution)
    }
    title = n.inputs.round_title or n.inputs.round_code
    rounds = [one for one in past if one.stood.keys() & now.keys()]
    rounds.append(PastRound(n.inputs.round_code, title, now))
    panel = set(now)
    for one in rounds:
        panel &= one.stood.keys()
    if len(rounds) < 2 or len(panel) < n.lens.smallest_group:
        return None
    points = [_medians(one, panel) for one in rounds]
    chart = panel_of(
        n.inputs.parameters,
        [
            (clean(one.code, CODE), declared, claims)
            for one, (declared, claims) in zip(rounds, points, strict=True)
        ],
        str(n.words.say("panel.description", n=len(panel), rounds=len(rounds))),
    )
    if chart is None:
        return None
    rows = [
        RoundRow(
            title=given(one.title or one.code),
            declared=shown(declared),
            claims=shown(claims),
            all_claims=shown(_medians(one, set(one.stood))[1]),
            assessed=str(len(one.stood)),
        )
        for one, (declared, claims) in zip(rounds, points, strict=True)
    ]
    return Moved(n.words.say("panel.intro", n=len(panel)), chart, tuple(rows))


def since_last(n: Nation) -> Moved | None:
    """Return how those moved who were assessed in the last round too; nothing for the public.

    What the public may be told of a panel stands in the first page's sentence.
    """
    title = n.inputs.previous_title
    if n.is_guarded or title is None:
        return None
    stood = {
        row.code: (whole.declared, whole.claims_verified)
        for row in n.inputs.rows
        if row.previous_baseline is not None
        and (whole := row.previous_baseline.institution).band is not None
    }
    return moved_of(n, (PastRound(title, title, stood),))


def _medians(one: PastRound, panel: set[str]) -> tuple[int | None, int | None]:
    stood = [one.stood[code] for code in panel]
    return (
        median([declared for declared, _ in stood if declared is not None]),
        median([claims for _, claims in stood if claims is not None]),
    )
