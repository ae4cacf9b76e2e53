"""What is claimed beside what the network shows: how many claims of each level stand how."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal, get_args

from cyberposture.model.scores import ScoreDocument, ScoreParameters
from cyberposture.scoring.points import passed_enough
from cyberposture.scoring.reconcile import Case, cases

Shows = Literal["contradicts", "open", "bears-out"]
"""A check that decides or contradicts failed; none failed and not enough was seen; or enough passed
and none failed."""
SHOWS: tuple[Shows, ...] = get_args(Shows)
Claims = Mapping[tuple[int, Shows], int]
"""Controls by the level that is claimed and by what the network shows of it."""


def claims_seen(document: ScoreDocument) -> Claims:
    """Return how many controls stand at each level, by what the network shows.

    Left out: controls that do not apply or are unanswered, those that only the network decides, and
    those of which no check could contradict the claim.
    """
    found: Counter[tuple[int, Shows]] = Counter()
    for case in cases(document):
        if case.is_applicable and not case.is_network_only and case.level is not None:
            shows = _shows(document.parameters, case)
            if shows is not None:
                found[case.level, shows] += 1
    return found


def _shows(parameters: ScoreParameters, case: Case) -> Shows | None:
    speaking = [row for row in case.rows if row.direction != "S"]
    if not speaking:
        return None
    if case.failed():
        return "contradicts"
    return "bears-out" if any(passed_enough(parameters, r) for r in speaking) else "open"
