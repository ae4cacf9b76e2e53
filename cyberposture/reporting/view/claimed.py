"""What is claimed beside what the network shows, over many institutions: the matrix of both."""

from collections import Counter
from dataclasses import dataclass

from cyberposture.reporting.charts import Matrix, matrix_of
from cyberposture.reporting.plain import Text
from cyberposture.reporting.view.groups import Nation
from cyberposture.scoring.claims import SHOWS, Shows

LEVELS = (3, 2, 1, 0)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Controls by the level claimed and by what the network shows; nothing, for the public.

    A cell of a few institutions could be solved for from those around it, however it is rounded.
    """

    says: tuple[Text, ...]
    matrix: Matrix | None


def claimed_of(n: Nation) -> Claimed:
    """Return the matrix of what is claimed and what the network shows."""
    if n.is_guarded:
        return Claimed((n.words.say("claimed.guarded"),), None)
    count: Counter[tuple[int, Shows]] = Counter()
    for row in n.answered:
        count.update(row.claims)
    whole = sum(count.values())
    if not whole:
        return Claimed((n.words.say("claimed.none"),), None)
    high = {shows: sum(count[level, shows] for level in (2, 3)) for shows in SHOWS}
    rows = [
        (str(level), n.words.say(f"level.{level}"), [count[level, shows] for shows in SHOWS])
        for level in LEVELS
    ]
    heads = [n.words.say(f"claimed.{shows}") for shows in SHOWS]
    says = n.words.say(
        "claimed.sentence",
        n=sum(high.values()), out=high["bears-out"], against=high["contradicts"],
        open=high["open"],
    )  # fmt: skip
    return Claimed((says,), matrix_of(heads, rows, n.words.say("claimed.description", n=whole)))
