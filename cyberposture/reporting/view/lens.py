"""What one audience may see: the one place that says no, before any template is asked."""

from dataclasses import dataclass

from cyberposture.errors import WrongUsage
from cyberposture.model.reports import Audience, ReportDefinition, Sight
from cyberposture.reporting.plain import SHORT, Text, given
from cyberposture.reporting.words import Words


@dataclass(frozen=True, slots=True)
class Lens:
    """The eyes of one audience of one report."""

    audience: Audience
    marking: str
    """Its TLP marking."""
    sees: frozenset[Sight]
    smallest_group: int

    def shows(self, sight: Sight) -> bool:
        """Return whether this kind of thing may be seen."""
        return sight in self.sees

    def show(self, sight: Sight, text: str, limit: int = SHORT) -> Text | None:
        """Return text from outside for a page, or None where it is empty or not to be seen."""
        return given(text, limit) if text and sight in self.sees else None

    def count(self, words: Words, part: int, whole: int) -> Text:
        """Return how many of a group it is, without giving away a group that is too small.

        Neither the part nor what it leaves of the whole may be smaller than the smallest group,
        for whoever knows the one knows the other.
        """
        if not self.hides(part, whole):
            return words.say("count.exact", n=part)
        if part < self.smallest_group:
            return words.say("count.few", n=self.smallest_group)
        least = max(self.smallest_group, whole - self.smallest_group + 1)
        return words.say("count.nearly-all", least=least, whole=whole)

    def hides(self, part: int, *wholes: int) -> bool:
        """Return whether a number may not be told exactly, as a part of groups of these sizes."""
        few = self.smallest_group
        if few <= 1 or part == 0:
            return False
        return part < few or any(whole - part < few for whole in wholes)


def lens_for(definition: ReportDefinition, audience: Audience) -> Lens:
    """Return what this audience may see of this report.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    if audience not in definition.audiences:
        allowed = ", ".join(definition.audiences)
        raise WrongUsage(
            f"the report {definition.id} is not made for {audience}", advice=f"made for: {allowed}"
        )
    limits = definition.redaction[audience]
    return Lens(
        audience=audience,
        marking=definition.audiences[audience],
        sees=frozenset(limits.sees),
        smallest_group=limits.smallest_group,
    )
