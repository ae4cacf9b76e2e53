"""Since when the public is told the same of a round, and how many results are others since.

The log of corrections for the public: it tells that results changed, in whole groups of them; never
whose, how, or on which day. The figures themselves stay as they were told first.
"""

from dataclasses import dataclass
from datetime import datetime

from cyberposture.model.reports import SMALLEST_PUBLIC_GROUP
from cyberposture.reporting.plain import Text
from cyberposture.reporting.words import Words
from cyberposture.scoring.statistics import changes_for_public


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the public figures of a round stand on, and what came after."""

    at: datetime
    asked: int
    """Of how many institutions they tell."""
    changed: int = 0
    """At how many of them another score stands now, or the first one: `told` is what is told."""
    named: int = 0
    """How many of them were ever named in public: anybody can take off what is known of them."""

    @property
    def smallest(self) -> int:
        """The smallest group of which anything is told; it is the same in every report and file."""
        return SMALLEST_PUBLIC_GROUP + self.named

    @property
    def told(self) -> int | None:
        """At how many at least the result changed since; None: that is not told."""
        return changes_for_public(self.changed, self.asked, self.smallest)


def corrections_of(words: Words, fixed: Fixed) -> Text:
    """Return how many results changed since the figures were fixed, as far as that is told."""
    if fixed.told is None:
        return words.say("corrected.untold", n=fixed.smallest)
    return words.say("corrected.since", n=fixed.told)
